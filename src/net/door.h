/* SPDX-License-Identifier: MIT
 *
 * The door: an HTTP server (libmicrohttpd) on a thread of its own. It reads a
 * whole request, calls its owner's handler on the door thread, and either has
 * the answer at once or waits (the connection suspended) until somebody, on
 * any thread, answers. It knows nothing of webhooks or Lua.
 *
 * Life of an exchange: `gate` (headers known; may refuse before a body is
 * read) → body read, gunzipped, limits applied → `handle` → respond, or a
 * stream. The exchange is alive until the owner has responded (or ended its
 * stream) *and* the connection is done with it; after zapi_exchange_respond or
 * zapi_stream_end the owner must not touch it.
 */
#ifndef ZAPI_NET_DOOR_H
#define ZAPI_NET_DOOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct zapi_door;
struct zapi_exchange;
struct zapi_tls;

/* Both run on the door thread and must not block. */
/* Returns 0 to go on, or an HTTP status that refuses the request; the reason
 * for the log and the client may be given with zapi_exchange_reason. */
typedef int zapi_door_gate(void *arg, struct zapi_exchange *ex);
/* Owns `ex` from now on: answers now or later, from any thread. */
typedef void zapi_door_handle(void *arg, struct zapi_exchange *ex);

struct zapi_door_config {
    const char *listen; /* "127.0.0.1:8080", "[::1]:0", ":8080"; port 0: any */
    int listen_fd;      /* an inherited listening socket, or -1 */
    const char *label;  /* for the log: "webhook", "sandbox" */
    size_t max_body;    /* after gunzip; 0: 1 MiB */
    unsigned connections;  /* 0: 512 */
    unsigned idle_timeout; /* seconds; 0: 30 */
    /* Seconds for the headers of a request, from its first line (or from the
     * connection) on; 0: 10. And for its body, as for reading its answer, plus
     * one for each 16 KiB; 0: 20. Whoever is slower is cut off: clients that
     * drip bytes must not hold all connections. */
    double header_timeout, body_timeout;
    /* Proxies whose X-Forwarded-For is believed: "127.0.0.1, 10.0.0.0/8", or
     * NULL. Only with it are limits kept per address (net/peers.h); 0: its
     * defaults. */
    const char *trusted_proxies;
    unsigned per_address; /* connections, or requests through a proxy */
    unsigned mistakes;    /* 401s a minute, then 429 instead */
    /* HTTPS only, with this certificate (net/tls.h); NULL: HTTP. The door's
     * from now on, also when it does not start. A handshake takes its time from
     * `header_timeout`. */
    struct zapi_tls *tls;
    double reply_timeout; /* seconds a suspended request waits before the door
                              answers 503 itself; 0: 30; < 0: never */
    bool patient; /* quiesced, it still serves who was let in: see below */
    zapi_door_gate *gate; /* may be NULL */
    zapi_door_handle *handle;
    /* Door thread: once after the requests of a turn were handled, before it
     * waits for more. Where to wake others once for all of them; or NULL. */
    void (*turn)(void *arg);
    void *arg;
};

/* Listens and starts the thread; logs "listening ADDRESS (label)" once it
 * accepts. NULL: *error says why (address in use, no permission). */
struct zapi_door *zapi_door_start(const struct zapi_door_config *config,
                                  struct zapi_error *error);
/* "127.0.0.1:41234", with the real port. Borrowed. */
const char *zapi_door_address(const struct zapi_door *door);
/* Looks at once for a certificate that was renewed. Any thread. */
void zapi_door_renew(struct zapi_door *door);
/* No new connections; new requests on open ones get 503. A patient door handles
 * them, and closes each connection with its answer; whoever was let in and has
 * not asked yet counts as in flight for a second. Returns at once. */
void zapi_door_quiesce(struct zapi_door *door);
/* After quiesce: closes the connections on which nothing comes, so that nobody
 * asks here once its owners have gone. Those that are left count as in flight
 * for a second. Returns at once. */
void zapi_door_hang_up(struct zapi_door *door);
/* Requests whose answer has not yet been written. Any thread. */
size_t zapi_door_in_flight(struct zapi_door *door);
/* Requests refused so far: by the gate, by the door's own limits, and with
 * zapi_exchange_refuse. Any thread. */
size_t zapi_door_refused(struct zapi_door *door);
/* Quiesces, answers 503 to what is still suspended, waits (bounded) until the
 * answers are out, joins the thread, frees. Exchanges still owned elsewhere
 * stay valid for respond(), which then only frees. NULL is fine. */
void zapi_door_stop(struct zapi_door *door);

/* ---- reading; valid from gate on, borrowed until respond/end ---- */
const char *zapi_exchange_method(const struct zapi_exchange *ex);
const char *zapi_exchange_path(const struct zapi_exchange *ex); /* decoded;
                                              "" when it held a NUL */
/* Value of a header (any case) or NULL. */
const char *zapi_exchange_header(const struct zapi_exchange *ex,
                                 const char *name);
/* The client's numeric address, without its port; behind a trusted proxy the
 * one that it tells. */
const char *zapi_exchange_remote(struct zapi_exchange *ex);
/* Inside the gate only: why it refuses. Static text. */
void zapi_exchange_reason(struct zapi_exchange *ex, const char *reason);
typedef void zapi_exchange_visit(void *arg, const char *name,
                                 const char *value);
/* Every header or query argument (decoded), in order. Copied at the time the
 * handler is called, so that they may be read from any thread. */
void zapi_exchange_headers(const struct zapi_exchange *ex,
                           zapi_exchange_visit *visit, void *arg);
void zapi_exchange_query(const struct zapi_exchange *ex,
                         zapi_exchange_visit *visit, void *arg);
const char *zapi_exchange_body(const struct zapi_exchange *ex, size_t *len);
/* Moves the body to the caller, who frees it. NULL when empty. */
char *zapi_exchange_take_body(struct zapi_exchange *ex, size_t *len);
/* From within `handle` only: how many seconds this request waits at most,
 * instead of `reply_timeout`. An answer that comes later leads nowhere. */
void zapi_exchange_patience(struct zapi_exchange *ex, double seconds);
/* A pointer of the owner's, for whatever it needs. */
void zapi_exchange_set_data(struct zapi_exchange *ex, void *data);
void *zapi_exchange_data(const struct zapi_exchange *ex);

/* Whoever answers many requests at once corks first: the door's thread is then
 * woken once, at the end, instead of in between. Of the calling thread; do not
 * nest. */
void zapi_door_cork(void);
void zapi_door_uncork(void);

/* ---- answering; exactly one of respond and stream ---- */
/* `body` and `headers` ("Name: value" …, NULL-terminated, or NULL) are copied.
 * HEAD and 204/304 are sent without a body. */
void zapi_exchange_respond(struct zapi_exchange *ex, int status,
                           const char *const *headers, const char *body,
                           size_t len);
/* The same as a refusal: answers `reason` as text and logs one line (a few a
 * second at most; the rest is counted). Static text without secrets. */
void zapi_exchange_refuse(struct zapi_exchange *ex, int status,
                          const char *const *headers, const char *reason);
/* A body of unknown length, e.g. server-sent events. `wake` runs on the door
 * thread when the client is gone or a full queue has room again, under the
 * door's lock: it only signals (uv_async_send, a condition) and calls nothing
 * of this header. It never runs once zapi_stream_end has returned. */
typedef void zapi_stream_wake(void *arg);
void zapi_stream_begin(struct zapi_exchange *ex, int status,
                       const char *const *headers, zapi_stream_wake *wake,
                       void *arg);
/* Bytes that were queued: 0 when the queue (256 KiB) is full, -1 when the
 * client is gone. Never partial; a piece larger than the queue is taken when
 * the queue is empty. */
long zapi_stream_write(struct zapi_exchange *ex, const char *p, size_t n);
/* `whole` false: something is missing, so the connection breaks off instead of
 * ending the body, and the client knows. */
void zapi_stream_end(struct zapi_exchange *ex, bool whole);

#endif
