/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "opsign/answer.h"
#include "opsign/ask.h"
#include "opsign/command.h"
#include "opsign/report.h"

#define DAY	86400

static void
report_connection(struct report *r, struct ask *a)
{
	const struct conn_times *times = conn_times(a->conn);
	time_t end = (time_t)conn_expiry(a->conn);
	char address[128], text[32];
	struct tm tm;
	double days;

	conn_address(a->conn, address, sizeof(address));
	report_text(r, "peer", "peer", address);
	report_text(r, "tls", "tls", conn_version(a->conn));
	if (conn_peer(a->conn) != NULL)
		report_text(r, "certificate", "certificate",
		    conn_peer(a->conn));
	days = (double)(end - time(NULL)) / DAY;
	if (gmtime_r(&end, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) != 0) {
		report_text(r, "certificate_ends", NULL, text);
		report_number(r, "certificate_days", days);
		report_line(r, "ends", "%s, in %.1f days", text, days);
	}
	report_number(r, "connect_us", (double)times->connect_us);
	report_number(r, "handshake_us", (double)times->handshake_us);
	report_line(r, "connected", "%.3f ms, handshake %.3f ms",
	    (double)times->connect_us / 1000,
	    (double)times->handshake_us / 1000);
}

/* {"version":"..."} */
static int
check_healthz(struct report *r, struct ask *a, struct fault *f)
{
	const struct response *response;
	const cJSON *version;
	struct answer answer;
	int result = -1;

	if ((response = ask_get(a, "/healthz", f)) == NULL)
		return (-1);
	if (answer_read(&answer, response, f) == 0) {
		version = json_member(answer.root, "version");
		if (cJSON_IsString(version)) {
			report_text(r, "version", "version",
			    version->valuestring);
			report_number(r, "healthz_us", (double)a->took_us);
			report_line(r, "healthz", "%.3f ms",
			    (double)a->took_us / 1000);
			result = 0;
		} else
			fault_set(f, FAULT_ANSWER, "/healthz names no "
			    "version");
	}
	answer_clear(&answer);
	return (result);
}

/* What needs a certificate that the server takes. */
static int
check_rpc(struct report *r, struct ask *a, struct fault *f)
{
	static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,"
	    "\"method\":\"health_status\",\"params\":[]}";
	const struct response *response;
	const cJSON *version;
	struct answer answer;
	int result = -1;

	if ((response = ask_post(a, request, sizeof(request) - 1, f)) == NULL)
		return (-1);
	if (answer_read(&answer, response, f) == 0 &&
	    (version = answer_result(&answer, 1, f)) != NULL) {
		if (cJSON_IsString(version)) {
			report_text(r, "health_status", NULL,
			    version->valuestring);
			report_number(r, "rpc_us", (double)a->took_us);
			report_line(r, "rpc", "%.3f ms",
			    (double)a->took_us / 1000);
			result = 0;
		} else
			fault_set(f, FAULT_ANSWER, "health_status names no "
			    "version");
	}
	answer_clear(&answer);
	return (result);
}

enum status
command_health(int argc, char **argv)
{
	struct settings s;
	struct report r;
	struct fault f;
	struct ask a;
	enum status status;
	bool good;

	if ((status = settings_read(&s, NULL, &argc, argv, 0)) != STATUS_OK ||
	    (status = settings_open(&s)) != STATUS_OK) {
		settings_clear(&s);
		return (status);
	}
	report_begin(&r, &s, "health");
	good = ask_begin(&a, &s.endpoint, &f) == 0;
	if (good) {
		report_connection(&r, &a);
		good = check_healthz(&r, &a, &f) == 0 &&
		    (!s.endpoint.cert || check_rpc(&r, &a, &f) == 0);
	}
	ask_end(&a);
	status = report_end(&r, good ? NULL : &f);
	settings_clear(&s);
	return (status);
}
