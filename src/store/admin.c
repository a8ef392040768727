/* SPDX-License-Identifier: MIT
 *
 * See admin.h. What only reads has a connection of its own, so that it works
 * while the disk is full and holds up no commit; what writes is a job of the
 * writer thread. The turn owns its list of changes; everything else is the
 * caller's. Start at the table.
 */
#include "store/admin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "store/admin_turn.h"
#include "store/connection.h"

#define REPLY_MAX  (64u << 20)
#define READ_WAIT  2000 /* ms */
#define LIST_LIMIT 50

static const struct verb {
    const char *name;
    enum { READS, WRITES, ITSELF } how; /* ITSELF: gets no connection */
    zapi_admin_verb *run;
} verbs[] = {
    {"inbox.list", READS, zapi_admin_inbox_list},
    {"inbox.show", READS, zapi_admin_inbox_show},
    {"inbox.stats", READS, zapi_admin_inbox_stats},
    {"inbox.retry", WRITES, zapi_admin_inbox_retry},
    {"inbox.drop", WRITES, zapi_admin_inbox_drop},
    {"outbox.list", READS, zapi_admin_outbox_list},
    {"outbox.show", READS, zapi_admin_outbox_show},
    {"outbox.stats", READS, zapi_admin_outbox_stats},
    {"outbox.retry", WRITES, zapi_admin_outbox_retry},
    {"outbox.drop", WRITES, zapi_admin_outbox_drop},
    {"status", READS, zapi_admin_status},
    {"backup", ITSELF, zapi_admin_backup},
    {"forget", ITSELF, zapi_admin_forget},
};

bool zapi_admin_fail(struct zapi_admin_turn *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t->error, sizeof t->error, fmt, ap);
    va_end(ap);
    return false;
}

struct zapi_admin_change *zapi_admin_note(struct zapi_admin_turn *t)
{
    if (t->nchanges == t->room) {
        size_t room = t->room ? 2 * t->room : 16;
        struct zapi_admin_change *more =
            realloc(t->changes, room * sizeof *more);
        if (!more) {
            zapi_admin_fail(t, "not enough memory");
            return NULL;
        }
        t->changes = more;
        t->room = room;
    }
    t->changes[t->nchanges] = (struct zapi_admin_change){.seq = 0};
    return &t->changes[t->nchanges++];
}

const char *zapi_admin_opt(const char *s)
{
    return *s ? s : NULL;
}

/* ---- the request ---- */

#define TEXT(field)                                         \
    {                                                       \
#field, offsetof(struct zapi_admin_request, field), \
            sizeof(((struct zapi_admin_request *)0)->field) \
    }

static const struct {
    const char *key;
    size_t at, room;
} texts[] = {
    TEXT(what), TEXT(state),  TEXT(automation), TEXT(chat),
    TEXT(kind), TEXT(reason), TEXT(lane),       TEXT(file),
};
enum { NTEXTS = sizeof texts / sizeof *texts, NPICKS = NTEXTS + 5 };

static bool take_text(const struct zapi_json_pick *p, char *out, size_t room)
{
    struct zapi_buf b;
    bool ok = true;
    if (p->type == ZAPI_JSON_STRING) {
        zapi_buf_init(&b, room - 1);
        ok = zapi_json_pick_str(p, &b) && !memchr(zapi_buf_str(&b), 0, b.len);
        if (ok) {
            memcpy(out, zapi_buf_str(&b), b.len + 1);
        }
        zapi_buf_free(&b);
    }
    return ok;
}

static uint64_t take_number(const struct zapi_json_pick *p)
{
    return p->type == ZAPI_JSON_INTEGER && p->integer > 0 ? (uint64_t)p->integer
                                                          : 0;
}

bool zapi_admin_read(struct zapi_admin_turn *t, const char *text, size_t len)
{
    static const char *const others[] = {"id", "limit", "all", "force",
                                         "chats"};
    struct zapi_json_pick p[NPICKS] = {{.key = NULL}};
    const char *why;
    size_t i;
    for (i = 0; i < NPICKS; i++) {
        p[i].key = i < NTEXTS ? texts[i].key : others[i - NTEXTS];
    }
    p[0].key = "do";
    if (!zapi_json_pick(text, len, p, NPICKS, &why)) {
        return zapi_admin_fail(t, "the request is wrong: %s", why);
    }
    for (i = 0; i < NTEXTS; i++) {
        if (!take_text(&p[i], (char *)&t->rq + texts[i].at, texts[i].room)) {
            return zapi_admin_fail(t, "%s is too long", p[i].key);
        }
    }
    t->rq.id = take_number(&p[NTEXTS]);
    t->rq.limit = take_number(&p[NTEXTS + 1]);
    t->rq.limit = t->rq.limit ? t->rq.limit : LIST_LIMIT;
    t->rq.all = p[NTEXTS + 2].type == ZAPI_JSON_TRUE;
    t->rq.force = p[NTEXTS + 3].type == ZAPI_JSON_TRUE;
    t->rq.chats = p[NTEXTS + 4].type == ZAPI_JSON_TRUE;
    return true;
}

/* ---- running it ---- */

struct job {
    struct zapi_job job; /* first */
    struct zapi_admin_turn *turn;
    zapi_admin_verb *run;
    size_t from; /* of the reply: where the verb's part begins */
};

static bool apply(struct zapi_job *job, struct zapi_sql *sql)
{
    struct job *j = (struct job *)job;
    struct zapi_admin_turn *t = j->turn;
    t->out->len = j->from;
    t->nchanges = 0;
    t->error[0] = '\0';
    return j->run(t, sql);
}

bool zapi_admin_write(struct zapi_admin_turn *t, zapi_admin_verb *run)
{
    struct job j = {
        .job = {.apply = apply},
        .turn = t,
        .run = run,
        .from = t->out->len,
    };
    enum zapi_db_result result = zapi_db_run(t->admin->db, &j.job);
    if (result == ZAPI_DB_UNAVAILABLE) {
        return zapi_admin_fail(t, "nothing can be stored now: is the disk "
                                  "full, or the database locked?");
    }
    if (result == ZAPI_DB_FAILED && !t->error[0]) {
        return zapi_admin_fail(t, "the database refused it");
    }
    return result == ZAPI_DB_OK;
}

static bool reading(struct zapi_admin_turn *t, zapi_admin_verb *run)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    const char *why;
    struct zapi_sql *sql = zapi_sql_open(zapi_db_path(t->admin->db),
                                         ZAPI_SQL_READ, READ_WAIT, &error);
    bool ok;
    if (!sql) {
        return zapi_admin_fail(t, "%s", error.message);
    }
    ok = zapi_sql_script(sql, "BEGIN") && run(t, sql);
    if (zapi_sql_failed(sql, &why)) { /* half an answer is none */
        ok = zapi_admin_fail(t, "%s", why);
    }
    zapi_sql_close(sql);
    return ok;
}

static bool run_verb(struct zapi_admin_turn *t)
{
    size_t i;
    for (i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        const struct verb *v = &verbs[i];
        if (strcmp(v->name, t->rq.what) == 0) {
            return v->how == READS    ? reading(t, v->run)
                   : v->how == WRITES ? zapi_admin_write(t, v->run)
                                      : v->run(t, NULL);
        }
    }
    if (strcmp(t->rq.what, "restore") == 0) {
        return zapi_admin_fail(t, "a zapibot runs here: stop it first");
    }
    if (strcmp(t->rq.what, "reload") == 0) {
        return zapi_admin_fail(t, "no zapibot runs with this data folder");
    }
    return zapi_admin_fail(t, "there is no request '%s'", t->rq.what);
}

static void tell_changes(const struct zapi_admin_turn *t)
{
    const struct zapi_admin *a = t->admin;
    size_t i;
    for (i = 0; i < t->nchanges; i++) {
        const struct zapi_admin_change *c = &t->changes[i];
        if (c->dropped && a->dropped) {
            a->dropped(a->arg, c->automation, c->order, c->seq);
        }
        if (c->revived && a->revived) {
            a->revived(a->arg, c->automation, c->order, c->seq);
        }
    }
}

void zapi_admin_begin(struct zapi_admin_turn *t, struct zapi_buf *out)
{
    *t = (struct zapi_admin_turn){.out = out, .now = zapi_clock_now()};
    zapi_buf_adds(out, "{\"ok\":true");
}

void zapi_admin_end(struct zapi_admin_turn *t, bool ok, struct zapi_buf *reply)
{
    if (ok && t->out->failed) {
        ok = zapi_admin_fail(t, "the reply is too large: ask for less");
    }
    if (!ok) {
        zapi_buf_reset(t->out);
        zapi_buf_adds(t->out, "{\"ok\":false");
        zapi_put_str(t->out, "error", t->error);
    }
    zapi_buf_addc(t->out, '}');
    zapi_buf_add(reply, t->out->data, t->out->len);
    free(t->changes);
}

void zapi_admin_run(const struct zapi_admin *admin, const char *request,
                    size_t len, struct zapi_buf *reply)
{
    struct zapi_buf out;
    struct zapi_admin_turn t;
    bool ok;
    zapi_buf_init(&out, REPLY_MAX);
    zapi_admin_begin(&t, &out);
    t.admin = admin;
    ok = zapi_admin_read(&t, request, len) && run_verb(&t);
    if (ok) {
        tell_changes(&t);
    }
    zapi_admin_end(&t, ok, reply);
    zapi_buf_free(&out);
}
