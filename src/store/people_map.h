/* SPDX-License-Identifier: MIT
 *
 * Private to people.c: who is who, in memory. Ids in their one spelling lead
 * to persons; strings are interned in one growing text. About 150 bytes a
 * person. Not thread-safe.
 */
#ifndef ZAPI_STORE_PEOPLE_MAP_H
#define ZAPI_STORE_PEOPLE_MAP_H

#include "store/people.h"

#define ZAPI_NOBODY UINT32_MAX

enum zapi_id_form { ZAPI_ID_PHONE, ZAPI_ID_LID, ZAPI_ID_OTHER };

/* An id in the one spelling under which it is looked up. */
struct zapi_id {
    enum zapi_id_form form;
    bool is_short; /* was written without its ninth digit */
    size_t len;
    char text[ZAPI_ORDER_MAX];
};

/* `typed`: by a person, so "+55 (11) …" is a number too. */
void zapi_id_read(struct zapi_id *id, const char *s, bool typed);
/* Takes the ninth digit out again; false: there is none that may go. */
bool zapi_id_shorten(const char *phone, char out[ZAPI_ORDER_MAX]);

struct zapi_people_map; /* opaque */

struct zapi_people_map *zapi_people_map_new(void);
void zapi_people_map_delete(struct zapi_people_map *m);
/* The person of an id, or NOBODY. */
uint32_t zapi_people_map_find(const struct zapi_people_map *m, const char *id,
                              size_t len);
/* A new one whose key is the id; NOBODY without memory. */
uint32_t zapi_people_map_add(struct zapi_people_map *m,
                             const struct zapi_id *key);
/* What is known of a person; a merged one is the one it became. */
void zapi_people_map_read(const struct zapi_people_map *m, uint32_t who,
                          struct zapi_person *out);
/* Sets the phone (and how it is spelt) or the lid, and leads the id here.
 * false: it was so before, or there is no memory. */
bool zapi_people_map_set(struct zapi_people_map *m, uint32_t who,
                         const struct zapi_id *id, bool canonical);
/* Leads an id to a person without making it the present one. */
bool zapi_people_map_alias(struct zapi_people_map *m, uint32_t who,
                           const char *id, size_t len);
/* The same for the name; cut to what zapi_person holds. */
bool zapi_people_map_name(struct zapi_people_map *m, uint32_t who,
                          const char *name);
bool zapi_people_map_has(const struct zapi_people_map *m, uint32_t who,
                         enum zapi_id_form form);
/* All that leads to `from` leads to `to`, which gets what it lacks. */
void zapi_people_map_merge(struct zapi_people_map *m, uint32_t from,
                           uint32_t to);
/* Removes the person, all ids that lead there, and their text. */
void zapi_people_map_forget(struct zapi_people_map *m, uint32_t who);
size_t zapi_people_map_count(const struct zapi_people_map *m);
size_t zapi_people_map_memory(const struct zapi_people_map *m);

#endif
