/* SPDX-License-Identifier: MIT
 *
 * Tells a service manager (systemd) how the process does: READY=1, STOPPING=1,
 * STATUS=…, and WATCHDOG=1 from the loop, so that a loop that is stuck for too
 * long is restarted. A datagram to $NOTIFY_SOCKET is all there is to it
 * (sd_notify(3)); the variables are removed once read, so that no child speaks
 * in our name. Owned by the program; loop thread.
 */
#ifndef ZAPI_HOST_NOTIFY_H
#define ZAPI_HOST_NOTIFY_H

#include <uv.h>

struct zapi_notify;

/* NULL: nobody wants to know (or the address is none). */
struct zapi_notify *zapi_notify_open(uv_loop_t *loop);
/* All take NULL. READY=1 is said once; the status is changed each time. */
void zapi_notify_ready(struct zapi_notify *n, const char *status);
void zapi_notify_stopping(struct zapi_notify *n, const char *status);
/* The loop must run on until its handles are closed. */
void zapi_notify_close(struct zapi_notify *n);

#endif
