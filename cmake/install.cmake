# A working prefix: the program carries its own lua/, a plain Lua 5.4 finds the
# module in lib/lua/5.4 and share/lua/5.4 (Lua's own places below a prefix).
include(GNUInstallDirs)
set(ZAPI_INSTALL_CMOD lib/lua/5.4 CACHE STRING "Where C modules go")
set(ZAPI_INSTALL_LMOD share/lua/5.4 CACHE STRING "Where Lua modules go")

# The tarball has its libraries beside it. DT_RPATH and not RUNPATH: it holds also
# for what these libraries need themselves.
function(zapi_bundle target folder)
  set_target_properties(${target} PROPERTIES INSTALL_RPATH ${folder})
  target_link_options(${target} PRIVATE -Wl,--disable-new-dtags)
endfunction()
if(ZAPI_BUNDLE)
  zapi_bundle(zapi_core "$ORIGIN/../../..")
  zapi_bundle(zapibot "$ORIGIN/../lib")
endif()

install(TARGETS zapi_core LIBRARY DESTINATION ${ZAPI_INSTALL_CMOD}/zapi)
install(DIRECTORY lua/ DESTINATION ${ZAPI_INSTALL_LMOD})
if(ZAPI_HOST)
  install(TARGETS zapibot RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  # What `zapibot types` prints: an add-on of lua-language-server.
  set(types ${CMAKE_INSTALL_DATAROOTDIR}/zapibot/types)
  install(DIRECTORY library DESTINATION ${types} PATTERN config.json EXCLUDE)
  install(FILES library/config.json DESTINATION ${types})
  install(FILES packaging/zapibot.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  include(cmake/completion.cmake)
endif()
if(ZAPI_INSTALL_DOC)
  set(doc ${CMAKE_INSTALL_DATAROOTDIR}/doc/zapibot)
  install(FILES README.md ARCHITECTURE.md CHANGELOG.md LICENSE DESTINATION ${doc})
  install(DIRECTORY examples docs DESTINATION ${doc})
endif()
