/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/lexer.o common/lexer_file.o common/lexer_macro.o */

#include "common/lexer.h"
#include "common/log.h"
#include "regress/unit/conf_util.h"

/*
 * What a grammar other than signerd's may rely on; that one's own tests are
 * in regress/config.
 */

static bool
starts(const char *word)
{
	return (strcmp(word, "signer") == 0);
}

/*
 * All tokens in one line: words as they are, strings in quotes, newlines as
 * a semicolon, faults as an exclamation mark.
 */
static void
render(struct lexer *lx, char *out, size_t size)
{
	const struct lexer_token *t;
	size_t len = 0;

	out[0] = '\0';
	while ((t = lexer_next(lx))->kind != LEXER_END) {
		assert_true(len + strlen(t->text) + 4 < size);
		len += (size_t)snprintf(out + len, size - len,
		    t->kind == LEXER_STRING ? "\"%s\" " : "%s ",
		    t->kind == LEXER_NEWLINE ? ";" :
		    t->kind == LEXER_BAD ? "!" : t->text);
	}
	/* The end stays the end. */
	assert_int_equal(lexer_next(lx)->kind, LEXER_END);
}

static void
print_line(const char *line, bool warning, void *arg)
{
	(void)warning;
	assert_true(fprintf(arg, "%s\n", line) > 0);
}

static char *
report(struct lexer *lx)
{
	size_t len, skip = strlen(dir) + 1;
	char *all, *p;
	FILE *f;

	f = open_memstream(&all, &len);
	assert_non_null(f);
	lexer_tell(lx, print_line, f);
	assert_int_equal(fclose(f), 0);
	/* Without the directory, which is another one each time. */
	while ((p = strstr(all, dir)) != NULL)
		memmove(p, p + skip, strlen(p + skip) + 1);
	return (all);
}

static void
check(const char *text, const char *tokens, const char *messages)
{
	struct lexer_names names;
	struct lexer *lx;
	char out[1024], *said;

	lx = lexer_open(write_file("a", text), starts, NULL);
	render(lx, out, sizeof(out));
	said = report(lx);
	lexer_close(lx, &names);
	lexer_names_free(&names);
	assert_string_equal(out, tokens);
	assert_string_equal(said, messages);
	free(said);
}

static void
test_tokens(void **state)
{
	(void)state;
	check("", "", "");
	check("\n\n # comment\n\\\n  \\\n", "", "");
	check("a b\n\n\nc", "a b ; c ; ", "");
	check("a \\\n b#c\nd", "a b ; d ; ", "");
	check("a{b,c=d}", "a { b , c = d } ; ", "");
	check("a {\n\nb # }\n c\n}\nd\n", "a { b c } ; d ; ", "");
	check("::1 0.0.0.0/8 a-b_c:d%e@f+g*h~i 0x1\n",
	    "::1 0.0.0.0/8 a-b_c:d%e@f+g*h~i 0x1 ; ", "");
	check("\"\" \"a # { $x \\\" \\\\\"b\n", "\"\" \"a # { $x \" \\\" b ; ",
	    "");
	check("}}\na {}}\nb\n", "} } ; a { } } ; b ; ", "");
}

static void
test_faults(void **state)
{
	(void)state;
	check("a ; b\n", "a ! b ; ", "a:1: unexpected character \";\"\n");
	check("\n\"a\nb", "! ; b ; ", "a:2: string is not terminated\n");
	check("a \\b\n", "a ! b ; ", "a:1: unexpected character \"\\\"\n");
	check("a \"\\t\"\n", "a ! ; ",
	    "a:1: \"\\t\" in a string: only \\\" and \\\\ are known\n");
	check("a\rb\n", "a ! b ; ", "a:1: control byte 0x0d\n");
	check("a\r", "a ! ; ", "a:1: control byte 0x0d\n");
}

static void
test_macros(void **state)
{
	(void)state;
	check("m = \"x { y }\"\n$m z\n", "x { y } z ; ", "");
	check("a $m\n", "a ! ; ", "a:1: macro \"m\" is not defined\n");
	check("m = x\nm = y \"z\"\na $m.w $m\"\"\n",
	    "a y z.w y z \"\" ; ", "");
	check("m =\nm2 = \"\"\na $m\nb $m2 c\n", "a ! ; b c ; ",
	    "a:1: macro \"m\" needs a value\n");
	check("m = $m\nm = x\nm = \"$m\"\na $m\n", "a ! m ; ",
	    "a:1: macro \"m\" is not defined\n"
	    "a:4: \"$\" in the text of a macro\n");
	/* A keyword of the grammar is free to be one. */
	check("signer = x\nsigner $signer\n", "signer x ; ", "");
	check("include = x\na $include\n", "a x ; ", "");
}

static void
test_define(void **state)
{
	(void)state;
	assert_int_equal(lexer_define("m=1"), 0);
	assert_int_equal(lexer_define("m=2"), 0);
	check("m = 3\na $m\n", "a 2 ; ", "");
	check("a $m\n", "a 2 ; ", "");
	lexer_undefine();
	check("m = 3\na $m\n", "a 3 ; ", "");
	check("a $m\n", "a ! ; ", "a:1: macro \"m\" is not defined\n");
	assert_int_equal(lexer_define("m"), -1);
	assert_int_equal(lexer_define("=m"), -1);
	assert_int_equal(lexer_define("m=\n"), -1);
}

static void
test_include(void **state)
{
	(void)state;
	write_file("b", "b1\nb2");
	check("a\ninclude b\nc\n", "a ; b1 ; b2 ; c ; ", "");
	check("include \"b\"", "b1 ; b2 ; ", "");
	check("a include b\n", "a include b ; ", "");
	check("a\ninclude a\nb\n", "a ; b ; ", "a:2: a: includes itself\n");
	/* A statement does not go over the end of a file. */
	write_file("b", "x {\n\n");
	check("include b\n}\n", "x { ! ; } ; ",
	    "b:2: missing \"}\" for the \"{\" of line 1\n");
	write_file("b", "x \\\n");
	check("include b\ny\n", "x ; y ; ", "");
}

/* A word that begins statements, and a macro, end a list left open. */
static void
test_missing_brace(void **state)
{
	(void)state;
	check("a {\n b\nsigner c\nd\n", "a { b ! ; signer c ; d ; ",
	    "a:3: missing \"}\" for the \"{\" of line 1\n");
	check("a {\nm =x\nb $m\n", "a { ! ; b x ; ",
	    "a:2: missing \"}\" for the \"{\" of line 1\n");
	check("a { signer\n\"signer\"\nb signer }\n",
	    "a { signer \"signer\" b signer } ; ", "");
	check("a { {\n }", "a { { } ! ; ",
	    "a:2: missing \"}\" for the \"{\" of line 1\n");
}

static void
expect(struct lexer *lx, enum lexer_kind kind, const char *text, int line,
    bool first)
{
	const struct lexer_token *t;

	t = lexer_next(lx);
	assert_int_equal(t->kind, kind);
	assert_string_equal(t->text, text);
	assert_int_equal(t->pos.line, line);
	assert_int_equal(t->first, first);
}

static void
test_places(void **state)
{
	struct lexer_names names;
	struct lexer *lx;

	(void)state;
	lx = lexer_open(write_file("a", "m = \"y\"\n;\n\n"
	    "a \\\n b {\n\n$n }\n\nlast\n\n"), NULL, NULL);
	expect(lx, LEXER_BAD, "", 2, true);
	expect(lx, LEXER_NEWLINE, "", 2, false);
	expect(lx, LEXER_WORD, "a", 4, true);
	expect(lx, LEXER_WORD, "b", 5, false);
	expect(lx, LEXER_PUNCT, "{", 5, false);
	expect(lx, LEXER_BAD, "", 7, false);
	expect(lx, LEXER_PUNCT, "}", 7, false);
	expect(lx, LEXER_NEWLINE, "", 7, false);
	expect(lx, LEXER_WORD, "last", 9, true);
	expect(lx, LEXER_NEWLINE, "", 9, false);
	expect(lx, LEXER_END, "", 10, true);
	assert_int_equal(lexer_last(lx)->line, 10);
	lexer_close(lx, &names);
	lexer_names_free(&names);
}

static void
test_recover(void **state)
{
	struct lexer_names names;
	struct lexer *lx;

	(void)state;
	lx = lexer_open(write_file("a", "a b \"{\" {\n ; $x \"\n } c\nd\n"
	    "e\nf {\nsigner\n"), starts, NULL);
	expect(lx, LEXER_WORD, "a", 1, true);
	lexer_recover(lx);
	expect(lx, LEXER_NEWLINE, "", 3, false);
	/* At a newline there is nothing to go over. */
	lexer_recover(lx);
	expect(lx, LEXER_WORD, "d", 4, true);
	lexer_recover(lx);
	expect(lx, LEXER_NEWLINE, "", 4, false);
	expect(lx, LEXER_WORD, "e", 5, true);
	expect(lx, LEXER_NEWLINE, "", 5, false);
	expect(lx, LEXER_WORD, "f", 6, true);
	lexer_recover(lx);
	expect(lx, LEXER_NEWLINE, "", 7, false);
	expect(lx, LEXER_WORD, "signer", 7, true);
	lexer_recover(lx);
	lexer_recover(lx);
	expect(lx, LEXER_NEWLINE, "", 7, false);
	expect(lx, LEXER_END, "", 7, true);
	/* What was gone over has no messages. */
	assert_int_equal(lexer_nerrors(lx), 0);
	lexer_close(lx, &names);
	lexer_names_free(&names);
}

/* Messages stand in the order of the text, and names outlive the lexer. */
static void
test_messages(void **state)
{
	struct lexer_pos first, second, third;
	struct lexer_names names;
	struct lexer *lx;
	char *said;

	(void)state;
	write_file("b", "two\n");
	lx = lexer_open(write_file("a", "one\ninclude b\nthree\n"), NULL,
	    NULL);
	first = lexer_next(lx)->pos;
	(void)lexer_next(lx);
	second = lexer_next(lx)->pos;
	(void)lexer_next(lx);
	third = lexer_next(lx)->pos;
	lexer_error(lx, &third, "%s", "3");
	lexer_error(lx, &first, "1");
	lexer_warn(lx, &second, "2");
	lexer_error(lx, &first, "1b");
	assert_int_equal(lexer_nerrors(lx), 3);
	assert_false(lexer_incomplete(lx));
	said = report(lx);
	assert_string_equal(said,
	    "a:1: 1\na:1: 1b\nb:1: warning: 2\na:3: 3\n");
	free(said);
	lexer_close(lx, &names);
	assert_string_equal(strrchr(first.file, '/'), "/a");
	assert_string_equal(strrchr(second.file, '/'), "/b");
	lexer_names_free(&names);
}

/* One fault a file, and the text is read as it was meant. */
static void
test_foreign(void **state)
{
	(void)state;
	check("a\nb \\\r\n c\r\n\r\n{\r\n}\r\n", "a ; b c ; { } ; ",
	    "a:2: DOS line ends: convert with sed -i 's/\\r$//' a\n");
	check("\r\n", "", "a:1: DOS line ends: convert with "
	    "sed -i 's/\\r$//' a\n");
	check("\xef\xbb\xbf" "a \xef\xbb\xbf\n", "a ! ! ! ; ",
	    "a:1: byte order mark: save the file without it\n"
	    "a:1: unexpected byte 0xef\na:1: unexpected byte 0xbb\n"
	    "a:1: unexpected byte 0xbf\n");
	check("\xef\xbb\xbf", "",
	    "a:1: byte order mark: save the file without it\n");
	check("\xef\xbb", "! ! ; ",
	    "a:1: unexpected byte 0xef\na:1: unexpected byte 0xbb\n");
	check("\xff\xfe" "a", "", "a:1: byte order mark of UTF-16: save the "
	    "file as UTF-8 without one\n");
	check("\xfe\xff\r\n", "", "a:1: byte order mark of UTF-16: save the "
	    "file as UTF-8 without one\n");
	/* The include that is at fault is the inner file. */
	write_file("b", "b\r\n");
	check("a\ninclude b\n", "a ; b ; ",
	    "b:1: DOS line ends: convert with sed -i 's/\\r$//' b\n");
}

static void
check_untrusted(mode_t mode, uid_t uid, const char *wanted)
{
	struct stat st;
	char *why;

	memset(&st, 0, sizeof(st));
	st.st_mode = mode;
	st.st_uid = uid;
	why = lexer_untrusted(&st, "/a b");
	if (wanted == NULL)
		assert_null(why);
	else {
		assert_non_null(why);
		assert_string_equal(why, wanted);
	}
	free(why);
}

static void
test_untrusted(void **state)
{
	static const char others[] = "writable by others: chmod go-w /a b";
	static const char group[] = "writable by its group: chmod go-w /a b";
	const char *of_group = geteuid() == 0 ? group : NULL;
	char owner[128];

	(void)state;
	check_untrusted(S_IFREG | 0644, 0, NULL);
	check_untrusted(S_IFREG | 0755, geteuid(), NULL);
	check_untrusted(S_IFREG | 0646, geteuid(), others);
	check_untrusted(S_IFREG | 0666, 0, others);
	check_untrusted(S_IFREG | 0002, 0, others);
	check_untrusted(S_IFIFO | 0602, 0, others);
	check_untrusted(S_IFREG | 0664, geteuid(), of_group);
	check_untrusted(S_IFREG | 0020, 0, of_group);
	check_untrusted(S_IFCHR | 0666, 12345, NULL);
	snprintf(owner, sizeof(owner), "belongs to user 12345, not to root "
	    "or user %u: chown %u /a b", (unsigned int)geteuid(),
	    (unsigned int)geteuid());
	check_untrusted(S_IFREG | 0400, 12345, owner);
	check_untrusted(S_IFREG | 0666, 12345, owner);
}

/* The text is read all the same: it may have faults of its own. */
static void
test_writable(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s", write_file("b", "b ;\n"));
	assert_int_equal(chmod(path, 0646), 0);
	check("a\ninclude b\n", "a ; b ! ; ", "a:2: b: writable by others: "
	    "chmod go-w b\nb:1: unexpected character \";\"\n");
	assert_int_equal(chmod(path, 0600), 0);
	snprintf(path, sizeof(path), "%s", write_file("a", ""));
	assert_int_equal(chmod(path, 0602), 0);
	check("a\n", "a ; ", "a: writable by others: chmod go-w a\n");
	assert_int_equal(chmod(path, 0600), 0);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
	check("a\n", "a ; ", "a: belongs to user 12345, not to root or user "
	    "0: chown 0 a\n");
	assert_int_equal(chown(path, 0, (gid_t)-1), 0);
}

static void
check_absent(const char *path, const char *help, const char *wanted)
{
	struct lexer_names names;
	struct lexer *lx;
	char *said;

	lx = lexer_open(path, starts, help);
	assert_int_equal(lexer_next(lx)->kind, LEXER_END);
	assert_true(lexer_incomplete(lx));
	assert_int_equal(lexer_nerrors(lx), 1);
	assert_string_equal(lexer_last(lx)->file, path);
	said = report(lx);
	assert_string_equal(said, wanted);
	free(said);
	lexer_close(lx, &names);
	lexer_names_free(&names);
}

static void
test_no_file(void **state)
{
	(void)state;
	check_absent("/nonexistent/file", NULL, "/nonexistent/file: "
	    "cannot open: No such file or directory\n");
	check_absent("/nonexistent/file", "see x", "/nonexistent/file: "
	    "cannot open: No such file or directory: see x\n");
	check_absent("/dev/null/file", "see x", "/dev/null/file: "
	    "cannot open: Not a directory\n");
	check_absent("/", "see x", "/: cannot read: Is a directory\n");
	/* The help is for a first file. */
	check("include nothere\n", "",
	    "a:1: nothere: cannot open: No such file or directory\n");
}

static const char *const files[] = { "a", "b", NULL };

static int
setup(void **state)
{
	(void)state;
	return (make_dir(files));
}

static int
teardown(void **state)
{
	(void)state;
	return (remove_dir(files));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_macros),
		cmocka_unit_test(test_define),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_missing_brace),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_recover),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_untrusted),
		cmocka_unit_test(test_writable),
		cmocka_unit_test(test_no_file)
	};

	return (cmocka_run_group_tests_name("lexer", tests, setup, teardown));
}
