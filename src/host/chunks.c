/* SPDX-License-Identifier: MIT
 *
 * See chunks.h. What only one state needs is never dumped: a process with one
 * script that is not reloaded pays nothing. Bytes that cannot be kept (memory)
 * are done without. They are this process's own, of this Lua: nothing else is
 * ever loaded as a binary chunk. Start reading at zapi_chunk_push.
 */
#include "host/chunks.h"

#include <stdlib.h>

#include <lauxlib.h>

#include "base/buf.h"

#define MOST_BYTES ((size_t)4 << 20) /* of one module */

struct chunk {
    bool asked; /* once at least */
    struct zapi_buf bytes;
};

static struct chunk *chunks; /* beside zapi_assets; NULL: none yet */

static int add_piece(lua_State *L, const void *piece, size_t len, void *arg)
{
    (void)L;
    return zapi_buf_add(arg, piece, len) ? 0 : 1;
}

/* Of the function on top of the stack. */
static void keep(lua_State *L, struct chunk *c)
{
    struct zapi_buf bytes;
    zapi_buf_init(&bytes, MOST_BYTES);
    if (lua_dump(L, add_piece, &bytes, 0) == 0)
        c->bytes = bytes;
    else
        zapi_buf_free(&bytes);
}

bool zapi_chunk_push(lua_State *L, const struct zapi_asset *asset)
{
    const char *name = lua_pushfstring(L, "@%s", asset->name);
    const char *data = (const char *)asset->data, *mode = "t";
    size_t len = asset->size;
    if (!chunks)
        chunks = calloc(zapi_asset_count, sizeof *chunks);
    struct chunk *c = chunks ? &chunks[asset - zapi_assets] : NULL;
    if (c && c->bytes.len > 0) {
        data = zapi_buf_str(&c->bytes);
        len = c->bytes.len;
        mode = "b";
    }
    bool ok = luaL_loadbufferx(L, data, len, name, mode) == LUA_OK;
    if (ok && c && *mode == 't' && c->asked)
        keep(L, c);
    if (c)
        c->asked = true;
    lua_remove(L, -2);
    return ok;
}

void zapi_chunks_free(void)
{
    for (size_t i = 0; chunks && i < zapi_asset_count; i++)
        zapi_buf_free(&chunks[i].bytes);
    free(chunks);
    chunks = NULL;
}
