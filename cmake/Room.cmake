# A room is one folder of src/: a static library of its *.cpp, and a test program of its *_test.cpp.
#
#   townhall_room(NAME <library> FOLDER <path under src> [USES <rooms>…] [LIBRARIES <third party>…])
#
# The precompiled header of townhall_pch serves every room. Tests named *_db_test.cpp need a PostgreSQL and run under
# the label "integration"; the others are "unit".
include(GoogleTest)

function(townhall_room)
  cmake_parse_arguments(ROOM "" "NAME;FOLDER" "USES;LIBRARIES" ${ARGN})
  set(folder ${CMAKE_SOURCE_DIR}/src/${ROOM_FOLDER})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$|/main\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(NOT sources)
    set(sources ${CMAKE_SOURCE_DIR}/src/empty.cpp)
  endif()
  add_library(${ROOM_NAME} STATIC ${sources})
  target_link_libraries(${ROOM_NAME} PUBLIC townhall_flags ${ROOM_USES} ${ROOM_LIBRARIES} Threads::Threads fmt::fmt)
  target_precompile_headers(${ROOM_NAME} REUSE_FROM townhall_pch)
  if(tests)
    townhall_test(${ROOM_NAME}_test "${tests}" ${ROOM_NAME})
  endif()
endfunction()

function(townhall_test name sources)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE townhall_flags ${ARGN} GTest::gtest GTest::gtest_main Threads::Threads fmt::fmt)
  target_precompile_headers(${name} REUSE_FROM townhall_pch)
  target_compile_definitions(${name} PRIVATE TOWNHALL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 600)
endfunction()
