# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The manifest for Kubernetes and the Dockerfile, as far as they can be read:
image.sh has what runs."""

import pathlib
import re
import shlex
import subprocess

import pytest
import yaml

from lib import daemon

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MANIFEST = ROOT / "etc" / "kubernetes" / "signerd.yaml"

# What the API has of it, of all that is used there: a member, and what it is.
PROBE = {"httpGet": {"path": str, "port": str}, "periodSeconds": int,
         "timeoutSeconds": int, "failureThreshold": int}
META = {"name": str, "labels": {"*": str}, "annotations": {"*": str}}
CONTAINER = {
    "name": str, "image": str, "args": [str],
    "securityContext": {
        "allowPrivilegeEscalation": bool, "privileged": bool,
        "readOnlyRootFilesystem": bool, "capabilities": {"drop": [str]}},
    "ports": [{"name": str, "containerPort": int}],
    "readinessProbe": PROBE, "livenessProbe": PROBE,
    "resources": {"requests": {"cpu": str, "memory": str},
                  "limits": {"cpu": str, "memory": str}},
    "volumeMounts": [{"name": str, "mountPath": str, "readOnly": bool}]}
POD = {
    "automountServiceAccountToken": bool, "enableServiceLinks": bool,
    "terminationGracePeriodSeconds": int,
    "securityContext": {
        "runAsNonRoot": bool, "runAsUser": int, "runAsGroup": int,
        "fsGroup": int, "seccompProfile": {"type": str}},
    "containers": [CONTAINER],
    "volumes": [{"name": str, "configMap": {"name": str},
                 "secret": {"secretName": str, "defaultMode": int}}]}
KINDS = {
    ("v1", "ConfigMap"): {"metadata": META, "data": {"*": str}},
    ("apps/v1", "Deployment"): {"metadata": META, "spec": {
        "replicas": int, "selector": {"matchLabels": {"*": str}},
        "template": {"metadata": META, "spec": POD}}},
    ("v1", "Service"): {"metadata": META, "spec": {
        "selector": {"*": str},
        "ports": [{"name": str, "port": int, "targetPort": str}]}},
}


def fits(value, form, path=""):
    if isinstance(form, dict):
        assert isinstance(value, dict), path
        for name, each in value.items():
            below = form.get(name, form.get("*"))
            assert below is not None, "%s.%s" % (path, name)
            fits(each, below, "%s.%s" % (path, name))
    elif isinstance(form, list):
        assert isinstance(value, list) and value, path
        for each in value:
            fits(each, form[0], path + "[]")
    else:
        assert type(value) is form, (path, value)   # true is no number


@pytest.fixture(scope="module")
def manifest():
    with open(MANIFEST, encoding="utf-8") as f:
        made = {each["kind"]: each for each in yaml.safe_load_all(f)}
    assert len(made) == len(KINDS)
    return made


@pytest.fixture(scope="module")
def pod(manifest):
    return manifest["Deployment"]["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def container(pod):
    only, = pod["containers"]
    return only


def version():
    done = subprocess.run([daemon.BUILD + "/signerctl", "version"],
                          capture_output=True, text=True, check=True)
    return re.search(r"\d+\.\d+\.\d+", done.stdout).group(0)


def test_members_are_those_of_the_api(manifest):
    for each in manifest.values():
        form = KINDS[each["apiVersion"], each["kind"]]
        fits(each, dict(form, apiVersion=str, kind=str))


def test_what_is_named_is_there(manifest, pod, container):
    spec = manifest["Deployment"]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    for selector in (spec["selector"]["matchLabels"],
                     manifest["Service"]["spec"]["selector"]):
        assert selector and selector.items() <= labels.items()
    ports = {each["name"]: each["containerPort"]
             for each in container["ports"]}
    for each in manifest["Service"]["spec"]["ports"]:
        assert each["targetPort"] in ports
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["port"] in ports
    notes = spec["template"]["metadata"]["annotations"]
    assert notes["prometheus.io/port"] == str(ports["metrics"])
    assert {each["name"] for each in container["volumeMounts"]} == \
        {each["name"] for each in pod["volumes"]}
    maps = [each["configMap"]["name"] for each in pod["volumes"]
            if "configMap" in each]
    assert maps == [manifest["ConfigMap"]["metadata"]["name"]]
    assert container["image"].endswith(":" + version())


def test_the_configuration_is_of_that_pod(manifest, container):
    """Its ports are those that are named, its files below what is mounted."""
    (name, text), = manifest["ConfigMap"]["data"].items()
    mounts = [each["mountPath"] for each in container["volumeMounts"]]
    path = container["args"][container["args"].index("-f") + 1]
    assert path in ["%s/%s" % (each, name) for each in mounts]
    ports = {each["name"]: each["containerPort"]
             for each in container["ports"]}
    assert "listen on 0.0.0.0 port %d\n" % ports["rpc"] in text
    assert "metrics on 0.0.0.0 port %d\n" % ports["metrics"] in text
    place = re.search(r'^dir = "(.*)"$', text, re.M).group(1)
    files = re.findall(r"\$dir(/\S+)", text)
    assert len(files) == 4
    for each in files:
        assert (place + each).rsplit("/", 1)[0] in mounts


def test_restricted(pod, container):
    """The pod security standard of that name, and a root that is read-only."""
    security = pod["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] != 0
    assert security["fsGroup"] == security["runAsGroup"]
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    own = container["securityContext"]
    assert own["allowPrivilegeEscalation"] is False
    assert own["readOnlyRootFilesystem"] is True
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert all(each["readOnly"] for each in container["volumeMounts"])
    assert all(each["secret"]["defaultMode"] == 0o400
               for each in pod["volumes"] if "secret" in each)
    # As the Dockerfile and the image's passwd have it.
    user = "%d:%d" % (security["runAsUser"], security["runAsGroup"])
    assert "USER %s\n" % user in (ROOT / "Dockerfile").read_text()
    assert ":x:%s:" % user in (ROOT / "packaging" / "docker" /
                               "rootfs").read_text()


# ---- Dockerfile -------------------------------------------------------------


def instructions():
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    return [tuple(line.split(None, 1)) for line in text.splitlines()
            if line and not line.startswith("#")]


def test_dockerfile():
    """Two images of what the first stage builds, with what bootstrap says
    that building needs."""
    stages = []
    for word, rest in instructions():
        if word == "FROM":
            stages.append((rest, []))
        else:
            stages[-1][1].append((word, rest))
    (build, steps), *images = stages
    assert build == "debian:bookworm-slim AS build"
    install = next(rest for word, rest in steps
                   if word == "RUN" and "apt-get" in rest)
    words = shlex.split(install.partition(" install ")[2])
    assert {each for each in words if not each.startswith("-")} == \
        packages()
    assert steps[-1] == ("RUN", "/src/packaging/docker/rootfs /rootfs")
    assert sorted(name for name, _ in images) == [
        "scratch AS proxyd", "scratch AS signerd"]
    for name, own in images:
        own = dict(own)
        assert own["COPY"] == "--from=build /rootfs /"
        assert own["ENTRYPOINT"] == '["/usr/sbin/%s", "-d"]' % \
            name.rpartition(" ")[2]
        assert own["USER"] == "65532:65532"


def packages():
    """Of bootstrap, to build with on Debian."""
    said = re.search(r"^\tapt-get/build\)\n\t\techo (.*?) ;;",
                     (ROOT / "bootstrap").read_text(), re.M | re.S).group(1)
    return set(said.replace("\\\n", " ").split())
