/* SPDX-License-Identifier: MIT
 *
 * Storing one event: a job of the writer. `apply` decides in the transaction
 * whether it is new and who wants it, and writes its rows; `done`, after the
 * commit, puts it into the queue, in the order of seq. An entry's key is in the
 * set from apply on, so that a repetition in the same batch finds it; when the
 * batch is undone the key leaves again. Start at zapi_inbox_store.
 */
#include <string.h>

#include "store/inbox_parts.h"

static const char insert_seen[] =
    "INSERT INTO seen(id, k0, k1, at, mid, author, mine)"
    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
static const char insert_event[] =
    "INSERT INTO event(seq, received_at, instance, type, kind, message_id,"
    " chat, author, person, flags, pending, body)"
    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
static const char insert_delivery[] =
    "INSERT INTO delivery(automation, person, seq, state, attempts, stuck,"
    " offered, by_script, due, ended, reason)"
    " VALUES(?1, ?2, ?3, 0, 0, 0, 0, 0, 0, NULL, NULL)";

static struct zapi_key key_of(const struct zapi_event *ev)
{
    return (struct zapi_key){ev->key[0], ev->key[1]};
}

/* Whose message it is can be told of messages, and of receipts for our own. */
static void bind_author(struct zapi_stmt *st, const struct zapi_event *ev)
{
    bool message = strcmp(ev->type, "ReceivedCallback") == 0;
    bool receipt = strcmp(ev->type, "DeliveryCallback") == 0;
    if (!*ev->message_id || (!message && !receipt)) {
        zapi_sql_int(st, 5, 0);
        zapi_sql_null(st, 6);
        zapi_sql_int(st, 7, 0);
        return;
    }
    zapi_sql_int(st, 5, (int64_t)zapi_inbox_hash(ev->message_id));
    zapi_sql_text(st, 6, message ? ev->author : "");
    zapi_sql_int(st, 7, receipt || ev->from_me);
}

static bool write_seen(struct zapi_sql *sql, const struct zapi_event *ev)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, insert_seen);
    zapi_sql_int(st, 1, (int64_t)ev->seq);
    zapi_sql_int(st, 2, (int64_t)ev->key[0]);
    zapi_sql_int(st, 3, (int64_t)ev->key[1]);
    zapi_sql_real(st, 4, ev->received_at);
    bind_author(st, ev);
    return zapi_sql_run(st);
}

static bool write_event(struct zapi_sql *sql, const struct zapi_event *ev,
                        const char *person, const struct zapi_slots *wanted)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, insert_event);
    zapi_sql_int(st, 1, (int64_t)ev->seq);
    zapi_sql_real(st, 2, ev->received_at);
    zapi_sql_text(st, 3, ev->instance);
    zapi_sql_text(st, 4, ev->type);
    zapi_sql_text(st, 5, ev->kind);
    zapi_sql_text(st, 6, ev->message_id);
    zapi_sql_text(st, 7, ev->chat);
    zapi_sql_text(st, 8, ev->author);
    zapi_sql_text(st, 9, person);
    zapi_sql_int(st, 10, ev->from_me + 2 * ev->from_api + 4 * ev->is_group);
    zapi_sql_int(st, 11, zapi_slots_count(wanted));
    zapi_sql_textn(st, 12, ev->body, ev->body_len);
    return zapi_sql_run(st);
}

static bool write_deliveries(const struct zapi_inbox *in, struct zapi_sql *sql,
                             uint64_t seq, const char *person,
                             const struct zapi_slots *wanted)
{
    bool ok = true;
    for (int i = zapi_slots_next(wanted, 0); ok && i >= 0;
         i = zapi_slots_next(wanted, i + 1)) {
        struct zapi_stmt *st = zapi_sql_begin(sql, insert_delivery);
        zapi_sql_int(st, 1, in->slots[i].id);
        zapi_sql_text(st, 2, person);
        zapi_sql_int(st, 3, (int64_t)seq);
        ok = zapi_sql_run(st);
    }
    return ok;
}

/* Receipts and presence stand beside all order: they may not wait for a chat.
 * Everything else has at least its chat. */
static void complete_order(struct zapi_event *ev)
{
    if (*ev->order || !ev->keep ||
        strcmp(ev->type, "MessageStatusCallback") == 0 ||
        strcmp(ev->type, "DeliveryCallback") == 0)
        return;
    strncat(ev->order, ev->chat, sizeof ev->order - 1);
}

static void forget_key(struct zapi_inbox_entry *e)
{
    if (e->keyed)
        zapi_keyset_remove(&e->in->keys, key_of(e->ev));
    e->keyed = false;
}

/* false: known already. */
static bool is_new(struct zapi_inbox_entry *e, bool *ok)
{
    struct zapi_key k = key_of(e->ev);
    if (k.a == 0 && k.b == 0)
        return true;
    if (zapi_keyset_has(&e->in->keys, k))
        return false;
    *ok = e->keyed = zapi_keyset_add(&e->in->keys, k);
    return true;
}

static bool write_all(struct zapi_inbox_entry *e, struct zapi_sql *sql)
{
    struct zapi_inbox *in = e->in;
    struct zapi_event *ev = e->ev;
    char room[ZAPI_PERSON_MAX];
    bool ok = true, stands = true;
    if (ev->part && !ev->part->apply(ev->part, sql, &stands))
        return false;
    if (!stands || !is_new(e, &ok)) {
        e->result = ZAPI_INBOX_DUPLICATE;
        return true;
    }
    if (!ok)
        return false;
    e->result = ZAPI_INBOX_STORED;
    ev->seq = e->seq = ++in->seq; /* one that is undone leaves a gap */
    ev->order[0] = '\0';
    if (in->config.apply)
        in->config.apply(in->config.arg, sql, ev);
    bool wanted = zapi_inbox_ask(in, e);
    complete_order(ev);
    if (!ev->keep)
        return true;
    if (!write_seen(sql, ev))
        return false;
    if (!wanted)
        return true;
    const char *person = zapi_inbox_person(room, ev->order, ev->seq);
    return write_event(sql, ev, person, &e->wanted) &&
           write_deliveries(in, sql, ev->seq, person, &e->wanted);
}

/* The others of the batch are applied again without one that fails: its
 * repetition among them is no duplicate of anything, so the key leaves at once. */
static bool apply_append(struct zapi_job *job, struct zapi_sql *sql)
{
    struct zapi_inbox_entry *e = (struct zapi_inbox_entry *)job;
    forget_key(e); /* of a run that was undone */
    bool ok = write_all(e, sql);
    if (!ok)
        forget_key(e);
    return ok;
}

static void learn_author(struct zapi_inbox *in, const struct zapi_event *ev)
{
    if (!ev->keep || !*ev->message_id ||
        (strcmp(ev->type, "ReceivedCallback") != 0 &&
         strcmp(ev->type, "DeliveryCallback") != 0))
        return;
    struct zapi_key k = {zapi_inbox_hash(ev->message_id), ev->seq};
    /* Without memory the author stays unknown until the next start. */
    (void)zapi_keyset_add(&in->authors, k);
}

/* Whoever appended is told outside the lock; the entry is the loop's then. */
static void done_append(struct zapi_job *job, enum zapi_db_result result)
{
    struct zapi_inbox_entry *e = (struct zapi_inbox_entry *)job;
    struct zapi_inbox *in = e->in;
    zapi_inbox_stored *stored = e->stored;
    void *arg = e->arg;
    struct zapi_event *spilt = NULL;
    if (result != ZAPI_DB_OK) {
        forget_key(e);
        e->result = ZAPI_INBOX_FULL;
    }
    if (e->result != ZAPI_INBOX_STORED) {
        zapi_inbox_turn_away(e);
        return;
    }
    pthread_mutex_lock(&in->lock);
    learn_author(in, e->ev);
    bool full = in->events >= in->config.window, wake = false;
    bool queue = !zapi_slots_empty(&e->wanted) && (e->ev->keep || !full);
    if (queue) {
        wake = zapi_inbox_push(in, e);
        if (full) {
            spilt = e->ev; /* its turn is far: it is read again then */
            e->ev = NULL;
        } else {
            in->events++;
        }
    }
    pthread_mutex_unlock(&in->lock);
    zapi_event_free(spilt);
    if (!queue) {
        zapi_inbox_turn_away(e);
        return;
    }
    if (wake && in->config.wake)
        in->config.wake(in->config.arg);
    if (stored)
        stored(arg, ZAPI_INBOX_STORED);
}

void zapi_inbox_store(struct zapi_inbox *in, struct zapi_inbox_entry *e)
{
    e->job.apply = apply_append;
    e->job.done = done_append;
    zapi_db_submit(in->config.db, &e->job);
}
