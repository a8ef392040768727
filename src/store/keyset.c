/* SPDX-License-Identifier: MIT
 *
 * See keyset.h. Deletion shifts the entries behind it back, so a look-up stays
 * short for ever. The table doubles at four fifths.
 */
#include "store/keyset.h"

#include <stdlib.h>

static bool is_none(struct zapi_key k)
{
    return k.a == 0 && k.b == 0;
}

static size_t home(const struct zapi_keyset *set, struct zapi_key k)
{
    return (size_t)k.a & set->mask;
}

/* The slot of the key, or the free one where it would go. */
static size_t find(const struct zapi_keyset *set, struct zapi_key k)
{
    size_t i = home(set, k);
    while (!is_none(set->slots[i]) &&
           (set->slots[i].a != k.a || (!set->is_map && set->slots[i].b != k.b)))
        i = (i + 1) & set->mask;
    return i;
}

void zapi_keyset_free(struct zapi_keyset *set)
{
    free(set->slots);
    set->slots = NULL;
    set->mask = set->count = 0;
}

bool zapi_keyset_reserve(struct zapi_keyset *set, size_t n)
{
    size_t size = 16;
    while (size - size / 5 <= n)
        size *= 2;
    if (set->slots && size <= set->mask + 1)
        return true;
    struct zapi_keyset next = {.slots = calloc(size, sizeof *next.slots),
                               .mask = size - 1,
                               .count = set->count,
                               .is_map = set->is_map};
    if (!next.slots)
        return false;
    for (size_t i = 0; set->slots && i <= set->mask; i++)
        if (!is_none(set->slots[i]))
            next.slots[find(&next, set->slots[i])] = set->slots[i];
    free(set->slots);
    *set = next;
    return true;
}

bool zapi_keyset_has(const struct zapi_keyset *set, struct zapi_key k)
{
    return set->slots && !is_none(set->slots[find(set, k)]);
}

uint64_t zapi_keyset_get(const struct zapi_keyset *set, uint64_t a)
{
    struct zapi_key k = {a, 1};
    return set->slots ? set->slots[find(set, k)].b : 0;
}

bool zapi_keyset_add(struct zapi_keyset *set, struct zapi_key k)
{
    if (!zapi_keyset_reserve(set, set->count + 1))
        return false;
    size_t i = find(set, k);
    if (is_none(set->slots[i])) {
        set->slots[i] = k;
        set->count++;
    }
    return true;
}

void zapi_keyset_remove(struct zapi_keyset *set, struct zapi_key k)
{
    if (!set->slots)
        return;
    size_t i = find(set, k);
    if (is_none(set->slots[i]) || (set->is_map && set->slots[i].b != k.b))
        return;
    /* Later entries of the run move back to where a look-up that starts at
     * their home still finds them. */
    for (size_t j = (i + 1) & set->mask; !is_none(set->slots[j]);
         j = (j + 1) & set->mask) {
        size_t h = home(set, set->slots[j]);
        if (((j - h) & set->mask) < ((j - i) & set->mask))
            continue;
        set->slots[i] = set->slots[j];
        i = j;
    }
    set->slots[i] = (struct zapi_key){0, 0};
    set->count--;
}
