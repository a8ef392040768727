# The Debian package: `cpack` in a build folder configured with
# -DZAPI_PACKAGE=ON -DCMAKE_INSTALL_PREFIX=/usr (scripts/package does). What lies
# outside of the prefix (/etc) is installed only then.
set(ZAPI_ETC /etc)
configure_file(packaging/systemd/zapibot.service.in zapibot.service @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/zapibot.service packaging/systemd/zapibot.socket
        DESTINATION lib/systemd/system)
install(FILES packaging/debian/default DESTINATION ${ZAPI_ETC}/default
        RENAME zapibot)
install(DIRECTORY DESTINATION ${ZAPI_ETC}/zapibot/bots)
install(DIRECTORY DESTINATION ${ZAPI_ETC}/zapibot/credentials
        DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
install(FILES LICENSE DESTINATION share/doc/zapibot RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON) # for /etc
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME zapibot)
set(CPACK_PACKAGE_VENDOR "The zapibot authors")
set(CPACK_PACKAGE_CONTACT "The zapibot authors <zapibot@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "WhatsApp bots in Lua over Z-API")
set(CPACK_PACKAGE_FILE_NAME zapibot) # the control file tells the version
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Runs Lua scripts that receive the webhooks of Z-API and answer in WhatsApp.
Events, messages and timers are kept on disk and outlive the process. Has a
sandbox to try scripts out in, and a module for a plain Lua 5.4.")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "lua5.4, systemd")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(ZAPI_CONTROL conffiles postinst prerm postrm)
list(TRANSFORM ZAPI_CONTROL PREPEND ${CMAKE_SOURCE_DIR}/packaging/debian/)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${ZAPI_CONTROL})
include(CPack)
