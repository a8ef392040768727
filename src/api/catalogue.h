/* SPDX-License-Identifier: MIT
 *
 * Look-up in the one table. Everything returned is static.
 */
#ifndef ZAPI_API_CATALOGUE_H
#define ZAPI_API_CATALOGUE_H

#include "api/endpoint.h"

/* All rows, section after section; *n is their number. The array of pointers
 * is static too. */
const struct zapi_endpoint *const *zapi_catalogue(size_t *n);
/* NULL when there is none. */
const struct zapi_endpoint *zapi_catalogue_find(enum zapi_scope scope,
                                                const char *name);
/* The nearest names to a misspelt one: up to `max`, best first. */
size_t zapi_catalogue_near(enum zapi_scope scope, const char *name,
                           const char **out, size_t max);
/* Nearest field name in a NULL-terminated list, or NULL. */
const char *zapi_field_near(const struct zapi_field *fields, const char *name);
const struct zapi_field *zapi_field_find(const struct zapi_field *fields,
                                         const char *name, size_t len);
const char *zapi_method_name(enum zapi_method m);         /* "POST" */
const char *zapi_scope_name(enum zapi_scope s);           /* "instance" */
const char *zapi_type_name(enum zapi_type t);             /* "string" */
const char *zapi_format_name(enum zapi_format f);         /* "chat" or NULL */
const char *zapi_pagination_name(enum zapi_pagination p); /* "page" or NULL */

#endif
