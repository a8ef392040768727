/* SPDX-License-Identifier: MIT
 *
 * Media types: what the first bytes of a file say, what an extension means.
 * Pure look-up; everything returned is static.
 */
#ifndef ZAPI_BASE_MIME_H
#define ZAPI_BASE_MIME_H

#include <stddef.h>

enum { ZAPI_MIME_HEAD = 64 }; /* bytes that are enough to look at */

/* The type that the first bytes tell; NULL when they tell none. A container of
 * many types (zip, the old Office format) is "application/zip" or
 * "application/x-ole-storage": then the name knows more. */
const char *zapi_mime_of_bytes(const void *head, size_t len);
/* By extension ("PDF", no dot), in any case; NULL when it is not known. */
const char *zapi_mime_of_extension(const char *extension, size_t len);
/* "application/pdf" → "pdf"; NULL when it is not known. */
const char *zapi_mime_extension(const char *mime, size_t len);

#endif
