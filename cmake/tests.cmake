# Every spec/c/<layer>/test_*.c is one ctest; it links that layer. `lua` tests
# link liblua themselves, as the layer does not.
foreach(layer base api net store engine lua)
  file(GLOB tests CONFIGURE_DEPENDS spec/c/${layer}/test_*.c)
  foreach(source ${tests})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_include_directories(${name} PRIVATE spec/c)
    target_link_libraries(${name} PRIVATE zapi_${layer} m)
    if(layer STREQUAL lua)
      target_link_libraries(${name} PRIVATE PkgConfig::LUA)
    endif()
    target_compile_definitions(${name} PRIVATE
      ZAPI_SPEC_DIR="${CMAKE_SOURCE_DIR}/spec")
    add_test(NAME ${layer}/${name} COMMAND ${name})
    set_tests_properties(${layer}/${name} PROPERTIES TIMEOUT 120)
  endforeach()
endforeach()

# It loads the module as a plain Lua does.
add_dependencies(test_unload zapi_core)
target_compile_definitions(test_unload PRIVATE
                           ZAPI_CORE_DIR="${CMAKE_BINARY_DIR}")
# The sanitizers' libraries must not come and go with the module: they leak.
target_link_options(test_unload PRIVATE -Wl,--no-as-needed)

# The host is a program, no library: its tests name the parts that they test.
file(GLOB tests CONFIGURE_DEPENDS spec/c/host/test_*.c)
foreach(source ${tests})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source} src/host/heap.c src/host/notify.c)
  add_dependencies(${name} zapibot)
  target_include_directories(${name} PRIVATE spec/c)
  target_link_libraries(${name} PRIVATE zapi_lua PkgConfig::LUA)
  add_test(NAME host/${name} COMMAND ${name})
  set_tests_properties(host/${name} PROPERTIES TIMEOUT 120)
endforeach()

# Runs busted: a Lua that carries the sanitizers when the module does.
add_executable(spec_lua spec/c/spec_lua.c)
target_include_directories(spec_lua PRIVATE ${LUA_INCLUDE_DIRS})
target_link_libraries(spec_lua PRIVATE PkgConfig::LUA)
set_target_properties(spec_lua PROPERTIES C_VISIBILITY_PRESET default)
