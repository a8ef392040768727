/* SPDX-License-Identifier: MIT
 *
 * The types of the one table: an endpoint is one row of data, and a row has no
 * function of its own. Rows live in endpoints/<section>.c; everything else
 * (the Lua method, argument checks, path, body, judging the reply, help,
 * types, the sandbox's routing, specs) is derived from them.
 *
 * To add an endpoint: add one row to its section's array. Nothing else.
 * All memory here is static and constant.
 */
#ifndef ZAPI_API_ENDPOINT_H
#define ZAPI_API_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum zapi_type {
    ZAPI_ANY,
    ZAPI_STRING,
    ZAPI_INTEGER,
    ZAPI_NUMBER,
    ZAPI_BOOLEAN,
    ZAPI_OBJECT,
    ZAPI_ARRAY,
};

enum zapi_where { ZAPI_IN_BODY, ZAPI_IN_PATH, ZAPI_IN_QUERY };

enum zapi_format {
    ZAPI_FORMAT_NONE,
    ZAPI_FORMAT_CHAT, /* number, …-group, …@lid, …@newsletter, …@broadcast */
    ZAPI_FORMAT_PHONE,
    ZAPI_FORMAT_GROUP,
    ZAPI_FORMAT_URL,
    ZAPI_FORMAT_MEDIA, /* URL or data:…;base64, */
    ZAPI_FORMAT_EMAIL,
    ZAPI_FORMAT_DATETIME,
    ZAPI_FORMAT_MESSAGE_ID,
    ZAPI_FORMAT_NEWSLETTER,
    ZAPI_FORMAT_CODE,
    ZAPI_FORMAT_FILE, /* a path on this machine, sent as multipart */
};

enum zapi_method { ZAPI_GET, ZAPI_POST, ZAPI_PUT, ZAPI_DELETE, ZAPI_PATCH };

enum zapi_scope { ZAPI_SCOPE_INSTANCE, ZAPI_SCOPE_PARTNER, ZAPI_SCOPE_GATEWAY };

enum zapi_pagination {
    ZAPI_PAGES_NONE,
    ZAPI_PAGES_PAGE,   /* page, pageSize */
    ZAPI_PAGES_CURSOR, /* nextCursor */
    ZAPI_PAGES_STATE,  /* pagingState, hasMore */
};

enum zapi_body {
    ZAPI_BODY_NONE,
    ZAPI_BODY_OBJECT,
    ZAPI_BODY_ARRAY,     /* the params table itself is the array;
                            `body_items` describes an element */
    ZAPI_BODY_MULTIPART, /* a form; fields of format FILE are streamed */
};

/* Bits of zapi_endpoint.requires. */
enum {
    ZAPI_NEEDS_BUSINESS = 1,
    ZAPI_NEEDS_MOBILE = 2,
    ZAPI_NEEDS_MULTI_DEVICE = 4,
    ZAPI_NEEDS_WEBHOOK = 8,
    ZAPI_NEEDS_CALLS = 16,
    ZAPI_NEEDS_PARTNER_TOKEN = 32,
};

struct zapi_field {
    const char *name; /* Z-API's own spelling; NULL ends a list */
    enum zapi_type type;
    enum zapi_where where; /* top-level parameters only */
    enum zapi_format format;
    bool required;
    bool no_lid;           /* numbers only: a lid is replaced by its number */
    bool has_min, has_max; /* for strings and arrays min/max count items */
    double min, max;
    uint32_t also;            /* bit (1 << enum zapi_type): other JSON types
                               accepted, or seen in replies */
    const char *const *enums; /* NULL-terminated, or NULL; numbers are
                                       written as text */
    const char *default_json; /* sent when left out; NULL: not sent */
    const struct zapi_field *fields; /* of an object */
    const struct zapi_field *items;  /* of an array: one row; of an object
                                        without fields: each of its values */
    const char *doc;
};

struct zapi_endpoint {
    const char *name; /* snake_case, unique in its scope */
    const char *section;
    enum zapi_scope scope;
    enum zapi_method method;
    const char *path; /* "/send-document/{extension}" */
    bool host_root;   /* path starts at the host, not at the instance */
    const char *const *path_aliases;
    const char *const *method_alternatives;
    const struct zapi_field *params; /* path, query and body in one list */
    enum zapi_body body;
    bool body_required;
    const struct zapi_field *body_items;
    const char *const *one_of;      /* exactly one of these must be given */
    const struct zapi_field *reply; /* one row: the whole reply */
    int reply_status;
    const char *const *success_when; /* one of these is there and is not
                                        false, null or ""; a send: its ids */
    const char *reply_example;       /* JSON, or NULL */
    const char *request_example;     /* JSON body, or NULL */
    const char *params_example;      /* JSON object, path and query, or NULL */
    bool names_accounts; /* the reply pairs numbers (outputPhone, else phone)
                            with lids, where `exists` */
    bool idempotent;     /* may be repeated after an unknown outcome */
    enum zapi_pagination pagination;
    uint32_t requires;
    const char *const *limits;
    const char *summary;
    const char *doc; /* page below https://developer.z-api.io/ */
    bool deprecated;
};

#endif
