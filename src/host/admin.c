/* SPDX-License-Identifier: MIT
 *
 * See admin.h. A timer on the loop shows that it turns, and how late; the
 * door's thread looks at when it last did. Numbers that only the loop may read
 * (the hub's) are renewed each second while somebody asks for them, so that a
 * process that nobody watches has no queries to answer. Start reading at
 * on_exchange.
 */
#include "host/admin.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/metrics.h"
#include "engine/hub.h"
#include "net/door.h"

#define BEAT_MS   250u
#define BEAT      (BEAT_MS / 1000.0)
#define SECOND    1000000000u
#define STUCK     (5.0) /* seconds without a turn of the loop: not ready */
#define WATCHED   (60u * (uint64_t)SECOND) /* after a question, it is watched */
#define MOST_TEXT ((size_t)8 << 20)

struct zapi_admin {
    struct zapi_door *door;
    struct zapi_hub *hub;
    uv_timer_t timer;
    uint64_t measured;            /* uv_hrtime of the last renewal */
    _Atomic uint64_t beat, asked; /* uv_hrtime; door thread too */
    atomic_bool ending;
};

/* ---- the loop ---- */

static double seconds_since(uint64_t then)
{
    return (double)(uv_hrtime() - then) / SECOND;
}

static void measure(struct zapi_admin *a)
{
    uint64_t now = uv_hrtime(), asked = atomic_load(&a->asked);
    bool watched = asked > 0 && now - asked < WATCHED;
    if (a->measured > 0 && (!watched || now - a->measured < SECOND)) {
        return;
    }
    a->measured = now;
    zapi_hub_measure(a->hub);
}

static void on_beat(uv_timer_t *timer)
{
    struct zapi_admin *a = timer->data;
    double late = seconds_since(atomic_load(&a->beat)) - BEAT;
    zapi_metrics_set(ZAPI_M_LAG, NULL, late > 0 ? late : 0);
    measure(a);
    atomic_store(&a->beat, uv_hrtime());
}

/* ---- the door's thread ---- */

static const char plain[] = "Content-Type: text/plain; charset=utf-8";

static void answer(struct zapi_exchange *ex, int status, const char *type,
                   const char *text, size_t len)
{
    const char *const headers[] = {type, "Cache-Control: no-store", NULL};
    zapi_exchange_respond(ex, status, headers, text, len);
}

static void answer_healthz(struct zapi_admin *a, struct zapi_exchange *ex)
{
    (void)a;
    answer(ex, 200, plain, "ok\n", 3);
}

/* A phone that is not connected is no reason: what arrives is kept, and what
 * is to leave waits. */
static void answer_readyz(struct zapi_admin *a, struct zapi_exchange *ex)
{
    char text[200];
    double late = seconds_since(atomic_load(&a->beat));
    bool writable = zapi_hub_writable(a->hub), turns = late < STUCK;
    bool ending = atomic_load(&a->ending);
    bool ready = writable && turns && !ending;
    int n = snprintf(text, sizeof text, "store %s\nloop %s",
                     writable ? "ok" : "failed: nothing can be stored",
                     turns ? "ok\n" : "failed: it has not turned for ");
    if (!turns) {
        n += snprintf(text + n, sizeof text - (size_t)n, "%.0f s\n", late);
    }
    n += snprintf(text + n, sizeof text - (size_t)n, "process %s\n",
                  ending ? "failed: it is ending" : "ok");
    answer(ex, ready ? 200 : 503, plain, text, (size_t)n);
}

static void set_resident(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%*u %lu", &pages) == 1) {
        zapi_metrics_set(ZAPI_M_RSS, NULL,
                         (double)pages * (double)sysconf(_SC_PAGESIZE));
    }
    if (f) {
        fclose(f);
    }
}

static void answer_metrics(struct zapi_admin *a, struct zapi_exchange *ex)
{
    struct zapi_buf text;
    double late = seconds_since(atomic_load(&a->beat)) - BEAT;
    atomic_store(&a->asked, uv_hrtime());
    if (late > 1) { /* it hangs now: the timer cannot say so */
        zapi_metrics_set(ZAPI_M_LAG, NULL, late);
    }
    set_resident();
    zapi_buf_init(&text, MOST_TEXT);
    zapi_metrics_write(&text);
    answer(ex, text.failed ? 500 : 200,
           "Content-Type: text/plain; version=0.0.4; charset=utf-8",
           zapi_buf_str(&text), text.failed ? 0 : text.len);
    zapi_buf_free(&text);
}

static void on_exchange(void *arg, struct zapi_exchange *ex)
{
    static const struct {
        const char *path;
        void (*answer)(struct zapi_admin *a, struct zapi_exchange *ex);
    } pages[] = {
        {"/healthz", answer_healthz},
        {"/readyz", answer_readyz},
        {"/metrics", answer_metrics},
    };
    static const char *const allow[] = {"Allow: GET, HEAD", NULL};
    static const char nothing[] = "see /healthz, /readyz and /metrics\n";
    const char *path = zapi_exchange_path(ex);
    const char *method = zapi_exchange_method(ex);
    size_t i;
    for (i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (strcmp(path, pages[i].path) == 0) {
            break;
        }
    }
    if (i == sizeof pages / sizeof *pages) {
        answer(ex, 404, plain, nothing, strlen(nothing));
    } else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        zapi_exchange_respond(ex, 405, allow, NULL, 0);
    } else {
        pages[i].answer(arg, ex);
    }
}

/* ---- start and stop ---- */

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

struct zapi_admin *zapi_admin_start(uv_loop_t *loop, struct zapi_hub *hub,
                                    const char *listen,
                                    struct zapi_error *error)
{
    struct zapi_admin *a = calloc(1, sizeof *a);
    struct zapi_door_config config = {.listen = listen,
                                      .listen_fd = -1,
                                      .label = "admin",
                                      .max_body = 1024,
                                      .connections = 64,
                                      .handle = on_exchange,
                                      .arg = a};
    if (!a) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for a listener");
        return NULL;
    }
    a->hub = hub;
    atomic_store(&a->beat, uv_hrtime());
    a->door = zapi_door_start(&config, error);
    if (!a->door) {
        free(a);
        return NULL;
    }
    measure(a);
    zapi_metrics_watch(true);
    zapi_metrics_set(ZAPI_M_UP, NULL, (double)time(NULL));
    uv_timer_init(loop, &a->timer);
    a->timer.data = a;
    uv_timer_start(&a->timer, on_beat, BEAT_MS, BEAT_MS);
    uv_unref((uv_handle_t *)&a->timer);
    return a;
}

void zapi_admin_ending(struct zapi_admin *a)
{
    if (a) {
        atomic_store(&a->ending, true);
    }
}

void zapi_admin_stop(struct zapi_admin *a)
{
    if (a) {
        zapi_metrics_watch(false);
        zapi_door_stop(a->door);
        uv_close((uv_handle_t *)&a->timer, on_closed);
    }
}
