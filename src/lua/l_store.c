/* SPDX-License-Identifier: MIT
 *
 * core.store: what is kept by key, for lua/zapi/store.lua and the bot layer.
 * Values are packed (pack.h). What writes by itself waits for its commit: an
 * operation (lua/task.h) that owns the writes until they are handed over, and
 * whose post comes back from the writer thread; without anybody who waits it is
 * freed. The hub is the state's, opened at the first call. Start reading at
 * l_write.
 */
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/clock.h"
#include "lua/pack.h"
#include "lua/runtime.h"
#include "lua/service.h"
#include "lua/value.h"

#define PAGE_MAX ((size_t)64 * 1024 * 1024)

enum { MOST_LISTED = 1000 };

static struct zapi_kv *kv_of(lua_State *L, struct zapi_hub *hub)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_kv *kv = zapi_hub_kv(hub, &error);
    if (!kv) {
        zapi_error_push(L, &error);
        lua_error(L);
    }
    return kv;
}

static struct zapi_kv *own_kv(lua_State *L)
{
    return kv_of(L, zapi_rt_hub(L, zapi_rt_get(L)));
}

static struct zapi_bytes bytes_at(lua_State *L, int index)
{
    struct zapi_bytes b = {NULL, 0};
    b.p = luaL_checklstring(L, index, &b.n);
    return b;
}

/* ---- values ---- */

/* pack(value) -> string; throws */
static int l_pack(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    struct zapi_buf *out = zapi_box_new(L, ZAPI_PACK_MAX);
    if (!zapi_pack(L, 1, out))
        return lua_error(L);
    lua_pushlstring(L, out->data, out->len);
    zapi_buf_free(out);
    return 1;
}

static int l_unpack(lua_State *L)
{
    struct zapi_bytes b = bytes_at(L, 1);
    if (!zapi_unpack(L, b.p, b.n))
        return luaL_error(L, "a value of the store is damaged");
    return 1;
}

/* ---- reading ---- */

static void push_expires(lua_State *L, double expires)
{
    if (expires > 0)
        lua_pushnumber(L, expires);
    else
        lua_pushnil(L);
}

/* get(ns, key) -> packed | nil, expires | nil */
static int l_get(lua_State *L)
{
    struct zapi_kv_found found;
    const char *ns = luaL_checkstring(L, 1);
    struct zapi_bytes key = bytes_at(L, 2);
    struct zapi_kv *kv = own_kv(L);
    if (!zapi_kv_get(kv, ns, key, zapi_clock_now(), &found))
        return zapi_kv_failed(kv) ? luaL_error(L, "the store cannot be read")
                                  : 0;
    lua_pushlstring(L, found.value.p, found.value.n);
    push_expires(L, found.expires);
    return 2;
}

/* scan(ns, prefix, after | nil, limit) -> {{key, packed, expires}…}, more */
static int l_scan(lua_State *L)
{
    const char *ns = luaL_checkstring(L, 1);
    struct zapi_bytes prefix = bytes_at(L, 2), after = {NULL, 0};
    lua_Integer limit = luaL_checkinteger(L, 4);
    struct zapi_kv *kv = own_kv(L);
    struct zapi_kv_row row;
    size_t at = 0;
    bool more = false;
    if (!lua_isnil(L, 3))
        after = bytes_at(L, 3);
    luaL_argcheck(L, limit > 0 && limit <= MOST_LISTED, 4, "1 to 1000");
    struct zapi_buf *page = zapi_box_new(L, PAGE_MAX);
    if (!zapi_kv_scan(kv, ns, prefix, after, (size_t)limit, zapi_clock_now(),
                      page, &more))
        return luaL_error(L, "the store cannot be read");
    lua_newtable(L);
    for (lua_Integer i = 1; zapi_kv_next(page, &at, &row); i++) {
        lua_createtable(L, 3, 0);
        lua_pushlstring(L, row.key.p, row.key.n);
        lua_rawseti(L, -2, 1);
        lua_pushlstring(L, row.value.p, row.value.n);
        lua_rawseti(L, -2, 2);
        push_expires(L, row.expires);
        lua_rawseti(L, -2, 3);
        lua_rawseti(L, -2, i);
    }
    zapi_buf_free(page);
    lua_pushboolean(L, more);
    return 2;
}

/* ---- writing ---- */

struct put_op {
    struct zapi_op base;
    struct zapi_write *writes; /* owned until they are handed over */
    struct put_post *post;     /* NULL: not begun, answered, or cut off */
    enum zapi_db_result result;
};

struct put_post {
    struct zapi_post post;
    struct zapi_hub *hub; /* runs all posts before it closes */
    struct put_op *op;    /* NULL: nobody waits; loop thread */
    enum zapi_db_result result;
};

static void put_cancel(struct zapi_op *base)
{
    struct put_op *op = (struct put_op *)base;
    if (!op->post)
        return;
    op->post->op = NULL;
    op->post = NULL;
    zapi_rt_unhold(op->base.rt);
}

static void put_release(struct zapi_op *base)
{
    struct put_op *op = (struct put_op *)base;
    while (op->writes) {
        struct zapi_write *w = op->writes;
        op->writes = w->next;
        w->release(w);
    }
}

static void run_post(struct zapi_post *post)
{
    struct put_post *p = (struct put_post *)post;
    if (p->op) {
        p->op->post = NULL;
        p->op->result = p->result;
        zapi_rt_unhold(p->op->base.rt);
        zapi_op_done(&p->op->base);
    }
    free(p);
}

static void on_put(void *arg, enum zapi_db_result result)
{
    struct put_post *p = arg;
    p->result = result;
    zapi_hub_post(p->hub, &p->post);
}

static void on_put_in_memory(void *arg, enum zapi_db_result result)
{
    struct put_op *op = arg;
    op->result = result;
    op->base.done = true;
}

/* true | nil, error */
static int k_put(lua_State *L, int status, lua_KContext ctx)
{
    struct put_op *op = (struct put_op *)ctx;
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    (void)status;
    if (op->result == ZAPI_DB_OK) {
        lua_pushboolean(L, true);
        return 1;
    }
    zapi_error_set(&error, ZAPI_E_STORE_UNAVAILABLE,
                   "nothing can be stored now: the value was not kept");
    error.outcome = ZAPI_OUTCOME_NOT_SENT;
    lua_pushnil(L);
    zapi_error_push(L, &error);
    return 2;
}

/* Hands the operation's writes over and waits. */
static int put_and_wait(lua_State *L, struct put_op *op, struct zapi_hub *hub,
                        struct zapi_kv *kv)
{
    struct zapi_write *writes = op->writes;
    if (!zapi_hub_db(hub)) {
        op->writes = NULL;
        zapi_kv_put(kv, writes, on_put_in_memory, op);
        return zapi_op_wait(L, &op->base, k_put);
    }
    op->post = malloc(sizeof *op->post);
    if (!op->post)
        return luaL_error(L, "not enough memory");
    *op->post = (struct put_post){.post.run = run_post, .hub = hub, .op = op};
    zapi_rt_hold(op->base.rt); /* the loop turns until it is stored */
    op->writes = NULL;
    zapi_kv_put(kv, writes, on_put, op->post);
    return zapi_op_wait(L, &op->base, k_put);
}

/* The values at from … from + 3: namespace, key, packed or nothing, expires or
 * nothing. */
static struct zapi_write *make_write(lua_State *L, struct zapi_kv *kv, int from)
{
    const char *ns = luaL_checkstring(L, from);
    struct zapi_bytes key = bytes_at(L, from + 1), value = {NULL, 0};
    double expires = luaL_optnumber(L, from + 3, 0);
    bool there = lua_toboolean(L, from + 2);
    if (there)
        value = bytes_at(L, from + 2);
    struct zapi_write *w =
        zapi_kv_write(kv, ns, key, there ? &value : NULL, expires);
    if (!w)
        luaL_error(L, "not enough memory");
    return w;
}

/* put(ns, key, packed | nil, expires | nil) -> true | nil, err */
static int l_put(lua_State *L)
{
    lua_settop(L, 4);
    struct zapi_hub *hub = zapi_rt_hub(L, zapi_rt_get(L));
    struct zapi_kv *kv = kv_of(L, hub);
    struct put_op *op = zapi_op_new(L, sizeof *op, put_cancel, put_release);
    op->writes = make_write(L, kv, 1);
    return put_and_wait(L, op, hub, kv);
}

/* write{{ns, key, packed | false, expires | false}…} -> true | nil, err: one
 * transaction */
static int l_write(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct zapi_hub *hub = zapi_rt_hub(L, zapi_rt_get(L));
    struct zapi_kv *kv = kv_of(L, hub);
    struct put_op *op = zapi_op_new(L, sizeof *op, put_cancel, put_release);
    struct zapi_write **end = &op->writes;
    for (lua_Integer i = 1; lua_rawgeti(L, 1, i) == LUA_TTABLE; i++) {
        for (int field = 1; field <= 4; field++)
            lua_rawgeti(L, 3, field);
        if (!lua_toboolean(L, 7)) {
            lua_pushnil(L);
            lua_replace(L, 7);
        }
        *end = make_write(L, kv, 4);
        end = &(*end)->next;
        lua_settop(L, 2);
    }
    lua_settop(L, 2);
    return put_and_wait(L, op, hub, kv);
}

static int stage(lua_State *L, struct zapi_write *write)
{
    if (zapi_service_stage(L, 1, (uint64_t)lua_tointeger(L, 2), write))
        return 0;
    write->release(write);
    return luaL_error(L, "no handler of event %I runs", lua_tointeger(L, 2));
}

/* stage(service, seq, ns, key, packed | nil, expires | nil) */
static int l_stage(lua_State *L)
{
    lua_settop(L, 6);
    struct zapi_kv *kv = kv_of(L, zapi_service_hub(L, 1));
    luaL_checkinteger(L, 2);
    return stage(L, make_write(L, kv, 3));
}

/* stage_prefix_delete(service, seq, ns, prefix) */
static int l_stage_prefix_delete(lua_State *L)
{
    struct zapi_kv *kv = kv_of(L, zapi_service_hub(L, 1));
    luaL_checkinteger(L, 2);
    const char *ns = luaL_checkstring(L, 3);
    struct zapi_write *write = zapi_kv_erase(kv, ns, bytes_at(L, 4));
    if (!write)
        return luaL_error(L, "not enough memory");
    return stage(L, write);
}

/* ---- locks ---- */

struct owner {
    struct zapi_kv_owner owner;
    struct zapi_kv *kv; /* NULL: it never held any */
};

struct lock_op {
    struct zapi_op base;
    struct zapi_kv *kv;
    struct zapi_kv_wait wait;
};

static int l_owner_release(lua_State *L);

static const luaL_Reg owner_methods[3];

static const struct zapi_class owner_class = {
    .name = "zapi.store.owner",
    .methods = owner_methods,
    .close = l_owner_release,
};

static void lock_cancel(struct zapi_op *base)
{
    struct lock_op *op = (struct lock_op *)base;
    if (op->kv)
        zapi_kv_unwait(op->kv, &op->wait);
}

static void on_granted(struct zapi_kv_wait *wait)
{
    struct lock_op *op =
        (struct lock_op *)(void *)((char *)wait -
                                   offsetof(struct lock_op, wait));
    zapi_op_done(&op->base);
}

static int k_locked(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    (void)ctx;
    lua_pushboolean(L, true);
    return 1;
}

static int push_conflict(lua_State *L)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    zapi_error_set(&error, ZAPI_E_STORE_CONFLICT,
                   "two handlers wait for each other's keys");
    error.outcome = ZAPI_OUTCOME_NOT_SENT;
    lua_pushnil(L);
    zapi_error_push(L, &error);
    return 2;
}

static int lock_and_wait(lua_State *L, struct owner *me, const char *ns,
                         struct zapi_bytes key)
{
    struct lock_op *op = zapi_op_new(L, sizeof *op, lock_cancel, NULL);
    op->wait.granted = on_granted;
    op->kv = me->kv;
    zapi_kv_acquire(me->kv, &me->owner, ns, key, &op->wait);
    return zapi_op_wait(L, &op->base, k_locked);
}

/* owner:lock(ns, key) -> true | nil, err (it would wait for itself) */
static int l_owner_lock(lua_State *L)
{
    struct owner *me = zapi_class_check(L, 1, &owner_class);
    const char *ns = luaL_checkstring(L, 2);
    struct zapi_bytes key = bytes_at(L, 3);
    if (!me->kv)
        me->kv = own_kv(L);
    switch (zapi_kv_acquire(me->kv, &me->owner, ns, key, NULL)) {
    case ZAPI_KV_LOCKED:
        lua_pushboolean(L, true);
        return 1;
    case ZAPI_KV_WAITS:
        return lock_and_wait(L, me, ns, key);
    case ZAPI_KV_DEADLOCK:
        return push_conflict(L);
    default:
        return luaL_error(L, "not enough memory");
    }
}

/* owner:release(): all that it holds */
static int l_owner_release(lua_State *L)
{
    struct owner *me = zapi_class_check(L, 1, &owner_class);
    if (me->owner.held)
        zapi_kv_release(me->kv, &me->owner);
    return 0;
}

static const luaL_Reg owner_methods[3] = {
    {"lock", l_owner_lock},
    {"release", l_owner_release},
    {NULL, NULL},
};

static int l_owner(lua_State *L)
{
    zapi_class_new(L, &owner_class, sizeof(struct owner), 0);
    return 1;
}

/* ---- the table ---- */

static int l_is_durable(lua_State *L)
{
    lua_pushboolean(L, zapi_hub_db(zapi_rt_hub(L, zapi_rt_get(L))) != NULL);
    return 1;
}

void zapi_l_store_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"pack", l_pack},   {"unpack", l_unpack},
        {"get", l_get},     {"scan", l_scan},
        {"put", l_put},     {"write", l_write},
        {"stage", l_stage}, {"stage_prefix_delete", l_stage_prefix_delete},
        {"owner", l_owner}, {"is_durable", l_is_durable},
        {NULL, NULL},
    };
    const struct zapi_host *host = zapi_host_get(L);
    luaL_newlib(L, functions);
    lua_pushstring(L, host ? host->name : "bot");
    lua_setfield(L, -2, "name"); /* of the automation */
    lua_setfield(L, -2, "store");
}
