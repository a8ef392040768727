# The completions of the shells, as the program prints them, where each shell
# looks for those of packages. A build for tests has no use for them.
if(ZAPI_SANITIZE)
  return()
endif()
set(folder ${CMAKE_BINARY_DIR}/completion)
file(MAKE_DIRECTORY ${folder})
set(zsh share/zsh/site-functions)
if(ZAPI_PACKAGE)
  set(zsh share/zsh/vendor-completions) # Debian's
endif()
foreach(row "bash zapibot share/bash-completion/completions"
            "zsh _zapibot ${zsh}"
            "fish zapibot.fish share/fish/vendor_completions.d")
  separate_arguments(row)
  list(GET row 0 shell)
  list(GET row 1 name)
  list(GET row 2 place)
  add_custom_command(
    OUTPUT ${folder}/${name}
    COMMAND zapibot completion ${shell} > ${folder}/${name}
    DEPENDS zapibot
    VERBATIM)
  list(APPEND completions ${folder}/${name})
  install(FILES ${folder}/${name} DESTINATION ${place})
endforeach()
add_custom_target(completions ALL DEPENDS ${completions})
