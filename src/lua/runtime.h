/* SPDX-License-Identifier: MIT
 *
 * Private to runtime.c, task.c and l_task.c: what a runtime and a task are
 * made of. Everybody else uses task.h.
 */
#ifndef ZAPI_LUA_RUNTIME_H
#define ZAPI_LUA_RUNTIME_H

#include <stdint.h>

#include "lua/class.h"
#include "lua/host.h"
#include "lua/shutdown.h"
#include "lua/task.h"
#include "lua/watch.h"

enum task_status {
    TASK_READY,   /* in the queue: starts or goes on at the next turn */
    TASK_RUNNING, /* rt->current */
    TASK_WAITING, /* for task->op */
    TASK_DONE,    /* results are on its stack */
    TASK_FAILED,  /* the error is its user value 2 */
    TASK_CANCELLED,
};

/* A userdata (class "zapi.task"); user value 1 is the coroutine, 2 the error
 * of a failed one. Anchored in the registry until it ends. */
struct zapi_task {
    struct zapi_rt *rt;
    lua_State *co;
    enum task_status status;
    int nargs;              /* for the first resume */
    int nresults;           /* of a done one */
    bool quiet;             /* a failure is somebody's who will join */
    bool main;              /* a main chunk */
    bool started;           /* by the main chunk: in rt->started, as it is */
    bool overran;           /* the monitor has ended it */
    const char *event_name; /* see zapi_task_label */
    uint64_t event_seq;
    struct zapi_op *op;            /* on the coroutine's stack */
    struct zapi_task *next, *prev; /* in the ready queue */
    struct zapi_task *next_started, **started_link;
    struct join_op *joiners;
    zapi_task_end *end;
    void *end_arg;
};

struct zapi_service;

struct zapi_name {
    struct zapi_name *next;
    char text[]; /* NUL-terminated */
};

struct closer {
    void (*fn)(void *arg);
    void *arg;
    struct closer *next;
};

struct zapi_rt {
    lua_State *L; /* a thread of the runtime's own: what the loop enters Lua
                     with, whatever coroutine the script is in */
    uv_loop_t *loop;
    uv_loop_t own_loop; /* plain Lua */
    const struct zapi_host *host;
    struct zapi_watch *watch; /* the host's; NULL: nobody looks */
    uv_idle_t idle;           /* keeps the loop turning while tasks are ready */
    uv_check_t check;         /* resumes what the poll phase has completed */
    uv_async_t keep;          /* referenced while somebody holds the runtime */
    unsigned handles;         /* still to be closed */
    unsigned holds;
    size_t work; /* core.work: tasks that an orderly end waits for */
    struct zapi_task *head, *tail; /* ready queue */
    struct zapi_task *current;
    struct closer *closers;
    struct zapi_name *names;       /* of automations: zapi_task_label */
    struct zapi_service *services; /* that are open (service_parts.h) */
    struct zapi_rt_part *parts;    /* shutdown.h */
    struct zapi_http *http;
    struct zapi_hub *hub; /* plain Lua: its own; else the host's */
    char *data;           /* tests: its folder; NULL: as ZAPIBOT_DATA says */
    struct run_op *runs;  /* tasks inside zapi.run() under the host */
    struct zapi_task *started; /* the main chunk, and what it started */
    struct zapi_alarm *alarms; /* the same of after and interval */
    bool lasting; /* what is started now does not end with the main chunk */
    bool driving; /* inside uv_run, or the loop is the host's */
    bool stopped;
    bool closing;
};

extern const struct zapi_class zapi_task_class;

/* The protected core of spawn; `quiet` as above. */
struct zapi_task *zapi_task_new(lua_State *L, int nargs, bool quiet);
/* Resumes ready tasks for at most a few milliseconds. */
void zapi_rt_drain(struct zapi_rt *rt);
/* Keeps the loop turning without waiting while tasks are ready. */
void zapi_rt_busy(struct zapi_rt *rt, bool busy);
/* One turn of the loop, from plain Lua; false when nothing can happen. */
bool zapi_rt_turn(struct zapi_rt *rt, uv_run_mode mode);
/* Takes a waiting or ready task out of everything, without ending it. */
void zapi_task_detach(struct zapi_task *task);
/* The state is being closed: detaches all that have not ended. */
void zapi_task_end_all(lua_State *L);
void zapi_join_wake(struct zapi_task *task); /* l_task.c */
/* The text on top of the stack, thrown next, says all: a mistake in the
 * configuration has no use for a traceback. */
void zapi_task_plain(lua_State *L);
/* It ends when the state is retired (generation.h). */
void zapi_task_mark(struct zapi_task *task);
/* Is what is started now the main chunk's? */
bool zapi_rt_is_main(const struct zapi_rt *rt);
/* The main chunk's timers (l_timer.c) and tasks (l_task.c) end. */
void zapi_rt_end_alarms(struct zapi_rt *rt);
void zapi_rt_end_tasks(struct zapi_rt *rt);
/* Methods of a task (l_task.c). */
extern const luaL_Reg zapi_task_methods[];

/* Fields of the core table on top of the stack. */
void zapi_l_task_open(lua_State *L);
void zapi_l_timer_open(lua_State *L);
void zapi_l_util_open(lua_State *L);
void zapi_l_json_open(lua_State *L);
void zapi_l_catalogue_open(lua_State *L);
void zapi_l_client_open(lua_State *L);
void zapi_l_http_open(lua_State *L);
void zapi_l_serve_open(lua_State *L);
void zapi_l_media_open(lua_State *L);
void zapi_l_service_open(lua_State *L);
void zapi_l_events_open(lua_State *L);
void zapi_l_people_open(lua_State *L);
void zapi_l_sends_open(lua_State *L);
void zapi_l_qr_open(lua_State *L);
void zapi_l_crypto_open(lua_State *L);
void zapi_l_metrics_open(lua_State *L);
void zapi_l_admin_open(lua_State *L);
void zapi_l_store_open(lua_State *L);
void zapi_l_timers_open(lua_State *L);
void zapi_l_testing_open(lua_State *L);
void zapi_l_gate_open(lua_State *L);
void zapi_l_generation_open(lua_State *L);
void zapi_l_input_open(lua_State *L);

#endif
