/* SPDX-License-Identifier: MIT
 *
 * What a person asks of the database: the requests behind `zapibot inbox`,
 * `outbox`, `status`, `backup` and `forget`. A request and its reply are one
 * JSON object each:
 *
 *   {"do":"inbox.list","state":"dead","limit":50}
 *   {"ok":true,"events":[…],"total":3}   {"ok":false,"error":"…"}
 *
 * Where to start: the table of requests in admin.c; each is a function of
 * admin_inbox.c, admin_outbox.c or admin_status.c. Who has no database open
 * goes through store/ask.h.
 */
#ifndef ZAPI_STORE_ADMIN_H
#define ZAPI_STORE_ADMIN_H

#include "base/buf.h"
#include "store/db.h"
#include "store/people.h"
#include "store/sends.h"

/* Deliveries of a running process that the request has changed: told after
 * the commit, on the thread of zapi_admin_run. */
typedef void zapi_admin_changed(void *arg, const char *automation,
                                const char *order, uint64_t seq);

struct zapi_admin {
    struct zapi_db *db;
    struct zapi_people *people;  /* for forget */
    struct zapi_sends *sends;    /* told of what changes; may be NULL */
    const char *live;            /* members of the reply to `status` that only
                                    the process knows: `"pid":1,"uptime":2`; NULL:
                                    none runs */
    zapi_admin_changed *revived; /* waiting again; both may be NULL */
    zapi_admin_changed *dropped; /* gone */
    void *arg;
};

/* Runs one request and appends its reply, without a line break. Blocks; any
 * thread but the writer's. */
void zapi_admin_run(const struct zapi_admin *admin, const char *request,
                    size_t len, struct zapi_buf *reply);

#endif
