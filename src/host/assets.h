/* SPDX-License-Identifier: MIT
 *
 * The files of lua/ inside the program. The table is generated at build time
 * by cmake/embed.cmake into BUILD/embedded.c; it is constant, nobody frees it.
 * Rows are sorted by name; a name is the path below lua/ ("zapi/init.lua",
 * "zapi/sandbox/page/app.js"). The data is followed by a NUL byte that `size`
 * does not count.
 *
 * With -DZAPI_LUA_FROM_DISK=ON the macro ZAPI_LUA_DIR is the absolute path of
 * lua/ in the checkout: the host then prefers the files there, so that an edit
 * needs no build.
 */
#ifndef ZAPI_HOST_ASSETS_H
#define ZAPI_HOST_ASSETS_H

#include <stddef.h>

struct zapi_asset {
    const char *name;
    const unsigned char *data;
    size_t size;
};

extern const struct zapi_asset zapi_assets[];
extern const size_t zapi_asset_count;

/* The row with this name, or NULL. */
const struct zapi_asset *zapi_asset_find(const char *name);

#endif
