#!/usr/bin/env bash
# How soon `translate` begins on a folder of very many files: seconds from the start of the process to
# the first result, and of a dry run, which lists, names and prints all of them. The files are hard
# links to copies of one photo.
#
#   many_names.sh SOLSTICE MODEL PHOTO [COUNT...]     (default counts: 100 100000)
#
# Further options for `translate` may stand in TRANSLATE_OPTIONS.
set -euo pipefail

if [ $# -lt 3 ]; then
  sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
solstice=$1 model=$2 photo=$3
shift 3
[ $# -gt 0 ] || set -- 100 100000

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf '%8s %15s %13s\n' files 'first result s' 'dry run s'
for count in "$@"; do
  # shellcheck disable=SC2086  # several options in one variable
  python3 - "$work/$count" "$count" "$photo" "$solstice" translate --model "$model" --json \
    ${TRANSLATE_OPTIONS:-} <<'PYTHON'
import os, shutil, signal, subprocess, sys, time

folder, count, photo = sys.argv[1], int(sys.argv[2]), sys.argv[3]
command = sys.argv[4:] + [folder + "/in", "--out", folder + "/out"]
os.makedirs(folder + "/in")
for i in range(count):
    name = f"{folder}/in/{i:06d}{os.path.splitext(photo)[1]}"
    if i % 10000 == 0:  # a file system bounds the links to one file
        shutil.copyfile(photo, name)
        first = name
    else:
        os.link(first, name)

def seconds_to_line(run, start):
    run.stdout.readline()
    return time.monotonic() - start

start = time.monotonic()
run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
first_result = seconds_to_line(run, start)
run.send_signal(signal.SIGINT)
run.communicate()
start = time.monotonic()
subprocess.run(command + ["--dry-run"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
print(f"{count:8d} {first_result:15.2f} {time.monotonic() - start:13.2f}")
PYTHON
  rm -rf "${work:?}/$count"
done
