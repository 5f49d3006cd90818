# One CMake target a room. solstice_room(NAME SOURCES ... LINK ... [TORCH])

add_library(solstice_warnings INTERFACE)
target_compile_options(solstice_warnings INTERFACE -Wall -Wextra -Wshadow -Wconversion)
if(SOLSTICE_WARNINGS_AS_ERRORS)
  target_compile_options(solstice_warnings INTERFACE -Werror)
endif()
if(SOLSTICE_SANITIZE)
  # GCC 12 sees uninitialised values in <regex> and <functional> that sanitized code only seems to have.
  target_compile_options(solstice_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
    -fsanitize=${SOLSTICE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_link_options(solstice_warnings INTERFACE -fsanitize=${SOLSTICE_SANITIZE})
endif()

function(solstice_room NAME)
  cmake_parse_arguments(ROOM "TORCH" "" "SOURCES;LINK" ${ARGN})
  add_library(solstice_${NAME} STATIC ${ROOM_SOURCES})
  target_include_directories(solstice_${NAME} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(solstice_${NAME} PUBLIC ${ROOM_LINK} PRIVATE solstice_warnings)
  if(NOT ROOM_TORCH)
    # A unity build pays where LibTorch's headers cost 15 s a file, and only there: file-local names
    # of the files it joins must differ.
    set_target_properties(solstice_${NAME} PROPERTIES UNITY_BUILD OFF)
  endif()
  if(ROOM_TORCH)
    target_link_libraries(solstice_${NAME} PUBLIC libtorch)
    if(SOLSTICE_PCH)
      target_precompile_headers(solstice_${NAME} PRIVATE <torch/torch.h>)
    endif()
  endif()
endfunction()
