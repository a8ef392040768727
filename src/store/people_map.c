/* SPDX-License-Identifier: MIT
 *
 * Three arrays: persons, slots (open addressing, linear probing: id → person),
 * and the text that both point into by offset. A merged person keeps its
 * place and says into whom it went, so that no slot has to be looked for; a
 * forgotten one keeps its place empty. Freed slots stay as tombstones until
 * the table grows.
 *
 * Everything is owned by the map; only names are blocks of their own, as they
 * change. Start reading at slot_of.
 */
#include "store/people_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum {
    FIRST_SLOTS = 64,
    FREE = 0,      /* offset 0 is the empty text */
    PHONE_MIN = 5, /* digits; shorter ones are service numbers */
    PHONE_MAX = 20,
};
#define TOMB UINT32_MAX

struct person {
    uint32_t key, phone, lid; /* offsets; 0: none */
    uint32_t into;            /* merged: that person; else NOBODY */
    bool is_short;            /* the phone is written without ninth digit */
    char *name;               /* owned; NULL: none */
};

struct slot {
    uint32_t hash, id, person; /* id: offset, FREE or TOMB */
};

struct zapi_people_map {
    struct person *persons;
    size_t npersons, room, gone;
    struct slot *slots;
    size_t nslots, used; /* used: tombstones too */
    char *text;
    size_t len, cap, names;
};

/* ---- ids ---- */

static bool all_digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return n > 0;
}

/* 55, two digits of the area, eight that begin with 6 to 9: a mobile number
 * as it was before the ninth digit. Landlines begin with 2 to 5. */
static bool lacks_ninth(const char *s, size_t n)
{
    return n == 12 && s[0] == '5' && s[1] == '5' && s[2] != '0' &&
           s[4] >= '6' && s[4] <= '9';
}

static bool is_lid(const char *s, size_t n)
{
    struct zapi_person *p;
    return n > 4 && n < sizeof p->lid && strcmp(s + n - 4, "@lid") == 0;
}

void zapi_id_read(struct zapi_id *id, const char *s, bool typed)
{
    size_t n = strlen(s);
    id->is_short = false;
    id->form = ZAPI_ID_OTHER;
    if (n >= sizeof id->text)
        n = zapi_utf8_cut(s, sizeof id->text - 1);
    memcpy(id->text, s, n);
    id->text[n] = '\0';
    if (typed && !all_digits(s, n))
        n = zapi_phone_clean(id->text, n, id->text);
    if (is_lid(id->text, n)) {
        id->form = ZAPI_ID_LID;
    } else if (n >= PHONE_MIN && n <= PHONE_MAX && all_digits(id->text, n)) {
        id->form = ZAPI_ID_PHONE;
        if (lacks_ninth(id->text, n)) {
            memmove(id->text + 5, id->text + 4, n - 4 + 1);
            id->text[4] = '9';
            id->is_short = true;
            n++;
        }
    }
    id->len = n;
}

bool zapi_id_shorten(const char *phone, char out[ZAPI_ORDER_MAX])
{
    if (strlen(phone) != 13 || phone[4] != '9')
        return false;
    memcpy(out, phone, 4);
    memcpy(out + 4, phone + 5, 9); /* and its NUL */
    return lacks_ninth(out, 12);
}

/* ---- text ---- */

/* 0 without memory (or past 4 GB). */
static uint32_t intern(struct zapi_people_map *m, const char *s, size_t n)
{
    size_t at = m->len;
    if (at + n + 1 > m->cap) {
        size_t cap = m->cap + m->cap / 2 + n + 4096;
        char *text = cap < UINT32_MAX ? realloc(m->text, cap) : NULL;
        if (!text)
            return 0;
        m->text = text;
        m->cap = cap;
    }
    memcpy(m->text + at, s, n);
    m->text[at + n] = '\0';
    m->len += n + 1;
    return (uint32_t)at;
}

/* ---- slots ---- */

static uint32_t hash_of(const char *s, size_t n)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * UINT64_C(1099511628211);
    h ^= h >> 32;
    return (uint32_t)(h * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* Where the id is, else where it would go. */
static struct slot *slot_of(const struct zapi_people_map *m, const char *id,
                            size_t n, uint32_t hash)
{
    for (size_t i = hash;; i++) {
        struct slot *s = &m->slots[i & (m->nslots - 1)];
        if (s->id == FREE)
            return s;
        if (s->id != TOMB && s->hash == hash &&
            strncmp(m->text + s->id, id, n) == 0 && m->text[s->id + n] == '\0')
            return s;
    }
}

static bool grow(struct zapi_people_map *m)
{
    size_t live = 0, n = FIRST_SLOTS;
    struct slot *old = m->slots;
    for (size_t i = 0; i < m->nslots; i++)
        live += old[i].id != FREE && old[i].id != TOMB;
    while (n < live * 2)
        n *= 2;
    m->slots = calloc(n, sizeof *m->slots);
    if (!m->slots) {
        m->slots = old;
        return false;
    }
    size_t before = m->nslots;
    m->nslots = n;
    m->used = live;
    for (size_t i = 0; i < before; i++) {
        if (old[i].id == FREE || old[i].id == TOMB)
            continue;
        size_t at = old[i].hash & (n - 1);
        while (m->slots[at].id != FREE)
            at = (at + 1) & (n - 1);
        m->slots[at] = old[i];
    }
    free(old);
    return true;
}

/* ---- persons ---- */

static uint32_t root(const struct zapi_people_map *m, uint32_t who)
{
    while (m->persons[who].into != ZAPI_NOBODY)
        who = m->persons[who].into;
    return who;
}

uint32_t zapi_people_map_find(const struct zapi_people_map *m, const char *id,
                              size_t len)
{
    const struct slot *s = slot_of(m, id, len, hash_of(id, len));
    return s->id == FREE ? ZAPI_NOBODY : root(m, s->person);
}

/* The offset of the id, which leads to this person from now on; 0 without
 * memory. *changed: it did not before. */
static uint32_t lead(struct zapi_people_map *m, uint32_t who, const char *id,
                     size_t len, bool *changed)
{
    uint32_t hash = hash_of(id, len), at;
    if (m->used * 3 >= m->nslots * 2 && !grow(m))
        return 0;
    struct slot *s = slot_of(m, id, len, hash);
    if (s->id != FREE) {
        *changed = root(m, s->person) != who;
        s->person = who;
        return s->id;
    }
    at = intern(m, id, len);
    if (at == 0)
        return 0;
    *s = (struct slot){hash, at, who};
    m->used++;
    *changed = true;
    return at;
}

bool zapi_people_map_alias(struct zapi_people_map *m, uint32_t who,
                           const char *id, size_t len)
{
    bool changed = false;
    return lead(m, who, id, len, &changed) != 0 && changed;
}

uint32_t zapi_people_map_add(struct zapi_people_map *m,
                             const struct zapi_id *key)
{
    if (m->npersons == m->room) {
        size_t room = m->room + m->room / 2 + 64;
        struct person *p = realloc(m->persons, room * sizeof *p);
        if (!p)
            return ZAPI_NOBODY;
        m->persons = p;
        m->room = room;
    }
    bool changed = false;
    uint32_t who = (uint32_t)m->npersons;
    m->persons[who] = (struct person){.into = ZAPI_NOBODY};
    uint32_t at = lead(m, who, key->text, key->len, &changed);
    if (at == 0)
        return ZAPI_NOBODY;
    m->persons[who].key = at;
    m->npersons++;
    zapi_people_map_set(m, who, key, true);
    return who;
}

bool zapi_people_map_set(struct zapi_people_map *m, uint32_t who,
                         const struct zapi_id *id, bool canonical)
{
    struct person *p = &m->persons[who];
    bool changed = false;
    if (id->form == ZAPI_ID_OTHER)
        return false;
    uint32_t at = lead(m, who, id->text, id->len, &changed);
    if (at == 0)
        return false;
    if (id->form == ZAPI_ID_LID) {
        changed = changed || p->lid != at;
        p->lid = at;
    } else if (p->phone == 0 ||
               (canonical && (p->phone != at || p->is_short != id->is_short))) {
        changed = true;
        p->phone = at;
        p->is_short = id->is_short;
    }
    return changed;
}

bool zapi_people_map_name(struct zapi_people_map *m, uint32_t who,
                          const char *name)
{
    struct person *p = &m->persons[who];
    struct zapi_person *form;
    size_t n = strlen(name);
    if (n >= sizeof form->name)
        n = zapi_utf8_cut(name, sizeof form->name - 1);
    if (p->name && strlen(p->name) == n && memcmp(p->name, name, n) == 0)
        return false;
    char *copy = malloc(n + 1);
    if (!copy)
        return false;
    memcpy(copy, name, n);
    copy[n] = '\0';
    m->names += n + 1 - (p->name ? strlen(p->name) + 1 : 0);
    free(p->name);
    p->name = copy;
    return true;
}

bool zapi_people_map_has(const struct zapi_people_map *m, uint32_t who,
                         enum zapi_id_form form)
{
    const struct person *p = &m->persons[who];
    return form == ZAPI_ID_LID ? p->lid != 0 : p->phone != 0;
}

static void copy(char *out, size_t room, const char *s)
{
    size_t n = strlen(s);
    if (n >= room)
        n = room - 1;
    memcpy(out, s, n);
    out[n] = '\0';
}

void zapi_people_map_read(const struct zapi_people_map *m, uint32_t who,
                          struct zapi_person *out)
{
    const struct person *p = &m->persons[root(m, who)];
    char shorter[ZAPI_ORDER_MAX];
    const char *phone = m->text + p->phone;
    if (p->is_short && zapi_id_shorten(phone, shorter))
        phone = shorter;
    copy(out->key, sizeof out->key, m->text + p->key);
    copy(out->phone, sizeof out->phone, phone);
    copy(out->lid, sizeof out->lid, m->text + p->lid);
    copy(out->name, sizeof out->name, p->name ? p->name : "");
}

void zapi_people_map_merge(struct zapi_people_map *m, uint32_t from,
                           uint32_t to)
{
    struct person *a = &m->persons[from], *b = &m->persons[to];
    a->into = to;
    if (b->phone == 0) {
        b->phone = a->phone;
        b->is_short = a->is_short;
    }
    if (b->lid == 0)
        b->lid = a->lid;
    if (!b->name) {
        b->name = a->name;
        a->name = NULL;
    }
    m->gone++;
}

/* Overwritten, not only unlinked: it is to be gone from a core file too. */
static void wipe(struct zapi_people_map *m, uint32_t at)
{
    memset(m->text + at, 0, strlen(m->text + at));
}

void zapi_people_map_forget(struct zapi_people_map *m, uint32_t who)
{
    for (size_t i = 0; i < m->nslots; i++) {
        struct slot *s = &m->slots[i];
        if (s->id == FREE || s->id == TOMB || root(m, s->person) != who)
            continue;
        wipe(m, s->id);
        s->id = TOMB;
    }
    for (uint32_t i = 0; i < m->npersons; i++) {
        struct person *p = &m->persons[i];
        if (!p->name || root(m, i) != who)
            continue;
        m->names -= strlen(p->name) + 1;
        memset(p->name, 0, strlen(p->name));
        free(p->name);
        p->name = NULL;
    }
    m->persons[who] = (struct person){.into = ZAPI_NOBODY};
    m->gone++;
}

/* ---- the whole ---- */

struct zapi_people_map *zapi_people_map_new(void)
{
    struct zapi_people_map *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    intern(m, "", 0);
    if (!m->text || !grow(m)) {
        zapi_people_map_delete(m);
        return NULL;
    }
    return m;
}

void zapi_people_map_delete(struct zapi_people_map *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->npersons; i++)
        free(m->persons[i].name);
    free(m->persons);
    free(m->slots);
    free(m->text);
    free(m);
}

size_t zapi_people_map_count(const struct zapi_people_map *m)
{
    return m->npersons - m->gone;
}

size_t zapi_people_map_memory(const struct zapi_people_map *m)
{
    return sizeof *m + m->room * sizeof *m->persons +
           m->nslots * sizeof *m->slots + m->cap + m->names +
           m->npersons * 16; /* what malloc adds to a name */
}
