/*
 * objects: keyd/keyd.o keyd/setup.o keyd/trail.o keyd/trail_record.o
 * keyd/audit.o keyd/auditmsg.o keyd/serve.o keyd/sign.o keyd/keyfile.o
 *     keyd/keyfile_error.o keyd/eckey.o keyd/der.o keyd/keccak.o
 *     keyd/payload.o keyd/policy.o keyd/rule.o keyd/rlp.o keyd/tx.o
 *     keyd/keymsg.o keyd/keymsg_check.o
 *     keyd/keymsg_request.o keyd/keymsg_rule.o keyd/request.o
 *     common/base64.o common/hex.o common/log.o common/log_render.o
 *     common/privdrop.o common/proc.o common/sandbox.o
 *     common/sandbox_nohook.o common/sandbox_tables.o common/secret.o
 *     common/u256.o compat/imsg.o compat/imsg-buffer.o keyd/count.o
 *     common/metrics.o common/metrics_table.o common/histogram.o
 *     common/list.o common/msgfield.o
 * libs: libsecp256k1 libseccomp
 */
/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/syscall.h>

#include <poll.h>
#include <time.h>
#include <unistd.h>

/*
 * keyd with a clock of its own: where nothing happens, the time that it would
 * wait for has passed at once.
 */
static time_t	 ahead;		/* seconds */

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	if (syscall(SYS_clock_gettime, clock, ts) == -1)
		return (-1);
	ts->tv_sec += ahead;
	return (0);
}

int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	static const struct timespec	 none = { 0, 0 };
	int				 r;

	r = (int)syscall(SYS_ppoll, fds, n, timeout < 0 ? NULL : &none, NULL,
	    0);
	if (r == 0 && timeout > 0)
		ahead += timeout / 1000 + 1;
	return (r);
}
