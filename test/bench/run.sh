#!/usr/bin/env bash
# Measures loglens and keeps the results. "make bench" calls it:
#
#	run.sh [FOLDER] [ROUNDS] [LINES]
#
# FOLDER is testdata/bench/<date>-<machine> unless named. The machine should
# have nothing else to do.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=${1:-testdata/bench/$(date -u +%F)-$(go env GOOS)-$(go env GOARCH)-$(getconf _NPROCESSORS_ONLN)cpu}
rounds=${2:-10}
lines=${3:-6000000}
mkdir -p "$folder"

{
	echo "command:   make bench ROUNDS=$rounds LINES=$lines"
	echo "date:      $(date -u +%FT%TZ)"
	echo "commit:    $(git rev-parse HEAD)$([ -z "$(git status --porcelain -- '*.go' '*.sql' '*go.mod')" ] || echo ' and uncommitted changes')"
	echo "machine:   $(getconf _NPROCESSORS_ONLN) × $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -1), $(awk '/^MemTotal/ {printf "%d GB", $2 / 1e6}' /proc/meminfo 2>/dev/null)"
	echo "system:    $(uname -srm)"
	echo "versions:  $(bin/loglens version)"
	echo "load:      $(cut -d' ' -f1-3 /proc/loadavg 2>/dev/null) when it began"
	echo "GOAMD64:   $(go env GOAMD64)"
	echo "modules:   $(go list -m -f '{{.Path}} {{.Version}}' github.com/klauspost/compress github.com/duckdb/duckdb-go/v2 | paste -sd, | sed 's/,/, /g')"
} | tee "$folder/machine.txt"

# Every round runs each benchmark once, so that a slow minute of the machine hits all alike.
for ((i = 1; i <= rounds; i++)); do
	go test -run '^$' -bench '^Benchmark(Scanner|Inflater|TopErrors|Export)$' ./parse ./ingest ./query
done | tee "$folder/go.txt"
[ ! -x .cache/bin/benchstat ] || .cache/bin/benchstat "$folder/go.txt" | tee "$folder/go-summary.txt"

go build -C test -o ../.cache/bench/bench ./bench
.cache/bench/bench -rounds "$rounds" -lines "$lines" | tee "$folder/command.txt"

.cache/bench/bench -rounds 0 -store >/dev/null # by a process of its own: what it takes counts for those it starts
.cache/bench/bench -rounds "$rounds" -store | tee "$folder/store.txt"
