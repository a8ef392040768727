/* SPDX-License-Identifier: MIT
 *
 * What operators' programs ask of a running process, on an address of its own:
 *
 *   /healthz   200 while the process turns requests at all
 *   /readyz    200 when it can do its work, else 503; a line for each check
 *   /metrics   base/metrics.h as Prometheus reads it
 *
 * All are answered on the door's thread, so also while a script hangs. Nobody
 * is asked for a password: the address is the machine's own by default, and
 * nothing here is secret. Owned by the program; loop thread.
 */
#ifndef ZAPI_HOST_ADMIN_H
#define ZAPI_HOST_ADMIN_H

#include <uv.h>

#include "base/error.h"

struct zapi_admin;
struct zapi_hub;

/* Listens. The hub outlives it. NULL: *error. */
struct zapi_admin *zapi_admin_start(uv_loop_t *loop, struct zapi_hub *hub,
                                    const char *listen,
                                    struct zapi_error *error);
/* The program ends: not ready any more. NULL is fine. */
void zapi_admin_ending(struct zapi_admin *a);
/* The loop must run on until its handles are closed. NULL is fine. */
void zapi_admin_stop(struct zapi_admin *a);

#endif
