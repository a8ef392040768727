/* SPDX-License-Identifier: MIT
 *
 * The life of a service: held, serving, retired; drained and closed. See
 * service.h and generation.h. It is counted: by the userdata and each event
 * under way, so a task may outlive the close of its service. Loop thread. Start
 * reading at zapi_service_join.
 */
#include "lua/service.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "lua/class.h"
#include "lua/host.h"
#include "lua/requests.h"
#include "lua/runtime.h"
#include "lua/service_parts.h"

void zapi_service_unref(struct zapi_service *s)
{
    if (--s->refs > 0)
        return;
    if (s->rt)
        zapi_rt_cancel_at_close(s->rt, s);
    if (s->seat)
        zapi_hub_leave(s->seat);
    zapi_strings_free(s->kinds);
    zapi_strings_free(s->instances);
    free(s);
}

/* ---- waiting for what runs ---- */

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

void zapi_drain_leave(struct zapi_drain *op)
{
    struct zapi_drain **link = &op->s->drains;
    while (*link && *link != op)
        link = &(*link)->next;
    if (*link)
        *link = op->next;
    if (op->timer)
        uv_close((uv_handle_t *)op->timer, free_handle);
    op->timer = NULL;
}

bool zapi_service_is_idle(const struct zapi_service *s)
{
    return !s->seat || zapi_hub_running(s->seat) == 0;
}

void zapi_service_check_drains(struct zapi_service *s)
{
    while (s->drains && zapi_service_is_idle(s)) {
        struct zapi_drain *op = s->drains;
        zapi_drain_leave(op);
        zapi_op_done(&op->base);
    }
}

static void end_drains(struct zapi_service *s)
{
    while (s->drains) {
        struct zapi_drain *op = s->drains;
        zapi_drain_leave(op);
        zapi_op_done(&op->base);
    }
}

/* ---- closing ---- */

static void leave_front(struct zapi_service *s)
{
    zapi_front_detach(s->place);
    s->place = NULL;
    zapi_front_release(s->front);
    s->front = NULL;
    if (s->requests)
        zapi_requests_close(s->requests);
    s->requests = NULL;
}

/* Without a data folder what was answered 200 and is not handled is lost, and
 * that is said aloud. */
static void log_left(const struct zapi_service *s)
{
    size_t n = zapi_hub_waiting(s->seat);
    if (n > 0 && !zapi_hub_db(s->hub))
        zapi_warn("%zu accepted events were not handled before the end", n);
    else if (n > 0)
        zapi_info("%zu event%s left in the inbox for the next start", n,
                  n == 1 ? " is" : "s are");
}

static void service_close(struct zapi_service *s)
{
    leave_front(s);
    if (s->seat) {
        zapi_hub_pause(s->seat);
        log_left(s);
    }
    s->paused = true;
    end_drains(s);
    if (!s->link)
        return;
    *s->link = s->next;
    if (s->next)
        s->next->link = s->link;
    s->link = NULL;
    if (s->state != ZAPI_SERVICE_HELD) {
        zapi_rt_unhold(s->rt);
        zapi_rt_remove_part(s->rt, &s->part);
    }
}

void zapi_service_on_state_close(void *arg)
{
    struct zapi_service *s = arg;
    s->refs++;
    s->rt = NULL;
    while (s->runs)
        zapi_service_abandon_run(s->runs);
    zapi_service_unref(s);
}

/* What still runs has had its time: its events stay as they are on disk, and the
 * next start goes on with them. */
static void give_up_rest(lua_State *L, struct zapi_service *s)
{
    for (struct zapi_run *run = s->runs, *next; run; run = next) {
        next = run->next;
        if (!run->task || run->given_up || run->task == s->rt->current)
            continue;
        run->given_up = true;
        zapi_task_cancel(L, run->task);
    }
}

int zapi_service_l_close(lua_State *L)
{
    struct zapi_service **box = lua_touserdata(L, 1);
    struct zapi_service *s = *box;
    if (s && s->rt)
        give_up_rest(L, s);
    *box = NULL;
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, box);
    if (s) {
        service_close(s);
        zapi_service_unref(s);
    }
    return 0;
}

/* ---- serving ---- */

void zapi_service_pause(struct zapi_service *s)
{
    s->paused = true;
    if (s->seat)
        zapi_hub_pause(s->seat);
    if (s->place)
        zapi_front_pause(s->place);
}

/* The program ends: nothing new starts. Who was let in at a front of the
 * program's is still served. */
static void on_quiesce(void *arg)
{
    struct zapi_service *s = arg;
    s->paused = true;
    zapi_hub_pause(s->seat);
    if (!s->rt->host || !s->rt->host->front)
        zapi_front_pause(s->place);
}

/* Handlers that run, and requests without an answer: of the front too, when it
 * is its own. */
static size_t busy(void *arg)
{
    struct zapi_service *s = arg;
    const struct zapi_host *host = s->rt->host;
    size_t n = zapi_hub_running(s->seat);
    if ((!host || !host->front) && s->front)
        return n + zapi_front_in_flight(s->front);
    return n + (s->requests ? zapi_requests_live(s->requests) : 0);
}

struct zapi_hub_seat_config zapi_service_seat(struct zapi_service *s)
{
    const struct zapi_host *host = s->rt->host;
    return (struct zapi_hub_seat_config){
        .name = s->name,
        .group = host ? host->name : NULL,
        .replace = s->replaces,
        .kinds = (const char *const *)s->kinds,
        .instances = (const char *const *)s->instances,
        .concurrency = s->concurrency,
        .start = zapi_service_start,
        .send_changed = zapi_service_on_send,
        .timers_changed = zapi_service_on_timers,
        .ended_elsewhere = zapi_service_on_ended,
        .nudged = zapi_service_on_nudged,
        .arg = s};
}

struct zapi_service *zapi_service_next(const struct zapi_service *s)
{
    return s->next;
}

bool zapi_service_is_held(const struct zapi_service *s)
{
    return s->state == ZAPI_SERVICE_HELD;
}

bool zapi_service_join(struct zapi_service *s, struct zapi_error *error)
{
    struct zapi_hub_seat_config seat = zapi_service_seat(s);
    if (s->front && !zapi_front_start(s->front, error))
        return false;
    s->seat = zapi_hub_join(s->hub, &seat, error);
    return s->seat != NULL;
}

void zapi_service_unjoin(struct zapi_service *s)
{
    if (s->seat)
        zapi_hub_leave(s->seat);
    s->seat = NULL;
}

void zapi_service_serve(struct zapi_service *s)
{
    const struct zapi_host *host = s->rt->host;
    zapi_hub_succeed(s->seat);
    if (s->place)
        zapi_front_use(s->place);
    zapi_rt_hold(s->rt);
    s->part =
        (struct zapi_rt_part){.quiesce = on_quiesce, .busy = busy, .arg = s};
    zapi_rt_add_part(s->rt, &s->part);
    s->state = ZAPI_SERVICE_SERVES;
    if (s->place && host && host->listening)
        host->listening(host->arg, s->address);
}

void zapi_service_retire(struct zapi_service *s)
{
    if (s->state != ZAPI_SERVICE_SERVES)
        return;
    s->state = ZAPI_SERVICE_RETIRED;
    zapi_service_pause(s);
    zapi_service_tell_retired(s);
}
