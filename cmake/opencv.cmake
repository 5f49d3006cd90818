# The three OpenCV modules we use, as targets opencv_core, opencv_imgproc and opencv_imgcodecs.
# Debian keeps OpenCVConfig.cmake in libopencv-dev, which brings Qt, VTK and a gigabyte more; the
# development packages of the single modules are enough, so without it the targets are made here.
find_package(OpenCV 4.6 QUIET COMPONENTS core imgproc imgcodecs)
if(NOT OpenCV_FOUND)
  find_path(SOLSTICE_OPENCV_INCLUDE opencv2/core/version.hpp PATH_SUFFIXES opencv4 REQUIRED)
  file(STRINGS ${SOLSTICE_OPENCV_INCLUDE}/opencv2/core/version.hpp _version_lines
       REGEX "define CV_VERSION_(MAJOR|MINOR) ")
  string(REGEX REPLACE ".*MAJOR +([0-9]+).*" "\\1" _major "${_version_lines}")
  string(REGEX REPLACE ".*MINOR +([0-9]+).*" "\\1" _minor "${_version_lines}")
  if("${_major}.${_minor}" VERSION_LESS 4.6)
    message(FATAL_ERROR "OpenCV in ${SOLSTICE_OPENCV_INCLUDE} is ${_major}.${_minor}; "
            "solstice needs 4.6 or newer.")
  endif()
  foreach(_module core imgproc imgcodecs)
    find_library(SOLSTICE_OPENCV_${_module} opencv_${_module} REQUIRED)
    add_library(opencv_${_module} SHARED IMPORTED GLOBAL)
    set_target_properties(opencv_${_module} PROPERTIES
      IMPORTED_LOCATION ${SOLSTICE_OPENCV_${_module}}
      INTERFACE_INCLUDE_DIRECTORIES ${SOLSTICE_OPENCV_INCLUDE}
      INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${SOLSTICE_OPENCV_INCLUDE})
  endforeach()
  message(STATUS "OpenCV ${_major}.${_minor} in ${SOLSTICE_OPENCV_INCLUDE}")
endif()
