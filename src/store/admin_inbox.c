/* SPDX-License-Identifier: MIT
 *
 * `zapibot inbox`: what waits and what is dead. A delivery is shown by the seq
 * of its event; with several automations that is not one row, and `automation`
 * tells them apart. Bodies and whole reasons are in `show` only. Strings of a
 * row are borrowed from its statement. Start at the conditions.
 */
#include <stdio.h>
#include <string.h>

#include "base/redact.h"
#include "store/admin_turn.h"
#include "store/inbox_parts.h"

/* ?1 state or -1, ?2 automation, ?3 chat, ?4 kind, ?5 part of the reason,
 * ?6 seq or 0 */
#define FROM                                                              \
    " FROM delivery d JOIN automation a ON a.id=d.automation"             \
    " LEFT JOIN event e ON e.seq=d.seq WHERE (?1<0 OR d.state=?1)"        \
    " AND (?2 IS NULL OR a.name=?2) AND (?3 IS NULL OR e.chat=?3"         \
    " OR d.person=?3 OR d.person=(SELECT person FROM alias WHERE id=?3))" \
    " AND (?4 IS NULL OR e.kind=?4)"                                      \
    " AND (?5 IS NULL OR instr(d.reason,?5)>0) AND (?6=0 OR d.seq=?6)"

static const char *const states[] = {
    [ZAPI_INBOX_WAITING] = "waiting",
    [ZAPI_INBOX_ASIDE] = "later",
    [ZAPI_INBOX_IS_DEAD] = "dead",
    [ZAPI_INBOX_IS_PARKED] = "parked",
};
enum { STATES = sizeof states / sizeof *states };

static const char *state_name(int64_t state)
{
    return state >= 0 && state < STATES ? states[state] : "?";
}

/* -1: any; -2: there is no such state, and the error is set. */
static int state_of(struct zapi_admin_turn *t)
{
    int i;
    if (!t->rq.state[0]) {
        return -1;
    }
    for (i = 0; i < STATES; i++) {
        if (strcmp(states[i], t->rq.state) == 0) {
            return i;
        }
    }
    zapi_admin_fail(t, "there is no state '%s': waiting, later, parked or dead",
                    t->rq.state);
    return -2;
}

static void bind(struct zapi_stmt *st, const struct zapi_admin_request *rq,
                 int state)
{
    zapi_sql_int(st, 1, state);
    zapi_sql_text(st, 2, zapi_admin_opt(rq->automation));
    zapi_sql_text(st, 3, zapi_admin_opt(rq->chat));
    zapi_sql_text(st, 4, zapi_admin_opt(rq->kind));
    zapi_sql_text(st, 5, zapi_admin_opt(rq->reason));
    zapi_sql_int(st, 6, (int64_t)rq->id);
}

/* ---- looking ---- */

static const char select_list[] =
    "SELECT d.seq,a.name,d.state,d.attempts,d.due,d.ended,d.reason,"
    "e.received_at,e.kind,e.chat,e.author,e.message_id,e.instance" FROM
    " ORDER BY d.seq DESC,a.name LIMIT ?7";
static const char count_list[] = "SELECT count(*)" FROM;

/* A traceback's first line says what happened. */
static void put_reason(struct zapi_buf *b, const char *reason, bool whole)
{
    struct zapi_buf clean;
    size_t n = whole ? strlen(reason) : strcspn(reason, "\n");
    if (n == 0) {
        return;
    }
    zapi_buf_init(&clean, 4 * n + 64);
    zapi_redact(&clean, reason, n);
    zapi_put_str(b, "reason", zapi_buf_str(&clean));
    zapi_buf_free(&clean);
}

static void put_delivery(struct zapi_buf *b, struct zapi_stmt *st, bool whole)
{
    zapi_put_open(b, NULL, '{');
    zapi_put_int(b, "id", zapi_sql_get_int(st, 0));
    zapi_put_str(b, "automation", zapi_sql_get_text(st, 1));
    zapi_put_str(b, "state", state_name(zapi_sql_get_int(st, 2)));
    zapi_put_int(b, "attempts", zapi_sql_get_int(st, 3));
    zapi_put_time(b, "due", zapi_sql_get_real(st, 4));
    zapi_put_time(b, "ended_at", zapi_sql_get_real(st, 5));
    zapi_put_time(b, "received_at", zapi_sql_get_real(st, 7));
    zapi_put_opt(b, "kind", zapi_sql_get_text(st, 8));
    zapi_put_opt(b, "chat", zapi_sql_get_text(st, 9));
    zapi_put_opt(b, "author", zapi_sql_get_text(st, 10));
    zapi_put_opt(b, "message_id", zapi_sql_get_text(st, 11));
    zapi_put_opt(b, "instance", zapi_sql_get_text(st, 12));
    put_reason(b, zapi_sql_get_text(st, 6), whole);
    zapi_put_close(b, '}');
}

/* Number of rows written. */
static size_t put_list(struct zapi_admin_turn *t, struct zapi_sql *sql,
                       int state, bool whole)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, select_list);
    size_t n = 0;
    bind(st, &t->rq, state);
    zapi_sql_int(st, 7, (int64_t)t->rq.limit);
    zapi_put_open(t->out, "events", '[');
    while (zapi_sql_row(st)) {
        put_delivery(t->out, st, whole);
        n++;
    }
    zapi_put_close(t->out, ']');
    return n;
}

bool zapi_admin_inbox_list(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    int state = state_of(t);
    struct zapi_stmt *st;
    if (state == -2) {
        return false;
    }
    put_list(t, sql, state, false);
    st = zapi_sql_begin(sql, count_list);
    bind(st, &t->rq, state);
    zapi_put_int(t->out, "total",
                 zapi_sql_row(st) ? zapi_sql_get_int(st, 0) : 0);
    zapi_sql_end(st);
    return true;
}

bool zapi_admin_inbox_show(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    static const char select_body[] = "SELECT body FROM event WHERE seq=?1";
    struct zapi_stmt *st;
    if (put_list(t, sql, -1, true) == 0) {
        return zapi_admin_fail(t,
                               "no event %llu is in the inbox (what was "
                               "handled is not kept)",
                               (unsigned long long)t->rq.id);
    }
    st = zapi_sql_begin(sql, select_body);
    zapi_sql_int(st, 1, (int64_t)t->rq.id);
    zapi_put_json(t->out, "payload",
                  zapi_sql_row(st) ? zapi_sql_get_text(st, 0) : NULL);
    zapi_sql_end(st);
    return true;
}

static void put_kinds(struct zapi_buf *b, struct zapi_sql *sql)
{
    static const char by_kind[] =
        "SELECT e.kind,sum(d.state<>2),sum(d.state=2) FROM delivery d"
        " JOIN event e ON e.seq=d.seq GROUP BY e.kind ORDER BY count(*) DESC";
    struct zapi_stmt *st = zapi_sql_begin(sql, by_kind);
    zapi_put_open(b, "kinds", '[');
    while (zapi_sql_row(st)) {
        zapi_put_open(b, NULL, '{');
        zapi_put_str(b, "kind", zapi_sql_get_text(st, 0));
        zapi_put_int(b, "waiting", zapi_sql_get_int(st, 1));
        zapi_put_int(b, "dead", zapi_sql_get_int(st, 2));
        zapi_put_close(b, '}');
    }
    zapi_put_close(b, ']');
}

void zapi_admin_put_automations(struct zapi_buf *b, struct zapi_sql *sql)
{
    static const char by_name[] =
        "SELECT a.name,ifnull(sum(d.state=0),0),ifnull(sum(d.state=1),0),"
        "ifnull(sum(d.state=2),0),ifnull(sum(d.state=3),0),"
        "min(CASE WHEN d.state=0 THEN e.received_at END)"
        " FROM automation a LEFT JOIN delivery d ON d.automation=a.id"
        " LEFT JOIN event e ON e.seq=d.seq GROUP BY a.id ORDER BY a.name";
    struct zapi_stmt *st = zapi_sql_begin(sql, by_name);
    zapi_put_open(b, "automations", '[');
    while (zapi_sql_row(st)) {
        zapi_put_open(b, NULL, '{');
        zapi_put_str(b, "name", zapi_sql_get_text(st, 0));
        zapi_put_int(b, "waiting", zapi_sql_get_int(st, 1));
        zapi_put_int(b, "later", zapi_sql_get_int(st, 2));
        zapi_put_int(b, "dead", zapi_sql_get_int(st, 3));
        zapi_put_int(b, "parked", zapi_sql_get_int(st, 4));
        zapi_put_time(b, "oldest_at", zapi_sql_get_real(st, 5));
        zapi_put_close(b, '}');
    }
    zapi_put_close(b, ']');
}

bool zapi_admin_inbox_stats(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    zapi_admin_put_automations(t->out, sql);
    put_kinds(t->out, sql);
    return true;
}

/* The newest dead letters, for `status`. */
void zapi_admin_put_errors(struct zapi_admin_turn *t, struct zapi_sql *sql,
                           size_t limit)
{
    static const char newest[] =
        "SELECT d.seq,a.name,d.ended,d.reason FROM delivery d"
        " JOIN automation a ON a.id=d.automation WHERE d.state=2"
        " ORDER BY d.ended DESC LIMIT ?1";
    struct zapi_stmt *st = zapi_sql_begin(sql, newest);
    zapi_sql_int(st, 1, (int64_t)limit);
    zapi_put_open(t->out, "errors", '[');
    while (zapi_sql_row(st)) {
        zapi_put_open(t->out, NULL, '{');
        zapi_put_int(t->out, "id", zapi_sql_get_int(st, 0));
        zapi_put_str(t->out, "automation", zapi_sql_get_text(st, 1));
        zapi_put_time(t->out, "ended_at", zapi_sql_get_real(st, 2));
        put_reason(t->out, zapi_sql_get_text(st, 3), false);
        zapi_put_close(t->out, '}');
    }
    zapi_put_close(t->out, ']');
}

/* ---- retry and drop ---- */

/* Notes the deliveries that the request means; retry and drop then work on
 * that list, and the running process is told of it. */
static bool collect(struct zapi_admin_turn *t, struct zapi_sql *sql, int state)
{
    static const char select_ids[] =
        "SELECT a.name,d.person,d.seq,d.state" FROM " ORDER BY d.seq";
    struct zapi_stmt *st = zapi_sql_begin(sql, select_ids);
    bind(st, &t->rq, state);
    while (zapi_sql_row(st)) {
        struct zapi_admin_change *c = zapi_admin_note(t);
        if (!c) {
            zapi_sql_end(st);
            return false;
        }
        snprintf(c->automation, sizeof c->automation, "%s",
                 zapi_sql_get_text(st, 0));
        snprintf(c->order, sizeof c->order, "%s", zapi_sql_get_text(st, 1));
        c->seq = (uint64_t)zapi_sql_get_int(st, 2);
        c->dropped = zapi_sql_get_int(st, 3) != ZAPI_INBOX_IS_DEAD;
    }
    return true;
}

/* One event of one automation, or all dead ones that match. */
static bool meant(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    const struct zapi_admin_request *rq = &t->rq;
    if (!rq->all && !rq->id) {
        return zapi_admin_fail(t, "which event?");
    }
    if (!collect(t, sql, rq->id ? -1 : ZAPI_INBOX_IS_DEAD)) {
        return false;
    }
    if (rq->id && t->nchanges == 0) {
        return zapi_admin_fail(t,
                               "no event %llu is in the inbox (what was "
                               "handled is not kept)",
                               (unsigned long long)rq->id);
    }
    if (rq->id && t->nchanges > 1) {
        return zapi_admin_fail(t,
                               "event %llu is in the inbox of %zu "
                               "automations: say --automation NAME",
                               (unsigned long long)rq->id, t->nchanges);
    }
    return true;
}

static bool for_each(struct zapi_admin_turn *t, struct zapi_sql *sql,
                     const char *text)
{
    size_t i;
    for (i = 0; i < t->nchanges; i++) {
        const struct zapi_admin_change *c = &t->changes[i];
        struct zapi_stmt *st = zapi_sql_begin(sql, text);
        zapi_sql_text(st, 1, c->automation);
        zapi_sql_text(st, 2, c->order);
        zapi_sql_int(st, 3, (int64_t)c->seq);
        if (!zapi_sql_run(st)) {
            return false;
        }
    }
    return true;
}

/* What the running process calls an order: "" when it is beside the others. */
static void name_orders(struct zapi_admin_turn *t)
{
    size_t i;
    for (i = 0; i < t->nchanges; i++) {
        if (t->changes[i].order[0] == '~') {
            t->changes[i].order[0] = '\0';
        }
    }
}

#define ROW                                                       \
    " WHERE automation=(SELECT id FROM automation WHERE name=?1)" \
    " AND person=?2 AND seq=?3"

/* Somebody has looked at it, so it begins anew: all tries, all chances. What was
 * refused (by a wrong token) is sent anew too: else the handler would only be
 * told of the same refusal. */
bool zapi_admin_inbox_retry(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    static const char revive[] =
        "UPDATE delivery SET state=0,attempts=0,stuck=0,offered=0,by_script=0,"
        "due=0,ended=0,reason=NULL" ROW " AND state IN (1,2)";
    size_t i;
    if (!meant(t, sql) || !for_each(t, sql, revive)) {
        return false;
    }
    if (t->rq.id && zapi_sql_changes(sql) == 0) {
        return zapi_admin_fail(t, "event %llu waits already",
                               (unsigned long long)t->rq.id);
    }
    for (i = 0; i < t->nchanges; i++) {
        const struct zapi_admin_change *c = &t->changes[i];
        if (!zapi_sends_permit(sql, c->automation, c->seq)) {
            return false;
        }
        t->changes[i].revived = true;
    }
    name_orders(t);
    zapi_put_int(t->out, "retried", (int64_t)t->nchanges);
    return true;
}

bool zapi_admin_inbox_drop(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    static const char remove[] = "DELETE FROM delivery" ROW;
    size_t i;
    if (!meant(t, sql) || !for_each(t, sql, remove)) {
        return false;
    }
    for (i = 0; i < t->nchanges; i++) {
        if (!zapi_inbox_settle(sql, t->changes[i].seq)) {
            return false;
        }
        t->changes[i].dropped = true;
    }
    name_orders(t);
    zapi_put_int(t->out, "dropped", (int64_t)t->nchanges);
    return true;
}
