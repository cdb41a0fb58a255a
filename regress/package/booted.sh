#!/bin/sh
#
# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC
#
# Run by the systemd of a container, as deb.sh has set it up: whether the units
# do what they are to do.  Lines "ok: NAME" or "FAILED: NAME", and then "end".

# The functions are called by name, by check().
# shellcheck disable=SC2317

set -u
out=/root/debs/out

check() {
	name=$1
	shift
	if "$@" >"$out" 2>&1; then
		echo "ok: $name"
	else
		cat "$out"
		echo "FAILED: $name"
		journalctl -b -n 40 --no-pager -u signerd -u proxyd
	fi
}

property() {
	systemctl show -p "$2" --value "$1"
}

running() {
	[ "$(property "$1" ActiveState)" = active ] &&
	    [ "$(property "$1" StatusText)" = ready ] &&
	    [ "$(property "$1" NRestarts)" = 0 ]
}

# child NAME [PARENT]: by the word that its command line begins with.
child() {
	for p in /proc/[0-9]*; do
		case $(tr '\0' ' ' <"$p/cmdline" 2>/dev/null) in
		"$1 "*)	! grep "^PPid:.${2:-[0-9]*}\$" "$p/status" >/dev/null ||
			{ echo "${p#/proc/}"; return 0; } ;;
		esac
	done
	return 1
}

# user_of CHILD USER
user_of() {
	p=$(child "$1") || return 1
	u=$(id -u "$2")
	grep "^Uid:.$u.$u.$u.$u\$" "/proc/$p/status"
}

users() {
	user_of keyd _keyd && user_of frontend _signerd &&
	    user_of relay _proxyd
}

# Two filters: the unit's and the daemon's own.
filters() {
	for c in keyd frontend relay; do
		n=$(sed -n 's/^Seccomp_filters:.//p' "/proc/$(child $c)/status")
		[ "$n" -gt "$(sed -n 's/^Seccomp_filters:.//p' \
		    /proc/self/status)" ] &&
		    grep -q '^CapEff:.0*$' "/proc/$(child $c)/status" &&
		    grep -q '^NoNewPrivs:.1$' "/proc/$(child $c)/status" ||
		    return 1
	done
	for s in signerd proxyd; do
		grep -q '^CapEff:.0*420$' \
		    "/proc/$(property $s MainPID)/status" || return 1
	done
}

secret_memory() {
	cp /etc/signerd/signerd.conf /root/debs/saved.conf
	echo 'log { level debug }' >>/etc/signerd/signerd.conf
	systemctl restart signerd || return 1
	cp /root/debs/saved.conf /etc/signerd/signerd.conf
	journalctl -b --no-pager -u signerd |
	    grep -E 'keys are kept in (memfd_secret|mlock) memory' &&
	    systemctl restart signerd
}

# The operator's tool finds them, and so does their group.
control() {
	command -v signerctl || return 0
	signerctl show status && signerctl -p show status &&
	    [ "$(stat -c %G:%a /run/signerd.sock)" = _signerd:660 ] &&
	    [ "$(stat -c %G:%a /run/proxyd.sock)" = _proxyd:660 ]
}

# What its rules allow, and nothing else.
signs() {
	command -v opsign || return 0
	port=$(journalctl -b -o cat --no-pager -u signerd |
	    sed -n 's/.*msg=listening.* port=\([0-9]*\).*/\1/p' | tail -n 1)
	set -- --endpoint "https://localhost:$port" \
	    --tls.ca /root/debs/ca.crt --tls.cert /root/debs/client.crt \
	    --tls.key /root/debs/client.key --payload-hash \
	    0x1111111111111111111111111111111111111111111111111111111111111111
	opsign payload "$@" --chain 10 && ! opsign payload "$@" --chain 11
}

reload() {
	systemctl reload signerd && systemctl reload proxyd &&
	    await signerd StatusText "configuration 2 in force" &&
	    await proxyd StatusText "configuration 2 in force"
}

# await UNIT PROPERTY VALUE: what is told by a message comes when it comes.
await() {
	n=0
	until [ "$(property "$1" "$2")" = "$3" ]; do
		n=$((n + 1))
		[ $n -lt 600 ] || return 1
		# Of a process that waits for nobody.
		timeout 0.1 tail -f /dev/null
	done
	return 0
}

# It fails, and says so; what runs goes on.
bad_reload() {
	pid=$(property signerd MainPID)
	echo 'clint' >>/etc/signerd/signerd.conf
	! systemctl reload signerd || return 1
	cp /root/debs/saved.conf /etc/signerd/signerd.conf
	[ "$(property signerd ActiveState)" = active ] &&
	    [ "$(property signerd MainPID)" = "$pid" ] &&
	    journalctl -b --no-pager -u signerd |
	    grep 'signerd.conf:.*"clint"'
}

# A child that dies ends the daemon, which is started again.
crash() {
	systemctl restart signerd || return 1
	pid=$(property signerd MainPID)
	kill -KILL "$(child keyd)"
	await signerd NRestarts 1 && await signerd ActiveState active &&
	    [ "$(property signerd MainPID)" != "$pid" ] &&
	    journalctl -b --no-pager -u signerd |
	    grep 'msg="child died" child=keyd' && systemctl restart signerd
}

stops() {
	systemctl stop signerd && [ "$(property signerd Result)" = success ] &&
	    ! child keyd && systemctl start signerd && running signerd
}

# dropin UNIT TEXT
dropin() {
	mkdir -p "/run/systemd/system/$1.service.d" &&
	    printf '%s\n' "$2" >"/run/systemd/system/$1.service.d/test.conf" &&
	    systemctl daemon-reload
}

# A child that hangs is noticed, and the daemon is started again.
watchdog() {
	dropin signerd "[Service]
WatchdogSec=2s" && systemctl restart signerd || return 1
	pid=$(property signerd MainPID)
	kill -STOP "$(child "$1")"
	await signerd NRestarts 1 && await signerd ActiveState active &&
	    [ "$(property signerd MainPID)" != "$pid" ] &&
	    journalctl -b --no-pager -u signerd |
	    grep "child does not answer.*child=$1" &&
	    journalctl -b --no-pager -u signerd | grep 'Watchdog timeout' &&
	    systemctl restart signerd
}

# The manager's own restart does not part them.
reexec() {
	systemctl daemon-reexec && systemctl reload signerd &&
	    await signerd StatusText "configuration 2 in force"
}

# The journal, started again, has what is said afterwards.
journal() {
	said=$(journalctl -b --no-pager -u signerd | grep -c msg=reloaded)
	systemctl restart systemd-journald && systemctl reload signerd &&
	    await_journal $((said + 1)) msg=reloaded -u signerd
}

# await_journal COUNT TEXT OPTION ...: so many records that have it.
await_journal() {
	wanted=$1
	text=$2
	shift 2
	n=0
	until [ "$(journalctl -b --no-pager "$@" | grep -c "$text")" -ge \
	    "$wanted" ]; do
		n=$((n + 1))
		[ $n -lt 300 ] || return 1
		timeout 0.1 tail -f /dev/null
	done
	return 0
}

# levels OPTION LEVEL ...: the PRIORITY of each record that matches is that of
# its level, and nothing is left before it.  There is at least one of each of
# these levels.
levels() {
	journalctl -b -o json --no-pager "$1" | awk '
	BEGIN {
		of["error"] = 3; of["warn"] = 4; of["info"] = 6; of["debug"] = 7
	}
	/"MESSAGE":"[^"]*level=/ {
		level = priority = $0
		sub(/.*"MESSAGE":"[^"]*level=/, "", level)
		sub(/[^a-z].*/, "", level)
		sub(/.*"PRIORITY":"/, "", priority)
		sub(/".*/, "", priority)
		if (of[level] "" != priority || !/"MESSAGE":"time=/)
			print "not as it should be: " $0
		else
			seen[level]++
	}
	END {
		for (level in of)
			print level, seen[level] + 0
	}' >/root/debs/levels
	cat /root/debs/levels
	! grep -q '^not ' /root/debs/levels || return 1
	shift
	for l; do
		! grep -q "^$l 0\$" /root/debs/levels || return 1
	done
}

# Without -d it logs to syslog(3), also when that has been started again.
syslog() {
	sed '/^control/d' /root/debs/saved.conf >/root/debs/syslog.conf &&
	    echo 'control off' >>/root/debs/syslog.conf &&
	    signerd -f /root/debs/syslog.conf || return 1
	set -- SYSLOG_IDENTIFIER=signerd _TRANSPORT=syslog
	await_journal 1 msg=ready "$@" || return 1
	pid=$(journalctl -b -o json --no-pager -n 1 "$@" |
	    sed -n 's/.*"_PID":"\([0-9]*\)".*/\1/p')
	systemctl restart systemd-journald
	echo 'clint' >>/root/debs/syslog.conf
	kill -HUP "$pid"
	await_journal 1 'syslog.conf:.*clint' "$@" || return 1
	# Both of these are said: that keyd is gone, and why it ends.
	kill -KILL "$(child keyd "$pid")"
	await_journal 1 'level=error.*child died' "$@" || return 1
	[ "$(journalctl -b -o json --no-pager "$@" |
	    grep -c -v '"SYSLOG_FACILITY":"3"')" = 0 ] &&
	    levels _TRANSPORT=syslog info error
}

# A trail in the directory that the unit makes for it.
audit() {
	cp /root/debs/saved.conf /etc/signerd/signerd.conf
	echo 'audit file "/var/log/signerd/audit.log"' \
	    >>/etc/signerd/signerd.conf
	systemctl restart signerd && running signerd &&
	    systemctl reload signerd &&
	    await signerd StatusText "configuration 2 in force" &&
	    ls -ld /var/log/signerd /var/log/signerd/audit.log || return 1
	! command -v signerctl ||
	    signerctl audit verify /var/log/signerd/audit.log || return 1
	cp /root/debs/saved.conf /etc/signerd/signerd.conf
	systemctl restart signerd && rm /var/log/signerd/audit.log
}

# What users and directories there are to be, they make.
made_anew() {
	systemctl stop signerd proxyd
	userdel _keyd && userdel _proxyd && rmdir /usr/lib/signerd/empty/* &&
	    ! id _keyd && systemd-sysusers && systemd-tmpfiles --create &&
	    id _keyd && id _proxyd && for d in signerd proxyd; do
		[ "$(stat -c %U:%G:%a "/usr/lib/signerd/empty/$d")" = \
		    root:root:755 ] || return 1
	done && [ "$(stat -c %U:%a /etc/signerd/keys)" = root:700 ] &&
	    systemctl start signerd proxyd && running signerd &&
	    running proxyd && users
}

# As the drop-in says: for its user, from files that its group may read.
rootless() {
	for s in signerd proxyd; do
		rm -rf "/run/systemd/system/$s.service.d"
		mkdir -p "/run/systemd/system/$s.service.d"
		cp "/usr/share/doc/$s/examples/$s-rootless.conf" \
		    "/run/systemd/system/$s.service.d/" || return 1
	done
	systemctl daemon-reload
	chgrp _signerd /etc/signerd/tls/tls.key /etc/signerd/keys \
	    /etc/signerd/keys/*
	chgrp _proxyd /etc/proxyd/tls/tls.key
	chmod 640 /etc/signerd/tls/tls.key /etc/signerd/keys/* \
	    /etc/proxyd/tls/tls.key
	chmod 750 /etc/signerd/keys
	systemctl restart signerd proxyd && running signerd &&
	    running proxyd && for c in keyd frontend; do
		user_of $c _signerd || return 1
	done && user_of relay _proxyd &&
	    systemctl reload signerd &&
	    await signerd StatusText "configuration 2 in force"
}

# Keys that systemd hands over; in the place where they were they are gone.
credentials() {
	mkdir -m 700 /root/keys && mv /etc/signerd/keys/* /root/keys/ &&
	    chown root:root /root/keys/* && chmod 600 /root/keys/* || return 1
	# shellcheck disable=SC2016 # a macro of the configuration
	sed 's,\$dir/keys,/run/credentials/signerd.service,' \
	    /root/debs/saved.conf >/etc/signerd/signerd.conf
	dropin signerd "[Service]
LoadCredential=sequencer.pem:/root/keys/sequencer.pem
LoadCredential=batcher.pem:/root/keys/batcher.pem
LoadCredential=proposer.pem:/root/keys/proposer.pem
ExecReload=
ExecReload=/bin/sh -c 'kill -HUP \$MAINPID'"
	systemctl restart signerd && running signerd &&
	    systemctl reload signerd &&
	    await signerd StatusText "configuration 2 in force"
	status=$?
	mv /root/keys/* /etc/signerd/keys/
	rmdir /root/keys
	cp /root/debs/saved.conf /etc/signerd/signerd.conf
	return $status
}

check "signerd.service is started and ready" running signerd
check "proxyd.service is started and ready" running proxyd
check "each process has its user" users
check "each process has its filters and no more rights than it is to have" \
    filters
check "keyd has its secret memory" secret_memory
check "signerctl speaks to both" control
check "it signs" signs
check "systemctl reload" reload
check "systemctl reload of a bad configuration" bad_reload
check "users and directories are made anew" made_anew
check "systemctl stop and start" stops
check "keyd dies" crash
check "watchdog: keyd hangs" watchdog keyd
check "watchdog: the frontend hangs" watchdog frontend
check "systemctl daemon-reexec" reexec
check "the journal is started again" journal
check "an audit trail in /var/log/signerd" audit
check "syslog" syslog
check "levels in the journal" levels _SYSTEMD_UNIT=signerd.service error \
    warn info debug
check "without root" rootless
check "an audit trail without root" audit
check "keys as credentials" credentials
# As it was.
chgrp root /etc/*/tls/tls.key /etc/signerd/keys /etc/signerd/keys/*
chmod 600 /etc/*/tls/tls.key /etc/signerd/keys/*
chmod 700 /etc/signerd/keys
for s in signerd proxyd; do
	check "$s.service ends well" systemctl stop $s
done
echo end
