/* SPDX-License-Identifier: MIT
 *
 * Gates: tasks wait at one until somebody opens it. Open gates stay open.
 *
 *   local gate = core.gate()
 *   gate:wait()      -- in as many tasks as one likes
 *   gate:open()      -- from anywhere on the loop
 *
 * For what waits long and in large numbers (open questions): no timer, no task
 * of its own. Whoever waits has the gate on its stack, so it lives as long; the
 * operations are in a list of the gate, borrowed.
 */
#include <lauxlib.h>

#include "lua/class.h"
#include "lua/runtime.h"

struct gate;

struct gate_op {
    struct zapi_op base;
    struct gate *gate; /* NULL: it waits no more */
    struct gate_op *next, **link;
};

struct gate {
    struct gate_op *waiting;
    bool open;
};

static void leave(struct gate_op *op)
{
    if (!op->gate)
        return;
    *op->link = op->next;
    if (op->next)
        op->next->link = op->link;
    op->gate = NULL;
}

static void gate_cancel(struct zapi_op *base)
{
    leave((struct gate_op *)base);
}

static int l_gate_close(lua_State *L)
{
    struct gate *gate = lua_touserdata(L, 1);
    while (gate->waiting)
        leave(gate->waiting);
    return 0;
}

static int l_open(lua_State *L);
static int l_wait(lua_State *L);

static const luaL_Reg gate_methods[] = {
    {"open", l_open},
    {"wait", l_wait},
    {NULL, NULL},
};

static const struct zapi_class gate_class = {
    .name = "zapi.gate",
    .methods = gate_methods,
    .close = l_gate_close,
};

/* gate:open() -> was it shut? */
static int l_open(lua_State *L)
{
    struct gate *gate = zapi_class_check(L, 1, &gate_class);
    lua_pushboolean(L, !gate->open);
    gate->open = true;
    while (gate->waiting) {
        struct gate_op *op = gate->waiting;
        leave(op);
        zapi_op_done(&op->base);
    }
    return 1;
}

static int k_waited(lua_State *L, int status, lua_KContext ctx)
{
    (void)L, (void)status, (void)ctx;
    return 0;
}

/* gate:wait() */
static int l_wait(lua_State *L)
{
    struct gate *gate = zapi_class_check(L, 1, &gate_class);
    lua_settop(L, 1);
    if (gate->open)
        return 0;
    struct gate_op *op = zapi_op_new(L, sizeof *op, gate_cancel, NULL);
    op->gate = gate;
    op->next = gate->waiting;
    op->link = &gate->waiting;
    if (op->next)
        op->next->link = &op->next;
    gate->waiting = op;
    return zapi_op_wait(L, &op->base, k_waited);
}

static int l_gate(lua_State *L)
{
    zapi_class_new(L, &gate_class, sizeof(struct gate), 0);
    return 1;
}

void zapi_l_gate_open(lua_State *L)
{
    zapi_class_register(L, &gate_class);
    lua_pushcfunction(L, l_gate);
    lua_setfield(L, -2, "gate");
}
