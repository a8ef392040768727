/* SPDX-License-Identifier: MIT
 *
 * The file extension that a document's name, address or data tells.
 */
#ifndef ZAPI_LUA_ARGS_EXTENSION_H
#define ZAPI_LUA_ARGS_EXTENSION_H

#include <stddef.h>

enum { ZAPI_EXTENSION_ROOM = 12 };

/* Each writes "pdf" (lower case, no dot) to `out`, ZAPI_EXTENSION_ROOM bytes,
 * and returns its length; 0 when the text tells none. */
size_t zapi_extension_of_name(const char *s, size_t len, char *out);
/* An http(s) address or data:<mime>;base64,… */
size_t zapi_extension_of_media(const char *s, size_t len, char *out);

#endif
