/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/ctlmsg.o common/msgfield.o common/u256.o
 * keyd/keymsg.o keyd/keymsg_request.o compat/imsg.o compat/imsg-buffer.o
 */

#include "common/ctlmsg.h"
#include "keyd/keymsg.h"
#include "regress/fuzz/codec.h"

/* Of the control socket, of which both ends may lie. */

static int
show(struct imsg *imsg)
{
	enum ctl_show	 what;

	if (ctlmsg_get_show(imsg, &what) == -1)
		return (-1);
	must(what < CTL_NSHOWS);
	must(ctlmsg_send_show(&p.out, what) == 0);
	return (0);
}

static int
reload(struct imsg *imsg)
{
	if (ctlmsg_get_empty(imsg) == -1)
		return (-1);
	must(ctlmsg_send_reload(&p.out, imsg_get_type(imsg) == CTL_TRY) == 0);
	return (0);
}

static int
log_level(struct imsg *imsg)
{
	bool	 verbose;

	if (ctlmsg_get_log(imsg, &verbose) == -1)
		return (-1);
	must(ctlmsg_send_log(&p.out, verbose) == 0);
	return (0);
}

static int
check(struct imsg *imsg)
{
	struct ctl_check	 c;

	if (ctlmsg_get_check(imsg, &c) == -1)
		return (-1);
	must(TERMINATED(c.link) && TERMINATED(c.key));
	must(TERMINATED(c.request.client));
	must(c.link[0] != '\0' || c.request.client[0] != '\0');
	must(ctlmsg_send_check(&p.out, &c) == 0);
	request_clear(&c.request);
	return (0);
}

static int
link_state(struct imsg *imsg)
{
	struct ctl_link	 link;

	if (ctlmsg_get_link(imsg, &link) == -1)
		return (-1);
	must(TERMINATED(link.name));
	must(ctlmsg_send_link(&p.out, &link) == 0);
	return (0);
}

static int
row(struct imsg *imsg)
{
	/* What is behind it is for the sanitizer to see. */
	char		*buf = malloc(CTL_ROWSIZE);
	struct ctl_row	 r;
	unsigned int	 i;
	int		 status;

	must(buf != NULL);
	if ((status = ctlmsg_get_row(imsg, &r, buf)) == 0) {
		must(r.section[0] != '\0');
		must(r.nfields > 0 && r.nfields <= CTL_FIELDS);
		for (i = 0; i < r.nfields; i++)
			must(r.fields[i].len == strlen(r.fields[i].value) &&
			    r.fields[i].name[0] != '\0');
		must(ctlmsg_send_row(&p.out, &r) == 0);
	}
	free(buf);
	return (status);
}

static int
more(struct imsg *imsg)
{
	const char	*bytes;
	size_t		 len;

	if (ctlmsg_get_more(imsg, &bytes, &len) == -1)
		return (-1);
	must(len <= CTL_VALUE_MAX);
	must(imsg_compose(&p.out, CTL_MORE, 0, 0, -1, bytes, len) == 1);
	return (0);
}

static int
fault(struct imsg *imsg)
{
	char	 text[CTL_TEXT_MAX + 1];

	if (ctlmsg_get_fault(imsg, text) == -1)
		return (-1);
	must(TERMINATED(text));
	must(ctlmsg_send_fault(&p.out, text) == 0);
	return (0);
}

static int
note(struct imsg *imsg)
{
	char	 text[CTL_TEXT_MAX + 1];

	if (ctlmsg_get_note(imsg, text) == -1)
		return (-1);
	must(TERMINATED(text));
	must(ctlmsg_send_note(&p.out, text) == 0);
	return (0);
}

static int
end(struct imsg *imsg)
{
	char		 text[CTL_TEXT_MAX + 1];
	enum ctl_result	 result;

	if (ctlmsg_get_end(imsg, &result, text) == -1)
		return (-1);
	must(TERMINATED(text) && result < CTL_NRESULTS);
	must(ctlmsg_send_end(&p.out, result, text) == 0);
	return (0);
}

static const struct codec	 messages[] = {
	{ CTL_SHOW, false, show }, { CTL_RELOAD, false, reload },
	{ CTL_LOG, false, log_level }, { CTL_CHECK, false, check },
	{ CTL_LINK, false, link_state }, { CTL_ROW, false, row },
	{ CTL_MORE, false, more }, { CTL_FAULT, false, fault },
	{ CTL_END, false, end }, { CTL_NOTE, false, note },
	{ CTL_TRY, false, reload }
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	codec_run(messages, sizeof(messages) / sizeof(messages[0]),
	    CTL_MSGSIZE, data, size);
	return (0);
}
