/* SPDX-License-Identifier: MIT
 *
 * Private to the admin_*.c files: one request while it runs, and writing its
 * reply. A verb appends members to `out` and returns true, or says in `error`
 * why not. It may run twice (a job is repeated after a rollback): whoever calls
 * it empties `out` and `changes` first.
 */
#ifndef ZAPI_STORE_ADMIN_TURN_H
#define ZAPI_STORE_ADMIN_TURN_H

#include "store/admin.h"
#include "store/sql.h"

struct zapi_admin_request { /* "", 0, false: not given */
    char what[32];
    char state[16], automation[128], chat[96], kind[64], reason[200];
    char lane[128];
    char file[4096];
    uint64_t id; /* seq of an event, id of a send */
    uint64_t limit;
    bool all, force, chats;
};

struct zapi_admin_change {
    bool dropped, revived; /* both: what waits is replaced */
    uint64_t seq;
    char automation[128];
    char order[ZAPI_ORDER_MAX];
};

struct zapi_admin_turn {
    const struct zapi_admin *admin;
    struct zapi_admin_request rq;
    struct zapi_buf *out;
    double now;
    char error[400];
    struct zapi_admin_change *changes; /* owned */
    size_t nchanges, room;
};

/* A turn: begin, read the request, do it, end (appends the reply). */
void zapi_admin_begin(struct zapi_admin_turn *t, struct zapi_buf *out);
bool zapi_admin_read(struct zapi_admin_turn *t, const char *text, size_t len);
void zapi_admin_end(struct zapi_admin_turn *t, bool ok, struct zapi_buf *reply);
/* false: always, for `return`. */
bool zapi_admin_fail(struct zapi_admin_turn *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* NULL: no memory, and the error is set. */
struct zapi_admin_change *zapi_admin_note(struct zapi_admin_turn *t);
/* "" is NULL: no condition. */
const char *zapi_admin_opt(const char *s);

typedef bool zapi_admin_verb(struct zapi_admin_turn *t, struct zapi_sql *sql);

/* Runs it as a job of the writer thread. */
bool zapi_admin_write(struct zapi_admin_turn *t, zapi_admin_verb *run);

zapi_admin_verb zapi_admin_inbox_list, zapi_admin_inbox_show,
    zapi_admin_inbox_stats, zapi_admin_inbox_retry, zapi_admin_inbox_drop;
zapi_admin_verb zapi_admin_outbox_list, zapi_admin_outbox_show,
    zapi_admin_outbox_stats, zapi_admin_outbox_retry, zapi_admin_outbox_drop;
zapi_admin_verb zapi_admin_status, zapi_admin_backup, zapi_admin_forget;

/* Parts of `status`. */
void zapi_admin_put_automations(struct zapi_buf *b, struct zapi_sql *sql);
void zapi_admin_put_sends(struct zapi_buf *b, struct zapi_sql *sql);
void zapi_admin_put_errors(struct zapi_admin_turn *t, struct zapi_sql *sql,
                           size_t limit);

/* Members and elements; commas are put where they are needed. A NULL key is
 * an element of an array. */
void zapi_put_key(struct zapi_buf *b, const char *key);
void zapi_put_str(struct zapi_buf *b, const char *key, const char *s);
/* Nothing for "". */
void zapi_put_opt(struct zapi_buf *b, const char *key, const char *s);
void zapi_put_int(struct zapi_buf *b, const char *key, int64_t v);
void zapi_put_num(struct zapi_buf *b, const char *key, double v);
/* Nothing for 0: a time that there is not. */
void zapi_put_time(struct zapi_buf *b, const char *key, double v);
void zapi_put_bool(struct zapi_buf *b, const char *key, bool v);
void zapi_put_open(struct zapi_buf *b, const char *key, char bracket);
void zapi_put_close(struct zapi_buf *b, char bracket);
/* `raw` is JSON already; null when it is not. */
void zapi_put_json(struct zapi_buf *b, const char *key, const char *raw);

#endif
