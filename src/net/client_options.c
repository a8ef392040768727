/* SPDX-License-Identifier: MIT
 *
 * From a request to the options of a handle. What differs from call to call is
 * set each time, the rest once (client_handle.c); what the next call must not
 * inherit marks the handle special. Start reading at zapi_http_configure.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/client_parts.h"

#define LONGEST_TIMEOUT 1e6 /* seconds */

static bool has_type(const char *const *headers)
{
    for (; headers && *headers; headers++)
        if (strncasecmp(*headers, "Content-Type:", 13) == 0)
            return true;
    return false;
}

/* Our own first lines: no "Expect: 100-continue", no made-up content type. */
static bool headers_same(const struct zapi_http_handle *hd,
                         const char *const *headers, bool body)
{
    const struct curl_slist *l = hd->headers;

    if (!l || hd->has_body != body)
        return false;
    l = l->next;
    if (body && !has_type(headers)) {
        if (!l || strcmp(l->data, "Content-Type:") != 0)
            return false;
        l = l->next;
    }
    for (; headers && *headers && l; headers++, l = l->next)
        if (strcmp(l->data, *headers) != 0)
            return false;
    return !l && !(headers && *headers);
}

static bool add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *l = curl_slist_append(*list, line);

    if (l)
        *list = l;
    return l != NULL;
}

static unsigned set_headers(struct zapi_http_handle *hd,
                            const struct zapi_http_request *req, bool body)
{
    const char *const *line = req->headers;
    bool ok;

    if (headers_same(hd, req->headers, body))
        return 0;
    curl_slist_free_all(hd->headers);
    hd->headers = NULL;
    hd->has_body = body;
    ok = add_line(&hd->headers, "Expect:");
    if (body && !has_type(req->headers) && !req->parts)
        ok = ok && add_line(&hd->headers, "Content-Type:");
    for (; ok && line && *line; line++)
        ok = add_line(&hd->headers, *line);
    return ok ? curl_easy_setopt(hd->easy, CURLOPT_HTTPHEADER, hd->headers)
              : CURLE_OUT_OF_MEMORY;
}

static unsigned set_custom(struct zapi_http_handle *hd, const char *method)
{
    if (strcmp(hd->method, method) == 0)
        return 0;
    snprintf(hd->method, sizeof hd->method, "%s", method);
    return curl_easy_setopt(hd->easy, CURLOPT_CUSTOMREQUEST,
                            *method ? hd->method : NULL);
}

static unsigned add_part(curl_mime *form, const struct zapi_http_part *p)
{
    curl_mimepart *part = curl_mime_addpart(form);
    unsigned bad;

    if (!part)
        return CURLE_OUT_OF_MEMORY;
    bad = curl_mime_name(part, p->name);
    if (p->mime)
        bad |= curl_mime_type(part, p->mime);
    if (p->path)
        return bad | curl_mime_filedata(part, p->path);
    return bad | curl_mime_data(part, p->value ? p->value : "", p->value_len);
}

static unsigned set_form(struct zapi_http_handle *hd,
                         struct zapi_http_call *call)
{
    const struct zapi_http_part *p = call->req->parts;

    hd->special = true;
    hd->form = curl_mime_init(hd->easy);
    if (!hd->form)
        return CURLE_OUT_OF_MEMORY;
    for (; p->name; p++) {
        if (p->path && access(p->path, R_OK) != 0) {
            zapi_http_io_failed(call);
            return CURLE_READ_ERROR;
        }
        if (add_part(hd->form, p) != 0)
            return CURLE_OUT_OF_MEMORY;
    }
    return curl_easy_setopt(hd->easy, CURLOPT_MIMEPOST, hd->form);
}

static unsigned set_file(struct zapi_http_handle *hd,
                         struct zapi_http_call *call)
{
    CURL *e = hd->easy;
    struct stat st;
    unsigned bad = 0;

    hd->special = true;
    call->in = open(call->req->send_path, O_RDONLY | O_CLOEXEC);
    if (call->in < 0 || fstat(call->in, &st) != 0) {
        zapi_http_io_failed(call);
        return CURLE_READ_ERROR;
    }
    bad |= curl_easy_setopt(e, CURLOPT_POST, 1L);
    bad |= curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
                            (curl_off_t)st.st_size);
    bad |= curl_easy_setopt(e, CURLOPT_READFUNCTION, zapi_http_on_read);
    bad |= curl_easy_setopt(e, CURLOPT_READDATA, hd);
    bad |= curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, zapi_http_on_seek);
    bad |= curl_easy_setopt(e, CURLOPT_SEEKDATA, hd);
    return bad;
}

static unsigned set_bytes(struct zapi_http_handle *hd,
                          const struct zapi_http_request *req)
{
    unsigned bad =
        curl_easy_setopt(hd->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)(req->body ? req->body_len : 0));

    return bad | curl_easy_setopt(hd->easy, CURLOPT_POSTFIELDS,
                                  req->body ? req->body : "");
}

/* A body travels as libcurl's POST under whatever method; POST, PUT and PATCH
 * always have one, if empty, so that Content-Length is written. */
static unsigned set_method(struct zapi_http_handle *hd,
                           struct zapi_http_call *call)
{
    const struct zapi_http_request *req = call->req;
    const char *m = req->method ? req->method : "GET";
    bool post = strcmp(m, "POST") == 0;
    bool body = req->body || req->parts || req->send_path || post ||
                strcmp(m, "PUT") == 0 || strcmp(m, "PATCH") == 0;
    unsigned bad = set_headers(hd, req, body);

    if (bad != 0)
        return bad;
    if (req->parts)
        bad = set_form(hd, call);
    else if (req->send_path)
        bad = set_file(hd, call);
    else if (body)
        bad = set_bytes(hd, req);
    else if (strcmp(m, "HEAD") == 0)
        bad = curl_easy_setopt(hd->easy, CURLOPT_NOBODY, 1L);
    else
        bad = curl_easy_setopt(hd->easy, CURLOPT_HTTPGET, 1L);
    if (bad != 0)
        return bad;
    if (!body && strcmp(m, "HEAD") == 0) {
        hd->special = true;
        return set_custom(hd, "");
    }
    return set_custom(hd, post || (!body && strcmp(m, "GET") == 0) ? "" : m);
}

/* What most calls do without. */
static unsigned set_extras(struct zapi_http_handle *hd,
                           const struct zapi_http_request *req)
{
    double connect = req->connect_timeout;
    unsigned bad = 0;

    if (req->max_redirects > 0) {
        hd->special = true;
        bad |= curl_easy_setopt(hd->easy, CURLOPT_FOLLOWLOCATION, 1L);
        bad |= curl_easy_setopt(hd->easy, CURLOPT_MAXREDIRS,
                                (long)req->max_redirects);
    }
    if (connect > 0 && connect < LONGEST_TIMEOUT) {
        hd->special = true;
        bad |= curl_easy_setopt(hd->easy, CURLOPT_CONNECTTIMEOUT_MS,
                                (long)(connect * 1000) + 1);
    }
    if (req->public_only) { /* a proxy would hide the address */
        hd->special = true;
        bad |= curl_easy_setopt(hd->easy, CURLOPT_PROXY, "");
    }
    return bad;
}

/* Both ways: by the parsed form libcurl connects, the text it hands out as the
 * effective URL (and would otherwise make from the parsed form). */
static unsigned set_url(struct zapi_http_handle *hd,
                        struct zapi_http_call *call)
{
    const char *url = call->req->url;

    if (hd->url_text && strcmp(hd->url_text, url) == 0)
        return 0;
    free(hd->url_text);
    hd->url_text = NULL;
    switch (curl_url_set(hd->url, CURLUPART_URL, url, 0)) {
    case CURLUE_OK:
        break;
    case CURLUE_OUT_OF_MEMORY:
        return CURLE_OUT_OF_MEMORY;
    default:
        call->cause = ZAPI_E_CONFIG;
        return CURLE_URL_MALFORMAT;
    }
    hd->url_text = strdup(url);
    if (!hd->url_text)
        return CURLE_OUT_OF_MEMORY;
    return curl_easy_setopt(hd->easy, CURLOPT_URL, url);
}

unsigned zapi_http_configure(struct zapi_http_handle *hd,
                             struct zapi_http_call *call)
{
    unsigned bad = set_url(hd, call);

    if (bad == 0)
        bad = set_extras(hd, call->req);
    if (bad == 0)
        bad = set_method(hd, call);
    return bad;
}
