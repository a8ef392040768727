/* SPDX-License-Identifier: MIT
 *
 * See heap.h. A block of up to 512 bytes belongs to a class of 16-byte steps;
 * a class is a list of free blocks, filled by cutting up a chunk. Chunks go
 * back to the system only when the state is closed. Lua tells the size of
 * each block it gives back, so blocks carry no header. Under the address
 * sanitizer every block comes from malloc, so that it can watch each.
 */
#include "host/heap.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define STEP       16u
#define SMALL      512u
#define CLASSES    (SMALL / STEP)
#define CHUNK_SIZE (64u * 1024u)
#define SPARE      ((size_t)256 * 1024)

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif
#ifndef WATCHED
#define WATCHED 0
#endif

struct free_block {
    struct free_block *next;
};

struct chunk {
    struct chunk *next;
    _Alignas(STEP) unsigned char bytes[CHUNK_SIZE - STEP];
};

struct zapi_heap {
    struct free_block *free[CLASSES];
    struct chunk *chunks;
    size_t used; /* of the newest chunk */
    size_t held, limit;
    size_t top;   /* the limit, or a little more */
    size_t low;   /* three quarters of the limit */
    size_t mark;  /* the collector is started beyond it: low or more */
    lua_State *L; /* borrowed; NULL: it is not started */
};

struct zapi_heap *zapi_heap_new(size_t limit)
{
    struct zapi_heap *h = calloc(1, sizeof *h);
    if (h) {
        h->limit = limit ? limit : SIZE_MAX - SPARE;
        h->top = h->limit;
        h->mark = h->low = h->limit / 4 * 3;
    }
    return h;
}

void zapi_heap_collect(struct zapi_heap *h, lua_State *L)
{
    h->L = L;
}

size_t zapi_heap_used(const struct zapi_heap *h)
{
    return h->held;
}

size_t zapi_heap_room(const struct zapi_heap *h)
{
    if (h->limit == SIZE_MAX - SPARE) {
        return SIZE_MAX;
    }
    return h->held < h->limit ? h->limit - h->held : 0;
}

void zapi_heap_spare(struct zapi_heap *h, bool on)
{
    h->top = h->limit + (on ? SPARE : 0);
}

void zapi_heap_delete(struct zapi_heap *h)
{
    while (h && h->chunks) {
        struct chunk *next = h->chunks->next;
        free(h->chunks);
        h->chunks = next;
    }
    free(h);
}

void zapi_heap_give_back(void)
{
#ifdef __GLIBC__
    malloc_trim(1 << 20);
#endif
}

static bool is_small(size_t size)
{
    return !WATCHED && size - 1 < SMALL; /* 0 is not */
}

/* 1..16 → 0, 17..32 → 1, … */
static size_t class_of(size_t size)
{
    return (size - 1) / STEP;
}

static void *cut(struct zapi_heap *h, size_t size)
{
    if (!h->chunks || h->used + size > sizeof h->chunks->bytes) {
        struct chunk *c = malloc(sizeof *c);
        if (!c) {
            return NULL;
        }
        c->next = h->chunks;
        h->chunks = c;
        h->used = 0;
    }
    h->used += size;
    return h->chunks->bytes + h->used - size;
}

static void *take(struct zapi_heap *h, size_t size)
{
    size_t class = class_of(size);
    struct free_block *block = h->free[class];
    if (block) {
        h->free[class] = block->next;
        return block;
    }
    return cut(h, (class + 1) * STEP);
}

static void give(struct zapi_heap *h, void *p, size_t size)
{
    size_t class = class_of(size);
    struct free_block *block = p;
    block->next = h->free[class];
    h->free[class] = block;
}

/* From one kind of block to another. A shrink must never fail. */
static void *move(struct zapi_heap *h, void *p, size_t old_size,
                  size_t new_size)
{
    void *to = is_small(new_size) ? take(h, new_size) : malloc(new_size);
    if (!to) {
        return new_size <= old_size ? p : NULL;
    }
    memcpy(to, p, old_size < new_size ? old_size : new_size);
    if (is_small(old_size)) {
        give(h, p, old_size);
    } else {
        free(p);
    }
    return to;
}

/* The sizes as they are for a block that there is; 0 otherwise. */
static void *change(struct zapi_heap *h, void *block, size_t old_size,
                    size_t new_size)
{
    if (!block) {
        return is_small(new_size) ? take(h, new_size) : malloc(new_size);
    }
    if (is_small(old_size)) {
        return is_small(new_size) && class_of(old_size) == class_of(new_size)
                   ? block
                   : move(h, block, old_size, new_size);
    }
    return is_small(new_size) ? move(h, block, old_size, new_size)
                              : realloc(block, new_size);
}

static void let_go(struct zapi_heap *h, void *block, size_t size)
{
    h->held -= size;
    if (is_small(size)) {
        give(h, block, size);
    } else {
        free(block);
    }
}

/* "Restart" only sets the collector's debt to nothing, so that it begins at the
 * next allocation that may; it can be called here. Not for every block while
 * much is kept: again when some more was taken, or the heap had been below. */
static void see_to_garbage(struct zapi_heap *h, size_t held)
{
    if (h->held < h->low) {
        h->mark = h->low;
    }
    if (held > h->mark && h->L) {
        h->mark = held + h->limit / 16;
        lua_gc(h->L, LUA_GCRESTART);
    }
}

void *zapi_heap_alloc(void *ud, void *block, size_t old_size, size_t new_size)
{
    struct zapi_heap *h = ud;
    size_t held;
    void *p;
    if (new_size == 0) {
        if (block) {
            let_go(h, block, old_size);
        }
        return NULL;
    }
    if (!block) {
        old_size = 0; /* it told a type */
    }
    held = h->held - old_size + new_size; /* less than new_size: too much */
    if (new_size > old_size && (held > h->top || held < new_size)) {
        return NULL;
    }
    p = change(h, block, old_size, new_size);
    if (p) {
        if (held > h->low) {
            see_to_garbage(h, held);
        }
        h->held = held;
    }
    return p;
}
