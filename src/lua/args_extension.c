/* SPDX-License-Identifier: MIT
 *
 * "price.list.PDF" → "pdf", "https://a.b/c.docx?x=1" → "docx",
 * "data:text/csv;base64,…" → "csv". Pure text; owns nothing.
 */
#include "lua/args_extension.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *mime, *extension;
} mimes[] = {
    {"application/pdf", "pdf"},
    {"application/msword", "doc"},
    {"application/"
     "vnd.openxmlformats-officedocument.wordprocessingml.document",
     "docx"},
    {"application/vnd.ms-excel", "xls"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
     "xlsx"},
    {"application/vnd.ms-powerpoint", "ppt"},
    {"application/"
     "vnd.openxmlformats-officedocument.presentationml.presentation",
     "pptx"},
    {"application/vnd.oasis.opendocument.text", "odt"},
    {"application/vnd.oasis.opendocument.spreadsheet", "ods"},
    {"application/rtf", "rtf"},
    {"application/json", "json"},
    {"application/xml", "xml"},
    {"application/zip", "zip"},
    {"text/plain", "txt"},
    {"text/csv", "csv"},
    {"text/html", "html"},
    {"text/xml", "xml"},
    {"text/calendar", "ics"},
    {"image/jpeg", "jpg"},
    {"image/png", "png"},
    {"image/webp", "webp"},
    {"audio/mpeg", "mp3"},
    {"audio/ogg", "ogg"},
    {"video/mp4", "mp4"},
};

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
    for (size_t i = 0; n < len && i < sizeof mimes / sizeof *mimes; i++)
        if (strlen(mimes[i].mime) == n && strncasecmp(s, mimes[i].mime, n) == 0)
            return strlen(strcpy(out, mimes[i].extension));
    return 0;
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
