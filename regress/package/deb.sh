#!/bin/sh
#
# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC
#
# regress/package/deb.sh [DIRECTORY]
#
# Makes the Debian packages from the tarball of make dist, and installs,
# configures, starts, upgrades, removes and purges them in a bare root of
# Debian 12, which debootstrap makes; the services are started by a systemd
# that systemd-nspawn boots, with all the hardening of their units.  Ends with
# the number of checks.  Wants root, the network, and the packages of
# ./bootstrap package-test.  DIRECTORY, where it is given, is kept: a second
# run begins with the root that the first one made.

# The functions are called by name, by check().
# shellcheck disable=SC2317

set -u
LC_ALL=C.UTF-8
DEBIAN_FRONTEND=noninteractive
export LC_ALL DEBIAN_FRONTEND
umask 022

here=$(cd "$(dirname "$0")/../.." && pwd)
suite=bookworm
mirror=${MIRROR:-http://deb.debian.org/debian}
passed=0
failed=0
skipped=0
container=

[ "$(id -u)" -eq 0 ] || { echo "package-test: wants root" >&2; exit 1; }
if [ $# -gt 0 ]; then
	mkdir -p "$1"
	work=$(cd "$1" && pwd)
else
	work=$(mktemp -d "${TMPDIR:-/tmp}/signerd-deb.XXXXXXXX") || exit 1
fi
root=$work/root
[ $# -gt 0 ] && keep=yes || keep=no

clean_up() {
	[ -z "$container" ] || kill -KILL "$container" 2>/dev/null
	mountpoint -q "$root/proc" && umount "$root/proc"
	[ "$keep" = yes ] || rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# ok NAME STATUS
ok() {
	if [ "$2" -eq 0 ]; then
		echo "ok: $1"
		passed=$((passed + 1))
	else
		echo "FAILED: $1"
		failed=$((failed + 1))
	fi
}

# check NAME COMMAND ...: it passes where the command does, which says why not.
check() {
	name=$1
	shift
	status=0
	"$@" >"$work/out" 2>&1 || status=1
	[ $status -eq 0 ] || cat "$work/out"
	ok "$name" $status
}

# The rest needs this one.
must() {
	before=$failed
	check "$@"
	[ $failed -eq $before ] || { summary; exit 1; }
}

summary() {
	echo "$passed passed, $failed failed$(
	    [ $skipped -eq 0 ] || echo ", $skipped skipped")"
}

inside() {
	chroot "$root" "$@"
}

apt() {
	inside apt-get -q -y --no-install-recommends "$@"
}

# ---- The packages --------------------------------------------------------

build() {
	rm -rf "$work/build" && mkdir "$work/build" &&
	    make -s -C "$here" dist &&
	    cp "$here"/build/dist/signerd-*.tar.gz "$work/build/" &&
	    cd "$work/build" && tar xzf signerd-*.tar.gz &&
	    cd signerd-*/ && [ ! -e .git ] &&
	    dpkg-buildpackage -us -uc -b
}

run_lintian() {
	lintian --allow-root --fail-on error,warning "$work"/build/*.changes
}

# deb PACKAGE
deb() {
	echo "$work/build/$1"_[0-9]*.deb
}

# The same, with a higher version and nothing else: what an upgrade is.
newer() {
	for p in signerd proxyd signerd-tools; do
		rm -rf "$work/newer"
		dpkg-deb -R "$(deb $p)" "$work/newer" &&
		    sed -i 's/^\(Version: .*\)/\1+1/' \
			"$work/newer/DEBIAN/control" &&
		    dpkg-deb --root-owner-group -b "$work/newer" \
			"$root/root/newer/$p.deb" || return 1
	done
}

# ---- The root -------------------------------------------------------------

bare_root() {
	[ -f "$work/bare.tar" ] || {
		rm -rf "$root"
		debootstrap --variant=minbase $suite "$root" "$mirror" &&
		    tar -C "$root" -cf "$work/bare.tar" . || return 1
	}
	rm -rf "$root" && mkdir "$root" && tar -C "$root" -xf "$work/bare.tar" &&
	    mount -t proc proc "$root/proc" &&
	    echo 127.0.0.1 localhost >"$root/etc/hosts" &&
	    mkdir -p "$root/root/debs" "$root/root/newer" &&
	    cp "$(deb signerd)" "$(deb proxyd)" "$(deb signerd-tools)" \
		"$root/root/debs/" && apt update
}

# And what the packages depend on, so that the rest is of their making.
dependencies() {
	# shellcheck disable=SC2046 # a list of words
	apt install systemd-sysv && inside apt-get -q -y \
	    --no-install-recommends satisfy "$(for p in signerd proxyd \
	    signerd-tools; do dpkg-deb -f "$(deb $p)" Depends; done |
	    paste -s -d ,)"
}

files() {
	(cd "$root" && find bin boot etc home lib media mnt opt root/[!dn]* run \
	    sbin srv tmp usr var ! -path 'var/lib/dpkg/*' \
	    ! -path 'var/cache/*' ! -path 'var/log/*' ! -path 'var/lib/apt/*' \
	    ! -path 'var/lib/systemd/*' ! -path 'run/*' ! -path 'tmp/*' \
	    ! -name 'passwd*' ! -name 'group*' ! -name 'shadow*' \
	    ! -name 'gshadow*' ! -name 'subuid*' ! -name 'subgid*' \
	    ! -name .pwd.lock 2>/dev/null | sort)
}

install_all() {
	inside sh -c 'dpkg -i /root/debs/*.deb'
}

# Nothing of it is started, nor fails, without a configuration.
set_up() {
	for u in _signerd _keyd _proxyd; do
		inside getent passwd $u || return 1
	done
	for d in signerd proxyd; do
		[ "$(inside systemctl is-enabled $d)" = enabled ] || return 1
	done
	[ "$(stat -c %a "$root/etc/signerd/keys")" = 700 ] &&
	    [ ! -e "$root/etc/signerd/signerd.conf" ] &&
	    [ ! -e "$root/etc/proxyd.conf" ]
}

# Each finds its libraries; what is not a daemon says how to use it.
programs_run() {
	for f in "$root"/usr/libexec/signerd/* "$root"/usr/sbin/signerd \
	    "$root"/usr/sbin/proxyd; do
		inside ldd "${f#"$root"}" >"$work/ldd" || return 1
		! grep 'not found' "$work/ldd" || return 1
	done
	for f in $(dpkg-deb -c "$(deb signerd-tools)" |
	    sed -n 's,.* \.\(/usr/s*bin/.\),\1,p'); do
		inside "$f" -? </dev/null
		[ $? -lt 126 ] || return 1
	done
}

# ---- Keys and certificates to throw away ----------------------------------

certificate() {
	openssl req -config "$work/ca.cnf" -x509 -days 30 -nodes -newkey ec \
	    -pkeyopt ec_paramgen_curve:P-256 "$@"
}

files_of_the_example() {
	cat >"$work/ca.cnf" <<-'END'
	[req]
	distinguished_name = name
	[name]
	[ca]
	basicConstraints = critical, CA:true
	keyUsage = critical, keyCertSign, cRLSign
	[server]
	basicConstraints = critical, CA:false
	extendedKeyUsage = serverAuth
	subjectAltName = DNS:localhost
	[client]
	basicConstraints = critical, CA:false
	extendedKeyUsage = clientAuth
	subjectAltName = DNS:sequencer.example
	END
	cd "$work" || return 1
	certificate -extensions ca -subj /CN=ca -keyout ca.key \
	    -out ca.crt || return 1
	certificate -extensions server -subj /CN=localhost -CA ca.crt \
	    -CAkey ca.key -keyout tls.key -out tls.crt || return 1
	certificate -extensions client -subj /CN=client -CA ca.crt \
	    -CAkey ca.key -keyout client.key -out client.crt || return 1
	for k in sequencer batcher proposer; do
		openssl ecparam -name secp256k1 -genkey -noout |
		    (umask 077 && cat >"$root/etc/signerd/keys/$k.pem") ||
		    return 1
	done
	for d in signerd proxyd; do
		install -m 0644 ca.crt tls.crt "$root/etc/$d/tls" &&
		    install -m 0600 tls.key "$root/etc/$d/tls" || return 1
	done
	install -m 0644 ca.crt "$root/etc/proxyd/tls/signers.crt"
}

# accepts DAEMON
accepts() {
	said=$(inside "$1" -n -f "/usr/share/doc/$1/examples/$1.conf" 2>&1)
	status=$?
	echo "$said"
	[ $status -eq 0 ] && [ -z "$said" ]
}

# ---- systemd --------------------------------------------------------------

# On ports of the kernel's choice; the machine's network is the container's.
configure_services() {
	sed 's/port 8545/port 0/' \
	    "$root/usr/share/doc/signerd/examples/signerd.conf" \
	    >"$root/etc/signerd/signerd.conf" &&
	    sed 's/port 8545/port 0/; s/port 9989/port 0/' \
	    "$root/usr/share/doc/proxyd/examples/proxyd.conf" \
	    >"$root/etc/proxyd.conf" &&
	    cp "$here/regress/package/booted.sh" "$work/client.crt" \
		"$work/client.key" "$work/ca.crt" "$root/root/debs/" &&
	    cat >"$root/etc/systemd/system/booted.service" <<-'END'
	[Unit]
	After=signerd.service proxyd.service
	[Service]
	Type=oneshot
	TimeoutStartSec=240
	StandardOutput=file:/root/debs/booted.out
	StandardError=file:/root/debs/booted.out
	ExecStart=/bin/sh /root/debs/booted.sh
	ExecStopPost=/bin/systemctl --no-block exit
	[Install]
	WantedBy=multi-user.target
	END
	inside systemctl -q enable booted.service
}

# A container of this machine: keyd's locked memory is to be permitted.
boot() {
	umount "$root/proc"
	rm -f "$root/root/debs/booted.out"
	systemd-nspawn -q -D "$root" --register=no --keep-unit --boot \
	    --link-journal=no --capability=CAP_IPC_LOCK \
	    --system-call-filter=memfd_secret </dev/null \
	    >"$work/boot.log" 2>&1 &
	container=$!
	wait $container
	container=
	mount -t proc proc "$root/proc"
	grep -q '^end$' "$root/root/debs/booted.out" ||
	    { tail -20 "$work/boot.log"; cat "$root/root/debs/booted.out"; }
}

# Not in most containers.
can_boot() {
	umount "$root/proc"
	systemd-nspawn -q -D "$root" --register=no --keep-unit \
	    --link-journal=no --capability=CAP_IPC_LOCK \
	    --system-call-filter=memfd_secret \
	    /bin/true </dev/null >"$work/out" 2>&1
	status=$?
	mount -t proc proc "$root/proc"
	return $status
}

# What the container has found is counted here.
boot_checks() {
	if ! can_boot; then
		echo "skipped: the services: systemd-nspawn: $(
		    tail -n 1 "$work/out")"
		skipped=$((skipped + 1))
		return
	fi
	boot
	while IFS= read -r line; do
		case $line in
		"ok: "*)	ok "${line#ok: }" 0 ;;
		"FAILED: "*)	ok "${line#FAILED: }" 1 ;;
		end)		;;
		*)		echo "$line" ;;
		esac
	done <"$root/root/debs/booted.out"
	grep -q '^end$' "$root/root/debs/booted.out"
	ok "the container came to its end" $?
	rm -f "$root/etc/systemd/system/booted.service" \
	    "$root/etc/systemd/system/multi-user.target.wants/booted.service"
}

# ---- The end --------------------------------------------------------------

upgraded() {
	for p in signerd proxyd signerd-tools; do
		# shellcheck disable=SC2016 # a field
		case $(inside dpkg-query -W -f '${Version}' $p) in
		*+1)	;;
		*)	return 1 ;;
		esac
	done
	[ -f "$root/etc/signerd/signerd.conf" ] &&
	    [ -f "$root/etc/signerd/keys/sequencer.pem" ] && accepts signerd
}

operators_files() {
	[ -f "$root/etc/signerd/signerd.conf" ] &&
	    [ -f "$root/etc/signerd/keys/sequencer.pem" ] &&
	    [ -f "$root/etc/proxyd.conf" ] &&
	    [ ! -e "$root/usr/sbin/signerd" ] &&
	    [ ! -e "$root/usr/libexec/signerd" ]
}

purge() {
	inside dpkg --purge signerd proxyd signerd-tools
}

# As before, but for what the operator has put there.
nothing_else_left() {
	files >"$work/after"
	diff "$work/before" "$work/after" | grep '^[<>]' |
	    grep -v -E '^> etc/(signerd(/(keys|tls)(/.*)?|/signerd.conf)?|proxyd(/tls(/.*)?)?|proxyd.conf)$' \
	    >"$work/left"
	[ ! -s "$work/left" ] || { cat "$work/left"; return 1; }
}

# Directories of the packages go, where there is nothing in them.
purge_of_nothing() {
	rm -rf "$root/etc/signerd" "$root/etc/proxyd" "$root/etc/proxyd.conf"
	install_all && purge || return 1
	files >"$work/after"
	diff "$work/before" "$work/after"
}

must "the tarball makes packages, without git" build
check "lintian has no error or warning" run_lintian
must "a bare root" bare_root
check "apt has what they depend on" inside sh -c \
    'apt-get -q -y --no-install-recommends --simulate install /root/debs/*.deb'
must "dependencies" dependencies
files >"$work/before"
must "install" install_all
check "users, directories, services that wait" set_up
check "programs run" programs_run
must "keys and certificates" files_of_the_example
check "signerd -n accepts the example" accepts signerd
check "proxyd -n accepts the example" accepts proxyd
must "services are configured" configure_services
boot_checks
check "a newer version" newer
check "upgrade" inside sh -c 'dpkg -i /root/newer/*.deb'
check "it is the newer one, configured as before" upgraded
check "remove" inside dpkg --remove signerd proxyd signerd-tools
check "the operator's files are there, the programs not" operators_files
check "purge" purge
check "nothing else is left" nothing_else_left
check "of a package never configured nothing is left" purge_of_nothing
summary
[ $failed -eq 0 ]
