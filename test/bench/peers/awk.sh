#!/usr/bin/env bash
# Counts the failures in access logs, one of them per processor at a time:
#
#	awk.sh zcat|'pigz -dcp1' FILE…
set -euo pipefail
inflate=$1
shift
here=$(dirname "$0")
printf '%s\0' "$@" | xargs -0 -n 1 -P "$(getconf _NPROCESSORS_ONLN)" sh -c "$inflate"' "$1" | mawk -f "$0"' "$here/failures.awk" | mawk -f "$here/sum.awk"
