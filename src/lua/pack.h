/* SPDX-License-Identifier: MIT
 *
 * Lua values as bytes, kept exactly: integers and floats to the bit, strings of
 * any bytes, booleans, zapi.null, error values, and tables of all these, with
 * the mark of arrays. Equal values have equal bytes, whatever way their tables
 * were filled: keys are in order. Another metatable than those two is left out,
 * and a table that is in two places becomes two.
 */
#ifndef ZAPI_LUA_PACK_H
#define ZAPI_LUA_PACK_H

#include <stdbool.h>

#include <lua.h>

#include "base/buf.h"

#define ZAPI_PACK_MAX ((size_t)1024 * 1024) /* bytes of a value */

/* Appends the value at `index`. false: pushes why, with the path of what cannot
 * be kept. `out` should be a box (lua/class.h), as memory may end. */
bool zapi_pack(lua_State *L, int index, struct zapi_buf *out);
/* Pushes the value. false: the bytes are damaged, and nothing is pushed. May
 * throw on memory only. */
bool zapi_unpack(lua_State *L, const char *bytes, size_t len);

#endif
