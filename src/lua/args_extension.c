/* SPDX-License-Identifier: MIT
 *
 * "price.list.PDF" → "pdf", "https://a.b/c.docx?x=1" → "docx",
 * "data:text/csv;base64,…" → "csv". Pure text; owns nothing.
 */
#include "lua/args_extension.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/mime.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Letters and digits, at least one letter: "v1.2" has no extension. */
static bool is_extension(const char *s, size_t n)
{
    bool letter = false;
    for (size_t i = 0; i < n; i++) {
        if (!is_letter(s[i]) && !(s[i] >= '0' && s[i] <= '9'))
            return false;
        letter = letter || is_letter(s[i]);
    }
    return letter && n < ZAPI_EXTENSION_ROOM - 2;
}

size_t zapi_extension_of_name(const char *s, size_t len, char *out)
{
    size_t dot = len;
    while (dot > 0 && s[dot - 1] != '.')
        dot--;
    size_t n = len - dot;
    if (dot < 2 || !is_extension(s + dot, n)) /* ".pdf" is a name */
        return 0;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(is_letter(s[dot + i]) ? s[dot + i] | 0x20 : s[dot + i]);
    out[n] = '\0';
    return n;
}

static size_t of_data(const char *s, size_t len, char *out)
{
    size_t n = strcspn(s, ";,");
    const char *extension = n < len ? zapi_mime_extension(s, n) : NULL;
    return extension ? strlen(strcpy(out, extension)) : 0;
}

/* The last segment of the path; a host alone ("https://a.com") has none. */
static size_t of_url(const char *s, char *out)
{
    const char *host = strstr(s, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;
    if (!path)
        return 0;
    const char *end = path + strcspn(path, "?#");
    const char *from = end;
    while (from[-1] != '/')
        from--;
    return zapi_extension_of_name(from, (size_t)(end - from), out);
}

size_t zapi_extension_of_media(const char *s, size_t len, char *out)
{
    if (strncasecmp(s, "data:", 5) == 0)
        return of_data(s + 5, len - 5, out);
    return of_url(s, out);
}
