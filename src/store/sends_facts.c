/* SPDX-License-Identifier: MIT
 *
 * What arrives about sends, as part of the inbox's transactions, and the map
 * from message ids to rows. The map holds hashes of the ids of seven days; a
 * row is only touched when it has the id itself. Start at find.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "store/sends_parts.h"

enum { ECHO_SECONDS = 600, TEXT_MAX = 1 << 20 };

/* ---- message ids ---- */

static uint64_t hash_of(const char *message_id)
{
    uint64_t h = UINT64_C(0x7a6170692e736e64);
    for (const char *p = message_id; *p; p++) {
        h = (h ^ (unsigned char)*p) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h ? h : 1;
}

/* Under the lock. The newest row with this hash counts. */
static bool put(struct zapi_keyset *ids, uint64_t hash, uint64_t id)
{
    uint64_t old = zapi_keyset_get(ids, hash);
    if (old != 0 && old != id) {
        zapi_keyset_remove(ids, (struct zapi_key){hash, old});
    }
    return old == id || zapi_keyset_add(ids, (struct zapi_key){hash, id});
}

void zapi_sends_learn_id(struct zapi_sends *s, const char *message_id,
                         uint64_t id)
{
    pthread_mutex_lock(&s->lock);
    put(&s->ids, hash_of(message_id), id);
    pthread_mutex_unlock(&s->lock);
}

static uint64_t look_up(struct zapi_sends *s, uint64_t hash)
{
    pthread_mutex_lock(&s->lock);
    uint64_t id = zapi_keyset_get(&s->ids, hash);
    pthread_mutex_unlock(&s->lock);
    return id;
}

bool zapi_sends_knows(struct zapi_sends *s, const char *message_id)
{
    return message_id && message_id[0] && look_up(s, hash_of(message_id)) != 0;
}

void zapi_sends_forget_ids(struct zapi_sends *s, uint64_t below)
{
    struct zapi_keyset old = {.is_map = true}, kept = old;
    bool ok = true;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; ok && s->ids.slots && i <= s->ids.mask; i++) {
        struct zapi_key k = s->ids.slots[i];
        ok = k.b < below || k.b == 0 || zapi_keyset_add(&kept, k);
    }
    if (ok) {
        old = s->ids;
        s->ids = kept;
    }
    pthread_mutex_unlock(&s->lock);
    zapi_keyset_free(ok ? &old : &kept); /* no memory: all stay */
}

static const char select_bounds[] = "SELECT min(id), max(id) FROM send";
static const char select_from[] =
    "SELECT id, created FROM send WHERE id>=?1 ORDER BY id LIMIT 1";

uint64_t zapi_sends_first_since(struct zapi_sql *sql, double since)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, select_bounds);
    int64_t low = 0, high = 0;
    if (zapi_sql_row(st)) {
        low = zapi_sql_get_int(st, 0);
        high = zapi_sql_get_int(st, 1) + 1;
        zapi_sql_end(st);
    }
    while (low < high) { /* the rows below `low` are older */
        int64_t middle = low + (high - low) / 2;
        bool older = false;
        st = zapi_sql_begin(sql, select_from);
        zapi_sql_int(st, 1, middle);
        if (zapi_sql_row(st)) {
            older = zapi_sql_get_real(st, 1) < since;
            middle = older ? zapi_sql_get_int(st, 0) : middle;
            zapi_sql_end(st);
        }
        if (older) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (uint64_t)low;
}

static const char select_ids[] =
    "SELECT id, message_id FROM send WHERE id>=?1 AND message_id IS NOT NULL";

bool zapi_sends_read_ids(struct zapi_sends *s, struct zapi_sql *sql, double now)
{
    double since = now - ZAPI_SENDS_ID_DAYS * ZAPI_SENDS_DAY;
    uint64_t first = zapi_sends_first_since(sql, since);
    struct zapi_stmt *st = zapi_sql_begin(sql, select_ids);
    bool ok = true;
    zapi_sql_int(st, 1, (int64_t)first);
    while (ok && zapi_sql_row(st)) {
        ok = put(&s->ids, hash_of(zapi_sql_get_text(st, 1)),
                 (uint64_t)zapi_sql_get_int(st, 0));
    }
    zapi_sql_end(st);
    return ok && !zapi_sql_failed(sql, NULL);
}

/* ---- facts ---- */

struct fact {
    enum zapi_send_state state;
    double at;
    const char *error_kind, *error; /* of FAILED */
};

static const char select_known[] =
    "SELECT state FROM send WHERE id=?1 AND message_id=?2";

/* The row with this message id; 0: none. */
static uint64_t find(struct zapi_sends *s, struct zapi_sql *sql,
                     const char *message_id, enum zapi_send_state *state)
{
    uint64_t id = look_up(s, hash_of(message_id));
    if (id == 0) {
        return 0;
    }
    struct zapi_stmt *st = zapi_sql_begin(sql, select_known);
    zapi_sql_int(st, 1, (int64_t)id);
    zapi_sql_text(st, 2, message_id);
    if (!zapi_sql_row(st)) {
        return 0;
    }
    *state = (enum zapi_send_state)zapi_sql_get_int(st, 0);
    zapi_sql_end(st);
    return id;
}

uint64_t zapi_sends_find(struct zapi_sends *s, struct zapi_sql *sql,
                         const char *message_id)
{
    enum zapi_send_state state = ZAPI_SEND_QUEUED;
    return message_id[0] ? find(s, sql, message_id, &state) : 0;
}

static const char update_fact[] =
    "UPDATE send SET state=?2, changed=?3, error_kind=?4, error=?5,"
    " message_id=coalesce(message_id, ?6) WHERE id=?1";

static void move(struct zapi_sends *s, struct zapi_sql *sql, uint64_t id,
                 const char *message_id, const struct fact *f)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, update_fact);
    zapi_sql_int(st, 1, (int64_t)id);
    zapi_sql_int(st, 2, f->state);
    zapi_sql_real(st, 3, f->at);
    zapi_sql_text(st, 4, f->error_kind);
    zapi_sql_text(st, 5, f->error);
    zapi_sql_text(st, 6, message_id);
    if (zapi_sql_run(st)) {
        zapi_sends_note(s, id);
    }
}

static struct zapi_sends_early *early_at(struct zapi_sends *s, uint64_t hash)
{
    return &s->early[(hash >> 20) & (ZAPI_SENDS_EARLY - 1)];
}

static char *join(const char *kind, const char *text)
{
    size_t nk = strlen(kind) + 1, nt = strlen(text) + 1;
    char *both = malloc(nk + nt);
    if (both) {
        memcpy(both, kind, nk);
        memcpy(both + nk, text, nt);
    }
    return both;
}

static void remember(struct zapi_sends *s, const char *message_id,
                     const struct fact *f)
{
    uint64_t hash = hash_of(message_id);
    struct zapi_sends_early *e = early_at(s, hash);
    if (e->hash == hash && !zapi_send_may_move(e->state, f->state)) {
        return;
    }
    free(e->error);
    *e =
        (struct zapi_sends_early){.hash = hash, .at = f->at, .state = f->state};
    if (f->error_kind) {
        e->error = join(f->error_kind, f->error ? f->error : "");
    }
}

void zapi_sends_catch_up(struct zapi_sends *s, struct zapi_sql *sql,
                         const char *message_id, uint64_t id)
{
    uint64_t hash = hash_of(message_id);
    struct zapi_sends_early *e = early_at(s, hash);
    enum zapi_send_state now = ZAPI_SEND_QUEUED;
    if (e->hash != hash || find(s, sql, message_id, &now) != id ||
        !zapi_send_may_move(now, e->state)) {
        return;
    }
    struct fact f = {.state = e->state, .at = e->at};
    if (e->error) {
        f.error_kind = e->error;
        f.error = e->error + strlen(e->error) + 1;
    }
    move(s, sql, id, message_id, &f);
}

/* true: a row has this id. */
static bool apply(struct zapi_sends *s, struct zapi_sql *sql,
                  const char *message_id, const struct fact *f)
{
    enum zapi_send_state now = ZAPI_SEND_QUEUED;
    uint64_t id = find(s, sql, message_id, &now);
    if (id != 0 && zapi_send_may_move(now, f->state)) {
        move(s, sql, id, message_id, f);
    }
    return id != 0;
}

void zapi_sends_apply_status(struct zapi_sends *s, struct zapi_sql *sql,
                             const char *message_id, enum zapi_send_state state,
                             double at)
{
    struct fact f = {.state = state, .at = at};
    if (message_id && message_id[0] && !apply(s, sql, message_id, &f)) {
        remember(s, message_id, &f);
    }
}

void zapi_sends_apply_failure(struct zapi_sends *s, struct zapi_sql *sql,
                              const char *message_id, const char *error_kind,
                              const char *error, double at)
{
    struct fact f = {.state = ZAPI_SEND_FAILED,
                     .at = at,
                     .error_kind = error_kind ? error_kind : "client.error",
                     .error = error};
    if (message_id && message_id[0] && !apply(s, sql, message_id, &f)) {
        remember(s, message_id, &f);
    }
}

/* ---- echoes ---- */

static void trim(const char **s, size_t *n)
{
    while (*n > 0 && strchr(" \t\r\n", **s)) {
        ++*s, --*n;
    }
    while (*n > 0 && strchr(" \t\r\n", (*s)[*n - 1])) {
        --*n;
    }
}

/* Blanks at the ends are WhatsApp's to drop. */
static bool same_text(const char *a, size_t na, const char *b, size_t nb)
{
    trim(&a, &na);
    trim(&b, &nb);
    return na == nb && memcmp(a, b, na) == 0;
}

/* Does a send with these parameters show this text? */
static bool says(const char *args, const char *text)
{
    struct zapi_json_pick picks[] = {{.key = "message"}, {.key = "caption"}};
    bool same = false;
    if (!zapi_json_pick(args, strlen(args), picks, 2, NULL)) {
        return false;
    }
    for (size_t i = 0; i < 2 && !same; i++) {
        struct zapi_buf buf;
        if (!picks[i].found || picks[i].type != ZAPI_JSON_STRING) {
            continue;
        }
        zapi_buf_init(&buf, TEXT_MAX);
        same = zapi_json_pick_str(&picks[i], &buf) && buf.len > 0 &&
               same_text(buf.data, buf.len, text, strlen(text));
        zapi_buf_free(&buf);
    }
    return same;
}

static const char select_candidates[] =
    "SELECT id, args FROM send WHERE person=?1 AND " ZAPI_SENDS_TROUBLE
    " AND state<>7 AND message_id IS NULL AND tried BETWEEN ?2 AND ?3"
    " AND (instance IS NULL OR ?4='' OR instance=?4)";

void zapi_sends_apply_echo(struct zapi_sends *s, struct zapi_sql *sql,
                           const char *instance, const char *person,
                           const char *message_id, const char *text, double at)
{
    struct fact f = {.state = ZAPI_SEND_SENT, .at = at};
    uint64_t id = 0;
    size_t n = 0;
    if (!message_id || !message_id[0] || apply(s, sql, message_id, &f)) {
        return;
    }
    if (text && text[0] && person && person[0]) {
        struct zapi_stmt *st = zapi_sql_begin(sql, select_candidates);
        zapi_sql_text(st, 1, person);
        zapi_sql_real(st, 2, at - ECHO_SECONDS);
        zapi_sql_real(st, 3, at + ECHO_SECONDS);
        zapi_sql_text(st, 4, instance ? instance : "");
        while (n < 2 && zapi_sql_row(st)) {
            if (says(zapi_sql_get_text(st, 1), text)) {
                id = (uint64_t)zapi_sql_get_int(st, 0);
                n++;
            }
        }
        zapi_sql_end(st);
    }
    if (n == 1) {
        move(s, sql, id, message_id, &f);
        zapi_sends_learn_id(s, message_id, id);
    } else {
        remember(s, message_id, &f);
    }
}
