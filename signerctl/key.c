/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <openssl/crypto.h>

#include "common/hex.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "common/secret.h"
#include "keyd/keyfile.h"
#include "signerctl/key.h"
#include "signerctl/newfile.h"

/*
 * A file and, while its PEM or its encryption is taken off, twice as much;
 * two passwords and one typed again; what is written, as DER too.
 */
#define POOL	(3 * (KEYFILE_MAX + 64) + 4 * (PASSWORD_MAX + 64) + \
		    2 * KEY_TEXT_MAX + 1024)

enum long_option {
	OPT_FORCE = 256,
	OPT_FORMAT,
	OPT_LIGHT,
	OPT_NEWPASSWORD,
	OPT_PASSWORD,
	OPT_STDIN
};

/* What follows the name of the command. */
struct words {
	struct key_new	 new;
	const char	*password;	/* path of a file, or NULL */
	const char	*new_password;
	const char	*source;	/* NULL: standard input */
	const char	*target;
	bool		 force;
	bool		 json;
	bool		 quiet;
	bool		 typed;		/* --stdin */
};

void
refuse(const char *fmt, ...)
{
	char	 text[1024];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	complain("%s", text);
	exit(STATUS_BAD);
}

void
random_bytes(void *p, size_t size)
{
	if (getentropy(p, size) == -1)
		refuse("no random numbers: %s", strerror(errno));
}

/* ---- What there is to be protected from -------------------------------- */

/* No core file, no debugger, nothing of a key elsewhere than in the pool. */
static void
harden(void)
{
	static char		 line[BUFSIZ];
	const struct rlimit	 none = { 0, 0 };

	umask(S_IRWXG | S_IRWXO);
	if (setrlimit(RLIMIT_CORE, &none) == -1)
		refuse("setrlimit: %s", strerror(errno));
#ifdef __linux__
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		refuse("prctl: %s", strerror(errno));
#endif
	/* A buffer from here: inside the sandbox stdio cannot ask for one. */
	setvbuf(stdout, line, _IOFBF, sizeof(line));
	if (secret_init(POOL) == -1)
		refuse("cannot lock memory for secrets: %s (ulimit -l)",
		    strerror(errno));
	if (atexit(secret_exit) != 0 || sign_init() == -1)
		refuse("out of memory");
	/* Without a configuration file, which could have it load anything. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
	    OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS |
	    OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL) != 1)
		refuse("libcrypto cannot begin");
}

/* From here on: no file is opened, and what was read is looked at. */
static void
enter_sandbox(void)
{
	sandbox_start(&sandbox_keytool);
}

/* ---- The words --------------------------------------------------------- */

/* Who means to type in a key shows it to everybody by ps(1). */
static const char *
operand(const char *word)
{
	const char	*digits = word;

	if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
		digits += 2;
	if (strlen(digits) >= 2 * SECRET_SIZE - 2 &&
	    hex_digits(digits, strlen(digits)))
		refuse("one of the words looks like a key: others can see it "
		    "there; expected the name of a file (or import --stdin)");
	return (word);
}

static void
parse_option(struct words *w, int c)
{
	switch (c) {
	case 'j':
		w->json = true;
		break;
	case 'q':
		w->quiet = true;
		break;
	case OPT_FORCE:
		w->force = true;
		break;
	case OPT_FORMAT:
		if ((w->new.form = key_form_of(optarg)) == KEY_NFORMS)
			give_up("%s: no such format: expected hex, sec1, "
			    "sec1-der, pkcs8, pkcs8-der or v3", optarg);
		break;
	case OPT_LIGHT:
		w->new.light = true;
		break;
	case OPT_NEWPASSWORD:
		w->new_password = optarg;
		break;
	case OPT_PASSWORD:
		w->password = optarg;
		break;
	case OPT_STDIN:
		w->typed = true;
		break;
	default:
		usage("key");
	}
}

static const struct option	options_new[] = {
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "light", no_argument, NULL, OPT_LIGHT },
	{ "password-file", required_argument, NULL, OPT_PASSWORD },
	{ NULL, 0, NULL, 0 }
};
static const struct option	options_copy[] = {
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "light", no_argument, NULL, OPT_LIGHT },
	{ "new-password-file", required_argument, NULL, OPT_NEWPASSWORD },
	{ "password-file", required_argument, NULL, OPT_PASSWORD },
	{ "stdin", no_argument, NULL, OPT_STDIN },
	{ NULL, 0, NULL, 0 }
};
static const struct option	options_address[] = {
	{ "password-file", required_argument, NULL, OPT_PASSWORD },
	{ NULL, 0, NULL, 0 }
};

/* Returns the number of words that are no options, which are checked. */
static int
parse_words(struct words *w, const struct option *options, int *argc,
    char ***argv)
{
	int	 c, i;

	memset(w, 0, sizeof(*w));
	w->new.form = KEY_NFORMS;
	while ((c = getopt_long(*argc, *argv, "jq", options, NULL)) != -1)
		parse_option(w, c);
	*argc -= optind;
	*argv += optind;
	for (i = 0; i < *argc; i++)
		operand((*argv)[i]);
	return (*argc);
}

/* ---- What is printed --------------------------------------------------- */

struct shown {
	char	address[KEY_ADDRESS];
	char	pubkey[4 + 2 * 64 + 1];
};

static void
print_json(const char *path, enum key_form form, const struct shown *shown)
{
	cJSON	*object = cJSON_CreateObject();
	char	*text = NULL;

	if (cJSON_AddStringToObject(object, "file", path) != NULL &&
	    cJSON_AddStringToObject(object, "format",
	    key_form_name(form)) != NULL &&
	    cJSON_AddStringToObject(object, "address",
	    shown->address) != NULL &&
	    cJSON_AddStringToObject(object, "publicKey",
	    shown->pubkey) != NULL)
		text = cJSON_PrintUnformatted(object);
	if (text == NULL)
		refuse("out of memory");
	printf("%s\n", text);
	cJSON_free(text);
	cJSON_Delete(object);
}

/* Of a key everybody may know this. */
static void
print_key(const struct words *w, const char *path, enum key_form form,
    const struct sign_key *key)
{
	struct shown	 shown;

	key_checksum(shown.address, key->address);
	memcpy(shown.pubkey, "0x04", 4);
	hex_encode(shown.pubkey + 4, key->pubkey, sizeof(key->pubkey));
	shown.pubkey[sizeof(shown.pubkey) - 1] = '\0';
	if (w->json)
		print_json(path, form, &shown);
	else if (w->quiet)
		printf("%s\n", shown.address);
	else
		printf("address     %s\npublic key  %s\n", shown.address,
		    shown.pubkey);
}

/* ---- The commands ------------------------------------------------------ */

static void
get_password(struct password *pw, const char *file, const char *path)
{
	char	 prompt[256];

	if (file != NULL) {
		password_read(pw, file, false);
		return;
	}
	snprintf(prompt, sizeof(prompt), "Password of %s: ", path);
	password_ask(pw, prompt);
}

static void
get_new_password(struct words *w, const char *file)
{
	if (w->new.form != KEY_V3) {
		if (file != NULL || w->new.light)
			give_up("only format v3 has a password");
	} else if (file != NULL)
		password_read(&w->new.password, file, true);
	else
		password_ask_new(&w->new.password, w->target);
}

/* Writes the key and shows what it is. */
static void
write_key(const struct words *w, const struct sign_key *key)
{
	char	*text;

	if ((text = secret_alloc(KEY_TEXT_MAX)) == NULL)
		refuse("out of secret memory");
	newfile_write(text, key_render(text, &w->new, key));
	newfile_commit();
	secret_free(text, KEY_TEXT_MAX);
	print_key(w, w->target, w->new.form, key);
}

static int
generate(int argc, char **argv)
{
	struct words	 w;
	struct sign_key	 key;
	uint8_t		*secret;

	if (parse_words(&w, options_new, &argc, &argv) != 1)
		usage("key");
	if (w.new.form == KEY_NFORMS)
		w.new.form = KEY_PKCS8;
	w.target = argv[0];
	newfile_check(w.target, w.force);
	get_new_password(&w, w.password);
	newfile_open(w.target, w.force);
	enter_sandbox();
	if ((secret = secret_alloc(SECRET_SIZE)) == NULL)
		refuse("out of secret memory");
	do {
		/* All but one of 2^128 are in the range. */
		random_bytes(secret, SECRET_SIZE);
	} while (sign_key(&key, secret) == -1);
	write_key(&w, &key);
	return (STATUS_GOOD);
}

static int
copy_key(struct words *w)
{
	struct source	 source;
	struct sign_key	 key;

	memset(&source, 0, sizeof(source));
	newfile_check(w->target, w->force);
	source_read(&source, w->source);
	if (source_encrypted(&source))
		get_password(&source.password, w->password, source.path);
	else if (w->password != NULL)
		refuse("%s: it is not encrypted: it has no password",
		    source.path);
	get_new_password(w, w->new_password);
	newfile_open(w->target, w->force);
	enter_sandbox();
	source_parse(&source, &key);
	write_key(w, &key);
	return (STATUS_GOOD);
}

static int
import(int argc, char **argv)
{
	struct words	 w;

	parse_words(&w, options_copy, &argc, &argv);
	if (argc != (w.typed ? 1 : 2))
		usage("key");
	if (w.new.form == KEY_NFORMS)
		w.new.form = KEY_PKCS8;
	w.source = w.typed ? NULL : argv[0];
	w.target = argv[argc - 1];
	return (copy_key(&w));
}

static int
convert(int argc, char **argv)
{
	struct words	 w;

	if (parse_words(&w, options_copy, &argc, &argv) != 2 || w.typed ||
	    w.new.form == KEY_NFORMS)
		usage("key");
	w.source = argv[0];
	w.target = argv[1];
	return (copy_key(&w));
}

static int
address(int argc, char **argv)
{
	struct words	 w;
	struct source	 source;
	struct sign_key	 key;

	memset(&source, 0, sizeof(source));
	if (parse_words(&w, options_address, &argc, &argv) != 1)
		usage("key");
	source_read(&source, argv[0]);
	if (source_encrypted(&source))
		get_password(&source.password, w.password, source.path);
	enter_sandbox();
	source_parse(&source, &key);
	print_key(&w, source.path, source.form, &key);
	return (STATUS_GOOD);
}

static const struct {
	const char	*name;
	int		(*run)(int, char **);
} commands[] = {
	{ "address", address },
	{ "convert", convert },
	{ "generate", generate },
	{ "import", import }
};

int
key_command(const struct options *o, int argc, char **argv)
{
	size_t	 i;

	(void)o;
	if (argc < 2)
		usage("key");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0) {
			harden();
			return (commands[i].run(argc - 1, argv + 1));
		}
	complain("key: no such command");
	usage("key");
}
