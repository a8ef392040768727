/* SPDX-License-Identifier: MIT
 *
 * `zapibot outbox`: the table of sends. What a person may do: put back what
 * was not sent (failed, expired, cancelled), or what nobody knows when they say
 * that it may go twice (`force`); call off what waits; and close an unknown
 * one, whose row stays, so that a handler that runs again does not send it
 * anew. Parameters and replies are in `show` only. Start at the table of moves.
 */
#include <string.h>

#include "base/redact.h"
#include "store/admin_turn.h"
#include "store/sends_parts.h"

enum { STATES = ZAPI_SEND_CANCELLED + 1 };

/* What retry and drop may do with a row of each state; NULL: it may. */
static const struct {
    const char *retry, *drop;
} moves[STATES] = {
    [ZAPI_SEND_QUEUED] = {"it waits to leave already", NULL},
    [ZAPI_SEND_SENDING] = {"it is leaving just now", "it is leaving just now"},
    [ZAPI_SEND_ACCEPTED] = {"it was sent", "it was sent"},
    [ZAPI_SEND_SENT] = {"it was sent", "it was sent"},
    [ZAPI_SEND_RECEIVED] = {"it was sent", "it was sent"},
    [ZAPI_SEND_READ] = {"it was sent", "it was sent"},
    [ZAPI_SEND_PLAYED] = {"it was sent", "it was sent"},
    [ZAPI_SEND_FAILED] = {NULL, "it has failed: nothing of it is left to do"},
    [ZAPI_SEND_UNKNOWN] = {NULL, NULL},
    [ZAPI_SEND_EXPIRED] = {NULL, "it has expired: nothing of it is left to do"},
    [ZAPI_SEND_CANCELLED] = {NULL, "it is cancelled already"},
};

/* STATES: any; -1: there is none of this name, and the error is set. */
static int state_of(struct zapi_admin_turn *t)
{
    int i;
    if (!t->rq.state[0] || strcmp(t->rq.state, "open") == 0) {
        return STATES;
    }
    for (i = 0; i < STATES; i++) {
        if (strcmp(zapi_send_state_name((enum zapi_send_state)i),
                   t->rq.state) == 0) {
            return i;
        }
    }
    zapi_admin_fail(t,
                    "there is no state '%s': queued, sending, accepted, "
                    "sent, received, read, played, failed, unknown, "
                    "expired, cancelled, or open",
                    t->rq.state);
    return -1;
}

static struct zapi_sends_filter filter_of(const struct zapi_admin_request *rq)
{
    return (struct zapi_sends_filter){
        .automation = zapi_admin_opt(rq->automation),
        .recipient = zapi_admin_opt(rq->chat),
        .lane = zapi_admin_opt(rq->lane),
        .state = zapi_admin_opt(rq->state),
        .id = rq->id,
        .limit = rq->limit,
    };
}

/* ---- looking ---- */

static void put_error(struct zapi_buf *b, const char *text)
{
    struct zapi_buf clean;
    if (!text || !*text) {
        return;
    }
    zapi_buf_init(&clean, 4 * strlen(text) + 64);
    zapi_redact(&clean, text, strlen(text));
    zapi_put_str(b, "error", zapi_buf_str(&clean));
    zapi_buf_free(&clean);
}

static void put_fields(struct zapi_buf *b, const struct zapi_send *row)
{
    zapi_put_int(b, "id", (int64_t)row->id);
    zapi_put_str(b, "automation", row->automation ? row->automation : "");
    zapi_put_str(b, "state", zapi_send_state_name(row->state));
    zapi_put_opt(b, "endpoint", row->endpoint);
    zapi_put_opt(b, "recipient", row->recipient);
    zapi_put_opt(b, "instance", row->instance);
    zapi_put_opt(b, "lane", row->lane);
    zapi_put_opt(b, "key", row->key);
    if (row->event) {
        zapi_put_int(b, "event", (int64_t)row->event);
    }
    zapi_put_bool(b, "reply", row->reply);
    zapi_put_opt(b, "message_id", row->message_id);
    zapi_put_int(b, "tries", (int64_t)row->tries);
    zapi_put_time(b, "created_at", row->created);
    zapi_put_time(b, "changed_at", row->changed);
    zapi_put_time(b, "at", row->at);
    zapi_put_time(b, "expires_at", row->expires);
    zapi_put_opt(b, "error_kind", row->error_kind);
    put_error(b, row->error);
}

static void put_row(void *arg, const struct zapi_send *row)
{
    struct zapi_buf *b = arg;
    zapi_put_open(b, NULL, '{');
    put_fields(b, row);
    zapi_put_close(b, '}');
}

bool zapi_admin_outbox_list(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    struct zapi_sends_filter f = filter_of(&t->rq);
    uint64_t counts[STATES] = {0}, total = 0;
    int i;
    if (state_of(t) < 0) {
        return false;
    }
    zapi_put_open(t->out, "sends", '[');
    zapi_sends_each(sql, &f, put_row, t->out);
    zapi_put_close(t->out, ']');
    zapi_sends_count(sql, &f, counts);
    for (i = 0; i < STATES; i++) {
        total += counts[i];
    }
    zapi_put_int(t->out, "total", (int64_t)total);
    return true;
}

struct shown {
    struct zapi_buf *out;
    bool found;
};

static void put_whole(void *arg, const struct zapi_send *row)
{
    struct shown *s = arg;
    s->found = true;
    zapi_put_open(s->out, "send", '{');
    put_fields(s->out, row);
    zapi_put_opt(s->out, "step", row->step);
    zapi_put_json(s->out, "params", row->args);
    zapi_put_json(s->out, "result", row->result);
    zapi_put_close(s->out, '}');
}

bool zapi_admin_outbox_show(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    struct zapi_sends_filter f = {.id = t->rq.id, .limit = 1};
    struct shown s = {.out = t->out};
    if (t->rq.id) {
        zapi_sends_each(sql, &f, put_whole, &s);
    }
    return s.found || zapi_admin_fail(t, "no send %llu is in the outbox",
                                      (unsigned long long)t->rq.id);
}

void zapi_admin_put_sends(struct zapi_buf *b, struct zapi_sql *sql)
{
    struct zapi_sends_filter all = {.id = 0};
    uint64_t counts[STATES] = {0};
    int i;
    zapi_sends_count(sql, &all, counts);
    zapi_put_open(b, "sends", '{');
    for (i = 0; i < STATES; i++) {
        zapi_put_int(b, zapi_send_state_name((enum zapi_send_state)i),
                     (int64_t)counts[i]);
    }
    zapi_put_close(b, '}');
}

static void put_lanes(struct zapi_buf *b, struct zapi_sql *sql)
{
    static const char by_lane[] =
        "SELECT s.automation,ifnull(s.lane,''),count(*),min(s.at),"
        "ifnull((SELECT paused FROM lane l WHERE l.automation=s.automation"
        " AND l.name=ifnull(s.lane,'')),0)"
        " FROM send s WHERE s.state=0 GROUP BY 1,2 ORDER BY 1,2";
    struct zapi_stmt *st = zapi_sql_begin(sql, by_lane);
    zapi_put_open(b, "lanes", '[');
    while (zapi_sql_row(st)) {
        zapi_put_open(b, NULL, '{');
        zapi_put_str(b, "automation", zapi_sql_get_text(st, 0));
        zapi_put_str(b, "lane", zapi_sql_get_text(st, 1));
        zapi_put_int(b, "queued", zapi_sql_get_int(st, 2));
        zapi_put_time(b, "next_at", zapi_sql_get_real(st, 3));
        zapi_put_bool(b, "paused", zapi_sql_get_int(st, 4) != 0);
        zapi_put_close(b, '}');
    }
    zapi_put_close(b, ']');
}

bool zapi_admin_outbox_stats(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    zapi_admin_put_sends(t->out, sql);
    put_lanes(t->out, sql);
    return true;
}

/* ---- retry and drop ---- */

static bool no_such(struct zapi_admin_turn *t)
{
    return zapi_admin_fail(t, "no send %llu is in the outbox",
                           (unsigned long long)t->rq.id);
}

/* The state of the one row that is meant; -1: the error is set. */
static int state_in_file(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    static const char select_state[] = "SELECT state FROM send WHERE id=?1";
    struct zapi_stmt *st = zapi_sql_begin(sql, select_state);
    int state;
    zapi_sql_int(st, 1, (int64_t)t->rq.id);
    state = zapi_sql_row(st) ? (int)zapi_sql_get_int(st, 0) : -1;
    zapi_sql_end(st);
    if (state < 0 || state >= STATES) {
        no_such(t);
        return -1;
    }
    return state;
}

static bool may(struct zapi_admin_turn *t, int state, const char *why)
{
    return !why || zapi_admin_fail(
                       t, "send %llu is %s: %s", (unsigned long long)t->rq.id,
                       zapi_send_state_name((enum zapi_send_state)state), why);
}

/* Which rows: one, or all of a state that match. They are read before any is
 * changed, as changing moves them in what is read. */
static size_t ids_of(struct zapi_admin_turn *t, struct zapi_sql *sql, int state,
                     uint64_t *ids, size_t room)
{
    static const char select_ids[] =
        "SELECT id FROM send WHERE state=?3 AND (?1=0 OR id=?1)"
        " AND (?2 IS NULL OR automation=?2)"
        " AND (?4 IS NULL OR instr(error,?4)>0 OR instr(error_kind,?4)>0)"
        " AND id>?5"
        " ORDER BY id LIMIT ?6";
    struct zapi_stmt *st = zapi_sql_begin(sql, select_ids);
    size_t n = 0;
    zapi_sql_int(st, 1, (int64_t)t->rq.id);
    zapi_sql_text(st, 2, zapi_admin_opt(t->rq.automation));
    zapi_sql_int(st, 3, state);
    zapi_sql_text(st, 4, zapi_admin_opt(t->rq.reason));
    zapi_sql_int(st, 5, (int64_t)ids[0]);
    zapi_sql_int(st, 6, (int64_t)room);
    while (n < room && zapi_sql_row(st)) {
        ids[n++] = (uint64_t)zapi_sql_get_int(st, 0);
    }
    zapi_sql_end(st);
    return n;
}

static bool put_back(struct zapi_admin_turn *t, struct zapi_sql *sql, int state)
{
    uint64_t ids[256] = {0};
    size_t i, n, total = 0;
    do {
        n = ids_of(t, sql, state, ids, 256);
        for (i = 0; i < n; i++) {
            struct zapi_sends_filter one = {.id = ids[i]};
            total += zapi_sends_requeue(t->admin->sends, sql, &one, t->now);
        }
        ids[0] = n > 0 ? ids[n - 1] : 0;
    } while (n == 256);
    zapi_put_int(t->out, "retried", (int64_t)total);
    return true;
}

bool zapi_admin_outbox_retry(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    int state = t->rq.all ? state_of(t) : state_in_file(t, sql);
    if (state < 0) {
        return false;
    }
    if (state == STATES) {
        return zapi_admin_fail(t, "which? --all needs --state failed, "
                                  "expired, cancelled or unknown");
    }
    if (!may(t, state, moves[state].retry)) {
        return false;
    }
    if (state == ZAPI_SEND_UNKNOWN && !t->rq.force) {
        zapi_put_bool(t->out, "confirm", true); /* and nothing is done */
        return true;
    }
    return put_back(t, sql, state);
}

static bool close_unknown(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    static const char close_row[] =
        "UPDATE send SET state=?2,changed=?3,error_kind='send.unknown',"
        "error='closed by hand: it may have been sent' WHERE id=?1";
    struct zapi_stmt *st = zapi_sql_begin(sql, close_row);
    zapi_sql_int(st, 1, (int64_t)t->rq.id);
    zapi_sql_int(st, 2, ZAPI_SEND_CANCELLED);
    zapi_sql_real(st, 3, t->now);
    zapi_sends_note(t->admin->sends, t->rq.id);
    return zapi_sql_run(st);
}

bool zapi_admin_outbox_drop(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    struct zapi_sends_filter one = {.id = t->rq.id};
    int state = t->rq.id ? state_in_file(t, sql) : (no_such(t), -1);
    if (state < 0 || !may(t, state, moves[state].drop)) {
        return false;
    }
    if (state == ZAPI_SEND_UNKNOWN
            ? !close_unknown(t, sql)
            : zapi_sends_cancel(t->admin->sends, sql, &one, t->now) == 0) {
        return false;
    }
    zapi_put_int(t->out, "dropped", 1);
    zapi_put_str(t->out, "was",
                 zapi_send_state_name((enum zapi_send_state)state));
    return true;
}
