/* SPDX-License-Identifier: MIT
 *
 * What the loop reads: names of automations and their slots, deliveries that
 * an earlier process left undone, and events that wait on disk. All on the
 * reader's connection, which sees what is committed; the few writes here are
 * jobs that are waited for, at start only.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/inbox_parts.h"

/* ---- automations ---- */

struct attach {
    struct zapi_job job;
    const char *name;
    int64_t id;
};

static const char insert_automation[] =
    "INSERT INTO automation(name) VALUES(?1) ON CONFLICT(name) DO NOTHING";
static const char find_automation[] = "SELECT id FROM automation WHERE name=?1";

static bool find_id(struct zapi_sql *sql, const char *name, int64_t *id)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, find_automation);
    zapi_sql_text(st, 1, name);
    bool found = zapi_sql_row(st);
    if (found)
        *id = zapi_sql_get_int(st, 0);
    zapi_sql_end(st);
    return found;
}

static bool apply_attach(struct zapi_job *job, struct zapi_sql *sql)
{
    struct attach *a = (struct attach *)job;
    struct zapi_stmt *st = zapi_sql_begin(sql, insert_automation);
    zapi_sql_text(st, 1, a->name);
    return zapi_sql_run(st) && find_id(sql, a->name, &a->id);
}

/* The slot that the name had, a new one, or one that nobody uses. */
static int choose_slot(const struct zapi_inbox *in, const char *name)
{
    int unused = -1, free_one = -1;
    for (int i = ZAPI_AUTOMATIONS - 1; i >= 0; i--) {
        const struct zapi_inbox_slot *s = &in->slots[i];
        if (s->name && strcmp(s->name, name) == 0)
            return i;
        if (!s->name)
            unused = i;
        else if (!s->attached)
            free_one = i;
    }
    return unused >= 0 ? unused : free_one;
}

int zapi_inbox_attach(struct zapi_inbox *in, const char *name)
{
    struct attach a = {.job = {.apply = apply_attach}, .name = name};
    int slot = choose_slot(in, name);
    char *copy = slot >= 0 ? strdup(name) : NULL;
    if (!copy)
        return -1;
    if (in->config.db && zapi_db_run(in->config.db, &a.job) != ZAPI_DB_OK) {
        free(copy);
        return -1;
    }
    struct zapi_inbox_slot *s = &in->slots[slot];
    free(s->name);
    *s = (struct zapi_inbox_slot){.name = copy, .id = a.id, .attached = true};
    return slot;
}

void zapi_inbox_detach(struct zapi_inbox *in, int slot)
{
    in->slots[slot].attached = false;
}

/* ---- what was left undone ---- */

static const char revive[] =
    "UPDATE delivery SET state=0, offered=1, due=0, ended=NULL, reason=NULL"
    " WHERE automation=?1 AND state=2 AND by_script=1 AND offered=0";
static const char all_waiting[] =
    /* One that is tried again holds up its order: it comes first, at once. */
    "SELECT person, seq, attempts, iif(state=1, due, 0) FROM delivery"
    " WHERE automation=?1 AND state<2 ORDER BY person, seq";

struct revive {
    struct zapi_job job;
    int64_t automation;
};

static bool apply_revive(struct zapi_job *job, struct zapi_sql *sql)
{
    struct revive *r = (struct revive *)job;
    struct zapi_stmt *st = zapi_sql_begin(sql, revive);
    zapi_sql_int(st, 1, r->automation);
    return zapi_sql_run(st);
}

size_t zapi_inbox_pending(struct zapi_inbox *in, int slot,
                          zapi_inbox_visit *visit, void *arg)
{
    const char *why = "";
    size_t n = 0;
    if (!in->config.db)
        return 0;
    struct revive r = {.job = {.apply = apply_revive},
                       .automation = in->slots[slot].id};
    /* What cannot be stored now stays dead until the next start. */
    zapi_db_run(in->config.db, &r.job);
    zapi_sql_failed(zapi_db_reader(in->config.db), NULL);
    struct zapi_stmt *st =
        zapi_sql_begin(zapi_db_reader(in->config.db), all_waiting);
    zapi_sql_int(st, 1, r.automation);
    while (zapi_sql_row(st)) {
        const char *person = zapi_sql_get_text(st, 0);
        struct zapi_inbox_pending p = {.order = *person == '~' ? "" : person,
                                       .seq = (uint64_t)zapi_sql_get_int(st, 1),
                                       .attempt =
                                           (unsigned)zapi_sql_get_int(st, 2),
                                       .due = zapi_sql_get_real(st, 3)};
        visit(arg, &p);
        n++;
    }
    if (zapi_sql_failed(zapi_db_reader(in->config.db), &why))
        zapi_err("not all that '%s' has left undone can be read (%s): the rest "
                 "waits for the next start",
                 in->slots[slot].name, why);
    return n;
}

/* ---- what is offered to a next generation ---- */

struct offer {
    struct zapi_job job;
    int64_t automation;
    struct zapi_inbox_offered *list;
    void (*done)(void *arg, struct zapi_inbox_offered *list);
    void *arg;
};

static const char all_dead[] =
    "SELECT person, seq, attempts FROM delivery INDEXED BY delivery_dead"
    " WHERE automation=?1 AND state=2 AND by_script=1";
static const char offer_dead[] =
    "UPDATE delivery SET state=0, offered=1, due=0, ended=NULL, reason=NULL"
    " WHERE automation=?1 AND person=?2 AND seq=?3";

static void free_offered(struct offer *o)
{
    while (o->list) {
        struct zapi_inbox_offered *one = o->list;
        o->list = one->next;
        free(one);
    }
}

/* false: no memory. `person` is kept as it is in the table. */
static bool find_dead(struct offer *o, struct zapi_sql *sql)
{
    bool ok = true;
    struct zapi_stmt *st = zapi_sql_begin(sql, all_dead);
    zapi_sql_int(st, 1, o->automation);
    while (ok && zapi_sql_row(st)) {
        struct zapi_inbox_offered *one = calloc(1, sizeof *one);
        ok = one != NULL;
        if (!ok)
            break;
        strncat(one->order, zapi_sql_get_text(st, 0), sizeof one->order - 1);
        one->seq = (uint64_t)zapi_sql_get_int(st, 1);
        one->attempt = (unsigned)zapi_sql_get_int(st, 2);
        one->next = o->list;
        o->list = one;
    }
    zapi_sql_end(st);
    return ok;
}

static bool apply_offer(struct zapi_job *job, struct zapi_sql *sql)
{
    struct offer *o = (struct offer *)job;
    free_offered(o); /* of a batch that was taken back */
    bool ok = find_dead(o, sql);
    for (struct zapi_inbox_offered *one = o->list; ok && one; one = one->next) {
        struct zapi_stmt *st = zapi_sql_begin(sql, offer_dead);
        zapi_sql_int(st, 1, o->automation);
        zapi_sql_text(st, 2, one->order);
        zapi_sql_int(st, 3, (int64_t)one->seq);
        ok = zapi_sql_run(st);
    }
    return ok;
}

static void done_offer(struct zapi_job *job, enum zapi_db_result result)
{
    struct offer *o = (struct offer *)job;
    if (result != ZAPI_DB_OK) /* they stay dead until the next one */
        free_offered(o);
    for (struct zapi_inbox_offered *one = o->list; one; one = one->next)
        if (one->order[0] == '~')
            one->order[0] = '\0';
    o->done(o->arg, o->list);
    free(o);
}

void zapi_inbox_offer(struct zapi_inbox *in, int slot,
                      void (*done)(void *arg, struct zapi_inbox_offered *list),
                      void *arg)
{
    struct offer *o = in->config.db ? calloc(1, sizeof *o) : NULL;
    if (!o) {
        done(arg, NULL);
        return;
    }
    *o = (struct offer){.job = {.apply = apply_offer, .done = done_offer},
                        .automation = in->slots[slot].id,
                        .done = done,
                        .arg = arg};
    zapi_db_submit(in->config.db, &o->job);
}

/* ---- an event from disk ---- */

static const char one_event[] =
    "SELECT received_at, flags, pending, instance, type, kind, message_id,"
    " chat, author, person, body FROM event WHERE seq=?1";

enum { FIRST_TEXT = 3, TEXTS = 6, PERSON = 9, BODY = 10 };

static size_t text_room(struct zapi_stmt *st)
{
    size_t n = 0;
    for (int i = 0; i < TEXTS; i++)
        n += strlen(zapi_sql_get_text(st, FIRST_TEXT + i)) + 1;
    return n;
}

static char *copy_text(char **at, const char *s)
{
    size_t n = strlen(s) + 1;
    char *out = memcpy(*at, s, n);
    *at += n;
    return out;
}

/* NULL: no memory. */
static struct zapi_event *read_event(struct zapi_stmt *st, uint64_t seq)
{
    struct zapi_event *ev = malloc(sizeof *ev + text_room(st));
    size_t len = 0;
    const void *body = zapi_sql_get_blob(st, BODY, &len);
    char *copy = malloc(len + 1);
    if (!ev || !copy) {
        free(ev);
        free(copy);
        return NULL;
    }
    if (len > 0)
        memcpy(copy, body, len);
    copy[len] = '\0';
    int64_t flags = zapi_sql_get_int(st, 1);
    *ev = (struct zapi_event){.seq = seq,
                              .received_at = zapi_sql_get_real(st, 0),
                              .body = copy,
                              .body_len = len,
                              .from_me = (flags & 1) != 0,
                              .from_api = (flags & 2) != 0,
                              .is_group = (flags & 4) != 0,
                              .keep = true,
                              .only = zapi_sql_get_int(st, 2) <= 1};
    char *at = (char *)(ev + 1);
    char **const texts[TEXTS] = {&ev->instance,   &ev->type, &ev->kind,
                                 &ev->message_id, &ev->chat, &ev->author};
    for (int i = 0; i < TEXTS; i++)
        *texts[i] = copy_text(&at, zapi_sql_get_text(st, FIRST_TEXT + i));
    const char *person = zapi_sql_get_text(st, PERSON);
    if (*person != '~')
        strncat(ev->order, person, sizeof ev->order - 1);
    return ev;
}

struct zapi_event *zapi_inbox_load(struct zapi_inbox *in, uint64_t seq,
                                   struct zapi_error *error)
{
    struct zapi_event *ev = NULL;
    const char *why = "";
    zapi_error_clear(error);
    if (!in->config.db)
        return NULL;
    struct zapi_sql *sql = zapi_db_reader(in->config.db);
    struct zapi_stmt *st = zapi_sql_begin(sql, one_event);
    zapi_sql_int(st, 1, (int64_t)seq);
    if (zapi_sql_row(st)) {
        ev = read_event(st, seq);
        if (!ev)
            zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for an event");
    }
    zapi_sql_end(st);
    if (!ev && zapi_sql_failed(sql, &why))
        zapi_error_set(error, ZAPI_E_IO, "%s: %s", zapi_db_path(in->config.db),
                       why);
    if (ev) {
        pthread_mutex_lock(&in->lock);
        in->events++;
        pthread_mutex_unlock(&in->lock);
    }
    return ev;
}

/* ---- ends by the watchdog ---- */

struct stuck {
    struct zapi_job job;
    const char *automation, *why;
    uint64_t seq;
};

static const char note_stuck[] =
    "UPDATE delivery SET stuck=stuck+1, attempts=attempts+1,"
    " state=CASE WHEN stuck>=1 THEN 2 ELSE state END,"
    " ended=CASE WHEN stuck>=1 THEN unixepoch() END,"
    " by_script=0, reason=CASE WHEN stuck>=1 THEN ?3 END"
    " WHERE automation=?1 AND seq=?2";

static bool apply_stuck(struct zapi_job *job, struct zapi_sql *sql)
{
    struct stuck *s = (struct stuck *)job;
    int64_t id = 0;
    if (!find_id(sql, s->automation, &id))
        return true; /* of a database that was moved away */
    struct zapi_stmt *st = zapi_sql_begin(sql, note_stuck);
    zapi_sql_int(st, 1, id);
    zapi_sql_int(st, 2, (int64_t)s->seq);
    zapi_sql_text(st, 3, s->why);
    return zapi_sql_run(st);
}

void zapi_inbox_note_stuck(struct zapi_inbox *in, const char *automation,
                           uint64_t seq, const char *why)
{
    struct stuck s = {.job = {.apply = apply_stuck},
                      .automation = automation,
                      .why = why,
                      .seq = seq};
    if (in->config.db)
        zapi_db_run(in->config.db, &s.job);
}
