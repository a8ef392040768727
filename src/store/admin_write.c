/* SPDX-License-Identifier: MIT
 *
 * The reply of a request: members in the order they are written. Whether a
 * comma is due is seen from the last byte, so that nobody keeps count. The
 * buffer is the caller's. Start at zapi_put_key.
 */
#include <string.h>

#include "base/json.h"
#include "store/admin_turn.h"

void zapi_put_key(struct zapi_buf *b, const char *key)
{
    if (b->len > 0 && !strchr("{[,:", b->data[b->len - 1])) {
        zapi_buf_addc(b, ',');
    }
    if (key) {
        zapi_buf_addf(b, "\"%s\":", key);
    }
}

void zapi_put_str(struct zapi_buf *b, const char *key, const char *s)
{
    zapi_put_key(b, key);
    zapi_json_write_str(b, s, strlen(s));
}

void zapi_put_opt(struct zapi_buf *b, const char *key, const char *s)
{
    if (s && *s) {
        zapi_put_str(b, key, s);
    }
}

void zapi_put_int(struct zapi_buf *b, const char *key, int64_t v)
{
    zapi_put_key(b, key);
    zapi_json_write_int(b, v);
}

void zapi_put_num(struct zapi_buf *b, const char *key, double v)
{
    zapi_put_key(b, key);
    zapi_json_write_num(b, v);
}

void zapi_put_time(struct zapi_buf *b, const char *key, double v)
{
    if (v > 0) {
        zapi_put_num(b, key, v);
    }
}

void zapi_put_bool(struct zapi_buf *b, const char *key, bool v)
{
    zapi_put_key(b, key);
    zapi_buf_adds(b, v ? "true" : "false");
}

void zapi_put_open(struct zapi_buf *b, const char *key, char bracket)
{
    zapi_put_key(b, key);
    zapi_buf_addc(b, bracket);
}

void zapi_put_close(struct zapi_buf *b, char bracket)
{
    zapi_buf_addc(b, bracket);
}

void zapi_put_json(struct zapi_buf *b, const char *key, const char *raw)
{
    zapi_put_key(b, key);
    zapi_buf_adds(
        b, raw && zapi_json_valid(raw, strlen(raw), NULL, NULL) ? raw : "null");
}
