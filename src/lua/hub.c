/* SPDX-License-Identifier: MIT
 *
 * The hub of a state: the host's, which all its automations share, or, in
 * plain Lua, one of its own in the folder ZAPIBOT_DATA. No file and no thread
 * exists before a bot or a store is used. Start reading at zapi_rt_hub.
 */
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/runtime.h"
#include "lua/service.h"
#include "lua/value.h"

static void close_own(void *arg)
{
    zapi_hub_close(arg);
}

static struct zapi_hub *open_own(struct zapi_rt *rt, struct zapi_error *error)
{
    const char *folder = rt->data ? rt->data : getenv("ZAPIBOT_DATA");
    struct zapi_hub_config config = {.loop = rt->loop};
    if (!folder || !*folder)
        folder = ".zapibot";
    config.folder = strcmp(folder, "memory") == 0 ? NULL : folder;
    struct zapi_hub *hub = zapi_hub_open(&config, error);
    if (hub)
        zapi_rt_at_close(rt, close_own, hub);
    return hub;
}

/* What scripts keep stays as long as the state. */
static void move_kv(struct zapi_rt *rt, struct zapi_kv *kv)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    zapi_kv_renew(kv);
    rt->hub = open_own(rt, &error);
    if (rt->hub && !zapi_hub_db(rt->hub))
        zapi_hub_give_kv(rt->hub, kv);
    else
        zapi_kv_delete(kv);
}

void zapi_rt_renew_hub(struct zapi_rt *rt)
{
    if (!rt->hub || rt->host || zapi_hub_db(rt->hub) ||
        !zapi_hub_is_vacant(rt->hub))
        return;
    struct zapi_kv *kv = zapi_hub_take_kv(rt->hub);
    zapi_rt_cancel_at_close(rt, rt->hub);
    zapi_hub_close(rt->hub);
    rt->hub = NULL;
    if (kv)
        move_kv(rt, kv);
}

bool zapi_rt_move_hub(struct zapi_rt *rt, const char *folder)
{
    char *copy = folder ? strdup(folder) : NULL;
    if (rt->host || (rt->hub && !zapi_hub_is_vacant(rt->hub)) ||
        (folder && !copy)) {
        free(copy);
        return false;
    }
    if (rt->hub) {
        zapi_rt_cancel_at_close(rt, rt->hub);
        zapi_hub_close(rt->hub);
        rt->hub = NULL;
    }
    free(rt->data);
    rt->data = copy;
    return true;
}

struct zapi_hub *zapi_rt_hub(lua_State *L, struct zapi_rt *rt)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    if (!rt->hub)
        rt->hub = rt->host ? rt->host->hub(rt->host->arg, &error)
                           : open_own(rt, &error);
    if (!rt->hub) {
        zapi_error_push(L, &error);
        lua_error(L);
    }
    return rt->hub;
}
