rockspec_format = "3.0"
package = "zapi"
version = "0.1.0-1"
source = {
   -- `luarocks make` builds the checkout it is called in.
   url = "git+file://.",
   tag = "v0.1.0",
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
-- They are linked as pkg-config says; here they are looked for, so that what is
-- missing is named before anything is built. curl's header is in a folder of the
-- architecture on Debian, where luarocks does not look: its library stands for both.
external_dependencies = {
   CURL = { library = "curl" },
   MICROHTTPD = { header = "microhttpd.h", library = "microhttpd" },
   SQLITE = { header = "sqlite3.h", library = "sqlite3" },
   UV = { header = "uv.h", library = "uv" },
   ZLIB = { header = "zlib.h", library = "z" },
}
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
   -- library: types for editors.
   copy_directories = { "library", "examples", "docs" },
}
test = {
   type = "command",
   script = "spec/rock/run.lua",
}
