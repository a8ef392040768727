/* SPDX-License-Identifier: MIT
 *
 * Puts the section files together, once, and finds rows by name. The index is
 * an open-addressed hash over scope and name, filled at first use from static
 * memory: nothing is allocated and nothing is freed. Start at build().
 */
#include "api/catalogue.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/endpoints/rows.h"
#include "base/text.h"

enum { ROWS_MAX = 511, SLOTS = 1024 }; /* a slot holds the row's number + 1 */

static const struct zapi_endpoint *rows[ROWS_MAX + 1];
static size_t row_count;
static uint16_t slots[SLOTS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* FNV-1a, started from the scope. */
static size_t hash(enum zapi_scope scope, const char *name)
{
    uint32_t h = 2166136261U ^ (uint32_t)scope;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619U;
    return (h ^ (h >> 15)) % SLOTS;
}

static void add_section(const struct zapi_endpoint *first, size_t n)
{
    if (n > ROWS_MAX - row_count)
        abort(); /* raise ROWS_MAX: any test would show it */
    for (size_t i = 0; i < n; i++) {
        size_t at = hash(first[i].scope, first[i].name);
        while (slots[at])
            at = (at + 1) % SLOTS;
        rows[row_count++] = &first[i];
        slots[at] = (uint16_t)row_count;
    }
}

static void build(void)
{
#define X(section) add_section(zapi_##section##_rows, zapi_##section##_count);
    ZAPI_SECTIONS(X)
#undef X
}

const struct zapi_endpoint *const *zapi_catalogue(size_t *n)
{
    pthread_once(&once, build);
    *n = row_count;
    return rows;
}

const struct zapi_endpoint *zapi_catalogue_find(enum zapi_scope scope,
                                                const char *name)
{
    pthread_once(&once, build);
    for (size_t at = hash(scope, name); slots[at]; at = (at + 1) % SLOTS) {
        const struct zapi_endpoint *row = rows[slots[at] - 1];
        if (row->scope == scope && strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

/* Keeps `out` sorted by nearness; the worst falls off the end. */
static size_t keep_near(const char *name, unsigned d, const char **out,
                        unsigned *far, size_t have, size_t max)
{
    if (have == max && d >= far[max - 1])
        return have;
    size_t at = have < max ? have : max - 1;
    for (; at > 0 && far[at - 1] > d; at--) {
        out[at] = out[at - 1];
        far[at] = far[at - 1];
    }
    out[at] = name;
    far[at] = d;
    return have < max ? have + 1 : max;
}

size_t zapi_catalogue_near(enum zapi_scope scope, const char *name,
                           const char **out, size_t max)
{
    unsigned far[16];
    size_t have = 0;
    if (max > sizeof far / sizeof *far)
        max = sizeof far / sizeof *far;
    pthread_once(&once, build);
    for (size_t i = 0; i < row_count && max > 0; i++) {
        if (rows[i]->scope != scope)
            continue;
        unsigned d = zapi_text_nearness(name, rows[i]->name);
        if (d != UINT_MAX)
            have = keep_near(rows[i]->name, d, out, far, have, max);
    }
    return have;
}

const char *zapi_field_near(const struct zapi_field *fields, const char *name)
{
    const char *best = NULL;
    unsigned least = UINT_MAX;
    for (; fields && fields->name; fields++) {
        unsigned d = zapi_text_nearness(name, fields->name);
        if (d < least) {
            least = d;
            best = fields->name;
        }
    }
    return best;
}

const struct zapi_field *zapi_field_find(const struct zapi_field *fields,
                                         const char *name, size_t len)
{
    for (; fields && fields->name; fields++)
        if (strncmp(fields->name, name, len) == 0 && !fields->name[len])
            return fields;
    return NULL;
}

const char *zapi_method_name(enum zapi_method m)
{
    static const char *const names[] = {
        [ZAPI_GET] = "GET",       [ZAPI_POST] = "POST",   [ZAPI_PUT] = "PUT",
        [ZAPI_DELETE] = "DELETE", [ZAPI_PATCH] = "PATCH",
    };
    return names[m];
}

const char *zapi_scope_name(enum zapi_scope s)
{
    static const char *const names[] = {
        [ZAPI_SCOPE_INSTANCE] = "instance",
        [ZAPI_SCOPE_PARTNER] = "partner",
        [ZAPI_SCOPE_GATEWAY] = "gateway",
    };
    return names[s];
}

const char *zapi_type_name(enum zapi_type t)
{
    static const char *const names[] = {
        [ZAPI_ANY] = "any",         [ZAPI_STRING] = "string",
        [ZAPI_INTEGER] = "integer", [ZAPI_NUMBER] = "number",
        [ZAPI_BOOLEAN] = "boolean", [ZAPI_OBJECT] = "object",
        [ZAPI_ARRAY] = "array",
    };
    return names[t];
}

const char *zapi_format_name(enum zapi_format f)
{
    static const char *const names[] = {
        [ZAPI_FORMAT_NONE] = NULL,
        [ZAPI_FORMAT_CHAT] = "chat",
        [ZAPI_FORMAT_PHONE] = "phone",
        [ZAPI_FORMAT_GROUP] = "group",
        [ZAPI_FORMAT_URL] = "url",
        [ZAPI_FORMAT_MEDIA] = "media",
        [ZAPI_FORMAT_EMAIL] = "email",
        [ZAPI_FORMAT_DATETIME] = "datetime",
        [ZAPI_FORMAT_MESSAGE_ID] = "message_id",
        [ZAPI_FORMAT_NEWSLETTER] = "newsletter",
        [ZAPI_FORMAT_CODE] = "code",
        [ZAPI_FORMAT_FILE] = "file",
    };
    return names[f];
}

const char *zapi_pagination_name(enum zapi_pagination p)
{
    static const char *const names[] = {
        [ZAPI_PAGES_NONE] = NULL,
        [ZAPI_PAGES_PAGE] = "page",
        [ZAPI_PAGES_CURSOR] = "cursor",
        [ZAPI_PAGES_STATE] = "state",
    };
    return names[p];
}
