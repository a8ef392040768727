/* SPDX-License-Identifier: MIT
 *
 * See plan.h. The state is small, limited in memory, and has no more than the
 * libraries that lua/zapi/host/plan.lua needs. Stack of the state: 1 the table
 * {options=, automations=}. Start reading at zapi_plan_load.
 */
#include "host/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "base/redact.h"
#include "base/text.h"
#include "host/assets.h"
#include "host/heap.h"

#define MEMORY   ((size_t)32 << 20)
#define MOST     ((size_t)1 << 20) /* bytes of a file */
#define MOST_KEY 64

struct zapi_plan {
    struct zapi_heap *heap;
    lua_State *L;
};

struct loading {
    const struct zapi_plan_config *config;
    struct zapi_error *error;
};

/* ---- what plan.lua gets ---- */

static int l_nearness(lua_State *L)
{
    unsigned d =
        zapi_text_nearness(luaL_checkstring(L, 1), luaL_checkstring(L, 2));
    if (d == (unsigned)-1) {
        lua_pushnil(L);
    } else {
        lua_pushinteger(L, (lua_Integer)d);
    }
    return 1;
}

static int l_getenv(lua_State *L)
{
    const struct loading *l = lua_touserdata(L, lua_upvalueindex(1));
    lua_pushstring(L,
                   l->config->getenv(l->config->arg, luaL_checkstring(L, 1)));
    return 1;
}

static int l_secret(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    zapi_redact_add(text, len);
    return 0;
}

/* text | nil, why */
static int l_read(lua_State *L)
{
    FILE *f = fopen(luaL_checkstring(L, 1), "re");
    luaL_Buffer b;
    size_t n;
    int saved;
    if (!f) {
        lua_pushnil(L);
        lua_pushstring(L, strerror(errno));
        return 2;
    }
    errno = 0;
    char *room = luaL_buffinitsize(L, &b, MOST);
    n = fread(room, 1, MOST, f);
    saved = ferror(f) ? errno : 0;
    fclose(f);
    luaL_pushresultsize(&b, n);
    if (saved) {
        lua_pushnil(L);
        lua_pushstring(L, strerror(saved));
        return 2;
    }
    return 1;
}

/* "take_webhooks" of "--take-webhooks"; false: it has no place in a file. */
static bool key_of(enum zapi_option option, char out[MOST_KEY])
{
    const char *name = zapi_option_name(option);
    char *dash;
    if (option == ZAPI_OPT_CONFIG || option == ZAPI_OPT_HELP ||
        option == ZAPI_OPT_VERSION) {
        return false;
    }
    snprintf(out, MOST_KEY, "%s", name + 2);
    while ((dash = strchr(out, '-')) != NULL) {
        *dash = '_';
    }
    return true;
}

static void push_options(lua_State *L)
{
    char key[MOST_KEY];
    int i;
    lua_newtable(L);
    for (i = 0; i < ZAPI_OPT_COUNT; i++) {
        if (key_of((enum zapi_option)i, key)) {
            lua_pushstring(
                L, zapi_option_is_flag((enum zapi_option)i) ? "flag" : "value");
            lua_setfield(L, -2, key);
        }
    }
}

static void push_host(lua_State *L, struct loading *l)
{
    static const luaL_Reg functions[] = {
        {"nearness", l_nearness}, {"getenv", l_getenv}, {"secret", l_secret},
        {"read", l_read},         {NULL, NULL},
    };
    luaL_newlibtable(L, functions);
    lua_pushlightuserdata(L, l);
    luaL_setfuncs(L, functions, 1);
    push_options(L);
    lua_setfield(L, -2, "options");
    lua_pushboolean(L, l->config->trial);
    lua_setfield(L, -2, "trial");
}

static void open_libraries(lua_State *L)
{
    static const luaL_Reg libraries[] = {
        {LUA_GNAME, luaopen_base},        {LUA_TABLIBNAME, luaopen_table},
        {LUA_STRLIBNAME, luaopen_string}, {LUA_MATHLIBNAME, luaopen_math},
        {LUA_DBLIBNAME, luaopen_debug},   {NULL, NULL},
    };
    const luaL_Reg *lib;
    for (lib = libraries; lib->name; lib++) {
        luaL_requiref(L, lib->name, lib->func, 1);
        lua_pop(L, 1);
    }
}

/* Stack: loading -- plan */
static int l_load(lua_State *L)
{
    static const char name[] = "zapi/host/plan.lua";
    struct loading *l = lua_touserdata(L, 1);
    const struct zapi_asset *asset = zapi_asset_find(name);
    const char *path = l->config->path;
    open_libraries(L);
    if (!asset || luaL_loadbufferx(L, (const char *)asset->data, asset->size,
                                   "@zapi/host/plan.lua", "t") != LUA_OK) {
        return asset ? lua_error(L) : luaL_error(L, "%s is missing", name);
    }
    lua_pushstring(L, path);
    push_host(L, l);
    lua_pushcfunction(L, l_read);
    lua_pushstring(L, path);
    lua_call(L, 1, 2); /* chunk path host text why */
    if (lua_isnil(L, -2)) {
        return luaL_error(L, "cannot read %s: %s", path, lua_tostring(L, -1));
    }
    lua_pop(L, 1);
    lua_setfield(L, -2, "text");
    lua_call(L, 2, 1);
    return 1;
}

/* ---- loading ---- */

struct zapi_plan *zapi_plan_load(const struct zapi_plan_config *config,
                                 struct zapi_error *error)
{
    struct loading l = {.config = config, .error = error};
    struct zapi_plan *plan = calloc(1, sizeof *plan);
    const char *why;
    if (plan) {
        plan->heap = zapi_heap_new(MEMORY);
        plan->L = plan->heap ? lua_newstate(zapi_heap_alloc, plan->heap) : NULL;
    }
    if (!plan || !plan->L) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "not enough memory");
        zapi_plan_delete(plan);
        return NULL;
    }
    zapi_heap_collect(plan->heap, plan->L);
    lua_pushcfunction(plan->L, l_load);
    lua_pushlightuserdata(plan->L, &l);
    if (lua_pcall(plan->L, 1, 1, 0) == LUA_OK) {
        lua_gc(plan->L, LUA_GCCOLLECT);
        zapi_heap_spare(plan->heap, true); /* for the keys asked for */
        return plan;
    }
    why = lua_tostring(plan->L, -1);
    if (why && strstr(why, config->path)) {
        zapi_error_set(error, ZAPI_E_CONFIG, "%s", why);
    } else { /* memory ended */
        zapi_error_set(error, ZAPI_E_CONFIG, "%s: %s", config->path,
                       why ? why : "?");
    }
    zapi_plan_delete(plan);
    return NULL;
}

void zapi_plan_delete(struct zapi_plan *plan)
{
    if (plan) {
        if (plan->L) {
            lua_close(plan->L);
        }
        zapi_heap_delete(plan->heap);
        free(plan);
    }
}

/* ---- reading ---- */

/* The table holds what is returned. Fields are there, or nil: nothing here
 * throws. */
const char *zapi_plan_option(struct zapi_plan *plan, enum zapi_option option)
{
    lua_State *L = plan->L;
    const char *value = NULL;
    char key[MOST_KEY];
    if (key_of(option, key)) {
        lua_getfield(L, 1, "options");
        lua_getfield(L, -1, key);
        value = lua_tostring(L, -1);
        lua_settop(L, 1);
    }
    return value;
}

size_t zapi_plan_count(struct zapi_plan *plan)
{
    size_t n;
    lua_getfield(plan->L, 1, "automations");
    n = lua_rawlen(plan->L, -1);
    lua_settop(plan->L, 1);
    return n;
}

static const char *text_at(lua_State *L, const char *key)
{
    const char *text;
    lua_getfield(L, 3, key);
    text = lua_tostring(L, -1);
    lua_pop(L, 1);
    return text;
}

struct zapi_plan_automation zapi_plan_automation(struct zapi_plan *plan,
                                                 size_t i)
{
    struct zapi_plan_automation a = {.budget = -1};
    lua_State *L = plan->L;
    lua_getfield(L, 1, "automations");
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    a.name = text_at(L, "name");
    a.script = text_at(L, "script");
    a.memory = text_at(L, "memory");
    if (lua_getfield(L, 3, "budget") == LUA_TNUMBER) {
        a.budget = lua_tonumber(L, -1);
    }
    lua_getfield(L, 3, "concurrency");
    a.concurrency = (unsigned)lua_tointeger(L, -1);
    lua_settop(L, 1);
    return a;
}

/* ---- from state to state ---- */

static void copy(lua_State *from, int index, lua_State *to);

static void copy_text(lua_State *from, int index, lua_State *to)
{
    size_t len;
    const char *text = lua_tolstring(from, index, &len);
    lua_pushlstring(to, text, len);
}

/* plan.lua has made sure that there is no cycle. */
static void copy_table(lua_State *from, int index, lua_State *to)
{
    luaL_checkstack(to, 8, "options are too deep");
    if (!lua_checkstack(from, 8)) {
        luaL_error(to, "not enough memory");
    }
    lua_newtable(to);
    lua_pushnil(from);
    while (lua_next(from, index)) {
        int top = lua_gettop(from);
        copy(from, top - 1, to);
        copy(from, top, to);
        lua_rawset(to, -3);
        lua_pop(from, 1);
    }
}

static void copy(lua_State *from, int index, lua_State *to)
{
    switch (lua_type(from, index)) {
    case LUA_TSTRING:
        copy_text(from, index, to);
        break;
    case LUA_TNUMBER:
        if (lua_isinteger(from, index)) {
            lua_pushinteger(to, lua_tointeger(from, index));
        } else {
            lua_pushnumber(to, lua_tonumber(from, index));
        }
        break;
    case LUA_TTABLE:
        copy_table(from, index, to);
        break;
    default:
        lua_pushboolean(to, lua_toboolean(from, index));
    }
}

/* When the other state throws half-way, this one's stack is longer: it is cut
 * at the next use. */
void zapi_plan_push(struct zapi_plan *plan, size_t i, lua_State *to)
{
    lua_State *L = plan->L;
    lua_settop(L, 1);
    lua_getfield(L, 1, "automations");
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    lua_getfield(L, -1, "given");
    copy(L, lua_gettop(L), to);
    lua_settop(L, 1);
}
