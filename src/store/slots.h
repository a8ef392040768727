/* SPDX-License-Identifier: MIT
 *
 * A set of automations, by their slots at the inbox: a few words, copied
 * freely. The loops over words are short and known to the compiler.
 */
#ifndef ZAPI_STORE_SLOTS_H
#define ZAPI_STORE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZAPI_AUTOMATIONS 256 /* attached at once; a multiple of 64 */

enum { ZAPI_SLOT_WORDS = ZAPI_AUTOMATIONS / 64 };

struct zapi_slots {
    uint64_t words[ZAPI_SLOT_WORDS];
};

static inline void zapi_slots_add(struct zapi_slots *s, int slot)
{
    s->words[slot / 64] |= UINT64_C(1) << (slot % 64);
}

static inline bool zapi_slots_has(const struct zapi_slots *s, int slot)
{
    return (s->words[slot / 64] >> (slot % 64) & 1) != 0;
}

static inline bool zapi_slots_empty(const struct zapi_slots *s)
{
    uint64_t all = 0;
    for (int i = 0; i < ZAPI_SLOT_WORDS; i++)
        all |= s->words[i];
    return all == 0;
}

/* What is in both; in one of them. */
static inline void zapi_slots_and(struct zapi_slots *s,
                                  const struct zapi_slots *other)
{
    for (int i = 0; i < ZAPI_SLOT_WORDS; i++)
        s->words[i] &= other->words[i];
}

static inline void zapi_slots_or(struct zapi_slots *s,
                                 const struct zapi_slots *other)
{
    for (int i = 0; i < ZAPI_SLOT_WORDS; i++)
        s->words[i] |= other->words[i];
}

static inline int zapi_slots_count(const struct zapi_slots *s)
{
    int n = 0;
    for (int i = 0; i < ZAPI_SLOT_WORDS; i++)
        for (uint64_t word = s->words[i]; word; word &= word - 1)
            n++;
    return n;
}

/* The first slot from `from` on; -1: none. for (i = next(s, 0); i >= 0;
 * i = next(s, i + 1)) goes through a set. */
static inline int zapi_slots_next(const struct zapi_slots *s, int from)
{
    for (int i = from / 64; i < ZAPI_SLOT_WORDS; i++) {
        uint64_t word = s->words[i];
        if (i == from / 64)
            word &= ~UINT64_C(0) << (from % 64);
        if (word)
            return i * 64 + __builtin_ctzll(word);
    }
    return -1;
}

#endif
