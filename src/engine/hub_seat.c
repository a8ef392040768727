/* SPDX-License-Identifier: MIT
 *
 * Seats: the generations of an automation at its desk. The first one makes the
 * desk and takes up what was left undone; a next one joins beside it and takes
 * its place by zapi_hub_succeed; the last one that leaves closes the desk. Loop
 * thread. Start reading at zapi_hub_join.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "engine/hub_parts.h"

static void seat_free(struct zapi_hub_seat *seat)
{
    zapi_strings_free(seat->kinds);
    zapi_strings_free(seat->instances);
    free(seat);
}

static struct zapi_hub_seat *seat_new(const struct zapi_hub_seat_config *config)
{
    struct zapi_hub_seat *seat = calloc(1, sizeof *seat);
    if (!seat)
        return NULL;
    seat->config = *config;
    seat->kinds = zapi_strings_copy(config->kinds);
    if (config->instances && *config->instances)
        seat->instances = zapi_strings_copy(config->instances);
    seat->config.name = seat->config.group = NULL; /* borrowed: the desk's */
    seat->config.kinds = seat->config.instances = NULL;
    if (seat->kinds &&
        (seat->instances || !config->instances || !*config->instances))
        return seat;
    seat_free(seat);
    return NULL;
}

/* One that another process left undone. */
static void take_up(void *arg, const struct zapi_inbox_pending *p)
{
    zapi_desk_revive(arg, p->order, p->seq, p->attempt, p->due);
}

bool zapi_hub_may_join(const struct zapi_hub *hub,
                       const struct zapi_hub_seat_config *config,
                       struct zapi_error *error)
{
    const struct zapi_desk *desk = zapi_hub_desk_named(hub, config->name);
    const char *group = config->group ? config->group : "";
    if (!desk)
        return true;
    if ((config->replace || !desk->current) &&
        strcmp(desk->group, group) == 0 && desk->seats->began)
        return true;
    zapi_error_set(error, ZAPI_E_CONFIG,
                   "two bots of this process are called '%s': give one of "
                   "them another name (zapi.bot.new{name = …})",
                   config->name);
    return false;
}

static void set_current(struct zapi_desk *desk, struct zapi_hub_seat *seat)
{
    struct zapi_hub *hub = desk->hub;
    pthread_mutex_lock(&hub->lock);
    desk->current = seat;
    if (seat)
        seat->began = true;
    zapi_hub_forget_answers(hub);
    pthread_mutex_unlock(&hub->lock);
}

/* Nothing starts before the loop turns. */
static void begin_next_turn(struct zapi_desk *desk)
{
    desk->fresh = desk->hub->fresh = true;
    zapi_dispatch_pause(desk->dispatch);
    uv_async_send(&desk->hub->async);
}

static bool open_desk(struct zapi_desk *desk, struct zapi_hub_seat *seat,
                      struct zapi_error *error)
{
    struct zapi_hub *hub = desk->hub;
    desk->slot = zapi_inbox_attach(hub->inbox, desk->name);
    if (desk->slot < 0) {
        zapi_error_set(error, ZAPI_E_CONFIG, "more than %d automations",
                       ZAPI_AUTOMATIONS);
        return false;
    }
    begin_next_turn(desk);
    /* Who had this slot before may have left events in the queue. They are among
     * those that are read here, as the reading waits for all that was begun; and
     * nobody has chosen this slot since. */
    if (hub->db)
        desk->opened = atomic_load(&hub->applying);
    size_t left = zapi_inbox_pending(hub->inbox, desk->slot, take_up, desk);
    if (left > 0)
        zapi_info("%s: %zu event%s left undone, taken up now", desk->name, left,
                  left == 1 ? " was" : "s were");
    zapi_hub_add_desk(hub, desk);
    set_current(desk, seat);
    return true;
}

struct zapi_hub_seat *zapi_hub_join(struct zapi_hub *hub,
                                    const struct zapi_hub_seat_config *config,
                                    struct zapi_error *error)
{
    if (!zapi_hub_may_join(hub, config, error))
        return NULL;
    struct zapi_desk *desk = zapi_hub_desk_named(hub, config->name),
                     *made = NULL;
    struct zapi_hub_seat *seat = seat_new(config);
    if (!desk)
        desk = made = zapi_desk_new(hub, config);
    zapi_error_set(error, ZAPI_E_NO_MEMORY, "not enough memory");
    if (!seat || !desk || (made && !open_desk(made, seat, error))) {
        if (made)
            zapi_desk_free(made);
        if (seat)
            seat_free(seat);
        return NULL;
    }
    zapi_error_clear(error);
    seat->desk = desk;
    seat->next = desk->seats;
    desk->seats = seat;
    if (!made && !config->replace) /* former ones end, and nobody follows */
        zapi_hub_succeed(seat);
    return seat;
}

static void desk_close(struct zapi_desk *desk)
{
    struct zapi_hub *hub = desk->hub;
    zapi_hub_remove_desk(hub, desk);
    zapi_inbox_detach(hub->inbox, desk->slot);
    zapi_desk_free(desk);
}

void zapi_hub_leave(struct zapi_hub_seat *seat)
{
    struct zapi_desk *desk = seat->desk;
    struct zapi_hub_seat **link = &desk->seats;
    if (desk->current == seat) {
        zapi_hub_pause(seat);
        set_current(desk, NULL);
    }
    while (*link != seat)
        link = &(*link)->next;
    *link = seat->next;
    if (!desk->seats)
        desk_close(desk);
    seat_free(seat);
}

void zapi_hub_pause(struct zapi_hub_seat *seat)
{
    if (seat->desk->current != seat)
        return;
    seat->desk->fresh = false;
    zapi_dispatch_pause(seat->desk->dispatch);
}

bool zapi_hub_is_vacant(const struct zapi_hub *hub)
{
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        if (hub->desks[i])
            return false;
    return true;
}

bool zapi_hub_is_current(const struct zapi_hub_seat *seat)
{
    return seat->desk->current == seat;
}

size_t zapi_hub_running(const struct zapi_hub_seat *seat)
{
    return seat->running;
}

size_t zapi_hub_waiting(const struct zapi_hub_seat *seat)
{
    return zapi_hub_is_current(seat)
               ? zapi_dispatch_waiting(seat->desk->dispatch)
               : 0;
}

const char *zapi_hub_seat_name(const struct zapi_hub_seat *seat)
{
    return seat->desk->name;
}

struct zapi_hub *zapi_hub_of(struct zapi_hub_seat *seat)
{
    return seat->desk->hub;
}

/* ---- the next seat ---- */

struct offer { /* what is dead by a script's error; writer thread, then loop */
    struct zapi_post post;
    struct zapi_hub *hub;
    int slot;
    unsigned serial; /* the desk may have gone meanwhile */
    struct zapi_inbox_offered *list;
};

static void run_offer(struct zapi_post *post)
{
    struct offer *o = (struct offer *)post;
    struct zapi_desk *desk = o->hub->desks[o->slot];
    size_t n = 0;
    if (desk && desk->serial != o->serial)
        desk = NULL;
    while (o->list) {
        struct zapi_inbox_offered *one = o->list;
        o->list = one->next;
        if (desk)
            zapi_desk_revive(desk, one->order, one->seq, one->attempt, 0);
        n++;
        free(one);
    }
    if (n > 0 && desk)
        zapi_info("%s: %zu dead letter%s of script errors: tried once more",
                  desk->name, n, n == 1 ? "" : "s");
    free(o);
}

static void on_offered(void *arg, struct zapi_inbox_offered *list)
{
    struct offer *o = arg;
    o->list = list;
    zapi_hub_post(o->hub, &o->post);
}

static void offer_dead(struct zapi_desk *desk)
{
    struct offer *o = malloc(sizeof *o);
    if (!o) {
        zapi_err("no memory to try dead letters once more");
        return;
    }
    *o = (struct offer){.post.run = run_offer,
                        .hub = desk->hub,
                        .slot = desk->slot,
                        .serial = desk->serial};
    zapi_inbox_offer(desk->hub->inbox, desk->slot, on_offered, o);
}

void zapi_hub_succeed(struct zapi_hub_seat *seat)
{
    struct zapi_desk *desk = seat->desk;
    if (desk->current == seat)
        return;
    set_current(desk, seat);
    begin_next_turn(desk);
    zapi_dispatch_limit(desk->dispatch, seat->config.concurrency);
    offer_dead(desk);
}

void zapi_hub_nudge(struct zapi_hub_seat *seat)
{
    struct zapi_hub_seat *next = seat->desk->current;
    if (next && next != seat && next->config.nudged)
        next->config.nudged(next->config.arg);
}

void zapi_hub_nudge_named(struct zapi_hub *hub, const char *automation)
{
    const struct zapi_desk *desk = zapi_hub_desk_named(hub, automation);
    const struct zapi_hub_seat *seat = desk ? desk->current : NULL;
    if (seat && seat->config.nudged)
        seat->config.nudged(seat->config.arg);
}
