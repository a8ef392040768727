/* SPDX-License-Identifier: MIT
 *
 * z:request: an endpoint that is in no table, below the instance (or, for
 * partners and gateways, below the host). The path must not leave it. The
 * operation owns what was read; strings are borrowed from the table, which
 * stays on the stack. Start at zapi_client_request.
 */
#include <string.h>
#include <strings.h>

#include <lauxlib.h>

#include "lua/client.h"
#include "lua/options.h"
#include "lua/value.h"

/* "..", also written with %2e, would leave the instance. */
static bool climbs(const char *path)
{
    while (*path) {
        size_t dots = 0, n = strcspn(path, "/");
        const char *p = path;
        for (; p < path + n; dots++) {
            if (*p == '.')
                p++;
            else if (strncasecmp(p, "%2e", 3) == 0)
                p += 3;
            else
                break;
        }
        if (p == path + n && (dots == 1 || dots == 2))
            return true;
        path += n + (path[n] == '/');
    }
    return false;
}

static const char *read_path(const struct zapi_options *o)
{
    const char *path = zapi_options_string(o, "path", NULL);

    if (!path)
        zapi_options_error(o, "path", "string expected, got nothing");
    if (*path != '/')
        zapi_options_error(o, "path", "it must begin with '/'");
    if (strpbrk(path, "?#"))
        zapi_options_error(o, "path", "without '?' or '#': see query");
    for (const char *p = path; *p; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '\\')
            zapi_options_error(o, "path",
                               "it holds a blank or a control character");
    }
    if (climbs(path))
        zapi_options_error(o, "path", "it must not hold '.' or '..' parts");
    return path;
}

static const char *read_method(const struct zapi_options *o)
{
    static const char *const methods[] = {"GET",    "POST",  "PUT",
                                          "DELETE", "PATCH", NULL};
    const char *method = zapi_options_string(o, "method", NULL);

    if (!method) {
        bool body = zapi_options_get(o, "body") != LUA_TNIL;
        lua_pop(o->L, 1);
        return body ? "POST" : "GET";
    }
    for (size_t i = 0; methods[i]; i++) {
        if (strcmp(method, methods[i]) == 0)
            return methods[i];
    }
    zapi_options_error(o, "method",
                       "\"GET\", \"POST\", \"PUT\", \"DELETE\" or \"PATCH\" "
                       "expected, got \"%s\"",
                       method);
    return NULL;
}

/* A string goes as it is, anything else as JSON. */
static void read_body(const struct zapi_options *o, struct zapi_buf *out)
{
    const char *why = NULL, *text;
    size_t len;
    int type = zapi_options_get(o, "body");

    if (type == LUA_TSTRING) {
        text = lua_tolstring(o->L, -1, &len);
        zapi_buf_add(out, text, len);
    } else if (type != LUA_TNIL && !zapi_value_encode(o->L, -1, out, &why)) {
        zapi_options_error(o, "body", "%s", why);
    }
    if (out->failed)
        zapi_options_error(o, "body", "it is too long");
    lua_pop(o->L, 1);
}

static const char *const request_names[] = {
    "method", "path", "query", "body", "timeout", "idempotent", NULL,
};

/* z:request{method=, path=, query=, body=, idempotent=, timeout=} */
int zapi_client_request(lua_State *L, struct client *z)
{
    struct zapi_options o = zapi_options_open(L, 2, "z:request", request_names);
    struct call_op *op;
    const char *path;

    lua_settop(L, 2);
    op = zapi_client_op(L, z, NULL);
    path = op->req.name = read_path(&o);
    op->req.http.method = read_method(&o);
    op->req.http.timeout = zapi_options_number(&o, "timeout", 0);
    op->req.idempotent = zapi_options_bool(
        &o, "idempotent", strcmp(op->req.http.method, "GET") == 0);
    zapi_options_query(&o, "query", &op->args.query);
    read_body(&o, &op->args.body);
    zapi_client_address(op, path);
    return zapi_client_start(L, op);
}
