/* SPDX-License-Identifier: MIT
 *
 * Small things about text: UTF-8, the nearest name for "did you mean", phone
 * numbers as people type them, constant-time compare. Allocates nothing.
 */
#ifndef ZAPI_BASE_TEXT_H
#define ZAPI_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Bytes of the well-formed character at `s` (RFC 3629: nothing overlong, no
 * surrogate, not above U+10FFFF); 0 when there is none before `end`. */
size_t zapi_utf8_step(const char *s, const char *end);
bool zapi_utf8_valid(const char *s, size_t len);
/* Largest n <= len that does not cut a character. */
size_t zapi_utf8_cut(const char *s, size_t len);
/* How far two names are apart, in half edits: a letter more, less or other,
 * or two neighbours swapped, costs 2; another case, or a '_' more or less,
 * costs 1 ("sendText" ~ "send_text": 2). Never above `limit`, which also
 * stands for names over 64 bytes. */
unsigned zapi_text_distance(const char *a, size_t na, const char *b, size_t nb,
                            unsigned limit);
/* Is `candidate` near enough to `word` to be offered? Lower is nearer;
 * returns UINT_MAX when not. */
unsigned zapi_text_nearness(const char *word, const char *candidate);
/* A phone as a person typed it ("+55 (11) 99999-0001") to digits in `out`
 * (room for len + 1). Cleaned only when it holds nothing but "+0-9 ().-", has
 * at least one digit, and is no old group id (^\d{10,15}-\d{10}$); anything
 * else (…-group, …@lid, …@newsletter, …-broadcast) is copied untouched. */
size_t zapi_phone_clean(const char *s, size_t len, char *out);
/* Lower case without accents, for comparing what people write: "Não" → "nao".
 * Covers ASCII, Latin-1 and Latin Extended-A; the rest is copied. */
void zapi_text_fold(struct zapi_buf *out, const char *s, size_t len);
/* Takes the same time whatever differs. */
bool zapi_text_equal_ct(const char *a, size_t na, const char *b, size_t nb);

/* A copy of a NULL-ended list of texts (NULL: of an empty one), to be freed with
 * zapi_strings_free. NULL: no memory. */
char **zapi_strings_copy(const char *const *texts);
void zapi_strings_free(char **texts);

#endif
