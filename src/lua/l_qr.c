/* SPDX-License-Identifier: MIT
 *
 * core.qr(text) -> {size =, rows = {"0101…", …}}: a QR code as modules, "1" is
 * dark, without the quiet zone. For `zapibot qr`; drawing is done in Lua
 * (lua/zapi/host/tools/lib/qr.lua). The library's code is copied into a
 * userdata that was made before it, and freed before anything can throw. A
 * build without the program (a rock) has no need of libqrencode and no
 * core.qr. Start at l_qr.
 */
#include "lua/runtime.h"

#ifdef ZAPI_QR
#include <qrencode.h>

enum { SIDE_MAX = 177, TEXT_MAX = 2953 }; /* version 40, level L */

struct picture {
    size_t side;
    char modules[SIDE_MAX * SIDE_MAX];
};

/* The lowest level of correction: a screen is clean, and a small code fits
 * into a terminal. */
static bool draw(struct picture *p, const char *text, size_t len)
{
    QRcode *code = QRcode_encodeData((int)len, (const unsigned char *)text, 0,
                                     QR_ECLEVEL_L);
    size_t i;
    if (!code) {
        return false;
    }
    p->side = (size_t)code->width;
    for (i = 0; i < p->side * p->side; i++) {
        p->modules[i] = code->data[i] & 1 ? '1' : '0';
    }
    QRcode_free(code);
    return true;
}

static int l_qr(lua_State *L)
{
    size_t len, y;
    const char *text = luaL_checklstring(L, 1, &len);
    struct picture *p = lua_newuserdatauv(L, sizeof *p, 0);
    luaL_argcheck(L, len > 0, 1, "a text that is not empty expected");
    luaL_argcheck(L, len <= TEXT_MAX, 1, "too long for a QR code");
    if (!draw(p, text, len)) {
        return luaL_error(L, "the QR code could not be made");
    }
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, (lua_Integer)p->side);
    lua_setfield(L, -2, "size");
    lua_createtable(L, (int)p->side, 0);
    for (y = 0; y < p->side; y++) {
        lua_pushlstring(L, p->modules + y * p->side, p->side);
        lua_rawseti(L, -2, (lua_Integer)y + 1);
    }
    lua_setfield(L, -2, "rows");
    return 1;
}

void zapi_l_qr_open(lua_State *L)
{
    lua_pushcfunction(L, l_qr);
    lua_setfield(L, -2, "qr");
}
#else
void zapi_l_qr_open(lua_State *L)
{
    (void)L;
}
#endif
