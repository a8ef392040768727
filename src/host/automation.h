/* SPDX-License-Identifier: MIT
 *
 * One script in one lua_State of its own. The state shares the program's loop
 * and gets its configuration, the embedded files and an `os.exit` that ends
 * the program in order.
 */
#ifndef ZAPI_HOST_AUTOMATION_H
#define ZAPI_HOST_AUTOMATION_H

#include <stdbool.h>

#include <uv.h>

#include "base/error.h"
#include "host/config.h"
#include "lua/host.h"

struct zapi_automation;

struct zapi_automation_config {
    uv_loop_t *loop;
    struct zapi_config *config;
    const char *name;   /* who speaks in the log */
    const char *script; /* a file; or the name of an embedded one after "@" */
    int nargs;
    char **args;
    const struct zapi_setting *settings; /* borrowed */
    bool held; /* a next generation: its bots wait (zapi_automation_serve) */
    /* The program's hub; NULL: *error. */
    struct zapi_hub *(*hub)(void *arg, struct zapi_error *error);
    /* As in zapi_host. */
    struct zapi_front *(*front)(void *arg,
                                const struct zapi_front_config *config,
                                struct zapi_error *error);
    /* Pushes what the file of --config gives to the script (core.given), or
     * nil. Called in a protected call, once; may throw. May be NULL. */
    void (*give)(void *arg, lua_State *L);
    /* It reads this file: the script, a module. May be NULL. */
    void (*file)(void *arg, const char *path);
    /* Its main chunk waits in zapi.run(). May be NULL. */
    void (*runs)(void *arg);
    /* A bot of it takes webhooks there. */
    void (*listening)(void *arg, const char *address);
    struct zapi_watch *watch; /* borrowed; may be NULL */
    size_t memory;            /* limit in bytes; 0: none */
    uint64_t budget;          /* ns of a handler; 0: that of all */
    /* The main chunk has ended. Not ok: `message` has the error with its
     * traceback, and is in the log already. */
    void (*ended)(void *arg, bool ok, const char *message);
    /* zapi.stop() (code -1) or os.exit(code). */
    void (*stop)(void *arg, int code);
    /* It holds nearly all the memory it may have, and none of it is garbage:
     * it is to be started anew. Once. */
    void (*full)(void *arg);
    void *arg;
};

/* Loads the script and queues its main chunk. NULL: *error; kind IO when the
 * file cannot be read (wrong usage), anything else is the script's fault. */
struct zapi_automation *
zapi_automation_new(const struct zapi_automation_config *config,
                    struct zapi_error *error);
/* Closes the state; the loop must run on until its handles are gone. */
void zapi_automation_delete(struct zapi_automation *a);
/* Lets a zapi.run() of the main chunk return, as nothing else can happen.
 * false: there was none. */
bool zapi_automation_end_runs(struct zapi_automation *a);
struct zapi_rt *zapi_automation_rt(struct zapi_automation *a);
/* What was `held` serves: bots that start from now on do so at once. */
void zapi_automation_serve(struct zapi_automation *a);
size_t zapi_automation_memory(const struct zapi_automation *a);
/* No new events start from now on. */
void zapi_automation_quiesce(struct zapi_automation *a);
/* Once a second: measures its memory, and sees to it (config.full). */
void zapi_automation_look(struct zapi_automation *a);
/* Handlers, requests and calls that have not ended. */
size_t zapi_automation_busy(struct zapi_automation *a);

#endif
