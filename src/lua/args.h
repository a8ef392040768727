/* SPDX-License-Identifier: MIT
 *
 * From a script's table to a request: checks and encodes in one pass, by the
 * row of the endpoint. Names, types and bounds are the row's; nothing here
 * knows an endpoint.
 */
#ifndef ZAPI_LUA_ARGS_H
#define ZAPI_LUA_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "api/endpoint.h"
#include "base/buf.h"
#include "base/error.h"

/* What is to be sent. Lives in the caller's userdata, so that an error thrown
 * by Lua on the way (memory) leaks nothing. */
struct zapi_args {
    struct zapi_buf path;  /* filled template; the aliases follow, each after
                              a NUL, see zapi_args_path */
    struct zapi_buf query; /* "page=1&pageSize=20", or empty */
    struct zapi_buf body;  /* JSON, or empty: no body. Of a MULTIPART row the
                              form's fields as one JSON object */
};

/* Empty; allocates nothing yet. */
void zapi_args_init(struct zapi_args *args);
void zapi_args_free(struct zapi_args *args);
/* Path number `alias`: 0 is the row's own, then its aliases in their order;
 * NULL when there is none. Borrowed. */
const char *zapi_args_path(const struct zapi_args *args, size_t alias);

/* Encodes the value at `index`: a table of named parameters (for a row whose
 * body is an array: the list itself), a scalar for the one required parameter,
 * or nil where none is required. Metamethods are not asked. false: *error says
 * what the script did wrong; the caller throws it with the script's line. The
 * stack is unchanged. May throw on memory only. */
bool zapi_args_encode(lua_State *L, int index, const struct zapi_endpoint *row,
                      struct zapi_args *args, struct zapi_error *error);

#endif
