/* SPDX-License-Identifier: MIT
 *
 * Private to the client's files: l_client.c (making one, its names),
 * client_call.c (one call), client_form.c (its parts) and client_request.c
 * (z:request). Everybody else sees userdata.
 */
#ifndef ZAPI_LUA_CLIENT_H
#define ZAPI_LUA_CLIENT_H

#include "engine/call.h"
#include "lua/args.h"
#include "lua/class.h"
#include "lua/task.h"

#define ZAPI_CLIENT_HEADERS 4 /* at most, with the NULL */

/* A userdata of class "zapi.client"; user value 1 of a gateway's client is the
 * function that has its token. The secrets live here and nowhere in Lua. */
struct client {
    enum zapi_scope scope;
    struct zapi_buf base;    /* "https://api.z-api.io" */
    struct zapi_buf root;    /* base + "/instances/ID/token/TOKEN" */
    struct zapi_buf account; /* a header: "Client-Token: …", "Authorization:
                                Bearer …", "X-Sistema-ID: …", or empty */
    struct zapi_buf id;      /* of the instance; else of the system */
    struct zapi_buf token;   /* of the instance; Z-API sends it with webhooks */
    double timeout;
    /* Which way of calling a row was found to work, when not the first: a few
     * rows only have more than one. */
    struct {
        const struct zapi_endpoint *row;
        size_t way;
    } found[16];
    size_t found_count;
};

/* One call, and all it needs: what the request points to stays here until the
 * answer came, so nothing is copied, however large a body is. */
struct call_op {
    struct zapi_op base;
    struct zapi_call *call;
    struct zapi_http *http;
    struct client *client;           /* kept alive by the caller's stack */
    const struct zapi_endpoint *row; /* NULL: z:request */
    struct zapi_args args;
    struct zapi_buf root; /* the instance of a partner's call, or empty */
    struct zapi_buf url;
    struct zapi_buf bearer; /* "Authorization: Bearer …" of a gateway */
    struct zapi_http_part *parts;
    struct zapi_buf form; /* what the parts point to */
    const char *headers[ZAPI_CLIENT_HEADERS];
    struct zapi_call_request req;
    size_t way;     /* under way now, see client_call.c */
    uint32_t tried; /* bits: ways that the server does not know */
    bool renewed;   /* a second token was asked for */
    bool failed;
    struct zapi_error error;
    struct zapi_buf body; /* of the reply, moved here */
};

/* For l_service.c, and never for Lua: the instance's name and its token, as
 * long as the client lives. false: the value at `index` is no client of an
 * instance. */
bool zapi_client_identity(lua_State *L, int index, const char **instance,
                          const char **token);
/* Pushes the operation. */
struct call_op *zapi_client_op(lua_State *L, struct client *z,
                               const struct zapi_endpoint *row);
/* Sets the URL from the path and the encoded query. */
void zapi_client_address(struct call_op *op, const char *path);
/* Starts and waits: `return zapi_client_start(…)`. What req.http and args do
 * not say yet is filled in. */
int zapi_client_start(lua_State *L, struct call_op *op);
/* Calls the row with the parameters at index 2. */
int zapi_client_call(lua_State *L, struct client *z,
                     const struct zapi_endpoint *row);
/* The same without sending: pushes what would be sent. */
int zapi_client_build(lua_State *L, struct client *z,
                      const struct zapi_endpoint *row);
/* Makes the parts of a form from the encoded parameters. */
void zapi_client_form(lua_State *L, struct call_op *op);
/* Are its files there, and within their limits? Asked when it is sent: showing
 * a call needs no file. false: *error. */
bool zapi_client_form_fits(lua_State *L, const struct call_op *op,
                           struct zapi_error *error);
/* z:request{…}, the client being checked. */
int zapi_client_request(lua_State *L, struct client *z);

#endif
