/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef API_LINK_H
#define API_LINK_H

/*
 * What a signer and a proxy say to each other on a link beside requests and
 * their answers (section "Signer to proxy" of the protocol).
 */
#define LINK_SERVE_SIGNER	"opsignerproxy_serveSigner"

/* JSON-RPC errors; a link has no status code to tell them by. */
#define LINK_UNEXPECTED		(-32001)	/* to serveSigner: not you */
#define LINK_BUSY		(-32005)	/* try elsewhere */
#define LINK_DEADLINE		(-32006)	/* the time is up */

/* Close codes of RFC 6455 section 7.4, and one of ours. */
#define LINK_GOING_AWAY		1001
#define LINK_PROTOCOL		1002
#define LINK_POLICY		1008
#define LINK_NO_ROOM		1011
#define LINK_REPLACED		4001	/* by a newer one of this signer */

#endif /* API_LINK_H */
