# SPDX-License-Identifier: MIT
# How our own code is compiled. Generated protobuf-c code is exempt.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

# Assertions stay in: a broken invariant must stop the broker, not a child's
# events.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2")

option(BATON_WERROR "Treat warnings as errors" OFF)
set(BATON_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")

add_library(baton_flags INTERFACE)
target_compile_definitions(baton_flags INTERFACE _GNU_SOURCE)
target_compile_options(baton_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef -Wvla
  -Wcast-qual -Wwrite-strings -Wswitch-enum
  $<$<BOOL:${BATON_WERROR}>:-Werror>)
target_include_directories(baton_flags INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)

if(BATON_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(BATON_SANITIZE)
  add_compile_options(-fsanitize=${BATON_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BATON_SANITIZE})
else()
  add_compile_options(-fstack-protector-strong)
  add_compile_options($<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
