# What every target is compiled and linked with.
set(TOWNHALL_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")
option(TOWNHALL_FUZZ "Build the fuzz targets" OFF)
option(TOWNHALL_COVERAGE "Instrument for llvm-cov" OFF)

add_library(townhall_flags INTERFACE)
target_include_directories(townhall_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(townhall_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror
  -Wno-missing-designated-field-initializers -fno-omit-frame-pointer -gz
  # Without this a precompiled header carries its build time and ccache never hits.
  "SHELL:-Xclang -fno-pch-timestamp"
  # An object tells where its sources are relative to the build folder, so that it is the same from every clone.
  -ffile-compilation-dir=.)
# Asio's timers pull Boost.DateTime in otherwise, half a second in every file.
target_compile_definitions(townhall_flags INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE BOOST_ASIO_DISABLE_BOOST_DATE_TIME)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")

if(TOWNHALL_SANITIZE)
  target_compile_options(townhall_flags INTERFACE -fsanitize=${TOWNHALL_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(townhall_flags INTERFACE -fsanitize=${TOWNHALL_SANITIZE})
endif()
if(TOWNHALL_FUZZ)
  target_compile_options(townhall_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(TOWNHALL_COVERAGE)
  target_compile_options(townhall_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping
    -fprofile-update=atomic)
  target_link_options(townhall_flags INTERFACE -fprofile-instr-generate)
endif()
