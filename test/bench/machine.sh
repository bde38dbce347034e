#!/usr/bin/env bash
# Prints what a record of measurements says first: the command, named by the
# arguments, and the machine that it runs on.
set -euo pipefail
cd "$(dirname "$0")/../.."

echo "command:   $*"
echo "date:      $(date -u +%FT%TZ)"
echo "commit:    $(git rev-parse HEAD)$([ -z "$(git status --porcelain -- '*.go' '*.sql' '*go.mod')" ] || echo ' and uncommitted changes')"
echo "machine:   $(getconf _NPROCESSORS_ONLN) × $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -1), $(awk '/^MemTotal/ {printf "%d GB", $2 / 1e6}' /proc/meminfo 2>/dev/null)"
echo "system:    $(uname -srm | sed "s/-[^ ]*//")"
echo "versions:  $(bin/loglens version)"
echo "load:      $(cut -d' ' -f1-3 /proc/loadavg 2>/dev/null) when it began"
echo "GOAMD64:   $(go env GOAMD64)"
echo "modules:   $(go list -m -f '{{.Path}} {{.Version}}' github.com/klauspost/compress github.com/duckdb/duckdb-go/v2 | paste -sd, | sed 's/,/, /g')"
