/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include "common/metrics.h"

#define COUNTER		METRIC_COUNTER, UNIT_NONE
#define GAUGE		METRIC_GAUGE, UNIT_NONE
#define DURATION	METRIC_GAUGE, UNIT_SECONDS
#define INFO		METRIC_INFO, UNIT_NONE
#define SECONDS		METRIC_HISTOGRAM, UNIT_SECONDS
#define MILLISECONDS	METRIC_HISTOGRAM, UNIT_MILLISECONDS
#define SIZES		METRIC_HISTOGRAM, UNIT_NONE

#define ASKERS		(METRICS_FRONTEND | METRICS_LINK)
#define NETWORK		(METRICS_FRONTEND | METRICS_LINK | METRICS_DIALER)

/*
 * The definitions.  The manual pages list them under METRICS, and a test
 * compares.
 */
static const struct metric_def defs[METRIC_COUNT] = {
	/* ---- op-signer's --------------------------------------------- */
	[METRIC_OP_TRANSACTION] = {
	    "signer_signtransaction_total", COUNTER, METRICS_KEYD,
	    "Transactions that keyd decided on.",
	    { "client", "status", "error" } },
	[METRIC_OP_PAYLOAD] = {
	    "signer_signblockpayload_total", COUNTER, METRICS_KEYD,
	    "Block payloads that keyd decided on.",
	    { "client", "status", "error" } },
	[METRIC_OP_HTTP_REQUESTS] = {
	    "signer_http_requests_count_total", COUNTER, METRICS_FRONTEND,
	    "HTTP requests of clients.",
	    { "method" } },
	[METRIC_OP_HTTP_RESPONSES] = {
	    "signer_http_responses_count_total", COUNTER, METRICS_FRONTEND,
	    "HTTP answers to clients.",
	    { "method", "response_code" } },
	[METRIC_OP_HTTP_INFLIGHT] = {
	    "signer_http_inflight_requests_count", GAUGE, METRICS_FRONTEND,
	    "HTTP requests without an answer yet.",
	    { "method" } },
	[METRIC_OP_HTTP_DURATION] = {
	    "signer_http_request_duration_ms", MILLISECONDS,
	    METRICS_FRONTEND,
	    "Time from an HTTP request to its answer, in milliseconds.",
	    { "method", "response_code" } },
	[METRIC_OP_HTTP_LATENCY] = {
	    "signer_http_request_latency_seconds", SECONDS,
	    METRICS_FRONTEND,
	    "Time from an HTTP request to its answer.",
	    { "method", "response_code" } },
	[METRIC_OP_HTTP_SIZE] = {
	    "signer_http_response_size", SIZES, METRICS_FRONTEND,
	    "Bytes of the bodies of HTTP answers.",
	    { "method", "response_code" } },

	/* ---- The daemon ---------------------------------------------- */
	[METRIC_BUILD] = {
	    "signerd_build_info", INFO, METRICS_PARENT,
	    "What runs.",
	    { "version" } },
	[METRIC_START_TIME] = {
	    "signerd_start_time_seconds", GAUGE, METRICS_PARENT,
	    "When the daemon was started, in Unix time.",
	    { NULL } },
	[METRIC_PROCESS_UP] = {
	    "signerd_process_up", GAUGE, METRICS_PARENT,
	    "Whether a process answered within a second when it was asked.",
	    { "process" } },
	[METRIC_PROCESS_MEMORY] = {
	    "signerd_process_resident_memory_bytes", GAUGE, METRICS_PARENT,
	    "Memory that a process has in use.",
	    { "process" } },
	[METRIC_LOG_SUPPRESSED] = {
	    "signerd_log_suppressed_total", COUNTER, METRICS_PARENT,
	    "Log records of a process that were over the rate.",
	    { "process" } },
	[METRIC_CONFIG_GENERATION] = {
	    "signerd_config_generation", GAUGE, METRICS_PARENT,
	    "Number of the configuration in force, from 1.",
	    { NULL } },
	[METRIC_CONFIG_LOADED] = {
	    "signerd_config_load_time_seconds", GAUGE, METRICS_PARENT,
	    "When the configuration in force was loaded, in Unix time.",
	    { NULL } },
	[METRIC_CONFIG_FAILED] = {
	    "signerd_config_failure_time_seconds", GAUGE, METRICS_PARENT,
	    "When a reload failed last, in Unix time; 0 if none did.",
	    { NULL } },
	[METRIC_CONFIG_SUCCESS] = {
	    "signerd_config_last_reload_successful", GAUGE, METRICS_PARENT,
	    "Whether the last reload, or the start, was good.",
	    { NULL } },
	[METRIC_RELOADS] = {
	    "signerd_reloads_total", COUNTER, METRICS_PARENT,
	    "Reloads, by their result: success or failure.",
	    { "result" } },
	[METRIC_FILES_RELOADED] = {
	    "signerd_files_reloaded_total", COUNTER, METRICS_PARENT,
	    "TLS files that changed and were taken up by themselves.",
	    { NULL } },
	[METRIC_FILES_UNFIT] = {
	    "signerd_files_unfit", GAUGE, METRICS_PARENT,
	    "Sets of TLS files that changed and have a fault: the last good ones serve.",
	    { NULL } },
	[METRIC_RULE_SERVED] = {
	    "signerd_rule_served", GAUGE, METRICS_PARENT,
	    "Whether a request by a rule could reach its key now.",
	    { "rule", "client", "link", "key" } },

	/* ---- keyd ---------------------------------------------------- */
	[METRIC_KEY_INFO] = {
	    "signerd_key_info", INFO, METRICS_PARENT,
	    "Keys that are loaded.",
	    { "key", "address" } },
	[METRIC_KEY_SIGNATURES] = {
	    "signerd_key_signatures_total", COUNTER, METRICS_KEYD,
	    "Signatures by a key.",
	    { "address", "method" } },
	[METRIC_KEY_REFUSALS] = {
	    "signerd_key_refusals_total", COUNTER, METRICS_KEYD,
	    "Requests that a rule of a key refused.",
	    { "address", "method" } },
	[METRIC_RULE_SIGNATURES] = {
	    "signerd_rule_signatures_total", COUNTER, METRICS_KEYD,
	    "Signatures that a rule permitted, since it is in force.",
	    { "rule" } },
	[METRIC_RULE_REFUSALS] = {
	    "signerd_rule_refusals_total", COUNTER, METRICS_KEYD,
	    "Requests that a rule refused, since it is in force.",
	    { "rule" } },
	[METRIC_REFUSALS] = {
	    "signerd_refusals_total", COUNTER, METRICS_KEYD,
	    "Requests that keyd refused, by whom and why.",
	    { "client", "method", "reason" } },
	[METRIC_KEYD_MALFORMED] = {
	    "signerd_keyd_malformed_requests_total", COUNTER, METRICS_KEYD,
	    "Messages of a process that keyd could not make sense of.",
	    { "process" } },
	[METRIC_KEYD_TURNS] = {
	    "signerd_keyd_turns_total", COUNTER, METRICS_KEYD,
	    "Turns in which keyd answered requests of a process.",
	    { "process" } },
	[METRIC_KEYD_FULL_TURNS] = {
	    "signerd_keyd_full_turns_total", COUNTER, METRICS_KEYD,
	    "Turns that ended with requests left for the next one.",
	    { "process" } },
	[METRIC_KEYD_UNREAD] = {
	    "signerd_keyd_unread_answers", GAUGE, METRICS_KEYD,
	    "Answers of keyd that a process has not read.",
	    { "process" } },
	[METRIC_KEYD_UNREAD_BYTES] = {
	    "signerd_keyd_unread_bytes", GAUGE, METRICS_KEYD,
	    "Bytes of results in answers since none was unread.",
	    { "process" } },

	/* ---- The audit trail ----------------------------------------- */
	[METRIC_AUDIT_READY] = {
	    "signerd_audit_ready", GAUGE, METRICS_KEYD,
	    "Whether records can be made and leave: if not, nothing is signed.",
	    { NULL } },
	[METRIC_AUDIT_SEQUENCE] = {
	    "signerd_audit_sequence", GAUGE, METRICS_KEYD,
	    "Number of the last record made.",
	    { NULL } },
	[METRIC_AUDIT_WRITTEN] = {
	    "signerd_audit_written_sequence", GAUGE, METRICS_AUDIT,
	    "Number of the last record that was written.",
	    { NULL } },
	[METRIC_AUDIT_BYTES] = {
	    "signerd_audit_written_bytes_total", COUNTER, METRICS_AUDIT,
	    "Bytes of records that were written.",
	    { NULL } },
	[METRIC_AUDIT_FAILURES] = {
	    "signerd_audit_failed_writes_total", COUNTER, METRICS_AUDIT,
	    "Attempts to write to the audit file that failed.",
	    { NULL } },

	/* ---- Requests ------------------------------------------------ */
	[METRIC_REQUESTS] = {
	    "signerd_requests_total", COUNTER, ASKERS,
	    "Calls by method and result: signed, refused, rejected, "
	    "answered or unavailable.",
	    { "process", "method", "result" } },
	[METRIC_REJECTIONS] = {
	    "signerd_rejections_total", COUNTER, ASKERS,
	    "Calls and messages that were answered without a signature.",
	    { "process", "reason" } },
	[METRIC_REQUEST_SECONDS] = {
	    "signerd_request_seconds", SECONDS, ASKERS,
	    "Time from a call to its answer, where keyd was asked.",
	    { "process", "method" } },
	[METRIC_REQUEST_QUEUE_SECONDS] = {
	    "signerd_request_queue_seconds", SECONDS, ASKERS,
	    "The part of it that was spent waiting and between processes.",
	    { "process", "method" } },
	[METRIC_REQUEST_KEYD_SECONDS] = {
	    "signerd_request_keyd_seconds", SECONDS, ASKERS,
	    "The part of it that was spent in keyd.",
	    { "process", "method" } },
	[METRIC_QUEUE] = {
	    "signerd_queued_requests", GAUGE, ASKERS,
	    "Requests with calls that keyd has not answered.",
	    { "process" } },
	[METRIC_QUEUE_MAX] = {
	    "signerd_queued_requests_max", GAUGE, ASKERS,
	    "How many there may be: max queue.",
	    { "process" } },
	[METRIC_IN_KEYD] = {
	    "signerd_keyd_requests_in_flight", GAUGE, ASKERS,
	    "Calls that were sent to keyd and are not answered.",
	    { "process" } },
	[METRIC_KEYD_BEHIND] = {
	    "signerd_keyd_behind", GAUGE, ASKERS,
	    "Whether keyd is behind its deadline.",
	    { "process" } },
	[METRIC_LATE_ANSWERS] = {
	    "signerd_keyd_late_answers_total", COUNTER, ASKERS,
	    "Answers of keyd for which nobody waited any more.",
	    { "process" } },

	/* ---- Connections --------------------------------------------- */
	[METRIC_CONNECTIONS] = {
	    "signerd_connections", GAUGE, METRICS_FRONTEND,
	    "Connections of clients.",
	    { NULL } },
	[METRIC_CONNECTIONS_MAX] = {
	    "signerd_connections_max", GAUGE, METRICS_FRONTEND,
	    "How many there may be: max connections.",
	    { NULL } },
	[METRIC_CONNECTIONS_ACCEPTED] = {
	    "signerd_connections_accepted_total", COUNTER, METRICS_FRONTEND,
	    "Connections that were accepted.",
	    { NULL } },
	[METRIC_CONNECTIONS_REFUSED] = {
	    "signerd_connections_refused_total", COUNTER, METRICS_FRONTEND,
	    "Connections that were closed at once.",
	    { "reason" } },
	[METRIC_CONNECTIONS_CLOSED] = {
	    "signerd_connections_closed_total", COUNTER, METRICS_FRONTEND,
	    "Connections that we closed before the client did.",
	    { "reason" } },
	[METRIC_HANDSHAKES] = {
	    "signerd_handshakes_total", COUNTER, METRICS_FRONTEND,
	    "TLS handshakes of clients that succeeded.",
	    { NULL } },
	[METRIC_HANDSHAKE_FAILURES] = {
	    "signerd_handshake_failures_total", COUNTER, METRICS_FRONTEND,
	    "TLS handshakes of clients that failed.",
	    { "reason" } },
	[METRIC_HANDSHAKES_WAITING] = {
	    "signerd_handshakes_waiting", GAUGE, METRICS_FRONTEND,
	    "TLS handshakes of clients that wait for their turn.",
	    { NULL } },
	[METRIC_HANDSHAKES_DEFERRED] = {
	    "signerd_handshakes_deferred_total", COUNTER, METRICS_FRONTEND,
	    "Times that the next TLS handshake was put off for requests.",
	    { NULL } },
	[METRIC_BODY_BYTES] = {
	    "signerd_body_bytes", GAUGE, METRICS_FRONTEND,
	    "Memory that bodies of requests take.",
	    { NULL } },
	[METRIC_BODIES_WAITING] = {
	    "signerd_bodies_waiting", GAUGE, METRICS_FRONTEND,
	    "Large bodies that wait for their turn.",
	    { NULL } },
	[METRIC_LISTENERS] = {
	    "signerd_listeners", GAUGE, METRICS_FRONTEND,
	    "Sockets on which clients are accepted.",
	    { NULL } },

	/* ---- Certificates -------------------------------------------- */
	[METRIC_CERT_EXPIRY] = {
	    "signerd_certificate_expiry_seconds", GAUGE, ASKERS,
	    "When a certificate of ours, or the first of our authorities, "
	    "expires, in Unix time.",
	    { "file", "link" } },
	[METRIC_CRL_UPDATE] = {
	    "signerd_crl_next_update_seconds", GAUGE, ASKERS,
	    "When the first certificate revocation list is out of date, in "
	    "Unix time.",
	    { "link" } },

	/* ---- Links --------------------------------------------------- */
	[METRIC_LINK_INFO] = {
	    "signerd_link_info", INFO, METRICS_PARENT,
	    "Links that are configured.",
	    { "link", "url" } },
	[METRIC_LINK_STATE] = {
	    "signerd_link_state_info", INFO, METRICS_LINK,
	    "What a link is doing, and with whom.",
	    { "link", "state", "peer" } },
	[METRIC_LINK_REGISTERED] = {
	    "signerd_link_up", GAUGE, METRICS_LINK,
	    "Whether the proxy has registered us.",
	    { "link" } },
	[METRIC_LINK_SINCE] = {
	    "signerd_link_up_seconds", GAUGE, METRICS_LINK,
	    "For how long it has; 0 where it has not.",
	    { "link" } },
	[METRIC_LINK_IN_FLIGHT] = {
	    "signerd_link_requests_in_flight", GAUGE, METRICS_LINK,
	    "Messages of the proxy without an answer yet.",
	    { "link" } },
	[METRIC_LINK_REQUESTS] = {
	    "signerd_link_messages_total", COUNTER, METRICS_LINK,
	    "Messages of the proxy with requests.",
	    { "link" } },
	[METRIC_LINK_ATTEMPTS] = {
	    "signerd_link_attempts_total", COUNTER, METRICS_LINK,
	    "How often a link was dialled.",
	    { "link" } },
	[METRIC_LINK_REGISTRATIONS] = {
	    "signerd_link_registrations_total", COUNTER, METRICS_LINK,
	    "How often a link came up.",
	    { "link" } },
	[METRIC_LINK_FAILURES] = {
	    "signerd_link_failures_total", COUNTER, METRICS_LINK,
	    "How often a link broke, by the state in which it did.",
	    { "link", "state" } },
	[METRIC_DIAL_ATTEMPTS] = {
	    "signerd_dialer_attempts_total", COUNTER, METRICS_DIALER,
	    "Attempts to connect to a proxy, by its host and port.",
	    { "host", "port" } },
	[METRIC_DIAL_FAILURES] = {
	    "signerd_dialer_failures_total", COUNTER, METRICS_DIALER,
	    "Those that found no connection.",
	    { "host", "port" } },
	[METRIC_DIAL_LOOKUPS] = {
	    "signerd_dialer_lookups_total", COUNTER, METRICS_DIALER,
	    "Names that were looked up.",
	    { "host", "port" } },

	/* ---- What serves them ---------------------------------------- */
	[METRIC_STATUS_REQUESTS] = {
	    "signerd_metrics_requests_total", COUNTER, METRICS_FRONTEND,
	    "Requests for metrics and health, by path and status.",
	    { "path", "code" } },
	[METRIC_STATUS_CONNECTIONS] = {
	    "signerd_metrics_connections", GAUGE, METRICS_FRONTEND,
	    "Connections for metrics and health.",
	    { NULL } },
	[METRIC_STATUS_REFUSED] = {
	    "signerd_metrics_connections_refused_total", COUNTER,
	    METRICS_FRONTEND,
	    "Connections that had to give way: max metrics-connections.",
	    { NULL } },
	[METRIC_STATUS_TIMEOUTS] = {
	    "signerd_metrics_timeouts_total", COUNTER, METRICS_FRONTEND,
	    "Connections that were closed for being slow.",
	    { NULL } },

	/* ---- proxyd -------------------------------------------------- */
	[METRIC_PROXY_BUILD] = {
	    "proxyd_build_info", INFO, METRICS_PARENT,
	    "What runs.",
	    { "version" } },
	[METRIC_PROXY_START_TIME] = {
	    "proxyd_start_time_seconds", GAUGE, METRICS_PARENT,
	    "When the daemon was started, in Unix time.",
	    { NULL } },
	[METRIC_PROXY_PROCESS_UP] = {
	    "proxyd_process_up", GAUGE, METRICS_PARENT,
	    "Whether a process answered within a second when it was asked.",
	    { "process" } },
	[METRIC_PROXY_PROCESS_MEMORY] = {
	    "proxyd_process_resident_memory_bytes", GAUGE, METRICS_PARENT,
	    "Memory that a process has in use.",
	    { "process" } },
	[METRIC_PROXY_LOG_SUPPRESSED] = {
	    "proxyd_log_suppressed_total", COUNTER, METRICS_PARENT,
	    "Log records of a process that were over the rate.",
	    { "process" } },
	[METRIC_PROXY_CONFIG_GENERATION] = {
	    "proxyd_config_generation", GAUGE, METRICS_PARENT,
	    "Number of the configuration in force, from 1.",
	    { NULL } },
	[METRIC_PROXY_CONFIG_LOADED] = {
	    "proxyd_config_load_time_seconds", GAUGE, METRICS_PARENT,
	    "When the configuration in force was loaded, in Unix time.",
	    { NULL } },
	[METRIC_PROXY_CONFIG_FAILED] = {
	    "proxyd_config_failure_time_seconds", GAUGE, METRICS_PARENT,
	    "When a reload failed last, in Unix time; 0 if none did.",
	    { NULL } },
	[METRIC_PROXY_CONFIG_SUCCESS] = {
	    "proxyd_config_last_reload_successful", GAUGE, METRICS_PARENT,
	    "Whether the last reload, or the start, was good.",
	    { NULL } },
	[METRIC_PROXY_RELOADS] = {
	    "proxyd_reloads_total", COUNTER, METRICS_PARENT,
	    "Reloads, by their result: success or failure.",
	    { "result" } },
	[METRIC_PROXY_FILES_RELOADED] = {
	    "proxyd_files_reloaded_total", COUNTER, METRICS_PARENT,
	    "TLS files that changed and were taken up by themselves.",
	    { NULL } },
	[METRIC_PROXY_FILES_UNFIT] = {
	    "proxyd_files_unfit", GAUGE, METRICS_PARENT,
	    "Sets of TLS files that changed and have a fault: the last good ones serve.",
	    { NULL } },

	/* ---- proxyd: requests ---------------------------------------- */
	[METRIC_PROXY_REQUESTS] = {
	    "proxyd_requests_total", COUNTER, METRICS_RELAY,
	    "Calls of clients, by what the client was told.",
	    { "client", "method", "result" } },
	[METRIC_PROXY_REJECTIONS] = {
	    "proxyd_rejections_total", COUNTER, METRICS_RELAY,
	    "Calls that were answered without a signature.",
	    { "reason" } },
	[METRIC_PROXY_REQUEST_SECONDS] = {
	    "proxyd_request_seconds", SECONDS, METRICS_RELAY,
	    "Time from a call to its answer, where a signer gave one.",
	    { "method" } },
	[METRIC_PROXY_WAITING_SECONDS] = {
	    "proxyd_request_waiting_seconds", SECONDS, METRICS_RELAY,
	    "Time until a call was sent to a signer first.",
	    { "method" } },
	[METRIC_PROXY_SIGNER_SECONDS] = {
	    "proxyd_request_signer_seconds", SECONDS, METRICS_RELAY,
	    "Time from when the signer that answered was asked.",
	    { "method" } },
	[METRIC_PROXY_RETRIES] = {
	    "proxyd_retries_total", COUNTER, METRICS_RELAY,
	    "Calls that were sent to a next signer, as one had failed.",
	    { NULL } },
	[METRIC_PROXY_HEDGES] = {
	    "proxyd_hedges_total", COUNTER, METRICS_RELAY,
	    "Calls that were sent to a next signer by hedge after.",
	    { NULL } },
	[METRIC_PROXY_QUEUE] = {
	    "proxyd_queued_requests", GAUGE, METRICS_RELAY,
	    "Calls without an answer yet.",
	    { NULL } },
	[METRIC_PROXY_QUEUE_MAX] = {
	    "proxyd_queued_requests_max", GAUGE, METRICS_RELAY,
	    "How many there may be: max queue.",
	    { NULL } },
	[METRIC_PROXY_QUEUE_BYTES] = {
	    "proxyd_queued_bytes", GAUGE, METRICS_RELAY,
	    "Memory that their arguments take.",
	    { NULL } },

	/* ---- proxyd: rules and signers ------------------------------- */
	[METRIC_PROXY_RULES] = {
	    "proxyd_rules", GAUGE, METRICS_RELAY,
	    "Rules of the configuration.",
	    { NULL } },
	[METRIC_PROXY_RULES_UNSERVED] = {
	    "proxyd_rules_unserved", GAUGE, METRICS_RELAY,
	    "Rules that no signer can serve now.",
	    { NULL } },
	[METRIC_PROXY_RULE_SERVED] = {
	    "proxyd_rule_served", GAUGE, METRICS_RELAY,
	    "Whether a registered signer can serve a rule, by its number.",
	    { "rule", "client" } },
	[METRIC_PROXY_SIGNER_INFO] = {
	    "proxyd_signer_info", INFO, METRICS_RELAY,
	    "Signers that are configured; who they are when they are up.",
	    { "signer", "name", "peer", "software" } },
	[METRIC_PROXY_SIGNER_UP] = {
	    "proxyd_signer_up", GAUGE, METRICS_RELAY,
	    "Whether a signer is registered.",
	    { "signer" } },
	[METRIC_PROXY_SIGNER_SINCE] = {
	    "proxyd_signer_up_seconds", GAUGE, METRICS_RELAY,
	    "For how long it is; 0 where it is not.",
	    { "signer" } },
	[METRIC_PROXY_SIGNER_TAKEN_DOWN] = {
	    "proxyd_signer_taken_down", GAUGE, METRICS_RELAY,
	    "Whether an operator has taken it down.",
	    { "signer" } },
	[METRIC_PROXY_SIGNER_DOUBT] = {
	    "proxyd_signer_in_doubt", GAUGE, METRICS_RELAY,
	    "Whether others are asked before it, for a fault of it.",
	    { "signer" } },
	[METRIC_PROXY_SIGNER_IN_FLIGHT] = {
	    "proxyd_signer_requests_in_flight", GAUGE, METRICS_RELAY,
	    "Requests that it has not answered.",
	    { "signer" } },
	[METRIC_PROXY_SIGNER_PING] = {
	    "proxyd_signer_ping_seconds", DURATION, METRICS_RELAY,
	    "Round trip of the last ping of its link that was answered.",
	    { "signer" } },
	[METRIC_PROXY_SIGNER_REGISTRATIONS] = {
	    "proxyd_signer_registrations_total", COUNTER, METRICS_RELAY,
	    "Links on which it has registered.",
	    { "signer" } },
	[METRIC_PROXY_SIGNER_REPLACED] = {
	    "proxyd_signer_replacements_total", COUNTER, METRICS_RELAY,
	    "Links of it that gave way to a newer one.",
	    { "signer" } },
	[METRIC_PROXY_SIGNER_ATTEMPTS] = {
	    "proxyd_signer_attempts_total", COUNTER, METRICS_RELAY,
	    "Requests that were sent to it.",
	    { "signer" } },
	[METRIC_PROXY_SIGNER_ANSWERS] = {
	    "proxyd_signer_answers_total", COUNTER, METRICS_RELAY,
	    "Signatures and refusals of it that clients got.",
	    { "signer" } },
	[METRIC_PROXY_SIGNER_FAILURES] = {
	    "proxyd_signer_failures_total", COUNTER, METRICS_RELAY,
	    "Requests to it that failed, and why.",
	    { "signer", "reason" } },
	[METRIC_PROXY_SIGNER_LATE] = {
	    "proxyd_signer_late_answers_total", COUNTER, METRICS_RELAY,
	    "Answers of it for which nobody waited any more.",
	    { "signer" } },

	/* ---- proxyd: links ------------------------------------------- */
	[METRIC_PROXY_LINKS] = {
	    "proxyd_links", GAUGE, METRICS_RELAY,
	    "Websockets of signers, registered or not.",
	    { NULL } },
	[METRIC_PROXY_LINKS_MAX] = {
	    "proxyd_links_max", GAUGE, METRICS_RELAY,
	    "How many there may be: max links.",
	    { NULL } },
	[METRIC_PROXY_LINKS_TAKEN] = {
	    "proxyd_links_opened_total", COUNTER, METRICS_RELAY,
	    "Websockets that were opened.",
	    { NULL } },
	[METRIC_PROXY_LINKS_REFUSED] = {
	    "proxyd_links_refused_total", COUNTER, METRICS_RELAY,
	    "Websockets that were refused, or closed for what they did.",
	    { "reason" } },

	/* ---- proxyd: connections ------------------------------------- */
	[METRIC_PROXY_HTTP_REQUESTS] = {
	    "proxyd_http_requests_total", COUNTER, METRICS_RELAY,
	    "HTTP requests; those for a websocket are links.",
	    { "listener", "method" } },
	[METRIC_PROXY_HTTP_RESPONSES] = {
	    "proxyd_http_responses_total", COUNTER, METRICS_RELAY,
	    "HTTP answers.",
	    { "listener", "method", "code" } },
	[METRIC_PROXY_LISTENERS] = {
	    "proxyd_listeners", GAUGE, METRICS_RELAY,
	    "Sockets on which connections are accepted.",
	    { "listener" } },
	[METRIC_PROXY_CONNECTIONS] = {
	    "proxyd_connections", GAUGE, METRICS_RELAY,
	    "Connections, links included.",
	    { "listener" } },
	[METRIC_PROXY_CONNECTIONS_MAX] = {
	    "proxyd_connections_max", GAUGE, METRICS_RELAY,
	    "How many there may be: max connections, or by max links.",
	    { "listener" } },
	[METRIC_PROXY_CONNECTIONS_ACCEPTED] = {
	    "proxyd_connections_accepted_total", COUNTER, METRICS_RELAY,
	    "Connections that were accepted.",
	    { "listener" } },
	[METRIC_PROXY_CONNECTIONS_REFUSED] = {
	    "proxyd_connections_refused_total", COUNTER, METRICS_RELAY,
	    "Connections that were closed at once.",
	    { "listener", "reason" } },
	[METRIC_PROXY_CONNECTIONS_CLOSED] = {
	    "proxyd_connections_closed_total", COUNTER, METRICS_RELAY,
	    "Connections that we closed before the peer did.",
	    { "listener", "reason" } },
	[METRIC_PROXY_HANDSHAKES] = {
	    "proxyd_handshakes_total", COUNTER, METRICS_RELAY,
	    "TLS handshakes that succeeded.",
	    { "listener" } },
	[METRIC_PROXY_HANDSHAKE_FAILURES] = {
	    "proxyd_handshake_failures_total", COUNTER, METRICS_RELAY,
	    "TLS handshakes that failed.",
	    { "listener", "reason" } },
	[METRIC_PROXY_HANDSHAKES_WAITING] = {
	    "proxyd_handshakes_waiting", GAUGE, METRICS_RELAY,
	    "TLS handshakes that wait for their turn.",
	    { "listener" } },
	[METRIC_PROXY_HANDSHAKES_DEFERRED] = {
	    "proxyd_handshakes_deferred_total", COUNTER, METRICS_RELAY,
	    "Times that the next TLS handshake was put off for requests.",
	    { NULL } },
	[METRIC_PROXY_BODY_BYTES] = {
	    "proxyd_body_bytes", GAUGE, METRICS_RELAY,
	    "Memory that bodies of requests take.",
	    { "listener" } },
	[METRIC_PROXY_BODIES_WAITING] = {
	    "proxyd_bodies_waiting", GAUGE, METRICS_RELAY,
	    "Large bodies that wait for their turn.",
	    { "listener" } },
	[METRIC_PROXY_CERT_EXPIRY] = {
	    "proxyd_certificate_expiry_seconds", GAUGE, METRICS_RELAY,
	    "When a listener's certificate, or the first of its authorities, "
	    "expires, in Unix time.",
	    { "listener", "address", "file" } },
	[METRIC_PROXY_CRL_UPDATE] = {
	    "proxyd_crl_next_update_seconds", GAUGE, METRICS_RELAY,
	    "When the first certificate revocation list of a listener is out "
	    "of date, in Unix time.",
	    { "listener", "address" } },

	/* ---- proxyd: what serves them -------------------------------- */
	[METRIC_PROXY_STATUS_REQUESTS] = {
	    "proxyd_metrics_requests_total", COUNTER, METRICS_RELAY,
	    "Requests for metrics and health, by path and status.",
	    { "path", "code" } },
	[METRIC_PROXY_STATUS_CONNECTIONS] = {
	    "proxyd_metrics_connections", GAUGE, METRICS_RELAY,
	    "Connections for metrics and health.",
	    { NULL } },
	[METRIC_PROXY_STATUS_REFUSED] = {
	    "proxyd_metrics_connections_refused_total", COUNTER,
	    METRICS_RELAY,
	    "Connections that had to give way: max metrics-connections.",
	    { NULL } },
	[METRIC_PROXY_STATUS_TIMEOUTS] = {
	    "proxyd_metrics_timeouts_total", COUNTER, METRICS_RELAY,
	    "Connections that were closed for being slow.",
	    { NULL } }
};

const struct metric_def *
metric_def(unsigned int metric)
{
	return (metric < METRIC_COUNT ? &defs[metric] : NULL);
}

size_t
metric_labels(const struct metric_def *def)
{
	size_t	 n = 0;

	while (n < METRICS_LABELS && def->label[n] != NULL)
		n++;
	return (n);
}
