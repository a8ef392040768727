/* SPDX-License-Identifier: MIT
 *
 * The table of sends: open, begin, end, and telling of changes. Each call that
 * writes is a job of its own block, which owns a copy of the row that it was
 * given; what it read belongs to the job until `done` moves it on.
 *
 * Changes that others make (callbacks, time, commands) are noted by row id
 * while their transaction runs. A job that follows reads those rows, so what is
 * told is what was committed, and a transaction that was undone tells at most
 * that nothing has changed. Start at zapi_sends_begin.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/sends_parts.h"

/* ---- telling ---- */

struct tell_job {
    struct zapi_job job;
    struct zapi_sends *s;
    size_t n; /* of s->noted, from the front */
    struct zapi_send **rows;
};

static void drop_rows(struct tell_job *j)
{
    for (size_t i = 0; j->rows && i < j->n; i++) {
        zapi_send_free(j->rows[i]);
    }
    free(j->rows);
    j->rows = NULL;
    j->n = 0;
}

static bool apply_tell(struct zapi_job *job, struct zapi_sql *sql)
{
    struct tell_job *j = (struct tell_job *)job;
    struct zapi_sends *s = j->s;
    drop_rows(j);
    j->rows = calloc(s->nnoted ? s->nnoted : 1, sizeof *j->rows);
    if (!j->rows) {
        return false;
    }
    j->n = s->nnoted;
    for (size_t i = 0; i < j->n; i++) {
        j->rows[i] = zapi_sends_load(sql, s->noted[i]);
    }
    return zapi_sends_fine(sql);
}

static void submit_tell(struct zapi_sends *s);

static void tell_done(struct zapi_job *job, enum zapi_db_result result)
{
    struct tell_job *j = (struct tell_job *)job;
    struct zapi_sends *s = j->s;
    size_t told = result == ZAPI_DB_OK ? j->n : s->nnoted;
    s->telling = false;
    memmove(s->noted, s->noted + told, (s->nnoted - told) * sizeof *s->noted);
    s->nnoted -= told;
    for (size_t i = 0; result == ZAPI_DB_OK && i < j->n; i++) {
        if (j->rows[i]) {
            s->changed(s->arg, j->rows[i]);
        }
    }
    drop_rows(j);
    free(j);
    if (s->nnoted > 0) {
        submit_tell(s);
    }
}

static void submit_tell(struct zapi_sends *s)
{
    struct tell_job *j = calloc(1, sizeof *j);
    if (!j) {
        return; /* the next change tries again */
    }
    *j = (struct tell_job){
        .job = {.apply = apply_tell, .done = tell_done, .must = true}, .s = s};
    s->telling = true;
    zapi_db_submit(s->db, &j->job);
}

void zapi_sends_note(struct zapi_sends *s, uint64_t id)
{
    if (!s || !s->changed) {
        return;
    }
    if (s->nnoted == s->noted_room) {
        size_t room = s->noted_room ? s->noted_room * 2 : 64;
        uint64_t *more = realloc(s->noted, room * sizeof *more);
        if (!more) {
            zapi_err("no memory to tell that a message has changed");
            return;
        }
        s->noted = more;
        s->noted_room = room;
    }
    s->noted[s->nnoted++] = id;
    if (!s->telling) {
        submit_tell(s);
    }
}

/* ---- open ---- */

struct start_job {
    struct zapi_job job;
    double now;
    size_t unknown;
};

static const char forget_sending[] =
    "UPDATE send SET state=8, changed=?1, error_kind='send.unknown',"
    " error='the process ended while it was sent: it may have left'"
    " WHERE " ZAPI_SENDS_TROUBLE " AND state=1";

static bool apply_start(struct zapi_job *job, struct zapi_sql *sql)
{
    struct start_job *j = (struct start_job *)job;
    struct zapi_stmt *st = zapi_sql_begin(sql, forget_sending);
    zapi_sql_real(st, 1, j->now);
    bool ok = zapi_sql_run(st);
    j->unknown = ok ? (size_t)zapi_sql_changes(sql) : 0;
    return ok;
}

struct zapi_sends *zapi_sends_new(struct zapi_db *db,
                                  zapi_sends_changed *changed, void *arg,
                                  size_t *unknown, struct zapi_error *error)
{
    struct start_job start = {.job = {.apply = apply_start},
                              .now = zapi_clock_now()};
    struct zapi_sends *s = calloc(1, sizeof *s);
    if (!s) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for sends");
        return NULL;
    }
    s->db = db;
    s->changed = changed;
    s->arg = arg;
    s->ids.is_map = true;
    pthread_mutex_init(&s->lock, NULL);
    if (zapi_db_run(db, &start.job) != ZAPI_DB_OK ||
        !zapi_sends_read_ids(s, zapi_db_reader(db), start.now)) {
        zapi_error_set(error, ZAPI_E_IO, "%s: the sends cannot be read",
                       zapi_db_path(db));
        zapi_sends_delete(s);
        return NULL;
    }
    if (unknown) {
        *unknown = start.unknown;
    }
    return s;
}

void zapi_sends_delete(struct zapi_sends *s)
{
    if (!s) {
        return;
    }
    for (size_t i = 0; i < ZAPI_SENDS_EARLY; i++) {
        free(s->early[i].error);
    }
    zapi_keyset_free(&s->ids);
    pthread_mutex_destroy(&s->lock);
    free(s->noted);
    free(s);
}

/* ---- insert ---- */

static const char insert_text[] =
    "INSERT INTO send(event, state, reply, tries, at, expires, created,"
    " changed, tried, automation, step, key, instance, recipient, person,"
    " endpoint, lane, message_id, error_kind, error, args, result)"
    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,"
    "?19,?20,?21) ON CONFLICT DO NOTHING";

static void bind_optional(struct zapi_stmt *st, int at, double v)
{
    if (v > 0) {
        zapi_sql_real(st, at, v);
    } else {
        zapi_sql_null(st, at);
    }
}

/* What is given, made a row of this table: a copy. */
static struct zapi_send *to_row(const struct zapi_send *given)
{
    struct zapi_send row = *given;
    row.created = row.created > 0 ? row.created : zapi_clock_now();
    row.changed = row.created;
    row.at = row.at > 0 ? row.at : row.created;
    row.tries = row.state == ZAPI_SEND_SENDING ? 1 : row.tries;
    row.automation = row.automation ? row.automation : "";
    row.lane = row.lane ? row.lane : "";
    row.person = row.person ? row.person : row.recipient;
    return zapi_send_copy(&row);
}

/* false: the database's error. row->id is 0 when its step or key is there. */
static bool insert(struct zapi_sql *sql, struct zapi_send *row)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, insert_text);
    if (row->event) {
        zapi_sql_int(st, 1, (int64_t)row->event);
    } else {
        zapi_sql_null(st, 1);
    }
    zapi_sql_int(st, 2, row->state);
    zapi_sql_int(st, 3, row->reply);
    zapi_sql_int(st, 4, row->tries);
    zapi_sql_real(st, 5, row->at);
    bind_optional(st, 6, row->expires);
    zapi_sql_real(st, 7, row->created);
    zapi_sql_real(st, 8, row->changed);
    for (size_t i = 0; i < ZAPI_SENDS_STRINGS; i++) {
        zapi_sql_text(st, 9 + (int)i, *zapi_send_string(row, i));
    }
    if (!zapi_sql_run(st)) {
        return false;
    }
    row->id = zapi_sql_changes(sql) > 0 ? (uint64_t)zapi_sql_last_id(sql) : 0;
    return true;
}

/* ---- begin ---- */

struct begin_job {
    struct zapi_job job;
    zapi_sends_begun *done;
    void *arg;
    struct zapi_send *row;   /* owned: as given */
    struct zapi_send *found; /* owned: what was there */
    bool is_new;
};

static const char select_step[] =
    "SELECT " ZAPI_SENDS_COLUMNS " FROM send"
    " WHERE event=?1 AND automation=?2 AND step=?3 AND event IS NOT NULL"
    " AND step IS NOT NULL";
static const char select_key[] =
    "SELECT " ZAPI_SENDS_COLUMNS " FROM send"
    " WHERE automation=?2 AND key=?3 AND key IS NOT NULL";

static struct zapi_send *find_by(struct zapi_sql *sql, const char *text,
                                 const struct zapi_send *row, const char *by)
{
    struct zapi_send there, *copy = NULL;
    struct zapi_stmt *st = zapi_sql_begin(sql, text);
    if (text == select_step) {
        zapi_sql_int(st, 1, (int64_t)row->event);
    }
    zapi_sql_text(st, 2, row->automation);
    zapi_sql_text(st, 3, by);
    if (zapi_sql_row(st)) {
        zapi_sends_read(st, &there);
        copy = zapi_send_copy(&there);
        zapi_sql_end(st);
    }
    return copy;
}

/* Did this step fail in a way that lets the handler's next try send it? What
 * may have left is never in state failed by an error that may pass; and a person
 * who lets the event be handled again sets the tries of what was refused to 0
 * (zapi_sends_permit). */
static bool may_begin_again(const struct zapi_send *found)
{
    if (found->state != ZAPI_SEND_FAILED) {
        return false;
    }
    return found->tries == 0 ||
           (found->error_kind &&
            zapi_error_retryable(zapi_error_find(found->error_kind)));
}

bool zapi_sends_permit(struct zapi_sql *sql, const char *automation,
                       uint64_t event)
{
    static const char permit[] =
        "UPDATE send SET tries=0 WHERE event=?1 AND automation=?2 AND state=?3"
        " AND message_id IS NULL AND step IS NOT NULL";
    struct zapi_stmt *st = zapi_sql_begin(sql, permit);
    zapi_sql_int(st, 1, (int64_t)event);
    zapi_sql_text(st, 2, automation);
    zapi_sql_int(st, 3, ZAPI_SEND_FAILED);
    return zapi_sql_run(st);
}

static const char begin_again[] =
    "UPDATE send SET state=?2, changed=?3, tried=?3, tries=?4, at=?5,"
    " args=?6, endpoint=?7, error_kind=NULL, error=NULL, message_id=NULL,"
    " result=NULL WHERE id=?1";

static bool revive(struct zapi_sql *sql, struct zapi_send *row,
                   const struct zapi_send *found)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, begin_again);
    row->id = found->id;
    row->created = found->created;
    row->tries = found->tries + (row->state == ZAPI_SEND_SENDING);
    zapi_sql_int(st, 1, (int64_t)row->id);
    zapi_sql_int(st, 2, row->state);
    zapi_sql_real(st, 3, row->changed);
    zapi_sql_int(st, 4, row->tries);
    zapi_sql_real(st, 5, row->at);
    zapi_sql_text(st, 6, row->args);
    zapi_sql_text(st, 7, row->endpoint);
    return zapi_sql_run(st);
}

static bool apply_begin(struct zapi_job *job, struct zapi_sql *sql)
{
    struct begin_job *j = (struct begin_job *)job;
    struct zapi_send *row = j->row;
    zapi_send_free(j->found);
    j->found = NULL;
    if (!insert(sql, row)) {
        return false;
    }
    j->is_new = row->id != 0;
    if (j->is_new) {
        return true;
    }
    if (row->event && row->step) {
        j->found = find_by(sql, select_step, row, row->step);
        j->is_new = j->found && may_begin_again(j->found);
    }
    if (j->is_new) {
        return revive(sql, row, j->found);
    }
    if (!j->found && row->key) {
        j->found = find_by(sql, select_key, row, row->key);
    }
    return j->found != NULL;
}

static void begin_done(struct zapi_job *job, enum zapi_db_result result)
{
    struct begin_job *j = (struct begin_job *)job;
    struct zapi_send *row = NULL;
    if (result == ZAPI_DB_OK) {
        struct zapi_send **from = j->is_new ? &j->row : &j->found;
        row = *from;
        *from = NULL;
    }
    j->done(j->arg, row, row && j->is_new);
    zapi_send_free(j->row);
    zapi_send_free(j->found);
    free(j);
}

void zapi_sends_begin(struct zapi_sends *s, const struct zapi_send *row,
                      zapi_sends_begun *done, void *arg)
{
    struct begin_job *j = malloc(sizeof *j);
    struct zapi_send *copy = j ? to_row(row) : NULL;
    if (!copy) {
        free(j);
        done(arg, NULL, false);
        return;
    }
    *j = (struct begin_job){
        .job = {.apply = apply_begin, .done = begin_done},
        .done = done,
        .arg = arg,
        .row = copy,
    };
    zapi_db_submit(s->db, &j->job);
}

/* ---- the same as a part of a handler's good end ---- */

struct send_write {
    struct zapi_write write;
    struct zapi_sends *s;
    struct zapi_send *row; /* owned */
};

static bool apply_write(struct zapi_write *w, struct zapi_sql *sql)
{
    struct send_write *sw = (struct send_write *)w;
    if (!insert(sql, sw->row)) {
        return false;
    }
    if (sw->row->id != 0) {
        zapi_sends_note(sw->s, sw->row->id);
    }
    return true;
}

static void release_write(struct zapi_write *w)
{
    struct send_write *sw = (struct send_write *)w;
    zapi_send_free(sw->row);
    free(sw);
}

struct zapi_write *zapi_sends_write(struct zapi_sends *s,
                                    const struct zapi_send *row)
{
    struct send_write *sw = malloc(sizeof *sw);
    struct zapi_send *copy = sw ? to_row(row) : NULL;
    if (!copy) {
        free(sw);
        return NULL;
    }
    *sw = (struct send_write){
        .write = {.apply = apply_write, .release = release_write},
        .s = s,
        .row = copy,
    };
    return &sw->write;
}

/* ---- end ---- */

struct end_job {
    struct zapi_job job;
    struct zapi_sends *s;
    struct zapi_send *row; /* owned */
    double now;
};

static const char update_end[] =
    "UPDATE send SET state=?3, changed=?4,"
    " message_id=coalesce(?5, message_id), result=coalesce(?6, result),"
    " error_kind=?7, error=?8 WHERE id=?1 AND state=?2";
/* Apart, as each column that is set has its indexes looked at. */
static const char update_back[] =
    "UPDATE send SET state=?3, changed=?4,"
    " message_id=coalesce(?5, message_id), result=coalesce(?6, result),"
    " error_kind=?7, error=?8, at=?9, tries=?10 WHERE id=?1 AND state=?2";
/* The row is further than the reply knows: only what the reply alone has. */
static const char update_reply[] =
    "UPDATE send SET message_id=coalesce(?2, message_id),"
    " result=coalesce(?3, result) WHERE id=?1";
static const char select_state[] = "SELECT state FROM send WHERE id=?";

/* `moved`: the row was in that state. */
static bool end_from(const struct end_job *j, struct zapi_sql *sql,
                     enum zapi_send_state from, bool *moved)
{
    const struct zapi_send *row = j->row;
    bool back = row->state == ZAPI_SEND_QUEUED;
    struct zapi_stmt *st = zapi_sql_begin(sql, back ? update_back : update_end);
    zapi_sql_int(st, 1, (int64_t)row->id);
    zapi_sql_int(st, 2, from);
    zapi_sql_int(st, 3, row->state);
    zapi_sql_real(st, 4, j->now);
    zapi_sql_text(st, 5, row->message_id);
    zapi_sql_text(st, 6, row->result);
    zapi_sql_text(st, 7, row->error_kind);
    zapi_sql_text(st, 8, row->error);
    if (back) {
        zapi_sql_real(st, 9, row->at > 0 ? row->at : j->now);
        zapi_sql_int(st, 10, row->tries);
    }
    bool ok = zapi_sql_run(st);
    *moved = ok && zapi_sql_changes(sql) > 0;
    return ok;
}

/* Something has arrived before the reply was read. */
static bool end_late(struct end_job *j, struct zapi_sql *sql)
{
    struct zapi_send *row = j->row;
    struct zapi_stmt *st = zapi_sql_begin(sql, select_state);
    zapi_sql_int(st, 1, (int64_t)row->id);
    if (!zapi_sql_row(st)) {
        return true; /* forgotten meanwhile */
    }
    enum zapi_send_state from = (enum zapi_send_state)zapi_sql_get_int(st, 0);
    bool moved = false;
    zapi_sql_end(st);
    if (zapi_send_may_move(from, row->state)) {
        return end_from(j, sql, from, &moved);
    }
    st = zapi_sql_begin(sql, update_reply);
    zapi_sql_int(st, 1, (int64_t)row->id);
    zapi_sql_text(st, 2, row->message_id);
    zapi_sql_text(st, 3, row->result);
    zapi_sends_note(j->s, row->id); /* not what the caller thinks it is */
    return zapi_sql_run(st);
}

static bool apply_end(struct zapi_job *job, struct zapi_sql *sql)
{
    struct end_job *j = (struct end_job *)job;
    const struct zapi_send *row = j->row;
    bool moved = false;
    if (zapi_send_may_move(ZAPI_SEND_SENDING, row->state) &&
        !end_from(j, sql, ZAPI_SEND_SENDING, &moved)) {
        return false;
    }
    if (!moved && !end_late(j, sql)) {
        return false;
    }
    if (row->message_id && row->message_id[0]) {
        zapi_sends_learn_id(j->s, row->message_id, row->id);
        zapi_sends_catch_up(j->s, sql, row->message_id, row->id);
    }
    return zapi_sends_fine(sql);
}

static void end_done(struct zapi_job *job, enum zapi_db_result result)
{
    struct end_job *j = (struct end_job *)job;
    if (result == ZAPI_DB_FAILED) {
        zapi_err("send %llu: that it is %s could not be written",
                 (unsigned long long)j->row->id,
                 zapi_send_state_name(j->row->state));
    }
    zapi_send_free(j->row);
    free(j);
}

void zapi_sends_end(struct zapi_sends *s, const struct zapi_send *row)
{
    struct end_job *j = malloc(sizeof *j);
    struct zapi_send *copy = j ? zapi_send_copy(row) : NULL;
    if (!copy) {
        zapi_err("no memory to note what became of a send");
        free(j);
        return;
    }
    *j = (struct end_job){
        .job = {.apply = apply_end, .done = end_done, .must = true},
        .s = s,
        .row = copy,
        .now = row->changed > 0 ? row->changed : zapi_clock_now(),
    };
    zapi_db_submit(s->db, &j->job);
}

/* ---- undo ---- */

struct undo_job {
    struct zapi_job job;
    uint64_t id;
};

static const char delete_begun[] = "DELETE FROM send WHERE id=? AND state=1";

static bool apply_undo(struct zapi_job *job, struct zapi_sql *sql)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, delete_begun);
    zapi_sql_int(st, 1, (int64_t)((struct undo_job *)job)->id);
    return zapi_sql_run(st);
}

static void undo_done(struct zapi_job *job, enum zapi_db_result result)
{
    (void)result;
    free(job);
}

void zapi_sends_undo(struct zapi_sends *s, uint64_t id)
{
    struct undo_job *j = malloc(sizeof *j);
    if (!j) {
        return; /* it becomes unknown at the next start */
    }
    *j = (struct undo_job){
        .job = {.apply = apply_undo, .done = undo_done, .must = true},
        .id = id};
    zapi_db_submit(s->db, &j->job);
}
