/* SPDX-License-Identifier: MIT
 *
 * What a program that embeds a state gives to it. Without one (plain Lua) the
 * runtime makes its own loop, reads the environment and stops nothing.
 */
#ifndef ZAPI_LUA_HOST_H
#define ZAPI_LUA_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>
#include <uv.h>

#include "base/error.h"

struct zapi_front;
struct zapi_front_config;
struct zapi_hub;
struct zapi_watch;

struct zapi_setting {
    const char *name; /* "listen"; NULL ends the list */
    const char *value;
};

struct zapi_host {
    uv_loop_t *loop;  /* borrowed, outlives the state */
    const char *name; /* who speaks in logs: the script's name */
    /* A configuration value by its variable's name, or NULL. Borrowed. */
    const char *(*config)(void *arg, const char *name);
    /* An embedded file ("zapi/bot.lua"), or NULL. */
    const char *(*asset)(void *arg, const char *name, size_t *len);
    /* zapi.stop(), or os.exit(code) of the script. */
    void (*stop)(void *arg, int code);
    /* The program's hub, opened at the first call; NULL: *error. */
    struct zapi_hub *(*hub)(void *arg, struct zapi_error *error);
    /* The program's front (engine/front.h) at config->listen, opened at the
     * first call; config->hub is filled in. NULL: *error. The function may be
     * NULL: each service has a front of its own. */
    struct zapi_front *(*front)(void *arg,
                                const struct zapi_front_config *config,
                                struct zapi_error *error);
    /* Is the state a next generation, whose bots wait for zapi_rt_serve
     * (lua/generation.h)? Asked at each bot:run(). May be NULL: no. */
    bool (*held)(void *arg);
    /* The main chunk has come to zapi.run(), and waits there. May be NULL. */
    void (*runs)(void *arg);
    /* A service of the state takes webhooks there from now on. May be NULL. */
    void (*listening)(void *arg, const char *address);
    /* core.publish: a configuration value for the automations that are added
     * later (the sandbox tells its address so). May be NULL. */
    void (*publish)(void *arg, const char *name, const char *value);
    /* Bytes that the state may still take (SIZE_MAX: no limit). May be NULL. */
    size_t (*room)(void *arg);
    /* While `on` the state may take a little more than its limit: what tells
     * people that it was reached needs memory too. May be NULL. */
    void (*spare)(void *arg, bool on);
    void *arg;
    struct zapi_watch *watch; /* borrowed; NULL: nobody looks (lua/watch.h) */
    uint64_t budget;          /* ns of a run; 0: the budget of all */
    const struct zapi_setting *settings; /* what core.options shows */
};

/* Before the core is opened; `host` is borrowed until the state is closed. */
void zapi_host_set(lua_State *L, const struct zapi_host *host);
/* NULL in plain Lua. */
const struct zapi_host *zapi_host_get(lua_State *L);

/* luaopen for package.preload["zapi.core"]. */
int zapi_core_open(lua_State *L);

#endif
