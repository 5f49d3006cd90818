# LibTorch 2.11 from the pinned wheels that scripts/setup.sh unpacks, or from LIBTORCH_ROOT.
# The CUDA wheel's own find_package(Torch) asks for a CUDA toolkit that nothing here needs, so the
# two libraries we link are declared by hand. CUDA itself is loaded at run time.
set(LIBTORCH_ROOT "$ENV{LIBTORCH_ROOT}" CACHE PATH
    "An existing LibTorch: a folder with include/ and lib/, or a site-packages folder with torch/")
set(_candidates ${LIBTORCH_ROOT} ${LIBTORCH_ROOT}/torch)
if(NOT LIBTORCH_ROOT)
  set(_candidates ${CMAKE_SOURCE_DIR}/.deps/libtorch/torch)
endif()
foreach(_candidate ${_candidates})
  if(EXISTS ${_candidate}/include/torch/csrc/api/include/torch/torch.h AND
     EXISTS ${_candidate}/lib/libtorch_cpu.so)
    set(SOLSTICE_LIBTORCH_DIR ${_candidate})
    break()
  endif()
endforeach()
if(NOT SOLSTICE_LIBTORCH_DIR)
  message(FATAL_ERROR "LibTorch not found in: ${_candidates}\n"
          "Run scripts/setup.sh, or set LIBTORCH_ROOT to an unpacked LibTorch 2.11.")
endif()

file(STRINGS ${SOLSTICE_LIBTORCH_DIR}/include/torch/headeronly/version.h _version_lines
     REGEX "define TORCH_VERSION_(MAJOR|MINOR) ")
string(REGEX REPLACE ".*MAJOR ([0-9]+).*" "\\1" _major "${_version_lines}")
string(REGEX REPLACE ".*MINOR ([0-9]+).*" "\\1" _minor "${_version_lines}")
if("${_major}.${_minor}" VERSION_LESS 2.11)
  message(FATAL_ERROR "LibTorch in ${SOLSTICE_LIBTORCH_DIR} is ${_major}.${_minor}; "
          "solstice needs 2.11 or newer. Run scripts/setup.sh for the pinned one.")
endif()
message(STATUS "LibTorch ${_major}.${_minor} in ${SOLSTICE_LIBTORCH_DIR}")

foreach(_name c10 torch_cpu)
  add_library(libtorch::${_name} SHARED IMPORTED)
  set_target_properties(libtorch::${_name} PROPERTIES
    IMPORTED_LOCATION ${SOLSTICE_LIBTORCH_DIR}/lib/lib${_name}.so)
endforeach()
add_library(libtorch INTERFACE)
target_include_directories(libtorch SYSTEM INTERFACE
  ${SOLSTICE_LIBTORCH_DIR}/include ${SOLSTICE_LIBTORCH_DIR}/include/torch/csrc/api/include)
# Indirect libraries (libgomp, libcudart, libcupti) are found through LibTorch's own run paths.
target_link_libraries(libtorch INTERFACE libtorch::torch_cpu libtorch::c10
  -Wl,--unresolved-symbols=ignore-in-shared-libs)

# at::parallel_for in our own files runs on LibTorch's thread team only where they are compiled with
# OpenMP and meet the very runtime that LibTorch brings; otherwise it silently runs on one thread.
# Clang's OpenMP is another runtime.
file(GLOB SOLSTICE_LIBGOMP ${SOLSTICE_LIBTORCH_DIR}/lib/libgomp*.so.1)
add_library(libtorch_openmp INTERFACE)
if(SOLSTICE_LIBGOMP AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(libtorch_openmp INTERFACE -fopenmp)
  target_link_libraries(libtorch_openmp INTERFACE ${SOLSTICE_LIBGOMP})
else()
  message(STATUS "No OpenMP of LibTorch's for this compiler: our own kernels run on one thread")
endif()
