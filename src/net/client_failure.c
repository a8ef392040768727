/* SPDX-License-Identifier: MIT
 *
 * What went wrong with a call: from what libcurl says to an error's kind, with
 * host and cause, without a secret. Start reading at zapi_http_explain.
 */
#include <stdio.h>
#include <string.h>

#include "base/redact.h"
#include "net/client_parts.h"

#define DEFAULT_TIMEOUT 30.0

long zapi_http_request_bytes(const struct zapi_http_handle *hd)
{
    long n = 0;

    curl_easy_getinfo(hd->easy, CURLINFO_REQUEST_SIZE, &n);
    return n;
}

/* "host:port" of where the call is now (a redirect may have moved it), by the
 * same parser that libcurl connects with. */
void zapi_http_where(const struct zapi_http_call *call, char *out, size_t room)
{
    char *url = NULL, *host = NULL, *port = NULL;
    CURLU *u = curl_url();

    if (call->handle)
        curl_easy_getinfo(call->handle->easy, CURLINFO_EFFECTIVE_URL, &url);
    snprintf(out, room, "the server");
    if (u && !curl_url_set(u, CURLUPART_URL, url ? url : call->req->url, 0) &&
        !curl_url_get(u, CURLUPART_HOST, &host, 0) &&
        !curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT))
        snprintf(out, room, "%s:%s", host, port);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
}

static const struct zapi_http_failure failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, ZAPI_E_NET_RESOLVE, "no address is known of"},
    {CURLE_COULDNT_RESOLVE_PROXY, ZAPI_E_NET_RESOLVE,
     "the proxy has no known address, on the way to"},
    {CURLE_COULDNT_CONNECT, ZAPI_E_NET_CONNECT, "no connection to"},
    {CURLE_OPERATION_TIMEDOUT, ZAPI_E_NET_CONNECT, "no connection in time to"},
    {CURLE_SSL_CONNECT_ERROR, ZAPI_E_NET_TLS, "no TLS connection to"},
    {CURLE_PEER_FAILED_VERIFICATION, ZAPI_E_NET_TLS,
     "no trusted TLS connection to"},
    {CURLE_SSL_CACERT_BADFILE, ZAPI_E_NET_TLS,
     "the file of trusted authorities cannot be used, for"},
    {CURLE_SSL_CERTPROBLEM, ZAPI_E_NET_TLS, "no TLS connection to"},
    {CURLE_SSL_CIPHER, ZAPI_E_NET_TLS, "no TLS connection to"},
    {CURLE_SSL_ISSUER_ERROR, ZAPI_E_NET_TLS, "no trusted TLS connection to"},
    {CURLE_SSL_INVALIDCERTSTATUS, ZAPI_E_NET_TLS,
     "no trusted TLS connection to"},
    {CURLE_GOT_NOTHING, ZAPI_E_NET_RESET,
     "the connection was closed without an answer by"},
    {CURLE_RECV_ERROR, ZAPI_E_NET_RESET, "the connection broke to"},
    {CURLE_SEND_ERROR, ZAPI_E_NET_RESET, "the connection broke to"},
    {CURLE_SEND_FAIL_REWIND, ZAPI_E_NET_RESET, "the connection broke to"},
    {CURLE_PARTIAL_FILE, ZAPI_E_NET_RESET, "the answer was cut off by"},
    {CURLE_WEIRD_SERVER_REPLY, ZAPI_E_NET_BAD_REPLY, "no HTTP answer from"},
    {CURLE_UNSUPPORTED_PROTOCOL, ZAPI_E_NET_BAD_REPLY,
     "no HTTP answer, or a redirect away from HTTP, by"},
    {CURLE_BAD_CONTENT_ENCODING, ZAPI_E_NET_BAD_REPLY,
     "the answer cannot be unpacked from"},
    {CURLE_TOO_MANY_REDIRECTS, ZAPI_E_NET_BAD_REPLY,
     "too many redirects, the last one by"},
    {CURLE_URL_MALFORMAT, ZAPI_E_CONFIG,
     "the address is not valid, in a call to"},
    {CURLE_READ_ERROR, ZAPI_E_IO, "a file could not be read to be sent to"},
    {CURLE_ABORTED_BY_CALLBACK, ZAPI_E_IO,
     "a file could not be read to be sent to"},
    {CURLE_OUT_OF_MEMORY, ZAPI_E_NO_MEMORY, "memory ended in a call to"},
};

/* Reasons of our own callbacks, which libcurl only knows as "aborted". */
static const struct zapi_http_failure causes[] = {
    {CURLE_OK, ZAPI_E_NET_TOO_LARGE, "the answer is over the limit, from"},
    {CURLE_OK, ZAPI_E_NET_FORBIDDEN_ADDRESS,
     "private addresses are refused, as that of"},
    {CURLE_OK, ZAPI_E_NET_RESET,
     "the connection was closed without an answer by"},
    {CURLE_OK, ZAPI_E_NO_MEMORY, "memory ended in a call to"},
    {CURLE_OK, ZAPI_E_CONFIG, "the address is not valid, in a call to"},
    {CURLE_OK, ZAPI_E_IO, "a file could not be read or written, in a call to"},
};

const struct zapi_http_failure *
zapi_http_find_failure(const struct zapi_http_call *call, CURLcode code)
{
    static const struct zapi_http_failure other = {
        CURLE_OK, ZAPI_E_INTERNAL, "the HTTP library failed in a call to"};

    if (call->cause) {
        for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
            if (causes[i].kind == call->cause)
                return &causes[i];
    }
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        if (failures[i].code == code)
            return &failures[i];
    return &other;
}

/* Did TLS itself fail, rather than the peer go away in the handshake? Then
 * there is no verdict on trust, and another try may succeed. */
static bool is_verdict(const char *why)
{
    return strstr(why, "error:") && !strstr(why, "unexpected eof");
}

/* libcurl has one code for several things that callers treat differently. */
static enum zapi_error_kind refine(const struct zapi_http_call *call,
                                   CURLcode code, enum zapi_error_kind kind,
                                   long os_error)
{
    if (kind == ZAPI_E_NET_CONNECT && os_error == ECONNREFUSED)
        return ZAPI_E_NET_REFUSED;
    if (code == CURLE_SSL_CONNECT_ERROR && !is_verdict(call->handle->why))
        return ZAPI_E_NET_RESET;
    if (kind == ZAPI_E_CONFIG && call->reply.written)
        return ZAPI_E_NET_BAD_REPLY; /* a redirect to nonsense */
    if (kind == ZAPI_E_NET_BAD_REPLY && !call->reply.written)
        return ZAPI_E_CONFIG; /* ftp:// and the like */
    return kind;
}

/* The reason in detail, where there is one without the URL in it. */
static const char *detail(const struct zapi_http_call *call,
                          enum zapi_error_kind kind, long os_error)
{
    if (kind == ZAPI_E_NET_TLS || kind == ZAPI_E_INTERNAL)
        return call->handle->why;
    if (kind == ZAPI_E_IO && call->os_error)
        return strerror(call->os_error);
    if (kind == ZAPI_E_NET_CONNECT && os_error)
        return strerror((int)os_error);
    return "";
}

void zapi_http_say_failure(struct zapi_http_call *call, const char *text,
                           const char *more)
{
    struct zapi_http_reply *r = &call->reply;
    char host[150];

    zapi_http_where(call, host, sizeof host);
    snprintf(r->message, sizeof r->message, "%s %.*s%s%.100s", text,
             (int)sizeof host / 2, host, *more ? ": " : "", more);
    zapi_redact_str(r->message, sizeof r->message);
}

void zapi_http_explain(struct zapi_http_call *call, CURLcode code)
{
    struct zapi_http_reply *r = &call->reply;
    const struct zapi_http_failure *f = zapi_http_find_failure(call, code);
    const char *text = f->text;
    long os_error = 0;

    curl_easy_getinfo(call->handle->easy, CURLINFO_OS_ERRNO, &os_error);
    r->error = call->cause ? f->kind : refine(call, code, f->kind, os_error);
    if (r->error == ZAPI_E_NET_REFUSED)
        text = "connection refused by";
    else if (code == CURLE_RECV_ERROR && r->status && !call->cause)
        text = "the answer was cut off by";
    zapi_http_say_failure(call, text, detail(call, r->error, os_error));
}

void zapi_http_explain_timeout(struct zapi_http_call *call)
{
    char text[80];
    double s = call->req->timeout > 0 ? call->req->timeout : DEFAULT_TIMEOUT;
    const char *what = "no connection in %g s to";

    call->reply.error = ZAPI_E_NET_TIMEOUT;
    if (call->reply.written)
        what = call->reply.status ? "no whole answer in %g s from"
                                  : "no answer in %g s from";
    else if (call->state == ZAPI_CALL_QUEUED)
        what = "too many calls under way: waited %g s to call";
    snprintf(text, sizeof text, what, s);
    zapi_http_say_failure(call, text, "");
}
