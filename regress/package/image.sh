#!/bin/sh
#
# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC
#
# What the Dockerfile does, without Docker: the root of the image is made from
# the tarball of make dist, and signerd runs in it as the image says, with the
# configuration of etc/kubernetes.  Ends with the number of checks.  Wants root.

# The functions are called by name, by check().
# shellcheck disable=SC2317

set -u
LC_ALL=C.UTF-8
export LC_ALL
umask 022

here=$(cd "$(dirname "$0")/../.." && pwd)
passed=0
failed=0
daemon=

[ "$(id -u)" -eq 0 ] || { echo "package-test: wants root" >&2; exit 1; }
work=$(mktemp -d "${TMPDIR:-/tmp}/signerd-image.XXXXXXXX") || exit 1
root=$work/rootfs
chmod 755 "$work"

clean_up() {
	[ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null
	for m in dev/null .; do
		! mountpoint -q "$work/mnt/$m" || umount "$work/mnt/$m"
	done
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

check() {
	name=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		echo "ok: $name"
		passed=$((passed + 1))
	else
		cat "$work/out"
		echo "FAILED: $name"
		failed=$((failed + 1))
	fi
}

build() {
	make -s -C "$here" dist && mkdir "$work/src" &&
	    tar -C "$work/src" --strip-components=1 -xzf \
		"$here"/build/dist/signerd-*.tar.gz &&
	    "$work/src/packaging/docker/rootfs" "$root"
}

# Programs of ours and libraries; no file of another kind, no link.
nothing_else() {
	find "$root" ! -type d | sed "s,^$root,," | grep -v -E \
	    '^/(usr/sbin/[a-z]+|usr/bin/[a-z]+|usr/libexec/signerd/[a-z]+|etc/passwd|etc/group|(usr/)?lib(64)?/.*\.so[.0-9]*)$' \
	    >"$work/other"
	[ ! -s "$work/other" ] || { cat "$work/other"; return 1; }
	! find "$root" -name sh -o -name bash -o -name dash -o -name busybox |
	    grep .
}

# The container: nothing to be written, no capability, a user of its own.
contained() {
	setpriv --no-new-privs \
	    --bounding-set=-all,+sys_chroot,+setuid,+setgid --inh-caps=-all \
	    chroot --userspec=65532:65532 --groups= "$work/mnt" "$@"
}

enter() {
	mkdir "$work/mnt" && : >"$root/dev/null" &&
	    mount --bind "$root" "$work/mnt" &&
	    mount -o remount,bind,ro "$work/mnt" &&
	    mount --bind /dev/null "$work/mnt/dev/null"
}

certificate() {
	openssl req -config "$work/ca.cnf" -x509 -days 30 -nodes -newkey ec \
	    -pkeyopt ec_paramgen_curve:P-256 "$@"
}

# As an fsGroup leaves them.
mounted() {
	printf '%s\n' '[req]' 'distinguished_name = name' '[name]' '[ca]' \
	    'basicConstraints = critical, CA:true' \
	    'keyUsage = critical, keyCertSign, cRLSign' '[server]' \
	    'basicConstraints = critical, CA:false' \
	    'extendedKeyUsage = serverAuth' 'subjectAltName = DNS:localhost' \
	    '[client]' 'basicConstraints = critical, CA:false' \
	    'extendedKeyUsage = clientAuth' \
	    'subjectAltName = DNS:sequencer.example' >"$work/ca.cnf"
	cd "$work" &&
	    certificate -extensions ca -subj /CN=ca -keyout ca.key \
		-out ca.crt &&
	    certificate -extensions server -subj /CN=localhost -CA ca.crt \
		-CAkey ca.key -keyout tls.key -out tls.crt &&
	    certificate -extensions client -subj /CN=client -CA ca.crt \
		-CAkey ca.key -keyout client.key -out client.crt &&
	    openssl ecparam -name secp256k1 -genkey -noout \
		-out sequencer.pem &&
	    install -d "$root/run/secrets/tls" "$root/run/secrets/keys" &&
	    install -g 65532 -m 0440 ca.crt tls.crt tls.key \
		"$root/run/secrets/tls" &&
	    install -g 65532 -m 0440 sequencer.pem "$root/run/secrets/keys" &&
	    awk '/^  signerd.conf: \|$/ { on = 1; next } /^---$/ { exit }
		on { sub(/^    /, ""); print }' \
		"$here/etc/kubernetes/signerd.yaml" |
	    sed 's/ port [0-9]*/ port 0/' >"$root/etc/signerd/signerd.conf"
}

# The first line that says so, of a daemon that runs.
await() {
	timeout 30 tail -n +1 -f "$work/log" | grep -m 1 "$1" || return 1
}

starts() {
	# Of a chroot that becomes the daemon.
	setpriv --no-new-privs \
	    --bounding-set=-all,+sys_chroot,+setuid,+setgid --inh-caps=-all \
	    chroot --userspec=65532:65532 --groups= "$work/mnt" \
	    /usr/sbin/signerd -d 2>"$work/log" &
	daemon=$!
	await '"msg":"ready"'
}

signs() {
	port=$(sed -n 's/.*"msg":"listening".*"port":\([0-9]*\).*/\1/p' \
	    "$work/log" | head -n 1)
	curl -sf --cacert "$work/ca.crt" --cert "$work/client.crt" \
	    --key "$work/client.key" -H 'Content-Type: application/json' \
	    "https://localhost:$port/" -d '{ "jsonrpc": "2.0", "id": 1,
	    "method": "opsigner_signBlockPayloadV2", "params": [ {
	    "chainId": "10", "payloadHash":
"0x1111111111111111111111111111111111111111111111111111111111111111" } ] }' |
	    grep '"result":"0x'
}

stops() {
	kill -TERM "$daemon" && wait "$daemon"
	status=$?
	daemon=
	return $status
}

check "the root of the image, from the tarball" build
check "nothing is in it but programs and libraries; no shell" nothing_else
check "secrets as Kubernetes mounts them" mounted
check "the root is read-only" enter
check "proxyd finds its libraries" sh -c \
    "chroot '$work/mnt' /usr/sbin/proxyd -? 2>&1 | grep usage"
check "signerd -n accepts the configuration of etc/kubernetes" \
    contained /usr/sbin/signerd -n
check "signerd starts" starts
check "it signs" signs
check "it stops" stops
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
