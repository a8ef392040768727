# Every fuzz/fuzz_*.c is a libFuzzer target with its corpus in fuzz/corpus/NAME.
file(GLOB targets CONFIGURE_DEPENDS fuzz/fuzz_*.c)
foreach(source ${targets})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  # The encoder of arguments reads Lua's values, hence a real Lua.
  target_link_libraries(${name} PRIVATE zapi_lua PkgConfig::LUA m)
endforeach()
# The one part of the host that reads bytes from outside.
target_sources(fuzz_dotenv PRIVATE src/host/dotenv.c)
