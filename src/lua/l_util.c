/* SPDX-License-Identifier: MIT
 *
 * The small functions of the core: errors, log, configuration, text, random
 * bytes. Configuration comes from the host (command line, environment, .env)
 * or, in plain Lua, from the environment; NAME_FILE names a file that holds
 * the value (Docker and systemd secrets).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "api/reply.h"
#include "base/log.h"
#include "base/redact.h"
#include "base/text.h"
#include "lua/runtime.h"
#include "lua/value.h"

static const char env_key; /* registry: values set by set_env (tests) */

/* ---- errors ---- */

static void opt_string(lua_State *L, const char *field, char *out, size_t room)
{
    if (lua_getfield(L, 1, field) != LUA_TNIL) {
        snprintf(out, room, "%s", luaL_checkstring(L, -1));
    }
    lua_pop(L, 1);
}

static enum zapi_outcome opt_outcome(lua_State *L)
{
    static const char *const names[] = {"refused", "not_sent", "unknown", NULL};
    int i;
    lua_getfield(L, 1, "outcome");
    i = luaL_checkoption(L, -1, "refused", names);
    lua_pop(L, 1);
    return (enum zapi_outcome)i;
}

static int l_error(lua_State *L)
{
    struct zapi_error e = {.kind = ZAPI_E_NONE};
    char kind[64] = "client.error", message[400] = "";
    enum zapi_error_kind k;
    luaL_checktype(L, 1, LUA_TTABLE);
    opt_string(L, "kind", kind, sizeof kind);
    opt_string(L, "message", message, sizeof message);
    opt_string(L, "endpoint", e.endpoint, sizeof e.endpoint);
    k = zapi_error_find(kind);
    zapi_error_set(&e, k == ZAPI_E_COUNT ? ZAPI_E_CLIENT_ERROR : k, "%s",
                   message);
    e.outcome = opt_outcome(L);
    lua_getfield(L, 1, "status");
    e.status = (int)luaL_optinteger(L, -1, 0);
    lua_getfield(L, 1, "retry_after");
    e.retry_after = luaL_optnumber(L, -1, 0);
    zapi_error_push(L, &e);
    if (k == ZAPI_E_COUNT) { /* a kind of the script's own */
        lua_pushstring(L, kind);
        lua_setfield(L, -2, "kind");
    }
    return 1;
}

/* error_text(value) -> what is logged of something that was thrown */
static int l_error_text(lua_State *L)
{
    luaL_checkany(L, 1);
    zapi_error_push_text(L, 1);
    return 1;
}

/* Is it an error value, and of this kind ("auth.*" is a prefix)? */
static int l_is_error(lua_State *L)
{
    size_t n;
    const char *want = luaL_optlstring(L, 2, "*", &n);
    const char *kind;
    bool is = false;
    if (zapi_error_test(L, 1)) {
        lua_getfield(L, 1, "kind");
        kind = lua_tostring(L, -1);
        is = kind && n > 0 && want[n - 1] == '*'
                 ? strncmp(kind, want, n - 1) == 0
                 : kind && strcmp(kind, want) == 0;
    }
    lua_pushboolean(L, is);
    return 1;
}

/* error_kinds() -> array of {kind=, retryable=, doc=}: what each means and what
 * to do about it. */
static int l_error_kinds(lua_State *L)
{
    int kind;
    lua_newtable(L);
    for (kind = ZAPI_E_NONE + 1; kind < ZAPI_E_COUNT; kind++) {
        enum zapi_error_kind k = (enum zapi_error_kind)kind;
        lua_newtable(L);
        lua_pushstring(L, zapi_error_name(k));
        lua_setfield(L, -2, "kind");
        lua_pushboolean(L, zapi_error_retryable(k));
        lua_setfield(L, -2, "retryable");
        lua_pushstring(L, zapi_error_doc(k));
        lua_setfield(L, -2, "doc");
        lua_rawseti(L, -2, kind);
    }
    return 1;
}

static int l_delivery_kind(lua_State *L)
{
    size_t n, m;
    const char *text = luaL_checklstring(L, 1, &n);
    const char *code = luaL_optlstring(L, 2, "", &m);
    lua_pushstring(L, zapi_reply_delivery_kind(text, n, code, m));
    return 1;
}

/* ---- log, secrets ---- */

static int l_log(lua_State *L)
{
    enum zapi_log_level level;
    size_t len;
    const char *who = luaL_optstring(L, 2, NULL);
    const char *text = luaL_checklstring(L, 3, &len);
    if (!zapi_log_parse_level(luaL_checkstring(L, 1), &level)) {
        return luaL_argerror(L, 1, "no such level");
    }
    if (!who) {
        const struct zapi_host *host = zapi_host_get(L);
        who = host ? host->name : NULL;
    }
    zapi_log_as(who, level, text, len);
    return 0;
}

static int l_secret(lua_State *L)
{
    size_t len;
    const char *s = luaL_checklstring(L, 1, &len);
    zapi_redact_add(s, len);
    return 0;
}

static int l_redact(lua_State *L)
{
    size_t len;
    const char *s = luaL_checklstring(L, 1, &len);
    struct zapi_buf *b = zapi_box_new(L, 4 * len + 64);
    zapi_redact(b, s, len);
    lua_pushlstring(L, zapi_buf_str(b), b->len);
    zapi_buf_free(b);
    return 1;
}

/* ---- configuration ---- */

static const char *lookup(const struct zapi_host *host, const char *name)
{
    const char *v = host ? host->config(host->arg, name) : getenv(name);
    return v && *v ? v : NULL;
}

/* Pushes the first line of a file, without blanks around it. */
static void push_secret_file(lua_State *L, const char *name, const char *path)
{
    char line[4096];
    size_t n;
    FILE *f = fopen(path, "re");
    if (!f || !fgets(line, sizeof line, f)) {
        int err = errno;
        if (f) {
            fclose(f);
        }
        luaL_where(L, 1);
        lua_pushfstring(L, "%s_FILE: cannot read %s: %s", name, path,
                        f ? "the file is empty" : strerror(err));
        lua_concat(L, 2);
        zapi_task_plain(L);
        lua_error(L);
        return;
    }
    fclose(f);
    n = strcspn(line, "\r\n");
    lua_pushlstring(L, line, n);
    zapi_redact_add(line, n);
}

/* usage(text) -> text: when it is thrown, no traceback is told. */
static int l_usage(lua_State *L)
{
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    zapi_task_plain(L);
    return 1;
}

static int l_getenv(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1), *value;
    const struct zapi_host *host = zapi_host_get(L);
    char file[128];
    lua_rawgetp(L, LUA_REGISTRYINDEX, &env_key);
    if (lua_istable(L, -1) && lua_getfield(L, -1, name) != LUA_TNIL) {
        if (!lua_toboolean(L, -1)) {
            lua_pushnil(L); /* set_env(name, false): not there */
        }
        return 1;
    }
    value = lookup(host, name);
    if (value) {
        lua_pushstring(L, value);
        return 1;
    }
    snprintf(file, sizeof file, "%s_FILE", name);
    value = lookup(host, file);
    if (!value) {
        lua_pushnil(L);
        return 1;
    }
    push_secret_file(L, name, value);
    return 1;
}

static int l_set_env(lua_State *L)
{
    luaL_checkstring(L, 1);
    lua_settop(L, 2);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &env_key) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &env_key);
    }
    lua_insert(L, 1);
    lua_rawset(L, 1);
    return 0;
}

/* publish(name, value): see struct zapi_host. Nothing in plain Lua. */
static int l_publish(lua_State *L)
{
    const struct zapi_host *host = zapi_host_get(L);
    const char *name = luaL_checkstring(L, 1);
    const char *value = luaL_checkstring(L, 2);
    if (host && host->publish) {
        host->publish(host->arg, name, value);
    }
    return 0;
}

/* The text of an embedded file, or nil. */
static int l_asset(lua_State *L)
{
    const struct zapi_host *host = zapi_host_get(L);
    const char *name = luaL_checkstring(L, 1), *data = NULL;
    size_t len = 0;
    if (host && host->asset) {
        data = host->asset(host->arg, name, &len);
    }
    if (data) {
        lua_pushlstring(L, data, len);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

/* ---- text, random ---- */

static int l_fold(lua_State *L)
{
    size_t len;
    const char *s = luaL_checklstring(L, 1, &len);
    struct zapi_buf *b = zapi_box_new(L, 2 * len + 16);
    zapi_text_fold(b, s, len);
    lua_pushlstring(L, zapi_buf_str(b), b->len);
    zapi_buf_free(b);
    return 1;
}

/* The nearest of a list of names, or nil: for "did you mean". */
static int l_nearest(lua_State *L)
{
    const char *word = luaL_checkstring(L, 1), *best = NULL;
    unsigned nearest = (unsigned)-1;
    lua_Integer i, n;
    luaL_checktype(L, 2, LUA_TTABLE);
    n = (lua_Integer)lua_rawlen(L, 2);
    for (i = 1; i <= n; i++) {
        unsigned d;
        lua_rawgeti(L, 2, i);
        d = zapi_text_nearness(word, luaL_checkstring(L, -1));
        if (d < nearest) {
            nearest = d;
            best = lua_tostring(L, -1); /* the list keeps it */
        }
        lua_pop(L, 1);
    }
    lua_pushstring(L, best);
    return 1;
}

static int l_random(lua_State *L)
{
    lua_Integer n = luaL_checkinteger(L, 1);
    char bytes[256];
    luaL_argcheck(L, n > 0 && n <= (lua_Integer)sizeof bytes, 1,
                  "1 to 256 bytes");
    if (getrandom(bytes, (size_t)n, 0) != (ssize_t)n) {
        return luaL_error(L, "no random bytes: %s", strerror(errno));
    }
    lua_pushlstring(L, bytes, (size_t)n);
    return 1;
}

static int l_equal(lua_State *L)
{
    size_t n, m;
    const char *a = luaL_checklstring(L, 1, &n);
    const char *b = luaL_checklstring(L, 2, &m);
    lua_pushboolean(L, zapi_text_equal_ct(a, n, b, m));
    return 1;
}

static int l_phone(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    char *out = lua_newuserdatauv(L, n + 1, 0);
    lua_pushlstring(L, out, zapi_phone_clean(s, n, out));
    return 1;
}

/* file_mode(path) -> permission bits (0600 is 384); nil: there is no such file. */
static int l_file_mode(lua_State *L)
{
    struct stat st;
    if (stat(luaL_checkstring(L, 1), &st) != 0) {
        return 0;
    }
    lua_pushinteger(L, st.st_mode & 0777);
    return 1;
}

/* Any text to valid UTF-8 of at most n bytes, cut at a character. */
static int l_cut(lua_State *L)
{
    size_t len;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Integer max = luaL_checkinteger(L, 2);
    if (max >= 0 && (size_t)max < len) {
        lua_pushlstring(L, s, zapi_utf8_cut(s, (size_t)max));
    } else {
        lua_settop(L, 1);
    }
    return 1;
}

void zapi_l_util_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"error", l_error},
        {"is_error", l_is_error},
        {"error_text", l_error_text},
        {"error_kinds", l_error_kinds},
        {"delivery_kind", l_delivery_kind},
        {"log", l_log},
        {"secret", l_secret},
        {"redact", l_redact},
        {"getenv", l_getenv},
        {"set_env", l_set_env},
        {"asset", l_asset},
        {"publish", l_publish},
        {"fold", l_fold},
        {"nearest", l_nearest},
        {"usage", l_usage},
        {"random", l_random},
        {"equal", l_equal},
        {"phone", l_phone},
        {"cut", l_cut},
        {"file_mode", l_file_mode},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}
