/* SPDX-License-Identifier: MIT
 *
 * The service under a bot: the door that takes webhooks, the inbox where they
 * wait, and one task per event on the loop.
 *
 *   door thread   gate (secret, type) → ingest → inbox → 200
 *   loop          on_async → take from the inbox → dispatcher → task on_event
 *
 * The door thread never enters Lua, so webhooks are taken while a script
 * computes. The script holds a small userdata (user value 1: on_event, 2:
 * on_request), which stays in the registry while the service is open. Behind
 * it is a `struct service`, counted: by the userdata, the async handle and
 * each event under way; so a task may outlive the close of its service. All
 * of it belongs to the loop thread but what says otherwise. Start reading at
 * l_service, then on_exchange and on_async.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/redact.h"
#include "base/text.h"
#include "engine/dispatch.h"
#include "engine/ingest.h"
#include "lua/class.h"
#include "lua/requests.h"
#include "lua/runtime.h"
#include "lua/value.h"
#include "store/inbox.h"

#define TURN_BUDGET_NS 5000000u /* for taking events, per turn of the loop */

#define WEBHOOK_PATIENCE 2.5 /* seconds; Z-API gives up after three */

enum { MOST_TASKS = 256, DRAIN_SECONDS = 10 };

static const char webhook_path[] = "/webhook/";

struct run {           /* one event under way */
    struct service *s; /* counted */
    struct zapi_event *ev;
    struct run *prev, *next;
};

struct drain_op {
    struct zapi_op base;
    struct service *s;
    uv_timer_t *timer;
    struct drain_op *next;
};

struct service {
    struct zapi_rt *rt; /* NULL once the state is closing */
    const void *owner;  /* the userdata, key in the registry */
    unsigned refs;
    struct zapi_door *door;
    struct zapi_requests *requests; /* NULL: no users' routes */
    struct zapi_inbox *inbox;
    struct zapi_dispatch *dispatch;
    uv_async_t async;
    char *secret; /* read-only after start; door thread too */
    size_t secret_len;
    char address[160];
    bool held, paused, async_open;
    bool gathered; /* door thread: the loop is to be woken at the turn's end */
    struct zapi_rt_part part; /* of the program's orderly end */
    struct run *runs;
    struct drain_op *drains;
    size_t handled, failed;
    atomic_size_t received, duplicates; /* door thread too */
};

/* ---- events to Lua ---- */

static void set_string(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

static void set_boolean(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

/* Pushes `ev` as scripts' side sees it. */
static void push_event(lua_State *L, const struct zapi_event *ev)
{
    const char *error = NULL;
    size_t offset = 0;
    lua_createtable(L, 0, 12);
    lua_pushinteger(L, (lua_Integer)ev->seq);
    lua_setfield(L, -2, "seq");
    lua_pushnumber(L, ev->received_at);
    lua_setfield(L, -2, "received_at");
    set_string(L, "id", ev->message_id);
    set_string(L, "kind", ev->kind);
    set_string(L, "chat", ev->chat);
    set_string(L, "author", ev->author);
    set_string(L, "instance", ev->instance);
    set_string(L, "type", ev->type);
    set_boolean(L, "from_me", ev->from_me);
    set_boolean(L, "from_api", ev->from_api);
    set_boolean(L, "is_group", ev->is_group);
    if (!zapi_value_decode(L, ev->body, ev->body_len, false, &error, &offset))
        luaL_error(L, "event %d: %s at byte %d", (int)ev->seq, error,
                   (int)offset);
    lua_setfield(L, -2, "payload");
}

static int k_handled(lua_State *L, int status, lua_KContext ctx)
{
    (void)L, (void)status, (void)ctx;
    return 0;
}

/* The function of an event's task. Stack: handler run */
static int l_event(lua_State *L)
{
    struct run *run = lua_touserdata(L, 2);
    lua_settop(L, 1);
    push_event(L, run->ev);
    lua_callk(L, 1, 0, 0, k_handled);
    return 0;
}

/* ---- the life of the service ---- */

static void service_unref(struct service *s)
{
    if (--s->refs > 0)
        return;
    if (s->rt)
        zapi_rt_cancel_at_close(s->rt, s);
    zapi_dispatch_delete(s->dispatch); /* needs the inbox */
    zapi_inbox_delete(s->inbox);
    free(s->secret);
    free(s);
}

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

/* Takes the operation out of the list and stops its clock. */
static void drain_leave(struct drain_op *op)
{
    struct drain_op **link = &op->s->drains;
    while (*link && *link != op)
        link = &(*link)->next;
    if (*link)
        *link = op->next;
    if (op->timer)
        uv_close((uv_handle_t *)op->timer, free_handle);
    op->timer = NULL;
}

static void drain_check(struct service *s)
{
    while (s->drains && zapi_dispatch_running(s->dispatch) == 0) {
        struct drain_op *op = s->drains;
        drain_leave(op);
        zapi_op_done(&op->base);
    }
}

static void on_event_end(void *arg, bool ok, const char *message)
{
    struct run *run = arg;
    struct service *s = run->s;
    (void)message; /* logged by the runtime, with its traceback */
    *(ok ? &s->handled : &s->failed) += 1;
    *(run->prev ? &run->prev->next : &s->runs) = run->next;
    if (run->next)
        run->next->prev = run->prev;
    zapi_dispatch_done(s->dispatch, run->ev);
    free(run);
    drain_check(s);
    service_unref(s);
}

/* Stack: run */
static int l_start(lua_State *L)
{
    struct run *run = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, run->s->owner);
    lua_pushcfunction(L, l_event);
    lua_getiuservalue(L, 2, 1);
    lua_pushlightuserdata(L, run);
    zapi_task_spawn(L, 2, on_event_end, run);
    return 0;
}

static void dispatch_start(void *arg, struct zapi_event *ev)
{
    struct service *s = arg;
    struct run *run = calloc(1, sizeof *run);
    if (!run) {
        zapi_err("no memory for an event's handler");
        s->failed++;
        zapi_dispatch_done(s->dispatch, ev);
        return;
    }
    *run = (struct run){.s = s, .ev = ev, .next = s->runs};
    if (run->next)
        run->next->prev = run;
    s->runs = run;
    s->refs++;
    if (!zapi_rt_enter(s->rt, l_start, run, "a handler was not started"))
        on_event_end(run, false, NULL);
}

static void dispatch_finished(void *arg, struct zapi_event *ev)
{
    struct service *s = arg;
    zapi_inbox_done(s->inbox, ev->seq);
    zapi_event_free(ev);
}

/* News about messages and people: no handler of a chat should wait with them,
 * nor they for it. */
static bool ordered(const struct zapi_event *ev)
{
    return strcmp(ev->type, "MessageStatusCallback") != 0 &&
           strcmp(ev->type, "DeliveryCallback") != 0 &&
           strcmp(ev->type, "PresenceChatCallback") != 0;
}

static void on_async(uv_async_t *async)
{
    struct service *s = async->data;
    struct zapi_inbox_item item;
    uint64_t until = uv_hrtime() + TURN_BUDGET_NS;
    while (!s->paused && zapi_inbox_take(s->inbox, &item)) {
        struct zapi_event *ev = item.event;
        ev->seq = item.seq;
        zapi_dispatch_add(s->dispatch, ev, ordered(ev));
        if (uv_hrtime() >= until) { /* the rest at the next turn */
            uv_async_send(&s->async);
            return;
        }
    }
}

/* ---- the door thread ---- */

static void inbox_wake(void *arg)
{
    struct service *s = arg;
    uv_async_send(&s->async);
}

/* A wake for each event would switch threads for each event when both share a
 * core: they are gathered, and the loop is woken once for a turn's events. */
static void on_turn(void *arg)
{
    struct service *s = arg;
    if (s->gathered)
        uv_async_send(&s->async);
    s->gathered = false;
}

static void inbox_drop(void *event)
{
    zapi_event_free(event);
}

static bool is_webhook(const struct zapi_exchange *ex)
{
    return strncmp(zapi_exchange_path(ex), webhook_path,
                   sizeof webhook_path - 1) == 0;
}

static int check_webhook(const struct service *s, struct zapi_exchange *ex)
{
    const char *given = zapi_exchange_path(ex) + sizeof webhook_path - 1;
    const char *type = zapi_exchange_header(ex, "Content-Type");
    if (!zapi_text_equal_ct(given, strlen(given), s->secret, s->secret_len)) {
        zapi_exchange_reason(ex, "wrong webhook secret");
        return 401;
    }
    if (type && strncasecmp(type, "multipart/", 10) == 0) {
        zapi_exchange_reason(ex, "multipart is not accepted");
        return 415;
    }
    return 0;
}

static int on_gate(void *arg, struct zapi_exchange *ex)
{
    const struct service *s = arg;
    if (is_webhook(ex))
        return check_webhook(s, ex);
    return s->requests ? 0 : 404;
}

static void on_stored(void *arg, enum zapi_inbox_result result)
{
    struct zapi_exchange *ex = arg;
    struct service *s = zapi_exchange_data(ex);
    if (result == ZAPI_INBOX_FULL) {
        zapi_exchange_refuse(ex, 503, NULL, "the inbox is full");
        return;
    }
    atomic_fetch_add(&s->received, 1);
    if (result == ZAPI_INBOX_DUPLICATE)
        atomic_fetch_add(&s->duplicates, 1);
    zapi_exchange_respond(ex, 200, NULL, NULL, 0);
}

static struct zapi_inbox_item item_of(struct zapi_event *ev)
{
    return (struct zapi_inbox_item){.key = {ev->key[0], ev->key[1]},
                                    .event = ev};
}

static void take_webhook(struct service *s, struct zapi_exchange *ex)
{
    struct zapi_error error = {0};
    size_t len;
    char *body = zapi_exchange_take_body(ex, &len);
    struct zapi_event *ev = zapi_ingest(body, len, &error);
    if (!ev) {
        int status = error.kind == ZAPI_E_NO_MEMORY ? 503 : 400;
        zapi_exchange_refuse(ex, status, NULL, error.message);
        return;
    }
    zapi_exchange_set_data(ex, s);
    struct zapi_inbox_item item = item_of(ev);
    item.may_wait = true;
    zapi_exchange_patience(ex, WEBHOOK_PATIENCE);
    if (zapi_inbox_append(s->inbox, item, on_stored, ex))
        s->gathered = true;
}

static void on_exchange(void *arg, struct zapi_exchange *ex)
{
    static const char *const allow[] = {"Allow: POST", NULL};
    struct service *s = arg;
    if (!is_webhook(ex))
        zapi_requests_post(s->requests, ex);
    else if (strcmp(zapi_exchange_method(ex), "POST") != 0)
        zapi_exchange_refuse(ex, 405, allow, "webhooks are POSTed");
    else
        take_webhook(s, ex);
}

/* ---- closing ---- */

static void on_async_closed(uv_handle_t *handle)
{
    service_unref(handle->data);
}

static void stop_door(struct service *s)
{
    if (s->door)
        zapi_door_stop(s->door);
    s->door = NULL;
    if (s->requests)
        zapi_requests_close(s->requests);
    s->requests = NULL;
}

/* What was answered 200 and is not handled is said aloud. */
static void log_lost(const struct service *s)
{
    size_t n = zapi_dispatch_waiting(s->dispatch) + zapi_inbox_depth(s->inbox);
    if (n > 0)
        zapi_warn("%zu accepted events were not handled before the end", n);
}

static void end_drains(struct service *s)
{
    while (s->drains) {
        struct drain_op *op = s->drains;
        drain_leave(op);
        zapi_op_done(&op->base);
    }
}

static void service_close(struct service *s)
{
    stop_door(s);
    if (s->dispatch && s->inbox) {
        zapi_inbox_close(s->inbox);
        zapi_dispatch_pause(s->dispatch);
        log_lost(s);
    }
    s->paused = true;
    end_drains(s);
    if (s->held) {
        zapi_rt_unhold(s->rt);
        zapi_rt_remove_part(s->rt, &s->part);
    }
    s->held = false;
    if (s->async_open)
        uv_close((uv_handle_t *)&s->async, on_async_closed);
    s->async_open = false;
}

/* The state goes: no handler will ever end. */
static void on_state_close(void *arg)
{
    struct service *s = arg;
    s->refs++;
    s->rt = NULL;
    while (s->runs)
        on_event_end(s->runs, false, NULL);
    service_unref(s);
}

static int l_service_close(lua_State *L)
{
    struct service **box = lua_touserdata(L, 1);
    struct service *s = *box;
    *box = NULL;
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, box);
    if (s) {
        service_close(s);
        service_unref(s);
    }
    return 0;
}

/* ---- methods ---- */

static int l_service_index(lua_State *L);

static const luaL_Reg service_meta[] = {
    {"__index", l_service_index},
    {NULL, NULL},
};

static const struct zapi_class service_class = {
    .name = "zapi.service",
    .metamethods = service_meta,
    .close = l_service_close,
};

static struct service *check_open(lua_State *L)
{
    struct service **box = zapi_class_check(L, 1, &service_class);
    if (!*box)
        luaL_error(L, "the service is closed");
    return *box;
}

static int l_close(lua_State *L)
{
    zapi_class_check(L, 1, &service_class);
    lua_settop(L, 1);
    return l_service_close(L);
}

static void on_injected(void *arg, enum zapi_inbox_result result)
{
    *(enum zapi_inbox_result *)arg = result;
}

/* Ingests the string at `index`. NULL: nil and the error are pushed. */
static struct zapi_event *ingest_arg(lua_State *L, int index)
{
    struct zapi_error error = {0};
    size_t len;
    const char *text = luaL_checklstring(L, index, &len);
    char *body = malloc(len + 1);
    if (!body)
        luaL_error(L, "not enough memory");
    memcpy(body, text, len + 1);
    struct zapi_event *ev = zapi_ingest(body, len, &error);
    if (ev)
        return ev;
    lua_pushnil(L);
    zapi_error_push(L, &error);
    return NULL;
}

static int l_inject(lua_State *L)
{
    struct service *s = check_open(L);
    enum zapi_inbox_result result = ZAPI_INBOX_FULL;
    struct zapi_error error = {0};
    struct zapi_event *ev = ingest_arg(L, 2);
    if (!ev)
        return 2;
    if (zapi_inbox_append(s->inbox, item_of(ev), on_injected, &result))
        uv_async_send(&s->async);
    if (result == ZAPI_INBOX_FULL) {
        zapi_error_set(&error, ZAPI_E_RATE_LIMITED, "the inbox is full");
        lua_pushnil(L);
        zapi_error_push(L, &error);
        return 2;
    }
    atomic_fetch_add(&s->received, 1);
    if (result == ZAPI_INBOX_DUPLICATE)
        atomic_fetch_add(&s->duplicates, 1);
    lua_pushboolean(L, 1);
    return 1;
}

static void set_count(lua_State *L, const char *name, size_t n)
{
    lua_pushinteger(L, (lua_Integer)n);
    lua_setfield(L, -2, name);
}

static int l_stats(lua_State *L)
{
    struct service *s = check_open(L);
    lua_createtable(L, 0, 7);
    set_count(L, "received", atomic_load(&s->received));
    set_count(L, "duplicates", atomic_load(&s->duplicates));
    set_count(L, "refused", zapi_door_refused(s->door));
    set_count(L, "running", zapi_dispatch_running(s->dispatch));
    set_count(L, "waiting",
              zapi_dispatch_waiting(s->dispatch) + zapi_inbox_depth(s->inbox));
    set_count(L, "handled", s->handled);
    set_count(L, "failed", s->failed);
    return 1;
}

static void drain_cancel(struct zapi_op *op)
{
    drain_leave((struct drain_op *)op);
}

static void drain_release(struct zapi_op *base)
{
    struct drain_op *op = (struct drain_op *)base;
    if (op->s)
        service_unref(op->s);
    op->s = NULL;
}

static void on_drain_time(uv_timer_t *timer)
{
    struct drain_op *op = timer->data;
    drain_leave(op);
    zapi_op_done(&op->base);
}

static int k_drained(lua_State *L, int status, lua_KContext ctx)
{
    struct drain_op *op = (struct drain_op *)ctx;
    (void)status;
    lua_pushboolean(L, zapi_dispatch_running(op->s->dispatch) == 0);
    return 1;
}

static void drain_start(lua_State *L, struct drain_op *op, double seconds)
{
    op->timer = malloc(sizeof *op->timer);
    if (!op->timer)
        luaL_error(L, "not enough memory");
    uv_timer_init(zapi_rt_loop(op->s->rt), op->timer);
    op->timer->data = op;
    uv_timer_start(op->timer, on_drain_time, (uint64_t)(seconds * 1000), 0);
    op->next = op->s->drains;
    op->s->drains = op;
}

/* service:drain(seconds) -> did all running handlers end? */
static int l_drain(lua_State *L)
{
    struct service *s = check_open(L);
    double seconds = luaL_optnumber(L, 2, DRAIN_SECONDS);
    luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 2, "seconds expected");
    s->paused = true;
    zapi_inbox_close(s->inbox); /* what cannot be handled gets no 200 */
    zapi_dispatch_pause(s->dispatch);
    zapi_door_quiesce(s->door);
    if (zapi_dispatch_running(s->dispatch) == 0) {
        lua_pushboolean(L, 1);
        return 1;
    }
    struct drain_op *op =
        zapi_op_new(L, sizeof *op, drain_cancel, drain_release);
    op->s = s;
    s->refs++;
    drain_start(L, op, seconds);
    return zapi_op_wait(L, &op->base, k_drained);
}

static int l_service_index(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"close", l_close}, {"drain", l_drain}, {"inject", l_inject},
        {"stats", l_stats}, {NULL, NULL},
    };
    struct service **box = zapi_class_check(L, 1, &service_class);
    const char *key = luaL_checkstring(L, 2);
    const luaL_Reg *m = methods;
    while (m->name && strcmp(m->name, key) != 0)
        m++;
    if (m->name)
        lua_pushcfunction(L, m->func);
    else if (*box && strcmp(key, "address") == 0)
        lua_pushstring(L, (*box)->address);
    else if (*box && strcmp(key, "port") == 0)
        lua_pushinteger(L, atoi(strrchr((*box)->address, ':') + 1));
    else
        lua_pushnil(L);
    return 1;
}

/* ---- starting ---- */

struct options {
    const char *listen, *label, *secret;
    size_t secret_len;
    lua_Integer concurrency, max_body, capacity;
};

static const char *string_field(lua_State *L, const char *name,
                                const char *fallback, size_t *len)
{
    int type = lua_getfield(L, 1, name);
    if (type != LUA_TSTRING && !(type == LUA_TNIL && fallback))
        luaL_error(L, "bad parameter '%s' to service (string expected, got %s)",
                   name, lua_typename(L, type));
    return type == LUA_TNIL ? fallback : lua_tolstring(L, -1, len);
}

static lua_Integer count_field(lua_State *L, const char *name)
{
    int isint, type = lua_getfield(L, 1, name);
    lua_Integer v = lua_tointegerx(L, -1, &isint);
    if (type != LUA_TNIL && (!isint || v < 1 || v > (1 << 30)))
        luaL_error(L,
                   "bad parameter '%s' to service (positive integer "
                   "expected)",
                   name);
    lua_pop(L, 1);
    return type == LUA_TNIL ? 0 : v;
}

/* Leaves the strings on the stack. */
static struct options read_options(lua_State *L)
{
    struct options o = {0};
    luaL_checktype(L, 1, LUA_TTABLE);
    o.listen = string_field(L, "listen", "127.0.0.1:0", NULL);
    o.label = string_field(L, "label", "webhook", NULL);
    o.secret = string_field(L, "secret", NULL, &o.secret_len);
    if (o.secret_len == 0)
        luaL_error(L, "bad parameter 'secret' to service (it is empty)");
    o.concurrency = count_field(L, "concurrency");
    if (o.concurrency > MOST_TASKS)
        o.concurrency = MOST_TASKS;
    o.max_body = count_field(L, "max_body");
    o.capacity = count_field(L, "capacity");
    return o;
}

static bool start_parts(struct service *s, const struct options *o)
{
    struct zapi_inbox_config inbox = {.capacity = (size_t)o->capacity,
                                      .drop = inbox_drop,
                                      .wake = inbox_wake,
                                      .arg = s};
    struct zapi_dispatch_config dispatch = {.concurrency =
                                                (unsigned)o->concurrency,
                                            .start = dispatch_start,
                                            .finished = dispatch_finished,
                                            .arg = s};
    s->secret_len = o->secret_len;
    s->secret = malloc(o->secret_len + 1);
    s->inbox = zapi_inbox_new(&inbox);
    s->dispatch = zapi_dispatch_new(&dispatch);
    if (!s->secret || !s->inbox || !s->dispatch)
        return false;
    memcpy(s->secret, o->secret, o->secret_len + 1);
    zapi_redact_add(s->secret, s->secret_len);
    if (uv_async_init(zapi_rt_loop(s->rt), &s->async, on_async) != 0)
        return false;
    s->async.data = s;
    s->async_open = true;
    s->refs++;
    return true;
}

/* Stack: … box. The zeroed service hangs in the box before anything else. */
static struct service *service_new(lua_State *L, struct service **box)
{
    struct zapi_rt *rt = zapi_rt_get(L);
    struct service *s = calloc(1, sizeof *s);
    if (!s)
        luaL_error(L, "not enough memory");
    s->rt = rt;
    s->owner = box;
    s->refs = 1;
    *box = s;
    zapi_rt_at_close(rt, on_state_close, s);
    return s;
}

static int start_failed(lua_State *L, const struct zapi_error *error)
{
    lua_pushcfunction(L, l_service_close);
    lua_pushvalue(L, -2);
    lua_call(L, 1, 0);
    zapi_error_push(L, error);
    return lua_error(L);
}

/* The program ends: nothing new starts. */
static void on_quiesce(void *arg)
{
    struct service *s = arg;
    s->paused = true;
    zapi_inbox_close(s->inbox); /* what cannot be handled gets no 200 */
    zapi_dispatch_pause(s->dispatch);
    zapi_door_quiesce(s->door);
}

/* Handlers that run, and requests without an answer. */
static size_t busy(void *arg)
{
    struct service *s = arg;
    return zapi_dispatch_running(s->dispatch) + zapi_door_in_flight(s->door);
}

static bool start_door(struct service *s, const struct options *o,
                       struct zapi_error *error)
{
    struct zapi_door_config c = {.listen = o->listen,
                                 .listen_fd = -1,
                                 .label = o->label,
                                 .max_body = (size_t)o->max_body,
                                 .gate = on_gate,
                                 .handle = on_exchange,
                                 .turn = on_turn,
                                 .arg = s};
    s->door = zapi_door_start(&c, error);
    if (!s->door)
        return false;
    strncpy(s->address, zapi_door_address(s->door), sizeof s->address - 1);
    zapi_rt_hold(s->rt);
    s->part =
        (struct zapi_rt_part){.quiesce = on_quiesce, .busy = busy, .arg = s};
    zapi_rt_add_part(s->rt, &s->part);
    s->held = true;
    return true;
}

static void take_handler(lua_State *L, const char *name, int slot, bool needed)
{
    int type = lua_getfield(L, 1, name);
    if (type != LUA_TFUNCTION && (needed || type != LUA_TNIL))
        luaL_error(L,
                   "bad parameter '%s' to service (function expected, got "
                   "%s)",
                   name, lua_typename(L, type));
    lua_setiuservalue(L, -2, slot);
}

/* Stack: options -- service; throws when it cannot listen */
static int l_service(lua_State *L)
{
    struct zapi_error error = {0};
    struct options o = read_options(L);
    struct service **box = zapi_class_new(L, &service_class, sizeof *box, 2);
    take_handler(L, "on_event", 1, true);
    take_handler(L, "on_request", 2, false);
    struct service *s = service_new(L, box);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, box);
    if (lua_getiuservalue(L, -1, 2) == LUA_TFUNCTION)
        s->requests = zapi_requests_new(L, box, 2);
    lua_pop(L, 1);
    zapi_error_set(&error, ZAPI_E_NO_MEMORY, "no memory for a service");
    if (!start_parts(s, &o) || !start_door(s, &o, &error))
        return start_failed(L, &error);
    return 1;
}

/* ---- kinds ---- */

/* Pushes the words of `s` as an array. */
static void push_words(lua_State *L, const char *s)
{
    lua_newtable(L);
    for (lua_Integer i = 1; *s; i++) {
        size_t n = strcspn(s, " ");
        lua_pushlstring(L, s, n);
        lua_rawseti(L, -2, i);
        s += n + strspn(s + n, " ");
    }
}

static int l_kinds(lua_State *L)
{
    lua_Integer i = 1;
    lua_newtable(L);
    for (const struct zapi_kind *k = zapi_kinds(); k->name; k++) {
        lua_createtable(L, 0, 3);
        set_string(L, "name", k->name);
        set_string(L, "doc", k->doc);
        push_words(L, k->parents);
        lua_setfield(L, -2, "parents");
        lua_rawseti(L, -2, i++);
    }
    return 1;
}

static int l_kind_is(lua_State *L)
{
    lua_pushboolean(
        L, zapi_kind_is(luaL_checkstring(L, 1), luaL_checkstring(L, 2)));
    return 1;
}

static int l_event_gc(lua_State *L)
{
    struct zapi_event **box = lua_touserdata(L, 1);
    zapi_event_free(*box);
    *box = NULL;
    return 0;
}

static const struct zapi_class event_class = {
    .name = "zapi.event",
    .close = l_event_gc,
};

/* core.ingest(text) -> event | nil, error */
static int l_ingest(lua_State *L)
{
    luaL_checkstring(L, 1);
    struct zapi_event **box = zapi_class_new(L, &event_class, sizeof *box, 0);
    *box = ingest_arg(L, 1);
    if (!*box)
        return 2;
    push_event(L, *box);
    return 1;
}

void zapi_l_bot_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"service", l_service}, {"kinds", l_kinds}, {"kind_is", l_kind_is},
        {"ingest", l_ingest},   {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}
