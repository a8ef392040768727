/* SPDX-License-Identifier: MIT
 *
 * Replies in one shape. Where the documents disagree, the row's type says
 * which shape a script gets, and `also` which others the server may send.
 */
#ifndef ZAPI_LUA_REPLY_VALUE_H
#define ZAPI_LUA_REPLY_VALUE_H

#include <lua.h>

#include "api/endpoint.h"

/* Brings the value on top into the row's shape, in place or as another value.
 * What the row does not know stays as it came. Stack: value -- value */
void zapi_reply_value_shape(lua_State *L, const struct zapi_endpoint *row);

#endif
