#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Measures everything that has a target, and how cost scales: suite.md, suite.json, scale.md and scale.svg in a folder.
# Wants an idle machine and root (memory groups, readahead, swap); what it may not do, it leaves out and says so.
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
out=$root/artifacts/bench
size=1GiB
rounds=3
folder=${TMPDIR:-/var/tmp}
suite_only=
idle_poll=()

usage() {
    cat <<'TEXT'
usage: bench/run.sh [--size SIZE] [--rounds N] [--folder DIR] [--out DIR] [--suite-only] [--idle-poll]
  --size SIZE    the file or range (default 1GiB; 4GiB with --rounds 1 takes about as long); the budget is a quarter
  --rounds N     turns of each line (default 3)
  --folder DIR   where files go: on the disk to measure (default /var/tmp)
  --out DIR      where results go (default artifacts/bench)
  --suite-only   leave out how cost scales
  --idle-poll    let our host keep processors awake while faults come
TEXT
}

while [[ $# -gt 0 ]]; do
    case $1 in
        --size) size=$2; shift 2 ;;
        --rounds) rounds=$2; shift 2 ;;
        --folder) folder=$2; shift 2 ;;
        --out) out=$2; shift 2 ;;
        --suite-only) suite_only=yes; shift ;;
        --idle-poll) idle_poll=(--idle-poll); shift ;;
        -h | --help) usage; exit 0 ;;
        *) echo "run.sh: there is no option $1" >&2; usage >&2; exit 2 ;;
    esac
done

mkdir -p "$out"
floor=()
if command -v cc >/dev/null; then
    for program in pager filepager; do
        cc -O2 -pthread -o "$out/$program" "$root/bench/floor/$program.c"
    done
    floor=(--floor "$out")
else
    echo "run.sh: no C compiler, so no floor; install one: apt-get install gcc" >&2
fi

# The kernel's default readahead is 128 KiB; some images have megabytes, which ruin what is not advised.
readahead=()
[[ $(id -u) -ne 0 ]] || readahead=(--read-ahead 128k)

# Ten thousand ranges are twenty thousand descriptors of the host.
ulimit -n 65536 2>/dev/null || echo "run.sh: at most $(ulimit -n) open files; ten thousand ranges need 20,100" >&2

"$root/hmm" bench --suite "$out" --size "$size" --rounds "$rounds" --seconds 3 --warm-seconds 2 \
    --device-folder "$folder" "${floor[@]}" "${readahead[@]}" "${idle_poll[@]}"
[[ -z $suite_only ]] || exit 0

# On one processor, all of it: else what is measured is which processors the scheduler chose.
cpu=$(awk '/^Cpus_allowed_list/ { n = split($2, numbers, /[,-]/); print numbers[n] }' /proc/self/status)
taskset -c "$cpu" "$root/hmm" bench --scale "$out" --rounds "$rounds" "${floor[@]}"
