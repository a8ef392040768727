/* SPDX-License-Identifier: MIT
 *
 * The automations of a process by name, and their generations: each script
 * runs in a state of its own (automation.h), and the next version of one is
 * loaded and checked beside the one that serves, then takes its place.
 *
 *   held state → main chunk ends (or waits in zapi.run) → bot:check → serves;
 *   the older one ends what runs, at most for the grace
 *
 * What fails on this way leaves the older one serving. With several scripts a
 * broken one touches no other. Loop thread.
 */
#ifndef ZAPI_HOST_FLEET_H
#define ZAPI_HOST_FLEET_H

#include "base/buf.h"
#include "host/automation.h"

struct zapi_fleet;
struct zapi_plan;

struct zapi_fleet_config {
    uv_loop_t *loop;
    struct zapi_config *config;
    struct zapi_watch *watch; /* borrowed; may be NULL */
    bool several;             /* more than one script: see `ended`, `stop` */
    bool files;               /* changed files are a reload */
    uint64_t grace;           /* ms */
    /* As in automation.h. */
    struct zapi_hub *(*hub)(void *arg, struct zapi_error *error);
    struct zapi_front *(*front)(void *arg,
                                const struct zapi_front_config *config,
                                struct zapi_error *error);
    void (*listening)(void *arg, const char *address);
    /* A script's main chunk has ended. Not ok: nothing is left that could run
     * (of several scripts: the last one is broken). */
    void (*ended)(void *arg, bool ok);
    /* zapi.stop() (-1) or os.exit(code) of the only script, or of the last of
     * several. */
    void (*stop)(void *arg, int code);
    /* The only script's memory is full; one of several is loaded anew. */
    void (*full)(void *arg);
    void *arg;
};

struct zapi_fleet_script {
    const char *name, *script; /* copied */
    bool helper; /* of ours: is not reloaded, and nothing waits for its end */
    int nargs;
    char **args;                         /* borrowed */
    const struct zapi_setting *settings; /* borrowed */
    size_t memory;
    uint64_t budget;        /* ns; 0: that of all */
    unsigned concurrency;   /* 0: the bot's own */
    struct zapi_plan *plan; /* NULL: none; borrowed */
    size_t row;             /* in the plan */
};

struct zapi_fleet *zapi_fleet_new(const struct zapi_fleet_config *config);
/* Starts a script. false: *error (kind IO: its file cannot be read); one of
 * several stays in the fleet, and may be mended by a reload. */
bool zapi_fleet_add(struct zapi_fleet *f, const struct zapi_fleet_script *s,
                    struct zapi_error *error);
/* Is there a script of this name, whether it runs or is broken? */
bool zapi_fleet_has(const struct zapi_fleet *f, const char *name);
/* How many run, of scripts. */
size_t zapi_fleet_alive(const struct zapi_fleet *f);

/* `reply` is JSON: {"ok":true,"reloaded":[{"name":,"generation":}]} or
 * {"ok":false,"error":}. Borrowed. */
typedef void zapi_fleet_reloaded(void *arg, const struct zapi_buf *reply);
/* Loads the newest version of one script, or of all (NULL). `done` (may be
 * NULL) is called once, perhaps before this returns. While a reload of it is
 * under way, one more follows. */
void zapi_fleet_reload(struct zapi_fleet *f, const char *name,
                       zapi_fleet_reloaded *done, void *arg);
/* Appends the member "generations": what runs, since when, last errors. */
void zapi_fleet_put(struct zapi_fleet *f, struct zapi_buf *b);

/* As in automation.h, over all. */
bool zapi_fleet_end_runs(struct zapi_fleet *f);
void zapi_fleet_quiesce(struct zapi_fleet *f);
size_t zapi_fleet_busy(struct zapi_fleet *f);
void zapi_fleet_look(struct zapi_fleet *f);
/* Does some script's main chunk still run? */
bool zapi_fleet_main_runs(const struct zapi_fleet *f);
/* Closes all states; who waits for a reload is told. The loop must run on. */
void zapi_fleet_delete(struct zapi_fleet *f);

#endif
