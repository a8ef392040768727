/* SPDX-License-Identifier: MIT
 *
 * The hub's parts: how they are opened, kept and closed, and who gets them. The
 * hub owns them all; a part may be used until zapi_hub_close. Start reading at
 * zapi_hub_open.
 */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "engine/effects.h"
#include "engine/hub_parts.h"
#include "store/stuck.h"

enum { REPLIES_PER_CHAT = 20, COLD_PER_HOUR = 60, MAINTAIN_MS = 60000 };

static void on_wake(void *arg)
{
    zapi_hub_wake(arg);
}

static void on_alarm(void *arg, const char *why)
{
    struct zapi_hub *hub = arg;
    atomic_store(&hub->unwritable, why != NULL);
    zapi_metrics_set(ZAPI_M_STORE, NULL, why ? 0 : 1);
    if (why)
        zapi_err("ALARM: nothing can be stored (%s): webhooks get 503 until "
                 "it can",
                 why);
    else
        zapi_warn("the store can be written again");
}

/* The watchdog ended the last process: who was it with? */
static void read_stuck(struct zapi_hub *hub)
{
    char name[128];
    uint64_t seq = 0;
    if (zapi_stuck_read(hub->config.folder, name, sizeof name, &seq))
        zapi_inbox_note_stuck(hub->inbox, name, seq,
                              "its handler computed for too long in C code, "
                              "and the process was ended");
}

static bool open_store(struct zapi_hub *hub, struct zapi_error *error)
{
    struct zapi_db_config c = {.folder = hub->config.folder,
                               .alarm = on_alarm,
                               .batch = zapi_hub_on_batch,
                               .arg = hub};
    size_t unknown = 0;
    if (!hub->config.folder)
        return true;
    hub->db = zapi_db_open(&c, error);
    if (!hub->db)
        return false;
    zapi_metrics_set(ZAPI_M_STORE, NULL, 1);
    if (zapi_db_was_unclean(hub->db))
        zapi_warn("the last process did not end in order: what it had not "
                  "finished is taken up again");
    hub->sends =
        zapi_sends_new(hub->db, zapi_hub_on_send_changed, hub, &unknown, error);
    if (unknown > 0)
        zapi_warn("%zu message%s may or may not have been sent when the last "
                  "process ended: see 'zapibot outbox list --state unknown'",
                  unknown, unknown == 1 ? "" : "s");
    return hub->sends != NULL;
}

static bool open_parts(struct zapi_hub *hub, struct zapi_error *error)
{
    struct zapi_inbox_config inbox = {.window = hub->config.window,
                                      .apply = zapi_hub_on_apply,
                                      .wanted = zapi_hub_on_wanted,
                                      .wake = on_wake,
                                      .arg = hub};
    struct zapi_guard_limits limits = hub->config.guard;
    if (limits.replies_per_chat == 0 && !hub->config.no_guard)
        limits.replies_per_chat = REPLIES_PER_CHAT;
    if (limits.cold_recipients == 0 && !hub->config.no_guard)
        limits.cold_recipients = COLD_PER_HOUR;
    hub->guard = zapi_guard_new(&limits);
    if (!hub->guard || !open_store(hub, error))
        return false;
    hub->people = zapi_people_new(hub->db, error);
    if (!hub->people)
        return false;
    struct zapi_effects_config effects = {.people = hub->people,
                                          .sends = hub->sends,
                                          .guard = hub->guard,
                                          .merged = zapi_hub_on_merged,
                                          .arg = hub};
    hub->effects = zapi_effects_new(&effects);
    inbox.db = hub->db;
    hub->inbox = hub->effects ? zapi_inbox_new(&inbox, error) : NULL;
    if (hub->inbox && hub->db)
        read_stuck(hub);
    return hub->inbox != NULL;
}

static void on_maintain(uv_timer_t *timer)
{
    struct zapi_hub *hub = timer->data;
    double now = zapi_clock_now();
    hub->maintained = zapi_clock_hrtime();
    zapi_guard_trim(hub->guard, now);
    if (hub->kv)
        zapi_kv_maintain(hub->kv, now);
    if (hub->db) {
        zapi_inbox_maintain(hub->inbox, now);
        zapi_sends_maintain(hub->sends, now);
    }
}

static void on_hub_clock(struct zapi_clock_waiter *w)
{
    struct zapi_hub *hub =
        (struct zapi_hub *)((char *)w - offsetof(struct zapi_hub, watch));
    if (zapi_clock_hrtime() - hub->maintained > MAINTAIN_MS / 1000.0)
        uv_timer_start(&hub->maintain, on_maintain, 0, MAINTAIN_MS);
}

static void free_merges(struct zapi_merge *m)
{
    while (m) {
        struct zapi_merge *next = m->next;
        free(m);
        m = next;
    }
}

static void free_hub(struct zapi_hub *hub)
{
    zapi_effects_delete(hub->effects);
    zapi_guard_delete(hub->guard);
    pthread_mutex_destroy(&hub->lock);
    free_merges(hub->merges);
    free_merges(hub->merged);
    free(hub->claims.rows);
    free(hub);
}

/* Order: the writer ends first, with everything written; then what its jobs
 * used. */
static void close_store(struct zapi_hub *hub)
{
    zapi_db_close(hub->db);
    hub->db = NULL;
    zapi_hub_run_posts(hub);
    zapi_inbox_delete(hub->inbox);
    zapi_sends_delete(hub->sends);
    zapi_people_delete(hub->people);
    zapi_kv_delete(hub->kv);
    zapi_timers_delete(hub->timers);
}

static void open_handles(struct zapi_hub *hub)
{
    uv_async_init(hub->config.loop, &hub->async, zapi_hub_on_async);
    uv_timer_init(hub->config.loop, &hub->maintain);
    hub->async.data = hub->maintain.data = hub;
    hub->handles = 2;
    uv_unref((uv_handle_t *)&hub->async);
    uv_unref((uv_handle_t *)&hub->maintain);
    uv_timer_start(&hub->maintain, on_maintain, MAINTAIN_MS / 60, MAINTAIN_MS);
    hub->maintained = zapi_clock_hrtime();
    hub->watch.moved = on_hub_clock;
    zapi_clock_wait(&hub->watch, HUGE_VAL);
}

struct zapi_hub *zapi_hub_open(const struct zapi_hub_config *config,
                               struct zapi_error *error)
{
    struct zapi_hub *hub = calloc(1, sizeof *hub);
    zapi_error_set(error, ZAPI_E_NO_MEMORY, "not enough memory");
    if (!hub)
        return NULL;
    hub->config = *config;
    hub->posts_end = &hub->posts;
    hub->merges_end = &hub->merges;
    hub->merged_end = &hub->merged;
    pthread_mutex_init(&hub->lock, NULL);
    /* Before the writer runs: what it calls wakes the loop. */
    open_handles(hub);
    if (open_parts(hub, error))
        return hub;
    zapi_hub_close(hub);
    return NULL;
}

static void on_closed(uv_handle_t *handle)
{
    struct zapi_hub *hub = handle->data;
    if (--hub->handles == 0)
        free_hub(hub);
}

void zapi_hub_close(struct zapi_hub *hub)
{
    if (hub->inbox)
        zapi_inbox_close(hub->inbox);
    hub->closing = true;
    close_store(hub);
    uv_close((uv_handle_t *)&hub->async, on_closed);
    zapi_clock_leave(&hub->watch);
    uv_close((uv_handle_t *)&hub->maintain, on_closed);
}

struct zapi_db *zapi_hub_db(struct zapi_hub *hub)
{
    return hub->db;
}

struct zapi_inbox *zapi_hub_inbox(struct zapi_hub *hub)
{
    return hub->inbox;
}

struct zapi_people *zapi_hub_people(struct zapi_hub *hub)
{
    return hub->people;
}

struct zapi_sends *zapi_hub_sends(struct zapi_hub *hub)
{
    return hub->sends;
}

struct zapi_kv *zapi_hub_kv(struct zapi_hub *hub, struct zapi_error *error)
{
    if (!hub->kv)
        hub->kv = zapi_kv_new(hub->db, error);
    return hub->kv;
}

struct zapi_kv *zapi_hub_take_kv(struct zapi_hub *hub)
{
    struct zapi_kv *kv = hub->db ? NULL : hub->kv;
    if (kv)
        hub->kv = NULL;
    return kv;
}

void zapi_hub_give_kv(struct zapi_hub *hub, struct zapi_kv *kv)
{
    hub->kv = kv;
}

struct zapi_timers *zapi_hub_timers(struct zapi_hub *hub,
                                    struct zapi_error *error)
{
    if (!hub->timers)
        hub->timers =
            zapi_timers_new(hub->db, zapi_hub_on_timers_changed, hub, error);
    return hub->timers;
}

struct zapi_guard *zapi_hub_guard(struct zapi_hub *hub)
{
    return hub->guard;
}

uv_loop_t *zapi_hub_loop(struct zapi_hub *hub)
{
    return hub->config.loop;
}
