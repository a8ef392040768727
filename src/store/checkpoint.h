/* SPDX-License-Identifier: MIT
 *
 * A thread that moves the write-ahead log into the database file, so that no
 * commit pays for it: in passing about every thousand pages, and with the
 * writer held off for a moment when the log is past its cap or nothing is
 * going on. Holding off is done here (enter, leave) and not by SQLite's lock,
 * which would give the writer a BUSY.
 */
#ifndef ZAPI_STORE_CHECKPOINT_H
#define ZAPI_STORE_CHECKPOINT_H

#include "store/connection.h"

struct zapi_checkpoint;

/* NULL: *error. The file is there and in WAL mode. */
struct zapi_checkpoint *zapi_checkpoint_start(const char *path,
                                              struct zapi_error *error);
/* NULL is fine. */
void zapi_checkpoint_stop(struct zapi_checkpoint *cp);
/* The writer, around each transaction; `pages` is the log's length after it, 0
 * when nothing was written. */
void zapi_checkpoint_enter(struct zapi_checkpoint *cp);
void zapi_checkpoint_leave(struct zapi_checkpoint *cp, size_t pages);
/* Any other thread: no transaction of the writer is under way from hold to go. It
 * waits meanwhile, where SQLite's lock would refuse what it has to write. */
void zapi_checkpoint_hold(struct zapi_checkpoint *cp);
void zapi_checkpoint_go(struct zapi_checkpoint *cp);

#endif
