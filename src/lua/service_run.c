/* SPDX-License-Identifier: MIT
 *
 * One event at a service, from the hub's start to the end that the hub is told:
 * a task for it, the event as a table, what the handler returned or threw as an
 * outcome. A run is owned by its task's end; what was staged for it moves to the
 * hub with a good end. Start reading at zapi_service_start.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/ingest.h"
#include "lua/class.h"
#include "lua/runtime.h"
#include "lua/service.h"
#include "lua/service_parts.h"

enum { TRIES = 3 };

/* ---- how a handler says that it ended ---- */

static double seconds_at(lua_State *L, int index)
{
    double seconds = lua_tonumber(L, index);
    return seconds > 0 && seconds < 1e9 ? seconds : 0;
}

void zapi_run_set_reason(struct zapi_run *run, const char *reason)
{
    free((char *)(uintptr_t)run->end.reason);
    run->end.reason = reason ? strdup(reason) : NULL;
}

void zapi_run_drop_writes(struct zapi_run *run)
{
    while (run->writes) {
        struct zapi_write *w = run->writes;
        run->writes = w->next;
        w->release(w);
    }
    run->writes_end = &run->writes;
}

/* "dead", text, by a call? | "retry", text, seconds | "later", seconds |
 * "drop" | nothing. The values are at the end of the stack from `from`. */
static void read_outcome(lua_State *L, struct zapi_run *run, int from)
{
    const char *word = lua_tostring(L, from);
    struct zapi_inbox_end *end = &run->end;
    end->outcome = ZAPI_INBOX_DONE;
    if (!word)
        return;
    if (strcmp(word, "dead") == 0) {
        end->outcome = ZAPI_INBOX_DEAD;
        end->by_script = !lua_toboolean(L, from + 2);
        zapi_run_set_reason(run, lua_tostring(L, from + 1));
    } else if (strcmp(word, "retry") == 0) {
        end->outcome = ZAPI_INBOX_AGAIN;
        end->due = zapi_clock_now() + seconds_at(L, from + 2);
        zapi_run_set_reason(run, lua_tostring(L, from + 1));
    } else if (strcmp(word, "later") == 0) {
        end->outcome = ZAPI_INBOX_LATER;
        end->due = zapi_clock_now() + seconds_at(L, from + 1);
    } else if (strcmp(word, "drop") == 0) {
        zapi_run_drop_writes(run);
    } else {
        luaL_error(L, "on_event returned '%s'", word);
    }
    end->by_script = end->by_script && end->outcome == ZAPI_INBOX_DEAD;
}

/* Stack: run's results from 2 on */
static int k_handled(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    lua_settop(L, 4);
    read_outcome(L, (struct zapi_run *)ctx, 2);
    return 0;
}

/* The function of an event's task. Stack: handler run */
static int l_event(lua_State *L)
{
    struct zapi_run *run = lua_touserdata(L, 2);
    const struct zapi_delivery *one = run->one;
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    zapi_event_push(L, one->event);
    lua_pushinteger(L, (lua_Integer)one->attempt);
    lua_setfield(L, -2, "attempt");
    lua_pushboolean(L, one->again || one->attempt > 1);
    lua_setfield(L, -2, "again");
    lua_callk(L, 1, 3, (lua_KContext)run, k_handled);
    return k_handled(L, LUA_OK, (lua_KContext)run);
}

/* ---- the life of a run ---- */

/* The task failed before it could say how: what it threw, or it was cancelled
 * (a time-out). Memory that ended is nobody's fault: it is tried again, but not
 * for ever. */
static void set_failed(struct zapi_run *run, const char *message)
{
    bool memory = message && strstr(message, "not enough memory");
    if (run->end.outcome != ZAPI_INBOX_DONE && run->end.reason)
        return; /* it was said already */
    run->end.outcome = ZAPI_INBOX_DEAD;
    run->end.by_script = true;
    if (memory && run->one->attempt < TRIES) {
        run->end.outcome = ZAPI_INBOX_AGAIN;
        run->end.by_script = false;
        run->end.due = zapi_clock_now() + 1;
    }
    zapi_run_set_reason(run, message ? message : "the handler was cancelled");
}

static struct zapi_run **bucket(struct zapi_service *s, uint64_t seq)
{
    return &s->run_buckets[seq % ZAPI_RUN_BUCKETS];
}

static void join_runs(struct zapi_run *run)
{
    struct zapi_service *s = run->s;
    struct zapi_run **first = bucket(s, run->one->seq);
    run->next_bucket = *first;
    *first = run;
    run->next = s->runs;
    if (run->next)
        run->next->prev = run;
    s->runs = run;
}

static void leave_runs(struct zapi_run *run)
{
    struct zapi_service *s = run->s;
    struct zapi_run **link = bucket(s, run->one->seq);
    while (*link != run)
        link = &(*link)->next_bucket;
    *link = run->next_bucket;
    *(run->prev ? &run->prev->next : &s->runs) = run->next;
    if (run->next)
        run->next->prev = run->prev;
}

static void free_run(struct zapi_run *run)
{
    zapi_run_drop_writes(run);
    free((char *)(uintptr_t)run->end.reason);
    free(run);
}

void zapi_service_abandon_run(struct zapi_run *run)
{
    struct zapi_service *s = run->s;
    leave_runs(run);
    zapi_hub_abandon(s->seat, run->one);
    free_run(run);
    zapi_service_unref(s);
}

static void on_event_end(void *arg, bool ok, const char *message)
{
    struct zapi_run *run = arg;
    struct zapi_service *s = run->s;
    if (run->given_up) {
        zapi_service_abandon_run(run);
        return;
    }
    if (!ok)
        set_failed(run, message);
    bool well = run->end.outcome == ZAPI_INBOX_DONE ||
                run->end.outcome == ZAPI_INBOX_LATER;
    *(well ? &s->handled : &s->failed) += 1;
    leave_runs(run);
    run->end.attempt = run->one->attempt;
    run->end.writes = run->writes;
    run->writes = NULL;
    zapi_hub_end(s->seat, run->one, &run->end);
    free_run(run);
    zapi_service_check_drains(s);
    zapi_service_unref(s);
}

/* Stack: run */
static int l_start(lua_State *L)
{
    struct zapi_run *run = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, run->s->owner);
    lua_pushcfunction(L, l_event);
    lua_getiuservalue(L, 2, ZAPI_ON_EVENT);
    lua_pushlightuserdata(L, run);
    run->task = zapi_task_spawn(L, 2, on_event_end, run);
    zapi_task_label(run->task, run->s->name, run->one->seq);
    return 0;
}

void zapi_service_start(void *arg, struct zapi_delivery *one)
{
    struct zapi_service *s = arg;
    struct zapi_run *run = calloc(1, sizeof *run);
    if (!run) {
        struct zapi_inbox_end end = {.outcome = ZAPI_INBOX_AGAIN,
                                     .attempt = one->attempt - 1,
                                     .due = zapi_clock_now() + 1};
        zapi_err("no memory for an event's handler: tried again");
        zapi_hub_end(s->seat, one, &end);
        return;
    }
    *run = (struct zapi_run){.s = s, .one = one};
    run->writes_end = &run->writes;
    one->user = run;
    join_runs(run);
    s->refs++;
    if (!zapi_rt_enter(s->rt, l_start, run, "a handler was not started"))
        on_event_end(run, false, "not enough memory");
}

/* ---- what runs ---- */

struct zapi_write *zapi_run_take_writes(struct zapi_run *run)
{
    struct zapi_write *writes = run->writes;
    run->writes = NULL;
    run->writes_end = &run->writes;
    return writes;
}

struct zapi_run *zapi_service_run(struct zapi_service *s, uint64_t seq)
{
    struct zapi_run *run = *bucket(s, seq);
    while (run && run->one->seq != seq)
        run = run->next_bucket;
    return run;
}

bool zapi_service_stage(lua_State *L, int index, uint64_t seq,
                        struct zapi_write *write)
{
    struct zapi_service **box = zapi_class_check(L, index, &zapi_service_class);
    struct zapi_run *run = *box ? zapi_service_run(*box, seq) : NULL;
    if (!run)
        return false;
    write->next = NULL;
    *run->writes_end = write;
    run->writes_end = &write->next;
    return true;
}
