# A working prefix: the program carries its own lua/, a plain Lua 5.4 finds the
# module in lib/lua/5.4 and share/lua/5.4 (Lua's own places below a prefix).
include(GNUInstallDirs)
set(ZAPI_INSTALL_CMOD lib/lua/5.4 CACHE STRING "Where C modules go")
set(ZAPI_INSTALL_LMOD share/lua/5.4 CACHE STRING "Where Lua modules go")

install(TARGETS zapi_core LIBRARY DESTINATION ${ZAPI_INSTALL_CMOD}/zapi)
install(DIRECTORY lua/ DESTINATION ${ZAPI_INSTALL_LMOD})
if(ZAPI_HOST)
  install(TARGETS zapibot RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  # What `zapibot types` prints: an add-on of lua-language-server.
  set(types ${CMAKE_INSTALL_DATAROOTDIR}/zapibot/types)
  install(DIRECTORY library DESTINATION ${types} PATTERN config.json EXCLUDE)
  install(FILES library/config.json DESTINATION ${types})
endif()
if(ZAPI_INSTALL_DOC)
  set(doc ${CMAKE_INSTALL_DATAROOTDIR}/doc/zapibot)
  install(FILES README.md ARCHITECTURE.md CHANGELOG.md LICENSE DESTINATION ${doc})
  install(DIRECTORY examples docs DESTINATION ${doc})
endif()
