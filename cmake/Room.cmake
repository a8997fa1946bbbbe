# The precompiled header holds absolute paths of its clone, and so would CMake's `-include` of what it was made from: two
# clones would share nothing that ccache has kept. So that is left out, and ccache compares the .sum in place of the
# header (CCACHE_PCH_EXTSUM). The .sum needs to say nothing: all that the header was made from is among the dependencies
# of what uses it, and in depend mode (CCACHE_DEPEND; ./dev sets both) ccache compares the content of each.
set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -Xclang -include-pch -Xclang <PCH_FILE>)
function(townhall_share_pch target)
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}.dir/cmake_pch.hxx.pch.sum "see cmake/Room.cmake\n")
endfunction()

# A room is one folder of src/: a static library of its *.cpp, and the test programs of its *_test.cpp: <room>_db_test of
# those named *_db_test.cpp, which start a PostgreSQL (label "integration"), <room>_test of the others (label "unit").
#
#   townhall_room(NAME <library> FOLDER <path under src> [USES <rooms>…] [LIBRARIES <third party>…])
#
# The precompiled header of townhall_pch serves every room.
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
  set(db_tests ${tests})
  list(FILTER tests EXCLUDE REGEX "_db_test\\.cpp$")
  list(FILTER db_tests INCLUDE REGEX "_db_test\\.cpp$")
  if(tests)
    townhall_test(${ROOM_NAME}_test unit "${tests}" ${ROOM_NAME})
  endif()
  if(db_tests)
    townhall_test(${ROOM_NAME}_db_test integration "${db_tests}" ${ROOM_NAME})
  endif()
endfunction()

function(townhall_test name label sources)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE townhall_flags ${ARGN} GTest::gtest GTest::gtest_main Threads::Threads fmt::fmt)
  target_precompile_headers(${name} REUSE_FROM townhall_pch)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 600)
  # unit_tests, integration_tests: what ./dev test builds where it runs these alone.
  if(NOT TARGET ${label}_tests)
    add_custom_target(${label}_tests)
  endif()
  add_dependencies(${label}_tests ${name})
endfunction()
