# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC
#
# docker build --target signerd -t signerd .
# docker build --target proxyd -t proxyd .
# docker run --read-only --cap-drop ALL --security-opt no-new-privileges \
#     -v /etc/signerd:/etc/signerd:ro -p 8545:8545 signerd
#
# Nothing is in these images but the programs and their libraries.  They run
# without root, as user and group 65532, write to no file, and log to standard
# error; secrets have to be of root and readable by that group, or of that user
# (signerd.conf(5)).  What does not fit a container's default seccomp filter,
# memfd_secret(2), has a second best.

FROM debian:bookworm-slim AS build
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y \
    --no-install-recommends gcc libc6-dev make pkg-config byacc libevent-dev \
    libtls-dev libssl-dev libcjson-dev libsecp256k1-dev libseccomp-dev \
    libwslay-dev
COPY . /src
RUN /src/packaging/docker/rootfs /rootfs

FROM scratch AS proxyd
COPY --from=build /rootfs /
USER 65532:65532
EXPOSE 8545 9989
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/sbin/proxyd", "-d"]

FROM scratch AS signerd
COPY --from=build /rootfs /
USER 65532:65532
EXPOSE 8545
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/sbin/signerd", "-d"]
