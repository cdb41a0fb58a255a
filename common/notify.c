/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/notify.h"

/* For a manager that does not read: then we go on without its knowing. */
#define SEND_SECONDS	2

static int	 manager = -1;
static uint64_t	 watchdog;

/* A path, or a name that is not in the file system.  0 or -1. */
static int
make_address(const char *name, struct sockaddr_un *sun, socklen_t *len)
{
	size_t	 n = strlen(name);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if ((name[0] != '/' && name[0] != '@') || n < 2 ||
	    n >= sizeof(sun->sun_path))
		return (-1);
	memcpy(sun->sun_path, name, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	if (name[0] == '@')
		sun->sun_path[0] = '\0';
	else
		(*len)++;
	return (0);
}

static int
reach(const char *name)
{
	struct timeval		 tv = { SEND_SECONDS, 0 };
	struct sockaddr_un	 sun;
	socklen_t		 len;
	int			 fd, error;

	if (make_address(name, &sun, &len) == -1) {
		errno = EINVAL;
		return (-1);
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return (-1);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0 &&
	    connect(fd, (struct sockaddr *)&sun, len) == 0)
		return (fd);
	error = errno;
	close(fd);
	errno = error;
	return (-1);
}

/* A number of digits alone, or 0. */
static uint64_t
number(const char *name)
{
	const char	*text = getenv(name);
	uintmax_t	 n;

	if (text == NULL || *text == '\0' ||
	    text[strspn(text, "0123456789")] != '\0')
		return (0);
	errno = 0;
	n = strtoumax(text, NULL, 10);
	return (errno != 0 ? 0 : (uint64_t)n);
}

void
notify_open(void)
{
	const char	*name = getenv("NOTIFY_SOCKET");

	if (name == NULL)
		return;
	if ((manager = reach(name)) == -1) {
		log_errno("cannot reach the service manager at "
		    "NOTIFY_SOCKET=%s", name);
		return;
	}
	/* Meant for another process where there is another number. */
	if (getenv("WATCHDOG_PID") == NULL ||
	    number("WATCHDOG_PID") == (uint64_t)getpid())
		watchdog = number("WATCHDOG_USEC");
}

static void
tell(const char *text, int flags)
{
	ssize_t	 n;

	if (manager == -1)
		return;
	do {
		n = send(manager, text, strlen(text), MSG_NOSIGNAL | flags);
	} while (n == -1 && errno == EINTR);
	if (n == -1 && !(flags & MSG_DONTWAIT && errno == EAGAIN))
		log_errno("cannot tell the service manager %.*s",
		    (int)strcspn(text, "\n"), text);
}

/*
 * A line ends what is said, and what is not UTF-8 is not taken: only ASCII is
 * left as it is.
 */
static void
clean(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

void
notify_ready(const char *fmt, ...)
{
	char	 status[512], text[sizeof(status) + 32];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(status, sizeof(status), fmt, ap);
	va_end(ap);
	clean(status);
	snprintf(text, sizeof(text), "READY=1\nSTATUS=%s", status);
	tell(text, 0);
}

void
notify_reloading(void)
{
	char	 text[96];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64
	    "\nSTATUS=reloading", clock_us());
	tell(text, 0);
}

void
notify_stopping(void)
{
	tell("STOPPING=1\nSTATUS=stopping", 0);
}

void
notify_alive(void)
{
	tell("WATCHDOG=1", MSG_DONTWAIT);
}

uint64_t
notify_watchdog(void)
{
	return (watchdog);
}
