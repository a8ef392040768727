/* SPDX-License-Identifier: MIT
 *
 * zapi.crypto's C half: SHA-256, HMAC and base64 over Lua strings. Names and
 * checks for scripts are in lua/zapi/crypto.lua. Memory is Lua's: a base64
 * text is built in a luaL_Buffer.
 */
#include <string.h>

#include "base/sha256.h"
#include "lua/runtime.h"

static int l_sha256(lua_State *L)
{
    unsigned char digest[ZAPI_SHA256_SIZE];
    size_t len;
    const char *s = luaL_checklstring(L, 1, &len);
    zapi_sha256(s, len, digest);
    lua_pushlstring(L, (const char *)digest, sizeof digest);
    return 1;
}

static int l_hmac_sha256(lua_State *L)
{
    unsigned char digest[ZAPI_SHA256_SIZE];
    size_t key_len, len;
    const char *key = luaL_checklstring(L, 1, &key_len);
    const char *s = luaL_checklstring(L, 2, &len);
    zapi_hmac_sha256(key, key_len, s, len, digest);
    lua_pushlstring(L, (const char *)digest, sizeof digest);
    return 1;
}

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode_three(char out[4], const unsigned char *s, size_t n)
{
    unsigned long bits = (unsigned long)s[0] << 16;
    if (n > 1) {
        bits |= (unsigned long)s[1] << 8;
    }
    if (n > 2) {
        bits |= s[2];
    }
    out[0] = alphabet[bits >> 18];
    out[1] = alphabet[bits >> 12 & 63];
    out[2] = n > 1 ? alphabet[bits >> 6 & 63] : '=';
    out[3] = n > 2 ? alphabet[bits & 63] : '=';
}

static int l_base64(lua_State *L)
{
    size_t len, i;
    const char *s = luaL_checklstring(L, 1, &len);
    size_t room = (len / 3 + 1) * 4;
    luaL_Buffer b;
    char *out = luaL_buffinitsize(L, &b, room);
    char *p = out;
    for (i = 0; i < len; i += 3, p += 4) {
        encode_three(p, (const unsigned char *)s + i, len - i);
    }
    luaL_pushresultsize(&b, (size_t)(p - out));
    return 1;
}

static int value_of(char c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

/* Length without padding; false when the padding is wrong. A text without any
 * is accepted: many services leave it out. */
static bool strip_padding(const char *s, size_t *len)
{
    size_t n = *len;
    if (n % 4 == 0 && n > 0 && s[n - 1] == '=') {
        n -= s[n - 2] == '=' ? 2 : 1;
    }
    *len = n;
    return n % 4 != 1;
}

/* from_base64(s) -> bytes | nil */
static int l_from_base64(lua_State *L)
{
    size_t len, i;
    const char *s = luaL_checklstring(L, 1, &len);
    unsigned long bits = 0;
    luaL_Buffer b;
    char *out, *p;
    if (!strip_padding(s, &len)) {
        return 0;
    }
    p = out = luaL_buffinitsize(L, &b, len / 4 * 3 + 3);
    for (i = 0; i < len; i++) {
        int v = value_of(s[i]);
        if (v < 0) {
            return 0;
        }
        bits = (bits << 6 | (unsigned long)v) & 0xFFFFFF;
        if (i % 4 > 0) {
            *p++ = (char)(bits >> (6 - i % 4 * 2) & 0xFF);
        }
    }
    luaL_pushresultsize(&b, (size_t)(p - out));
    return 1;
}

void zapi_l_crypto_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"sha256", l_sha256}, {"hmac_sha256", l_hmac_sha256},
        {"base64", l_base64}, {"from_base64", l_from_base64},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}
