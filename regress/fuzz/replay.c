/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * A fuzz target without libFuzzer, for make check: each file that is given,
 * or that is in a directory given, and a number of mutations of it, the same
 * ones each time.
 *
 *	replay_NAME [-m mutations] file | directory ...
 *
 * One test in TAP.  An input that ends the program (a signal, a sanitizer's
 * finding, too much time) is left beside the program, in replay_NAME.input.
 */

#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "regress/fuzz/fuzz.h"

/* Of each input, and of all inputs of a target. */
#define MUTATIONS	200
#define MUTATIONS_ALL	4000
/* Changes that one of them has. */
#define CHANGES		8
#define INPUT_MAX	((size_t)1 << 20)
/* To how much an input that is smaller may grow. */
#define GROWN_MAX	((size_t)16384)
/* For an input and its mutations. */
#define SECONDS		60

struct input {
	char	*path;
	uint8_t	*data;
	size_t	 size;
};

#pragma weak LLVMFuzzerInitialize

static struct {
	const char	*program;
	char		 left[PATH_MAX];	/* path of what is left */
	const char	*path;			/* now being run */
	unsigned long	 mutation;		/* 0: as it is */
	const uint8_t	*data;
	size_t		 size;
	struct input	*inputs;
	size_t		 ninputs;
	unsigned long	 mutations;
	uint64_t	 random;
} replay;

/* Their default is to exit; we want to be told. */
const char	*__asan_default_options(void);
const char	*__ubsan_default_options(void);

const char *
__asan_default_options(void)
{
	return ("abort_on_error=1");
}

const char *
__ubsan_default_options(void)
{
	return ("abort_on_error=1:print_stacktrace=1");
}

/* ---- When it ends early ------------------------------------------------ */

static void
say(const char *text)
{
	ssize_t	n;

	n = write(STDOUT_FILENO, text, strlen(text));
	(void)n;
}

static void
say_number(unsigned long v)
{
	char	 digits[24], *p = digits + sizeof(digits) - 1;

	*p = '\0';
	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	say(p);
}

/* Calls only what a signal handler may. */
static void
fallen(int sig)
{
	ssize_t	n = 0;
	int	fd;

	say("not ok 1 - ");
	say(sig == SIGALRM ? "takes too long: " : "died of: ");
	say(replay.path == NULL ? "(no input)" : replay.path);
	say(", mutation ");
	say_number(replay.mutation);
	fd = open(replay.left, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd != -1 && replay.size != 0)
		n = write(fd, replay.data, replay.size);
	if (fd != -1 && n == (ssize_t)replay.size) {
		say("\n# to repeat: ");
		say(replay.program);
		say(" -m 0 ");
		say(replay.left);
	}
	say("\n");
	_exit(1);
}

static void
watch(void)
{
	static const int	 sigs[] = {
		SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP
	};
	struct sigaction	 sa;
	size_t			 i;

	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = fallen;
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
#ifdef SIGNERD_SANITIZE
		/* It says more, and aborts. */
		if (sigs[i] != SIGABRT && sigs[i] != SIGALRM)
			continue;
#endif
		sigaction(sigs[i], &sa, NULL);
	}
}

/* ---- Mutations --------------------------------------------------------- */

/* splitmix64, Steele, Lea and Flood 2014. */
static uint64_t
random64(void)
{
	uint64_t	z;

	z = replay.random += 0x9e3779b97f4a7c15U;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return (z ^ (z >> 31));
}

/* 0 to max - 1; 0 for none. */
static size_t
below(size_t max)
{
	return (max == 0 ? 0 : (size_t)(random64() % max));
}

static uint8_t
telling_byte(void)
{
	static const uint8_t	bytes[] = {
		0, 1, '\t', '\n', '\r', ' ', '"', '%', '\'', ',', '-', '.',
		'/', '0', '9', ':', '=', '[', '\\', ']', '{', '}', 0x7f, 0x80,
		0xbf, 0xc0, 0xe0, 0xf8, 0xfe, 0xff
	};

	if (below(3) == 0)
		return ((uint8_t)random64());
	return (bytes[below(sizeof(bytes))]);
}

/* Puts n bytes of room at that place; false where there is none. */
static bool
widen(uint8_t *data, size_t *size, size_t max, size_t at, size_t n)
{
	if (n > max - *size)
		return (false);
	memmove(data + at + n, data + at, *size - at);
	*size += n;
	return (true);
}

static void
drop(uint8_t *data, size_t *size)
{
	size_t	at, n;

	at = below(*size);
	n = 1 + below(below(8) == 0 ? *size - at : 4);
	if (n > *size - at)
		n = *size - at;
	memmove(data + at, data + at + n, *size - at - n);
	*size -= n;
}

/* A piece of this input twice, or one of another input. */
static void
graft(uint8_t *data, size_t *size, size_t max)
{
	const struct input	*other;
	uint8_t			 piece[256];
	size_t			 from, n, at;

	other = &replay.inputs[below(replay.ninputs)];
	if (below(2) == 0 && other->size != 0) {
		from = below(other->size);
		n = 1 + below(other->size - from);
		if (n > sizeof(piece))
			n = sizeof(piece);
		memcpy(piece, other->data + from, n);
	} else {
		from = below(*size);
		n = 1 + below(*size - from);
		if (n > sizeof(piece))
			n = sizeof(piece);
		memcpy(piece, data + from, n);
	}
	at = below(*size + 1);
	if (below(2) == 0 && n <= *size - at)
		memcpy(data + at, piece, n);
	else if (widen(data, size, max, at, n))
		memcpy(data + at, piece, n);
}

static void
change(uint8_t *data, size_t *size, size_t max)
{
	size_t	at;

	if (*size == 0) {
		if (widen(data, size, max, 0, 1))
			data[0] = telling_byte();
		return;
	}
	at = below(*size);
	switch (below(7)) {
	case 0:
		data[at] ^= (uint8_t)(1U << below(8));
		break;
	case 1:
		data[at] = telling_byte();
		break;
	case 2:
		data[at] = (uint8_t)(data[at] + 1 - 2 * below(2));
		break;
	case 3:
		if (widen(data, size, max, at, 1))
			data[at] = telling_byte();
		break;
	case 4:
		drop(data, size);
		break;
	case 5:
		*size = at;
		break;
	default:
		graft(data, size, max);
	}
}

/* ---- Inputs ------------------------------------------------------------ */

static void
load(const char *path)
{
	struct input	*in, *list;
	struct stat	 st;
	ssize_t		 n;
	size_t		 used = 0;
	int		 fd;

	list = reallocarray(replay.inputs, replay.ninputs + 1, sizeof(*list));
	if (list == NULL)
		err(1, "memory");
	replay.inputs = list;
	in = &list[replay.ninputs++];
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1 ||
	    fstat(fd, &st) == -1)
		err(1, "%s", path);
	if (st.st_size < 0 || (size_t)st.st_size > INPUT_MAX)
		errx(1, "%s: more than %zu bytes", path, INPUT_MAX);
	in->size = (size_t)st.st_size;
	if ((in->data = malloc(in->size + 1)) == NULL ||
	    (in->path = strdup(path)) == NULL)
		err(1, "memory");
	while (used < in->size) {
		n = read(fd, in->data + used, in->size - used);
		if (n == -1)
			err(1, "%s", path);
		if (n == 0)
			break;
		used += (size_t)n;
	}
	in->size = used;
	close(fd);
}

static int
no_dot(const struct dirent *d)
{
	return (d->d_name[0] != '.');
}

/* In the order of their names, which is the same everywhere. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return (strcmp((*a)->d_name, (*b)->d_name));
}

static void
load_all(const char *path)
{
	struct dirent	**list;
	struct stat	  st;
	char		  name[PATH_MAX];
	int		  i, n;

	if (stat(path, &st) == -1)
		err(1, "%s", path);
	if (!S_ISDIR(st.st_mode)) {
		load(path);
		return;
	}
	if ((n = scandir(path, &list, no_dot, by_name)) == -1)
		err(1, "%s", path);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, list[i]->d_name);
		load(name);
		free(list[i]);
	}
	free(list);
}

static void
run_one(const uint8_t *data, size_t size)
{
	uint8_t	*copy;

	/* Of its very size, for the sanitizers. */
	copy = fuzz_copy(data, size);
	replay.data = copy;
	replay.size = size;
	LLVMFuzzerTestOneInput(copy, size);
	replay.size = 0;
	free(copy);
}

static void
run_input(const struct input *in, unsigned long mutations)
{
	uint8_t	*data;
	size_t	 size, max, n;

	replay.path = in->path;
	replay.mutation = 0;
	alarm(SECONDS);
	run_one(in->data, in->size);
	max = in->size < GROWN_MAX ? GROWN_MAX : in->size;
	if ((data = malloc(max)) == NULL)
		err(1, "memory");
	while (replay.mutation < mutations) {
		replay.random = ++replay.mutation;
		size = in->size;
		if (size != 0)
			memcpy(data, in->data, size);
		for (n = 1 + below(CHANGES); n > 0; n--)
			change(data, &size, max);
		run_one(data, size);
	}
	replay.mutations += mutations;
	free(data);
	alarm(0);
}

int
main(int argc, char **argv)
{
	unsigned long	 mutations = MUTATIONS, share;
	const char	*name;
	size_t		 i;
	int		 ch;

	replay.program = argv[0];
	name = strrchr(argv[0], '/');
	name = name == NULL ? argv[0] : name + 1;
	snprintf(replay.left, sizeof(replay.left), "%s.input", argv[0]);
	watch();
	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	while ((ch = getopt(argc, argv, "m:")) != -1) {
		if (ch != 'm')
			errx(1, "usage: %s [-m mutations] path ...", name);
		mutations = strtoul(optarg, NULL, 10);
	}
	puts("1..1");
	fflush(stdout);
	for (i = (size_t)optind; argv[i] != NULL; i++)
		load_all(argv[i]);
	if (replay.ninputs == 0)
		errx(1, "%s: no input", name);
	share = MUTATIONS_ALL / replay.ninputs;
	if (mutations == MUTATIONS && share < mutations)
		mutations = share;
	for (i = 0; i < replay.ninputs; i++)
		run_input(&replay.inputs[i], mutations);
	printf("ok 1 - %s: %zu inputs, %lu mutations of them\n", name,
	    replay.ninputs, replay.mutations);
	for (i = 0; i < replay.ninputs; i++) {
		free(replay.inputs[i].path);
		free(replay.inputs[i].data);
	}
	free(replay.inputs);
	return (0);
}
