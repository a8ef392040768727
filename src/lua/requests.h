/* SPDX-License-Identifier: MIT
 *
 * HTTP requests answered by Lua: takes exchanges from the door's thread and
 * runs one task for each on the loop. Shared by zapi.http.serve and by the
 * users' routes of a bot.
 */
#ifndef ZAPI_LUA_REQUESTS_H
#define ZAPI_LUA_REQUESTS_H

#include "lua/task.h"
#include "net/door.h"

struct zapi_requests;

/* The handler is user value `slot` of the userdata that stays in the registry
 * under the address `owner` until zapi_requests_close. Throws. */
struct zapi_requests *zapi_requests_new(lua_State *L, const void *owner,
                                        int slot);
/* Any thread: the exchange is taken over. */
void zapi_requests_post(struct zapi_requests *q, struct zapi_exchange *ex);
/* Loop thread: requests whose tasks have not ended. */
size_t zapi_requests_live(const struct zapi_requests *q);
/* Loop thread, after the door was stopped. What has no task yet is answered
 * 503; tasks under way go on, their answers lead nowhere. */
void zapi_requests_close(struct zapi_requests *q);

#endif
