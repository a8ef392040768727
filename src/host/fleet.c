/* SPDX-License-Identifier: MIT
 *
 * See fleet.h. A member is one script with its generations: the one that
 * serves (`current`), the one that is loaded and checked beside it (`next`),
 * and those that end what they began (`old`). What states report (a main chunk
 * that ended, checks) comes from inside them, so it is only noted, and `step`
 * acts upon it in a turn of its own: no state is closed under its own feet.
 *
 * The fleet owns everything here; who waits for a reload is a `struct wait`
 * per member and a `struct request` for all of them. Start reading at step.
 */
#include "host/fleet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lauxlib.h>

#include "base/log.h"
#include "base/redact.h"
#include "host/heap.h"
#include "host/plan.h"
#include "host/watcher.h"
#include "lua/generation.h"
#include "store/admin_turn.h"

#define LOAD_MS   10000u /* a next main chunk may take so long */
#define CHECK_S   10.0
#define BROKEN_MS 10000u /* what one that broke may still run */
#define LOOK_MS   20u
#define MOST_SAID ((size_t)1 << 20)

struct member;

struct generation {
    struct member *m;
    struct zapi_automation *a;
    struct generation *after; /* among the old ones */
    unsigned number;
    bool ended, ok, waits;  /* its main chunk; waits in zapi.run */
    bool stopped;           /* asked for its end, or the program's */
    bool checking, checked; /* bot:check */
    bool first;             /* of the start: it need not have a bot */
    bool cut;               /* it was said that it is cut off */
    uint64_t until;         /* uv_now: the end of its time, loading or old */
    uint64_t began;         /* uv_hrtime */
    double loaded_at;
    char *reason; /* owned: why it failed */
};

struct request { /* one call of zapi_fleet_reload */
    zapi_fleet_reloaded *done;
    void *arg;
    unsigned pending;
    struct zapi_buf reloaded, failed;
};

struct wait {
    struct wait *next;
    struct request *request;
};

struct member {
    struct zapi_fleet *fleet;
    struct member *next;
    struct zapi_fleet_script script; /* name and script are owned */
    char concurrency[16];
    struct zapi_setting *settings; /* owned: the script's and ours */
    struct generation *current, *loading, *old;
    unsigned numbers;
    double since; /* of the first that served; 0: none yet */
    char *error;  /* of the last load; owned; NULL: it is fine */
    double error_at;
    bool again, over;           /* one more reload; it has ended by itself */
    struct wait *waits, *later; /* for this reload, for the one after it */
    struct zapi_stamps stamps;
};

struct zapi_fleet {
    struct zapi_fleet_config config;
    struct member *members, **end;
    uv_timer_t step;
    struct zapi_watcher *watcher; /* NULL: nobody watches */
    bool starting; /* several: they serve all at once, when all are ready, so
                      that no event is taken that one of them would miss */
    bool ending;
};

static double unix_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void on_step(uv_timer_t *timer);

static void wake(struct zapi_fleet *f)
{
    uv_timer_start(&f->step, on_step, 0, 0);
}

/* ---- who waits for a reload ---- */

static void request_end(struct request *r)
{
    struct zapi_buf reply;
    if (r->pending > 0) {
        return;
    }
    zapi_buf_init(&reply, 2 * MOST_SAID);
    if (r->failed.len > 0) {
        zapi_buf_adds(&reply, "{\"ok\":false");
        zapi_put_str(&reply, "error", zapi_buf_str(&r->failed));
    } else {
        zapi_buf_adds(&reply, "{\"ok\":true,\"reloaded\":[");
        zapi_buf_add(&reply, r->reloaded.data, r->reloaded.len);
        zapi_buf_addc(&reply, ']');
    }
    zapi_buf_addc(&reply, '}');
    if (r->done) {
        r->done(r->arg, &reply);
    }
    zapi_buf_free(&reply);
    zapi_buf_free(&r->reloaded);
    zapi_buf_free(&r->failed);
    free(r);
}

/* One of its members is done; `reason` NULL: well. */
static void request_note(struct request *r, const struct member *m,
                         const char *reason)
{
    if (reason) {
        zapi_buf_addf(&r->failed, "%s%s: %s", r->failed.len ? "\n" : "",
                      m->script.name, reason);
    } else {
        zapi_put_open(&r->reloaded, NULL, '{');
        zapi_put_str(&r->reloaded, "name", m->script.name);
        zapi_put_int(&r->reloaded, "generation", m->current->number);
        zapi_put_close(&r->reloaded, '}');
    }
    r->pending--;
    request_end(r);
}

static void tell_waits(struct member *m, const char *reason)
{
    while (m->waits) {
        struct wait *w = m->waits;
        m->waits = w->next;
        request_note(w->request, m, reason);
        free(w);
    }
}

/* ---- generations ---- */

static void set_reason(char **reason, const char *text)
{
    struct zapi_buf b;
    size_t len;
    free(*reason);
    zapi_buf_init(&b, MOST_SAID);
    zapi_redact(&b, text, strlen(text));
    *reason = zapi_buf_take(&b, &len);
}

static void set_error(struct member *m, const char *text)
{
    set_reason(&m->error, text);
    m->error_at = unix_now();
}

static void generation_free(struct generation *g)
{
    if (g->a) {
        zapi_automation_delete(g->a);
    }
    free(g->reason);
    free(g);
}

/* It serves no more, but for what it has begun. */
static void grow_old(struct generation *g, uint64_t ms)
{
    struct member *m = g->m;
    g->until = uv_now(m->fleet->config.loop) + ms;
    g->after = m->old;
    m->old = g;
    if (m->current == g) {
        m->current = NULL;
    }
}

static void break_off(struct generation *g)
{
    zapi_automation_quiesce(g->a);
    zapi_automation_end_runs(g->a);
    grow_old(g, BROKEN_MS);
    wake(g->m->fleet);
}

bool zapi_fleet_has(const struct zapi_fleet *f, const char *name)
{
    const struct member *m = f->members;
    while (m && strcmp(m->script.name, name) != 0) {
        m = m->next;
    }
    return m != NULL;
}

size_t zapi_fleet_alive(const struct zapi_fleet *f)
{
    const struct member *m;
    size_t n = 0;
    for (m = f->members; m; m = m->next) {
        n += !m->script.helper && (m->current || m->loading);
    }
    return n;
}

/* ---- what states report ---- */

static void on_ended(void *arg, bool ok, const char *message)
{
    struct generation *g = arg;
    struct member *m = g->m;
    struct zapi_fleet *f = m->fleet;
    g->ended = true;
    g->ok = ok;
    if (!ok) {
        set_reason(&g->reason, message ? message : "its main chunk was ended");
    }
    if (g == m->loading) {
        wake(f);
    }
    if (g != m->current) {
        return;
    }
    if (ok) {
        if (!m->script.helper) {
            f->config.ended(f->config.arg, true);
        }
        return;
    }
    set_error(m, g->reason);
    if (m->script.helper || !f->config.several) {
        f->config.ended(f->config.arg, false);
        return;
    }
    break_off(g);
    if (zapi_fleet_alive(f) == 0) {
        f->config.ended(f->config.arg, false);
    }
}

static void on_runs(void *arg)
{
    struct generation *g = arg;
    g->waits = true;
    if (g == g->m->loading) {
        wake(g->m->fleet);
    }
}

/* One of several has done its work while all start. */
static void end_first(struct generation *g, int code)
{
    struct member *m = g->m;
    struct zapi_fleet *f = m->fleet;
    m->over = true;
    m->loading = NULL;
    break_off(g);
    if (zapi_fleet_alive(f) == 0) {
        f->config.stop(f->config.arg, code);
    }
}

/* zapi.stop() (-1) and os.exit(code). */
static void on_stop(void *arg, int code)
{
    struct generation *g = arg;
    struct member *m = g->m;
    struct zapi_fleet *f = m->fleet;
    if (f->ending || g->stopped) {
        return;
    }
    if (m->script.helper || (!f->config.several && g != m->loading)) {
        f->config.stop(f->config.arg, code);
        return;
    }
    g->stopped = true;
    if (g == m->loading && g->first) {
        end_first(g, code);
    } else if (g == m->loading) {
        set_reason(&g->reason, "it ends the program while it loads (zapi.stop "
                               "or os.exit)");
    } else if (m->current) {
        m->over = true;
        break_off(m->current);
        if (zapi_fleet_alive(f) == 0) {
            f->config.stop(f->config.arg, code);
        }
    }
    wake(f);
}

static void on_full(void *arg)
{
    struct generation *g = arg;
    struct member *m = g->m;
    struct zapi_fleet *f = m->fleet;
    if (f->config.several && !m->script.helper) {
        zapi_fleet_reload(f, m->script.name, NULL, NULL);
    } else {
        f->config.full(f->config.arg);
    }
}

static struct zapi_hub *on_hub(void *arg, struct zapi_error *error)
{
    struct zapi_fleet *f = ((struct generation *)arg)->m->fleet;
    return f->config.hub(f->config.arg, error);
}

static struct zapi_front *on_front(void *arg,
                                   const struct zapi_front_config *config,
                                   struct zapi_error *error)
{
    struct zapi_fleet *f = ((struct generation *)arg)->m->fleet;
    return f->config.front(f->config.arg, config, error);
}

static void on_listening(void *arg, const char *address)
{
    struct zapi_fleet *f = ((struct generation *)arg)->m->fleet;
    f->config.listening(f->config.arg, address);
}

static void on_file(void *arg, const char *path)
{
    struct generation *g = arg;
    if (path[0] != '@') {
        zapi_stamps_note(&g->m->stamps, path, g->number);
        zapi_watcher_file(g->m->fleet->watcher, path);
    }
}

/* In `dev` every instance is the sandbox's. Stack: given -- */
static void take_trial(lua_State *L, struct zapi_config *config)
{
    static const char *const fields[][2] = {
        {"instance", "ZAPI_INSTANCE_ID"},
        {"token", "ZAPI_TOKEN"},
        {"client_token", "ZAPI_CLIENT_TOKEN"},
    };
    lua_Integer i, n;
    size_t k;
    lua_getfield(L, -1, "instances");
    n = (lua_Integer)lua_rawlen(L, -1);
    for (i = 1; i <= n; i++) {
        lua_rawgeti(L, -1, i);
        for (k = 0; k < sizeof fields / sizeof *fields; k++) {
            lua_pushstring(L, zapi_config_get(config, fields[k][1]));
            lua_setfield(L, -2, fields[k][0]);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void on_give(void *arg, lua_State *L)
{
    const struct member *m = ((struct generation *)arg)->m;
    struct zapi_config *config = m->fleet->config.config;
    if (!m->script.plan) {
        lua_pushnil(L);
        return;
    }
    zapi_plan_push(m->script.plan, m->script.row, L);
    if (zapi_config_get(config, "ZAPIBOT_SANDBOX")) {
        take_trial(L, config);
    }
}

/* ---- starting one ---- */

static struct zapi_automation_config config_of(struct generation *g, bool held)
{
    const struct member *m = g->m;
    const struct zapi_fleet_config *c = &m->fleet->config;
    return (struct zapi_automation_config){
        .loop = c->loop,
        .config = c->config,
        .name = m->script.name,
        .script = m->script.script,
        .nargs = m->script.nargs,
        .args = m->script.args,
        .settings = m->settings,
        .held = held,
        .watch = c->watch,
        .memory = m->script.memory,
        .budget = m->script.budget,
        .ended = on_ended,
        .runs = on_runs,
        .stop = on_stop,
        .hub = on_hub,
        .front = c->front ? on_front : NULL,
        .give = on_give,
        .file = m->script.helper ? NULL : on_file,
        .listening = on_listening,
        .full = on_full,
        .arg = g,
    };
}

static struct generation *generation_new(struct member *m, bool held,
                                         struct zapi_error *error)
{
    struct generation *g = calloc(1, sizeof *g);
    struct zapi_automation_config config;
    if (!g) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "not enough memory");
        return NULL;
    }
    g->m = m;
    g->number = ++m->numbers;
    g->began = uv_hrtime();
    g->loaded_at = unix_now();
    config = config_of(g, held);
    g->a = zapi_automation_new(&config, error);
    if (!g->a) {
        generation_free(g);
        return NULL;
    }
    return g;
}

/* ---- the way of a next one ---- */

static void log_as(const struct member *m, enum zapi_log_level level,
                   const char *text)
{
    zapi_log_as(m->script.name, level, text, strlen(text));
}

static void go_on(struct member *m);

/* The next one is given up. `said`: the reason is in the log already. */
static void refuse(struct member *m, const char *reason, bool said)
{
    struct generation *g = m->loading;
    char *why = strdup(reason);
    char text[160];
    set_error(m, reason);
    snprintf(text, sizeof text,
             m->current ? "not reloaded: generation %u serves on"
                        : "nothing of it runs",
             m->current ? m->current->number : 0);
    if (!said) {
        log_as(m, ZAPI_LOG_ERROR, reason);
    }
    log_as(m, ZAPI_LOG_WARN, text);
    m->loading = NULL;
    if (g) {
        generation_free(g);
    }
    tell_waits(m, why ? why : "not enough memory");
    free(why);
    go_on(m);
}

/* It takes the place of the one before it. */
static void adopt(struct member *m)
{
    struct generation *g = m->loading, *before = m->current;
    zapi_automation_serve(g->a);
    m->loading = NULL;
    if (before) {
        zapi_rt_retire(zapi_automation_rt(before->a));
        grow_old(before, m->fleet->config.grace);
    }
    m->current = g;
    m->over = false;
    g->loaded_at = unix_now();
    m->since = m->since > 0 ? m->since : g->loaded_at;
    free(m->error);
    m->error = NULL;
    zapi_stamps_keep(&m->stamps, g->number);
}

static void serve(struct member *m)
{
    struct generation *g = m->loading, *before = m->current;
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    char text[160];
    if (!zapi_rt_serve(zapi_automation_rt(g->a),
                       before ? zapi_automation_rt(before->a) : NULL, &error)) {
        refuse(m, error.message, false);
        return;
    }
    adopt(m);
    if (g->number == 1) {
        go_on(m);
        return;
    }
    snprintf(text, sizeof text, "generation %u serves (loaded in %.1f ms)",
             g->number, (double)(uv_hrtime() - g->began) / 1e6);
    log_as(m, ZAPI_LOG_INFO, text);
    tell_waits(m, NULL);
    go_on(m);
}

static void on_checked(void *arg, bool ok, const char *message)
{
    struct generation *g = arg;
    g->checked = true;
    if (!ok) {
        set_reason(&g->reason, message ? message : "a check has failed");
    }
    wake(g->m->fleet);
}

/* Its main chunk has come to its end, or has begun to wait for it. */
static void step_loaded(struct member *m)
{
    struct generation *g = m->loading;
    struct zapi_rt *rt = zapi_automation_rt(g->a);
    if (zapi_rt_services(rt) > 0) {
        g->checking = true;
        zapi_rt_check(rt, CHECK_S, on_checked, g);
    } else if (g->first) {
        g->checking = g->checked = true;
    } else {
        refuse(m, "it starts no bot: bot:run() is missing", false);
    }
}

static void step_loading(struct member *m)
{
    struct generation *g = m->loading;
    bool late = uv_now(m->fleet->config.loop) >= g->until;
    if (g->reason) {
        refuse(m, g->reason, g->ended && !g->ok);
    } else if (g->checking) {
        if (g->checked && !m->fleet->starting) {
            serve(m);
        }
    } else if (g->ended || g->waits || (late && g->first)) {
        step_loaded(m);
    } else if (late) {
        refuse(m,
               "its main chunk has not ended after 10 s (zapi.spawn is for "
               "what goes on)",
               false);
    }
}

/* The start of several: all that are ready serve, in one turn. */
static void step_starting(struct zapi_fleet *f)
{
    struct member *m;
    for (m = f->members; m; m = m->next) {
        if (m->loading && !(m->loading->checked && !m->loading->reason)) {
            return;
        }
    }
    f->starting = false;
    for (m = f->members; m; m = m->next) {
        if (m->loading) {
            serve(m);
        }
    }
    if (zapi_fleet_alive(f) > 0) {
        zapi_info("scripts that run: %zu", zapi_fleet_alive(f));
        f->config.ended(f->config.arg, true);
    } else if (!f->ending) {
        f->config.ended(f->config.arg, false);
    }
}

static void start_loading(struct member *m)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct generation *g = generation_new(m, true, &error);
    m->loading = g;
    if (!g) {
        refuse(m, error.message, false);
        return;
    }
    g->until = uv_now(m->fleet->config.loop) + LOAD_MS;
    wake(m->fleet);
}

/* One more that was asked for meanwhile. */
static void go_on(struct member *m)
{
    struct wait **end = &m->waits;
    if (!m->again || m->fleet->ending) {
        return;
    }
    m->again = false;
    while (*end) {
        end = &(*end)->next;
    }
    *end = m->later;
    m->later = NULL;
    start_loading(m);
}

/* ---- those that end what they began ---- */

static bool may_go(struct generation *g, uint64_t now)
{
    size_t n = zapi_automation_busy(g->a);
    char text[160];
    if (n > 0 && now < g->until) {
        return false;
    }
    if (n > 0) {
        snprintf(text, sizeof text,
                 "generation %u has had its time: what still runs there (%zu) "
                 "is cut off; its events are run again",
                 g->number, n);
        log_as(g->m, ZAPI_LOG_WARN, text);
    }
    return true;
}

static void step_old(struct member *m)
{
    struct generation **link = &m->old, *g;
    uint64_t now = uv_now(m->fleet->config.loop);
    bool gone = false;
    while ((g = *link) != NULL) {
        if (may_go(g, now)) {
            *link = g->after;
            generation_free(g);
            gone = true;
        } else {
            link = &g->after;
        }
    }
    if (gone) {
        zapi_heap_give_back();
    }
}

static void on_step(uv_timer_t *timer)
{
    struct zapi_fleet *f = timer->data;
    struct member *m;
    bool more = false;
    for (m = f->members; m; m = m->next) {
        if (m->loading) {
            step_loading(m);
        }
        step_old(m);
        more = more || m->loading || m->old;
    }
    if (f->starting) {
        step_starting(f);
    }
    if (more && !uv_is_active((uv_handle_t *)timer)) {
        uv_timer_start(timer, on_step, LOOK_MS, 0);
    }
}

/* ---- reload ---- */

static bool wait_for(struct wait **list, struct request *r)
{
    struct wait *w = malloc(sizeof *w);
    if (!w) {
        return false;
    }
    *w = (struct wait){.request = r, .next = *list};
    *list = w;
    r->pending++;
    return true;
}

static void reload_member(struct member *m, struct request *r)
{
    bool busy = m->loading != NULL;
    if (!wait_for(busy ? &m->later : &m->waits, r)) {
        zapi_buf_adds(&r->failed, "not enough memory");
    } else if (busy) {
        m->again = true;
    } else {
        start_loading(m);
    }
}

static void say_unknown(struct zapi_fleet *f, const char *name,
                        struct zapi_buf *out)
{
    const struct member *m;
    const char *comma = " (there is: ";
    zapi_buf_addf(out, "there is no automation '%s'", name);
    for (m = f->members; m; m = m->next) {
        if (!m->script.helper) {
            zapi_buf_addf(out, "%s%s", comma, m->script.name);
            comma = ", ";
        }
    }
    if (comma[0] == ',') {
        zapi_buf_addc(out, ')');
    }
}

/* A script without a bot that has run has nothing to be loaded anew. */
static bool is_meant(const struct member *m, const char *name)
{
    if (m->script.helper) {
        return false;
    }
    if (name) {
        return strcmp(m->script.name, name) == 0;
    }
    return !m->over;
}

void zapi_fleet_reload(struct zapi_fleet *f, const char *name,
                       zapi_fleet_reloaded *done, void *arg)
{
    struct request *r = calloc(1, sizeof *r);
    struct member *m;
    bool any = false;
    if (!r) {
        zapi_err("no memory for a reload");
        return;
    }
    *r = (struct request){.done = done, .arg = arg, .pending = 1};
    zapi_buf_init(&r->reloaded, MOST_SAID);
    zapi_buf_init(&r->failed, MOST_SAID);
    if (f->ending) {
        zapi_buf_adds(&r->failed, "the program ends");
    }
    for (m = f->members; m && !f->ending; m = m->next) {
        if (is_meant(m, name)) {
            any = true;
            reload_member(m, r);
        }
    }
    if (!any && !f->ending) {
        name ? say_unknown(f, name, &r->failed)
             : zapi_buf_adds(&r->failed, "there is nothing to reload");
    }
    r->pending--;
    request_end(r);
}

static void on_changed(void *arg)
{
    struct zapi_fleet *f = arg;
    struct member *m;
    for (m = f->members; m && !f->ending; m = m->next) {
        if (!m->script.helper && !m->over && !m->again &&
            zapi_stamps_differ(&m->stamps)) {
            log_as(m, ZAPI_LOG_INFO, "its files have changed");
            zapi_fleet_reload(f, m->script.name, NULL, NULL);
        }
    }
}

/* ---- status ---- */

static const char *state_of(const struct member *m)
{
    const struct generation *g = m->current;
    bool serves =
        g && (!g->ended || zapi_rt_services(zapi_automation_rt(g->a)));
    return m->loading     ? "loading"
           : serves       ? "serves"
           : g || m->over ? "ended"
                          : "broken";
}

static void put_member(struct member *m, struct zapi_buf *b)
{
    const struct generation *g;
    int64_t old = 0;
    for (g = m->old; g; g = g->after) {
        old++;
    }
    zapi_put_open(b, NULL, '{');
    zapi_put_str(b, "name", m->script.name);
    zapi_put_str(b, "script", m->script.script);
    zapi_put_str(b, "state", state_of(m));
    zapi_put_int(b, "generation", m->current ? m->current->number : 0);
    zapi_put_time(b, "since", m->since);
    if (m->current) {
        zapi_put_time(b, "loaded_at", m->current->loaded_at);
        zapi_put_int(b, "memory",
                     (int64_t)zapi_automation_memory(m->current->a));
    }
    zapi_put_int(b, "old", old);
    zapi_put_opt(b, "error", m->error ? m->error : "");
    zapi_put_time(b, "error_at", m->error ? m->error_at : 0);
    zapi_put_close(b, '}');
}

void zapi_fleet_put(struct zapi_fleet *f, struct zapi_buf *b)
{
    struct member *m;
    zapi_put_open(b, "generations", '[');
    for (m = f->members; m; m = m->next) {
        if (!m->script.helper || strcmp(m->script.name, "forward") == 0) {
            put_member(m, b);
        }
    }
    zapi_put_close(b, ']');
}

/* ---- adding ---- */

static void member_free(struct member *m)
{
    zapi_stamps_clear(&m->stamps);
    free((char *)(uintptr_t)m->script.name);
    free((char *)(uintptr_t)m->script.script);
    free(m->settings);
    free(m->error);
    free(m);
}

/* The caller's settings and what the file of --config says of concurrency. */
static bool set_settings(struct member *m)
{
    const struct zapi_setting *s = m->script.settings;
    size_t n = 0;
    while (s && s[n].name) {
        n++;
    }
    m->settings = calloc(n + 2, sizeof *m->settings);
    if (!m->settings) {
        return false;
    }
    if (n > 0) {
        memcpy(m->settings, s, n * sizeof *s);
    }
    if (m->script.concurrency > 0) {
        snprintf(m->concurrency, sizeof m->concurrency, "%u",
                 m->script.concurrency);
        m->settings[n] = (struct zapi_setting){"concurrency", m->concurrency};
    }
    return true;
}

static struct member *member_new(struct zapi_fleet *f,
                                 const struct zapi_fleet_script *s)
{
    struct member *m = calloc(1, sizeof *m);
    if (!m) {
        return NULL;
    }
    m->fleet = f;
    m->script = *s;
    m->script.name = strdup(s->name);
    m->script.script = strdup(s->script);
    if (!m->script.name || !m->script.script || !set_settings(m)) {
        member_free(m);
        return NULL;
    }
    *f->end = m;
    f->end = &m->next;
    return m;
}

bool zapi_fleet_add(struct zapi_fleet *f, const struct zapi_fleet_script *s,
                    struct zapi_error *error)
{
    struct member *m = member_new(f, s);
    struct generation *g;
    if (!m) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "not enough memory");
        return false;
    }
    zapi_error_clear(error);
    g = generation_new(m, f->config.several && !s->helper, error);
    if (!g) {
        set_error(m, error->message);
        return false;
    }
    if (!f->config.several || s->helper) {
        m->current = g;
        m->since = g->loaded_at;
        return true;
    }
    g->first = true;
    g->until = uv_now(f->config.loop) + LOAD_MS;
    m->loading = g;
    f->starting = true;
    wake(f);
    return true;
}

struct zapi_fleet *zapi_fleet_new(const struct zapi_fleet_config *config)
{
    struct zapi_fleet *f = calloc(1, sizeof *f);
    if (f) {
        f->config = *config;
        f->end = &f->members;
        uv_timer_init(config->loop, &f->step);
        f->step.data = f;
        if (config->files) {
            f->watcher = zapi_watcher_new(config->loop, on_changed, f);
        }
    }
    return f;
}

/* ---- over all ---- */

/* Each generation of each member. */
static struct generation *next_of(const struct member *m, struct generation *g)
{
    if (!g) {
        g = m->current;
    } else if (g == m->current) {
        g = NULL;
    } else if (g == m->loading) {
        return m->old;
    } else {
        return g->after;
    }
    return g ? g : m->loading ? m->loading : m->old;
}

bool zapi_fleet_end_runs(struct zapi_fleet *f)
{
    struct generation *g;
    struct member *m;
    bool any = false;
    for (m = f->members; m; m = m->next) {
        for (g = next_of(m, NULL); g; g = next_of(m, g)) {
            any = zapi_automation_end_runs(g->a) || any;
        }
    }
    return any;
}

void zapi_fleet_quiesce(struct zapi_fleet *f)
{
    struct generation *g;
    struct member *m;
    f->ending = true;
    for (m = f->members; m; m = m->next) {
        if (m->loading) {
            m->again = false;
            refuse(m, "the program ends", true);
        }
        for (g = next_of(m, NULL); g; g = next_of(m, g)) {
            zapi_automation_quiesce(g->a);
        }
    }
}

size_t zapi_fleet_busy(struct zapi_fleet *f)
{
    struct generation *g;
    struct member *m;
    size_t n = 0;
    for (m = f->members; m; m = m->next) {
        for (g = next_of(m, NULL); g; g = next_of(m, g)) {
            n += zapi_automation_busy(g->a);
        }
    }
    return n;
}

void zapi_fleet_look(struct zapi_fleet *f)
{
    struct member *m;
    for (m = f->members; m; m = m->next) {
        if (m->current) {
            zapi_automation_look(m->current->a);
        }
    }
}

bool zapi_fleet_main_runs(const struct zapi_fleet *f)
{
    const struct member *m;
    for (m = f->members; m; m = m->next) {
        if (!m->script.helper && m->current && !m->current->ended) {
            return true;
        }
    }
    return false;
}

/* Reports come no more from states that are closed here: they are out of the
 * lists first. */
static void close_all(struct member *m)
{
    struct generation *g;
    while ((g = next_of(m, NULL)) != NULL) {
        if (g == m->current) {
            m->current = NULL;
        } else if (g == m->loading) {
            m->loading = NULL;
        } else {
            m->old = g->after;
        }
        generation_free(g);
    }
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void zapi_fleet_delete(struct zapi_fleet *f)
{
    struct member *m;
    if (!f) {
        return;
    }
    f->ending = true;
    for (m = f->members; m; m = m->next) {
        close_all(m);
    }
    while ((m = f->members) != NULL) {
        f->members = m->next;
        tell_waits(m, "the program ends");
        m->waits = m->later;
        tell_waits(m, "the program ends");
        member_free(m);
    }
    zapi_watcher_close(f->watcher);
    uv_close((uv_handle_t *)&f->step, on_closed);
}
