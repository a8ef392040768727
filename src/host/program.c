/* SPDX-License-Identifier: MIT
 *
 * See program.h. The end of a program, in order: a signal (or zapi.stop, or
 * os.exit) → services take nothing new → what runs gets up to ten seconds →
 * states are closed → the loop is drained. A second signal ends at once.
 * The scripts are the fleet's (fleet.h).
 */
#include "host/program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/redact.h"
#include "engine/front.h"
#include "engine/hub.h"
#include "host/admin.h"
#include "host/chunks.h"
#include "host/control.h"
#include "host/fleet.h"
#include "host/inherited.h"
#include "host/left.h"
#include "host/limits.h"
#include "host/monitor.h"
#include "host/notify.h"

#define GRACE_MS  10000u
#define LOOK_MS   20u /* how often a program that ends looks whether it can */
#define SECOND_MS 1000u
#define ADMIN     "127.0.0.1:9180"
#define EXIT_FULL 75 /* a supervisor starts it anew */

struct zapi_program {
    uv_loop_t loop;
    uv_async_t on_signal;
    uv_timer_t look;
    uv_timer_t second;
    struct zapi_limits limits;
    struct zapi_monitor *monitor; /* NULL: no budget */
    struct zapi_config *config;
    struct zapi_hub *hub;         /* opened when a script first needs it */
    struct zapi_control *control; /* while the hub is open; NULL in memory */
    struct zapi_admin *admin;     /* while the hub is open; NULL: off */
    struct zapi_notify *notify;   /* NULL: no service manager */
    const struct zapi_options *options;
    struct zapi_scripts scripts;
    struct zapi_fleet *fleet;
    struct zapi_fronts fronts;
    struct zapi_inherited inherited; /* sockets of the service manager */
    uint64_t give_up;                /* uv_now when the grace is over */
    int code;
    char status[200]; /* where some bot listens; "": nowhere */
    bool served;      /* the scripts have begun: on_second looks what is left of
                    others, once */
    bool looked;
    bool ending;
    bool hung_up; /* on who asked and may ask again */
    bool over;
};

static void finish(struct zapi_program *p)
{
    p->over = true;
    uv_stop(&p->loop);
}

static bool busy(struct zapi_program *p)
{
    return zapi_fleet_busy(p->fleet) + zapi_fronts_in_flight(&p->fronts) > 0;
}

static void on_look(uv_timer_t *timer)
{
    struct zapi_program *p = timer->data;
    if (!busy(p) && !p->hung_up) {
        /* Who asks after the bots have gone would be refused. */
        p->hung_up = true;
        zapi_fronts_hang_up(&p->fronts);
    } else if (!busy(p)) {
        finish(p);
    } else if (uv_now(&p->loop) >= p->give_up) {
        zapi_warn("ten seconds are over; what still runs is cut off");
        finish(p);
    }
}

static void begin_end(struct zapi_program *p)
{
    if (p->ending) {
        return;
    }
    p->ending = true;
    zapi_notify_stopping(p->notify, "ending: what runs gets ten seconds");
    zapi_admin_ending(p->admin);
    zapi_fronts_quiesce(&p->fronts);
    zapi_fleet_quiesce(p->fleet);
    p->give_up = uv_now(&p->loop) + GRACE_MS;
    uv_timer_start(&p->look, on_look, 0, LOOK_MS);
}

/* Signals reach a program, not an object: the one thing here that is global.
 * A second one must end a program whose loop is stuck in a script, so it is
 * not left to the loop. */
static uv_async_t *signal_wake;
static volatile sig_atomic_t signalled, hung_up;

static void on_raw_signal(int signum)
{
    int saved = errno;
    if (signalled) {
        _exit(128 + signum);
    }
    signalled = signum;
    uv_async_send(signal_wake);
    errno = saved;
}

static void on_hangup(int signum)
{
    int saved = errno;
    (void)signum;
    hung_up = 1;
    uv_async_send(signal_wake);
    errno = saved;
}

static void on_signal(uv_async_t *handle)
{
    struct zapi_program *p = handle->data;
    if (hung_up) {
        hung_up = 0;
        zapi_info("SIGHUP: the scripts are loaded anew");
        zapi_fronts_renew(&p->fronts);
        zapi_fleet_reload(p->fleet, NULL, NULL, NULL);
    }
    if (!signalled) {
        return;
    }
    zapi_info("%s: no new events; calls in flight get 10 s (again: at once)",
              signalled == SIGINT ? "SIGINT" : "SIGTERM");
    begin_end(p);
}

static void catch_signals(struct zapi_program *p)
{
    struct sigaction sa = {.sa_handler = on_raw_signal, .sa_flags = SA_RESTART};
    uv_async_init(&p->loop, &p->on_signal, on_signal);
    uv_unref((uv_handle_t *)&p->on_signal);
    p->on_signal.data = p;
    signal_wake = &p->on_signal;
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    /* On a terminal it says that the terminal is gone. */
    if (!isatty(STDERR_FILENO) && p->options->command <= ZAPI_COMMAND_DEV) {
        sa.sa_handler = on_hangup;
        sigaction(SIGHUP, &sa, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    /* A file that may not grow is an error like others. */
    signal(SIGXFSZ, SIG_IGN);
}

/* A tool's output is what it prints: only warnings stand beside it. */
static void configure_log(struct zapi_config *c, bool tool, const char **bad)
{
    enum zapi_log_level level = tool ? ZAPI_LOG_WARN : ZAPI_LOG_INFO;
    const char *name = zapi_config_get(c, "ZAPIBOT_LOG");
    const char *format = zapi_config_get(c, "ZAPIBOT_LOG_FORMAT");
    bool json = !isatty(STDERR_FILENO);
    *bad = NULL;
    if (name && !zapi_log_parse_level(name, &level)) {
        *bad = "--log takes debug, info, warn, error or off";
    }
    if (format) {
        json = strcmp(format, "json") == 0;
        if (!json && strcmp(format, "text") != 0) {
            *bad = "--log-format takes text or json";
        }
    }
    zapi_log_configure(level, json);
}

static void on_second(uv_timer_t *timer)
{
    struct zapi_program *p = timer->data;
    zapi_fleet_look(p->fleet);
    if (p->served && p->hub && !p->ending) { /* a second ago: all have joined */
        p->served = false;
        zapi_left_warn(p->hub, p->fleet);
    }
}

static void init_loop(struct zapi_program *p)
{
    uv_loop_init(&p->loop);
    uv_timer_init(&p->loop, &p->look);
    uv_timer_init(&p->loop, &p->second);
    p->look.data = p->second.data = p;
    uv_timer_start(&p->second, on_second, SECOND_MS, SECOND_MS);
    uv_unref((uv_handle_t *)&p->second);
    catch_signals(p);
}

static double shortest_budget(struct zapi_program *p)
{
    struct zapi_plan *plan = zapi_config_plan(p->config);
    double shortest = p->limits.budget;
    size_t i;
    for (i = 0; plan && i < zapi_plan_count(plan); i++) {
        double one = zapi_plan_automation(plan, i).budget;
        if (one > 0 && one < shortest) {
            shortest = one;
        }
    }
    return shortest;
}

/* Tools are our own, and may take their time. */
static void start_monitor(struct zapi_program *p)
{
    const char *data = zapi_config_data(p->config);
    const struct zapi_monitor_config config = {
        .budget = p->limits.budget,
        .shortest = shortest_budget(p),
        .stuck = p->limits.stuck,
        .folder = data && strcmp(data, "memory") != 0 ? data : NULL,
    };
    if (config.budget > 0 && !p->options->tool) {
        p->monitor = zapi_monitor_start(&config);
    }
}

static bool start_fleet(struct zapi_program *p);

/* The scripts are looked for before anything is started. */
static bool read_all(struct zapi_program *p, char *message, size_t room)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    const char *bad = NULL;
    p->config = zapi_config_new(p->options, &error);
    if (!p->config) {
        bad = error.message;
    } else {
        configure_log(p->config, p->options->tool != NULL, &bad);
    }
    if (!bad) {
        zapi_limits_read(p->config, &p->limits, &bad);
    }
    if (bad) {
        snprintf(message, room, "%s", bad);
        return false;
    }
    return p->options->tool || p->options->command == ZAPI_COMMAND_SANDBOX ||
           zapi_scripts_find(&p->scripts, p->options,
                             zapi_config_plan(p->config), message, room);
}

struct zapi_program *zapi_program_new(const struct zapi_options *options)
{
    struct zapi_program *p = calloc(1, sizeof *p);
    char message[sizeof((struct zapi_error *)0)->message] = "not enough memory";
    if (p) {
        p->options = options;
    }
    if (p && read_all(p, message, sizeof message)) {
        init_loop(p);
        if (!options->tool) {
            zapi_inherited_take(&p->inherited);
        }
        start_monitor(p);
        p->notify = options->tool ? NULL : zapi_notify_open(&p->loop);
        if (start_fleet(p)) {
            return p;
        }
        zapi_program_delete(p);
        return NULL;
    }
    fprintf(stderr, "zapibot: %s\n", message);
    if (p) {
        zapi_scripts_free(&p->scripts);
        zapi_config_delete(p->config);
    }
    free(p);
    return NULL;
}

struct zapi_config *zapi_program_config(struct zapi_program *p)
{
    return p->config;
}

/* ---- the hub ---- */

/* A bot works without commands too. */
static void start_control(struct zapi_program *p)
{
    struct zapi_error error;
    p->control = zapi_control_start(p->hub, p->fleet, &error);
    if (!p->control)
        zapi_warn("commands cannot reach this process: %s", error.message);
}

/* A busy port is no reason not to run. Trying a bot out needs no such address
 * unless one was asked for. */
static void start_admin(struct zapi_program *p)
{
    struct zapi_error error;
    const char *listen = zapi_config_get(p->config, "ZAPIBOT_ADMIN_LISTEN");
    if (!listen && p->options->command == ZAPI_COMMAND_RUN)
        listen = ADMIN;
    if (!listen || strcmp(listen, "off") == 0)
        return;
    p->admin = zapi_admin_start(&p->loop, p->hub, listen, &error);
    if (!p->admin)
        zapi_warn("no /healthz, /readyz and /metrics: %s (--admin-listen)",
                  error.message);
}

/* Nobody sees that an option was not taken; a script without a bot may have
 * options of its own that are called like ours. */
static void warn_of_stray(const struct zapi_options *o)
{
    if (o->stray) {
        zapi_warn("%s was given to the script: options of zapibot stand before "
                  "it, as in: zapibot %s%s … %s",
                  o->stray, o->command == ZAPI_COMMAND_DEV ? "dev " : "",
                  o->stray, o->script);
    }
}

static struct zapi_hub *open_hub(void *arg, struct zapi_error *error)
{
    struct zapi_program *p = arg;
    struct zapi_hub_config c = {.loop = &p->loop};
    if (p->hub)
        return p->hub;
    c.folder = zapi_config_data(p->config);
    if (c.folder && strcmp(c.folder, "memory") == 0)
        c.folder = NULL;
    else
        zapi_info("data is kept in %s", c.folder);
    p->hub = zapi_hub_open(&c, error);
    warn_of_stray(p->options);
    if (p->hub && c.folder)
        start_control(p);
    if (p->hub)
        start_admin(p);
    return p->hub;
}

struct zapi_hub *zapi_program_hub(struct zapi_program *p)
{
    return p->hub;
}

/* ---- scripts ---- */

/* Several are ready when all serve. */
static void on_listening(void *arg, const char *address)
{
    struct zapi_program *p = arg;
    snprintf(p->status, sizeof p->status, "listening %s", address);
    if (p->scripts.n <= 1) {
        p->served = !p->looked;
        p->looked = true;
        zapi_notify_ready(p->notify, p->status);
    }
}

static struct zapi_front *open_front(void *arg,
                                     const struct zapi_front_config *config,
                                     struct zapi_error *error)
{
    struct zapi_program *p = arg;
    struct zapi_front_config c = *config;
    c.listen_fd = zapi_inherited_find(&p->inherited, c.listen);
    return zapi_fronts_get(&p->fronts, &c, error);
}

static void on_ended(void *arg, bool ok)
{
    struct zapi_program *p = arg;
    zapi_fronts_go(&p->fronts);
    if (ok && p->scripts.n > 1 && !p->looked)
        p->served = p->looked = true;
    if (ok && (p->scripts.n > 1 || !p->status[0])) /* else it was told */
        zapi_notify_ready(p->notify,
                          p->status[0] ? p->status : "the script has run");
    if (!ok) {
        p->code = p->code ? p->code : 1;
        begin_end(p);
    }
}

static void on_stop(void *arg, int code)
{
    struct zapi_program *p = arg;
    if (code < 0) { /* zapi.stop() */
        begin_end(p);
        return;
    }
    p->code = code; /* os.exit(): the script has decided, nothing waits */
    finish(p);
}

static void on_full(void *arg)
{
    struct zapi_program *p = arg;
    p->code = EXIT_FULL;
    begin_end(p);
}

static bool start_fleet(struct zapi_program *p)
{
    struct zapi_fleet_config config = {
        .loop = &p->loop,
        .config = p->config,
        .watch = zapi_monitor_watch(p->monitor),
        .several = p->scripts.n > 1,
        .files = p->options->command == ZAPI_COMMAND_DEV ||
                 zapi_config_flag(p->config, ZAPI_OPT_WATCH),
        .grace = (uint64_t)(p->limits.grace * 1000),
        .ended = on_ended,
        .stop = on_stop,
        .hub = open_hub,
        .front = open_front,
        .listening = on_listening,
        .full = on_full,
        .arg = p,
    };
    p->fleet = zapi_fleet_new(&config);
    if (config.several) { /* until on_ended */
        zapi_fronts_hold(&p->fronts);
    }
    return p->fleet != NULL;
}

/* Says why a script was not started. */
static int say_why(const char *name, const struct zapi_error *error)
{
    if (error->kind == ZAPI_E_IO) {
        fprintf(stderr, "zapibot: %s\n", error->message);
        return 2;
    }
    zapi_log_as(name, ZAPI_LOG_ERROR, error->message, strlen(error->message));
    return 1;
}

bool zapi_program_add(struct zapi_program *p, const char *name,
                      const char *script, bool main,
                      const struct zapi_setting *settings, int *code)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    const struct zapi_fleet_script s = {
        .name = name,
        .script = script,
        .helper = !main,
        .nargs = main ? p->options->nargs : 0,
        .args = p->options->args,
        .settings = settings,
        .memory = p->options->tool ? 0 : p->limits.memory,
    };
    if (zapi_fleet_add(p->fleet, &s, &error)) {
        return true;
    }
    *code = say_why(name, &error);
    return false;
}

/* What the file of --config says of one. */
static bool read_row(struct zapi_program *p, struct zapi_fleet_script *s,
                     size_t row)
{
    struct zapi_plan_automation a;
    s->plan = zapi_config_plan(p->config);
    if (!s->plan) {
        return true;
    }
    a = zapi_plan_automation(s->plan, row);
    s->row = row;
    s->concurrency = a.concurrency;
    s->budget = a.budget > 0 ? (uint64_t)(a.budget * 1e9) : 0;
    if (a.memory && !zapi_limits_memory(a.memory, &s->memory)) {
        fprintf(stderr,
                "zapibot: %s: automations.%s.memory takes a size, like 256M "
                "(at least 4M; 0: no limit)\n",
                p->options->values[ZAPI_OPT_CONFIG], a.name);
        return false;
    }
    return true;
}

/* One of several that is broken may be mended. */
static bool add_script(struct zapi_program *p, size_t i,
                       const struct zapi_setting *settings, int *code)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_fleet_script s = {
        .name = p->scripts.list[i].name,
        .script = p->scripts.list[i].path,
        .nargs = p->options->nargs,
        .args = p->options->args,
        .settings = settings,
        .memory = p->limits.memory,
    };
    if (!read_row(p, &s, i)) {
        *code = 2;
        return false;
    }
    if (zapi_fleet_add(p->fleet, &s, &error)) {
        return true;
    }
    *code = say_why(s.name, &error);
    return p->scripts.n > 1 && *code == 1;
}

static bool forwards(struct zapi_program *p)
{
    return zapi_config_get(p->config, "ZAPIBOT_FORWARDS") != NULL;
}

/* What passes webhooks on hears them before the first is taken. */
static bool start_forward(struct zapi_program *p, int *code)
{
    if (!zapi_config_get(p->config, "ZAPIBOT_FORWARD")) {
        return true;
    }
    if (zapi_program_add(p, "forward", "@zapi/host/forward.lua", false, NULL,
                         code) &&
        zapi_program_turn_until(p, forwards)) {
        return true;
    }
    *code = p->code ? p->code : 1;
    return false;
}

bool zapi_program_add_scripts(struct zapi_program *p,
                              const struct zapi_setting *settings, int *code)
{
    size_t i;
    *code = 0;
    if (!start_forward(p, code)) {
        return false;
    }
    for (i = 0; i < p->scripts.n; i++) {
        if (!add_script(p, i, settings, code)) {
            return false;
        }
    }
    return zapi_fleet_alive(p->fleet) > 0;
}

/* ---- running ---- */

bool zapi_program_turn_until(struct zapi_program *p,
                             bool (*until)(struct zapi_program *p))
{
    while (!p->over && !(until && until(p))) {
        /* Nothing can happen any more, unless a main chunk waits in
         * zapi.run(). */
        if (uv_run(&p->loop, UV_RUN_ONCE) == 0 &&
            !zapi_fleet_end_runs(p->fleet)) {
            break;
        }
    }
    return until && until(p);
}

int zapi_program_run(struct zapi_program *p)
{
    zapi_program_turn_until(p, NULL);
    if (!p->over && zapi_fleet_main_runs(p->fleet)) {
        zapi_err("the script waits for something that can never happen");
        p->code = p->code ? p->code : 1;
    }
    return p->code;
}

static void close_handles(struct zapi_program *p)
{
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    uv_close((uv_handle_t *)&p->on_signal, NULL);
    uv_close((uv_handle_t *)&p->look, NULL);
    uv_close((uv_handle_t *)&p->second, NULL);
    uv_run(&p->loop, UV_RUN_DEFAULT);
    uv_loop_close(&p->loop);
}

void zapi_program_delete(struct zapi_program *p)
{
    zapi_fleet_delete(p->fleet);
    zapi_control_stop(p->control);
    zapi_admin_stop(p->admin);
    if (p->hub) {
        zapi_hub_close(p->hub);
    }
    zapi_monitor_stop(p->monitor);
    zapi_notify_close(p->notify);
    close_handles(p);
    zapi_chunks_free();
    zapi_metrics_clear();
    zapi_scripts_free(&p->scripts);
    zapi_config_delete(p->config);
    zapi_inherited_close(&p->inherited);
    free(p);
    zapi_redact_clear();
}
