/* SPDX-License-Identifier: MIT
 *
 * See front.h. The door thread asks on_gate and on_exchange; what they read of
 * the seats is under `lock`, which they hold for a look, or while a seat's
 * `request` puts an exchange into its list. So a seat that was detached is
 * touched by nobody. The loop changes seats under the lock; the rest is the
 * loop's alone.
 *
 *   webhook   secret (any seat's) → ingest → token → hub → 200 after the commit
 *   else      the route with the fewest parameters → its seat's `request`
 *
 * Start reading at on_exchange.
 */
#include "engine/front.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/metrics.h"
#include "base/redact.h"
#include "base/text.h"
#include "engine/hub.h"
#include "engine/ingest.h"
#include "net/listen.h"
#include "net/tls.h"

#define WEBHOOK_PATIENCE 2.5 /* seconds; Z-API gives up after three */

static const char webhook_path[] = "/webhook/";

struct secret { /* of one seat or several */
    struct secret *next;
    unsigned refs;
    size_t len;
    char text[];
};

struct token {
    struct token *next;
    char *instance, *token;
};

struct route {
    unsigned parameters;
    char *path;    /* after the method, in its block; "/orders/{}" */
    char method[]; /* and the path */
};

struct zapi_front_seat {
    struct zapi_front *front;
    struct zapi_front_seat *next;
    struct zapi_front_seat_config config; /* strings are copies */
    struct secret *secret;
    struct route **routes; /* NULL ends; NULL: whatever is left */
    struct token *tokens;
    bool used; /* serves */
};

struct zapi_front {
    struct zapi_front_config config; /* strings are copies */
    struct zapi_fronts *all;         /* NULL: nobody shares it */
    atomic_uint refs; /* whoever has it, and events that are being stored */
    struct zapi_front *next;
    struct zapi_webhook_gate *gate;
    struct zapi_tls *tls;   /* until it is started: then the door's */
    struct zapi_door *door; /* NULL: not started */
    char address[160];
    atomic_bool draining; /* the program ends */
    bool gathered; /* door thread: the loop is to be woken at the turn's end */
    atomic_size_t received, duplicates;
    pthread_mutex_t lock;
    pthread_cond_t opening;
    atomic_bool opened; /* somebody served once; before, requests wait */
    struct zapi_front_seat *seats;
    struct secret *secrets;
    unsigned serving;
};

/* ---- routes ---- */

/* The next part of a path, without slashes; false: there is none. */
static bool next_part(const char **path, const char **part, size_t *len)
{
    *path += strspn(*path, "/");
    *part = *path;
    *len = strcspn(*path, "/");
    *path += *len;
    return *len > 0;
}

static bool is_parameter(const char *part, size_t len)
{
    return len == 2 && part[0] == '{' && part[1] == '}';
}

/* Does the path have this shape? `exact`: as shapes, "{}" is no wildcard. */
static bool fits(const char *shape, const char *path, bool exact)
{
    for (;;) {
        const char *a, *b;
        size_t na, nb;
        bool more = next_part(&shape, &a, &na);
        if (more != next_part(&path, &b, &nb))
            return false;
        if (!more)
            return true;
        if (!exact && is_parameter(a, na))
            continue;
        if (na != nb || memcmp(a, b, na) != 0)
            return false;
    }
}

/* NULL: no memory. */
static struct route *route_new(const char *text)
{
    size_t n = strlen(text) + 1, len;
    const char *path, *part;
    struct route *r = malloc(sizeof *r + n);
    if (!r)
        return NULL;
    memcpy(r->method, text, n);
    r->path = strchr(r->method, ' ');
    if (r->path)
        *r->path++ = '\0';
    else
        r->path = r->method + n - 1;
    r->parameters = 0;
    path = r->path;
    while (next_part(&path, &part, &len))
        r->parameters += is_parameter(part, len);
    return r;
}

static void free_routes(struct route **routes)
{
    for (size_t i = 0; routes && routes[i]; i++)
        free(routes[i]);
    free(routes);
}

/* NULL: no memory. */
static struct route **copy_routes(const char *const *texts)
{
    size_t n = 0;
    while (texts[n])
        n++;
    struct route **routes = calloc(n + 1, sizeof *routes);
    for (size_t i = 0; routes && i < n; i++) {
        routes[i] = route_new(texts[i]);
        if (!routes[i]) {
            free_routes(routes);
            return NULL;
        }
    }
    return routes;
}

static bool answers(const struct route *r, const char *method)
{
    return strcmp(r->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(r->method, "GET") == 0);
}

struct found {
    struct zapi_front_seat *seat; /* NULL: no such path, or method */
    unsigned parameters;
    bool path; /* some method of the path is there */
};

static void look_at(struct found *f, struct zapi_front_seat *seat,
                    const struct route *r, const char *method, const char *path)
{
    if (!fits(r->path, path, false))
        return;
    f->path = true;
    if (!answers(r, method) || (f->seat && f->parameters <= r->parameters))
        return;
    f->seat = seat;
    f->parameters = r->parameters;
}

/* Under the lock. */
static struct found find_route(const struct zapi_front *f, const char *method,
                               const char *path)
{
    struct found found = {.seat = NULL};
    struct zapi_front_seat *rest = NULL;
    for (struct zapi_front_seat *s = f->seats; s; s = s->next) {
        if (!s->used || !s->config.request)
            continue;
        if (!s->routes)
            rest = s;
        for (size_t i = 0; s->routes && s->routes[i]; i++)
            look_at(&found, s, s->routes[i], method, path);
    }
    if (!found.path && rest)
        found = (struct found){.seat = rest, .path = true};
    return found;
}

/* Whose bots these are that cannot have the same route: those of other
 * automations, and the others of the same generation. */
static bool is_rival(const struct zapi_front_seat_config *a,
                     const struct zapi_front_seat_config *b)
{
    if (strcmp(a->automation, b->automation) != 0)
        return true;
    return a->generation == b->generation && strcmp(a->name, b->name) != 0;
}

static const struct route *same_route(struct route *const *routes,
                                      const struct route *r)
{
    for (size_t i = 0; routes && routes[i]; i++)
        if (strcmp(routes[i]->method, r->method) == 0 &&
            fits(routes[i]->path, r->path, true))
            return routes[i];
    return NULL;
}

/* Loop thread: only it changes seats. */
static bool is_free(const struct zapi_front *f,
                    const struct zapi_front_seat_config *c,
                    struct route *const *routes, struct zapi_error *error)
{
    for (const struct zapi_front_seat *s = f->seats; s; s = s->next)
        for (size_t i = 0; routes && routes[i]; i++) {
            if (!is_rival(&s->config, c) || !same_route(s->routes, routes[i]))
                continue;
            bool scripts = strcmp(s->config.automation, c->automation) != 0;
            zapi_error_set(error, ZAPI_E_CONFIG,
                           "'%s' and '%s' both have the route %s %s (bot:http)",
                           scripts ? s->config.automation : s->config.name,
                           scripts ? c->automation : c->name, routes[i]->method,
                           routes[i]->path);
            return false;
        }
    return true;
}

/* "GET, HEAD, POST" of what has this path. */
static void allow_of(struct zapi_front *f, const char *path, char *out,
                     size_t room)
{
    static const char *const methods[] = {"DELETE", "GET",  "HEAD", "OPTIONS",
                                          "PATCH",  "POST", "PUT",  NULL};
    size_t at = (size_t)snprintf(out, room, "Allow:");
    const char *comma = " ";
    for (size_t i = 0; methods[i] && at < room; i++) {
        pthread_mutex_lock(&f->lock);
        struct found found = find_route(f, methods[i], path);
        pthread_mutex_unlock(&f->lock);
        if (!found.seat)
            continue;
        at += (size_t)snprintf(out + at, room - at, "%s%s", comma, methods[i]);
        comma = ", ";
    }
}

/* ---- webhooks; the door thread ---- */

static bool is_webhook(const struct zapi_exchange *ex)
{
    return strncmp(zapi_exchange_path(ex), webhook_path,
                   sizeof webhook_path - 1) == 0;
}

/* Under the lock. All are compared to the end, whichever is right. */
static bool is_secret(const struct zapi_front *f, const char *given)
{
    size_t n = strlen(given);
    bool right = false;
    for (const struct secret *s = f->secrets; s; s = s->next)
        right = zapi_text_equal_ct(given, n, s->text, s->len) || right;
    return right;
}

static int check_webhook(struct zapi_front *f, struct zapi_exchange *ex)
{
    const char *type = zapi_exchange_header(ex, "Content-Type");
    pthread_mutex_lock(&f->lock);
    bool right = is_secret(f, zapi_exchange_path(ex) + sizeof webhook_path - 1);
    bool serves = f->serving > 0;
    pthread_mutex_unlock(&f->lock);
    if (!right) {
        zapi_exchange_reason(ex, "wrong webhook secret");
        return 401;
    }
    if (!serves || (atomic_load(&f->draining) && !zapi_hub_db(f->config.hub)))
        return 503; /* what is only in memory would be lost */
    if (type && strncasecmp(type, "multipart/", 10) == 0) {
        zapi_exchange_reason(ex, "multipart is not accepted");
        return 415;
    }
    return 0;
}

/* Whoever calls while the bots start waits, as in the backlog of the socket. */
static void await_opening(struct zapi_front *f)
{
    if (atomic_load(&f->opened))
        return;
    pthread_mutex_lock(&f->lock);
    while (!atomic_load(&f->opened))
        pthread_cond_wait(&f->opening, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

static void open_up(struct zapi_front *f)
{
    if (atomic_load(&f->opened))
        return;
    pthread_mutex_lock(&f->lock);
    atomic_store(&f->opened, true);
    pthread_cond_broadcast(&f->opening);
    pthread_mutex_unlock(&f->lock);
}

static int on_gate(void *arg, struct zapi_exchange *ex)
{
    struct zapi_front *f = arg;
    await_opening(f);
    if (is_webhook(ex))
        return check_webhook(f, ex);
    pthread_mutex_lock(&f->lock);
    bool serves = f->serving > 0;
    bool path =
        find_route(f, zapi_exchange_method(ex), zapi_exchange_path(ex)).path;
    pthread_mutex_unlock(&f->lock);
    if (!serves)
        return 503;
    return path ? 0 : 404;
}

/* A wake for each event would switch threads for each event when both share a
 * core: they are gathered, and the loop is woken once for a turn's events. */
static void on_turn(void *arg)
{
    struct zapi_front *f = arg;
    if (f->gathered)
        zapi_hub_wake(f->config.hub);
    f->gathered = false;
}

static void count_duplicate(struct zapi_front *f)
{
    atomic_fetch_add(&f->duplicates, 1);
    zapi_metrics_add(ZAPI_M_EVENTS, "kind=\"\",result=\"duplicate\"", 1);
}

static void front_unref(struct zapi_front *f)
{
    if (atomic_fetch_sub(&f->refs, 1) == 1)
        free(f);
}

static void answer_stored(struct zapi_front *f, struct zapi_exchange *ex,
                          enum zapi_inbox_result result)
{
    if (result == ZAPI_INBOX_FULL) {
        zapi_exchange_refuse(ex, 503, NULL, "nothing can be stored now");
        return;
    }
    atomic_fetch_add(&f->received, 1);
    if (result == ZAPI_INBOX_DUPLICATE)
        count_duplicate(f);
    zapi_exchange_respond(ex, 200, NULL, NULL, 0);
}

/* The writer thread, maybe after the door was stopped. */
static void on_stored(void *arg, enum zapi_inbox_result result)
{
    struct zapi_front *f = zapi_exchange_data(arg);
    answer_stored(f, arg, result);
    front_unref(f);
}

static const char *remote_of(void *ex)
{
    return zapi_exchange_remote(ex);
}

/* false: it was refused. */
static bool check_token(struct zapi_front *f, struct zapi_exchange *ex,
                        const struct zapi_event *ev)
{
    const char *reason = "", *header = zapi_exchange_header(ex, "z-api-token");
    int status = zapi_webhook_gate_check(f->gate, ev->instance, header,
                                         remote_of, ex, &reason);
    if (status)
        zapi_exchange_refuse(ex, status, NULL, reason);
    return status == 0;
}

static void take_webhook(struct zapi_front *f, struct zapi_exchange *ex)
{
    struct zapi_error error = {0};
    size_t len;
    char *body = zapi_exchange_take_body(ex, &len);
    struct zapi_event *ev = zapi_ingest(body, len, &error);
    if (!ev) {
        int status = error.kind == ZAPI_E_NO_MEMORY ? 503 : 400;
        zapi_exchange_refuse(ex, status, NULL, error.message);
        return;
    }
    if (!check_token(f, ex, ev)) {
        zapi_event_free(ev);
        return;
    }
    atomic_fetch_add(&f->refs, 1);
    zapi_exchange_set_data(ex, f);
    zapi_exchange_patience(ex, WEBHOOK_PATIENCE);
    if (zapi_hub_take(f->config.hub, ev, true, on_stored, ex))
        f->gathered = true;
}

/* ---- users' requests; the door thread ---- */

static void refuse_method(struct zapi_front *f, struct zapi_exchange *ex)
{
    char allow[80];
    const char *const headers[] = {allow, NULL};
    allow_of(f, zapi_exchange_path(ex), allow, sizeof allow);
    zapi_exchange_refuse(ex, 405, headers, "method not allowed");
}

/* Its seat may have gone since on_gate. */
static void pass_on(struct zapi_front *f, struct zapi_exchange *ex)
{
    pthread_mutex_lock(&f->lock);
    struct found found =
        find_route(f, zapi_exchange_method(ex), zapi_exchange_path(ex));
    if (found.seat)
        found.seat->config.request(found.seat->config.arg, ex);
    pthread_mutex_unlock(&f->lock);
    if (found.seat)
        return;
    if (found.path)
        refuse_method(f, ex);
    else
        zapi_exchange_refuse(ex, 503, NULL, "nobody serves this path now");
}

static void on_exchange(void *arg, struct zapi_exchange *ex)
{
    static const char *const allow[] = {"Allow: POST", NULL};
    struct zapi_front *f = arg;
    if (!is_webhook(ex))
        pass_on(f, ex);
    else if (strcmp(zapi_exchange_method(ex), "POST") != 0)
        zapi_exchange_refuse(ex, 405, allow, "webhooks are POSTed");
    else
        take_webhook(f, ex);
}

/* ---- life ---- */

static void front_free(struct zapi_front *f)
{
    open_up(f);
    zapi_door_stop(f->door);
    if (f->config.listen_fd >= 0)
        close(f->config.listen_fd);
    zapi_webhook_gate_delete(f->gate);
    zapi_tls_delete(f->tls);
    pthread_cond_destroy(&f->opening);
    pthread_mutex_destroy(&f->lock);
    free((char *)(uintptr_t)f->config.listen);
    free((char *)(uintptr_t)f->config.label);
    free((char *)(uintptr_t)f->config.proxies);
    front_unref(f);
}

static struct zapi_front *front_new(const struct zapi_front_config *config)
{
    struct zapi_front *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    atomic_init(&f->refs, 1);
    f->config = *config;
    f->config.listen_fd = -1;
    f->config.listen = strdup(config->listen);
    f->config.label = strdup(config->label ? config->label : "webhook");
    f->config.proxies = strdup(config->proxies ? config->proxies : "");
    f->config.tls_cert = f->config.tls_key = NULL; /* borrowed: not kept */
    f->gate = zapi_webhook_gate_new(ZAPI_TOKEN_OBSERVE);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->opening, NULL);
    if (f->config.listen && f->config.label && f->config.proxies && f->gate)
        return f;
    front_free(f);
    return NULL;
}

/* false: *error. */
static bool read_certificate(struct zapi_front *f,
                             const struct zapi_front_config *config,
                             struct zapi_error *error)
{
    struct zapi_tls_config c = {.cert = config->tls_cert,
                                .key = config->tls_key,
                                .label = f->config.label};
    bool wanted = (c.cert && *c.cert) || (c.key && *c.key);
    if (wanted)
        f->tls = zapi_tls_new(&c, error);
    return f->tls || !wanted;
}

struct zapi_front *zapi_front_open(const struct zapi_front_config *config,
                                   struct zapi_error *error)
{
    struct zapi_front *f = front_new(config);
    if (!f) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for a listener");
        return NULL;
    }
    if (!read_certificate(f, config, error)) {
        front_free(f);
        return NULL;
    }
    if (config->listen_fd >= 0)
        f->config.listen_fd = config->listen_fd;
    else
        f->config.listen_fd = zapi_listen(config->listen, error);
    if (f->config.listen_fd < 0) {
        front_free(f);
        return NULL;
    }
    zapi_listen_name(f->config.listen_fd, f->address, sizeof f->address);
    return f;
}

bool zapi_front_start(struct zapi_front *f, struct zapi_error *error)
{
    struct zapi_door_config c = {.listen = f->config.listen,
                                 .listen_fd = f->config.listen_fd,
                                 .label = f->config.label,
                                 .trusted_proxies = f->config.proxies,
                                 .max_body = f->config.max_body,
                                 .tls = f->tls,
                                 .patient = true,
                                 .gate = on_gate,
                                 .handle = on_exchange,
                                 .turn = on_turn,
                                 .arg = f};
    if (f->door)
        return true;
    f->config.listen_fd = -1; /* the door's, also when it does not start */
    f->tls = NULL;            /* as well */
    f->door = zapi_door_start(&c, error);
    return f->door != NULL;
}

void zapi_front_release(struct zapi_front *f)
{
    struct zapi_front **link;
    if (!f || f->seats)
        return;
    for (link = f->all ? &f->all->first : NULL; link && *link;
         link = &(*link)->next)
        if (*link == f) {
            *link = f->next;
            break;
        }
    front_free(f);
}

const char *zapi_front_address(const struct zapi_front *f)
{
    return f->address;
}

void zapi_front_quiesce(struct zapi_front *f)
{
    atomic_store(&f->draining, true);
    open_up(f);
    if (f->door)
        zapi_door_quiesce(f->door);
}

size_t zapi_front_in_flight(struct zapi_front *f)
{
    return f->door ? zapi_door_in_flight(f->door) : 0;
}

size_t zapi_front_refused(const struct zapi_front *f)
{
    return f->door ? zapi_door_refused(f->door) : 0;
}

size_t zapi_front_received(const struct zapi_front *f)
{
    return atomic_load(&f->received);
}

size_t zapi_front_duplicates(const struct zapi_front *f)
{
    return atomic_load(&f->duplicates);
}

/* ---- seats ---- */

/* NULL: no memory. */
static struct secret *secret_ref(struct zapi_front *f, const char *text,
                                 size_t len)
{
    struct secret *s = f->secrets;
    while (s && (s->len != len || memcmp(s->text, text, len) != 0))
        s = s->next;
    if (s) {
        s->refs++;
        return s;
    }
    s = malloc(sizeof *s + len + 1);
    if (!s)
        return NULL;
    *s = (struct secret){.refs = 1, .len = len};
    memcpy(s->text, text, len);
    s->text[len] = '\0';
    zapi_redact_add(text, len);
    pthread_mutex_lock(&f->lock);
    s->next = f->secrets;
    f->secrets = s;
    pthread_mutex_unlock(&f->lock);
    return s;
}

static void secret_unref(struct zapi_front *f, struct secret *s)
{
    struct secret **link = &f->secrets;
    if (!s || --s->refs > 0)
        return;
    pthread_mutex_lock(&f->lock);
    while (*link != s)
        link = &(*link)->next;
    *link = s->next;
    pthread_mutex_unlock(&f->lock);
    free(s);
}

static void token_free(struct token *t)
{
    free(t->instance);
    free(t->token);
    free(t);
}

static void seat_free(struct zapi_front_seat *s)
{
    while (s->tokens) {
        struct token *t = s->tokens;
        s->tokens = t->next;
        token_free(t);
    }
    secret_unref(s->front, s->secret);
    free_routes(s->routes);
    free((char *)(uintptr_t)s->config.automation);
    free((char *)(uintptr_t)s->config.name);
    free(s);
}

static struct zapi_front_seat *
seat_new(struct zapi_front *f, const struct zapi_front_seat_config *config)
{
    struct zapi_front_seat *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->front = f;
    s->config = *config;
    s->config.automation = strdup(config->automation);
    s->config.name = strdup(config->name);
    s->config.secret = NULL; /* not borrowed any longer */
    s->config.routes = NULL;
    s->secret = secret_ref(f, config->secret, config->secret_len);
    if (config->routes)
        s->routes = copy_routes(config->routes);
    if (s->config.automation && s->config.name && s->secret &&
        (s->routes || !config->routes))
        return s;
    seat_free(s);
    return NULL;
}

struct zapi_front_seat *
zapi_front_attach(struct zapi_front *f,
                  const struct zapi_front_seat_config *config,
                  struct zapi_error *error)
{
    struct zapi_front_seat *s = seat_new(f, config);
    if (!s) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for a bot's door");
        return NULL;
    }
    if (!is_free(f, &s->config, s->routes, error)) {
        seat_free(s);
        return NULL;
    }
    pthread_mutex_lock(&f->lock);
    s->next = f->seats;
    f->seats = s;
    pthread_mutex_unlock(&f->lock);
    return s;
}

bool zapi_front_route(struct zapi_front_seat *s, const char *const *routes,
                      struct zapi_error *error)
{
    struct zapi_front *f = s->front;
    struct route **copy = copy_routes(routes), **old = s->routes;
    zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for a route");
    if (!copy || !is_free(f, &s->config, copy, error)) {
        free_routes(copy);
        return false;
    }
    pthread_mutex_lock(&f->lock);
    s->routes = copy;
    pthread_mutex_unlock(&f->lock);
    free_routes(old);
    return true;
}

bool zapi_front_know(struct zapi_front_seat *s, const char *instance,
                     const char *token)
{
    struct token *t = calloc(1, sizeof *t);
    if (t) {
        t->instance = strdup(instance);
        t->token = strdup(token);
    }
    if (!t || !t->instance || !t->token) {
        if (t)
            token_free(t);
        return false;
    }
    t->next = s->tokens;
    s->tokens = t;
    return true;
}

/* Under the lock. */
static void set_used(struct zapi_front_seat *s, bool used)
{
    if (s->used != used)
        s->front->serving += used ? 1 : (unsigned)-1;
    s->used = used;
}

void zapi_front_use(struct zapi_front_seat *seat)
{
    struct zapi_front *f = seat->front;
    zapi_webhook_gate_set_mode(f->gate, seat->config.check);
    while (seat->tokens) {
        struct token *t = seat->tokens;
        seat->tokens = t->next;
        zapi_webhook_gate_add(f->gate, t->instance, t->token);
        token_free(t);
    }
    pthread_mutex_lock(&f->lock);
    for (struct zapi_front_seat *s = f->seats; s; s = s->next)
        if (s != seat && strcmp(s->config.name, seat->config.name) == 0 &&
            strcmp(s->config.automation, seat->config.automation) == 0)
            set_used(s, false);
    set_used(seat, true);
    pthread_mutex_unlock(&f->lock);
    if (!f->all || !f->all->held)
        open_up(f);
}

void zapi_front_pause(struct zapi_front_seat *seat)
{
    struct zapi_front *f = seat->front;
    pthread_mutex_lock(&f->lock);
    set_used(seat, false);
    bool serves = f->serving > 0;
    pthread_mutex_unlock(&f->lock);
    if (!f->all && !serves)
        zapi_front_quiesce(f);
}

void zapi_front_detach(struct zapi_front_seat *seat)
{
    if (!seat)
        return;
    struct zapi_front *f = seat->front;
    struct zapi_front_seat **link = &f->seats;
    pthread_mutex_lock(&f->lock);
    set_used(seat, false);
    while (*link != seat)
        link = &(*link)->next;
    *link = seat->next;
    pthread_mutex_unlock(&f->lock);
    seat_free(seat);
}

/* ---- the fronts of a process ---- */

struct zapi_front *zapi_fronts_get(struct zapi_fronts *all,
                                   const struct zapi_front_config *config,
                                   struct zapi_error *error)
{
    struct zapi_front_config c = *config;
    struct zapi_front *f = all->first;
    while (f && strcmp(f->config.listen, config->listen) != 0)
        f = f->next;
    if (f)
        return f;
    if (c.listen_fd >= 0)
        c.listen_fd = fcntl(c.listen_fd, F_DUPFD_CLOEXEC, 0);
    f = zapi_front_open(&c, error);
    if (!f)
        return NULL;
    f->all = all;
    f->next = all->first;
    all->first = f;
    return f;
}

void zapi_fronts_hold(struct zapi_fronts *all)
{
    all->held = true;
}

void zapi_fronts_go(struct zapi_fronts *all)
{
    all->held = false;
    for (struct zapi_front *f = all->first; f; f = f->next)
        if (f->serving > 0)
            open_up(f);
}

void zapi_fronts_renew(struct zapi_fronts *all)
{
    for (struct zapi_front *f = all->first; f; f = f->next)
        if (f->door)
            zapi_door_renew(f->door);
}

void zapi_fronts_quiesce(struct zapi_fronts *all)
{
    for (struct zapi_front *f = all->first; f; f = f->next)
        zapi_front_quiesce(f);
}

void zapi_fronts_hang_up(struct zapi_fronts *all)
{
    for (struct zapi_front *f = all->first; f; f = f->next)
        if (f->door)
            zapi_door_hang_up(f->door);
}

size_t zapi_fronts_in_flight(struct zapi_fronts *all)
{
    size_t n = 0;
    for (struct zapi_front *f = all->first; f; f = f->next)
        n += zapi_front_in_flight(f);
    return n;
}
