/* SPDX-License-Identifier: MIT
 *
 * What the program's monitor (host/monitor.c) knows of the thread that runs
 * Lua, and how it ends a script that computes for too long. The runtime says
 * when code begins to run and when it has ended: a few stores, no lock. Past
 * its budget the monitor sends the thread a signal, whose handler arms a count
 * hook on the innermost coroutine; the hook yields, which pcall cannot catch.
 * So there is no cost before, and the monitor is the only other thread here.
 *
 * The monitor owns the struct; it outlives the states. Plain Lua has none.
 */
#ifndef ZAPI_LUA_WATCH_H
#define ZAPI_LUA_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

struct zapi_watch {
    /* Written by the loop thread, read by the monitor. */
    _Atomic uint64_t since;     /* uv_hrtime when it began; 0: nothing runs.
                                   Also the name of this run */
    _Atomic uint64_t seq;       /* the event that it belongs to; 0: none */
    _Atomic(const char *) name; /* the event's automation; not freed before
                                   the state is closed */
    atomic_bool main;           /* a main chunk: it has more time */
    _Atomic uint64_t soft;      /* ns that this run has; 0: `budget` */

    /* Written by the monitor. */
    _Atomic uint64_t target;    /* the run that is to end; 0: none */
    double budget, main_budget; /* seconds, for the message; set once */

    /* The loop thread's and its signal handler's own. */
    lua_State *volatile inner; /* the coroutine that runs */
    volatile bool overran;     /* the hook has struck in this run */
    char message[192];         /* then: why and where */
};

/* The one watch of this process; NULL takes it away. */
void zapi_watch_install(struct zapi_watch *w);
/* On the loop thread, from a signal handler: arms the hook when the target
 * still runs. */
void zapi_watch_arm(void);

/* Around every run of code. `name` is borrowed until the state is closed. */
static inline void zapi_watch_begin(struct zapi_watch *w, lua_State *L,
                                    uint64_t now, const char *name,
                                    uint64_t seq, bool main)
{
    w->inner = L;
    w->overran = false;
    atomic_store_explicit(&w->name, name, memory_order_relaxed);
    atomic_store_explicit(&w->seq, seq, memory_order_relaxed);
    atomic_store_explicit(&w->main, main, memory_order_relaxed);
    atomic_store_explicit(&w->since, now, memory_order_release);
}

/* Before a run: how long it may take, in ns (0: the budget of all). */
static inline void zapi_watch_allow(struct zapi_watch *w, uint64_t soft)
{
    atomic_store_explicit(&w->soft, soft, memory_order_relaxed);
}

/* Did the hook strike? */
static inline bool zapi_watch_end(struct zapi_watch *w)
{
    atomic_store_explicit(&w->since, 0, memory_order_release);
    w->inner = NULL;
    return w->overran;
}

/* Is some run going on? (Runs do not nest: the outermost counts.) */
static inline bool zapi_watch_runs(const struct zapi_watch *w)
{
    return atomic_load_explicit(&w->since, memory_order_relaxed) != 0;
}

/* lua_resetthread of another coroutine, whose __close is watched too. `w` may
 * be NULL. */
int zapi_watch_reset(struct zapi_watch *w, lua_State *co);
/* Replaces coroutine.resume, wrap and close by ones that say what runs, and
 * hides debug.sethook. Stack: unchanged. */
void zapi_watch_open(lua_State *L);

#endif
