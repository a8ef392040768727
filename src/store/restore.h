/* SPDX-License-Identifier: MIT
 *
 * `zapibot restore`: puts a backup in the place of the database while no
 * process runs. What waited then is old now, and some of it was done since: it
 * is parked, for a person to look at, and nothing is sent by itself.
 */
#ifndef ZAPI_STORE_RESTORE_H
#define ZAPI_STORE_RESTORE_H

#include <stddef.h>

#include "base/buf.h"

/* The lock that a running process holds (store/db.h); made with its folder
 * when it is missing. -1: it is held, by *pid. Close it to let go. */
int zapi_restore_lock(const char *folder, long *pid);
/* Runs {"do":"restore","file":…} and appends the reply, as zapi_admin_run. */
void zapi_restore_run(const char *folder, const char *request, size_t len,
                      struct zapi_buf *reply);

#endif
