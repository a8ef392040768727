/* SPDX-License-Identifier: MIT
 *
 * What other bindings need of a service (the userdata behind bot:run) and of
 * the hub of a state.
 */
#ifndef ZAPI_LUA_SERVICE_H
#define ZAPI_LUA_SERVICE_H

#include <lua.h>

#include "engine/hub.h"
#include "lua/task.h"

struct zapi_service;

/* The hub of this state: the host's, or one that the runtime opens at the
 * first call, in the folder ZAPIBOT_DATA ("memory": none; default .zapibot).
 * Throws when it cannot be opened. Closed with the runtime. */
struct zapi_hub *zapi_rt_hub(lua_State *L, struct zapi_rt *rt);
/* Plain Lua, in memory, and nobody has a seat: what the hub remembers (keys of
 * events) was of bots that are gone. The next one begins anew, but for what
 * scripts keep by zapi.store. */
void zapi_rt_renew_hub(struct zapi_rt *rt);
/* For tests, in plain Lua, while nobody has a seat (else false): closes the hub,
 * and the next one has its data in `folder` ("memory": nowhere; NULL: where
 * ZAPIBOT_DATA says). */
bool zapi_rt_move_hub(struct zapi_rt *rt, const char *folder);
/* Of the service at `index`; throws when it is closed. The name is kept as long
 * as the state. */
struct zapi_hub *zapi_service_hub(lua_State *L, int index);
const char *zapi_service_name(lua_State *L, int index);
/* Stages a write for the good end of the running delivery with this seq of the
 * service at `index`: moved. false: it does not run (any more); the caller
 * keeps the write. */
bool zapi_service_stage(lua_State *L, int index, uint64_t seq,
                        struct zapi_write *write);

/* ---- of a state (rt->services): for generation.c ---- */

struct zapi_service *zapi_service_next(const struct zapi_service *s);
bool zapi_service_is_held(const struct zapi_service *s);
/* Of a held one: all that may fail before it serves. false: *error. */
bool zapi_service_join(struct zapi_service *s, struct zapi_error *error);
/* Takes that back. */
void zapi_service_unjoin(struct zapi_service *s);
/* Of one that has joined: it serves, instead of its former self. */
void zapi_service_serve(struct zapi_service *s);
/* Its script is told (on_serve). */
void zapi_service_tell_serves(struct zapi_service *s);
/* Nothing new comes to it; its script is told (on_retire). */
void zapi_service_retire(struct zapi_service *s);

/* Pushes a row as scripts see it (l_sends.c). */
void zapi_send_push(lua_State *L, const struct zapi_send *row);

#endif
