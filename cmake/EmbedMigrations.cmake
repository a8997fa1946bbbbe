# Migrations travel inside the program: townhall_embed_migrations(<target> <folder>…) adds a source to the target that
# holds every NNNN_name.up.sql and .down.sql of the folders, byte for byte. Run as a script (-DFOLDERS= -DOUTPUT=), this
# file writes that source. A program's own source comes before the one in a library that it links.

if(CMAKE_SCRIPT_MODE_FILE)
  cmake_minimum_required(VERSION 3.25)
  list(TRANSFORM FOLDERS APPEND "/*.up.sql" OUTPUT_VARIABLE up_files)
  list(TRANSFORM FOLDERS APPEND "/*.sql" OUTPUT_VARIABLE all_files)
  file(GLOB ups ${up_files})
  file(GLOB all ${all_files})
  list(SORT ups COMPARE FILE_BASENAME)
  set(entries "")
  set(versions "")
  foreach(up IN LISTS ups)
    cmake_path(GET up PARENT_PATH folder)
    cmake_path(GET up FILENAME up_name)
    if(NOT up_name MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)\\.up\\.sql$")
      message(FATAL_ERROR "${up}: a migration's name is NNNN_name.up.sql, the name in small letters, digits and _")
    endif()
    set(version ${CMAKE_MATCH_1})
    set(name ${CMAKE_MATCH_2})
    set(down ${folder}/${version}_${name}.down.sql)
    if(version IN_LIST versions)
      message(FATAL_ERROR "${up}: the number ${version} is taken already")
    endif()
    if(NOT down IN_LIST all)
      message(FATAL_ERROR "${up} has no ${down} beside it")
    endif()
    list(APPEND versions ${version})
    list(REMOVE_ITEM all ${up} ${down})
    file(READ ${up} up_sql)
    file(READ ${down} down_sql)
    string(REGEX REPLACE "^0+([0-9])" "\\1" number ${version})
    string(APPEND entries "    {${number}, \"${name}\", R\"townhall_sql(${up_sql})townhall_sql\", R\"townhall_sql(${down_sql})townhall_sql\"},\n")
  endforeach()
  if(all)
    message(FATAL_ERROR "not one of a pair NNNN_name.up.sql, NNNN_name.down.sql: ${all}")
  endif()
  list(LENGTH versions count)
  file(WRITE ${OUTPUT} "// Written by cmake/EmbedMigrations.cmake.
#include <array>

#include \"platform/db/migrate/migration.hpp\"

#pragma clang diagnostic ignored \"-Woverlength-strings\"

namespace townhall::db::migrate {

namespace {

constexpr std::array<Migration, ${count}> kEmbedded{{
${entries}}};

}  // namespace

std::span<const Migration> embedded() { return kEmbedded; }

}  // namespace townhall::db::migrate
")
  return()
endif()

function(townhall_embed_migrations target)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded_migrations.cpp)
  list(TRANSFORM ARGN APPEND "/*.sql" OUTPUT_VARIABLE patterns)
  file(GLOB files CONFIGURE_DEPENDS ${patterns})
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} "-DFOLDERS=${ARGN}" -DOUTPUT=${output} -P ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    DEPENDS ${files} ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    COMMENT "Embedding migrations"
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
