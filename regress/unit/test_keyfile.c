/*
 * objects: keyd/keyfile.o keyd/keyfile_error.o keyd/eckey.o keyd/der.o
 *     keyd/sign.o keyd/keccak.o common/secret.o common/base64.o
 *     common/hex.o common/u256.o
 * libs: libsecp256k1
 */
/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "keyd/der.h"
#include "keyd/keyfile.h"
#include "regress/unit/keyfile_curve.h"
#include "regress/unit/keyfile_der.h"
#include "regress/unit/keyfile_good.h"
#include "regress/unit/keyfile_text.h"
#include "regress/unit/memscan.h"
#include "regress/unit/secrets_util.h"

#define NCASES(cases)	(sizeof(cases) / sizeof((cases)[0]))

/* A descriptor of a file that holds the text. */
static int
file_of(const char *text, size_t len)
{
	FILE *fp;
	int fd;

	fp = tmpfile();
	assert_non_null(fp);
	assert_int_equal(fwrite(text, 1, len, fp), len);
	assert_int_equal(fflush(fp), 0);
	fd = dup(fileno(fp));
	assert_true(fd != -1);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	fclose(fp);
	return (fd);
}

static bool
same_key(const struct keyfile *kf, const struct keyfile_case *c)
{
	uint8_t expected[SECRET_SIZE];
	struct sign_key key;

	unhex(expected, key_secrets[c->key], SECRET_SIZE);
	assert_int_equal(sign_key(&key, kf->secret), 0);
	if (kf->has_pubkey)
		assert_memory_equal(kf->pubkey, key.pubkey,
		    sizeof(kf->pubkey));
	return (memcmp(kf->secret, expected, SECRET_SIZE) == 0);
}

static void
run_case(const struct keyfile_case *c)
{
	struct keyfile kf;
	enum keyfile_error error;
	int fd;

	fd = file_of(c->text, c->len);
	memset(&kf, 0x55, sizeof(kf));
	error = keyfile_read(&kf, fd);
	close(fd);
	if (error != c->error || kf.line != c->line)
		fail_msg("%s: %s, line %u", c->name, keyfile_strerror(error),
		    kf.line);
	if (error != KEYFILE_OK) {
		assert_null(kf.secret);
	} else {
		if (kf.has_pubkey != c->has_pubkey || !same_key(&kf, c))
			fail_msg("%s: another key", c->name);
		secret_free(kf.secret, SECRET_SIZE);
	}
	assert_pool_free();
}

static void
test_good(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NCASES(good_cases); i++)
		run_case(&good_cases[i]);
}

static void
test_text(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NCASES(text_cases); i++)
		run_case(&text_cases[i]);
}

static void
test_der(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NCASES(der_cases); i++)
		run_case(&der_cases[i]);
}

static void
test_curve(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NCASES(curve_cases); i++)
		run_case(&curve_cases[i]);
}

/*
 * Every beginning of a good file, at the very end of its buffer, and the
 * file with each byte changed: no fault of memory, and never another key.
 */
static void
test_damaged(void **state)
{
	struct keyfile kf;
	const struct keyfile_case *c;
	uint8_t *secret;
	char *text;
	size_t i, k;

	(void)state;
	secret = secret_alloc(SECRET_SIZE);
	for (i = 0; i < NCASES(good_cases); i++) {
		c = &good_cases[i];
		for (k = 0; k < c->len; k++) {
			text = malloc(k + 1);
			assert_non_null(text);
			memcpy(text, c->text, k);
			kf.secret = secret;
			if (keyfile_parse(&kf, text, k) == KEYFILE_OK)
				assert_true(same_key(&kf, c));
			free(text);
		}
		text = malloc(c->len);
		assert_non_null(text);
		memcpy(text, c->text, c->len);
		for (k = 0; k < c->len; k++) {
			text[k] = (char)(text[k] ^ 0x15);
			kf.secret = secret;
			keyfile_parse(&kf, text, c->len);
			text[k] = c->text[k];
		}
		free(text);
	}
	secret_free(secret, SECRET_SIZE);
	assert_pool_free();
}

/* A key that is refused leaves nothing in the caller's memory. */
static void
assert_wiped(struct keyfile *kf, const struct keyfile_case *c)
{
	static const uint8_t zeros[SECRET_SIZE];

	memset(kf->secret, 0x55, SECRET_SIZE);
	if (keyfile_parse(kf, c->text, c->len) != KEYFILE_OK)
		assert_memory_equal(kf->secret, zeros, SECRET_SIZE);
}

static void
test_parse_wipes(void **state)
{
	struct keyfile kf;
	size_t i;

	(void)state;
	kf.secret = secret_alloc(SECRET_SIZE);
	for (i = 0; i < NCASES(der_cases); i++)
		assert_wiped(&kf, &der_cases[i]);
	for (i = 0; i < NCASES(text_cases); i++)
		assert_wiped(&kf, &text_cases[i]);
	secret_free(kf.secret, SECRET_SIZE);
}

static void
assert_size(size_t len, enum keyfile_error expected)
{
	struct keyfile kf;
	char *text;
	int fd;

	text = malloc(len);
	assert_non_null(text);
	memset(text, '\n', len);
	memcpy(text, good_cases[0].text, good_cases[0].len);
	fd = file_of(text, len);
	assert_int_equal(keyfile_read(&kf, fd), expected);
	if (expected == KEYFILE_OK)
		secret_free(kf.secret, SECRET_SIZE);
	else
		assert_null(kf.secret);
	close(fd);
	free(text);
	assert_pool_free();
}

static void
test_size(void **state)
{
	(void)state;
	assert_size(KEYFILE_MAX - 1, KEYFILE_OK);
	assert_size(KEYFILE_MAX, KEYFILE_OK);
	assert_size(KEYFILE_MAX + 1, KEYFILE_TOOLONG);
	assert_size(KEYFILE_MAX * 3, KEYFILE_TOOLONG);
}

/* A block as large as a file can be, and a file of nothing but lines. */
static void
test_large(void **state)
{
	static const char begin[] = "-----BEGIN PRIVATE KEY-----\n";
	static const char end[] = "\n-----END PRIVATE KEY-----\n";
	struct keyfile kf;
	char *text;
	int fd;

	(void)state;
	text = malloc(KEYFILE_MAX);
	assert_non_null(text);
	memset(text, 'M', KEYFILE_MAX);
	memcpy(text, begin, sizeof(begin) - 1);
	memcpy(text + KEYFILE_MAX - sizeof(end) + 1, end, sizeof(end) - 1);
	fd = file_of(text, KEYFILE_MAX);
	/* KEYFILE_BASE64 or KEYFILE_DER, as the number of Ms has it. */
	assert_int_not_equal(keyfile_read(&kf, fd), KEYFILE_OK);
	close(fd);
	memset(text, '\n', KEYFILE_MAX);
	text[KEYFILE_MAX - 1] = 'x';
	fd = file_of(text, KEYFILE_MAX);
	assert_int_equal(keyfile_read(&kf, fd), KEYFILE_FORM);
	close(fd);
	free(text);
	assert_pool_free();
}

static void
test_read_error(void **state)
{
	struct keyfile kf;
	int fd;

	(void)state;
	errno = 0;
	assert_int_equal(keyfile_read(&kf, -1), KEYFILE_READ);
	assert_int_equal(errno, EBADF);
	assert_null(kf.secret);
	fd = open("/", O_RDONLY);
	assert_int_equal(keyfile_read(&kf, fd), KEYFILE_READ);
	assert_int_equal(errno, EISDIR);
	close(fd);
	assert_pool_free();
}

/* A key file that comes in small pieces, as from a pipe. */
static void
test_pipe(void **state)
{
	const struct keyfile_case *c = &good_cases[0];
	struct keyfile kf;
	int fds[2];
	size_t i;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	if ((pid = fork()) == 0) {
		for (i = 0; i < c->len; i++)
			if (write(fds[1], c->text + i, 1) != 1)
				_exit(1);
		_exit(0);
	}
	assert_true(pid > 0);
	close(fds[1]);
	assert_int_equal(keyfile_read(&kf, fds[0]), KEYFILE_OK);
	assert_true(same_key(&kf, c));
	secret_free(kf.secret, SECRET_SIZE);
	close(fds[0]);
}

/* Secret memory runs out at each of the places where some is taken. */
static void
test_memory(void **state)
{
	const struct keyfile_case *c = &good_cases[0];
	struct keyfile kf;
	enum keyfile_error error = KEYFILE_MEMORY;
	void *p;
	size_t left;
	int fd;

	(void)state;
	fd = file_of(c->text, c->len);
	for (left = 16; error == KEYFILE_MEMORY; left += 16) {
		p = secret_alloc(POOL - left);
		assert_non_null(p);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		error = keyfile_read(&kf, fd);
		secret_free(p, POOL - left);
		if (error == KEYFILE_MEMORY) {
			assert_null(kf.secret);
			assert_pool_free();
		}
	}
	assert_int_equal(error, KEYFILE_OK);
	assert_true(left > KEYFILE_MAX);
	secret_free(kf.secret, SECRET_SIZE);
	close(fd);
}

static void
test_strerror(void **state)
{
	enum keyfile_error a, b;

	(void)state;
	for (a = KEYFILE_OK; a < KEYFILE_MAXERROR; a++) {
		assert_non_null(keyfile_strerror(a));
		for (b = KEYFILE_OK; b < a; b++)
			assert_string_not_equal(keyfile_strerror(a),
			    keyfile_strerror(b));
	}
	assert_string_equal(keyfile_strerror(KEYFILE_MAXERROR),
	    "unknown error");
	assert_string_equal(keyfile_strerror((enum keyfile_error)-1),
	    "unknown error");
}

/* What the openssl command writes: the shell command, to a file $F. */
static const struct {
	const char		*command;
	enum keyfile_error	 error;
	unsigned int		 line;
} made[] = {
	{ "openssl ecparam -name secp256k1 -genkey -noout",
	    KEYFILE_OK, 1 },
	{ "openssl ecparam -name secp256k1 -genkey", KEYFILE_OK, 4 },
	{ "openssl ecparam -name secp256k1 -genkey -noout"
	    " -param_enc explicit", KEYFILE_OK, 1 },
	{ "openssl ecparam -name secp256k1 -genkey -param_enc explicit",
	    KEYFILE_OK, 8 },
	{ "openssl ecparam -name secp256k1 -genkey -noout"
	    " -conv_form compressed | openssl ec -conv_form compressed",
	    KEYFILE_OK, 1 },
	{ "openssl ecparam -name secp256k1 -genkey -noout |"
	    " openssl ec -no_public", KEYFILE_OK, 1 },
	{ "openssl ecparam -name secp256k1 -genkey -noout |"
	    " openssl pkcs8 -topk8 -nocrypt", KEYFILE_OK, 1 },
	{ "openssl ecparam -name secp256k1 -genkey -noout"
	    " -param_enc explicit | openssl pkcs8 -topk8 -nocrypt",
	    KEYFILE_OK, 1 },
	{ "openssl genpkey -algorithm EC"
	    " -pkeyopt ec_paramgen_curve:secp256k1", KEYFILE_OK, 1 },
	{ "openssl rand -hex 32", KEYFILE_OK, 1 },
	{ "openssl ecparam -name secp256k1 -genkey -noout |"
	    " openssl pkcs8 -topk8 -passout pass:x", KEYFILE_ENCRYPTED, 1 },
	{ "openssl ecparam -name secp256k1 -genkey -noout |"
	    " openssl ec -aes128 -passout pass:x", KEYFILE_ENCRYPTED, 2 },
	{ "openssl ecparam -name secp256k1 -genkey -noout |"
	    " openssl ec -pubout", KEYFILE_LABEL, 1 },
	{ "openssl ecparam -name prime256v1 -genkey -noout",
	    KEYFILE_CURVE, 1 },
	{ "openssl ecparam -name secp384r1 -genkey -noout",
	    KEYFILE_CURVE, 1 },
	{ "openssl ecparam -name prime256v1 -genkey -noout"
	    " -param_enc explicit", KEYFILE_PARAMETERS, 1 },
	{ "openssl genpkey -algorithm ed25519", KEYFILE_ALGORITHM, 1 },
	{ "openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048",
	    KEYFILE_ALGORITHM, 1 },
};

/* Runs the command with its output to a file that is gone then. */
static int
run_openssl(const char *command)
{
	char path[] = "/tmp/keyfile.XXXXXX", line[512];
	int fd;

	assert_true((fd = mkstemp(path)) != -1);
	snprintf(line, sizeof(line), "(%s) >%s 2>/dev/null </dev/null",
	    command, path);
	assert_int_equal(system(line), 0);
	unlink(path);
	return (fd);
}

static void
test_openssl(void **state)
{
	struct keyfile kf;
	enum keyfile_error error;
	size_t i;
	int fd;

	(void)state;
	if (system("openssl version >/dev/null 2>&1") != 0)
		skip();
	for (i = 0; i < NCASES(made); i++) {
		fd = run_openssl(made[i].command);
		error = keyfile_read(&kf, fd);
		close(fd);
		if (error != made[i].error || kf.line != made[i].line)
			fail_msg("%s: %s, line %u", made[i].command,
			    keyfile_strerror(error), kf.line);
		if (error == KEYFILE_OK)
			secret_free(kf.secret, SECRET_SIZE);
	}
}

/*
 * Copies, in all of the process but the pool, of the halves of the scalar,
 * as written and as little endian numbers.
 */
static size_t
copies_of(const uint8_t *secret, uint8_t *buf)
{
	const volatile uint8_t *p = secret;	/* no vector registers */
	uint8_t *reversed;
	size_t i, found = 0;

	reversed = secret_alloc(SECRET_SIZE);
	assert_non_null(reversed);
	for (i = 0; i < SECRET_SIZE; i++)
		reversed[i] = p[SECRET_SIZE - 1 - i];
	for (i = 0; i < SECRET_SIZE; i += 16) {
		found += memscan_process(secret + i, 16, buf);
		found += memscan_process(reversed + i, 16, buf);
	}
	secret_free(reversed, SECRET_SIZE);
	return (found);
}

static void
assert_no_copies(const char *command)
{
	struct keyfile kf;
	char *text, *heap;
	uint8_t *buf;
	ssize_t n;
	int fd;

	/* No word of the key is in this process before it is read. */
	fd = run_openssl(command);
	assert_int_equal(keyfile_read(&kf, fd), KEYFILE_OK);
	buf = secret_alloc(MEMSCAN_BUF);
	text = secret_alloc(KEYFILE_MAX);
	assert_non_null(buf);
	assert_non_null(text);
	assert_int_equal(copies_of(kf.secret, buf), 0);

	/*
	 * The text: in all these forms the end of the first line (in PEM, of
	 * base64) is of the key.
	 */
	n = pread(fd, text, KEYFILE_MAX, 0);
	close(fd);
	assert_true(n >= 64);
	if (text[0] == '-')
		memmove(text, strchr(text, '\n') + 1, 64);
	assert_int_equal(memscan_process((uint8_t *)text + 44, 20, buf), 0);

	/* A copy would have been found. */
	heap = malloc(SECRET_SIZE + 64);
	assert_non_null(heap);
	memcpy(heap, kf.secret, SECRET_SIZE);
	memcpy(heap + SECRET_SIZE, text, 64);
	__asm__ volatile("" : : "r"(heap) : "memory");
	assert_true(copies_of(kf.secret, buf) >= 2);
	assert_true(memscan_process((uint8_t *)text + 44, 20, buf) >= 1);
	explicit_bzero(heap, SECRET_SIZE + 64);
	free(heap);
	secret_free(text, KEYFILE_MAX);
	secret_free(buf, MEMSCAN_BUF);
	secret_free(kf.secret, SECRET_SIZE);
}

static void
test_no_copies(void **state)
{
	(void)state;
	if (!memscan_open() || system("openssl version >/dev/null 2>&1") != 0)
		skip();
	assert_no_copies("openssl rand -hex 32");
	assert_no_copies("openssl ecparam -name secp256k1 -genkey -noout");
	assert_no_copies("openssl ecparam -name secp256k1 -genkey -noout"
	    " -param_enc explicit");
	assert_no_copies("openssl ecparam -name secp256k1 -genkey -noout |"
	    " openssl pkcs8 -topk8 -nocrypt");
}

static void
test_stack(void **state)
{
	struct keyfile kf;

	(void)state;
	if (!memscan_open())
		skip();
	kf.secret = secret_alloc(SECRET_SIZE);
	memscan_fill_stack();
	assert_int_equal(keyfile_parse(&kf, good_cases[0].text,
	    good_cases[0].len), KEYFILE_OK);
	assert_true(memscan_stack_left() < 4096);
	memscan_fill_stack();
	assert_int_equal(keyfile_parse(&kf, der_cases[0].text,
	    der_cases[0].len), KEYFILE_DER);
	assert_true(memscan_stack_left() < 4096);
	secret_free(kf.secret, SECRET_SIZE);
}

static void
assert_take(const char *bytes, size_t len, bool ok, size_t content,
    size_t rest)
{
	struct der der, in;
	uint8_t *p;

	p = malloc(len);
	assert_true(len == 0 || p != NULL);
	if (len > 0)
		memcpy(p, bytes, len);
	in.p = p;
	in.len = len;
	assert_int_equal(der_take(&in, DER_OCTETSTRING, &der), ok ? 0 : -1);
	if (ok) {
		assert_int_equal(der.len, content);
		assert_int_equal(in.len, rest);
		assert_ptr_equal(in.p, p + len - rest);
		assert_ptr_equal(der.p, in.p - content);
	}
	free(p);
}

static void
test_der_take(void **state)
{
	static char big[4 + 256] = "\004\202\001\000";
	static char middle[3 + 128] = "\004\201\200";

	(void)state;
	assert_take("", 0, false, 0, 0);
	assert_take("\004", 1, false, 0, 0);
	assert_take("\005\000", 2, false, 0, 0);
	assert_take("\004\000", 2, true, 0, 0);
	assert_take("\004\000x", 3, true, 0, 1);
	assert_take("\004\001", 2, false, 0, 0);
	assert_take("\004\002ab", 4, true, 2, 0);
	assert_take("\004\200ab\000\000", 6, false, 0, 0);
	assert_take("\004\201", 2, false, 0, 0);
	assert_take("\004\201\001a", 4, false, 0, 0);
	assert_take("\004\202\001", 3, false, 0, 0);
	assert_take("\004\204\377\377\377\377", 6, false, 0, 0);
	assert_take(middle, sizeof(middle), true, 128, 0);
	assert_take(middle, sizeof(middle) - 1, false, 0, 0);
	assert_take(big, sizeof(big), true, 256, 0);
	assert_take(big, sizeof(big) - 1, false, 0, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_der),
		cmocka_unit_test(test_curve),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_parse_wipes),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_read_error),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_strerror),
		cmocka_unit_test(test_openssl),
		cmocka_unit_test(test_no_copies),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_der_take),
	};

	return (cmocka_run_group_tests_name("keyfile", tests, secrets_setup,
	    secrets_teardown));
}
