/* SPDX-License-Identifier: MIT
 *
 * The people: a map in memory (people_map.c) under one mutex, and its copy in
 * the tables `person` and `alias`. What is learnt changes the map at once; the
 * rows follow by a job of its own that is never lost (`note`), so that the
 * rollback of the event that taught it takes nothing away. Only a merge is
 * also written inside the event's transaction: the deliveries must not stand
 * under two keys when the event is there.
 *
 * `alias` leads from every id to a key; the key of a merged person is an alias
 * too, so chains are followed. Start reading at zapi_people_learn.
 */
#include "store/people.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/forget.h"
#include "store/kv.h"
#include "store/people_map.h"
#include "store/sql.h"

struct zapi_people {
    pthread_mutex_t lock;
    struct zapi_people_map *map;
    struct zapi_db *db; /* NULL: in memory */
    void (*merged)(void *arg, const char *from, const char *to);
    void *arg;
};

/* What does not fit is no id: "" rather than a part of it. */
static void copy(char *out, size_t room, const char *s)
{
    size_t n = strlen(s);
    if (n >= room)
        n = 0;
    memcpy(out, s, n);
    out[n] = '\0';
}

/* ---- rows ---- */

static const char put_person[] =
    "INSERT INTO person(key, phone, lid, name, at) VALUES(?1,?2,?3,?4,?5)"
    " ON CONFLICT(key) DO UPDATE SET phone=?2, lid=?3, name=?4, at=?5";
static const char put_alias[] = "INSERT INTO alias(id, person) VALUES(?1,?2)"
                                " ON CONFLICT(id) DO UPDATE SET person=?2";
static const char drop_person[] = "DELETE FROM person WHERE key=?1";
static const char move_events[] =
    "UPDATE event SET person=?2 WHERE person=?1 AND seq IN (SELECT seq FROM"
    " delivery WHERE automation IN (SELECT id FROM automation) AND person=?1)";
static const char move_deliveries[] =
    "UPDATE delivery SET person=?2 WHERE automation IN (SELECT id FROM"
    " automation) AND person=?1";

static const char move_sends[] =
    "UPDATE send SET person=?2 WHERE person=?1"
    " AND (state=1 OR state=7 OR state=8)"; /* the words of its index */
static const char move_queued[] =
    "UPDATE send SET person=?2 WHERE person=?1 AND state=0";

static bool write_alias(struct zapi_sql *sql, const char *id, const char *key)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, put_alias);
    zapi_sql_text(st, 1, id);
    zapi_sql_text(st, 2, key);
    return zapi_sql_run(st);
}

/* Under the one spelling that look-ups use. */
static bool write_phone(struct zapi_sql *sql, const char *phone,
                        const char *key)
{
    struct zapi_id id;
    zapi_id_read(&id, phone, false);
    return write_alias(sql, id.text, key);
}

static bool write_person(struct zapi_sql *sql, const struct zapi_person *p)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, put_person);
    zapi_sql_text(st, 1, p->key);
    zapi_sql_text(st, 2, p->phone);
    zapi_sql_text(st, 3, p->lid);
    zapi_sql_text(st, 4, p->name);
    zapi_sql_real(st, 5, zapi_clock_now());
    return zapi_sql_run(st) && write_alias(sql, p->key, p->key) &&
           (!*p->phone || write_phone(sql, p->phone, p->key)) &&
           (!*p->lid || write_alias(sql, p->lid, p->key));
}

static bool run_two(struct zapi_sql *sql, const char *text, const char *a,
                    const char *b)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, text);
    zapi_sql_text(st, 1, a);
    if (b)
        zapi_sql_text(st, 2, b);
    return zapi_sql_run(st);
}

static bool write_merge(struct zapi_sql *sql, const char *from, const char *to)
{
    return run_two(sql, move_events, from, to) &&
           run_two(sql, move_deliveries, from, to) &&
           run_two(sql, move_sends, from, to) &&
           run_two(sql, move_queued, from, to) &&
           run_two(sql, drop_person, from, NULL) &&
           zapi_kv_merge(sql, from, to) && write_alias(sql, from, to);
}

/* ---- the job that writes a person ---- */

struct note {
    struct zapi_job job;
    struct zapi_people *people;
    char key[ZAPI_ORDER_MAX], from[ZAPI_ORDER_MAX];
};

enum presence { GONE, ELSEWHERE, HERE };

/* What is known of the key now, which may be more than when it was noted. It
 * may have been forgotten meanwhile, or merged into another, whose own note
 * follows. */
static enum presence present(struct zapi_people *p, const char *key,
                             struct zapi_person *out)
{
    pthread_mutex_lock(&p->lock);
    uint32_t who = zapi_people_map_find(p->map, key, strlen(key));
    if (who != ZAPI_NOBODY)
        zapi_people_map_read(p->map, who, out);
    pthread_mutex_unlock(&p->lock);
    if (who == ZAPI_NOBODY)
        return GONE;
    return strcmp(out->key, key) == 0 ? HERE : ELSEWHERE;
}

static bool apply_note(struct zapi_job *job, struct zapi_sql *sql)
{
    struct note *n = (struct note *)job;
    struct zapi_person now;
    enum presence found = present(n->people, n->key, &now);
    if (found == GONE)
        return true;
    if (*n->from && !write_merge(sql, n->from, n->key))
        return false;
    return found == ELSEWHERE || write_person(sql, &now);
}

static void done_note(struct zapi_job *job, enum zapi_db_result result)
{
    (void)result; /* lost only with the process: it is learnt again */
    free(job);
}

static void note(struct zapi_people *p, const char *key, const char *from)
{
    struct note *n = p->db ? malloc(sizeof *n) : NULL;
    if (!n)
        return;
    *n = (struct note){
        .job = {.apply = apply_note, .done = done_note, .must = true},
        .people = p};
    copy(n->key, sizeof n->key, key);
    copy(n->from, sizeof n->from, from);
    zapi_db_submit(p->db, &n->job);
}

/* ---- learning ---- */

static bool read_as(struct zapi_id *id, const char *s, enum zapi_id_form form)
{
    if (!s || !*s)
        return false;
    zapi_id_read(id, s, false);
    return id->form == form;
}

/* One person of two, unless they contradict each other. */
static bool join(struct zapi_people_map *m, uint32_t of_phone, uint32_t of_lid)
{
    if (zapi_people_map_has(m, of_phone, ZAPI_ID_LID) &&
        zapi_people_map_has(m, of_lid, ZAPI_ID_PHONE))
        return false;
    zapi_people_map_merge(m, of_lid, of_phone);
    return true;
}

struct lesson { /* phone and lid: NULL when not given */
    const struct zapi_id *phone, *lid;
    const char *name;
    bool canonical;
};

struct learnt {
    bool changed;
    struct zapi_person now;
    char from[ZAPI_ORDER_MAX]; /* "" unless two became one */
};

/* Under the lock. */
static void take_in(struct zapi_people_map *m, const struct lesson *in,
                    struct learnt *out)
{
    uint32_t a = ZAPI_NOBODY, b = ZAPI_NOBODY, who;
    if (in->phone)
        a = zapi_people_map_find(m, in->phone->text, in->phone->len);
    if (in->lid)
        b = zapi_people_map_find(m, in->lid->text, in->lid->len);
    bool two = a != ZAPI_NOBODY && b != ZAPI_NOBODY && a != b;
    if (two) {
        zapi_people_map_read(m, b, &out->now);
        if (!join(m, a, b))
            return;
        copy(out->from, sizeof out->from, out->now.key);
        out->changed = true;
    }
    who = a != ZAPI_NOBODY ? a : b;
    if (who == ZAPI_NOBODY) {
        who = zapi_people_map_add(m, in->phone ? in->phone : in->lid);
        out->changed = true;
    }
    if (who == ZAPI_NOBODY) { /* no memory: it is learnt another time */
        out->changed = false;
        return;
    }
    if (in->phone)
        out->changed |= zapi_people_map_set(m, who, in->phone, in->canonical);
    if (in->lid)
        out->changed |= zapi_people_map_set(m, who, in->lid, true);
    if (in->name && *in->name)
        out->changed |= zapi_people_map_name(m, who, in->name);
    if (out->changed)
        zapi_people_map_read(m, who, &out->now);
}

void zapi_people_learn(struct zapi_people *p, struct zapi_sql *sql,
                       const char *phone, const char *lid, const char *name,
                       bool canonical, char merged_from[ZAPI_ORDER_MAX])
{
    struct zapi_id number, hidden;
    struct learnt out;
    struct lesson in = {
        .phone = read_as(&number, phone, ZAPI_ID_PHONE) ? &number : NULL,
        .lid = read_as(&hidden, lid, ZAPI_ID_LID) ? &hidden : NULL,
        .name = name,
        .canonical = canonical};
    out.changed = false;
    out.from[0] = '\0';
    if (in.phone || in.lid) {
        pthread_mutex_lock(&p->lock);
        take_in(p->map, &in, &out);
        pthread_mutex_unlock(&p->lock);
    }
    if (merged_from)
        copy(merged_from, ZAPI_ORDER_MAX, out.from);
    if (!out.changed)
        return;
    if (*out.from && sql)
        write_merge(sql, out.from, out.now.key);
    note(p, out.now.key, out.from);
    if (*out.from && p->merged)
        p->merged(p->arg, out.from, out.now.key);
}

void zapi_people_watch(struct zapi_people *p,
                       void (*merged)(void *arg, const char *from,
                                      const char *to),
                       void *arg)
{
    p->merged = merged;
    p->arg = arg;
}

/* ---- teaching from another thread ---- */

struct teach {
    struct zapi_job job;
    struct zapi_people *people;
    bool canonical;
    char phone[32], lid[48], name[96];
};

static bool apply_teach(struct zapi_job *job, struct zapi_sql *sql)
{
    struct teach *t = (struct teach *)job;
    zapi_people_learn(t->people, sql, t->phone, t->lid, t->name, t->canonical,
                      NULL);
    return true;
}

static void done_teach(struct zapi_job *job, enum zapi_db_result result)
{
    (void)result;
    free(job);
}

/* Is there nothing new in it? Spares a transaction. */
static bool is_known(struct zapi_people *p, const char *phone, const char *lid,
                     const char *name)
{
    struct zapi_person a, b;
    bool one = !phone || !*phone || !lid || !*lid;
    return zapi_people_find(p, phone && *phone ? phone : lid, &a) &&
           (one || (zapi_people_find(p, lid, &b) && strcmp(a.key, b.key) == 0 &&
                    strcmp(a.lid, lid) == 0)) &&
           (!phone || !*phone || strcmp(a.phone, phone) == 0) &&
           (!name || !*name || strcmp(a.name, name) == 0);
}

/* What does not fit is no id at all, and of no use cut. */
static bool take_text(char *out, size_t room, const char *s)
{
    size_t n = s ? strlen(s) : 0;
    if (n >= room)
        return false;
    memcpy(out, s ? s : "", n + 1);
    return true;
}

void zapi_people_teach(struct zapi_people *p, const char *phone,
                       const char *lid, const char *name, bool canonical)
{
    if ((!phone || !*phone) && (!lid || !*lid))
        return;
    if (is_known(p, phone, lid, name))
        return;
    if (!p->db) {
        zapi_people_learn(p, NULL, phone, lid, name, canonical, NULL);
        return;
    }
    struct teach *t = malloc(sizeof *t);
    if (!t)
        return;
    *t = (struct teach){.job = {.apply = apply_teach, .done = done_teach},
                        .people = p,
                        .canonical = canonical};
    if (!take_text(t->phone, sizeof t->phone, phone) ||
        !take_text(t->lid, sizeof t->lid, lid)) {
        free(t);
        return;
    }
    take_text(t->name, sizeof t->name, name);
    zapi_db_submit(p->db, &t->job);
}

/* ---- looking up ---- */

static void by_form(const struct zapi_id *id, struct zapi_person *out)
{
    char shorter[ZAPI_ORDER_MAX];
    *out = (struct zapi_person){.key = ""};
    copy(out->key, sizeof out->key, id->text);
    if (id->form == ZAPI_ID_LID)
        copy(out->lid, sizeof out->lid, id->text);
    else if (id->form == ZAPI_ID_PHONE)
        copy(out->phone, sizeof out->phone,
             id->is_short && zapi_id_shorten(id->text, shorter) ? shorter
                                                                : id->text);
}

void zapi_people_read(const char *id, struct zapi_person *out)
{
    struct zapi_id as;
    zapi_id_read(&as, id, true);
    by_form(&as, out);
}

bool zapi_people_find(struct zapi_people *p, const char *id,
                      struct zapi_person *out)
{
    struct zapi_id as;
    uint32_t who = ZAPI_NOBODY;
    zapi_id_read(&as, id, true);
    if (as.form != ZAPI_ID_OTHER) {
        pthread_mutex_lock(&p->lock);
        who = zapi_people_map_find(p->map, as.text, as.len);
        if (who != ZAPI_NOBODY)
            zapi_people_map_read(p->map, who, out);
        pthread_mutex_unlock(&p->lock);
    }
    if (who == ZAPI_NOBODY)
        by_form(&as, out);
    return who != ZAPI_NOBODY;
}

size_t zapi_people_count(struct zapi_people *p)
{
    pthread_mutex_lock(&p->lock);
    size_t n = zapi_people_map_count(p->map);
    pthread_mutex_unlock(&p->lock);
    return n;
}

size_t zapi_people_memory(struct zapi_people *p)
{
    pthread_mutex_lock(&p->lock);
    size_t n = sizeof *p + zapi_people_map_memory(p->map);
    pthread_mutex_unlock(&p->lock);
    return n;
}

/* ---- forgetting ---- */

static void forget_in_memory(struct zapi_people *p, const char *key)
{
    pthread_mutex_lock(&p->lock);
    uint32_t who = zapi_people_map_find(p->map, key, strlen(key));
    if (who != ZAPI_NOBODY)
        zapi_people_map_forget(p->map, who);
    pthread_mutex_unlock(&p->lock);
}

size_t zapi_people_forget(struct zapi_people *p, struct zapi_sql *sql,
                          const char *id, zapi_forget_delivery *each, void *arg)
{
    struct zapi_person known;
    size_t removed = 0;
    zapi_people_find(p, id, &known);
    if (sql)
        removed = zapi_forget_rows(sql, id, &known, each, arg);
    forget_in_memory(p, known.key);
    return removed;
}

/* ---- life ---- */

static const char all_persons[] = "SELECT key, phone, lid, name FROM person";
static const char all_aliases[] = "SELECT id, person FROM alias";
/* Of a merged person's ids: where the chain ends is known by then. */
static const char next_alias[] = "SELECT person FROM alias WHERE id=?1";

static void load_person(struct zapi_people_map *m, struct zapi_stmt *st)
{
    struct zapi_id id;
    zapi_id_read(&id, zapi_sql_get_text(st, 0), false);
    uint32_t who = zapi_people_map_find(m, id.text, id.len);
    if (who == ZAPI_NOBODY)
        who = zapi_people_map_add(m, &id);
    for (int col = 1; who != ZAPI_NOBODY && col <= 2; col++) {
        zapi_id_read(&id, zapi_sql_get_text(st, col), false);
        if (id.len > 0)
            zapi_people_map_set(m, who, &id, true);
    }
    if (who != ZAPI_NOBODY && *zapi_sql_get_text(st, 3))
        zapi_people_map_name(m, who, zapi_sql_get_text(st, 3));
}

static uint32_t end_of_chain(struct zapi_people_map *m, struct zapi_sql *sql,
                             const char *key)
{
    char at[ZAPI_ORDER_MAX] = "";
    uint32_t who = zapi_people_map_find(m, key, strlen(key));
    copy(at, sizeof at, key);
    for (int step = 0; who == ZAPI_NOBODY && step < 8; step++) {
        struct zapi_stmt *st = zapi_sql_begin(sql, next_alias);
        zapi_sql_text(st, 1, at);
        bool more = zapi_sql_row(st);
        if (more)
            copy(at, sizeof at, zapi_sql_get_text(st, 0));
        zapi_sql_end(st);
        if (!more)
            break;
        who = zapi_people_map_find(m, at, strlen(at));
    }
    return who;
}

static void load(struct zapi_people_map *m, struct zapi_sql *sql)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, all_persons);
    while (zapi_sql_row(st))
        load_person(m, st);
    st = zapi_sql_begin(sql, all_aliases);
    while (zapi_sql_row(st)) {
        const char *id = zapi_sql_get_text(st, 0);
        size_t n = strlen(id);
        if (n >= ZAPI_ORDER_MAX ||
            zapi_people_map_find(m, id, n) != ZAPI_NOBODY)
            continue;
        uint32_t who = end_of_chain(m, sql, zapi_sql_get_text(st, 1));
        if (who != ZAPI_NOBODY)
            zapi_people_map_alias(m, who, id, n);
    }
}

struct zapi_people *zapi_people_new(struct zapi_db *db,
                                    struct zapi_error *error)
{
    struct zapi_people *p = calloc(1, sizeof *p);
    const char *why = "";
    if (p)
        p->map = zapi_people_map_new();
    if (!p || !p->map) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for the people");
        free(p);
        return NULL;
    }
    pthread_mutex_init(&p->lock, NULL);
    p->db = db;
    if (!db)
        return p;
    load(p->map, zapi_db_reader(db));
    if (zapi_sql_failed(zapi_db_reader(db), &why)) {
        zapi_error_set(error, ZAPI_E_IO, "the people cannot be read: %s", why);
        zapi_people_delete(p);
        return NULL;
    }
    return p;
}

void zapi_people_delete(struct zapi_people *p)
{
    if (!p)
        return;
    zapi_people_map_delete(p->map);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
