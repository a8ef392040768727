/* SPDX-License-Identifier: MIT
 *
 * JSON <-> Lua in a real state: exact values, nothing outside the state's
 * allocator even when memory ends at any point, lua-cjson as the oracle on
 * every sample, and the error object of scripts.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "base/json.h"
#include "base/redact.h"
#include "check.h"
#include "lua/value.h"

static lua_State *L;
static struct zapi_buf out;

/* Runs a chunk with the value on top as `...`; pops it, pushes the result. */
static bool chunk(const char *code)
{
    if (luaL_loadstring(L, code) != LUA_OK) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        return false;
    }
    lua_insert(L, -2);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        return false;
    }
    return true;
}

/* Decodes and asks a Lua expression about the value `v`. */
static bool holds_n(const char *json, size_t len, bool nulls, const char *expr)
{
    char code[1000];
    const char *error = NULL;
    size_t offset = 0;
    int top = lua_gettop(L);

    if (!zapi_value_decode(L, json, len, nulls, &error, &offset)) {
        fprintf(stderr, "%s: %s at %zu\n", json, error, offset);
        return false;
    }
    CHECK_INT(lua_gettop(L), top + 1);
    snprintf(code, sizeof code, "local v = ... return %s", expr);
    bool ok = chunk(code) && lua_toboolean(L, -1);
    lua_settop(L, top);
    return ok;
}

static bool holds(const char *json, const char *expr)
{
    return holds_n(json, strlen(json), false, expr);
}

static void scalars(void)
{
    CHECK(holds("true", "v == true"));
    CHECK(holds("false", "v == false"));
    CHECK(holds("null", "v == nil"));
    CHECK(holds("\"oi\"", "v == 'oi'"));
    CHECK(holds("\"\"", "v == ''"));
    CHECK(holds("\"a\\u0000b\"", "v == 'a\\0b' and #v == 3"));
    CHECK(holds("\"\\ud83d\\ude00\\ud83d\"", "v == '\\u{1F600}\\u{FFFD}'"));
    CHECK(holds("1.5", "v == 1.5"));
    CHECK(holds("-0", "1 / v == -math.huge"));
}

static void integers_are_integers(void)
{
    CHECK(holds("120363019502650977",
                "math.type(v) == 'integer' and v == 120363019502650977"));
    CHECK(holds("-9223372036854775808", "v == math.mininteger"));
    CHECK(holds("9223372036854775807", "v == math.maxinteger"));
    CHECK(holds("9223372036854775808", "v == 2.0^63"));
    CHECK(holds("1e3", "math.type(v) == 'float'"));
}

static void null_is_absent(void)
{
    CHECK(holds("{\"a\":null,\"b\":1}", "v.a == nil and next(v) == 'b'"));
    CHECK(holds("[1,null,2,null]", "#v == 2 and v[2] == 2"));
    CHECK(holds_n("{\"a\":null}", 10, true, "v.a ~= nil"));
    CHECK(holds_n("[null,1]", 8, true, "#v == 2 and v[1] ~= nil"));
    CHECK(holds_n("null", 4, true, "v == require('cjson').null"));
    zapi_value_decode(L, "[null]", 6, true, &(const char *){NULL},
                      &(size_t){0});
    lua_rawgeti(L, -1, 1);
    CHECK(zapi_value_is_null(L, -1) && !zapi_value_is_null(L, -2));
    lua_settop(L, 0);
}

static void doubles_and_escaped_keys(void)
{
    CHECK(holds("{\"a\":1,\"a\":2}", "v.a == 2"));
    CHECK(holds("{\"a\":1,\"a\":null}", "v.a == nil and next(v) == nil"));
    CHECK(holds("{\"\\u0061\":1,\"a\":3}", "v.a == 3"));
    CHECK(holds("{\"\":1,\"a\\nb\":2}", "v[''] == 1 and v['a\\nb'] == 2"));
}

/* More members than wait on the stack at once, around each border. */
static void objects_of_every_size(void)
{
    static char json[8000];

    for (int n = 0; n <= 200; n++) {
        char expr[200];
        size_t len = (size_t)snprintf(json, sizeof json, "{");
        for (int i = 1; i <= n; i++) {
            len += (size_t)snprintf(json + len, sizeof json - len,
                                    "%s\"k%d\":{\"n\":[%d]}", i > 1 ? "," : "",
                                    i, i);
        }
        snprintf(json + len, sizeof json - len, "%s\"k1\":0}",
                 n > 0 ? "," : "");
        snprintf(expr, sizeof expr,
                 "(function() for i = 2, %d do"
                 " if v['k' .. i].n[1] ~= i then return false end end"
                 " return v.k1 == 0 end)()",
                 n);
        CHECK(holds(json, expr));
    }
}

static void nesting_to_the_limit(void)
{
    static char json[20001];

    memset(json, '[', ZAPI_JSON_DEPTH);
    memset(json + ZAPI_JSON_DEPTH, ']', ZAPI_JSON_DEPTH);
    CHECK(holds_n(json, 2 * ZAPI_JSON_DEPTH, false, "#v[1][1][1] == 1"));

    const char *error = NULL;
    size_t offset = 0;
    memset(json, '[', 10000);
    CHECK(!zapi_value_decode(L, json, 20000, false, &error, &offset));
    CHECK_STR(error, "nested too deeply");
    CHECK_INT(offset, ZAPI_JSON_DEPTH);
    CHECK_INT(lua_gettop(L), 0);
}

static void errors_push_nothing(void)
{
    static const char *const bad[] = {
        "",
        "{",
        "{\"a\":1",
        "[1,{\"a\":[",
        "{\"a\":tru}",
        "[1] x",
        "{\"a\":\"\xFF\"}",
        "1e400",
        "{\"a\":{\"b\":{\"c\":}}}",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *mine = NULL, *theirs = NULL;
        size_t at = 0, there = 0, len = strlen(bad[i]);
        CHECK(!zapi_value_decode(L, bad[i], len, false, &mine, &at));
        CHECK(!zapi_json_valid(bad[i], len, &theirs, &there));
        CHECK_STR(mine, theirs); /* the door says the same */
        CHECK_INT(at, there);
        CHECK_INT(lua_gettop(L), 0);
    }
}

/* ---- encoding ---- */

/* The JSON of a Lua expression, or "error: …". */
static const char *json_of(const char *expr)
{
    static char text[40000];
    char code[2000];
    const char *why = NULL;

    lua_settop(L, 0);
    zapi_buf_reset(&out);
    lua_pushnil(L);
    snprintf(code, sizeof code, "return %s", expr);
    if (!chunk(code)) {
        return "(chunk failed)";
    }
    bool ok = zapi_value_encode(L, -1, &out, &why);
    CHECK(lua_gettop(L) == 1 || (!ok && lua_gettop(L) == 2));
    snprintf(text, sizeof text, "%s%s",
             ok ? "" : "error: ", ok ? zapi_buf_str(&out) : why);
    lua_settop(L, 0);
    return text;
}

static void writes_values(void)
{
    CHECK_STR(json_of("nil"), "null");
    CHECK_STR(json_of("true"), "true");
    CHECK_STR(json_of("'a\"b'"), "\"a\\\"b\"");
    CHECK_STR(json_of("120363019502650977"), "120363019502650977");
    CHECK_STR(json_of("math.mininteger"), "-9223372036854775808");
    CHECK_STR(json_of("3.0"), "3");
    CHECK_STR(json_of("0.1"), "0.1");
    CHECK_STR(json_of("null"), "null");
    CHECK_STR(json_of("{a = null}"), "{\"a\":null}");
    CHECK_STR(json_of("{1, 2, {3}}"), "[1,2,[3]]");
    CHECK_STR(json_of("{}"), "{}");
    CHECK_STR(json_of("{a = {b = {c = 'x'}}}"),
              "{\"a\":{\"b\":{\"c\":\"x\"}}}");
    CHECK_STR(json_of("{[5] = 'x'}"), "{\"5\":\"x\"}");
    CHECK_STR(json_of("{[-1] = 'x'}"), "{\"-1\":\"x\"}");
    CHECK_STR(json_of("'a\\0b'"), "\"a\\u0000b\"");
}

static void arrays(void)
{
    CHECK_STR(json_of("array{}"), "[]");
    CHECK_STR(json_of("{a = array{}}"), "{\"a\":[]}");
    CHECK_STR(json_of("array{1, 'b'}"), "[1,\"b\"]");
    CHECK_STR(json_of("{null, 1}"), "[null,1]");
    CHECK_STR(json_of("setmetatable({}, {})"), "{}");
    CHECK_STR(json_of("array{a = 1}"),
              "error: an array with holes, or with keys that are no index");
    CHECK_STR(json_of("array{1, x = 1}"),
              "error: an array with holes, or with keys that are no index");
    CHECK_STR(json_of("array{[3] = 1}"),
              "error: an array with holes, or with keys that are no index");
    /* A mixed table is an object; the order is Lua's own. */
    const char *mixed = json_of("{1, x = 2}");
    CHECK(strcmp(mixed, "{\"1\":1,\"x\":2}") == 0 ||
          strcmp(mixed, "{\"x\":2,\"1\":1}") == 0);
}

static void what_cannot_be_written(void)
{
    CHECK_STR(json_of("print"), "error: a function");
    CHECK_STR(json_of("{a = {1, {b = print}}}"),
              "error: a function at 'a[2].b'");
    CHECK_STR(json_of("{[7] = print}"), "error: a function at '[7]'");
    CHECK_STR(json_of("coroutine.create(print)"), "error: a coroutine");
    CHECK_STR(json_of("{f = io.stdout}"), "error: a userdata at 'f'");
    CHECK_STR(json_of("0/0"), "error: a number that is not finite");
    CHECK_STR(json_of("{x = math.huge}"),
              "error: a number that is not finite at 'x'");
    CHECK_STR(json_of("'\\xff'"), "error: a string that is not UTF-8");
    CHECK_STR(json_of("'\\xed\\xa0\\x80'"),
              "error: a string that is not UTF-8");
    CHECK_STR(json_of("{['\\xff'] = 1}"), "error: a key that is not UTF-8");
    CHECK_STR(json_of("{[1.5] = 1}"),
              "error: a key that is neither a string nor an integer");
    CHECK_STR(json_of("{[true] = 1}"),
              "error: a key that is neither a string nor an integer");
}

static void circles_and_depth(void)
{
    CHECK(strncmp(json_of("(function() local t = {} t.t = t return t end)()"),
                  "error: tables nested too deeply, or in a circle", 47) == 0);
    CHECK(strncmp(json_of("(function() local t = 1 for _ = 1, 128 do t = {t} "
                          "end return t end)()"),
                  "[[[[[[", 6) == 0);
    CHECK(strncmp(json_of("(function() local t = 1 for _ = 1, 129 do t = {t} "
                          "end return t end)()"),
                  "error: tables nested", 20) == 0);
    /* 2^60 leaves in 60 tables: the buffer's maximum ends it. */
    CHECK(strncmp(json_of("(function() local t = 1 for _ = 1, 60 do t = {t, t}"
                          " end return t end)()"),
                  "error: a text that is too long", 30) == 0);
    CHECK(out.failed);
}

static void no_metamethod_runs(void)
{
    CHECK_STR(json_of("setmetatable({a = 1}, {__pairs = error, __index = error,"
                      " __len = error, __tostring = error})"),
              "{\"a\":1}");
}

/* ---- samples, with lua-cjson as the oracle ---- */

static const char same_code[] =
    "local mine, text = ...\n"
    "local cjson = require 'cjson'\n"
    "local function same(a, b)\n"
    "   if b == cjson.null then return a == nil end\n"
    "   if type(b) == 'number' then\n"
    "      return a == b and (b ~= math.floor(b) or\n"
    "         math.type(a) == 'integer' or math.abs(b) >= 2^53)\n"
    "   end\n"
    "   if type(b) ~= 'table' then return rawequal(a, b) end\n"
    "   if type(a) ~= 'table' then return false end\n"
    "   for k, v in pairs(b) do\n"
    "      if not same(a[k], v) then return false end\n"
    "   end\n"
    "   for k in pairs(a) do\n"
    "      if b[k] == nil then return false end\n"
    "   end\n"
    "   return true\n"
    "end\n"
    "return same(mine, cjson.decode(text))\n";

static size_t read_sample(const char *path, char *text, size_t room)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(text, 1, room, f) : 0;

    if (f) {
        fclose(f);
    }
    return n;
}

static void check_sample(const char *path)
{
    static char text[65536];
    size_t len = read_sample(path, text, sizeof text), offset;
    const char *error = NULL, *why = NULL;

    lua_settop(L, 0);
    CHECK(luaL_loadstring(L, same_code) == LUA_OK);
    CHECK(zapi_value_decode(L, text, len, false, &error, &offset));
    lua_pushlstring(L, text, len);
    lua_pushvalue(L, -2); /* code value text value */
    lua_insert(L, 1);
    if (lua_pcall(L, 2, 1, 0) != LUA_OK || !lua_toboolean(L, -1)) {
        fprintf(stderr, "differs from lua-cjson: %s (%s)\n", path,
                lua_isstring(L, -1) ? lua_tostring(L, -1) : "");
        CHECK(false);
    }
    /* Written and read again it is still the same. */
    zapi_buf_reset(&out);
    CHECK(zapi_value_encode(L, 1, &out, &why));
    CHECK(luaL_loadstring(L, same_code) == LUA_OK);
    lua_pushvalue(L, 1);
    lua_pushlstring(L, zapi_buf_str(&out), out.len);
    CHECK(lua_pcall(L, 2, 1, 0) == LUA_OK && lua_toboolean(L, -1));
    lua_settop(L, 0);
}

static void samples_are_what_cjson_reads(void)
{
    glob_t files;

    CHECK(glob(ZAPI_SPEC_DIR "/fixtures/webhooks/*.json", 0, NULL, &files) ==
          0);
    CHECK(files.gl_pathc >= 100);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        check_sample(files.gl_pathv[i]);
    }
    globfree(&files);
}

/* ---- memory ---- */

struct limit {
    long left; /* allocations until the first refusal; < 0: never */
    long used; /* bytes alive */
};

static void *limited(void *arg, void *p, size_t old, size_t size)
{
    struct limit *limit = arg;

    old = p ? old : 0;
    if (size > old && limit->left >= 0 && limit->left-- == 0) {
        limit->left = 0; /* and every one after it */
        return NULL;
    }
    limit->used += (long)size - (long)old;
    if (size == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, size);
}

static char big[20000];

static int l_decode_all(lua_State *S)
{
    const char *error = NULL;
    size_t offset = 0;

    CHECK(zapi_value_decode(S, big, strlen(big), false, &error, &offset));
    return 1;
}

/* Escapes (a luaL_Buffer in a box), batches, arrays, nesting. */
static void make_big(void)
{
    size_t n = (size_t)snprintf(big, sizeof big, "{\"long\":\"");

    for (int i = 0; i < 1000; i++) {
        n += (size_t)snprintf(big + n, sizeof big - n, "\\n\\u00e9");
    }
    n += (size_t)snprintf(big + n, sizeof big - n, "\"");
    for (int i = 0; i < 70; i++) {
        n += (size_t)snprintf(big + n, sizeof big - n,
                              ",\"key%d\":[%d,{\"x\":\"y%d\"}]", i, i, i);
    }
    snprintf(big + n, sizeof big - n, "}");
}

/* Fails allocation n = 0, 1, 2 … until none is refused any more. Each failure
 * is a Lua error that leaves a state which can be closed, with nothing lost:
 * the leak checker and `used` both look. */
static void memory_may_end_anywhere(void)
{
    long failures = 0;
    bool done = false;

    make_big();
    for (long n = 0; !done && n < 5000; n++) {
        struct limit limit = {.left = -1};
        lua_State *S = lua_newstate(limited, &limit);
        lua_pushcfunction(S, l_decode_all);
        limit.left = n;
        int rc = lua_pcall(S, 0, 1, 0);
        CHECK(rc == LUA_OK || rc == LUA_ERRMEM);
        done = rc == LUA_OK && limit.left > 0;
        failures += rc == LUA_ERRMEM;
        limit.left = -1;
        lua_close(S);
        CHECK_INT(limit.used, 0);
    }
    CHECK(done);
    CHECK(failures > 100);
}

/* ---- error objects ---- */

static bool error_holds(const struct zapi_error *e, const char *expr)
{
    char code[1000];

    lua_settop(L, 0);
    zapi_error_push(L, e);
    CHECK_INT(lua_gettop(L), 1);
    CHECK(zapi_error_test(L, 1));
    CHECK_INT(lua_gettop(L), 1);
    snprintf(code, sizeof code, "local e = ... return %s", expr);
    bool ok = chunk(code) && lua_toboolean(L, -1);
    lua_settop(L, 0);
    return ok;
}

static void error_objects(void)
{
    struct zapi_error e = {.endpoint = "send_text"};

    zapi_error_set(&e, ZAPI_E_AUTH_CLIENT_TOKEN_MISSING, "no token");
    e.status = 400;
    CHECK(error_holds(&e, "e.kind == 'auth.client_token_missing'"));
    CHECK(error_holds(&e, "e.status == 400 and e.endpoint == 'send_text'"));
    CHECK(error_holds(&e, "e.message == 'no token' and e.retryable == false"));
    CHECK(error_holds(&e, "e.outcome == 'refused' and e.retry_after == nil"));
    CHECK(error_holds(&e, "tostring(e) == 'send_text: no token "
                          "(auth.client_token_missing, HTTP 400)'"));
    CHECK(error_holds(&e, "'x: ' .. e == 'x: ' .. tostring(e)"));
    CHECK(error_holds(&e, "e .. 1 == tostring(e) .. '1'"));
    CHECK(error_holds(&e, "getmetatable(e).__name == 'zapi.error'"));

    struct zapi_error f = {.endpoint = ""};
    zapi_error_set(&f, ZAPI_E_RATE_LIMITED, "slow down");
    f.retry_after = 2.5;
    f.outcome = ZAPI_OUTCOME_NOT_SENT;
    CHECK(error_holds(&f, "e.endpoint == nil and e.status == nil"));
    CHECK(error_holds(&f, "e.retryable and e.retry_after == 2.5"));
    CHECK(error_holds(&f, "e.outcome == 'not_sent'"));
    CHECK(error_holds(&f, "tostring(e) == 'slow down (rate_limited)'"));
}

static void changed_error_objects_still_print(void)
{
    struct zapi_error e = {.endpoint = "x"};

    zapi_error_set(&e, ZAPI_E_IO, "m");
    CHECK(error_holds(&e, "(function() e.message = {} e.kind = 5 e.status ="
                          " true return #tostring(e) > 10 end)()"));
    CHECK(error_holds(&e, "(function() for k in pairs(e) do e[k] = nil end"
                          " return tostring(e) == ' (?)' end)()"));
}

static void other_values_are_no_errors(void)
{
    lua_settop(L, 0);
    lua_newtable(L);
    lua_newtable(L);
    lua_newtable(L);
    lua_setmetatable(L, 2);
    lua_pushstring(L, "x");
    for (int i = 1; i <= 4; i++) {
        CHECK(!zapi_error_test(L, i)); /* 4 is past the top: none */
    }
    CHECK_INT(lua_gettop(L), 3);
    lua_settop(L, 0);
}

static int l_array(lua_State *S)
{
    lua_settop(S, 1);
    zapi_value_push_array_mark(S);
    lua_setmetatable(S, 1);
    return 1;
}

int main(void)
{
    L = luaL_newstate();
    luaL_openlibs(L);
    lua_register(L, "array", l_array);
    lua_pushlightuserdata(L, NULL);
    lua_setglobal(L, "null");
    zapi_buf_init(&out, (size_t)1 << 20);
    RUN(scalars);
    RUN(integers_are_integers);
    RUN(null_is_absent);
    RUN(doubles_and_escaped_keys);
    RUN(objects_of_every_size);
    RUN(nesting_to_the_limit);
    RUN(errors_push_nothing);
    RUN(writes_values);
    RUN(arrays);
    RUN(what_cannot_be_written);
    RUN(circles_and_depth);
    RUN(no_metamethod_runs);
    RUN(samples_are_what_cjson_reads);
    RUN(memory_may_end_anywhere);
    RUN(error_objects);
    RUN(changed_error_objects_still_print);
    RUN(other_values_are_no_errors);
    zapi_buf_free(&out);
    lua_close(L);
    return CHECK_END();
}
