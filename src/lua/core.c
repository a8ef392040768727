/* SPDX-License-Identifier: MIT
 *
 * luaopen of zapi.core: puts the bindings together into one table. The public
 * module is lua/zapi/init.lua, over this one. To add a binding: write an
 * opener that adds its functions to the table on top of the stack, declare it
 * in runtime.h, list it below.
 */
#include <stdatomic.h>

#include "base/redact.h"
#include "lua/runtime.h"

/* Plain Lua unloads the module with its last state: the secrets that it knew
 * would be lost, not freed. A program's outlive its states. */
static atomic_uint states;

static int l_leave(lua_State *L)
{
    bool *counted = lua_touserdata(L, 1);
    if (*counted && atomic_fetch_sub(&states, 1) == 1) {
        zapi_redact_clear();
    }
    *counted = false;
    return 0;
}

/* Anchored, and made before all else: closed last. */
static void enter(lua_State *L)
{
    static const char key;
    static const struct zapi_class class = {.name = "zapi.state",
                                            .close = l_leave};
    bool *counted;
    if (zapi_host_get(L)) {
        return;
    }
    zapi_class_register(L, &class);
    counted = zapi_class_new(L, &class, sizeof *counted, 0);
    atomic_fetch_add(&states, 1);
    *counted = true;
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

static void set_options(lua_State *L, const struct zapi_host *host)
{
    const struct zapi_setting *s = host ? host->settings : NULL;
    lua_newtable(L);
    for (; s && s->name; s++) {
        lua_pushstring(L, s->value);
        lua_setfield(L, -2, s->name);
    }
    lua_setfield(L, -2, "options");
}

/* For tests: bot:run() returns at once, as it does under the host. */
static int l_set_hosted(lua_State *L)
{
    lua_pushboolean(L, lua_toboolean(L, 1));
    lua_setfield(L, lua_upvalueindex(1), "hosted");
    return 0;
}

int zapi_core_open(lua_State *L)
{
    static void (*const openers[])(lua_State * L) = {
        zapi_l_metrics_open, /* the rest in groups: order is of no account */
        zapi_l_util_open,       zapi_l_json_open,      zapi_l_timer_open,
        zapi_l_task_open,       zapi_l_catalogue_open, zapi_l_http_open,
        zapi_l_client_open,     zapi_l_media_open,     zapi_l_serve_open,
        zapi_l_service_open,    zapi_l_events_open,    zapi_l_crypto_open,
        zapi_l_qr_open,         zapi_l_admin_open,     zapi_l_people_open,
        zapi_l_sends_open,      zapi_l_store_open,     zapi_l_gate_open,
        zapi_l_timers_open,     zapi_l_testing_open,   zapi_l_input_open,
        zapi_l_generation_open,
    };
    size_t i;
    enter(L);
    zapi_rt_get(L); /* first, so that it is closed last */
    lua_newtable(L);
    for (i = 0; i < sizeof openers / sizeof *openers; i++) {
        openers[i](L);
    }
    set_options(L, zapi_host_get(L));
    lua_pushboolean(L, zapi_host_get(L) != NULL);
    lua_setfield(L, -2, "hosted");
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, l_set_hosted, 1);
    lua_setfield(L, -2, "set_hosted");
    lua_pushliteral(L, ZAPI_VERSION);
    lua_setfield(L, -2, "version");
    return 1;
}
