/* SPDX-License-Identifier: MIT
 *
 * spec_lua SCRIPT [ARG…]: just enough of a Lua interpreter to run busted. It
 * is compiled with the sanitizers when the module is, so that zapi/core.so can
 * be loaded without LD_PRELOAD, which every child process would inherit. The
 * state is closed at the end: what it leaks then, the leak checker reports.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

/* Closing a state unloads its C modules; the leak checker, which runs later,
 * could then name no line of theirs. So nothing is ever unloaded here. */
int dlclose(void *handle)
{
    (void)handle;
    return 0;
}

struct args {
    int count;
    char **values;
};

static int traceback(lua_State *L)
{
    const char *text = luaL_tolstring(L, 1, NULL);
    luaL_traceback(L, L, text, 1);
    return 1;
}

static void set_arg(lua_State *L, const struct args *args)
{
    lua_createtable(L, args->count, 1);
    for (int i = 0; i < args->count; i++) {
        lua_pushstring(L, args->values[i]);
        lua_rawseti(L, -2, i - 1);
    }
    lua_setglobal(L, "arg");
}

static int run(lua_State *L)
{
    struct args *args = lua_touserdata(L, 1);
    luaL_openlibs(L);
    set_arg(L, args);
    if (luaL_loadfile(L, args->values[1]) != LUA_OK)
        return lua_error(L);
    for (int i = 2; i < args->count; i++)
        lua_pushstring(L, args->values[i]);
    lua_call(L, args->count - 2, 0);
    return 0;
}

int main(int argc, char **argv)
{
    struct args args = {.count = argc, .values = argv};
    lua_State *L = luaL_newstate();
    int status;
    /* The leak checker ends the process before stdio is flushed. */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    if (!L || argc < 2) {
        fputs("usage: spec_lua SCRIPT [ARG...]\n", stderr);
        if (L)
            lua_close(L);
        return 2;
    }
    lua_pushcfunction(L, traceback);
    lua_pushcfunction(L, run);
    lua_pushlightuserdata(L, &args);
    status = lua_pcall(L, 1, 0, 1);
    if (status != LUA_OK)
        fprintf(stderr, "spec_lua: %s\n", lua_tostring(L, -1));
    lua_close(L);
    return status == LUA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
