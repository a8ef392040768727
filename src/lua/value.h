/* SPDX-License-Identifier: MIT
 *
 * JSON ↔ Lua. Null is absent (nil); integral numbers without fraction or
 * exponent are integers, exactly; empty arrays stay arrays when written
 * (zapi.array, or decoded as such).
 */
#ifndef ZAPI_LUA_VALUE_H
#define ZAPI_LUA_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "base/buf.h"
#include "base/error.h"

/* Pushes the value. false: pushes nothing, *error (static text) and *offset.
 * May throw on memory only. `nulls`: keep null as zapi.null (z:request of
 * those who ask); normally false: absent, in an array too, whose later
 * elements move up, as a hole would end every ipairs. Arrays carry the
 * metatable of zapi.array. */
bool zapi_value_decode(lua_State *L, const char *text, size_t len, bool nulls,
                       const char **error, size_t *offset);
/* Appends the value at `index`. A table is an array when it has the array
 * mark, or when its keys are exactly 1..n (n ≥ 1); else an object with string
 * keys (integer keys are written as text, other keys are an error). false:
 * *message is a static or pushed string (then on top of the stack) telling
 * what cannot be written (function, NaN, cycle/too deep, invalid UTF-8, an
 * array with holes, a text longer than the buffer may be) and where. */
bool zapi_value_encode(lua_State *L, int index, struct zapi_buf *out,
                       const char **message);
/* Pushes the metatable that marks arrays. */
void zapi_value_push_array_mark(lua_State *L);
/* zapi.null: the light userdata NULL, equal to cjson.null. */
bool zapi_value_is_null(lua_State *L, int index);
/* Pushes the error object that scripts see (a table with metatable). */
void zapi_error_push(lua_State *L, const struct zapi_error *e);
/* Pushes what somebody reads of a thrown value: its text, or the fields of a
 * table that has none. */
void zapi_error_push_text(lua_State *L, int index);
/* The metatable of such tables. */
void zapi_error_push_metatable(lua_State *L);
/* Is the value at `index` such an object? */
bool zapi_error_test(lua_State *L, int index);

#endif
