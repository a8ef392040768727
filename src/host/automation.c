/* SPDX-License-Identifier: MIT
 *
 * See automation.h. Start reading at l_setup: everything that may throw in a
 * new state happens there, under one protected call.
 */
#include "host/automation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/metrics.h"
#include "host/assets.h"
#include "host/chunks.h"
#include "host/heap.h"
#include "lua/shutdown.h"
#include "lua/task.h"
#include "lua/watch.h"

/* A bot's live data is small and its garbage plenty: collect when the heap has
 * grown to this percentage instead of doubled (sooner near the limit: heap.h).
 * Not later: what is allocated while a cycle runs counts as live until the next
 * one, so from 300 on each cycle begins later than the one before, and a busy
 * bot fills all the memory it may have. */
enum { PAUSE = 250 };

#define NEARLY_FULL 0.9 /* of the limit */

struct zapi_automation {
    struct zapi_heap *heap;
    lua_State *L;
    struct zapi_rt *rt;
    struct zapi_host host;
    struct zapi_automation_config config;
    struct zapi_error *error; /* while loading */
    bool was_full;
};

/* ---- what the state asks its host ---- */

static const char *host_config(void *arg, const char *name)
{
    struct zapi_automation *a = arg;
    return zapi_config_get(a->config.config, name);
}

#ifdef ZAPI_LUA_DIR
#define FROM_DISK ZAPI_LUA_DIR

/* Development: the checkout's files win, so that an edit needs no build. The
 * last one read is kept here until the next; core.asset copies at once. */
static const char *asset_from_disk(const char *name, size_t *len)
{
    static struct zapi_buf text;
    char path[1024], piece[4096];
    size_t n;
    FILE *f;
    snprintf(path, sizeof path, "%s/%s", ZAPI_LUA_DIR, name);
    f = fopen(path, "re");
    if (!f) {
        return NULL;
    }
    zapi_buf_free(&text);
    zapi_buf_init(&text, 16u << 20);
    while ((n = fread(piece, 1, sizeof piece, f)) > 0) {
        zapi_buf_add(&text, piece, n);
    }
    fclose(f);
    *len = text.len;
    return zapi_buf_str(&text);
}
#else
#define FROM_DISK NULL

static const char *asset_from_disk(const char *name, size_t *len)
{
    (void)name, (void)len;
    return NULL;
}
#endif

static const char *host_asset(void *arg, const char *name, size_t *len)
{
    const char *text = asset_from_disk(name, len);
    const struct zapi_asset *asset;
    (void)arg;
    if (text) {
        return text;
    }
    asset = zapi_asset_find(name);
    if (!asset) {
        return NULL;
    }
    *len = asset->size;
    return (const char *)asset->data;
}

static void host_stop(void *arg, int code)
{
    struct zapi_automation *a = arg;
    a->config.stop(a->config.arg, code);
}

static void host_publish(void *arg, const char *name, const char *value)
{
    struct zapi_automation *a = arg;
    zapi_config_set(a->config.config, name, value);
}

static void host_listening(void *arg, const char *address)
{
    struct zapi_automation *a = arg;
    a->config.listening(a->config.arg, address);
}

static struct zapi_hub *host_hub(void *arg, struct zapi_error *error)
{
    struct zapi_automation *a = arg;
    return a->config.hub(a->config.arg, error);
}

static size_t host_room(void *arg)
{
    struct zapi_automation *a = arg;
    return zapi_heap_room(a->heap);
}

static void host_spare(void *arg, bool on)
{
    struct zapi_automation *a = arg;
    zapi_heap_spare(a->heap, on);
}

static struct zapi_front *host_front(void *arg,
                                     const struct zapi_front_config *config,
                                     struct zapi_error *error)
{
    struct zapi_automation *a = arg;
    return a->config.front(a->config.arg, config, error);
}

static bool host_held(void *arg)
{
    const struct zapi_automation *a = arg;
    return a->config.held;
}

static void host_runs(void *arg)
{
    struct zapi_automation *a = arg;
    if (a->config.runs) {
        a->config.runs(a->config.arg);
    }
}

/* ---- setting the state up ---- */

static int exit_never(lua_State *L, int status, lua_KContext ctx)
{
    (void)L, (void)status, (void)ctx;
    return 0;
}

/* os.exit(code?): the program ends in order, with this code. */
static int l_exit(lua_State *L)
{
    struct zapi_automation *a = lua_touserdata(L, lua_upvalueindex(1));
    int code = lua_isboolean(L, 1) ? !lua_toboolean(L, 1)
                                   : (int)luaL_optinteger(L, 1, 0);
    struct zapi_op *op = zapi_op_new(L, sizeof *op, NULL, NULL);
    a->config.stop(a->config.arg, code & 0xff);
    return zapi_op_wait(L, op, exit_never); /* nobody wakes it */
}

/* Stack: -- core */
static void open_libraries(lua_State *L, struct zapi_automation *a)
{
    luaL_openlibs(L);
    lua_getglobal(L, "os");
    lua_pushlightuserdata(L, a);
    lua_pushcclosure(L, l_exit, 1);
    lua_setfield(L, -2, "exit");
    lua_pop(L, 1);
    if (a->config.watch) {
        zapi_watch_open(L);
    }
    luaL_requiref(L, "zapi.core", zapi_core_open, 0);
}

/* Pushes the function of a file of lua/; false: there is no such file, and
 * nothing is pushed. Throws a text. */
static bool push_chunk(lua_State *L, const char *name)
{
    size_t len = 0;
    const char *text = asset_from_disk(name, &len);
    const struct zapi_asset *asset = text ? NULL : zapi_asset_find(name);
    bool ok = false;
    if (text) {
        lua_pushfstring(L, "@%s/%s", FROM_DISK, name);
        ok = luaL_loadbufferx(L, text, len, lua_tostring(L, -1), "t") == LUA_OK;
        lua_remove(L, -2);
    } else if (asset) {
        ok = zapi_chunk_push(L, asset);
    } else {
        return false;
    }
    return ok || lua_error(L);
}

/* Stack: -- chunk. Throws a text. */
static void load_asset(lua_State *L, const char *name)
{
    if (!push_chunk(L, name)) {
        luaL_error(L, "%s is not inside this program", name);
    }
}

/* chunk(name) -> the function of a file that is inside the program, or nil */
static int l_chunk(lua_State *L)
{
    return push_chunk(L, luaL_checkstring(L, 1)) ? 1 : 0;
}

static void push_folder(lua_State *L, const char *script)
{
    const char *slash = script ? strrchr(script, '/') : NULL;
    if (slash) {
        lua_pushlstring(L, script, (size_t)(slash - script));
    } else {
        lua_pushliteral(L, ".");
    }
}

static void set_arg(lua_State *L, const struct zapi_automation_config *c)
{
    int i;
    lua_createtable(L, c->nargs, 1);
    lua_pushstring(L, c->script);
    lua_rawseti(L, -2, 0);
    for (i = 0; i < c->nargs; i++) {
        lua_pushstring(L, c->args[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setglobal(L, "arg");
}

/* Stack: -- chunk. Sets a->error and throws. */
static void load_script(lua_State *L, struct zapi_automation *a)
{
    const char *script = a->config.script;
    FILE *f;
    if (script[0] == '@') {
        load_asset(L, script + 1);
        return;
    }
    if (a->config.file) {
        a->config.file(a->config.arg, script);
    }
    f = fopen(script, "re");
    if (!f || (fgetc(f) == EOF && ferror(f))) {
        zapi_error_set(a->error, ZAPI_E_IO, "cannot open %s: %s", script,
                       strerror(errno));
        if (f) {
            fclose(f);
        }
        luaL_error(L, "cannot open");
        return;
    }
    fclose(f);
    if (luaL_loadfilex(L, script, "t") != LUA_OK) {
        lua_error(L);
    }
}

/* Warns of bots with handlers that nobody told to run. */
static int l_forgotten(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, -1, "zapi.bot") == LUA_TTABLE &&
        lua_getfield(L, -1, "forgotten") == LUA_TFUNCTION) {
        lua_call(L, 0, 0);
    }
    return 0;
}

static void on_end(void *arg, bool ok, const char *message)
{
    struct zapi_automation *a = arg;
    if (ok) {
        zapi_rt_enter(a->rt, l_forgotten, NULL, "bots were not looked at");
    }
    a->config.ended(a->config.arg, ok, message);
}

/* note(path): the script reads this file. */
static int l_note(lua_State *L)
{
    struct zapi_automation *a = lua_touserdata(L, lua_upvalueindex(1));
    const char *path = luaL_checkstring(L, 1);
    if (a->config.file) {
        a->config.file(a->config.arg, path);
    }
    return 0;
}

/* core.given: what the file of --config says for this script. */
static void set_given(lua_State *L, struct zapi_automation *a, int core)
{
    if (a->config.give) {
        a->config.give(a->config.arg, L);
        lua_setfield(L, core, "given");
    }
}

static int l_setup(lua_State *L)
{
    struct zapi_automation *a = lua_touserdata(L, 1);
    int i;
    zapi_host_set(L, &a->host);
    open_libraries(L, a); /* a core */
    set_given(L, a, 2);
    load_asset(L, "zapi/host/prelude.lua");
    lua_pushvalue(L, -2);
    push_folder(L, a->config.script);
    lua_pushcfunction(L, l_chunk);
    lua_pushlightuserdata(L, a);
    lua_pushcclosure(L, l_note, 1);
    lua_call(L, 4, 0);
    set_arg(L, &a->config);
    a->rt = zapi_rt_get(L);
    load_script(L, a); /* a core chunk */
    luaL_checkstack(L, a->config.nargs + 8, "too many arguments");
    for (i = 0; i < a->config.nargs; i++) {
        lua_pushstring(L, a->config.args[i]);
    }
    zapi_task_main(zapi_task_spawn(L, a->config.nargs, on_end, a));
    return 0;
}

/* Every entry into Lua is protected, so this is a bug of ours: say so. */
static int on_panic(lua_State *L)
{
    const char *why = lua_tostring(L, -1);
    zapi_err("unprotected error in a script's state: %s", why ? why : "?");
    return 0; /* Lua aborts */
}

static bool new_state(struct zapi_automation *a)
{
    a->heap = zapi_heap_new(a->config.memory);
    a->L = a->heap ? lua_newstate(zapi_heap_alloc, a->heap) : NULL;
    if (a->L) {
        lua_atpanic(a->L, on_panic);
        lua_gc(a->L, LUA_GCINC, PAUSE, 0, 0);
        zapi_heap_collect(a->heap, a->L);
    }
    return a->L != NULL;
}

struct zapi_automation *
zapi_automation_new(const struct zapi_automation_config *config,
                    struct zapi_error *error)
{
    struct zapi_automation *a = calloc(1, sizeof *a);
    zapi_error_clear(error);
    if (a) {
        a->config = *config;
    }
    if (!a || !new_state(a)) {
        zapi_automation_delete(a);
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "not enough memory");
        return NULL;
    }
    a->error = error;
    a->host = (struct zapi_host){
        .loop = config->loop,
        .name = config->name,
        .config = host_config,
        .asset = host_asset,
        .stop = host_stop,
        .publish = host_publish,
        .hub = host_hub,
        .front = config->front ? host_front : NULL,
        .held = host_held,
        .runs = host_runs,
        .listening = host_listening,
        .room = host_room,
        .spare = host_spare,
        .arg = a,
        .watch = config->watch,
        .budget = config->budget,
        .settings = config->settings,
    };
    lua_pushcfunction(a->L, l_setup);
    lua_pushlightuserdata(a->L, a);
    if (lua_pcall(a->L, 1, 0, 0) != LUA_OK) {
        const char *why = lua_tostring(a->L, -1);
        if (error->kind == ZAPI_E_NONE) {
            zapi_error_set(error, ZAPI_E_CONFIG, "%s", why ? why : "?");
        }
        zapi_automation_delete(a);
        return NULL;
    }
    a->error = NULL;
    return a;
}

void zapi_automation_delete(struct zapi_automation *a)
{
    if (a) {
        if (a->L) {
            lua_close(a->L);
        }
        zapi_heap_delete(a->heap);
        free(a);
    }
}

bool zapi_automation_end_runs(struct zapi_automation *a)
{
    return zapi_rt_end_runs(a->rt);
}

struct zapi_rt *zapi_automation_rt(struct zapi_automation *a)
{
    return a->rt;
}

void zapi_automation_serve(struct zapi_automation *a)
{
    a->config.held = false;
}

size_t zapi_automation_memory(const struct zapi_automation *a)
{
    return zapi_heap_used(a->heap);
}

void zapi_automation_quiesce(struct zapi_automation *a)
{
    zapi_rt_quiesce(a->rt);
}

size_t zapi_automation_busy(struct zapi_automation *a)
{
    return zapi_rt_busy_count(a->rt);
}

/* ---- memory ---- */

static int l_collect(lua_State *L)
{
    lua_gc(L, LUA_GCCOLLECT);
    return 0;
}

static bool nearly_full(const struct zapi_automation *a)
{
    return (double)zapi_heap_used(a->heap) >
           NEARLY_FULL * (double)a->config.memory;
}

static void see_to_memory(struct zapi_automation *a)
{
    if (a->was_full || !nearly_full(a)) {
        return;
    }
    zapi_rt_enter(a->rt, l_collect, NULL, "a collection failed");
    if (nearly_full(a)) {
        a->was_full = true;
        zapi_err("%s holds %zu of %zu MiB, and nothing of it is garbage: it "
                 "is to be started anew (a table that only grows? --memory)",
                 a->config.name, zapi_heap_used(a->heap) >> 20,
                 a->config.memory >> 20);
        a->config.full(a->config.arg);
    }
}

void zapi_automation_look(struct zapi_automation *a)
{
    char label[128];
    zapi_metrics_set(
        ZAPI_M_MEMORY,
        zapi_metrics_label(label, sizeof label, "automation", a->config.name),
        (double)zapi_heap_used(a->heap));
    if (a->config.memory) {
        see_to_memory(a);
    }
}
