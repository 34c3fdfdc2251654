# SPDX-License-Identifier: MIT
# baton_proto(TARGET FILES...): compiles .proto files below proto/ (and
# google/protobuf/timestamp.proto) with protoc-c into an object library.

find_program(PROTOC_C protoc-c REQUIRED)
find_path(PROTOBUF_WELL_KNOWN google/protobuf/timestamp.proto
  HINTS /usr/include /usr/local/include REQUIRED)

function(baton_proto target)
  set(out ${CMAKE_CURRENT_BINARY_DIR})
  foreach(file IN LISTS ARGN)
    string(REGEX REPLACE "\\.proto$" "" stem ${file})
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
      set(depends ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    else()
      set(depends ${PROTOBUF_WELL_KNOWN}/${file})
    endif()
    add_custom_command(
      OUTPUT ${out}/${stem}.pb-c.c ${out}/${stem}.pb-c.h
      COMMAND ${PROTOC_C} -I${CMAKE_CURRENT_SOURCE_DIR}
        -I${PROTOBUF_WELL_KNOWN} --c_out=${out} ${file}
      DEPENDS ${depends}
      COMMENT "protoc-c ${file}" VERBATIM)
    list(APPEND sources ${out}/${stem}.pb-c.c ${out}/${stem}.pb-c.h)
  endforeach()
  add_library(${target} OBJECT ${sources})
  target_include_directories(${target} SYSTEM PUBLIC ${out})
  target_link_libraries(${target} PUBLIC PkgConfig::PROTOBUFC)
endfunction()
