# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC
#
# Part of the Makefile: what each program is made of, and what is installed.

# What every process begins with.
BASE_OBJS = \
	$O/common/hex.o \
	$O/common/histogram.o \
	$O/common/log.o \
	$O/common/log_render.o \
	$O/common/metrics.o \
	$O/common/metrics_table.o \
	$O/common/msgfield.o \
	$O/common/privdrop.o \
	$O/common/proc.o \
	$O/common/sandbox.o \
	$O/common/sandbox_tables.o \
	$O/compat/imsg-buffer.o \
	$O/compat/imsg.o

# And what speaks to keyd, or of its rules.
COMMON_OBJS = $(BASE_OBJS) \
	$O/common/u256.o \
	$O/keyd/keymsg.o \
	$O/keyd/keymsg_check.o \
	$O/keyd/keymsg_request.o \
	$O/keyd/keymsg_rule.o \
	$O/keyd/request.o

# What the parents of both daemons are made of.
PARENT_OBJS = \
	$O/common/children.o \
	$O/common/control.o \
	$O/common/control_reload.o \
	$O/common/control_rows.o \
	$O/common/control_socket.o \
	$O/common/ctlmsg.o \
	$O/common/daemon.o \
	$O/common/faults.o \
	$O/common/gather.o \
	$O/common/imsgev.o \
	$O/common/list.o \
	$O/common/loop.o \
	$O/common/metrics_set.o \
	$O/common/notify.o \
	$O/common/reload.o \
	$O/common/resident.o \
	$O/common/secret.o \
	$O/common/trusted.o \
	$O/common/watch.o \
	$O/common/watch_list.o \
	$O/common/watchdog.o \
	$O/keyd/keccak.o

# What reads a configuration.
CONF_OBJS = \
	$O/common/conf.o \
	$O/common/conf_amount.o \
	$O/common/conf_file.o \
	$O/common/conf_print.o \
	$O/common/conf_rule.o \
	$O/common/conf_setting.o \
	$O/common/conf_words.o \
	$O/common/lexer.o \
	$O/common/lexer_file.o \
	$O/common/lexer_macro.o \
	$O/common/report.o \
	$O/keyd/payload.o \
	$O/keyd/rule.o

# The parent: configuration, files, sockets, children.
SIGNERD_OBJS = $(COMMON_OBJS) $(CONF_OBJS) $(PARENT_OBJS) \
	$O/common/url.o \
	$O/keyd/auditmsg.o \
	$O/keyd/keyfile_error.o \
	$O/signerd/audit_file.o \
	$O/signerd/config.o \
	$O/signerd/config_audit.o \
	$O/signerd/config_print.o \
	$O/signerd/config_proxy.o \
	$O/signerd/config_rule.o \
	$O/signerd/config_setting.o \
	$O/signerd/config_started.o \
	$O/signerd/dialmsg.o \
	$O/signerd/files.o \
	$O/signerd/frontmsg.o \
	$O/signerd/linkmsg.o \
	$O/signerd/parent.o \
	$O/signerd/parent_control.o \
	$O/signerd/parent_metrics.o \
	$O/signerd/parent_reload.o \
	$O/signerd/parent_watch.o \
	$O/signerd/parse.o \
	$O/signerd/setup.o \
	$O/signerd/setup_audit.o \
	$O/signerd/setup_dialer.o \
	$O/signerd/setup_link.o \
	$O/signerd/signerd.o

# The parent of the other daemon.
PROXYD_OBJS = $(COMMON_OBJS) $(CONF_OBJS) $(PARENT_OBJS) \
	$O/proxyd/config.o \
	$O/proxyd/config_listen.o \
	$O/proxyd/config_print.o \
	$O/proxyd/config_rule.o \
	$O/proxyd/config_setting.o \
	$O/proxyd/config_signer.o \
	$O/proxyd/config_use.o \
	$O/proxyd/parent.o \
	$O/proxyd/parent_control.o \
	$O/proxyd/parent_metrics.o \
	$O/proxyd/parse.o \
	$O/proxyd/proxyd.o \
	$O/proxyd/relaymsg.o \
	$O/proxyd/relaymsg_check.o \
	$O/proxyd/relaymsg_rule.o \
	$O/proxyd/reload.o \
	$O/proxyd/renew.o \
	$O/proxyd/setup.o

# What speaks to a network: TLS, HTTP, JSON, websockets.
NETWORK_OBJS = \
	$O/common/base64.o \
	$O/common/child.o \
	$O/common/handshake.o \
	$O/common/heap.o \
	$O/common/http.o \
	$O/common/http_response.o \
	$O/common/http_syntax.o \
	$O/common/httpanswer.o \
	$O/common/httpconn.o \
	$O/common/httpcount.o \
	$O/common/httpserver.o \
	$O/common/imsgev.o \
	$O/common/json.o \
	$O/common/jsonrpc.o \
	$O/common/jsonscan.o \
	$O/common/list.o \
	$O/common/loop.o \
	$O/common/metrics_render.o \
	$O/common/metrics_set.o \
	$O/common/rpcserver.o \
	$O/common/statusconn.o \
	$O/common/statusserver.o \
	$O/common/tlscheck.o \
	$O/common/tlsconn.o \
	$O/common/tlsctx.o \
	$O/common/tlsexpiry.o \
	$O/common/tlsfiles.o \
	$O/common/tlsidle.o \
	$O/common/tlsio.o \
	$O/common/tlspeer.o \
	$O/common/tlstrust.o \
	$O/common/turn.o
WEBSOCKET_OBJS = \
	$O/common/websocket.o \
	$O/common/wslink.o \
	$O/common/wsupgrade.o

# The methods that both daemons have, and their arguments, typed.
API_OBJS = \
	$O/api/args.o \
	$O/api/args_payload.o \
	$O/api/args_tx.o \
	$O/api/method.o \
	$O/keyd/keccak.o

# The network process: TLS, HTTP, JSON-RPC.  No key, no file.
FRONTEND_OBJS = $(COMMON_OBJS) $(NETWORK_OBJS) $(API_OBJS) \
	$O/signerd/direct.o \
	$O/signerd/front_metrics.o \
	$O/signerd/front_setup.o \
	$O/signerd/frontend.o \
	$O/signerd/frontmsg.o \
	$O/signerd/keylink.o \
	$O/signerd/keynames.o \
	$O/signerd/metadata.o \
	$O/signerd/ready.o \
	$O/signerd/reqcount.o \
	$O/signerd/reqlog.o \
	$O/signerd/rpc.o

# Resolves and connects.  No key, no file, no TLS.
DIALER_OBJS = $(BASE_OBJS) \
	$O/common/child.o \
	$O/common/heap.o \
	$O/common/imsgev.o \
	$O/common/loop.o \
	$O/signerd/dial_address.o \
	$O/signerd/dial_attempt.o \
	$O/signerd/dial_connect.o \
	$O/signerd/dial_files.o \
	$O/signerd/dial_link.o \
	$O/signerd/dial_parent.o \
	$O/signerd/dial_resolve.o \
	$O/signerd/dialer.o \
	$O/signerd/dialmsg.o

# The process of the links to proxies: the same in another role.
LINK_OBJS = $(COMMON_OBJS) $(NETWORK_OBJS) $(WEBSOCKET_OBJS) $(API_OBJS) \
	$O/signerd/advertise.o \
	$O/signerd/dialmsg.o \
	$O/signerd/frontmsg.o \
	$O/signerd/keylink.o \
	$O/signerd/keynames.o \
	$O/signerd/link.o \
	$O/signerd/link_commit.o \
	$O/signerd/link_metrics.o \
	$O/signerd/link_setup.o \
	$O/signerd/linkmsg.o \
	$O/signerd/metadata.o \
	$O/signerd/reqcount.o \
	$O/signerd/reqlog.o \
	$O/signerd/rpc.o \
	$O/signerd/uplink.o \
	$O/signerd/uplink_register.o

# The network process of the other daemon.
RELAY_OBJS = $(COMMON_OBJS) $(NETWORK_OBJS) $(WEBSOCKET_OBJS) $(API_OBJS) \
	$O/common/json_splice.o \
	$O/keyd/payload.o \
	$O/keyd/policy.o \
	$O/keyd/rlp.o \
	$O/keyd/rule.o \
	$O/keyd/tx.o \
	$O/proxyd/advert.o \
	$O/proxyd/call.o \
	$O/proxyd/candidate.o \
	$O/proxyd/client.o \
	$O/proxyd/count.o \
	$O/proxyd/holders.o \
	$O/proxyd/link.o \
	$O/proxyd/operator.o \
	$O/proxyd/reconcile.o \
	$O/proxyd/register.o \
	$O/proxyd/relay.o \
	$O/proxyd/relaymsg.o \
	$O/proxyd/relaymsg_check.o \
	$O/proxyd/relaymsg_rule.o \
	$O/proxyd/reqlog.o \
	$O/proxyd/route.o \
	$O/proxyd/route_decide.o \
	$O/proxyd/ruleset.o \
	$O/proxyd/served.o \
	$O/proxyd/status.o \
	$O/proxyd/wire.o

# The key process: no TLS, HTTP, JSON or event loop is linked into it.
KEYD_OBJS = $(COMMON_OBJS) \
	$O/common/base64.o \
	$O/common/list.o \
	$O/common/secret.o \
	$O/keyd/audit.o \
	$O/keyd/auditmsg.o \
	$O/keyd/count.o \
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
	$O/keyd/trail.o \
	$O/keyd/trail_record.o \
	$O/keyd/tx.o

# Writes the audit trail.  No key, no network.
AUDIT_OBJS = $(BASE_OBJS) \
	$O/audit/audit.o \
	$O/audit/tail.o \
	$O/audit/writer.o \
	$O/common/u256.o \
	$O/keyd/audit.o \
	$O/keyd/audit_parse.o \
	$O/keyd/auditmsg.o \
	$O/keyd/keccak.o

# Files of keys, which the tool of the operator makes and reads.
KEYTOOL_OBJS = \
	$O/common/base64.o \
	$O/common/json.o \
	$O/common/jsonscan.o \
	$O/common/secret.o \
	$O/common/u256.o \
	$O/keyd/der.o \
	$O/keyd/eckey.o \
	$O/keyd/keccak.o \
	$O/keyd/keyfile.o \
	$O/keyd/keyfile_error.o \
	$O/keyd/keystore.o \
	$O/keyd/keystore_json.o \
	$O/keyd/scrypt.o \
	$O/keyd/sign.o \
	$O/signerctl/key.o \
	$O/signerctl/key_form.o \
	$O/signerctl/key_pkcs8.o \
	$O/signerctl/key_source.o \
	$O/signerctl/newfile.o \
	$O/signerctl/password.o

# The tool of the operator.
SIGNERCTL_OBJS = $(BASE_OBJS) $(KEYTOOL_OBJS) \
	$O/common/ctlmsg.o \
	$O/keyd/audit.o \
	$O/keyd/audit_parse.o \
	$O/keyd/keymsg.o \
	$O/keyd/keymsg_request.o \
	$O/signerctl/amount.o \
	$O/signerctl/audit.o \
	$O/signerctl/check.o \
	$O/signerctl/daemon.o \
	$O/signerctl/rows.o \
	$O/signerctl/samples.o \
	$O/signerctl/show.o \
	$O/signerctl/signerctl.o \
	$O/signerctl/table.o \
	$O/signerctl/table_json.o \
	$O/signerctl/talk.o

# The client: no daemon, no sandbox, no key.
OPSIGN_OBJS = \
	$O/api/args.o \
	$O/api/args_tx.o \
	$O/common/base64.o \
	$O/common/handshake.o \
	$O/common/hex.o \
	$O/common/http_syntax.o \
	$O/common/json.o \
	$O/common/jsonrpc.o \
	$O/common/jsonscan.o \
	$O/common/secret.o \
	$O/common/tlscheck.o \
	$O/common/tlsconn.o \
	$O/common/tlsctx.o \
	$O/common/tlsfiles.o \
	$O/common/tlsio.o \
	$O/common/tlspeer.o \
	$O/common/tlstrust.o \
	$O/common/u256.o \
	$O/common/url.o \
	$O/keyd/keccak.o \
	$O/keyd/payload.o \
	$O/keyd/request.o \
	$O/keyd/rlp.o \
	$O/keyd/sign.o \
	$O/keyd/tx.o \
	$O/opsign/answer.o \
	$O/opsign/ask.o \
	$O/opsign/bench.o \
	$O/opsign/benchshow.o \
	$O/opsign/conn.o \
	$O/opsign/endpoint.o \
	$O/opsign/fault.o \
	$O/opsign/flags.o \
	$O/opsign/health.o \
	$O/opsign/input.o \
	$O/opsign/latency.o \
	$O/opsign/load.o \
	$O/opsign/opsign.o \
	$O/opsign/payload.o \
	$O/opsign/payloadjson.o \
	$O/opsign/report.o \
	$O/opsign/response.o \
	$O/opsign/rlpread.o \
	$O/opsign/settings.o \
	$O/opsign/tx.o \
	$O/opsign/txargs.o \
	$O/opsign/txdecode.o \
	$O/opsign/txshow.o \
	$O/opsign/verify.o \
	$O/opsign/workload.o

# Linked into each of them: nothing happens around the sandbox's closing.  In
# the programs of the sandbox tests, something does.  ./configure writes rules
# for these and for those of the fault tests.
NOHOOK =	$O/common/sandbox_nohook.o
HOOK =		$O/regress/sandbox/hook.o
# In those of the fault tests, calls fail.
FAULT =		$O/regress/faults/faults.o $O/regress/faults/calls.o \
		$O/regress/faults/memory.o

SIGNERD_LIBS =	$(LIBEVENT_LIBS) $(LIBSECCOMP_LIBS) $(LIBS)
PROXYD_LIBS =	$(SIGNERD_LIBS)
FRONTEND_LIBS =	$(LIBTLS_LIBS) $(LIBSSL_LIBS) $(LIBCRYPTO_LIBS) \
		$(LIBEVENT_LIBS) $(LIBCJSON_LIBS) $(LIBSECCOMP_LIBS) $(LIBS)
DIALER_LIBS =	$(LIBEVENT_EXTRA_LIBS) $(LIBEVENT_LIBS) $(LIBSECCOMP_LIBS) \
		$(LIBS)
LINK_LIBS =	$(LIBWSLAY_LIBS) $(FRONTEND_LIBS)
RELAY_LIBS =	$(LINK_LIBS)
AUDIT_LIBS =	$(LIBSECCOMP_LIBS) $(LIBS)
KEYD_LIBS =	$(LIBSECP256K1_LIBS) $(LIBSECCOMP_LIBS) $(LIBS)
SIGNERCTL_LIBS = $(LIBCRYPTO_LIBS) $(LIBSECP256K1_LIBS) $(LIBCJSON_LIBS) \
		$(LIBSECCOMP_LIBS) $(LIBS)
OPSIGN_LIBS =	$(LIBTLS_LIBS) $(LIBSSL_LIBS) $(LIBCRYPTO_LIBS) \
		$(LIBEVENT_LIBS) $(LIBCJSON_LIBS) $(LIBSECP256K1_LIBS) $(LIBS)

# What is installed.
DAEMONS =	$B/signerd $B/proxyd
HELPERS =	$B/libexec/audit $B/libexec/dialer $B/libexec/frontend \
		$B/libexec/keyd $B/libexec/link $B/libexec/relay
ADMIN =		$B/signerctl
TOOLS =		$B/opsign
MAN1 =		man/opsign.1
MAN5 =		man/signerd.conf.5 man/proxyd.conf.5
MAN8 =		man/signerd.8 man/keyd.8 man/proxyd.8 man/signerctl.8
EXAMPLES =	etc/signerd.conf etc/proxyd.conf etc/certificates \
		etc/prometheus/signerd.rules.yml etc/grafana/signerd.json
