rockspec_format = "3.0"
package = "zapi"
version = "scm-1"
source = {
   -- `luarocks make` builds the checkout it is called in.
   url = "git+file://.",
}
description = {
   summary = "Z-API (WhatsApp) client, webhooks and bots",
   detailed = [[
      Every endpoint of Z-API as a method, and an event loop that receives its
      webhooks, so that bots are short Lua scripts. The module only; the
      zapibot program is built with CMake.
   ]],
   license = "MIT",
   labels = { "whatsapp", "bot", "http" },
}
supported_platforms = { "linux" }
dependencies = { "lua >= 5.4, < 5.5" }
-- libuv, libcurl, libmicrohttpd, SQLite and zlib are found by CMake with pkg-config:
-- luarocks' own search knows no folders like /usr/include/x86_64-linux-gnu.
build = {
   type = "cmake",
   variables = {
      CMAKE_BUILD_TYPE = "Release",
      CMAKE_INSTALL_PREFIX = "$(PREFIX)",
      ZAPI_HOST = "OFF",
      ZAPI_INSTALL_DOC = "OFF",
      ZAPI_INSTALL_CMOD = "$(LIBDIR)",
      ZAPI_INSTALL_LMOD = "$(LUADIR)",
      ZAPI_LUA_INCLUDE = "$(LUA_INCDIR)",
   },
}
