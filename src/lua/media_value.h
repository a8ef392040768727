/* SPDX-License-Identifier: MIT
 *
 * A file of this machine as a value of a call: zapi.media.file(path). The
 * value holds the name only; the bytes are read when a request is written,
 * straight from the disk into its body.
 */
#ifndef ZAPI_LUA_MEDIA_VALUE_H
#define ZAPI_LUA_MEDIA_VALUE_H

#include <lua.h>

#include "api/check.h"

/* A userdata; its strings are owned. */
struct zapi_media {
    char *path;
    const char *name; /* last part of the path */
    char mime[128];
};

/* NULL when the value at `index` is none. */
const struct zapi_media *zapi_media_test(lua_State *L, int index);
/* Appends "data:<mime>;base64,…" with its quotes. false: *c->error, with kind
 * media.too_large or io. */
bool zapi_media_write(lua_State *L, const struct zapi_media *m,
                      const struct zapi_check *c, const struct zapi_field *f,
                      struct zapi_buf *out);
/* Is data: within the limit of its kind? An address has no size. */
bool zapi_media_fits(lua_State *L, const struct zapi_check *c,
                     const struct zapi_field *f, const char *s, size_t len);
/* Is the file of a form's part there, and within the limit of its kind? */
bool zapi_media_file_fits(lua_State *L, const struct zapi_check *c,
                          const struct zapi_field *f, const char *path);
/* By content, else by name; "application/octet-stream" when neither tells.
 * Static. */
const char *zapi_media_type_of_file(const char *path);

#endif
