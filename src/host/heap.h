/* SPDX-License-Identifier: MIT
 *
 * The memory of one lua_State: small blocks come from free lists by size, the
 * rest from malloc. Lua frees in sweeps of hundreds of small blocks and takes
 * as many again at once; malloc merges and splits them each time, which cost
 * an echo bot about a tenth of its processor time (bench/echo).
 */
#ifndef ZAPI_HOST_HEAP_H
#define ZAPI_HOST_HEAP_H

#include <stddef.h>

struct zapi_heap;

/* NULL when memory ended. */
struct zapi_heap *zapi_heap_new(void);
/* After lua_close: frees all at once. */
void zapi_heap_delete(struct zapi_heap *h);
/* A lua_Alloc; `ud` is the heap. */
void *zapi_heap_alloc(void *ud, void *block, size_t old_size, size_t new_size);

#endif
