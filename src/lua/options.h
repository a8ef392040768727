/* SPDX-License-Identifier: MIT
 *
 * A table of named options as the argument of a function. Misuse throws with
 * the line of the caller and names the option: "bad parameter 'timeout' to
 * zapi.http.request (number expected, got string)". Access is raw. Strings are
 * borrowed from the table, which must stay where it is.
 */
#ifndef ZAPI_LUA_OPTIONS_H
#define ZAPI_LUA_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

struct zapi_buf;

struct zapi_options {
    lua_State *L;
    int table;            /* absolute index */
    const char *function; /* "zapi.http.request" */
};

/* Throws when the argument is no table, or holds a name that is not in the
 * NULL-terminated list ("did you mean"). */
struct zapi_options zapi_options_open(lua_State *L, int arg,
                                      const char *function,
                                      const char *const *known);
/* Pushes the value; returns its Lua type. */
int zapi_options_get(const struct zapi_options *o, const char *name);
/* NULL when absent. `len` may be NULL: then a NUL byte inside throws. */
const char *zapi_options_string(const struct zapi_options *o, const char *name,
                                size_t *len);
double zapi_options_number(const struct zapi_options *o, const char *name,
                           double absent);
bool zapi_options_bool(const struct zapi_options *o, const char *name,
                       bool absent);
/* Throws "bad parameter 'NAME' to FUNCTION (WHY)". Never returns. */
int zapi_options_error(const struct zapi_options *o, const char *name,
                       const char *why, ...)
    __attribute__((format(printf, 3, 4)));
/* For each pair of the table option `name`, by name: visit(arg, key, value).
 * Values may be strings, numbers or booleans. Nothing when absent. */
typedef void zapi_options_visit(void *arg, const char *key, size_t key_len,
                                const char *value, size_t value_len);
void zapi_options_pairs(const struct zapi_options *o, const char *name,
                        zapi_options_visit *visit, void *arg);
/* Appends "a=1&b=2" from the table option `name`, percent-encoded. */
void zapi_options_query(const struct zapi_options *o, const char *name,
                        struct zapi_buf *out);

#endif
