# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC
#
# For GNU make and BSD make alike: run ./configure first, which writes the
# files included here.  Targets: all, check, lint, demo, interop, install,
# uninstall, clean, distclean.  With SANITIZE=1 everything is built and run
# with AddressSanitizer and UndefinedBehaviorSanitizer, in build1/; V=1 shows
# the commands.

include config.mk

B =	build$(SANITIZE)
O =	$B/obj

all: config.mk
	@./configure --rules
	@$(MAKE) programs

# ---- What each program is made of ----------------------------------------

COMMON_OBJS = \
	$O/common/hex.o \
	$O/common/log.o \
	$O/common/log_render.o \
	$O/common/privdrop.o \
	$O/common/proc.o \
	$O/common/sandbox.o \
	$O/common/sandbox_tables.o \
	$O/common/u256.o \
	$O/compat/imsg-buffer.o \
	$O/compat/imsg.o \
	$O/keyd/keymsg.o \
	$O/keyd/keymsg_request.o \
	$O/keyd/keymsg_rule.o \
	$O/keyd/request.o

# The parent: configuration, files, sockets, children.
SIGNERD_OBJS = $(COMMON_OBJS) \
	$O/common/imsgev.o \
	$O/common/lexer.o \
	$O/common/lexer_file.o \
	$O/common/lexer_macro.o \
	$O/keyd/keyfile_error.o \
	$O/keyd/payload.o \
	$O/keyd/rule.o \
	$O/signerd/config.o \
	$O/signerd/config_amount.o \
	$O/signerd/config_print.o \
	$O/signerd/config_rule.o \
	$O/signerd/config_setting.o \
	$O/signerd/files.o \
	$O/signerd/frontmsg.o \
	$O/signerd/parent.o \
	$O/signerd/parse.o \
	$O/signerd/setup.o \
	$O/signerd/signerd.o

# The network process: TLS, HTTP, JSON-RPC.  No key, no file.
FRONTEND_OBJS = $(COMMON_OBJS) \
	$O/common/base64.o \
	$O/common/http.o \
	$O/common/http_response.o \
	$O/common/http_syntax.o \
	$O/common/imsgev.o \
	$O/common/json.o \
	$O/common/jsonrpc.o \
	$O/common/jsonscan.o \
	$O/common/tlsconn.o \
	$O/common/tlsctx.o \
	$O/common/tlsio.o \
	$O/common/tlspeer.o \
	$O/keyd/keccak.o \
	$O/signerd/args.o \
	$O/signerd/args_payload.o \
	$O/signerd/args_tx.o \
	$O/signerd/client.o \
	$O/signerd/frontend.o \
	$O/signerd/frontmsg.o \
	$O/signerd/keylink.o \
	$O/signerd/listener.o \
	$O/signerd/reqlog.o \
	$O/signerd/rpc.o \
	$O/signerd/tlscheck.o \
	$O/signerd/tlsfiles.o

# The key process: no TLS, HTTP, JSON or event loop is linked into it.
KEYD_OBJS = $(COMMON_OBJS) \
	$O/common/base64.o \
	$O/common/secret.o \
	$O/keyd/der.o \
	$O/keyd/eckey.o \
	$O/keyd/keccak.o \
	$O/keyd/keyd.o \
	$O/keyd/keyfile.o \
	$O/keyd/keyfile_error.o \
	$O/keyd/payload.o \
	$O/keyd/policy.o \
	$O/keyd/rlp.o \
	$O/keyd/rule.o \
	$O/keyd/serve.o \
	$O/keyd/setup.o \
	$O/keyd/sign.o \
	$O/keyd/tx.o

# Linked into each of them: nothing happens around the sandbox's closing.  In
# the programs of the sandbox tests, something does.
NOHOOK =	$O/common/sandbox_nohook.o
HOOK =		$O/regress/sandbox/hook.o

SIGNERD_LIBS =	$(LIBEVENT_LIBS) $(LIBSECCOMP_LIBS) $(LIBS)
FRONTEND_LIBS =	$(LIBTLS_LIBS) $(LIBCRYPTO_LIBS) $(LIBEVENT_LIBS) \
		$(LIBCJSON_LIBS) $(LIBSECCOMP_LIBS) $(LIBS)
KEYD_LIBS =	$(LIBSECP256K1_LIBS) $(LIBSECCOMP_LIBS) $(LIBS)

# What is installed.
MAN5 =		man/signerd.conf.5
MAN8 =		man/signerd.8 man/keyd.8
EXAMPLES =	etc/signerd.conf

# ---- How they are made ---------------------------------------------------

MACROS = -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
	-DSYSCONFDIR='"$(SYSCONFDIR)"' -DLIBEXECDIR='"$(LIBEXECDIR)"' \
	-DCHROOTDIR='"$(CHROOTDIR)"' -DEXAMPLEDIR='"$(EXAMPLEDIR)"' $(DEFINES)

# Variables that end in the value of V: with V=1 commands are shown.
Q_ =		@
Q =		$(Q_$(V))

# Variables that end in the value of SANITIZE: nothing, or 1.
FORTIFY_ =	$(FORTIFY)
SANFLAGS_1 =	-fsanitize=address,undefined -fno-sanitize-recover=all \
		-fno-omit-frame-pointer -DSIGNERD_SANITIZE
SANFLAGS =	$(SANFLAGS_$(SANITIZE))

COMPILE = $(CC) -std=c11 $(MACROS) -I. $(DEPS_CFLAGS) $(CPPFLAGS) \
	$(WARNINGS) $(HARDEN_CFLAGS) $(FORTIFY_$(SANITIZE)) $(CFLAGS) \
	$(SANFLAGS)
LINK =	$(CC) $(CFLAGS) $(SANFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS)

include rules.mk

programs: $B/signerd $B/libexec/frontend $B/libexec/keyd

$B/signerd: $(SIGNERD_OBJS) $(NOHOOK)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(SIGNERD_OBJS) $(NOHOOK) $(SIGNERD_LIBS)

$B/libexec/frontend: $(FRONTEND_OBJS) $(NOHOOK)
	@mkdir -p $(@D)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(FRONTEND_OBJS) $(NOHOOK) $(FRONTEND_LIBS)

$B/libexec/keyd: $(KEYD_OBJS) $(NOHOOK)
	@mkdir -p $(@D)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(KEYD_OBJS) $(NOHOOK) $(KEYD_LIBS)

$O/signerd/parse.c: signerd/parse.y
	@mkdir -p $(@D)
	@echo YACC signerd/parse.y
	$(Q)$(YACC) -o $@ signerd/parse.y

$O/signerd/parse.o: $O/signerd/parse.c $(HEADERS) config.mk
	@echo CC $O/signerd/parse.c
	$(Q)$(COMPILE) -c -o $@ $O/signerd/parse.c

config.mk: configure
	@test -n "$(PREFIX)" || { echo "run ./configure first" >&2; exit 1; }
	$(CONFIGURE)

rules.mk:
	./configure --rules

reconfigure:
	$(CONFIGURE)

# ---- Tests ---------------------------------------------------------------

test-programs: $(TESTS) $B/regress/signerd-hook $B/regress/frontend-hook \
	$B/regress/keyd-hook

$B/regress/signerd-hook: $(SIGNERD_OBJS) $(HOOK)
	@mkdir -p $(@D)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(SIGNERD_OBJS) $(HOOK) $(SIGNERD_LIBS)

$B/regress/frontend-hook: $(FRONTEND_OBJS) $(HOOK)
	@mkdir -p $(@D)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(FRONTEND_OBJS) $(HOOK) $(FRONTEND_LIBS)

$B/regress/keyd-hook: $(KEYD_OBJS) $(HOOK)
	@mkdir -p $(@D)
	@echo LINK $@
	$(Q)$(LINK) -o $@ $(KEYD_OBJS) $(HOOK) $(KEYD_LIBS)

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

lint: config.mk
	@CC="$(CC)" regress/lint

demo: all
	@SIGNERD_BUILD="$$(pwd)/$B" $(PYTHON) regress/demo/demo.py

interop: all
	@SIGNERD_BUILD="$$(pwd)/$B" regress/interop/run

# ---- Installation --------------------------------------------------------

EXAMPLEDIR =	$(PREFIX)/share/examples/signerd

install: programs
	install -d -m 0755 $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(LIBEXECDIR) \
	    $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8 \
	    $(DESTDIR)$(EXAMPLEDIR) $(DESTDIR)$(CHROOTDIR)
	install -m 0755 $B/signerd $(DESTDIR)$(PREFIX)/sbin
	install -m 0755 $B/libexec/keyd $B/libexec/frontend $(DESTDIR)$(LIBEXECDIR)
	install -m 0644 $(MAN5) $(DESTDIR)$(MANDIR)/man5
	install -m 0644 $(MAN8) $(DESTDIR)$(MANDIR)/man8
	install -m 0644 $(EXAMPLES) $(DESTDIR)$(EXAMPLEDIR)

# The configuration and the keys stay.
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/signerd
	rm -f $(DESTDIR)$(LIBEXECDIR)/keyd $(DESTDIR)$(LIBEXECDIR)/frontend
	rm -f $(DESTDIR)$(MANDIR)/man5/signerd.conf.5
	rm -f $(DESTDIR)$(MANDIR)/man8/signerd.8 $(DESTDIR)$(MANDIR)/man8/keyd.8
	rm -f $(DESTDIR)$(EXAMPLEDIR)/signerd.conf
	-rmdir $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(EXAMPLEDIR) \
	    $(DESTDIR)$(CHROOTDIR)

clean:
	rm -rf build build1

distclean: clean
	rm -f config.mk config.log rules.mk compile_flags.txt

.PHONY: all programs test-programs have-cmocka check lint demo interop \
	install uninstall clean distclean reconfigure
