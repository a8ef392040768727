/* SPDX-License-Identifier: MIT
 *
 * The module in states that come and go: zapi/core.so is loaded by require, used
 * and unloaded with its state, a thousand times, two states at a time. Memory,
 * threads, descriptors and mappings must not grow; what a thread of a closed
 * state still did would run in code that is gone.
 */
#include <dirent.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "check.h"

#if defined(__SANITIZE_ADDRESS__)
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

enum { ROUNDS = 1000, WARM = 100, FULL = 20 };

struct use {
    size_t bytes; /* of the heap */
    size_t threads, descriptors, mappings;
};

static size_t entries(const char *path)
{
    size_t n = 0;
    DIR *d = opendir(path);
    CHECK(d != NULL);
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static size_t lines(const char *path)
{
    size_t n = 0;
    char text[512];
    FILE *f = fopen(path, "re");
    CHECK(f != NULL);
    while (f && fgets(text, sizeof text, f))
        n += strchr(text, '\n') != NULL;
    if (f)
        fclose(f);
    return n;
}

static struct use measure(void)
{
    struct use u = {.threads = entries("/proc/self/task"),
                    .descriptors = entries("/proc/self/fd"),
                    .mappings = lines("/proc/self/maps")};
#if defined(__SANITIZE_ADDRESS__)
    u.bytes = __sanitizer_get_current_allocated_bytes();
#else
    struct mallinfo2 m = mallinfo2();
    u.bytes = m.uordblks + m.hblkhd;
#endif
    return u;
}

/* Globals: ROOT (of the checkout), CORE (the folder of zapi/core.so). */
static const char prelude[] =
    "package.path = ROOT .. '/lua/?.lua;' .. ROOT .. '/lua/?/init.lua'\n"
    "package.cpath = CORE .. '/?.so'\n"
    "zapi = require 'zapi'\n";

/* What begins something of each kind, and leaves it to the state's end. */
static const char light[] =
    "z = zapi.client {instance = 'I1', token = 'T1',\n"
    "   base_url = 'http://127.0.0.1:9'}\n"
    "zapi.interval(60, print)\n"
    "zapi.spawn(function() zapi.sleep(60) end)\n"
    "zapi.spawn(function()\n"
    "   z:send_text {phone = '5511999990001', message = 'oi'}\n"
    "end)\n"
    "for _ = 1, 3 do zapi.step() end\n";

/* A bot with all of its threads, that answers a request. */
static const char full[] =
    "local bot = require('zapi.bot').new {client = z, listen = '127.0.0.1:0',\n"
    "   secret = 'a-secret-of-the-spec'}\n"
    "bot:http('GET', '/quem', function() return 'bot' end)\n"
    "local reply\n"
    "zapi.spawn(function()\n"
    "   bot:run()\n"
    "   reply = zapi.http.request {url = 'http://' .. bot.address .. '/quem'}\n"
    "end)\n"
    "while not reply do zapi.step() end\n"
    "assert(reply.body == 'bot')\n";

static bool run(lua_State *L, const char *text)
{
    bool ok = luaL_dostring(L, text) == LUA_OK;
    if (!ok)
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
    return ok;
}

static lua_State *open_state(bool with_bot)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_pushliteral(L, ZAPI_SPEC_DIR "/..");
    lua_setglobal(L, "ROOT");
    lua_pushliteral(L, ZAPI_CORE_DIR);
    lua_setglobal(L, "CORE");
    CHECK(run(L, prelude) && run(L, light) && (!with_bot || run(L, full)));
    return L;
}

/* Two at a time; the module goes with the second. */
static void open_and_close(int rounds)
{
    for (int i = 0; i < rounds; i += 2) {
        lua_State *first = open_state(i % FULL == 0);
        lua_State *second = open_state(i % FULL == 0);
        lua_close(first);
        CHECK(run(second, light));
        lua_close(second);
    }
}

static void nothing_grows(void)
{
    open_and_close(WARM);
    struct use before = measure();
    open_and_close(ROUNDS);
    struct use after = measure();
    CHECK_INT(before.threads, 3); /* "." and ".." and this one */
    CHECK_INT(after.threads, 3);
    CHECK_INT(after.descriptors, before.descriptors);
    /* Of memory of the sanitizers', some are parted; none may stay of each. */
    CHECK(after.mappings < before.mappings + ROUNDS / 10);
    CHECK(after.bytes < before.bytes + 64 * 1024);
}

static void the_module_is_unloaded(void)
{
    char text[512];
    size_t found = 0;
    FILE *f = fopen("/proc/self/maps", "re");
    while (f && fgets(text, sizeof text, f))
        found += strstr(text, "zapi/core.so") != NULL;
    if (f)
        fclose(f);
    CHECK_INT(found, 0);
}

int main(void)
{
    setenv("ZAPIBOT_DATA", "memory", 1);
    setenv("ZAPIBOT_LOG", "off", 1);
    RUN(nothing_grows);
    RUN(the_module_is_unloaded);
    return CHECK_END();
}
