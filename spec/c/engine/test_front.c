/* SPDX-License-Identifier: MIT
 *
 * The front with real sockets: who gets a webhook or a request, while bots come
 * beside, take the place of their older selves, pause and go.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

#include "base/log.h"
#include "check.h"
#include "engine/front.h"
#include "engine/hub.h"
#include "net/listen.h"

static uv_loop_t loop;
static struct zapi_hub *hub;
static struct zapi_error error;
static struct zapi_front *front;

static void finish(void)
{
    zapi_front_release(front);
    zapi_hub_close(hub);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
}

/* ---- seats ---- */

static void answer(void *arg, struct zapi_exchange *ex)
{
    const char *name = arg;
    zapi_exchange_respond(ex, 200, NULL, name, strlen(name));
}

static struct zapi_front_seat_config
config_of(const char *name, const char *secret, const char *const *routes)
{
    return (struct zapi_front_seat_config){.automation = name,
                                           .generation = name,
                                           .name = name,
                                           .secret = secret,
                                           .secret_len = strlen(secret),
                                           .check = ZAPI_TOKEN_OFF,
                                           .request = answer,
                                           .arg = (void *)(uintptr_t)name,
                                           .routes = routes};
}

static struct zapi_front_seat *attach(const char *name, const char *secret,
                                      const char *const *routes)
{
    struct zapi_front_seat_config c = config_of(name, secret, routes);
    struct zapi_front_seat *seat = zapi_front_attach(front, &c, &error);
    CHECK(seat != NULL);
    return seat;
}

/* Whoever calls before somebody has served waits; so somebody has. */
static void open_up(void)
{
    struct zapi_front_seat *seat = attach("opener", "x", NULL);
    zapi_front_use(seat);
    zapi_front_detach(seat);
}

static void begin(void)
{
    struct zapi_hub_config h = {.loop = &loop};
    struct zapi_front_config c = {.listen = "127.0.0.1:0", .listen_fd = -1};
    uv_loop_init(&loop);
    hub = zapi_hub_open(&h, &error);
    c.hub = hub;
    front = zapi_front_open(&c, &error);
    CHECK(hub && front && zapi_front_start(front, &error));
    open_up();
}

/* ---- a client ---- */

static char got[4096];

/* The status, 0 when there is no answer; `got` is the whole of it. */
static int ask_at(const char *address, const char *method, const char *path,
                  const char *headers, const char *body)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    char text[2048];
    size_t at = 0;
    int status = 0, fd = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int n = snprintf(text, sizeof text,
                     "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s"
                     "Content-Length: %zu\r\n\r\n%s",
                     method, path, headers, strlen(body), body);
    memset(got, 0, sizeof got);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
        send(fd, text, (size_t)n, MSG_NOSIGNAL) == n) {
        ssize_t k;
        while (at < sizeof got - 1 &&
               (k = recv(fd, got + at, sizeof got - 1 - at, 0)) > 0)
            at += (size_t)k;
        sscanf(got, "HTTP/1.1 %d", &status);
    }
    close(fd);
    return status;
}

static int ask(const char *method, const char *path)
{
    return ask_at(zapi_front_address(front), method, path, "", "");
}

static bool said(const char *text)
{
    const char *body = strstr(got, "\r\n\r\n");
    return body && strcmp(body + 4, text) == 0;
}

static int webhook_with(const char *secret, const char *instance,
                        const char *headers)
{
    static int n;
    char path[100], body[300];
    snprintf(path, sizeof path, "/webhook/%s", secret);
    snprintf(body, sizeof body,
             "{\"type\":\"ReceivedCallback\",\"phone\":\"5511900000001\","
             "\"messageId\":\"F%d\",\"instanceId\":\"%s\",\"fromMe\":false,"
             "\"text\":{\"message\":\"oi\"}}",
             ++n, instance);
    return ask_at(zapi_front_address(front), "POST", path, headers, body);
}

static int webhook(const char *secret)
{
    return webhook_with(secret, "I1", "");
}

/* ---- ---- */

static void webhooks_are_taken_while_somebody_serves(void)
{
    begin();
    CHECK_INT(webhook("one"), 401);
    struct zapi_front_seat *a = attach("a", "one", NULL);
    CHECK_INT(webhook("one"), 503);
    zapi_front_use(a);
    CHECK_INT(webhook("one"), 200);
    CHECK_INT(webhook("two"), 401);
    CHECK_INT(webhook("on"), 401);
    CHECK_INT(webhook(""), 401);
    CHECK_INT(ask("GET", "/webhook/one"), 405);
    struct zapi_front_seat *b = attach("b", "two", NULL);
    CHECK_INT(webhook("two"), 200); /* whoever is attached is known */
    struct zapi_front_seat *c = attach("c", "two", NULL);
    zapi_front_detach(b);
    CHECK_INT(webhook("two"), 200);
    zapi_front_detach(c);
    CHECK_INT(webhook("two"), 401);
    CHECK_INT(zapi_front_received(front), 3);
    CHECK_INT(zapi_front_duplicates(front), 0);
    zapi_front_detach(a);
    CHECK_INT(webhook("one"), 401);
    finish();
}

static void routes_lead_to_whose_they_are(void)
{
    static const char *const a_routes[] = {"GET /saude", "POST /pedidos/{}",
                                           NULL};
    static const char *const b_routes[] = {"POST /pedidos/novo", "PUT /saude",
                                           NULL};
    begin();
    struct zapi_front_seat *a = attach("a", "s", a_routes);
    CHECK_INT(ask("GET", "/saude"), 503);
    zapi_front_use(a);
    struct zapi_front_seat *b = attach("b", "s", b_routes);
    CHECK_INT(ask("POST", "/pedidos/novo"), 200); /* b's is not in use yet */
    CHECK(said("a"));
    zapi_front_use(b);
    CHECK_INT(ask("POST", "/pedidos/novo"), 200);
    CHECK(said("b"));
    CHECK_INT(ask("POST", "/pedidos/17"), 200);
    CHECK(said("a"));
    CHECK_INT(ask("POST", "//pedidos/17/"), 200);
    CHECK_INT(ask("POST", "/pedidos"), 404);
    CHECK_INT(ask("POST", "/pedidos/17/x"), 404);
    CHECK_INT(ask("HEAD", "/saude"), 200);
    CHECK_INT(ask("DELETE", "/saude"), 405);
    CHECK(strstr(got, "Allow: GET, HEAD, PUT\r\n") != NULL);
    CHECK_INT(ask("GET", "/"), 404);
    zapi_front_pause(b);
    CHECK_INT(ask("POST", "/pedidos/novo"), 200);
    CHECK(said("a"));
    zapi_front_detach(a);
    zapi_front_detach(b);
    finish();
}

static void two_cannot_have_one_route(void)
{
    static const char *const one[] = {"POST /p/{}", NULL};
    static const char *const other[] = {"GET /p/{}", "POST /p/x", NULL};
    begin();
    struct zapi_front_seat *a = attach("a.lua", "s", one);
    struct zapi_front_seat_config c = config_of("b.lua", "s", one);
    CHECK(zapi_front_attach(front, &c, &error) == NULL);
    CHECK_INT(error.kind, ZAPI_E_CONFIG);
    CHECK(strstr(error.message, "'a.lua' and 'b.lua'") != NULL);
    CHECK(strstr(error.message, "POST /p/{}") != NULL);
    struct zapi_front_seat *b = attach("b.lua", "s", other);
    CHECK(!zapi_front_route(b, one, &error));
    CHECK(strstr(error.message, "'a.lua' and 'b.lua'") != NULL);
    CHECK(zapi_front_route(b, other, &error));
    /* two bots of one script; of the next generation it is no matter */
    c = config_of("a.lua", "s", one);
    c.name = "second";
    CHECK(zapi_front_attach(front, &c, &error) == NULL);
    CHECK(strstr(error.message, "'a.lua' and 'second'") != NULL);
    c.generation = &c;
    struct zapi_front_seat *next = zapi_front_attach(front, &c, &error);
    CHECK(next != NULL);
    zapi_front_detach(a);
    zapi_front_detach(b);
    zapi_front_detach(next);
    finish();
}

static void the_next_one_takes_the_place_of_its_older_self(void)
{
    static const char *const routes[] = {"GET /quem", NULL};
    begin();
    struct zapi_front_seat_config c = config_of("bot", "s", routes);
    struct zapi_front_seat *old = attach("bot", "s", routes);
    zapi_front_use(old);
    c.arg = (void *)(uintptr_t) "next";
    c.generation = &c;
    struct zapi_front_seat *new = zapi_front_attach(front, &c, &error);
    CHECK_INT(ask("GET", "/quem"), 200);
    CHECK(said("bot"));
    zapi_front_use(new);
    CHECK_INT(ask("GET", "/quem"), 200);
    CHECK(said("next"));
    zapi_front_pause(old); /* is paused already */
    CHECK_INT(webhook("s"), 200);
    zapi_front_detach(old);
    CHECK_INT(ask("GET", "/quem"), 200);
    zapi_front_detach(new);
    finish();
}

static void tokens_count_when_they_are_in_use(void)
{
    static const char right[] = "z-api-token: right\r\n",
                      newer[] = "z-api-token: newer\r\n";
    begin();
    struct zapi_front_seat_config c = config_of("bot", "s", NULL);
    c.check = ZAPI_TOKEN_ENFORCE;
    struct zapi_front_seat *old = zapi_front_attach(front, &c, &error);
    CHECK(zapi_front_know(old, "I1", "right"));
    zapi_front_use(old);
    CHECK_INT(webhook_with("s", "I1", right), 200);
    CHECK_INT(webhook_with("s", "I1", newer), 401);
    c.generation = &c;
    struct zapi_front_seat *new = zapi_front_attach(front, &c, &error);
    CHECK(zapi_front_know(new, "I1", "newer"));
    CHECK_INT(webhook_with("s", "I1", newer), 401); /* only held */
    zapi_front_use(new);
    CHECK_INT(webhook_with("s", "I1", newer), 200);
    CHECK_INT(webhook_with("s", "I1", right), 401);
    zapi_front_detach(old);
    zapi_front_detach(new);
    finish();
}

static void a_process_has_one_front_at_an_address(void)
{
    struct zapi_fronts all = {0};
    char address[100], other[200];
    struct zapi_hub_config h = {.loop = &loop};
    uv_loop_init(&loop);
    hub = zapi_hub_open(&h, &error);
    struct zapi_front_config c = {
        .hub = hub, .listen = "127.0.0.1:0", .listen_fd = -1};
    front = zapi_fronts_get(&all, &c, &error);
    CHECK(front && zapi_fronts_get(&all, &c, &error) == front);
    struct zapi_front_seat *a = attach("a", "s", NULL);
    struct zapi_front_seat *b = attach("b", "s", NULL);
    CHECK(zapi_front_start(front, &error) && zapi_front_start(front, &error));
    zapi_front_use(a);
    strcpy(address, zapi_front_address(front));
    CHECK_INT(webhook("s"), 200);
    zapi_front_detach(a);
    zapi_front_release(front); /* b is there */
    CHECK_INT(webhook("s"), 503);
    zapi_front_use(b); /* though nobody served for a while */
    CHECK_INT(webhook("s"), 200);
    zapi_front_detach(b);
    zapi_front_release(front);
    CHECK(all.first == NULL);
    CHECK_INT(ask_at(address, "GET", "/", "", ""), 0); /* closed */
    /* an inherited socket: the caller's stays open */
    c.listen_fd = zapi_listen("127.0.0.1:0", &error);
    front = zapi_fronts_get(&all, &c, &error);
    zapi_listen_name(c.listen_fd, other, sizeof other);
    CHECK_STR(zapi_front_address(front), other);
    zapi_front_release(front);
    front = zapi_fronts_get(&all, &c, &error);
    CHECK(front && zapi_front_start(front, &error));
    open_up();
    CHECK_INT(ask_at(other, "GET", "/", "", ""), 503);
    zapi_fronts_quiesce(&all);
    for (int i = 0; i < 3000 && zapi_fronts_in_flight(&all) > 0; i++)
        usleep(1000); /* the door's thread closes the socket */
    CHECK_INT(zapi_fronts_in_flight(&all), 0);
    close(c.listen_fd);
    finish();
}

/* ---- the door thread meets the loop's ---- */

static atomic_bool over;
static atomic_int bad, good;

static void *ask_for_ever(void *arg)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    static const char text[] = "GET /quem HTTP/1.1\r\nHost: x\r\n\r\n";
    char reply[1000];
    const char *address = arg;
    to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        atomic_fetch_add(&bad, 1);
    while (!atomic_load(&over) && !atomic_load(&bad)) {
        bool ok = send(fd, text, sizeof text - 1, MSG_NOSIGNAL) > 0 &&
                  recv(fd, reply, sizeof reply, 0) > 12 &&
                  strncmp(reply, "HTTP/1.1 200", 12) == 0;
        atomic_fetch_add(ok ? &good : &bad, 1);
    }
    close(fd);
    return NULL;
}

static void no_request_is_lost_in_a_thousand_changes(void)
{
    static const char *const routes[] = {"GET /quem", NULL};
    pthread_t threads[2];
    begin();
    struct zapi_front_seat *old = attach("bot", "s", routes);
    zapi_front_use(old);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, ask_for_ever,
                       (void *)(uintptr_t)zapi_front_address(front));
    for (int i = 0; i < 1000 || (atomic_load(&good) < 500 && i < 200000); i++) {
        struct zapi_front_seat_config c = config_of("bot", "s", routes);
        c.generation = old;
        struct zapi_front_seat *new = zapi_front_attach(front, &c, &error);
        zapi_front_use(new);
        zapi_front_detach(old);
        old = new;
    }
    atomic_store(&over, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(atomic_load(&bad), 0);
    CHECK(atomic_load(&good) >= 500);
    zapi_front_detach(old);
    finish();
}

int main(void)
{
    zapi_log_configure(ZAPI_LOG_OFF, false);
    RUN(webhooks_are_taken_while_somebody_serves);
    RUN(routes_lead_to_whose_they_are);
    RUN(two_cannot_have_one_route);
    RUN(the_next_one_takes_the_place_of_its_older_self);
    RUN(tokens_count_when_they_are_in_use);
    RUN(a_process_has_one_front_at_an_address);
    RUN(no_request_is_lost_in_a_thousand_changes);
    return CHECK_END();
}
