/* SPDX-License-Identifier: MIT
 *
 * See control.h. Sockets belong to the loop; a request runs on a thread of
 * libuv's pool (it may wait for a commit, or copy the whole database), and what
 * it changed is told to the hub when it is back on the loop. A client has one
 * request at a time and is not read from meanwhile, so nothing piles up, and
 * what is written to a slow one waits in its own queue. While requests run,
 * their clients get an empty line now and then as a sign of life.
 *
 * A client and a request are freed when their handle or their thread is done,
 * whichever was cut off first. Start at on_connection.
 */
#include "host/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "engine/hub.h"
#include "host/fleet.h"
#include "store/admin_turn.h"
#include "store/ask.h"

#define CLIENTS     32
#define REQUEST_MAX (64u * 1024)
#define REPLY_MAX   (65u << 20)
#define PULSE_MS    3000

struct request;

struct client {
    uv_pipe_t pipe;
    struct zapi_control *control;
    struct client *next, *prev;
    struct zapi_buf in;      /* read and not yet run */
    struct request *request; /* that runs */
    bool last; /* nothing more is read: what it says makes no sense */
    bool closing;
};

struct request {
    uv_work_t work;
    struct zapi_control *control;
    struct client *client; /* NULL: cut off */
    struct zapi_admin admin;
    struct zapi_buf text, live, reply;
    struct zapi_admin_change *changes; /* owned */
    size_t nchanges, room;
};

struct zapi_control {
    struct zapi_hub *hub;
    struct zapi_fleet *fleet;
    char *folder;
    uv_pipe_t listener;
    uv_timer_t pulse;
    uint64_t started; /* uv_hrtime */
    struct client *clients;
    unsigned nclients;
    unsigned holds; /* handles and requests that still point here */
    bool closing;
    uv_mutex_t lock;
    uv_cond_t idle;
    unsigned running;  /* requests on a thread; under lock */
    char piece[16384]; /* what is being read, by one client at a time */
};

static void let_go(struct zapi_control *c)
{
    if (--c->holds == 0) {
        uv_mutex_destroy(&c->lock);
        uv_cond_destroy(&c->idle);
        free(c->folder);
        free(c);
    }
}

/* ---- what only the process knows ---- */

static void put_running(void *arg, const char *automation,
                        const struct zapi_delivery *d, double seconds)
{
    struct zapi_buf *b = arg;
    zapi_put_open(b, NULL, '{');
    zapi_put_str(b, "automation", automation);
    zapi_put_int(b, "event", (int64_t)d->seq);
    zapi_put_opt(b, "kind", d->event ? d->event->kind : "");
    zapi_put_opt(b, "message_id", d->event ? d->event->message_id : "");
    zapi_put_int(b, "attempt", d->attempt);
    zapi_put_num(b, "seconds", (double)(int64_t)(seconds * 1000) / 1000);
    zapi_put_close(b, '}');
}

/* How often a guard held something back, by reason: from the counters, which
 * are text for Prometheus. */
static void put_guard(struct zapi_buf *b)
{
    static const char name[] = "\nzapibot_guard_stops_total{reason=\"";
    struct zapi_buf text;
    const char *p, *quote, *value;
    zapi_buf_init(&text, 16u << 20);
    zapi_metrics_write(&text);
    zapi_put_open(b, "guard_stops", '{');
    p = zapi_buf_str(&text);
    while ((p = strstr(p, name)) != NULL) {
        p += sizeof name - 1;
        quote = strchr(p, '"');
        value = quote ? strchr(quote, ' ') : NULL;
        if (value) {
            zapi_put_key(b, NULL);
            zapi_json_write_str(b, p, (size_t)(quote - p));
            zapi_buf_addc(b, ':');
            zapi_json_write_int(b, strtoll(value, NULL, 10));
        }
    }
    zapi_put_close(b, '}');
    zapi_buf_free(&text);
}

static void count_handle(uv_handle_t *handle, void *arg)
{
    int64_t *n = arg;
    *n += !uv_is_closing(handle);
}

/* What leaks shows here first. */
static void put_handles(struct zapi_control *c, struct zapi_buf *b)
{
    int64_t n = 0;
    uv_walk(zapi_hub_loop(c->hub), count_handle, &n);
    zapi_put_int(b, "handles", n);
}

static void put_live(struct zapi_control *c, struct zapi_buf *b)
{
    zapi_put_int(b, "pid", getpid());
    zapi_put_num(b, "uptime",
                 (double)((uv_hrtime() - c->started) / 1000000000u));
    zapi_put_open(b, "handlers", '[');
    zapi_hub_each_running(c->hub, put_running, b);
    zapi_put_close(b, ']');
    zapi_fleet_put(c->fleet, b);
    put_handles(c, b);
    put_guard(b);
}

/* ---- a request ---- */

static void note(struct request *r, const char *automation, const char *order,
                 uint64_t seq, bool dropped)
{
    struct zapi_admin_change *change;
    if (r->nchanges == r->room) {
        size_t room = r->room ? 2 * r->room : 16;
        change = realloc(r->changes, room * sizeof *change);
        if (!change) {
            zapi_err("no memory for event %llu: its change is seen at the "
                     "next start",
                     (unsigned long long)seq);
            return;
        }
        r->changes = change;
        r->room = room;
    }
    change = &r->changes[r->nchanges++];
    *change = (struct zapi_admin_change){.seq = seq, .dropped = dropped};
    snprintf(change->automation, sizeof change->automation, "%s", automation);
    snprintf(change->order, sizeof change->order, "%s", order);
}

static void note_revived(void *arg, const char *automation, const char *order,
                         uint64_t seq)
{
    note(arg, automation, order, seq, false);
}

static void note_dropped(void *arg, const char *automation, const char *order,
                         uint64_t seq)
{
    note(arg, automation, order, seq, true);
}

static void on_thread(uv_work_t *work)
{
    struct request *r = work->data;
    struct zapi_control *c = r->control;
    zapi_admin_run(&r->admin, zapi_buf_str(&r->text), r->text.len, &r->reply);
    uv_mutex_lock(&c->lock);
    c->running--;
    uv_cond_signal(&c->idle);
    uv_mutex_unlock(&c->lock);
}

static bool picked_is(const struct zapi_json_pick *p, const char *word)
{
    size_t n = strlen(word);
    return p->type == ZAPI_JSON_STRING && p->raw_len == n + 2 &&
           memcmp(p->raw + 1, word, n) == 0;
}

static void free_request(struct request *r)
{
    zapi_buf_free(&r->text);
    zapi_buf_free(&r->live);
    zapi_buf_free(&r->reply);
    free(r->changes);
    free(r);
}

/* Is a handler at work on it just now? */
struct busy {
    uint64_t seq;
    const char *automation;              /* NULL: any */
    const struct zapi_json_pick *picked; /* or this one, when it is a text */
    bool found;
};

static void look_for(void *arg, const char *automation,
                     const struct zapi_delivery *d, double seconds)
{
    struct busy *busy = arg;
    (void)seconds;
    if (d->seq == busy->seq &&
        (!busy->automation || strcmp(busy->automation, automation) == 0) &&
        (!busy->picked || busy->picked->type != ZAPI_JSON_STRING ||
         picked_is(busy->picked, automation))) {
        busy->found = true;
    }
}

static bool is_busy(struct zapi_control *c, struct busy busy)
{
    zapi_hub_each_running(c->hub, look_for, &busy);
    return busy.found;
}

/* What has begun since the request was let through ends by itself: a second
 * delivery of it would be a second run. */
static void revive(struct zapi_control *c,
                   const struct zapi_admin_change *change)
{
    if (!is_busy(c, (struct busy){.seq = change->seq,
                                  .automation = change->automation})) {
        zapi_hub_revived(c->hub, change->automation, change->order,
                         change->seq);
    }
}

static void tell_hub(const struct request *r)
{
    size_t i;
    for (i = 0; i < r->nchanges; i++) {
        const struct zapi_admin_change *change = &r->changes[i];
        if (change->dropped) {
            zapi_hub_dropped(r->control->hub, change->automation, change->order,
                             change->seq);
        } else {
            revive(r->control, change);
        }
    }
}

static void answer(struct client *client, struct zapi_buf *reply);
static void run_next(struct client *client);

static void on_done(uv_work_t *work, int status)
{
    struct request *r = work->data;
    struct zapi_control *c = r->control;
    struct client *client = r->client;
    (void)status;
    if (!c->closing) {
        tell_hub(r);
    }
    if (client) {
        client->request = NULL;
        answer(client, &r->reply);
    }
    free_request(r);
    let_go(c);
}

/* What the loop adds to a request before a thread takes it. false: the reply
 * is there already. What a handler works on just now ends by itself: taking it
 * away under its hands would leave nobody to say what became of it, and what is
 * put back would be handled twice. */
static bool prepare(struct request *r)
{
    struct zapi_json_pick p[] = {
        {.key = "do"}, {.key = "id"}, {.key = "automation"}};
    struct zapi_control *c = r->control;
    const char *why;
    if (!zapi_json_pick(zapi_buf_str(&r->text), r->text.len, p, 3, &why)) {
        return true; /* zapi_admin_run says so */
    }
    if (picked_is(&p[0], "status")) {
        put_live(c, &r->live);
    }
    if (p[1].integer <= 0 ||
        (!picked_is(&p[0], "inbox.drop") && !picked_is(&p[0], "inbox.retry"))) {
        return true;
    }
    struct busy one = {.seq = (uint64_t)p[1].integer, .picked = &p[2]};
    if (!is_busy(c, one)) {
        return true;
    }
    zapi_buf_addf(&r->reply,
                  "{\"ok\":false,\"error\":\"event %lld is being handled "
                  "just now\"}",
                  (long long)p[1].integer);
    return false;
}

static struct request *request_new(struct client *client, size_t len)
{
    struct zapi_control *c = client->control;
    struct request *r = calloc(1, sizeof *r);
    if (!r) {
        return NULL;
    }
    r->work.data = r;
    r->control = c;
    zapi_buf_init(&r->text, REQUEST_MAX);
    zapi_buf_init(&r->live, REPLY_MAX);
    zapi_buf_init(&r->reply, REPLY_MAX);
    zapi_buf_add(&r->text, client->in.data, len);
    r->admin = (struct zapi_admin){
        .db = zapi_hub_db(c->hub),
        .people = zapi_hub_people(c->hub),
        .sends = zapi_hub_sends(c->hub),
        .revived = note_revived,
        .dropped = note_dropped,
        .arg = r,
    };
    return r;
}

static void start_pulse(struct zapi_control *c);

static void on_reloaded(void *arg, const struct zapi_buf *reply)
{
    struct request *r = arg;
    struct zapi_control *c = r->control;
    zapi_buf_add(&r->reply, reply->data, reply->len);
    if (r->client) {
        r->client->request = NULL;
        answer(r->client, &r->reply);
    }
    free_request(r);
    let_go(c);
}

/* {"do":"reload","automation":NAME}; without a name: all. true: it was one, and
 * is under way. */
static bool reload(struct request *r)
{
    struct zapi_json_pick p[] = {{.key = "do"}, {.key = "automation"}};
    struct zapi_buf name;
    const char *why;
    if (!zapi_json_pick(zapi_buf_str(&r->text), r->text.len, p, 2, &why) ||
        !picked_is(&p[0], "reload")) {
        return false;
    }
    zapi_buf_init(&name, REQUEST_MAX);
    if (p[1].type == ZAPI_JSON_STRING) {
        zapi_json_pick_str(&p[1], &name);
    }
    zapi_fleet_reload(r->control->fleet,
                      name.len > 0 ? zapi_buf_str(&name) : NULL, on_reloaded,
                      r);
    zapi_buf_free(&name);
    return true;
}

static void run_request(struct client *client, struct request *r)
{
    struct zapi_control *c = client->control;
    if (!prepare(r)) {
        answer(client, &r->reply);
        free_request(r);
        return;
    }
    r->admin.live = zapi_buf_str(&r->live);
    r->client = client;
    client->request = r;
    c->holds++;
    if (reload(r)) {
        start_pulse(c);
        return;
    }
    uv_mutex_lock(&c->lock);
    c->running++;
    uv_mutex_unlock(&c->lock);
    uv_queue_work(c->listener.loop, &r->work, on_thread, on_done);
    start_pulse(c);
}

/* ---- clients ---- */

static void on_client_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;
    struct zapi_control *c = client->control;
    zapi_buf_free(&client->in);
    free(client);
    let_go(c);
}

static void cut_off(struct client *client)
{
    struct zapi_control *c = client->control;
    if (client->closing) {
        return;
    }
    client->closing = true;
    if (client->request) {
        client->request->client = NULL;
    }
    if (client->prev) {
        client->prev->next = client->next;
    } else {
        c->clients = client->next;
    }
    if (client->next) {
        client->next->prev = client->prev;
    }
    c->nclients--;
    uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

struct written {
    uv_write_t req;
    char *text; /* owned */
    bool reply; /* else a sign of life */
};

static void on_written(uv_write_t *req, int status)
{
    struct written *w = req->data;
    struct client *client = req->handle->data;
    if (status < 0 || client->last) {
        cut_off(client);
    } else if (w->reply && !client->closing) {
        run_next(client);
    }
    free(w->text);
    free(w);
}

/* Moves `text`. */
static void send_text(struct client *client, char *text, size_t len, bool reply)
{
    struct written *w = malloc(sizeof *w);
    uv_buf_t buf = uv_buf_init(text, (unsigned)len);
    if (w && text) {
        *w = (struct written){.text = text, .reply = reply};
        w->req.data = w;
        if (uv_write(&w->req, (uv_stream_t *)&client->pipe, &buf, 1,
                     on_written) == 0) {
            return;
        }
    }
    free(w);
    free(text);
    cut_off(client);
}

/* The reply's content is moved. */
static void answer(struct client *client, struct zapi_buf *reply)
{
    size_t len;
    char *text;
    if (client->closing) {
        return;
    }
    zapi_buf_addc(reply, '\n');
    text = reply->failed ? NULL : zapi_buf_take(reply, &len);
    send_text(client, text, text ? len : 0, true);
}

static void on_pulse(uv_timer_t *timer)
{
    struct zapi_control *c = timer->data;
    struct client *client, *next;
    bool any = false;
    for (client = c->clients; client; client = next) {
        next = client->next;
        if (client->request) {
            any = true;
            send_text(client, strdup("\n"), 1, false);
        }
    }
    if (!any) {
        uv_timer_stop(timer);
    }
}

static void start_pulse(struct zapi_control *c)
{
    if (!uv_is_active((uv_handle_t *)&c->pulse)) {
        uv_timer_start(&c->pulse, on_pulse, PULSE_MS, PULSE_MS);
    }
}

static void refuse(struct client *client, const char *why)
{
    struct zapi_buf reply;
    zapi_buf_init(&reply, 1024);
    zapi_buf_addf(&reply, "{\"ok\":false,\"error\":\"%s\"}", why);
    client->last = true;
    answer(client, &reply);
    zapi_buf_free(&reply);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct client *client = handle->data;
    (void)suggested;
    *buf = uv_buf_init(client->control->piece, sizeof client->control->piece);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct client *client = stream->data;
    if (n < 0) {
        cut_off(client);
        return;
    }
    zapi_buf_add(&client->in, buf->base, (size_t)n);
    if (!client->request) {
        run_next(client);
    }
}

/* Takes the next whole line, or reads on. */
static void run_next(struct client *client)
{
    uv_stream_t *stream = (uv_stream_t *)&client->pipe;
    const char *end = client->in.len > 0
                          ? memchr(client->in.data, '\n', client->in.len)
                          : NULL;
    struct request *r;
    size_t len;
    uv_read_stop(stream);
    if (client->in.failed) {
        refuse(client, "the request is too long");
        return;
    }
    if (!end) {
        uv_read_start(stream, on_alloc, on_read);
        return;
    }
    len = (size_t)(end - client->in.data);
    r = request_new(client, len);
    client->in.len -= len + 1;
    memmove(client->in.data, end + 1, client->in.len);
    if (r) {
        run_request(client, r);
    } else {
        cut_off(client);
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct zapi_control *c = listener->data;
    struct client *client = status == 0 ? calloc(1, sizeof *client) : NULL;
    if (!client) {
        return;
    }
    client->control = c;
    zapi_buf_init(&client->in, REQUEST_MAX);
    uv_pipe_init(listener->loop, &client->pipe, 0);
    uv_unref((uv_handle_t *)&client->pipe);
    client->pipe.data = client;
    client->next = c->clients;
    if (client->next) {
        client->next->prev = client;
    }
    c->clients = client;
    c->nclients++;
    c->holds++;
    if (uv_accept(listener, (uv_stream_t *)&client->pipe) != 0 ||
        c->nclients > CLIENTS) {
        cut_off(client);
    } else {
        run_next(client);
    }
}

/* ---- start and stop ---- */

static void on_closed(uv_handle_t *handle)
{
    let_go(handle->data);
}

/* Nothing here keeps a program running that has nothing else to do. */
static void init_handles(struct zapi_control *c, uv_loop_t *loop)
{
    uv_pipe_init(loop, &c->listener, 0);
    uv_timer_init(loop, &c->pulse);
    uv_unref((uv_handle_t *)&c->listener);
    uv_unref((uv_handle_t *)&c->pulse);
    c->listener.data = c->pulse.data = c;
    c->holds = 2;
}

static bool listen_at(struct zapi_control *c, struct zapi_error *error)
{
    int fd = zapi_ask_bind(c->folder, error), failed;
    if (fd < 0) {
        return false;
    }
    failed = uv_pipe_open(&c->listener, fd);
    if (failed) {
        close(fd);
    } else {
        failed = uv_listen((uv_stream_t *)&c->listener, 16, on_connection);
    }
    if (failed) {
        zapi_error_set(error, ZAPI_E_IO, "%s/control.sock: %s", c->folder,
                       uv_strerror(failed));
    }
    return !failed;
}

struct zapi_control *zapi_control_start(struct zapi_hub *hub,
                                        struct zapi_fleet *fleet,
                                        struct zapi_error *error)
{
    struct zapi_control *c = calloc(1, sizeof *c);
    char *folder = strdup(zapi_db_folder(zapi_hub_db(hub)));
    if (!c || !folder) {
        free(c);
        free(folder);
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "not enough memory");
        return NULL;
    }
    c->hub = hub;
    c->fleet = fleet;
    c->folder = folder;
    c->started = uv_hrtime();
    uv_mutex_init(&c->lock);
    uv_cond_init(&c->idle);
    init_handles(c, zapi_hub_loop(hub));
    if (listen_at(c, error)) {
        return c;
    }
    zapi_control_stop(c);
    return NULL;
}

void zapi_control_stop(struct zapi_control *c)
{
    if (!c) {
        return;
    }
    c->closing = true;
    zapi_ask_unlink(c->folder);
    while (c->clients) {
        cut_off(c->clients);
    }
    uv_mutex_lock(&c->lock);
    while (c->running > 0) { /* they use the hub's database */
        uv_cond_wait(&c->idle, &c->lock);
    }
    uv_mutex_unlock(&c->lock);
    uv_close((uv_handle_t *)&c->listener, on_closed);
    uv_close((uv_handle_t *)&c->pulse, on_closed);
}
