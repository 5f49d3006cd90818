# bin/solstice finds its LibTorch beside itself, in the site-packages layout whose relative run
# paths connect libtorch_cpu with the two NVIDIA libraries it needs even on the CPU.
include(GNUInstallDirs)
set(_torch_home ${CMAKE_INSTALL_LIBDIR}/solstice)
set_target_properties(solstice PROPERTIES
  INSTALL_RPATH "$ORIGIN/../${_torch_home}/torch/lib")
install(TARGETS solstice RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
set(_torch_libraries c10 torch_cpu)
if(EXISTS ${SOLSTICE_LIBTORCH_DIR}/../nvidia/nccl)  # scripts/setup.sh --cuda was here
  list(APPEND _torch_libraries c10_cuda torch_cuda torch_cuda_linalg torch_nvshmem caffe2_nvrtc)
endif()
foreach(_library ${_torch_libraries})
  install(FILES ${SOLSTICE_LIBTORCH_DIR}/lib/lib${_library}.so DESTINATION ${_torch_home}/torch/lib)
endforeach()
file(GLOB _gomp ${SOLSTICE_LIBTORCH_DIR}/lib/libgomp*)
install(FILES ${_gomp} DESTINATION ${_torch_home}/torch/lib)
if(EXISTS ${SOLSTICE_LIBTORCH_DIR}/../nvidia)
  install(DIRECTORY ${SOLSTICE_LIBTORCH_DIR}/../nvidia DESTINATION ${_torch_home}
    FILES_MATCHING PATTERN "*.so*")
endif()
install(DIRECTORY samples/recipes samples/models DESTINATION ${CMAKE_INSTALL_DATADIR}/solstice)
install(FILES README.md LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
