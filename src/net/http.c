/* SPDX-License-Identifier: MIT
 *
 * The plain data of http.h: a deep copy of a request, and the headers of a
 * reply. No libcurl here. A copy is one block (the struct, then the arrays,
 * then the bytes), so that whoever holds it needs a single free().
 */
#include "net/http.h"

#include <stdlib.h>
#include <string.h>

/* The block while it is filled. */
struct arena {
    char *next;
};

static size_t text_size(const char *s)
{
    return s ? strlen(s) + 1 : 0;
}

static size_t count_headers(const char *const *headers)
{
    size_t n = 0;

    while (headers && headers[n])
        n++;
    return n;
}

static size_t count_parts(const struct zapi_http_part *parts)
{
    size_t n = 0;

    while (parts && parts[n].name)
        n++;
    return n;
}

static size_t bytes_needed(const struct zapi_http_request *r)
{
    size_t n = text_size(r->method) + text_size(r->url) +
               text_size(r->send_path) + text_size(r->save_path) +
               text_size(r->public_except) + r->body_len + 1;

    for (size_t i = 0; r->headers && r->headers[i]; i++)
        n += text_size(r->headers[i]);
    for (const struct zapi_http_part *p = r->parts; p && p->name; p++)
        n += text_size(p->name) + text_size(p->path) + text_size(p->mime) +
             p->value_len + 1;
    return n;
}

static const char *put(struct arena *a, const char *bytes, size_t n)
{
    char *at = a->next;

    if (!bytes)
        return NULL;
    memcpy(at, bytes, n);
    at[n] = '\0';
    a->next += n + 1;
    return at;
}

static const char *put_text(struct arena *a, const char *s)
{
    return s ? put(a, s, strlen(s)) : NULL;
}

static void put_part(struct arena *a, struct zapi_http_part *to,
                     const struct zapi_http_part *from)
{
    to->name = put_text(a, from->name);
    to->value = put(a, from->value, from->value_len);
    to->value_len = from->value_len;
    to->path = put_text(a, from->path);
    to->mime = put_text(a, from->mime);
}

struct zapi_http_request *
zapi_http_request_clone(const struct zapi_http_request *from)
{
    size_t nh = count_headers(from->headers), np = count_parts(from->parts);
    size_t tables =
        (nh + 1) * sizeof(char *) + (np + 1) * sizeof(struct zapi_http_part);
    struct zapi_http_request *to =
        malloc(sizeof *to + tables + bytes_needed(from));
    const char **headers;
    struct zapi_http_part *parts;
    struct arena a;

    if (!to)
        return NULL;
    *to = *from;
    parts = (void *)(to + 1);
    headers = (void *)(parts + np + 1);
    a.next = (void *)(headers + nh + 1);
    for (size_t i = 0; i < nh; i++)
        headers[i] = put_text(&a, from->headers[i]);
    headers[nh] = NULL;
    for (size_t i = 0; i < np; i++)
        put_part(&a, &parts[i], &from->parts[i]);
    parts[np] = (struct zapi_http_part){.name = NULL};
    to->headers = from->headers ? headers : NULL;
    to->parts = from->parts ? parts : NULL;
    to->method = put_text(&a, from->method);
    to->url = put_text(&a, from->url);
    to->body = put(&a, from->body, from->body_len);
    to->send_path = put_text(&a, from->send_path);
    to->save_path = put_text(&a, from->save_path);
    to->public_except = put_text(&a, from->public_except);
    to->borrowed = false;
    return to;
}

static size_t trimmed(const char *s, size_t len)
{
    while (len && strchr(" \t\r\n", s[len - 1]))
        len--;
    return len;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool zapi_http_header_add(struct zapi_buf *headers, const char *line,
                          size_t len)
{
    size_t end = trimmed(line, len), name, value;
    const char *colon = memchr(line, ':', end);
    char *to;

    if (!colon || colon == line)
        return true;
    name = (size_t)(colon - line);
    for (value = name + 1; value < end && strchr(" \t", line[value]);)
        value++;
    if (!zapi_buf_reserve(headers, name + end - value + 3))
        return false;
    to = headers->data + headers->len;
    for (size_t i = 0; i < name; i++)
        *to++ = lower(line[i]);
    *to++ = ':';
    *to++ = ' ';
    memcpy(to, line + value, end - value);
    to += end - value;
    *to++ = '\n';
    *to = '\0';
    headers->len = (size_t)(to - headers->data);
    return true;
}

const char *zapi_http_header(const struct zapi_http_reply *r, const char *name,
                             char *out, size_t room)
{
    size_t n = strlen(name), len;
    const char *p = zapi_buf_str(&r->headers), *end;

    out[0] = '\0';
    for (; *p; p = end + 1) {
        end = strchr(p, '\n');
        if (!end)
            break;
        if (strncmp(p, name, n) != 0 || strncmp(p + n, ": ", 2) != 0)
            continue;
        p += n + 2;
        len = (size_t)(end - p) < room ? (size_t)(end - p) : room - 1;
        memcpy(out, p, len);
        out[len] = '\0';
        break;
    }
    return out;
}
