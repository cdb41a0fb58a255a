/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/histogram.h"
#include "compat/imsg.h"

/*
 * Metrics: what they are called (metrics_table.c), how a process says them,
 * and how they travel.  Nothing registers itself: a module counts in fields of
 * its own structures, and when the process is asked it walks these and says a
 * sample of each.
 */
enum metric {
	/* Of op-signer: names, labels and their values are its own. */
	METRIC_OP_TRANSACTION,
	METRIC_OP_PAYLOAD,
	METRIC_OP_HTTP_REQUESTS,
	METRIC_OP_HTTP_RESPONSES,
	METRIC_OP_HTTP_INFLIGHT,
	METRIC_OP_HTTP_DURATION,
	METRIC_OP_HTTP_LATENCY,
	METRIC_OP_HTTP_SIZE,
	/* The daemon. */
	METRIC_BUILD,
	METRIC_START_TIME,
	METRIC_PROCESS_UP,
	METRIC_PROCESS_MEMORY,
	METRIC_LOG_SUPPRESSED,
	METRIC_CONFIG_GENERATION,
	METRIC_CONFIG_LOADED,
	METRIC_CONFIG_FAILED,
	METRIC_CONFIG_SUCCESS,
	METRIC_RELOADS,
	METRIC_FILES_RELOADED,
	METRIC_FILES_UNFIT,
	METRIC_RULE_SERVED,
	/* Keys, and what keyd decides. */
	METRIC_KEY_INFO,
	METRIC_KEY_SIGNATURES,
	METRIC_KEY_REFUSALS,
	METRIC_RULE_SIGNATURES,
	METRIC_RULE_REFUSALS,
	METRIC_REFUSALS,
	METRIC_KEYD_MALFORMED,
	METRIC_KEYD_TURNS,
	METRIC_KEYD_FULL_TURNS,
	METRIC_KEYD_UNREAD,
	METRIC_KEYD_UNREAD_BYTES,
	/* The audit trail, where there is one. */
	METRIC_AUDIT_READY,
	METRIC_AUDIT_SEQUENCE,
	METRIC_AUDIT_WRITTEN,
	METRIC_AUDIT_BYTES,
	METRIC_AUDIT_FAILURES,
	/* Requests, of those who ask keyd. */
	METRIC_REQUESTS,
	METRIC_REJECTIONS,
	METRIC_REQUEST_SECONDS,
	METRIC_REQUEST_QUEUE_SECONDS,
	METRIC_REQUEST_KEYD_SECONDS,
	METRIC_QUEUE,
	METRIC_QUEUE_MAX,
	METRIC_IN_KEYD,
	METRIC_KEYD_BEHIND,
	METRIC_LATE_ANSWERS,
	/* Connections of clients. */
	METRIC_CONNECTIONS,
	METRIC_CONNECTIONS_MAX,
	METRIC_CONNECTIONS_ACCEPTED,
	METRIC_CONNECTIONS_REFUSED,
	METRIC_CONNECTIONS_CLOSED,
	METRIC_HANDSHAKES,
	METRIC_HANDSHAKE_FAILURES,
	METRIC_HANDSHAKES_WAITING,
	METRIC_HANDSHAKES_DEFERRED,
	METRIC_BODY_BYTES,
	METRIC_BODIES_WAITING,
	METRIC_LISTENERS,
	/* Certificates. */
	METRIC_CERT_EXPIRY,
	METRIC_CRL_UPDATE,
	/* Links to proxies. */
	METRIC_LINK_INFO,
	METRIC_LINK_STATE,
	METRIC_LINK_REGISTERED,
	METRIC_LINK_SINCE,
	METRIC_LINK_IN_FLIGHT,
	METRIC_LINK_REQUESTS,
	METRIC_LINK_ATTEMPTS,
	METRIC_LINK_REGISTRATIONS,
	METRIC_LINK_FAILURES,
	METRIC_DIAL_ATTEMPTS,
	METRIC_DIAL_FAILURES,
	METRIC_DIAL_LOOKUPS,
	/* What serves these. */
	METRIC_STATUS_REQUESTS,
	METRIC_STATUS_CONNECTIONS,
	METRIC_STATUS_REFUSED,
	METRIC_STATUS_TIMEOUTS,
	/* ---- proxyd: the daemon. */
	METRIC_PROXY_BUILD,
	METRIC_PROXY_START_TIME,
	METRIC_PROXY_PROCESS_UP,
	METRIC_PROXY_PROCESS_MEMORY,
	METRIC_PROXY_LOG_SUPPRESSED,
	METRIC_PROXY_CONFIG_GENERATION,
	METRIC_PROXY_CONFIG_LOADED,
	METRIC_PROXY_CONFIG_FAILED,
	METRIC_PROXY_CONFIG_SUCCESS,
	METRIC_PROXY_RELOADS,
	METRIC_PROXY_FILES_RELOADED,
	METRIC_PROXY_FILES_UNFIT,
	/* Requests of clients. */
	METRIC_PROXY_REQUESTS,
	METRIC_PROXY_REJECTIONS,
	METRIC_PROXY_REQUEST_SECONDS,
	METRIC_PROXY_WAITING_SECONDS,
	METRIC_PROXY_SIGNER_SECONDS,
	METRIC_PROXY_RETRIES,
	METRIC_PROXY_HEDGES,
	METRIC_PROXY_QUEUE,
	METRIC_PROXY_QUEUE_MAX,
	METRIC_PROXY_QUEUE_BYTES,
	/* Rules, and who could serve them. */
	METRIC_PROXY_RULES,
	METRIC_PROXY_RULES_UNSERVED,
	METRIC_PROXY_RULE_SERVED,
	/* Signers. */
	METRIC_PROXY_SIGNER_INFO,
	METRIC_PROXY_SIGNER_UP,
	METRIC_PROXY_SIGNER_SINCE,
	METRIC_PROXY_SIGNER_TAKEN_DOWN,
	METRIC_PROXY_SIGNER_DOUBT,
	METRIC_PROXY_SIGNER_IN_FLIGHT,
	METRIC_PROXY_SIGNER_PING,
	METRIC_PROXY_SIGNER_REGISTRATIONS,
	METRIC_PROXY_SIGNER_REPLACED,
	METRIC_PROXY_SIGNER_ATTEMPTS,
	METRIC_PROXY_SIGNER_ANSWERS,
	METRIC_PROXY_SIGNER_FAILURES,
	METRIC_PROXY_SIGNER_LATE,
	/* Their websockets. */
	METRIC_PROXY_LINKS,
	METRIC_PROXY_LINKS_MAX,
	METRIC_PROXY_LINKS_TAKEN,
	METRIC_PROXY_LINKS_REFUSED,
	/* Connections, by whom they are for. */
	METRIC_PROXY_HTTP_REQUESTS,
	METRIC_PROXY_HTTP_RESPONSES,
	METRIC_PROXY_LISTENERS,
	METRIC_PROXY_CONNECTIONS,
	METRIC_PROXY_CONNECTIONS_MAX,
	METRIC_PROXY_CONNECTIONS_ACCEPTED,
	METRIC_PROXY_CONNECTIONS_REFUSED,
	METRIC_PROXY_CONNECTIONS_CLOSED,
	METRIC_PROXY_HANDSHAKES,
	METRIC_PROXY_HANDSHAKE_FAILURES,
	METRIC_PROXY_HANDSHAKES_WAITING,
	METRIC_PROXY_HANDSHAKES_DEFERRED,
	METRIC_PROXY_BODY_BYTES,
	METRIC_PROXY_BODIES_WAITING,
	METRIC_PROXY_CERT_EXPIRY,
	METRIC_PROXY_CRL_UPDATE,
	/* What serves these. */
	METRIC_PROXY_STATUS_REQUESTS,
	METRIC_PROXY_STATUS_CONNECTIONS,
	METRIC_PROXY_STATUS_REFUSED,
	METRIC_PROXY_STATUS_TIMEOUTS,
	METRIC_COUNT
};

enum metric_kind {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM,
	METRIC_INFO		/* a gauge that is 1: its labels tell */
};

/* What a histogram or a gauge counts, and what it is shown in. */
enum metric_unit {
	UNIT_NONE,		/* as it is */
	UNIT_SECONDS,		/* of microseconds */
	UNIT_MILLISECONDS	/* the same */
};

/* Who may say it: what another says of it is not taken. */
#define METRICS_PARENT		(1U << 0)
#define METRICS_KEYD		(1U << 1)
#define METRICS_FRONTEND	(1U << 2)
#define METRICS_LINK		(1U << 3)
#define METRICS_DIALER		(1U << 4)
#define METRICS_RELAY		(1U << 5)
#define METRICS_AUDIT		(1U << 6)

#define METRICS_LABELS		4	/* of a metric, at most */
#define METRICS_LABEL_MAX	255	/* bytes of a label's value */

struct metric_def {
	const char		*name;
	enum metric_kind	 kind;
	enum metric_unit	 unit;
	unsigned int		 from;		/* METRICS_ bits */
	const char		*help;		/* a sentence */
	const char		*label[METRICS_LABELS];	/* NULL: no more */
};

/* NULL where there is none of that number. */
const struct metric_def *metric_def(unsigned int);
size_t		 metric_labels(const struct metric_def *);

/* ---- Saying samples ---------------------------------------------------- */

/*
 * Where they go.  put() takes one, encoded; -1 where memory is short: then
 * nothing more is taken and failed is set.
 */
struct metrics_out {
	int	(*put)(struct metrics_out *, const uint8_t *, size_t len);
	bool	 failed;
	size_t	 nsamples;
};

/*
 * One sample, and a value for each label that the metric has: they are cut at
 * METRICS_LABEL_MAX bytes.  Counters and gauges by the first, gauges by the
 * second, which may be negative; a METRIC_INFO has no value.
 */
void	metrics_u64(struct metrics_out *, enum metric, uint64_t, ...);
void	metrics_i64(struct metrics_out *, enum metric, int64_t, ...);
void	metrics_hist(struct metrics_out *, enum metric,
	    const struct histogram *, ...);
void	metrics_info(struct metrics_out *, enum metric, ...);

/* ---- A sample that was said -------------------------------------------- */

struct metric_sample {
	enum metric		 metric;
	const struct metric_def	*def;
	size_t			 nlabels;
	char			 label[METRICS_LABELS][METRICS_LABEL_MAX + 1];
	uint64_t		 value;		/* of a counter */
	int64_t			 gauge;		/* of a gauge; 1: METRIC_INFO */
	struct histogram	 hist;
};

/* Bytes of the longest. */
#define METRICS_SAMPLESIZE						\
	(2 + 1 + METRICS_LABELS * (1 + METRICS_LABEL_MAX) +		\
	    8 * (HISTOGRAM_BUCKETS + 1))

/*
 * Takes the next one out of the buffer.  -1: it is not of the form that its
 * metric has.
 */
int	metrics_decode(struct ibuf *, struct metric_sample *);

/* ---- Messages ---------------------------------------------------------- */

/*
 * From the parent to a child, and from a child that serves metrics to it:
 *   METRICS_ASK   what it has to say   <- METRICS_SAMPLE*, METRICS_END
 *   METRICS_WANT  what all have to say <- METRICS_SAMPLE*, METRICS_END
 * Each begins with the number of the question.
 */
enum metrics_msg {
	METRICS_ASK = 3,
	METRICS_SAMPLE,
	METRICS_END,
	METRICS_WANT
};

/* Samples that one process may say when it is asked. */
#define METRICS_MAXSAMPLES	65536
/* Bytes of all messages of them. */
#define METRICS_MAXBYTES	(4 * 1024 * 1024)
/* Data of one message; what each channel takes. */
#define METRICS_MSGSIZE		4000

/* ASK, END, WANT.  0 or -1. */
int	metrics_send(struct imsgbuf *, enum metrics_msg, uint32_t id);
/* One of these.  0; or -1: it is not of that form. */
int	metrics_get(struct imsg *, uint32_t *id);
/* A METRICS_SAMPLE; its samples are left in the buffer.  0 or -1. */
int	metrics_get_samples(struct imsg *, uint32_t *id, struct ibuf *);
/* A METRICS_SAMPLE of samples that are encoded already. */
int	metrics_send_samples(struct imsgbuf *, uint32_t id, const void *,
	    size_t len);

/*
 * What answers METRICS_ASK: samples are collected into messages.  Never more
 * than METRICS_MAXSAMPLES and METRICS_MAXBYTES: what is over is left out.
 */
struct metrics_writer {
	struct metrics_out	 out;		/* first */
	struct imsgbuf		*ibuf;
	uint32_t		 id;
	size_t			 bytes;		/* of all */
	size_t			 len;
	uint8_t			 buf[METRICS_MSGSIZE - 4];
};

void	metrics_begin(struct metrics_writer *, struct imsgbuf *, uint32_t id);
/* The last of them, and METRICS_END.  -1 where memory was short. */
int	metrics_end(struct metrics_writer *);

#endif /* COMMON_METRICS_H */
