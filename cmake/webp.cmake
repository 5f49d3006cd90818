# libwebp and libwebpmux, as targets WebP::webp and WebP::webpmux; Debian's package has no
# description of them for CMake.
find_path(SOLSTICE_WEBP_INCLUDE webp/mux.h REQUIRED)
foreach(_library webp webpmux)
  find_library(SOLSTICE_WEBP_${_library} ${_library} REQUIRED)
  add_library(WebP::${_library} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(WebP::${_library} PROPERTIES
    IMPORTED_LOCATION ${SOLSTICE_WEBP_${_library}}
    INTERFACE_INCLUDE_DIRECTORIES ${SOLSTICE_WEBP_INCLUDE})
endforeach()
