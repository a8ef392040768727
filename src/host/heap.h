/* SPDX-License-Identifier: MIT
 *
 * The memory of one lua_State: small blocks come from free lists by size, the
 * rest from malloc. Lua frees in sweeps of hundreds of small blocks and takes
 * as many again at once; malloc merges and splits them each time, which cost
 * an echo bot about a tenth of its processor time (bench/echo).
 *
 * A limit refuses what would make the state larger; Lua then collects all its
 * garbage, tries once more, and throws "not enough memory". What counts is
 * what Lua holds: a shrink is never refused. The buffers of string.rep and its
 * like are not tried again, so garbage must not fill the heap: from three
 * quarters of the limit on the collector is set to work, whatever its pause.
 */
#ifndef ZAPI_HOST_HEAP_H
#define ZAPI_HOST_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

struct zapi_heap;

/* NULL when memory ended. `limit` in bytes; 0: none. */
struct zapi_heap *zapi_heap_new(size_t limit);
/* The state whose collector it may set to work. */
void zapi_heap_collect(struct zapi_heap *h, lua_State *L);
/* After lua_close: frees all at once. */
void zapi_heap_delete(struct zapi_heap *h);
/* To the system, what closed states have left: else the process stays as large
 * as it was while several generations were alive. */
void zapi_heap_give_back(void);
/* Bytes that the state holds, garbage too. */
size_t zapi_heap_used(const struct zapi_heap *h);
/* Bytes that it may still take; SIZE_MAX without a limit. */
size_t zapi_heap_room(const struct zapi_heap *h);
/* Lets it go a little (256 KiB) beyond its limit, for telling of an error. */
void zapi_heap_spare(struct zapi_heap *h, bool on);
/* A lua_Alloc; `ud` is the heap. */
void *zapi_heap_alloc(void *ud, void *block, size_t old_size, size_t new_size);

#endif
