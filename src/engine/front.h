/* SPDX-License-Identifier: MIT
 *
 * The front of a process at one address: the door that takes webhooks and
 * users' requests, and who is behind it. It outlives the bots: one that is
 * loaded anew attaches beside its older self, and takes its place between two
 * requests, while the socket never closes.
 *
 * In the program a front belongs to the program, and every automation that
 * listens there shares it; in plain Lua each service has its own. Loop thread,
 * but for `request`. Start reading at zapi_front_attach.
 */
#ifndef ZAPI_ENGINE_FRONT_H
#define ZAPI_ENGINE_FRONT_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/webhook_gate.h"
#include "net/door.h"

struct zapi_hub;
struct zapi_front;
struct zapi_front_seat; /* one attached service */

struct zapi_front_config {
    struct zapi_hub *hub; /* where webhooks go; outlives the front */
    const char *listen;   /* "127.0.0.1:8080" */
    int listen_fd;        /* an inherited listening socket, or -1 */
    const char *label;    /* for the log */
    const char *proxies;  /* trusted ones: see door.h */
    /* Files of a certificate and its key: HTTPS. NULL or "": HTTP. */
    const char *tls_cert, *tls_key;
    size_t max_body; /* 0: the door's default */
};

/* Binds the address: whoever connects waits until it is started. NULL:
 * *error. */
struct zapi_front *zapi_front_open(const struct zapi_front_config *config,
                                   struct zapi_error *error);
/* Accepts from now on; again: nothing. false: *error. */
bool zapi_front_start(struct zapi_front *front, struct zapi_error *error);
/* Whoever got it needs it no more: with no seats left the door is stopped and
 * the socket closed. NULL is fine. */
void zapi_front_release(struct zapi_front *front);
/* "127.0.0.1:41234", with the real port. Borrowed. */
const char *zapi_front_address(const struct zapi_front *front);
/* The program ends: no new connections. Requests on open ones are handled; with
 * data in memory webhooks get 503. */
void zapi_front_quiesce(struct zapi_front *front);
/* Requests without an answer; refused, received, seen before. */
size_t zapi_front_in_flight(struct zapi_front *front);
size_t zapi_front_refused(const struct zapi_front *front);
size_t zapi_front_received(const struct zapi_front *front);
size_t zapi_front_duplicates(const struct zapi_front *front);

struct zapi_front_seat_config {
    const char *automation; /* whose bot it is; "" when there is one only */
    const void *generation; /* the bots of one generation have the same */
    const char *name;       /* of the bot */
    const char *secret;
    size_t secret_len;
    enum zapi_token_check check; /* the last one in use counts for all */
    /* Door thread, under the front's lock: it only passes the exchange on. May
     * be NULL: no users' routes. */
    void (*request)(void *arg, struct zapi_exchange *ex);
    void *arg;
    /* "GET /health", "POST /orders/{}", NULL ends. NULL: whatever no other
     * seat has. Paths are compared part by part; exact ones come before "{}". */
    const char *const *routes;
};

/* Beside those that are there, and not yet in use: its secret is known, its
 * tokens and routes are not. A route (method and shape) that somebody has who
 * is not of this automation, or another bot of the same generation, is an
 * error that names both. NULL: *error. */
struct zapi_front_seat *
zapi_front_attach(struct zapi_front *front,
                  const struct zapi_front_seat_config *config,
                  struct zapi_error *error);
/* The routes anew; false: *error, and all is as before. */
bool zapi_front_route(struct zapi_front_seat *seat, const char *const *routes,
                      struct zapi_error *error);
/* An instance of its bot with its token (copied). false: no memory. */
bool zapi_front_know(struct zapi_front_seat *seat, const char *instance,
                     const char *token);
/* Until somebody serves here for the first time, requests wait. From now on it
 * serves: webhooks are taken, and its routes lead here. The
 * seat of its automation with the same name serves no more. Cannot fail. */
void zapi_front_use(struct zapi_front_seat *seat);
/* It serves no more. When no other one does, all get 503; and in a front that
 * nobody shares, no new connections are taken. */
void zapi_front_pause(struct zapi_front_seat *seat);
/* Pauses, and goes: `request` does not run after this. NULL is fine. */
void zapi_front_detach(struct zapi_front_seat *seat);

/* ---- the fronts of a process ---- */

struct zapi_fronts { /* zeroed: none */
    struct zapi_front *first;
    bool held;
};

/* The front at config->listen, opened when there is none; the rest of `config`
 * is that of the first (listen_fd is copied: the caller's stays open). To be
 * released. NULL: *error. */
struct zapi_front *zapi_fronts_get(struct zapi_fronts *all,
                                   const struct zapi_front_config *config,
                                   struct zapi_error *error);
/* Between these requests wait, also where somebody serves: when several bots
 * start, an event must not be taken before all of them hear it. */
void zapi_fronts_hold(struct zapi_fronts *all);
void zapi_fronts_go(struct zapi_fronts *all);
/* Looks at once for renewed certificates. */
void zapi_fronts_renew(struct zapi_fronts *all);
void zapi_fronts_quiesce(struct zapi_fronts *all);
/* After it, when all is answered: closes the connections that are left. */
void zapi_fronts_hang_up(struct zapi_fronts *all);
size_t zapi_fronts_in_flight(struct zapi_fronts *all);

#endif
