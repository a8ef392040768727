/* SPDX-License-Identifier: MIT
 *
 * The encoder of arguments: the first byte chooses a row, the rest builds the
 * table that a script might give (script.h). What must hold, whatever comes:
 * the stack is as it was; a refusal has words that are valid UTF-8; what is
 * accepted is a path that begins with '/', a query of nothing but query
 * characters, and a body that is whole JSON.
 */
#include "base/json.h"
#include "base/text.h"
#include "lua/args.h"
#include "script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lua_State *L;
static struct zapi_args args;

static bool is_encoded(const char *s, const char *more)
{
    for (; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
              (*s >= '0' && *s <= '9') || strchr(more, *s)))
            return false;
    return true;
}

static void check_request(const struct zapi_endpoint *row)
{
    const char *path;
    bool object = row->body == ZAPI_BODY_OBJECT;

    for (size_t i = 0; (path = zapi_args_path(&args, i)) != NULL; i++)
        must(path[0] == '/' && is_encoded(path, "-._~%/"));
    must(is_encoded(zapi_buf_str(&args.query), "-._~%=&"));
    must(args.body.len == 0 ||
         zapi_json_valid(args.body.data, args.body.len, NULL, NULL));
    must(args.body.len == 0 || !object || args.body.data[0] == '{');
}

static void check_refusal(const struct zapi_error *e)
{
    must(e->kind == ZAPI_E_CLIENT_INVALID_PARAMS ||
         e->kind == ZAPI_E_MEDIA_TOO_LARGE);
    must(e->message[0] != '\0');
    must(zapi_utf8_valid(e->message, strlen(e->message)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count;
    const struct zapi_endpoint *const *rows = zapi_catalogue(&count);
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct script s = {.p = data, .end = data + size};

    if (!L) {
        L = luaL_newstate();
        zapi_args_init(&args);
    }
    s.L = L;
    const struct zapi_endpoint *row = rows[script_byte(&s) % count];
    if (row->body == ZAPI_BODY_ARRAY && script_byte(&s) < 200)
        script_list(&s, row->body_items, 0);
    else
        script_table(&s, row->params, 0);
    int top = lua_gettop(L);
    bool ok = zapi_args_encode(L, -1, row, &args, &error);
    must(lua_gettop(L) == top);
    if (ok)
        check_request(row);
    else
        check_refusal(&error);
    lua_settop(L, 0);
    return 0;
}
