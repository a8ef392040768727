/* SPDX-License-Identifier: MIT
 *
 * Looking at the table of sends by a filter, and the commands that change what
 * a filter finds. Statements are static text; the first condition of each is
 * what its index wants (enum path), the rest is the same for all (FILTER).
 * Start at zapi_sends_each.
 */
#include <stdlib.h>
#include <string.h>

#include "store/sends_parts.h"

enum { ANY_STATE = -1 };

enum path { BY_ID, BY_KEY, BY_PREFIX, QUEUED, TROUBLE, ALL, PATHS };

#define FILTER                                               \
    " AND (?1 IS NULL OR automation=?1) AND (?2=0 OR id=?2)" \
    " AND (?3 IS NULL OR key=?3)"                            \
    " AND (?4 IS NULL OR substr(key, 1, length(?4))=?4)"     \
    " AND (?5 IS NULL OR recipient=?5 OR person=?5)"         \
    " AND (?6 IS NULL OR lane=?6) AND (?7=-1 OR state=?7)"

#define WHERE_ID  " FROM send WHERE id=?2" FILTER
#define WHERE_KEY " FROM send WHERE automation=?1 AND key=?3" FILTER
#define WHERE_PREFIX                                                         \
    " FROM send INDEXED BY send_key WHERE automation=?1 AND key IS NOT NULL" \
    " AND key>=?4 AND key<=?4||char(1114111)" FILTER
#define WHERE_QUEUED " FROM send INDEXED BY send_queued WHERE state=0" FILTER
#define WHERE_TROUBLE \
    " FROM send INDEXED BY send_trouble WHERE " ZAPI_SENDS_TROUBLE FILTER
#define WHERE_ALL " FROM send WHERE 1" FILTER

#define EACH(where) \
    "SELECT " ZAPI_SENDS_COLUMNS where " ORDER BY id DESC LIMIT ?8"
#define COUNT(where) "SELECT state, count(*)" where " GROUP BY state"

static const char *const each_text[PATHS] = {
    [BY_ID] = EACH(WHERE_ID),         [BY_KEY] = EACH(WHERE_KEY),
    [BY_PREFIX] = EACH(WHERE_PREFIX), [QUEUED] = EACH(WHERE_QUEUED),
    [TROUBLE] = EACH(WHERE_TROUBLE),  [ALL] = EACH(WHERE_ALL),
};

static const char *const count_text[PATHS] = {
    [BY_ID] = COUNT(WHERE_ID),         [BY_KEY] = COUNT(WHERE_KEY),
    [BY_PREFIX] = COUNT(WHERE_PREFIX), [QUEUED] = COUNT(WHERE_QUEUED),
    [TROUBLE] = COUNT(WHERE_TROUBLE),  [ALL] = COUNT(WHERE_ALL),
};

static enum path path_of(const struct zapi_sends_filter *f, int state)
{
    if (f->id) {
        return BY_ID;
    }
    if (f->automation && f->key) {
        return BY_KEY;
    }
    if (f->automation && f->prefix) {
        return BY_PREFIX;
    }
    switch (state) {
    case ZAPI_SEND_QUEUED:
        return QUEUED;
    case ZAPI_SEND_SENDING:
    case ZAPI_SEND_FAILED:
    case ZAPI_SEND_UNKNOWN:
        return TROUBLE;
    default:
        return ALL;
    }
}

static struct zapi_stmt *ask(struct zapi_sql *sql,
                             const char *const text[PATHS],
                             const struct zapi_sends_filter *f, int state)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, text[path_of(f, state)]);
    zapi_sql_text(st, 1, f->automation);
    zapi_sql_int(st, 2, (int64_t)f->id);
    zapi_sql_text(st, 3, f->key);
    zapi_sql_text(st, 4, f->prefix);
    zapi_sql_text(st, 5, f->recipient);
    zapi_sql_text(st, 6, f->lane);
    zapi_sql_int(st, 7, state);
    if (text == each_text) {
        zapi_sql_int(st, 8, f->limit ? (int64_t)f->limit : -1);
    }
    return st;
}

/* The states that a filter's word stands for. Returns how many; 0: no such
 * word. */
static size_t states_of(const struct zapi_sends_filter *f, int out[2])
{
    enum zapi_send_state state = ZAPI_SEND_QUEUED;
    if (!f->state || !f->state[0]) {
        out[0] = ANY_STATE;
        return 1;
    }
    if (strcmp(f->state, "open") == 0) {
        out[0] = ZAPI_SEND_SENDING;
        out[1] = ZAPI_SEND_QUEUED;
        return 2;
    }
    out[0] = zapi_send_state_find(f->state, &state) ? (int)state : ANY_STATE;
    return out[0] != ANY_STATE;
}

/* Returns how many. */
static size_t each_state(struct zapi_sql *sql,
                         const struct zapi_sends_filter *f, int state,
                         zapi_sends_visit *visit, void *arg)
{
    struct zapi_stmt *st = ask(sql, each_text, f, state);
    size_t n = 0;
    for (; zapi_sql_row(st); n++) {
        struct zapi_send row;
        zapi_sends_read(st, &row);
        visit(arg, &row);
    }
    return n;
}

void zapi_sends_each(struct zapi_sql *sql, const struct zapi_sends_filter *f,
                     zapi_sends_visit *visit, void *arg)
{
    struct zapi_sends_filter left = *f;
    int states[2];
    size_t n = states_of(f, states);
    for (size_t i = 0; i < n; i++) {
        size_t found = each_state(sql, &left, states[i], visit, arg);
        if (f->limit && found >= left.limit) {
            return;
        }
        left.limit -= f->limit ? found : 0;
    }
}

void zapi_sends_count(struct zapi_sql *sql, const struct zapi_sends_filter *f,
                      uint64_t counts[ZAPI_SEND_CANCELLED + 1])
{
    int states[2];
    size_t n = states_of(f, states);
    memset(counts, 0, sizeof *counts * (ZAPI_SEND_CANCELLED + 1));
    for (size_t i = 0; i < n; i++) {
        struct zapi_stmt *st = ask(sql, count_text, f, states[i]);
        while (zapi_sql_row(st)) {
            int64_t state = zapi_sql_get_int(st, 0);
            if (state >= 0 && state <= ZAPI_SEND_CANCELLED) {
                counts[state] = (uint64_t)zapi_sql_get_int(st, 1);
            }
        }
    }
}

static const char any_due[] =
    "SELECT 1 FROM send INDEXED BY send_queued"
    " WHERE state=0 AND automation=?1 AND at<=?2 LIMIT 1";

bool zapi_sends_any_due(struct zapi_sql *sql, const char *automation,
                        double now)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, any_due);
    zapi_sql_text(st, 1, automation);
    zapi_sql_real(st, 2, now);
    bool any = zapi_sql_row(st);
    zapi_sql_end(st);
    return any;
}

/* ---- commands ---- */

struct found {
    uint64_t *ids; /* owned */
    enum zapi_send_state *states;
    size_t n, room;
    bool failed;
};

static void collect(void *arg, const struct zapi_send *row)
{
    struct found *found = arg;
    if (found->n == found->room && !found->failed) {
        size_t room = found->room ? found->room * 2 : 64;
        uint64_t *ids = realloc(found->ids, room * sizeof *ids);
        found->ids = ids ? ids : found->ids;
        enum zapi_send_state *states =
            realloc(found->states, room * sizeof *states);
        found->states = states ? states : found->states;
        found->failed = !ids || !states;
        found->room = found->failed ? found->room : room;
    }
    if (!found->failed) {
        found->ids[found->n] = row->id;
        found->states[found->n++] = row->state;
    }
}

static const char cancel_text[] =
    "UPDATE send SET state=10, changed=?2, error_kind='send.cancelled',"
    " error='it was cancelled before it was sent' WHERE id=?1 AND state=?3";
static const char requeue_text[] =
    "UPDATE send SET state=0, changed=?2, at=?2, expires=NULL, tries=0,"
    " error_kind=NULL, error=NULL, message_id=NULL, result=NULL"
    " WHERE id=?1 AND state=?3 AND " ZAPI_SENDS_WHOLE;

static size_t change(struct zapi_sends *s, struct zapi_sql *sql,
                     const struct found *found, const char *text, double now,
                     unsigned from)
{
    size_t n = 0;
    for (size_t i = 0; i < found->n && !found->failed; i++) {
        if ((from >> found->states[i] & 1u) == 0) {
            continue;
        }
        struct zapi_stmt *st = zapi_sql_begin(sql, text);
        zapi_sql_int(st, 1, (int64_t)found->ids[i]);
        zapi_sql_real(st, 2, now);
        zapi_sql_int(st, 3, found->states[i]);
        if (!zapi_sql_run(st)) {
            break;
        }
        if (zapi_sql_changes(sql) > 0) {
            zapi_sends_note(s, found->ids[i]);
            n++;
        }
    }
    return n;
}

static size_t change_all(struct zapi_sends *s, struct zapi_sql *sql,
                         const struct zapi_sends_filter *f, const char *text,
                         double now, unsigned from)
{
    struct found found = {.ids = NULL};
    zapi_sends_each(sql, f, collect, &found);
    size_t n = change(s, sql, &found, text, now, from);
    free(found.ids);
    free(found.states);
    return n;
}

size_t zapi_sends_cancel(struct zapi_sends *s, struct zapi_sql *sql,
                         const struct zapi_sends_filter *f, double now)
{
    struct zapi_sends_filter queued = *f;
    if (!f->state || !f->state[0] || strcmp(f->state, "open") == 0) {
        queued.state = "queued"; /* nothing else can be called back */
    }
    return change_all(s, sql, &queued, cancel_text, now,
                      1u << ZAPI_SEND_QUEUED);
}

size_t zapi_sends_requeue(struct zapi_sends *s, struct zapi_sql *sql,
                          const struct zapi_sends_filter *f, double now)
{
    return change_all(s, sql, f, requeue_text, now,
                      1u << ZAPI_SEND_FAILED | 1u << ZAPI_SEND_UNKNOWN |
                          1u << ZAPI_SEND_EXPIRED | 1u << ZAPI_SEND_CANCELLED);
}

static const char pause_text[] =
    "INSERT INTO lane(automation, name, paused) VALUES(?1, ?2, ?3)"
    " ON CONFLICT(automation, name) DO UPDATE SET paused=?3";

void zapi_sends_pause(struct zapi_sql *sql, const char *automation,
                      const char *lane, bool paused)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, pause_text);
    zapi_sql_text(st, 1, automation);
    zapi_sql_text(st, 2, lane ? lane : "");
    zapi_sql_int(st, 3, paused);
    zapi_sql_run(st);
}
