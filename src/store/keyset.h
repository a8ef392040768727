/* SPDX-License-Identifier: MIT
 *
 * A set of 128-bit keys, or a map from 64 bits to a number other than 0, in
 * open addressing: two words a slot, no tombstones. Keys are hashes already.
 * Not thread-safe. Start with a zeroed struct.
 */
#ifndef ZAPI_STORE_KEYSET_H
#define ZAPI_STORE_KEYSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zapi_key {
    uint64_t a, b; /* 0,0: none */
};

struct zapi_keyset {
    struct zapi_key *slots; /* owned */
    size_t mask, count;
    bool is_map; /* a alone is the key, b its value */
};

void zapi_keyset_free(struct zapi_keyset *set);
/* Room for n without growing. false: no memory. */
bool zapi_keyset_reserve(struct zapi_keyset *set, size_t n);
bool zapi_keyset_has(const struct zapi_keyset *set, struct zapi_key k);
/* Of a map: the value; 0: none. */
uint64_t zapi_keyset_get(const struct zapi_keyset *set, uint64_t a);
/* What is there already stays as it is. false: no memory. */
bool zapi_keyset_add(struct zapi_keyset *set, struct zapi_key k);
/* Of a map: removed only with this value. */
void zapi_keyset_remove(struct zapi_keyset *set, struct zapi_key k);

#endif
