# Third-party libraries, all from Debian (./dev installs them).
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(LibArchive REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc i18n data)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(CJOSE REQUIRED IMPORTED_TARGET cjose)
pkg_check_modules(ARGON2 REQUIRED IMPORTED_TARGET libargon2)
pkg_check_modules(BROTLI REQUIRED IMPORTED_TARGET libbrotlienc)
find_package(GTest REQUIRED)

# libbacktrace comes with GCC (libgcc-12-dev), in a folder where clang's linker looks, but not its preprocessor.
execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libbacktrace.a
  OUTPUT_VARIABLE BACKTRACE_LIBRARY OUTPUT_STRIP_TRAILING_WHITESPACE)
cmake_path(GET BACKTRACE_LIBRARY PARENT_PATH BACKTRACE_FOLDER)
if(NOT EXISTS ${BACKTRACE_FOLDER}/include/backtrace.h)
  message(FATAL_ERROR "libbacktrace was not found: install libgcc-12-dev")
endif()
