/* SPDX-License-Identifier: MIT
 *
 * Methods of a service that wait for the writer: inject and emit, which store an
 * event, and consume, which uses one up. The answer comes on the writer thread
 * (without a database on this one) and goes to the loop by a post, which
 * outlives the operation when that is cancelled. Start reading at
 * take_and_wait.
 */
#include <stdlib.h>

#include "engine/ingest.h"
#include "lua/class.h"
#include "lua/runtime.h"
#include "lua/service.h"
#include "lua/service_parts.h"
#include "lua/value.h"

/* Waits for the hub to have stored an event. The answer comes on the writer
 * thread (without a database on this one) and goes to the loop by a post. */
struct take_op {
    struct zapi_op base;
    struct take_post *post; /* NULL: answered, or cut off */
    enum zapi_inbox_result result;
};

struct take_post {
    struct zapi_post post;
    struct zapi_service *s; /* counted */
    struct take_op *op;     /* NULL: nobody waits any more; loop thread */
    enum zapi_inbox_result result;
};

static void take_cancel(struct zapi_op *base)
{
    struct take_op *op = (struct take_op *)base;
    if (op->post)
        op->post->op = NULL;
    op->post = NULL;
}

static void run_take_post(struct zapi_post *post)
{
    struct take_post *p = (struct take_post *)post;
    struct zapi_service *s = p->s;
    if (p->op) {
        p->op->result = p->result;
        p->op->post = NULL;
        zapi_op_done(&p->op->base);
    }
    free(p);
    zapi_service_unref(s);
}

static void on_taken(void *arg, enum zapi_inbox_result result)
{
    struct take_post *p = arg;
    p->result = result;
    zapi_hub_post(p->s->hub, &p->post);
}

/* true: stored; false: a duplicate; nil, error */
static int k_taken(lua_State *L, int status, lua_KContext ctx)
{
    struct take_op *op = (struct take_op *)ctx;
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    (void)status;
    if (op->result == ZAPI_INBOX_FULL) {
        zapi_error_set(&error, ZAPI_E_RATE_LIMITED,
                       "nothing can be stored now");
        lua_pushnil(L);
        zapi_error_push(L, &error);
        return 2;
    }
    lua_pushboolean(L, op->result == ZAPI_INBOX_STORED);
    return 1;
}

/* Moves `ev`: last in its function. */
static int take_and_wait(lua_State *L, struct zapi_service *s,
                         struct zapi_event *(*make)(lua_State *L))
{
    struct take_op *op = zapi_op_new(L, sizeof *op, take_cancel, NULL);
    struct zapi_event *ev = make(L);
    if (!ev)
        return 2;
    op->post = malloc(sizeof *op->post);
    if (!op->post) {
        zapi_event_free(ev);
        return luaL_error(L, "not enough memory");
    }
    *op->post = (struct take_post){.post.run = run_take_post, .s = s, .op = op};
    s->refs++;
    if (zapi_hub_take(s->hub, ev, false, on_taken, op->post))
        zapi_hub_wake(s->hub);
    return zapi_op_wait(L, &op->base, k_taken);
}

static struct zapi_event *make_injected(lua_State *L)
{
    return zapi_ingest_arg(L, 2);
}

/* service:inject(text) -> true | false (a duplicate) | nil, err: an event as if
 * it had come by the door */
int zapi_service_inject(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    luaL_checkstring(L, 2);
    return take_and_wait(L, s, make_injected);
}

static const char *text_field(lua_State *L, const char *name, bool needed)
{
    int type = lua_getfield(L, 2, name); /* stays on the stack */
    if (type != LUA_TSTRING && (needed || type != LUA_TNIL))
        luaL_error(L, "bad field '%s' of an event (string expected, got %s)",
                   name, lua_typename(L, type));
    return lua_tostring(L, -1);
}

/* The row of options.timer, as an event's part: its `due`, its `next` or
 * nothing. NULL: there is none. */
static struct zapi_event_part *timer_part(lua_State *L)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_hub *hub = zapi_service_hub(L, 1);
    if (lua_getfield(L, 2, "timer") == LUA_TNIL)
        return NULL;
    lua_getfield(L, 2, "due");
    lua_getfield(L, 2, "next");
    struct zapi_timers *timers = zapi_hub_timers(hub, &error);
    struct zapi_event_part *part =
        timers ? zapi_timers_step(timers, (uint64_t)luaL_checkinteger(L, -3),
                                  luaL_checknumber(L, -2),
                                  luaL_optnumber(L, -1, 0))
               : NULL;
    if (!part)
        luaL_error(L, "not enough memory");
    return part;
}

static struct zapi_event *make_emitted(lua_State *L)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_own_event own = {
        .type = text_field(L, "type", false),
        .kind = text_field(L, "kind", true),
        .chat = text_field(L, "chat", false),
        .instance = text_field(L, "instance", false),
        .key = text_field(L, "key", false),
        .body = text_field(L, "payload", true),
    };
    struct zapi_event_part *part = timer_part(L);
    struct zapi_event *ev = zapi_ingest_own(&own, &error);
    if (ev) {
        ev->part = part;
        return ev;
    }
    if (part)
        part->release(part);
    lua_pushnil(L);
    zapi_error_push(L, &error);
    return NULL;
}

/* service:emit{kind=, chat=, payload=, key=, instance=}; of a timer also type=,
 * timer= (its id), due=, next= */
int zapi_service_emit(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    return take_and_wait(L, s, make_emitted);
}

static void on_consumed(void *arg, enum zapi_db_result result)
{
    on_taken(arg, result == ZAPI_DB_OK ? ZAPI_INBOX_STORED : ZAPI_INBOX_FULL);
}

/* service:consume(seq) -> true | nil, err: the event is done on disk, together
 * with what was staged; its order waits on for the handler's end. Waits for
 * the commit. */
int zapi_service_consume(lua_State *L)
{
    struct zapi_service *s = zapi_service_check(L);
    struct zapi_run *run = zapi_service_check_run(L, s);
    struct take_op *op = zapi_op_new(L, sizeof *op, take_cancel, NULL);
    op->post = malloc(sizeof *op->post);
    if (!op->post)
        return luaL_error(L, "not enough memory");
    *op->post = (struct take_post){.post.run = run_take_post, .s = s, .op = op};
    s->refs++;
    zapi_hub_consume(s->seat, run->one, zapi_run_take_writes(run), on_consumed,
                     op->post);
    return zapi_op_wait(L, &op->base, k_taken);
}
