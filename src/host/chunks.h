/* SPDX-License-Identifier: MIT
 *
 * The Lua of this program, compiled: each state of a script runs the same
 * modules, and reading their text is most of what a reload costs. From the
 * second state on it gets them as bytes that Lua has dumped, with their lines.
 */
#ifndef ZAPI_HOST_CHUNKS_H
#define ZAPI_HOST_CHUNKS_H

#include <stdbool.h>

#include <lua.h>

#include "host/assets.h"

/* Pushes the asset as a function named "@NAME"; false: the error. Loop
 * thread. */
bool zapi_chunk_push(lua_State *L, const struct zapi_asset *asset);
/* Forgets them all. */
void zapi_chunks_free(void);

#endif
