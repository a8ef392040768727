/* SPDX-License-Identifier: MIT
 *
 * What the bindings beside l_service.c need of a service (the userdata behind
 * bot:run) and of the hub of a state.
 */
#ifndef ZAPI_LUA_SERVICE_H
#define ZAPI_LUA_SERVICE_H

#include <lua.h>

#include "engine/hub.h"
#include "lua/task.h"

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
/* The seat of the service at `index`; throws when it is closed. */
struct zapi_hub_seat *zapi_service_seat(lua_State *L, int index);
/* Stages a write for the good end of the running delivery with this seq of the
 * service at `index`: moved. false: it does not run (any more); the caller
 * keeps the write. */
bool zapi_service_stage(lua_State *L, int index, uint64_t seq,
                        struct zapi_write *write);

/* Pushes a row as scripts see it (l_sends.c). */
void zapi_send_push(lua_State *L, const struct zapi_send *row);

#endif
