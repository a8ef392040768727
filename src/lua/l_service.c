/* SPDX-License-Identifier: MIT
 *
 * core.service{…}: the service under a bot. Here its options are read and it is
 * made; what it does then is in the files of lua/service_parts.h. The userdata
 * hangs on the box of a zeroed service before anything is acquired, so that
 * closing it is the way back from wherever making it failed. Start reading at
 * l_service, then prepare.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lua/class.h"
#include "lua/client.h"
#include "lua/requests.h"
#include "lua/runtime.h"
#include "lua/service.h"
#include "lua/service_parts.h"
#include "lua/value.h"

enum { MOST_TASKS = 256 };

/* ---- options ---- */

struct options {
    const char *listen, *label, *secret, *name, *proxies, *tls_cert, *tls_key;
    enum zapi_token_check check;
    const char *const *kinds;     /* NULL: everything */
    const char *const *instances; /* NULL: none named */
    const char *const *routes;    /* NULL: what no other one has */
    size_t secret_len;
    lua_Integer concurrency, max_body;
    bool doorless; /* it only hears what others take (door = false) */
};

static const char *string_field(lua_State *L, const char *name,
                                const char *fallback, size_t *len)
{
    int type = lua_getfield(L, 1, name);
    if (type != LUA_TSTRING && !(type == LUA_TNIL && fallback))
        luaL_error(L, "bad parameter '%s' to service (string expected, got %s)",
                   name, lua_typename(L, type));
    return type == LUA_TNIL ? fallback : lua_tolstring(L, -1, len);
}

static enum zapi_token_check check_field(lua_State *L)
{
    enum zapi_token_check check;
    struct zapi_error error = {0};
    const char *word = string_field(L, "token_check", "", NULL);
    if (!zapi_token_check_parse(word, &check, &error)) {
        zapi_error_push(L, &error);
        lua_error(L);
    }
    return check;
}

static lua_Integer count_field(lua_State *L, const char *name)
{
    int isint, type = lua_getfield(L, 1, name);
    lua_Integer v = lua_tointegerx(L, -1, &isint);
    if (type != LUA_TNIL && (!isint || v < 1 || v > (1 << 30)))
        luaL_error(L,
                   "bad parameter '%s' to service (positive integer "
                   "expected)",
                   name);
    lua_pop(L, 1);
    return type == LUA_TNIL ? 0 : v;
}

static const char *const *texts_field(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    return zapi_service_texts(L, lua_gettop(L), name);
}

/* Leaves the strings on the stack. */
static struct options read_options(lua_State *L)
{
    struct options o = {0};
    const struct zapi_host *host = zapi_host_get(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    o.listen = string_field(L, "listen", "127.0.0.1:0", NULL);
    o.label = string_field(L, "label", "webhook", NULL);
    o.proxies = string_field(L, "trusted_proxies", "", NULL);
    o.tls_cert = string_field(L, "tls_cert", "", NULL);
    o.tls_key = string_field(L, "tls_key", "", NULL);
    o.check = check_field(L);
    o.secret = string_field(L, "secret", NULL, &o.secret_len);
    if (o.secret_len == 0)
        luaL_error(L, "bad parameter 'secret' to service (it is empty)");
    o.concurrency = count_field(L, "concurrency");
    if (o.concurrency > MOST_TASKS)
        o.concurrency = MOST_TASKS;
    o.max_body = count_field(L, "max_body");
    o.doorless =
        lua_getfield(L, 1, "door") == LUA_TBOOLEAN && !lua_toboolean(L, -1);
    lua_pop(L, 1);
    o.name = string_field(L, "name", host ? host->name : "bot", NULL);
    o.kinds = texts_field(L, "kinds");
    o.instances = texts_field(L, "instances");
    o.routes = texts_field(L, "routes");
    return o;
}

static bool take_options(struct zapi_service *s, const struct options *o)
{
    static const char *const all[] = {"*", NULL};
    s->concurrency = (unsigned)o->concurrency;
    s->kinds = zapi_strings_copy(o->kinds ? o->kinds : all);
    s->instances = o->instances ? zapi_strings_copy(o->instances) : NULL;
    return s->kinds && (s->instances || !o->instances);
}

/* ---- making one ---- */

/* Stack: … box. The zeroed service hangs in the box before anything else. */
static struct zapi_service *service_new(lua_State *L, struct zapi_service **box)
{
    struct zapi_rt *rt = zapi_rt_get(L);
    zapi_rt_renew_hub(rt);
    struct zapi_hub *hub = zapi_rt_hub(L, rt);
    struct zapi_service *s = calloc(1, sizeof *s);
    if (!s)
        luaL_error(L, "not enough memory");
    s->rt = rt;
    s->hub = hub;
    s->owner = box;
    s->refs = 1;
    *box = s;
    s->next = rt->services;
    if (s->next)
        s->next->link = &s->next;
    s->link = &rt->services;
    rt->services = s;
    zapi_rt_at_close(rt, zapi_service_on_state_close, s);
    return s;
}

static int start_failed(lua_State *L, const struct zapi_error *error)
{
    lua_pushcfunction(L, zapi_service_l_close);
    lua_pushvalue(L, -2);
    lua_call(L, 1, 0);
    zapi_error_push(L, error);
    if (error->kind == ZAPI_E_CONFIG)
        zapi_task_plain(L);
    return lua_error(L);
}

/* Two of one generation with the same name. */
static bool is_twin(const struct zapi_service *s, struct zapi_error *error)
{
    for (const struct zapi_service *o = s->rt->services; o; o = o->next)
        if (o != s && o->state == ZAPI_SERVICE_HELD &&
            strcmp(o->name, s->name) == 0) {
            zapi_error_set(error, ZAPI_E_CONFIG,
                           "two bots of this script are called '%s': give one "
                           "of them another name (zapi.bot.new{name = …})",
                           s->name);
            return true;
        }
    return false;
}

static void forward_request(void *arg, struct zapi_exchange *ex)
{
    struct zapi_service *s = arg;
    zapi_requests_post(s->requests, ex);
}

static bool open_front(struct zapi_service *s, const struct options *o,
                       struct zapi_error *error)
{
    const struct zapi_host *host = s->rt->host;
    struct zapi_front_config c = {.hub = s->hub,
                                  .listen = o->listen,
                                  .listen_fd = -1,
                                  .label = o->label,
                                  .proxies = o->proxies,
                                  .tls_cert = o->tls_cert,
                                  .tls_key = o->tls_key,
                                  .max_body = (size_t)o->max_body};
    struct zapi_front_seat_config seat = {
        .automation = host ? host->name : "",
        .generation = s->rt,
        .name = s->name,
        .secret = o->secret,
        .secret_len = o->secret_len,
        .check = o->check,
        .request = s->requests ? forward_request : NULL,
        .arg = s,
        .routes = o->routes};
    s->front = host && host->front ? host->front(host->arg, &c, error)
                                   : zapi_front_open(&c, error);
    if (!s->front)
        return false;
    strncpy(s->address, zapi_front_address(s->front), sizeof s->address - 1);
    s->place = zapi_front_attach(s->front, &seat, error);
    return s->place != NULL;
}

/* The tokens of options.clients; what is no client of an instance has none. */
static void know_clients(lua_State *L, struct zapi_service *s)
{
    const char *instance, *token;
    lua_getfield(L, 1, "clients");
    lua_Integer n = lua_istable(L, -1) ? (lua_Integer)lua_rawlen(L, -1) : 0;
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, -1, i);
        if (zapi_client_identity(L, lua_gettop(L), &instance, &token) &&
            !zapi_front_know(s->place, instance, token))
            luaL_error(L, "not enough memory");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* It has all that it needs, and nothing comes to it. */
static bool prepare(lua_State *L, struct zapi_service *s,
                    const struct options *o, struct zapi_error *error)
{
    const struct zapi_host *host = s->rt->host;
    bool held = host && host->held && host->held(host->arg);
    if (!take_options(s, o) || (held && is_twin(s, error)))
        return false;
    s->replaces = held;
    struct zapi_hub_seat_config seat = zapi_service_seat(s);
    if (!zapi_hub_may_join(s->hub, &seat, error) ||
        !(o->doorless || open_front(s, o, error)))
        return false;
    if (s->place)
        know_clients(L, s);
    if (held)
        return true;
    if (!zapi_service_join(s, error))
        return false;
    zapi_service_serve(s);
    return true;
}

static void take_handler(lua_State *L, const char *name, int slot, bool needed)
{
    int type = lua_getfield(L, 1, name);
    if (type != LUA_TFUNCTION && (needed || type != LUA_TNIL))
        luaL_error(L,
                   "bad parameter '%s' to service (function expected, got "
                   "%s)",
                   name, lua_typename(L, type));
    lua_setiuservalue(L, -2, slot);
}

/* The same text for as long as the state lives. */
static const char *anchored(lua_State *L, const char *text)
{
    const char *kept = lua_pushstring(L, text);
    lua_rawsetp(L, LUA_REGISTRYINDEX, kept);
    return kept;
}

/* Stack: options -- service; throws when it cannot listen */
static int l_service(lua_State *L)
{
    struct zapi_error error = {0};
    struct options o = read_options(L);
    struct zapi_service **box =
        zapi_class_new(L, &zapi_service_class, sizeof *box, ZAPI_SERVICE_SLOTS);
    take_handler(L, "on_event", ZAPI_ON_EVENT, true);
    take_handler(L, "on_request", ZAPI_ON_REQUEST, false);
    take_handler(L, "on_send", ZAPI_ON_SEND, false);
    take_handler(L, "on_timers", ZAPI_ON_TIMERS, false);
    take_handler(L, "on_serve", ZAPI_ON_SERVE, false);
    take_handler(L, "on_retire", ZAPI_ON_RETIRE, false);
    take_handler(L, "on_ended", ZAPI_ON_ENDED, false);
    take_handler(L, "on_nudge", ZAPI_ON_NUDGE, false);
    struct zapi_service *s = service_new(L, box);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, box);
    s->name = anchored(L, o.name);
    if (lua_getiuservalue(L, -1, ZAPI_ON_REQUEST) == LUA_TFUNCTION)
        s->requests = zapi_requests_new(L, box, ZAPI_ON_REQUEST);
    lua_pop(L, 1);
    zapi_error_set(&error, ZAPI_E_NO_MEMORY, "no memory for a service");
    if (!prepare(L, s, &o, &error))
        return start_failed(L, &error);
    return 1;
}

/* is_held() -> would a service be held now? */
static int l_is_held(lua_State *L)
{
    const struct zapi_host *host = zapi_host_get(L);
    lua_pushboolean(L, host && host->held && host->held(host->arg));
    return 1;
}

void zapi_l_service_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"service", l_service},
        {"is_held", l_is_held},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}
