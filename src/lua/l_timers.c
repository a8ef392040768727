/* SPDX-License-Identifier: MIT
 *
 * core.timers: the rows behind bot:at, bot:every and bot:cron
 * (lua/zapi/bot/timers.lua, which decides when one fires and says so by
 * service:emit). What writes by itself waits for its commit: an operation that
 * owns the write until it is handed over, and whose post comes back from the
 * writer thread; without anybody who waits it is freed. Start reading at l_put.
 */
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/runtime.h"
#include "lua/service.h"
#include "lua/value.h"

enum { MOST_LISTED = 1000 };

struct write_op {
    struct zapi_op base;
    struct zapi_write *write; /* owned until it is handed over */
    struct write_post *post;  /* NULL: not begun, answered, or cut off */
    enum zapi_db_result result;
    size_t rows;
};

struct write_post {
    struct zapi_post post;
    struct zapi_hub *hub; /* runs all posts before it closes */
    struct write_op *op;  /* NULL: nobody waits; loop thread */
    enum zapi_db_result result;
    size_t rows;
};

static struct zapi_timers *timers_of(lua_State *L, struct zapi_hub *hub)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_timers *t = zapi_hub_timers(hub, &error);
    if (!t) {
        zapi_error_push(L, &error);
        lua_error(L);
    }
    return t;
}

/* ---- a write of its own ---- */

static void write_cancel(struct zapi_op *base)
{
    struct write_op *op = (struct write_op *)base;
    if (!op->post)
        return;
    op->post->op = NULL;
    op->post = NULL;
    zapi_rt_unhold(op->base.rt);
}

static void write_release(struct zapi_op *base)
{
    struct write_op *op = (struct write_op *)base;
    if (op->write)
        op->write->release(op->write);
    op->write = NULL;
}

static void run_post(struct zapi_post *post)
{
    struct write_post *p = (struct write_post *)post;
    if (p->op) {
        p->op->post = NULL;
        p->op->result = p->result;
        p->op->rows = p->rows;
        zapi_rt_unhold(p->op->base.rt);
        zapi_op_done(&p->op->base);
    }
    free(p);
}

static void on_written(void *arg, enum zapi_db_result result, size_t rows)
{
    struct write_post *p = arg;
    p->result = result;
    p->rows = rows;
    zapi_hub_post(p->hub, &p->post);
}

static void on_written_in_memory(void *arg, enum zapi_db_result result,
                                 size_t rows)
{
    struct write_op *op = arg;
    op->result = result;
    op->rows = rows;
    op->base.done = true;
}

/* how many | nil, error */
static int k_written(lua_State *L, int status, lua_KContext ctx)
{
    struct write_op *op = (struct write_op *)ctx;
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    (void)status;
    if (op->result == ZAPI_DB_OK) {
        lua_pushinteger(L, (lua_Integer)op->rows);
        return 1;
    }
    zapi_error_set(&error, ZAPI_E_STORE_UNAVAILABLE,
                   "nothing can be stored now: the timer was not kept");
    error.outcome = ZAPI_OUTCOME_NOT_SENT;
    lua_pushnil(L);
    zapi_error_push(L, &error);
    return 2;
}

/* Moves the operation's write. */
static int write_and_wait(lua_State *L, struct write_op *op,
                          struct zapi_hub *hub)
{
    struct zapi_timers *t = timers_of(L, hub);
    struct zapi_write *write = op->write;
    if (!zapi_hub_db(hub)) {
        op->write = NULL;
        zapi_timers_run(t, write, on_written_in_memory, op);
        return zapi_op_wait(L, &op->base, k_written);
    }
    op->post = malloc(sizeof *op->post);
    if (!op->post)
        return luaL_error(L, "not enough memory");
    *op->post = (struct write_post){.post.run = run_post, .hub = hub, .op = op};
    zapi_rt_hold(op->base.rt); /* the loop turns until it is stored */
    op->write = NULL;
    zapi_timers_run(t, write, on_written, op->post);
    return zapi_op_wait(L, &op->base, k_written);
}

typedef struct zapi_write *make_write(lua_State *L, struct zapi_timers *t,
                                      const char *automation);

/* With a seq at `seq` it becomes part of that event's end, else it is written
 * now. */
static int stage_or_write(lua_State *L, int seq, make_write *make)
{
    struct zapi_hub *hub = zapi_service_hub(L, 1);
    const char *automation = zapi_service_name(L, 1);
    if (lua_isnil(L, seq)) {
        struct write_op *op =
            zapi_op_new(L, sizeof *op, write_cancel, write_release);
        op->write = make(L, timers_of(L, hub), automation);
        return write_and_wait(L, op, hub);
    }
    uint64_t event = (uint64_t)luaL_checkinteger(L, seq);
    struct zapi_write *write = make(L, timers_of(L, hub), automation);
    if (zapi_service_stage(L, 1, event, write)) {
        lua_pushinteger(L, 1);
        return 1;
    }
    write->release(write);
    return luaL_error(L, "no handler of event %I runs", (lua_Integer)event);
}

/* ---- put, cancel ---- */

/* The string stays on the stack. */
static const char *text_field(lua_State *L, const char *name)
{
    int type = lua_getfield(L, 2, name);
    if (type != LUA_TNIL && type != LUA_TSTRING)
        luaL_error(L, "bad field '%s' of a timer (string expected, got %s)",
                   name, lua_typename(L, type));
    return type == LUA_TNIL ? "" : lua_tostring(L, -1);
}

static double number_field(lua_State *L, const char *name)
{
    lua_getfield(L, 2, name);
    double v = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return v;
}

static struct zapi_write *make_put(lua_State *L, struct zapi_timers *t,
                                   const char *automation)
{
    struct zapi_timer_row row = {
        .automation = automation,
        .name = text_field(L, "name"),
        .key = text_field(L, "key"),
        .cron = text_field(L, "cron"),
        .tz = text_field(L, "tz"),
        .chat = text_field(L, "chat"),
        .instance = text_field(L, "instance"),
        .payload = text_field(L, "payload"),
        .due = number_field(L, "due"),
        .interval = number_field(L, "interval"),
    };
    struct zapi_write *w = zapi_timers_put(t, &row);
    if (!w)
        luaL_error(L, "not enough memory");
    return w;
}

/* put(service, row, seq | nil) -> 1 | nil, err */
static int l_put(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 3);
    return stage_or_write(L, 3, make_put);
}

static struct zapi_write *make_cancel(lua_State *L, struct zapi_timers *t,
                                      const char *automation)
{
    struct zapi_write *w = zapi_timers_cancel(
        t, automation, luaL_checkstring(L, 2), luaL_optstring(L, 3, NULL));
    if (!w)
        luaL_error(L, "not enough memory");
    return w;
}

/* cancel(service, name, key | nil, seq | nil) -> how many | nil, err */
static int l_cancel(lua_State *L)
{
    lua_settop(L, 4);
    if (lua_isnil(L, 4))
        return stage_or_write(L, 4, make_cancel);
    stage_or_write(L, 4, make_cancel);
    lua_pushinteger(L, (lua_Integer)zapi_timers_count(
                           timers_of(L, zapi_service_hub(L, 1)),
                           zapi_service_name(L, 1), luaL_checkstring(L, 2),
                           luaL_optstring(L, 3, NULL)));
    return 1;
}

/* ---- list ---- */

struct list {
    lua_State *L;
    lua_Integer n;
};

static void set_text(lua_State *L, const char *name, const char *value)
{
    if (!*value)
        return;
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

static void push_row(void *arg, const struct zapi_timer_row *row)
{
    struct list *list = arg;
    lua_State *L = list->L;
    lua_createtable(L, 0, 10);
    lua_pushinteger(L, (lua_Integer)row->id);
    lua_setfield(L, -2, "id");
    lua_pushnumber(L, row->due);
    lua_setfield(L, -2, "due");
    if (row->interval > 0) {
        lua_pushnumber(L, row->interval);
        lua_setfield(L, -2, "interval");
    }
    lua_pushstring(L, row->key);
    lua_setfield(L, -2, "key");
    set_text(L, "name", row->name);
    set_text(L, "cron", row->cron);
    set_text(L, "tz", row->tz);
    set_text(L, "chat", row->chat);
    set_text(L, "instance", row->instance);
    set_text(L, "payload", row->payload);
    lua_rawseti(L, -2, ++list->n);
}

/* list(service, until | nil, limit | nil, names | nil) -> rows, the earliest
 * first | nil (they cannot be read now); names: a JSON array of those that
 * count */
static int l_list(lua_State *L)
{
    double until = luaL_optnumber(L, 2, 1e300);
    lua_Integer limit = luaL_optinteger(L, 3, MOST_LISTED);
    const char *names = luaL_optstring(L, 4, NULL);
    struct list list = {.L = L};
    luaL_argcheck(L, limit > 0 && limit <= MOST_LISTED, 3, "1 to 1000");
    lua_newtable(L);
    if (!zapi_timers_each(timers_of(L, zapi_service_hub(L, 1)),
                          zapi_service_name(L, 1), names, until, (size_t)limit,
                          push_row, &list))
        lua_pushnil(L);
    return 1;
}

void zapi_l_timers_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"put", l_put},
        {"cancel", l_cancel},
        {"list", l_list},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lua_setfield(L, -2, "timers");
}
