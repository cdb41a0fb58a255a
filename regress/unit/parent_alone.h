/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_PARENT_ALONE_H
#define REGRESS_UNIT_PARENT_ALONE_H

/*
 * A parent, of either daemon, alone with its children: nobody asks it for
 * anything and no file changes.  To be included after its parent.h.
 */

/* There is no control socket. */
void
control_confine(const struct control *ctl)
{
	(void)ctl;
}

void
parent_control_start(struct parent *p)
{
	(void)p;
}

int
parent_checked(struct parent *p, struct imsg *imsg)
{
	(void)p;
	(void)imsg;
	return (0);
}

/* Nor are files watched. */
void
parent_watch_init(struct parent *p)
{
	(void)p;
}

void
parent_watch(struct parent *p, struct config *config)
{
	(void)p;
	(void)config;
}

size_t
watch_unfit(const struct watch *w)
{
	(void)w;
	return (0);
}

struct watch_set *
watch_changed(struct watch *w, const void *owner)
{
	(void)w;
	(void)owner;
	return (NULL);
}

int
watch_tell(struct watch *w, const void *owner, const struct conf_file *file,
    enum tlsfile_severity severity, const char *text)
{
	(void)w;
	(void)owner;
	(void)file;
	(void)severity;
	(void)text;
	return (-1);
}

void
watch_commit(struct watch *w, uint32_t interval)
{
	(void)w;
	(void)interval;
}

/* As much of it as the parent's end needs. */
void
config_close(struct config *config)
{
	(void)config;
}

#endif /* REGRESS_UNIT_PARENT_ALONE_H */
