/* SPDX-License-Identifier: MIT
 *
 * The builder of paths: the first byte chooses a row with a parameter in its
 * path, the rest is that parameter. Whatever it holds, the path keeps the
 * segments of its template: no other endpoint, and nothing above the instance,
 * can be reached by a value.
 */
#include "lua/args.h"
#include "script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lua_State *L;
static struct zapi_args args;
static const struct zapi_endpoint *rows[64];
static size_t count;

/* Rows that need nothing beside what stands in their path. */
static bool is_fit(const struct zapi_endpoint *row)
{
    for (const struct zapi_field *f = row->params; f && f->name; f++)
        if (f->where != ZAPI_IN_PATH && f->required)
            return false;
    return strchr(row->path, '{') && row->body != ZAPI_BODY_ARRAY;
}

static void start(void)
{
    size_t n;
    const struct zapi_endpoint *const *all = zapi_catalogue(&n);

    for (size_t i = 0; i < n && count < sizeof rows / sizeof *rows; i++)
        if (is_fit(all[i]))
            rows[count++] = all[i];
    must(count > 0);
    L = luaL_newstate();
    zapi_args_init(&args);
}

/* The template and the path have the same segments but for the parameters. */
static void check_segments(const char *template, const char *path)
{
    while (*template) {
        size_t n = strcspn(template + 1, "/"), m = strcspn(path + 1, "/");
        must(*template == '/' && *path == '/');
        must(m > 0);
        if (template[1] != '{')
            must(n == m && memcmp(template, path, n + 1) == 0);
        must(!(m == 1 && path[1] == '.'));
        must(!(m == 2 && path[1] == '.' && path[2] == '.'));
        template += n + 1;
        path += m + 1;
    }
    must(*path == '\0');
}

static bool is_path_text(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == 0x7f || (*s & 0x80) ||
            strchr("?#\\", *s))
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};

    if (!L)
        start();
    if (size < 1)
        return 0;
    const struct zapi_endpoint *row = rows[data[0] % count];
    lua_newtable(L);
    for (const struct zapi_field *f = row->params; f->name; f++) {
        if (f->where != ZAPI_IN_PATH)
            continue;
        if (f->type == ZAPI_INTEGER)
            lua_pushinteger(L, (lua_Integer)size);
        else
            lua_pushlstring(L, (const char *)data + 1, size - 1);
        lua_setfield(L, -2, f->name);
    }
    if (zapi_args_encode(L, -1, row, &args, &error)) {
        const char *path = zapi_args_path(&args, 0);
        must(is_path_text(path));
        check_segments(row->path, path);
    }
    lua_settop(L, 0);
    return 0;
}
