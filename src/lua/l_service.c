/* SPDX-License-Identifier: MIT
 *
 * The service under a bot: its place at the front where webhooks come in, the
 * seat at the hub where its events come from, and one task per event on the
 * loop.
 *
 *   door thread   front: gate (secret, type) → ingest → hub → 200 after commit
 *   loop          hub → dispatcher → task on_event → zapi_hub_end
 *
 * The door thread never enters Lua, so webhooks are taken while a script
 * computes. The script holds a small userdata, whose user values are the
 * functions of its options (enum slot), and which stays in the registry while
 * the service is open. Behind it is a `struct zapi_service`, counted: by the
 * userdata and each event under way; so a task may outlive the close of its
 * service. All of it belongs to the loop thread.
 *
 * A service is held (it has checked its options, and nothing comes to it),
 * serves, or is retired: its next generation serves, and what it began ends
 * here. See lua/generation.h. Start reading at l_service, then start_delivery.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/front.h"
#include "engine/ingest.h"
#include "lua/class.h"
#include "lua/client.h"
#include "lua/requests.h"
#include "lua/runtime.h"
#include "lua/service.h"
#include "lua/value.h"

enum { MOST_TASKS = 256, MOST_TEXTS = 2000, DRAIN_SECONDS = 10, TRIES = 3 };

/* User values of the userdata. */
enum slot {
    ON_EVENT = 1,
    ON_REQUEST,
    ON_SEND,
    ON_TIMERS,
    ON_SERVE,
    ON_RETIRE,
    ON_ENDED,
    ON_NUDGE,
    SLOTS = ON_NUDGE,
};

enum state { HELD, SERVES, RETIRED };

struct run {                /* one event under way */
    struct zapi_service *s; /* counted */
    struct zapi_delivery *one;
    struct zapi_write *writes, **writes_end; /* for its good end */
    struct zapi_inbox_end end; /* what the handler said; reason is owned */
    struct zapi_task *task;    /* until it ends */
    bool given_up; /* its event stays as it is on disk: the task is cancelled
                      for the sake of memory, or of an end */
    struct run *prev, *next;
};

struct drain_op {
    struct zapi_op base;
    struct zapi_service *s;
    uv_timer_t *timer;
    struct drain_op *next;
};

struct zapi_service {
    struct zapi_rt *rt; /* NULL once the state is closing */
    const void *owner;  /* the userdata, key in the registry */
    unsigned refs;
    struct zapi_service *next, **link; /* in rt->services, while open */
    enum state state;
    struct zapi_front *front;
    struct zapi_front_seat *place;
    struct zapi_requests *requests; /* NULL: no users' routes */
    struct zapi_hub *hub;           /* the state's */
    struct zapi_hub_seat *seat;     /* NULL: held */
    const char *name; /* anchored in the registry until the state is closed */
    char address[160];
    bool paused;
    bool replaces; /* it was held: its former self may have its name */
    unsigned concurrency;
    char **kinds, **instances; /* until it has a seat; NULL ends */
    struct zapi_rt_part part;  /* of the program's orderly end */
    struct run *runs;
    struct drain_op *drains;
    size_t handled, failed;
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
    lua_createtable(L, 0, 15);
    lua_pushinteger(L, (lua_Integer)ev->seq);
    lua_setfield(L, -2, "seq");
    lua_pushnumber(L, ev->received_at);
    lua_setfield(L, -2, "received_at");
    set_string(L, "id", ev->message_id);
    set_string(L, "kind", ev->kind);
    set_string(L, "chat", ev->chat);
    set_string(L, "author", ev->author);
    set_string(L, "order", ev->order);
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

/* ---- how a handler says that it ended ---- */

static double seconds_at(lua_State *L, int index)
{
    double seconds = lua_tonumber(L, index);
    return seconds > 0 && seconds < 1e9 ? seconds : 0;
}

static void set_reason(struct run *run, const char *reason)
{
    free((char *)(uintptr_t)run->end.reason);
    run->end.reason = reason ? strdup(reason) : NULL;
}

static void drop_writes(struct run *run)
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
static void read_outcome(lua_State *L, struct run *run, int from)
{
    const char *word = lua_tostring(L, from);
    struct zapi_inbox_end *end = &run->end;
    end->outcome = ZAPI_INBOX_DONE;
    if (!word)
        return;
    if (strcmp(word, "dead") == 0) {
        end->outcome = ZAPI_INBOX_DEAD;
        end->by_script = !lua_toboolean(L, from + 2);
        set_reason(run, lua_tostring(L, from + 1));
    } else if (strcmp(word, "retry") == 0) {
        end->outcome = ZAPI_INBOX_AGAIN;
        end->due = zapi_clock_now() + seconds_at(L, from + 2);
        set_reason(run, lua_tostring(L, from + 1));
    } else if (strcmp(word, "later") == 0) {
        end->outcome = ZAPI_INBOX_LATER;
        end->due = zapi_clock_now() + seconds_at(L, from + 1);
    } else if (strcmp(word, "drop") == 0) {
        drop_writes(run);
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
    read_outcome(L, (struct run *)ctx, 2);
    return 0;
}

/* The function of an event's task. Stack: handler run */
static int l_event(lua_State *L)
{
    struct run *run = lua_touserdata(L, 2);
    const struct zapi_delivery *one = run->one;
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    push_event(L, one->event);
    lua_pushinteger(L, (lua_Integer)one->attempt);
    lua_setfield(L, -2, "attempt");
    set_boolean(L, "again", one->again || one->attempt > 1);
    lua_callk(L, 1, 3, (lua_KContext)run, k_handled);
    return k_handled(L, LUA_OK, (lua_KContext)run);
}

/* ---- the life of the service ---- */

static void service_unref(struct zapi_service *s)
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

static bool is_idle(const struct zapi_service *s)
{
    return !s->seat || zapi_hub_running(s->seat) == 0;
}

static void drain_check(struct zapi_service *s)
{
    while (s->drains && is_idle(s)) {
        struct drain_op *op = s->drains;
        drain_leave(op);
        zapi_op_done(&op->base);
    }
}

/* The task failed before it could say how: what it threw, or it was cancelled
 * (a time-out). Memory that ended is nobody's fault: it is tried again, but not
 * for ever. */
static void set_failed(struct run *run, const char *message)
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
    set_reason(run, message ? message : "the handler was cancelled");
}

static void leave_runs(struct run *run)
{
    struct zapi_service *s = run->s;
    *(run->prev ? &run->prev->next : &s->runs) = run->next;
    if (run->next)
        run->next->prev = run->prev;
}

static void free_run(struct run *run)
{
    drop_writes(run);
    free((char *)(uintptr_t)run->end.reason);
    free(run);
}

/* The state goes while its handler runs: the event stays as it is on disk. */
static void abandon(struct run *run)
{
    struct zapi_service *s = run->s;
    leave_runs(run);
    zapi_hub_abandon(s->seat, run->one);
    free_run(run);
    service_unref(s);
}

static void on_event_end(void *arg, bool ok, const char *message)
{
    struct run *run = arg;
    struct zapi_service *s = run->s;
    if (run->given_up) {
        abandon(run);
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
    drain_check(s);
    service_unref(s);
}

/* Stack: run */
static int l_start(lua_State *L)
{
    struct run *run = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, run->s->owner);
    lua_pushcfunction(L, l_event);
    lua_getiuservalue(L, 2, ON_EVENT);
    lua_pushlightuserdata(L, run);
    run->task = zapi_task_spawn(L, 2, on_event_end, run);
    zapi_task_label(run->task, run->s->name, run->one->seq);
    return 0;
}

static void start_delivery(void *arg, struct zapi_delivery *one)
{
    struct zapi_service *s = arg;
    struct run *run = calloc(1, sizeof *run);
    if (!run) {
        struct zapi_inbox_end end = {.outcome = ZAPI_INBOX_AGAIN,
                                     .attempt = one->attempt - 1,
                                     .due = zapi_clock_now() + 1};
        zapi_err("no memory for an event's handler: tried again");
        zapi_hub_end(s->seat, one, &end);
        return;
    }
    *run = (struct run){.s = s, .one = one, .next = s->runs};
    run->writes_end = &run->writes;
    one->user = run;
    if (run->next)
        run->next->prev = run;
    s->runs = run;
    s->refs++;
    if (!zapi_rt_enter(s->rt, l_start, run, "a handler was not started"))
        on_event_end(run, false, "not enough memory");
}

/* ---- sends whose row has changed ---- */

struct changed {
    struct zapi_service *s;
    const struct zapi_send *row;
};

/* Stack: changed */
static int l_changed(lua_State *L)
{
    struct changed *c = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, c->s->owner);
    if (lua_isnil(L, -1) || lua_getiuservalue(L, -1, ON_SEND) != LUA_TFUNCTION)
        return 0;
    zapi_send_push(L, c->row);
    lua_call(L, 1, 0);
    return 0;
}

static void on_send_changed(void *arg, const struct zapi_send *row)
{
    struct changed c = {.s = arg, .row = row};
    if (c.s->rt)
        zapi_rt_enter(c.s->rt, l_changed, &c, "on_send failed");
}

/* Stack: service */
static int l_timers_changed(lua_State *L)
{
    const struct zapi_service *s = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, s->owner);
    if (!lua_isnil(L, -1) &&
        lua_getiuservalue(L, -1, ON_TIMERS) == LUA_TFUNCTION)
        lua_call(L, 0, 0);
    return 0;
}

static void on_timers_changed(void *arg)
{
    struct zapi_service *s = arg;
    if (s->rt)
        zapi_rt_enter(s->rt, l_timers_changed, s, "on_timers failed");
}

/* ---- an event that the generation before has ended ---- */

struct ended {
    struct zapi_service *s;
    uint64_t seq;
};

/* Stack: ended */
static int l_ended(lua_State *L)
{
    const struct ended *e = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, e->s->owner);
    if (lua_isnil(L, -1) || lua_getiuservalue(L, -1, ON_ENDED) != LUA_TFUNCTION)
        return 0;
    lua_pushinteger(L, (lua_Integer)e->seq);
    lua_call(L, 1, 0);
    return 0;
}

static void on_ended_elsewhere(void *arg, uint64_t seq)
{
    struct ended e = {.s = arg, .seq = seq};
    if (e.s->rt)
        zapi_rt_enter(e.s->rt, l_ended, &e, "on_ended failed");
}

/* Stack: service */
static int l_nudged(lua_State *L)
{
    const struct zapi_service *s = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, s->owner);
    if (!lua_isnil(L, -1) &&
        lua_getiuservalue(L, -1, ON_NUDGE) == LUA_TFUNCTION)
        lua_call(L, 0, 0);
    return 0;
}

static void on_nudged(void *arg)
{
    struct zapi_service *s = arg;
    if (s->rt)
        zapi_rt_enter(s->rt, l_nudged, s, "on_nudge failed");
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

static void end_drains(struct zapi_service *s)
{
    while (s->drains) {
        struct drain_op *op = s->drains;
        drain_leave(op);
        zapi_op_done(&op->base);
    }
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
    if (s->state != HELD) {
        zapi_rt_unhold(s->rt);
        zapi_rt_remove_part(s->rt, &s->part);
    }
}

/* The state goes: no handler will ever end. */
static void on_state_close(void *arg)
{
    struct zapi_service *s = arg;
    s->refs++;
    s->rt = NULL;
    while (s->runs)
        abandon(s->runs);
    service_unref(s);
}

/* What still runs has had its time: its events stay as they are on disk, and the
 * next start goes on with them. */
static void give_up_rest(lua_State *L, struct zapi_service *s)
{
    for (struct run *run = s->runs, *next; run; run = next) {
        next = run->next;
        if (!run->task || run->given_up || run->task == s->rt->current)
            continue;
        run->given_up = true;
        zapi_task_cancel(L, run->task);
    }
}

static int l_service_close(lua_State *L)
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

static struct zapi_service *check_open(lua_State *L)
{
    struct zapi_service **box = zapi_class_check(L, 1, &service_class);
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
    service_unref(s);
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
    return ingest_arg(L, 2);
}

/* service:inject(text) -> true | false (a duplicate) | nil, err: an event as if
 * it had come by the door */
static int l_inject(lua_State *L)
{
    struct zapi_service *s = check_open(L);
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
static int l_emit(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    return take_and_wait(L, s, make_emitted);
}

/* ---- what runs ---- */

static struct zapi_write *take_writes(struct run *run)
{
    struct zapi_write *writes = run->writes;
    run->writes = NULL;
    run->writes_end = &run->writes;
    return writes;
}

static struct run *run_of(struct zapi_service *s, uint64_t seq)
{
    struct run *run = s->runs;
    while (run && run->one->seq != seq)
        run = run->next;
    return run;
}

/* service:release(seq): the next of its order may start, though this one has
 * not ended */
static int l_release(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    struct run *run = run_of(s, (uint64_t)luaL_checkinteger(L, 2));
    if (run)
        zapi_hub_release(s->seat, run->one);
    lua_pushboolean(L, run != NULL);
    return 1;
}

static struct run *check_run(lua_State *L, struct zapi_service *s)
{
    struct run *run = run_of(s, (uint64_t)luaL_checkinteger(L, 2));
    if (!run)
        luaL_error(L, "event %d does not run", (int)lua_tointeger(L, 2));
    return run;
}

/* service:body(seq) -> the text of a running event, as it came */
static int l_body(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    const struct zapi_event *ev = check_run(L, s)->one->event;
    lua_pushlstring(L, ev->body, ev->body_len);
    return 1;
}

/* service:park(seq): what was staged is stored now, the order goes on, and the
 * event waits on disk for whoever finishes it */
static int l_park(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    struct run *run = check_run(L, s);
    zapi_hub_park(s->seat, run->one, take_writes(run));
    drain_check(s); /* it is none that one waits for any more */
    return 0;
}

/* service:unstage(seq): what was staged for it is forgotten. A handler that runs
 * again has come to a place that it had reached before: it is stored already. */
static int l_unstage(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    drop_writes(check_run(L, s));
    return 0;
}

/* service:unload(seq): ends the task of a parked event, for memory's sake */
static int l_unload(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    struct run *run = check_run(L, s);
    luaL_argcheck(L, run->one->parked && run->task, 2, "it is not parked");
    run->given_up = true;
    zapi_task_cancel(L, run->task);
    return 0;
}

/* service:unpark(seq, attempt): a parked event that nobody runs is run anew,
 * beside its order */
static int l_unpark(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    uint64_t seq = (uint64_t)luaL_checkinteger(L, 2);
    luaL_argcheck(L, !run_of(s, seq), 2, "it runs");
    zapi_hub_unpark(s->seat, seq, (unsigned)luaL_optinteger(L, 3, 0));
    return 0;
}

static void on_consumed(void *arg, enum zapi_db_result result)
{
    on_taken(arg, result == ZAPI_DB_OK ? ZAPI_INBOX_STORED : ZAPI_INBOX_FULL);
}

/* service:consume(seq) -> true | nil, err: the event is done on disk, together
 * with what was staged; its order waits on for the handler's end. Waits for
 * the commit. */
static int l_consume(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    struct run *run = check_run(L, s);
    struct take_op *op = zapi_op_new(L, sizeof *op, take_cancel, NULL);
    op->post = malloc(sizeof *op->post);
    if (!op->post)
        return luaL_error(L, "not enough memory");
    *op->post = (struct take_post){.post.run = run_take_post, .s = s, .op = op};
    s->refs++;
    zapi_hub_consume(s->seat, run->one, take_writes(run), on_consumed,
                     op->post);
    return zapi_op_wait(L, &op->base, k_taken);
}

/* service:fail(seq, text): what is to be said of it when its task is cancelled
 * now (a time-out) */
static int l_fail(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    const char *text = luaL_checkstring(L, 3);
    struct run *run = run_of(s, (uint64_t)luaL_checkinteger(L, 2));
    if (run) {
        run->end.outcome = ZAPI_INBOX_DEAD;
        run->end.by_script = true;
        set_reason(run, text);
    }
    lua_pushboolean(L, run != NULL);
    return 1;
}

/* service:nudge(): of a retired one: the next generation has something to do */
static int l_nudge(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    if (s->seat)
        zapi_hub_nudge(s->seat);
    return 0;
}

static unsigned limit_arg(lua_State *L, int index)
{
    lua_Integer n = luaL_checkinteger(L, index);
    luaL_argcheck(L, n >= 0 && n < 1000000, index, "0 to 999,999");
    return (unsigned)n;
}

/* service:limits(replies_per_chat, cold_recipients): of the whole process; 0: no
 * limit */
static int l_limits(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    struct zapi_guard_limits limits = {.replies_per_chat = limit_arg(L, 2),
                                       .cold_recipients = limit_arg(L, 3)};
    zapi_guard_set(zapi_hub_guard(s->hub), &limits);
    return 0;
}

static void set_count(lua_State *L, const char *name, size_t n)
{
    lua_pushinteger(L, (lua_Integer)n);
    lua_setfield(L, -2, name);
}

static int l_stats(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    lua_createtable(L, 0, 7);
    if (s->front) {
        set_count(L, "received", zapi_front_received(s->front));
        set_count(L, "duplicates", zapi_front_duplicates(s->front));
        set_count(L, "refused", zapi_front_refused(s->front));
    }
    set_count(L, "running", s->seat ? zapi_hub_running(s->seat) : 0);
    set_count(L, "waiting",
              (s->seat ? zapi_hub_waiting(s->seat) : 0) +
                  zapi_inbox_depth(zapi_hub_inbox(s->hub)));
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
    lua_pushboolean(L, is_idle(op->s));
    zapi_op_release(&op->base); /* the name is free for the next bot */
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

static void pause_all(struct zapi_service *s)
{
    s->paused = true;
    if (s->seat)
        zapi_hub_pause(s->seat);
    if (s->place)
        zapi_front_pause(s->place);
}

/* service:drain(seconds) -> did all running handlers end? */
static int l_drain(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    double seconds = luaL_optnumber(L, 2, DRAIN_SECONDS);
    luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 2, "seconds expected");
    pause_all(s);
    if (is_idle(s)) {
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

/* Pushes a userdata with the NULL-ended texts of the table at `index`, which
 * must stay as long. NULL: there is none, and nothing is pushed. */
static const char *const *push_texts(lua_State *L, int index, const char *what)
{
    size_t n;
    if (lua_isnil(L, index))
        return NULL;
    luaL_checktype(L, index, LUA_TTABLE);
    n = lua_rawlen(L, index);
    if (n > MOST_TEXTS)
        luaL_error(L, "more than %d %s", MOST_TEXTS, what);
    const char **texts = lua_newuserdatauv(L, (n + 1) * sizeof *texts, 0);
    for (size_t i = 0; i < n; i++) {
        if (lua_rawgeti(L, index, (lua_Integer)i + 1) != LUA_TSTRING)
            luaL_error(L, "bad %s (strings expected)", what);
        texts[i] = lua_tostring(L, -1); /* the table holds it */
        lua_pop(L, 1);
    }
    texts[n] = NULL;
    return texts;
}

/* service:subscribe(kinds) */
static int l_subscribe(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    const char *const *kinds = push_texts(L, 2, "kinds");
    if (s->seat) {
        zapi_hub_subscribe(s->seat, kinds);
        return 0;
    }
    char **copy = zapi_strings_copy(kinds);
    if (!copy)
        return luaL_error(L, "not enough memory");
    zapi_strings_free(s->kinds);
    s->kinds = copy;
    return 0;
}

/* service:route(routes): instead of those that it had; throws when somebody has
 * one of them */
static int l_route(lua_State *L)
{
    struct zapi_service *s = check_open(L);
    struct zapi_error error = {0};
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_argcheck(L, s->place, 1, "it has no door");
    if (zapi_front_route(s->place, push_texts(L, 2, "routes"), &error))
        return 0;
    zapi_error_push(L, &error);
    return lua_error(L);
}

static int l_service_index(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"close", l_close},   {"consume", l_consume},     {"body", l_body},
        {"drain", l_drain},   {"emit", l_emit},           {"inject", l_inject},
        {"park", l_park},     {"release", l_release},     {"route", l_route},
        {"stats", l_stats},   {"subscribe", l_subscribe}, {"unload", l_unload},
        {"unpark", l_unpark}, {"fail", l_fail},           {"limits", l_limits},
        {"nudge", l_nudge},   {"unstage", l_unstage},     {NULL, NULL},
    };
    struct zapi_service **box = zapi_class_check(L, 1, &service_class);
    const char *key = luaL_checkstring(L, 2);
    const luaL_Reg *m = methods;
    while (m->name && strcmp(m->name, key) != 0)
        m++;
    if (m->name)
        lua_pushcfunction(L, m->func);
    else if (*box && strcmp(key, "address") == 0)
        lua_pushstring(L, (*box)->address);
    else if (*box && (*box)->front && strcmp(key, "port") == 0)
        lua_pushinteger(L, atoi(strrchr((*box)->address, ':') + 1));
    else if (*box && strcmp(key, "durable") == 0)
        lua_pushboolean(L, zapi_hub_db((*box)->hub) != NULL);
    else if (*box && strcmp(key, "paused") == 0)
        lua_pushboolean(L, (*box)->paused);
    else if (*box && strcmp(key, "held") == 0)
        lua_pushboolean(L, (*box)->state == HELD);
    else if (*box && strcmp(key, "name") == 0)
        lua_pushstring(L, (*box)->name);
    else
        lua_pushnil(L);
    return 1;
}

/* ---- starting ---- */

struct options {
    const char *listen, *label, *secret, *name, *proxies;
    enum zapi_token_check check;
    const char *const *kinds;     /* NULL: everything */
    const char *const *instances; /* NULL: none named */
    const char *const *routes;    /* NULL: what no other one has */
    size_t secret_len;
    lua_Integer concurrency, max_body;
    bool doorless; /* it only hears what others take (door = false) */
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

static enum zapi_token_check check_field(lua_State *L)
{
    enum zapi_token_check check;
    struct zapi_error error = {0};
    const char *word = string_field(L, "token_check", "", NULL);
    if (!zapi_token_check_parse(word, &check, &error)) {
        zapi_error_push(L, &error);
        lua_error(L);
    }
    return check;
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

static const char *const *texts_field(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    return push_texts(L, lua_gettop(L), name);
}

/* Leaves the strings on the stack. */
static struct options read_options(lua_State *L)
{
    struct options o = {0};
    const struct zapi_host *host = zapi_host_get(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    o.listen = string_field(L, "listen", "127.0.0.1:0", NULL);
    o.label = string_field(L, "label", "webhook", NULL);
    o.proxies = string_field(L, "trusted_proxies", "", NULL);
    o.check = check_field(L);
    o.secret = string_field(L, "secret", NULL, &o.secret_len);
    if (o.secret_len == 0)
        luaL_error(L, "bad parameter 'secret' to service (it is empty)");
    o.concurrency = count_field(L, "concurrency");
    if (o.concurrency > MOST_TASKS)
        o.concurrency = MOST_TASKS;
    o.max_body = count_field(L, "max_body");
    o.doorless =
        lua_getfield(L, 1, "door") == LUA_TBOOLEAN && !lua_toboolean(L, -1);
    lua_pop(L, 1);
    o.name = string_field(L, "name", host ? host->name : "bot", NULL);
    o.kinds = texts_field(L, "kinds");
    o.instances = texts_field(L, "instances");
    o.routes = texts_field(L, "routes");
    return o;
}

/* Stack: … box. The zeroed service hangs in the box before anything else. */
static struct zapi_service *service_new(lua_State *L, struct zapi_service **box)
{
    struct zapi_rt *rt = zapi_rt_get(L);
    zapi_rt_renew_hub(rt);
    struct zapi_hub *hub = zapi_rt_hub(L, rt);
    struct zapi_service *s = calloc(1, sizeof *s);
    if (!s)
        luaL_error(L, "not enough memory");
    s->rt = rt;
    s->hub = hub;
    s->owner = box;
    s->refs = 1;
    *box = s;
    s->next = rt->services;
    if (s->next)
        s->next->link = &s->next;
    s->link = &rt->services;
    rt->services = s;
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

static struct zapi_hub_seat_config seat_config(struct zapi_service *s)
{
    const struct zapi_host *host = s->rt->host;
    return (struct zapi_hub_seat_config){.name = s->name,
                                         .group = host ? host->name : NULL,
                                         .replace = s->replaces,
                                         .kinds = (const char *const *)s->kinds,
                                         .instances =
                                             (const char *const *)s->instances,
                                         .concurrency = s->concurrency,
                                         .start = start_delivery,
                                         .send_changed = on_send_changed,
                                         .timers_changed = on_timers_changed,
                                         .ended_elsewhere = on_ended_elsewhere,
                                         .nudged = on_nudged,
                                         .arg = s};
}

/* Two of one generation with the same name. */
static bool is_twin(const struct zapi_service *s, struct zapi_error *error)
{
    for (const struct zapi_service *o = s->rt->services; o; o = o->next)
        if (o != s && o->state == HELD && strcmp(o->name, s->name) == 0) {
            zapi_error_set(error, ZAPI_E_CONFIG,
                           "two bots of this script are called '%s': give one "
                           "of them another name (zapi.bot.new{name = …})",
                           s->name);
            return true;
        }
    return false;
}

static void forward_request(void *arg, struct zapi_exchange *ex)
{
    struct zapi_service *s = arg;
    zapi_requests_post(s->requests, ex);
}

static bool open_front(struct zapi_service *s, const struct options *o,
                       struct zapi_error *error)
{
    const struct zapi_host *host = s->rt->host;
    struct zapi_front_config c = {.hub = s->hub,
                                  .listen = o->listen,
                                  .listen_fd = -1,
                                  .label = o->label,
                                  .proxies = o->proxies,
                                  .max_body = (size_t)o->max_body};
    struct zapi_front_seat_config seat = {
        .automation = host ? host->name : "",
        .generation = s->rt,
        .name = s->name,
        .secret = o->secret,
        .secret_len = o->secret_len,
        .check = o->check,
        .request = s->requests ? forward_request : NULL,
        .arg = s,
        .routes = o->routes};
    s->front = host && host->front ? host->front(host->arg, &c, error)
                                   : zapi_front_open(&c, error);
    if (!s->front)
        return false;
    strncpy(s->address, zapi_front_address(s->front), sizeof s->address - 1);
    s->place = zapi_front_attach(s->front, &seat, error);
    return s->place != NULL;
}

/* The tokens of options.clients; what is no client of an instance has none. */
static void know_clients(lua_State *L, struct zapi_service *s)
{
    const char *instance, *token;
    lua_getfield(L, 1, "clients");
    lua_Integer n = lua_istable(L, -1) ? (lua_Integer)lua_rawlen(L, -1) : 0;
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, -1, i);
        if (zapi_client_identity(L, lua_gettop(L), &instance, &token) &&
            !zapi_front_know(s->place, instance, token))
            luaL_error(L, "not enough memory");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static bool take_options(struct zapi_service *s, const struct options *o)
{
    static const char *const all[] = {"*", NULL};
    s->concurrency = (unsigned)o->concurrency;
    s->kinds = zapi_strings_copy(o->kinds ? o->kinds : all);
    s->instances = o->instances ? zapi_strings_copy(o->instances) : NULL;
    return s->kinds && (s->instances || !o->instances);
}

/* It has all that it needs, and nothing comes to it. */
static bool prepare(lua_State *L, struct zapi_service *s,
                    const struct options *o, struct zapi_error *error)
{
    const struct zapi_host *host = s->rt->host;
    bool held = host && host->held && host->held(host->arg);
    if (!take_options(s, o) || (held && is_twin(s, error)))
        return false;
    s->replaces = held;
    struct zapi_hub_seat_config seat = seat_config(s);
    if (!zapi_hub_may_join(s->hub, &seat, error) ||
        !(o->doorless || open_front(s, o, error)))
        return false;
    if (s->place)
        know_clients(L, s);
    if (held)
        return true;
    if (!zapi_service_join(s, error))
        return false;
    zapi_service_serve(s);
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

/* The same text for as long as the state lives. */
static const char *anchored(lua_State *L, const char *text)
{
    const char *kept = lua_pushstring(L, text);
    lua_rawsetp(L, LUA_REGISTRYINDEX, kept);
    return kept;
}

/* Stack: options -- service; throws when it cannot listen */
static int l_service(lua_State *L)
{
    struct zapi_error error = {0};
    struct options o = read_options(L);
    struct zapi_service **box =
        zapi_class_new(L, &service_class, sizeof *box, SLOTS);
    take_handler(L, "on_event", ON_EVENT, true);
    take_handler(L, "on_request", ON_REQUEST, false);
    take_handler(L, "on_send", ON_SEND, false);
    take_handler(L, "on_timers", ON_TIMERS, false);
    take_handler(L, "on_serve", ON_SERVE, false);
    take_handler(L, "on_retire", ON_RETIRE, false);
    take_handler(L, "on_ended", ON_ENDED, false);
    take_handler(L, "on_nudge", ON_NUDGE, false);
    struct zapi_service *s = service_new(L, box);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, box);
    s->name = anchored(L, o.name);
    if (lua_getiuservalue(L, -1, ON_REQUEST) == LUA_TFUNCTION)
        s->requests = zapi_requests_new(L, box, ON_REQUEST);
    lua_pop(L, 1);
    zapi_error_set(&error, ZAPI_E_NO_MEMORY, "no memory for a service");
    if (!prepare(L, s, &o, &error))
        return start_failed(L, &error);
    return 1;
}

/* ---- service.h ---- */

static struct zapi_service *service_arg(lua_State *L, int index)
{
    struct zapi_service **box = zapi_class_check(L, index, &service_class);
    if (!*box)
        luaL_error(L, "the service is closed");
    return *box;
}

struct zapi_hub *zapi_service_hub(lua_State *L, int index)
{
    return service_arg(L, index)->hub;
}

const char *zapi_service_name(lua_State *L, int index)
{
    return service_arg(L, index)->name;
}

struct zapi_service *zapi_service_next(const struct zapi_service *s)
{
    return s->next;
}

bool zapi_service_is_held(const struct zapi_service *s)
{
    return s->state == HELD;
}

bool zapi_service_join(struct zapi_service *s, struct zapi_error *error)
{
    struct zapi_hub_seat_config seat = seat_config(s);
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
    s->state = SERVES;
    if (s->place && host && host->listening)
        host->listening(host->arg, s->address);
}

struct told {
    struct zapi_service *s;
    enum slot slot;
};

/* Stack: told */
static int l_tell(lua_State *L)
{
    const struct told *t = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, t->s->owner);
    if (!lua_isnil(L, -1) &&
        lua_getiuservalue(L, -1, (int)t->slot) == LUA_TFUNCTION)
        lua_call(L, 0, 0);
    return 0;
}

void zapi_service_tell_serves(struct zapi_service *s)
{
    struct told t = {.s = s, .slot = ON_SERVE};
    zapi_rt_enter(s->rt, l_tell, &t, "a bot could not begin to serve");
}

void zapi_service_retire(struct zapi_service *s)
{
    struct told t = {.s = s, .slot = ON_RETIRE};
    if (s->state != SERVES)
        return;
    s->state = RETIRED;
    pause_all(s);
    zapi_rt_enter(s->rt, l_tell, &t, "a bot could not be retired in order");
}

bool zapi_service_stage(lua_State *L, int index, uint64_t seq,
                        struct zapi_write *write)
{
    struct zapi_service **box = zapi_class_check(L, index, &service_class);
    struct run *run = *box ? run_of(*box, seq) : NULL;
    if (!run)
        return false;
    write->next = NULL;
    *run->writes_end = write;
    run->writes_end = &write->next;
    return true;
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

/* is_held() -> would a service be held now? */
static int l_is_held(lua_State *L)
{
    const struct zapi_host *host = zapi_host_get(L);
    lua_pushboolean(L, host && host->held && host->held(host->arg));
    return 1;
}

void zapi_l_service_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"service", l_service}, {"kinds", l_kinds},     {"kind_is", l_kind_is},
        {"ingest", l_ingest},   {"is_held", l_is_held}, {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}
