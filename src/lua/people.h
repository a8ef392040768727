/* SPDX-License-Identifier: MIT
 *
 * Who is who, for the files of calls: the people of the hub that this state
 * uses, if it uses one. A call alone opens none.
 */
#ifndef ZAPI_LUA_PEOPLE_H
#define ZAPI_LUA_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "store/people.h"

/* The number behind a lid; false: not known (here). */
bool zapi_people_number(lua_State *L, const char *lid, char out[32]);
/* Learns from a reply whose objects name number and lid of one account
 * (phone-exists): exists, outputPhone or phone, lid. */
void zapi_people_hear(lua_State *L, const char *json, size_t len);

#endif
