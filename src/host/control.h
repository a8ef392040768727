/* SPDX-License-Identifier: MIT
 *
 * The socket through which commands reach a running process: FOLDER/
 * control.sock, for its owner alone. A line of JSON is a request, the line that
 * follows it the reply (store/admin.h).
 */
#ifndef ZAPI_HOST_CONTROL_H
#define ZAPI_HOST_CONTROL_H

#include "base/error.h"

struct zapi_control;
struct zapi_fleet;
struct zapi_hub;

/* Listens; the hub has a database, and outlives it. The fleet goes first.
 * NULL: *error. */
struct zapi_control *zapi_control_start(struct zapi_hub *hub,
                                        struct zapi_fleet *fleet,
                                        struct zapi_error *error);
/* Waits for the request that runs, if any; clients are cut off. The loop must
 * run on until its handles are closed. NULL is fine. */
void zapi_control_stop(struct zapi_control *control);

#endif
