# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC
#
# For GNU make and BSD make alike: run ./configure first, which writes the
# files included here.  Targets: all, install, uninstall, clean, distclean;
# demo, check, lint, bench; and at length fuzz, model, faults, soak, coverage,
# interop.
# With SANITIZE=1 everything is built and run with AddressSanitizer and
# UndefinedBehaviorSanitizer, in build1/; V=1 shows the commands.

include config.mk

B =	build$(SANITIZE)
O =	$B/obj

all: config.mk
	@./configure --rules
	@$(MAKE) programs

include programs.mk

# ---- How they are made ---------------------------------------------------

MACROS = -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
	-DSYSCONFDIR='"$(SYSCONFDIR)"' -DLIBEXECDIR='"$(LIBEXECDIR)"' \
	-DCHROOTDIR='"$(CHROOTDIR)"' \
	-DPROXYD_CHROOTDIR='"$(PROXYD_CHROOTDIR)"' \
	-DEXAMPLEDIR='"$(EXAMPLEDIR)"' -DRUNDIR='"$(RUNDIR)"' $(DEFINES)

# Variables that end in the value of V: with V=1 commands are shown.
Q_ =		@
Q =		$(Q_$(V))

# Variables that end in the value of SANITIZE: nothing, or 1.
FORTIFY_ =	$(FORTIFY)
SANFLAGS_1 =	-fsanitize=address,undefined -fno-sanitize-recover=all \
		-fno-omit-frame-pointer -DSIGNERD_SANITIZE
# And that of make fuzz, -fuzz, in build-fuzz.
SANFLAGS_-fuzz = $(SANFLAGS_1) -fsanitize=fuzzer-no-link
SANFLAGS =	$(SANFLAGS_$(SANITIZE))

COMPILE = $(CC) -std=c11 $(MACROS) -I. $(DEPS_CFLAGS) $(CPPFLAGS) \
	$(WARNINGS) $(HARDEN_CFLAGS) $(FORTIFY_$(SANITIZE)) $(CFLAGS) \
	$(SANFLAGS)
LINK =	$(CC) $(CFLAGS) $(SANFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS)

include rules.mk

programs: $(DAEMONS) $(HELPERS) $(ADMIN) $(TOOLS)

$B/signerd: $(SIGNERD_OBJS) $(NOHOOK)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(SIGNERD_OBJS) $(NOHOOK) $(SIGNERD_LIBS)

$B/proxyd: $(PROXYD_OBJS) $(NOHOOK)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(PROXYD_OBJS) $(NOHOOK) $(PROXYD_LIBS)

$B/opsign: $(OPSIGN_OBJS)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(OPSIGN_OBJS) $(OPSIGN_LIBS)

$B/libexec/link: $(LINK_OBJS) $(NOHOOK)
	@mkdir -p $(@D)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(LINK_OBJS) $(NOHOOK) $(LINK_LIBS)

$B/libexec/relay: $(RELAY_OBJS) $(NOHOOK)
	@mkdir -p $(@D)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(RELAY_OBJS) $(NOHOOK) $(RELAY_LIBS)

$B/libexec/frontend: $(FRONTEND_OBJS) $(NOHOOK)
	@mkdir -p $(@D)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(FRONTEND_OBJS) $(NOHOOK) $(FRONTEND_LIBS)

$B/libexec/dialer: $(DIALER_OBJS) $(NOHOOK)
	@mkdir -p $(@D)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(DIALER_OBJS) $(NOHOOK) $(DIALER_LIBS)

$B/libexec/keyd: $(KEYD_OBJS) $(NOHOOK)
	@mkdir -p $(@D)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(KEYD_OBJS) $(NOHOOK) $(KEYD_LIBS)

$B/libexec/audit: $(AUDIT_OBJS) $(NOHOOK)
	@mkdir -p $(@D)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(AUDIT_OBJS) $(NOHOOK) $(AUDIT_LIBS)

$B/signerctl: $(SIGNERCTL_OBJS) $(NOHOOK)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(SIGNERCTL_OBJS) $(NOHOOK) $(SIGNERCTL_LIBS)

$O/signerd/parse.c: signerd/parse.y
	@mkdir -p $(@D)
	@echo YACC signerd/parse.y
	$(Q)$(YACC) -o $@ signerd/parse.y

$O/signerd/parse.o: $O/signerd/parse.c $(HEADERS) config.mk
	@echo CC $O/signerd/parse.c
	$(Q)$(COMPILE) -c -o $@ $O/signerd/parse.c

$O/proxyd/parse.c: proxyd/parse.y
	@mkdir -p $(@D)
	@echo YACC proxyd/parse.y
	$(Q)$(YACC) -o $@ proxyd/parse.y

$O/proxyd/parse.o: $O/proxyd/parse.c $(HEADERS) config.mk
	@echo CC $O/proxyd/parse.c
	$(Q)$(COMPILE) -c -o $@ $O/proxyd/parse.c

config.mk: configure
	@test -n "$(PREFIX)" || { echo "run ./configure first" >&2; exit 1; }
	$(CONFIGURE)

rules.mk:
	./configure --rules

reconfigure:
	$(CONFIGURE)

# ---- Tests ---------------------------------------------------------------

test-programs: $(TESTS) $(BENCHES)

have-cmocka:
	@test -n "$(LIBCMOCKA_LIBS)" || { echo "make check needs cmocka:" \
	    "install it and run ./configure again, or ./bootstrap check" >&2; \
	    exit 1; }

# T="unit daemon/test_x.py" runs these alone.
check: config.mk have-cmocka
	@rm -f $B/check.counts
	@./configure --rules
	@$(MAKE) programs test-programs
	@SIGNERD_BUILD="$$(pwd)/$B" SIGNERD_SANITIZE="$(SANITIZE)" \
	    $(PYTHON) regress/run $(T)

# keyd against a taken frontend: TIME seconds, 60 where it is not given, of that
# SEED where one is.
MODELARGS = --time $${TIME:-60} $${SEED:+--seed "$$SEED"}

model: all
	@SIGNERD_BUILD="$$(pwd)/$B" SIGNERD_SANITIZE="$(SANITIZE)" \
	    TIME="$(TIME)" SEED="$(SEED)" sh -c \
	    '$(PYTHON) regress/model/model.py $(MODELARGS)'

# Which lines the tests run: regress/coverage says how they are counted.  T as
# for check.  The counters are a mapped file: a process has opened it before
# main and does nothing at its end, so it may be in a sandbox and be killed.
CLANG =		clang
COVERED =	build-cov
COVER_FLAGS =	-DSIGNERD_COVERAGE -fcoverage-mapping -fprofile-update=atomic \
		-Wno-unused-command-line-argument \
		-mllvm -runtime-counter-relocation

coverage: config.mk have-cmocka
	@./configure --rules
	@$(MAKE) B=$(COVERED) CC="$(CLANG)" CFLAGS="-O1 -g" HARDEN_CFLAGS= \
	    HARDEN_LDFLAGS= FORTIFY= SANFLAGS="$(COVER_FLAGS) \
	    -fprofile-instr-generate=$$(pwd)/$(COVERED)/profile/%m%c.profraw" \
	    programs test-programs
	@SIGNERD_BUILD="$$(pwd)/$(COVERED)" SIGNERD_COVERAGE=1 \
	    $(PYTHON) regress/coverage $(T)

# TIME seconds each, 60 where it is not given; T="http json" runs these alone.
fuzz: config.mk
	@test -n "$(FUZZ_CC)" || { echo "make fuzz needs a clang with" \
	    "libFuzzer: install it and run ./configure again, or" \
	    "./bootstrap fuzz" >&2; exit 1; }
	@./configure --rules
	@programs=; for t in $(T); do programs="$$programs build-fuzz/$$t"; \
	    done; \
	    $(MAKE) SANITIZE=-fuzz CC="$(FUZZ_CC)" CFLAGS="-O1 -g" \
	    HARDEN_CFLAGS= HARDEN_LDFLAGS= $${programs:-fuzz-programs}
	@TIME="$(TIME)"; $(PYTHON) regress/fuzz/run -t $${TIME:-60} $(T)

fuzz-programs: $(FUZZERS)

# Every call of every process failing in turn; make check has a selection.
faults: config.mk have-cmocka
	@./configure --rules
	@$(MAKE) programs test-programs
	@SIGNERD_BUILD="$$(pwd)/$B" SIGNERD_SANITIZE="$(SANITIZE)" \
	    SIGNERD_FAULTS=all $(PYTHON) regress/run faults

lint: config.mk
	@CC="$(CC)" regress/lint

demo: all
	@SIGNERD_BUILD="$$(pwd)/$B" $(PYTHON) regress/demo/demo.py

# Ten minutes; TIME=60 makes it one, in which every part is shorter.
soak: all
	@SIGNERD_BUILD="$$(pwd)/$B" SIGNERD_SANITIZE="$(SANITIZE)" \
	    $(PYTHON) regress/soak/soak.py $(TIME)

# Five minutes, or TIME seconds.  BASE=FILE: beside the results of an earlier
# run; CHECK=1: whether the targets are met; JSON=FILE: where the results go;
# ONLY=handshakes (memory, failover): nothing else.
BENCHARGS = --json "$${JSON:-$B/bench/results.json}" $${TIME:+--time "$$TIME"} \
	$${BASE:+--base "$$BASE"} $${CHECK:+--check} $${ONLY:+--only "$$ONLY"}

bench: all
	@./configure --rules
	@$(MAKE) bench-programs
	@SIGNERD_BUILD="$$(pwd)/$B" SIGNERD_SANITIZE="$(SANITIZE)" \
	    TIME="$(TIME)" BASE="$(BASE)" CHECK="$(CHECK)" JSON="$(JSON)" ONLY="$(ONLY)" \
	    sh -c '$(PYTHON) bench/bench.py $(BENCHARGS)'

bench-programs: $(BENCHES)

interop: all
	@SIGNERD_BUILD="$$(pwd)/$B" regress/interop/run

# A tarball, the same bytes for the same tree, and a port for OpenBSD.
dist: all
	@rm -rf build/dist
	@$(MAKE) install-files DESTDIR="$$(pwd)/build/dist/root" >/dev/null
	@packaging/dist $(VERSION) build/dist "build/dist/root$(PREFIX)"
	@rm -rf build/dist/root

# The packages for Debian in a bare root of it, and the image of the Dockerfile;
# wants root and the network.
package-test: config.mk
	@regress/package/image.sh
	@regress/package/deb.sh

# ---- Installation --------------------------------------------------------

EXAMPLEDIR =	$(PREFIX)/share/examples/signerd

# Texts with the places of this installation in them.
PLACES =	sed -e 's,@sbindir@,$(PREFIX)/sbin,g' \
		-e 's,@sysconfdir@,$(SYSCONFDIR),g' \
		-e 's,@chrootdir@,$(CHROOTDIR),g' \
		-e 's,@proxydchrootdir@,$(PROXYD_CHROOTDIR),g'
# And manual pages and examples, which have the default ones.
PAGES =		sed -e 's,/usr/local/share/examples/signerd,$(EXAMPLEDIR),g' \
		-e 's,/usr/local/libexec/signerd,$(LIBEXECDIR),g' \
		-e 's,/usr/local/lib/systemd/system,$(UNITDIR),g' \
		-e 's,/usr/local/sbin,$(PREFIX)/sbin,g' \
		-e 's,/var/empty/signerd,$(CHROOTDIR),g' \
		-e 's,/var/empty/proxyd,$(PROXYD_CHROOTDIR),g' \
		-e 's,/etc/signerd,$(SYSCONFDIR)/signerd,g' \
		-e 's,/etc/proxyd,$(SYSCONFDIR)/proxyd,g'
PUT_PAGE =	put() { $(PAGES) "$$1" >$$2/$${1\#\#*/} && \
		    chmod 0644 $$2/$${1\#\#*/}; }

install: install-files install-$(SERVICE)

install-files: programs
	install -d -m 0755 $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin \
	    $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(MANDIR)/man1 \
	    $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8 \
	    $(DESTDIR)$(EXAMPLEDIR) $(DESTDIR)$(CHROOTDIR) \
	    $(DESTDIR)$(PROXYD_CHROOTDIR)
	install -m 0755 $(TOOLS) $(DESTDIR)$(PREFIX)/bin
	install -m 0755 $(DAEMONS) $(ADMIN) $(DESTDIR)$(PREFIX)/sbin
	install -m 0755 $(HELPERS) $(DESTDIR)$(LIBEXECDIR)
	$(PUT_PAGE); for f in $(MAN1); do \
	    put $$f $(DESTDIR)$(MANDIR)/man1 || exit 1; done
	$(PUT_PAGE); for f in $(MAN5); do \
	    put $$f $(DESTDIR)$(MANDIR)/man5 || exit 1; done
	$(PUT_PAGE); for f in $(MAN8); do \
	    put $$f $(DESTDIR)$(MANDIR)/man8 || exit 1; done
	$(PUT_PAGE); for f in $(EXAMPLES); do \
	    put $$f $(DESTDIR)$(EXAMPLEDIR) || exit 1; done
	for d in etc/examples/*; do \
	    to=$(DESTDIR)$(EXAMPLEDIR)/$${d##*/}; \
	    install -d -m 0755 $$to && \
	    install -m 0644 $$d/*.conf $$to || exit 1; done

# For what starts and watches daemons: systemd, and the rc(8)s.
LIBDIR =	$(PREFIX)/lib

install-systemd:
	install -d -m 0755 $(DESTDIR)$(UNITDIR) $(DESTDIR)$(LIBDIR)/sysusers.d \
	    $(DESTDIR)$(LIBDIR)/tmpfiles.d
	for d in signerd proxyd; do \
	    $(PLACES) etc/systemd/$$d.service \
		>$(DESTDIR)$(UNITDIR)/$$d.service && \
	    $(PLACES) etc/systemd/$$d.service.d/rootless.conf \
		>$(DESTDIR)$(EXAMPLEDIR)/$$d-rootless.conf && \
	    $(PLACES) etc/systemd/sysusers.d/$$d.conf \
		>$(DESTDIR)$(LIBDIR)/sysusers.d/$$d.conf && \
	    $(PLACES) etc/systemd/tmpfiles.d/$$d.conf \
		>$(DESTDIR)$(LIBDIR)/tmpfiles.d/$$d.conf && \
	    chmod 0644 $(DESTDIR)$(UNITDIR)/$$d.service \
		$(DESTDIR)$(EXAMPLEDIR)/$$d-rootless.conf \
		$(DESTDIR)$(LIBDIR)/sysusers.d/$$d.conf \
		$(DESTDIR)$(LIBDIR)/tmpfiles.d/$$d.conf || exit 1; done

install-openbsd install-freebsd:
	install -d -m 0755 $(DESTDIR)$(RCDIR)
	for d in signerd proxyd; do \
	    $(PLACES) etc/rc.d/$(SERVICE)/$$d >$(DESTDIR)$(RCDIR)/$$d && \
	    chmod 0555 $(DESTDIR)$(RCDIR)/$$d || exit 1; done

install-none:

# The configuration and the keys stay.
uninstall:
	for d in signerd proxyd; do \
	    rm -f $(DESTDIR)$(UNITDIR)/$$d.service \
		$(DESTDIR)$(LIBDIR)/sysusers.d/$$d.conf \
		$(DESTDIR)$(LIBDIR)/tmpfiles.d/$$d.conf \
		$(DESTDIR)$(EXAMPLEDIR)/$$d-rootless.conf; \
	    [ -z "$(RCDIR)" ] || rm -f $(DESTDIR)$(RCDIR)/$$d || exit 1; done
	for f in $(TOOLS); do \
	    rm -f $(DESTDIR)$(PREFIX)/bin/$${f##*/}; done
	for f in $(DAEMONS) $(ADMIN); do \
	    rm -f $(DESTDIR)$(PREFIX)/sbin/$${f##*/}; done
	for f in $(HELPERS); do \
	    rm -f $(DESTDIR)$(LIBEXECDIR)/$${f##*/}; done
	for f in $(MAN1); do \
	    rm -f $(DESTDIR)$(MANDIR)/man1/$${f##*/}; done
	for f in $(MAN5); do \
	    rm -f $(DESTDIR)$(MANDIR)/man5/$${f##*/}; done
	for f in $(MAN8); do \
	    rm -f $(DESTDIR)$(MANDIR)/man8/$${f##*/}; done
	for f in $(EXAMPLES); do \
	    rm -f $(DESTDIR)$(EXAMPLEDIR)/$${f##*/}; done
	for f in etc/examples/*/*.conf; do \
	    rm -f $(DESTDIR)$(EXAMPLEDIR)/$${f#etc/examples/}; done
	-for d in etc/examples/*; do \
	    rmdir $(DESTDIR)$(EXAMPLEDIR)/$${d##*/}; done
	-rmdir $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(EXAMPLEDIR) \
	    $(DESTDIR)$(CHROOTDIR) $(DESTDIR)$(PROXYD_CHROOTDIR)

clean:
	rm -rf build build1 build-cov build-fuzz

distclean: clean
	rm -f config.mk config.log rules.mk compile_flags.txt

.PHONY: all programs reconfigure install uninstall clean distclean
.PHONY: install-files install-systemd install-openbsd install-freebsd
.PHONY: install-none
.PHONY: demo check test-programs have-cmocka lint bench bench-programs
.PHONY: dist package-test
.PHONY: coverage faults fuzz fuzz-programs interop model soak
