/* SPDX-License-Identifier: MIT
 *
 * What a service tells its script beside events: a send's row has changed,
 * timers have, its generation serves or is retired, … Each is a function among
 * its options, called on the loop in an entry of its own; a script that is
 * closing is told nothing. Start reading at tell.
 */
#include "lua/runtime.h"
#include "lua/service.h"
#include "lua/service_parts.h"

/* Pushes what the script gave for `slot`; false: nothing, or it is closed. */
static bool push_function(lua_State *L, const struct zapi_service *s,
                          enum zapi_service_slot slot)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, s->owner);
    return !lua_isnil(L, -1) &&
           lua_getiuservalue(L, -1, (int)slot) == LUA_TFUNCTION;
}

struct told {
    const struct zapi_service *s;
    enum zapi_service_slot slot;
};

/* Stack: told */
static int l_tell(lua_State *L)
{
    const struct told *t = lua_touserdata(L, 1);
    if (push_function(L, t->s, t->slot))
        lua_call(L, 0, 0);
    return 0;
}

static void tell(struct zapi_service *s, enum zapi_service_slot slot,
                 const char *failure)
{
    struct told t = {.s = s, .slot = slot};
    if (s->rt)
        zapi_rt_enter(s->rt, l_tell, &t, failure);
}

void zapi_service_on_timers(void *arg)
{
    tell(arg, ZAPI_ON_TIMERS, "on_timers failed");
}

void zapi_service_on_nudged(void *arg)
{
    tell(arg, ZAPI_ON_NUDGE, "on_nudge failed");
}

void zapi_service_tell_serves(struct zapi_service *s)
{
    tell(s, ZAPI_ON_SERVE, "a bot could not begin to serve");
}

void zapi_service_tell_retired(struct zapi_service *s)
{
    tell(s, ZAPI_ON_RETIRE, "a bot could not be retired in order");
}

/* ---- with something ---- */

struct changed {
    struct zapi_service *s;
    const struct zapi_send *row;
};

/* Stack: changed */
static int l_changed(lua_State *L)
{
    struct changed *c = lua_touserdata(L, 1);
    if (!push_function(L, c->s, ZAPI_ON_SEND))
        return 0;
    zapi_send_push(L, c->row);
    lua_call(L, 1, 0);
    return 0;
}

void zapi_service_on_send(void *arg, const struct zapi_send *row)
{
    struct changed c = {.s = arg, .row = row};
    if (c.s->rt)
        zapi_rt_enter(c.s->rt, l_changed, &c, "on_send failed");
}

struct ended {
    struct zapi_service *s;
    uint64_t seq;
};

/* Stack: ended */
static int l_ended(lua_State *L)
{
    const struct ended *e = lua_touserdata(L, 1);
    if (!push_function(L, e->s, ZAPI_ON_ENDED))
        return 0;
    lua_pushinteger(L, (lua_Integer)e->seq);
    lua_call(L, 1, 0);
    return 0;
}

void zapi_service_on_ended(void *arg, uint64_t seq)
{
    struct ended e = {.s = arg, .seq = seq};
    if (e.s->rt)
        zapi_rt_enter(e.s->rt, l_ended, &e, "on_ended failed");
}
