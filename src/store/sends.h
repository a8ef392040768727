/* SPDX-License-Identifier: MIT
 *
 * One table for all that goes out: journal of the handlers' answers and outbox.
 * A row moves forward only:
 *
 *   queued → sending → accepted → sent → received → read → played
 *                    ↘ failed | unknown | expired | cancelled
 *
 * `sending` is on disk before the request leaves; what is found in that state
 * at start may have been sent, and becomes unknown. unknown and a late failed
 * are resolved by what arrives later (callbacks, own echoes). Look-up by
 * message id is a map in memory, filled at start. What moves are possible is
 * the table in sends_row.c. Start reading at sends.c.
 */
#ifndef ZAPI_STORE_SENDS_H
#define ZAPI_STORE_SENDS_H

#include "store/db.h"
#include "store/event.h"

struct zapi_sends;

enum zapi_send_state {
    ZAPI_SEND_QUEUED,
    ZAPI_SEND_SENDING,
    ZAPI_SEND_ACCEPTED,
    ZAPI_SEND_SENT,
    ZAPI_SEND_RECEIVED,
    ZAPI_SEND_READ,
    ZAPI_SEND_PLAYED,
    ZAPI_SEND_FAILED,
    ZAPI_SEND_UNKNOWN,
    ZAPI_SEND_EXPIRED,
    ZAPI_SEND_CANCELLED,
};
const char *zapi_send_state_name(enum zapi_send_state s); /* "queued" */
/* false: there is no such name. */
bool zapi_send_state_find(const char *name, enum zapi_send_state *out);
/* May a row in `from` become `to` by what is learnt of it? */
bool zapi_send_may_move(enum zapi_send_state from, enum zapi_send_state to);

/* A row. Strings are owned by the row (one block) when it comes from here, and
 * borrowed when it is given. NULL: none. */
struct zapi_send {
    uint64_t id;
    uint64_t event;         /* seq of the event whose handler sends; 0: none */
    const char *automation; /* name */
    const char *step;       /* "h2.t0.send_text.5511….1": unique per event */
    const char *key;        /* the script's own; unique per automation */
    const char *instance, *recipient, *endpoint;
    const char *person; /* the recipient's key (store/people.h): who is kept in
                           order; NULL when given: the recipient */
    const char *args;   /* the parameters as JSON */
    const char *lane;   /* "" is the default lane */
    enum zapi_send_state state;
    bool reply;                      /* answers somebody (guards) */
    const char *message_id, *result; /* the reply as JSON */
    const char *error_kind, *error;  /* of failed and unknown */
    double at, expires;              /* Unix seconds; 0: now, never */
    double created, changed;
    unsigned tries;
};

/* A row's state was changed, or its message id became known, by something else
 * than zapi_sends_begin and zapi_sends_end, whose callers know; or a handler's
 * good end has added it (queued). For Message:wait and whoever claims. Writer
 * thread, after the commit, with the row as it is then; now and then a row is
 * told of that is as it was. */
typedef void zapi_sends_changed(void *arg, const struct zapi_send *row);

/* NULL: *error. What was `sending` becomes unknown; *unknown (may be NULL)
 * gets how many. Any thread but the writer's. */
struct zapi_sends *zapi_sends_new(struct zapi_db *db,
                                  zapi_sends_changed *changed, void *arg,
                                  size_t *unknown, struct zapi_error *error);
/* After the database was closed: its jobs refer to the sends. */
void zapi_sends_delete(struct zapi_sends *s);

/* Records that a send begins (state SENDING) or waits (QUEUED); `created` 0 is
 * now. When a row of the same (event, automation, step), or of the same
 * (automation, key), is there already, nothing is written and `row` is that
 * one. But a step's row that failed for certain, by an error that may pass
 * (retryable) or that a person has let pass (zapi_sends_permit), begins again,
 * with what is given now: is_new. `done` runs on the
 * writer thread; `row` is moved to it (free with zapi_send_free), NULL when
 * nothing could be stored. */
typedef void zapi_sends_begun(void *arg, struct zapi_send *row, bool is_new);
void zapi_sends_begin(struct zapi_sends *s, const struct zapi_send *row,
                      zapi_sends_begun *done, void *arg);
/* The same as part of a handler's good end: a write for inbox_end.writes. The
 * row is copied. NULL: no memory. Its id is not known before. */
struct zapi_write *zapi_sends_write(struct zapi_sends *s,
                                    const struct zapi_send *row);
void zapi_send_free(struct zapi_send *row);
/* Moved. NULL: no memory. */
struct zapi_send *zapi_send_copy(const struct zapi_send *row);

/* What became of it (a `must` job): state, message_id, result, error_kind and
 * error of `row` are written to the row with row->id; backwards moves are
 * ignored. QUEUED gives a row back to the queue (at, tries are written). */
void zapi_sends_end(struct zapi_sends *s, const struct zapi_send *row);

/* A row that was begun, for somebody who is gone before he could send: it never
 * left, and is removed when it is still SENDING. */
void zapi_sends_undo(struct zapi_sends *s, uint64_t id);

/* Claims the next queued rows of an automation that are due, by (at, id): they
 * become SENDING in one commit (tries counts this one), at most one per person
 * and `limit` in all. Held back are paused lanes, persons of whom a row is
 * SENDING, and what comes after a row of the same person that was given back
 * and waits for its next try. Expired ones become EXPIRED. `done` on the writer
 * thread; the array and rows are moved (free each with zapi_send_free, the
 * array with free). `next_due`: when to ask again (Unix seconds; not before
 * what is running ends or something is added: 0). Nothing could be stored: no
 * rows, and a second later. */
typedef void zapi_sends_claimed(void *arg, struct zapi_send **rows, size_t n,
                                double next_due);
void zapi_sends_claim(struct zapi_sends *s, const char *automation, double now,
                      size_t limit, zapi_sends_claimed *done, void *arg);

/* ---- what arrives: writer thread, inside the inbox's apply ---- */

/* MessageStatusCallback, DeliveryCallback: moves the row with this message id
 * forward (SENT, RECEIVED, READ, PLAYED). What arrives before the reply that
 * names the id is remembered for it. `ids`: call once for each. */
void zapi_sends_apply_status(struct zapi_sends *s, struct zapi_sql *sql,
                             const char *message_id, enum zapi_send_state state,
                             double at);
/* DeliveryCallback with an error. */
void zapi_sends_apply_failure(struct zapi_sends *s, struct zapi_sql *sql,
                              const char *message_id, const char *error_kind,
                              const char *error, double at);
/* Own echo (fromMe with fromApi): proves that the row with this id was sent;
 * else it resolves the one row, sending or unknown, to the same person with the
 * same text, whose attempt began within 10 minutes. Two such rows are left as
 * they are. */
void zapi_sends_apply_echo(struct zapi_sends *s, struct zapi_sql *sql,
                           const char *instance, const char *person,
                           const char *message_id, const char *text, double at);
/* Is this the id of something we sent in the last 7 days? Any thread. */
bool zapi_sends_knows(struct zapi_sends *s, const char *message_id);
/* The row with this id; 0: none. With a connection of the thread's own. */
uint64_t zapi_sends_find(struct zapi_sends *s, struct zapi_sql *sql,
                         const char *message_id);

/* ---- for scripts and commands; what writes, inside a job. `s` NULL: there is
 * a database only, nobody is told ---- */

struct zapi_sends_filter { /* NULL, 0: any */
    const char *automation, *key, *prefix, *recipient, *lane;
    uint64_t id;
    const char *state; /* a name; "open": queued and sending */
    size_t limit;
};
/* Queued ones become CANCELLED. Number of rows. `recipient` is compared with
 * what was given and with the person. */
size_t zapi_sends_cancel(struct zapi_sends *s, struct zapi_sql *sql,
                         const struct zapi_sends_filter *f, double now);
/* A person decided: failed, unknown, expired or cancelled ones are queued
 * again, due now and for ever. May send twice what is unknown. */
size_t zapi_sends_requeue(struct zapi_sends *s, struct zapi_sql *sql,
                          const struct zapi_sends_filter *f, double now);
/* A person lets the handler of an event run again: its steps that were refused
 * may begin again. What was accepted, or may have left, is left as it is. false:
 * the database's error. */
bool zapi_sends_permit(struct zapi_sql *sql, const char *automation,
                       uint64_t event);
/* Lanes belong to an automation; "" is the default one. */
void zapi_sends_pause(struct zapi_sql *sql, const char *automation,
                      const char *lane, bool paused);
/* Accepted rows without any callback for a day become unknown, and the log says
 * what that means. Number. */
size_t zapi_sends_age(struct zapi_sends *s, struct zapi_sql *sql, double now);
/* Retention: finished rows that have not changed for 30 days. One piece; true:
 * there is more. */
bool zapi_sends_prune(struct zapi_sends *s, struct zapi_sql *sql, double now);
/* age and prune as a job of their own; called once a minute by the hub. */
void zapi_sends_maintain(struct zapi_sends *s, double now);
/* Visits rows, newest first. Any connection. */
typedef void zapi_sends_visit(void *arg, const struct zapi_send *row);
void zapi_sends_each(struct zapi_sql *sql, const struct zapi_sends_filter *f,
                     zapi_sends_visit *visit, void *arg);
/* Is any queued row of the automation due, though it may not leave yet? */
bool zapi_sends_any_due(struct zapi_sql *sql, const char *automation,
                        double now);
/* Counts by state, in the order of enum zapi_send_state. */
void zapi_sends_count(struct zapi_sql *sql, const struct zapi_sends_filter *f,
                      uint64_t counts[ZAPI_SEND_CANCELLED + 1]);

#endif
