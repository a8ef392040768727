/* SPDX-License-Identifier: MIT
 *
 * Files that scripts were made from, and who says that one may have changed.
 * The FOLDERS are watched, as editors replace a file by another of its name;
 * what changed in a folder is found by comparing time, size and inode. Where the
 * system tells nothing (network file systems, folders that are replaced as a
 * whole) a look every two seconds finds it. Loop thread.
 */
#ifndef ZAPI_HOST_WATCHER_H
#define ZAPI_HOST_WATCHER_H

#include <stdbool.h>

#include <uv.h>

/* ---- what was read, as it was then ---- */

struct zapi_stamp;
struct zapi_stamps { /* zeroed: none */
    struct zapi_stamp *first;
};

/* The file as it is now, or that there is none, for this version; a later note
 * of a path takes the place of the earlier one. */
void zapi_stamps_note(struct zapi_stamps *s, const char *path,
                      unsigned version);
/* Forgets what was noted for others. */
void zapi_stamps_keep(struct zapi_stamps *s, unsigned version);
/* Is one not as it was? One that is gone does not count: it is about to be
 * replaced. */
bool zapi_stamps_differ(const struct zapi_stamps *s);
void zapi_stamps_clear(struct zapi_stamps *s);

/* ---- the folders ---- */

struct zapi_watcher;

/* `changed` is called when 100 ms have passed since the last sign of a change,
 * and every two seconds. NULL: no memory. */
struct zapi_watcher *zapi_watcher_new(uv_loop_t *loop,
                                      void (*changed)(void *arg), void *arg);
/* Watches the folder of this file from now on. NULL watchers are fine. */
void zapi_watcher_file(struct zapi_watcher *w, const char *path);
/* The loop must run on until its handles are closed. NULL is fine. */
void zapi_watcher_close(struct zapi_watcher *w);

#endif
