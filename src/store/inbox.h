/* SPDX-License-Identifier: MIT
 *
 * Where accepted events wait until every automation that wants them has
 * handled them. With a database the answer of an append comes after the
 * commit; without one (db NULL: `--data memory`, tests, benchmarks) events
 * wait in memory only, with the same functions.
 *
 *   event     the webhook, once          delivery  (automation, order, seq)
 *   seen      keys of 7 days, append-only, with a set in memory
 *
 * A delivery is waiting, later (put aside until `due`) or dead. What runs is
 * not marked on disk: after a crash it is waiting again.
 */
#ifndef ZAPI_STORE_INBOX_H
#define ZAPI_STORE_INBOX_H

#include "store/db.h"
#include "store/event.h"
#include "store/slots.h"

struct zapi_inbox;

/* What became of an append. */
enum zapi_inbox_result {
    ZAPI_INBOX_STORED,
    ZAPI_INBOX_DUPLICATE, /* known already: answered 200, never handled */
    ZAPI_INBOX_FULL,      /* nothing can be stored now: 503 */
};

/* Runs once per append, on any thread, maybe before append returns. */
typedef void zapi_inbox_stored(void *arg, enum zapi_inbox_result result);

struct zapi_inbox_config {
    struct zapi_db *db; /* borrowed; NULL: in memory */
    size_t window;      /* events held with their body in memory: beyond it the
                           rest waits on disk; without db the bound of what is
                           taken at all; 0: 10,000 */
    size_t remember;    /* without db: keys kept; 0: 100,000 */
    /* Of an event that is new, on the writer thread (without db: on that of
     * append), before it is stored; sql NULL without db. Applies what it says
     * about sends and people, and sets ev->order. May be NULL. */
    void (*apply)(void *arg, struct zapi_sql *sql, struct zapi_event *ev);
    /* Which automations want it: fills in `out`, which is empty. Same thread as
     * apply. NULL: the first one. */
    void (*wanted)(void *arg, const struct zapi_event *ev,
                   struct zapi_slots *out);
    /* Something can be taken where nothing could; any thread. */
    void (*wake)(void *arg);
    void *arg;
};

/* NULL: *error. Reads the keys of `seen`. */
struct zapi_inbox *zapi_inbox_new(const struct zapi_inbox_config *config,
                                  struct zapi_error *error);
/* Drops what waits in memory. NULL is allowed. The db must have been closed or
 * have nothing of the inbox's queued. */
void zapi_inbox_delete(struct zapi_inbox *in);
/* The slot (from 0) of an automation's name, made when new; -1: too many.
 * Loop thread; before anything it wants can arrive. */
int zapi_inbox_attach(struct zapi_inbox *in, const char *name);
void zapi_inbox_detach(struct zapi_inbox *in, int slot);

/* Moves the event. `may_wait`: without db, a full inbox lets it wait for room
 * (a thousand at most) instead of answering FULL. An event with keep false is
 * not stored: it is taken like others and lost with the process, or at once when
 * the window is full, as there is no disk where it could wait. true: whoever
 * takes must be woken; that is left to the caller, who may gather several
 * (later wakes come through config.wake). */
bool zapi_inbox_append(struct zapi_inbox *in, struct zapi_event *ev,
                       bool may_wait, zapi_inbox_stored *stored, void *arg);

/* ---- loop thread ---- */

struct zapi_inbox_item {
    uint64_t seq;
    struct zapi_slots wanted;
    char order[ZAPI_ORDER_MAX];
    struct zapi_event *event; /* moved; NULL: it waits on disk, see load */
};

/* In order of seq; false when none waits. */
bool zapi_inbox_take(struct zapi_inbox *in, struct zapi_inbox_item *out);
/* An event from disk. NULL: it is not there (any more), or *error. Counts
 * against the window. */
struct zapi_event *zapi_inbox_load(struct zapi_inbox *in, uint64_t seq,
                                   struct zapi_error *error);
/* The event is not needed in memory any more: frees it, and makes room. */
void zapi_inbox_release(struct zapi_inbox *in, struct zapi_event *ev);

/* What an automation left undone, in order of (order, seq). `dead` ones that
 * a script's error made are offered once more, and counted as waiting. Called
 * before anything is appended. Number of waiting ones. */
struct zapi_inbox_pending {
    const char *order; /* borrowed */
    uint64_t seq;
    unsigned attempt; /* how often it was tried */
    double due;       /* Unix seconds; 0: now */
};
typedef void zapi_inbox_visit(void *arg, const struct zapi_inbox_pending *p);
size_t zapi_inbox_pending(struct zapi_inbox *in, int slot,
                          zapi_inbox_visit *visit, void *arg);

/* For a next generation of the automation: what is dead by a script's error
 * waits again. `done` runs on the writer thread after the commit (without db,
 * or when it cannot be written: at once) with what was found: a list to be freed
 * one by one. */
struct zapi_inbox_offered {
    struct zapi_inbox_offered *next;
    uint64_t seq;
    unsigned attempt;
    char order[ZAPI_ORDER_MAX];
};
void zapi_inbox_offer(struct zapi_inbox *in, int slot,
                      void (*done)(void *arg, struct zapi_inbox_offered *list),
                      void *arg);

enum zapi_inbox_outcome {
    ZAPI_INBOX_DONE,   /* handled (or dropped) */
    ZAPI_INBOX_DEAD,   /* kept and shown; does not hold up the chat */
    ZAPI_INBOX_LATER,  /* again at `due`; does not hold up the chat */
    ZAPI_INBOX_AGAIN,  /* again at `due`; holds up the chat: only the attempt is
                         noted */
    ZAPI_INBOX_PARKED, /* waits for an answer: not taken up by pending, and no
                          end: it is finished again later */
};

struct zapi_inbox_end {
    int slot;
    uint64_t seq;
    const char *order; /* copied */
    enum zapi_inbox_outcome outcome;
    unsigned attempt; /* tries so far, this one too */
    double due;
    bool by_script;     /* DEAD: a script's error: offered again after reload */
    const char *reason; /* DEAD: with its traceback; copied */
    struct zapi_write *writes; /* moved; applied with DONE and PARKED */
    bool last;                 /* a hint: the row itself counts what is left */
};

/* One transaction; never lost while the process lives (a `must` job). `done`
 * (may be NULL) runs on the writer thread. */
void zapi_inbox_finish(struct zapi_inbox *in, const struct zapi_inbox_end *end,
                       void (*done)(void *arg, enum zapi_db_result r),
                       void *arg);
/* The watchdog ended the process in this delivery: counts as a try; at the
 * second such end it becomes dead. Called at start, before pending. */
void zapi_inbox_note_stuck(struct zapi_inbox *in, const char *automation,
                           uint64_t seq, const char *why);

/* From now on nothing is stored; what waits for room is told FULL. */
void zapi_inbox_close(struct zapi_inbox *in);
/* Events that were stored and not taken. */
size_t zapi_inbox_depth(struct zapi_inbox *in);

/* Who wrote the message with this id, from `seen` (7 days): true and `out`
 * ("" when unknown), `mine` for the account's own. Loop thread. */
bool zapi_inbox_author(struct zapi_inbox *in, const char *message_id,
                       char out[ZAPI_ORDER_MAX], bool *mine);
/* Deletes keys older than 7 days, dead letters and whatever else is past its
 * retention, in small pieces; called once a minute by the hub. `now` in Unix
 * seconds. */
void zapi_inbox_maintain(struct zapi_inbox *in, double now);

#endif
