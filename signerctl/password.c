/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/secret.h"
#include "signerctl/key.h"
#include "signerctl/password.h"

#define TRIES	3

/* Those that the terminal, or who closes it, sends. */
static const int signals[] = {
	SIGALRM, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN,
	SIGTTOU
};

#define NSIGNALS	(sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t	caught[NSIGNALS];

static void
on_signal(int signo)
{
	size_t	 i;

	for (i = 0; i < NSIGNALS; i++)
		if (signals[i] == signo)
			caught[i] = 1;
}

static bool
any_caught(void)
{
	size_t	 i;

	for (i = 0; i < NSIGNALS; i++)
		if (caught[i])
			return (true);
	return (false);
}

struct before {
	struct sigaction	 action[NSIGNALS];
	sigset_t		 mask;
};

/*
 * They come while the terminal is waited for and at no other time, so that
 * none is missed: but SIGTTIN and SIGTTOU, which are what a call of ours
 * comes to.
 */
static void
catch_signals(struct before *before)
{
	struct sigaction	 sa;
	sigset_t		 mask;
	size_t			 i;

	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sigemptyset(&mask);
	sa.sa_handler = on_signal;
	for (i = 0; i < NSIGNALS; i++) {
		caught[i] = 0;
		if (signals[i] != SIGTTIN && signals[i] != SIGTTOU)
			sigaddset(&mask, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &mask, &before->mask);
	for (i = 0; i < NSIGNALS; i++) {
		sigaction(signals[i], &sa, &before->action[i]);
		/* What was to be ignored (nohup) still is. */
		if (before->action[i].sa_handler == SIG_IGN)
			sigaction(signals[i], &before->action[i], NULL);
	}
}

/* Now it happens what would have; true where the process only stopped. */
static bool
deliver_signals(const struct before *before)
{
	size_t	 i;
	bool	 stopped = false;

	for (i = 0; i < NSIGNALS; i++)
		sigaction(signals[i], &before->action[i], NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
	for (i = 0; i < NSIGNALS; i++) {
		if (!caught[i])
			continue;
		kill(getpid(), signals[i]);
		stopped |= signals[i] == SIGTSTP || signals[i] == SIGTTIN ||
		    signals[i] == SIGTTOU;
	}
	return (stopped);
}

/* In the background a change of the terminal fails, by SIGTTOU. */
static int
set_terminal(int tty, const struct termios *to)
{
	while (tcsetattr(tty, TCSAFLUSH, to) == -1) {
		if (errno != EINTR || any_caught())
			return (-1);
	}
	return (0);
}

/*
 * One byte a call, so that nothing is in a buffer but in secret memory.
 * Where there is a mask, signals may come while there is nothing to read.
 */
static int
read_line(int fd, struct password *pw, const sigset_t *mask)
{
	struct pollfd	 pfd = { fd, POLLIN, 0 };
	ssize_t		 n;

	pw->len = 0;
	while (pw->len <= PASSWORD_MAX) {
		n = mask != NULL ? ppoll(&pfd, 1, NULL, mask) : 1;
		if (n != -1)
			n = read(fd, pw->text + pw->len, 1);
		if (n == -1 && errno == EINTR && !any_caught())
			continue;
		if (n == -1)
			return (-1);
		if (n == 0 || pw->text[pw->len] == '\n') {
			pw->text[pw->len] = '\0';
			return (n == 0 && pw->len == 0 ? -1 : 0);
		}
		pw->len++;
	}
	errno = EMSGSIZE;
	return (-1);
}

static int
say(int tty, const char *text)
{
	size_t	 len = strlen(text);

	return (write(tty, text, len) == (ssize_t)len ? 0 : -1);
}

/* 0; or -1 and errno, or any_caught(). */
static int
ask(int tty, struct password *pw, const char *prompt, const sigset_t *mask)
{
	struct termios	 before, quiet;
	int		 error, status;

	if (tcgetattr(tty, &before) == -1)
		return (-1);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	if (set_terminal(tty, &quiet) == -1)
		return (-1);
	if ((status = say(tty, prompt)) == 0)
		status = read_line(tty, pw, mask);
	error = errno;
	/* Whatever came: this is to be undone. */
	while (tcsetattr(tty, TCSAFLUSH, &before) == -1 && errno == EINTR &&
	    !any_caught())
		continue;
	say(tty, "\n");
	errno = error;
	return (status);
}

static void
make_room(struct password *pw)
{
	if (pw->text == NULL &&
	    (pw->text = secret_alloc(PASSWORD_MAX + 1)) == NULL)
		refuse("out of secret memory");
	pw->len = 0;
}

void
password_ask(struct password *pw, const char *prompt)
{
	struct before	 before;
	int		 error, status, tty;
	bool		 again;

	make_room(pw);
	if ((tty = open("/dev/tty", O_RDWR | O_CLOEXEC)) == -1)
		refuse("no terminal to ask for a password on: %s",
		    strerror(errno));
	do {
		errno = 0;
		catch_signals(&before);
		status = ask(tty, pw, prompt, &before.mask);
		error = errno;
		again = deliver_signals(&before);
	} while (again);
	close(tty);
	if (status == 0)
		return;
	if (error == EMSGSIZE)
		refuse("a password has at most %d bytes", PASSWORD_MAX);
	refuse("no password: %s", error == 0 ? "end of input" :
	    strerror(error));
}

void
password_ask_new(struct password *pw, const char *what)
{
	struct password	 again = { NULL, 0 };
	char		 prompt[128];
	int		 i;

	for (i = 0; i < TRIES; i++) {
		snprintf(prompt, sizeof(prompt), "New password for %s: ",
		    what);
		password_ask(pw, prompt);
		if (pw->len == 0) {
			complain("an empty password protects nothing");
			continue;
		}
		password_ask(&again, "The same again: ");
		if (again.len == pw->len &&
		    memcmp(again.text, pw->text, pw->len) == 0) {
			password_free(&again);
			return;
		}
		complain("the two are not the same");
	}
	refuse("no new password");
}

static void
check_password_file(int fd, const char *path)
{
	struct stat	 st;

	if (fstat(fd, &st) == -1)
		refuse("%s: %s", path, strerror(errno));
	if (S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		refuse("%s: others than its owner can read or write it "
		    "(mode %04o): chmod 600 it", path,
		    (unsigned int)(st.st_mode & 07777));
}

void
password_read(struct password *pw, const char *path, int is_new)
{
	int	 fd;

	make_room(pw);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		refuse("%s: %s", path, strerror(errno));
	check_password_file(fd, path);
	errno = 0;
	if (read_line(fd, pw, NULL) == -1) {
		if (errno == EMSGSIZE)
			refuse("%s: the first line is no password: it has "
			    "more than %d bytes", path, PASSWORD_MAX);
		if (errno != 0)
			refuse("%s: %s", path, strerror(errno));
		pw->len = 0;
	}
	close(fd);
	if (pw->len > 0 && pw->text[pw->len - 1] == '\r')
		pw->len--;
	if (pw->len == 0 && is_new)
		refuse("%s: the first line is empty: an empty password "
		    "protects nothing", path);
}

void
password_free(struct password *pw)
{
	secret_free(pw->text, PASSWORD_MAX + 1);
	pw->text = NULL;
	pw->len = 0;
}
