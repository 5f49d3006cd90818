#!/usr/bin/env bash
# Everything that building solstice needs: Debian/Ubuntu packages and LibTorch. Quick when nothing
# is missing. LibTorch goes into .deps/libtorch; nothing of the system's Python changes.
set -euo pipefail
export LC_ALL=C

usage() {
  cat <<'EOF'
usage: scripts/setup.sh [--cuda]

  --cuda  also the NVIDIA libraries that `solstice --device cuda` loads (3.8 GB in all)

LIBTORCH_ROOT=DIR uses the LibTorch 2.11 in DIR (or DIR/torch) and downloads none.
SOLSTICE_PACKAGES=no leaves the system's packages to you.
EOF
}

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$@" >&2
  exit 2
}

cuda=no
for argument in "$@"; do
  case "$argument" in
    --cuda) cuda=yes ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && fail "unknown option $argument" ;;
  esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
deps=$PWD/.deps
libtorch=$deps/libtorch
stamp=$libtorch/.requirements.sha256

# Is LibTorch there? --------------------------------------------------------------------------

is_libtorch() {
  [[ -f $1/include/torch/csrc/api/include/torch/torch.h && -f $1/lib/libtorch_cpu.so ]]
}

# A later plain run keeps what an earlier --cuda brought.
if [[ -f $stamp ]] && grep -q libtorch-cuda-requirements "$stamp"; then cuda=yes; fi
requirements=(libtorch-requirements.txt)
needed_gb=3
download_size='0.55 GB'
if [[ $cuda == yes ]]; then
  requirements+=(libtorch-cuda-requirements.txt)
  needed_gb=9
  download_size='2.5 GB, with CUDA'
fi
# The stamp comes last into a finished folder, so half a LibTorch is never taken for a whole one.
wanted=$(cd scripts && sha256sum "${requirements[@]}")

is_installed() {
  [[ -f $stamp && $(<"$stamp") == "$wanted" ]] && is_libtorch "$libtorch/torch"
}

download=no
if [[ -n ${LIBTORCH_ROOT:-} ]]; then
  is_libtorch "$LIBTORCH_ROOT" || is_libtorch "$LIBTORCH_ROOT/torch" ||
    fail "LIBTORCH_ROOT=$LIBTORCH_ROOT is no LibTorch: neither it nor its folder torch/ holds" \
      "include/torch/csrc/api/include/torch/torch.h and lib/libtorch_cpu.so." \
      "Correct it, or unset it and run scripts/setup.sh again for the pinned one."
  found="LibTorch in $LIBTORCH_ROOT (LIBTORCH_ROOT)"
else
  found="LibTorch in .deps/libtorch"
  is_installed || download=yes
fi

# Packages ------------------------------------------------------------------------------------

packages=(build-essential cmake ninja-build ccache mold
  libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev
  libtbb-dev libboost-program-options-dev libjpeg-dev libpng-dev libtiff-dev
  libwebp-dev zlib1g-dev nlohmann-json3-dev libspdlog-dev libgtest-dev libbenchmark-dev)
# Python only unpacks LibTorch's wheels.
if [[ $download == yes ]] && ! python3 -m pip --version >/dev/null 2>&1; then
  packages+=(python3 python3-pip)
fi

install_missing_packages() {
  command -v apt-get >/dev/null ||
    fail "this is not Debian or Ubuntu, so the packages are yours to install:" \
      "g++ 12 or newer, CMake 3.22, Ninja, OpenCV 4.6 (core, imgproc, imgcodecs), oneTBB," \
      "Boost.Program_options 1.74, libjpeg-turbo, libpng, libtiff, libwebp with its mux library, zlib," \
      "nlohmann-json 3.11, spdlog, GoogleTest, Google Benchmark, python3 with pip (for LibTorch);" \
      "ccache and mold if you like." \
      "Then set SOLSTICE_PACKAGES=no, and without ccache or mold SOLSTICE_PRESET=release as well," \
      "and run the script again."
  local known missing=() package
  known=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true)
  for package in "${packages[@]}"; do
    grep -qx "installed $package" <<<"$known" || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then return; fi

  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "these packages are missing, and only root can install them (there is no sudo):" \
        "  apt-get install ${missing[*]}" "Ask for that, then run scripts/setup.sh again."
    as_root=(sudo)
  fi
  say "installing packages: ${missing[*]}"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q)
  { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } ||
    fail "the packages above could not be installed (see apt-get's message: no network, a held" \
      "lock, or a release without them; Debian 12 and Ubuntu 24.04 have them all)." \
      "Missing: ${missing[*]}"
}

if [[ ${SOLSTICE_PACKAGES:-yes} != no ]]; then install_missing_packages; fi

# LibTorch ------------------------------------------------------------------------------------

install_libtorch() {
  [[ $(uname -s) == Linux && $(uname -m) == x86_64 ]] ||
    fail "the pinned LibTorch is for x86-64 Linux; this machine is $(uname -s) $(uname -m)." \
      "Set LIBTORCH_ROOT to a LibTorch 2.11 built for it."
  python3 -m pip --version >/dev/null 2>&1 ||
    fail "python3 with pip is needed to unpack LibTorch's wheels (or set LIBTORCH_ROOT)."
  mkdir -p "$deps"
  exec 9>"$deps/lock"
  flock 9
  if is_installed; then return; fi  # by another set-up, while this one waited
  local fresh=$deps/libtorch.partial free_kb
  rm -rf "$fresh" "$deps/libtorch.replaced"
  free_kb=$(df -Pk "$deps" | awk 'NR == 2 { print $4 }')
  ((free_kb >= needed_gb * 1000000)) ||
    fail "LibTorch needs $needed_gb GB of disk space while it is unpacked;" \
      "$deps has $((free_kb / 1000000)).$((free_kb / 100000 % 10)) GB free."

  say "downloading LibTorch 2.11.0 ($download_size) into .deps/libtorch"
  trap 'rm -rf "$deps/libtorch.partial"' EXIT
  mkdir -p "$fresh/tmp"
  local platforms=() tag
  for tag in manylinux_2_28 manylinux_2_27 manylinux_2_25 manylinux_2_18 manylinux_2_17 \
    manylinux2014 manylinux_2_12 manylinux2010 manylinux_2_5 manylinux1; do
    platforms+=(--platform "${tag}_x86_64")
  done
  # No cache: pip before 23.1 holds a cached wheel in memory whole. TMPDIR: /tmp is often small.
  TMPDIR=$fresh/tmp PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_ROOT_USER_ACTION=ignore \
    python3 -m pip install --no-deps --no-compile --no-cache-dir --disable-pip-version-check \
    --target "$fresh/libtorch" --require-hashes --only-binary=:all: \
    --python-version 3.11 --implementation cp --abi cp311 --abi none "${platforms[@]}" \
    "${requirements[@]/#/--requirement=scripts/}" ||
    fail "LibTorch could not be downloaded or unpacked; pip's message is above." \
      "Without a network: copy .deps/libtorch from another clone, or set LIBTORCH_ROOT." \
      "Behind a proxy or a mirror: pip reads HTTPS_PROXY and PIP_INDEX_URL."
  is_libtorch "$fresh/libtorch/torch" || fail "the downloaded wheels hold no LibTorch"
  printf '%s\n' "$wanted" >"$fresh/libtorch/.requirements.sha256"
  if [[ -e $libtorch ]]; then mv "$libtorch" "$deps/libtorch.replaced"; fi
  mv "$fresh/libtorch" "$libtorch"
  rm -rf "$deps/libtorch.replaced"
}

if [[ $download == yes ]]; then install_libtorch; fi
say "ready: $found"
