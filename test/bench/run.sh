#!/usr/bin/env bash
# Measures loglens and keeps the results. "make bench" calls it:
#
#	run.sh [FOLDER] [ROUNDS] [LINES]
#
# FOLDER is testdata/bench/<date>-<machine> unless named. The machine should
# have nothing else to do.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=${1:-$(test/bench/folder.sh)}
rounds=${2:-10}
lines=${3:-6000000}
mkdir -p "$folder"

test/bench/machine.sh "make bench ROUNDS=$rounds LINES=$lines" | tee "$folder/machine.txt"

# Every round runs each benchmark once, so that a slow minute of the machine hits all alike.
for ((i = 1; i <= rounds; i++)); do
	go test -run '^$' -bench '^Benchmark(Scanner|Inflater|TopErrors|Export)$' ./parse ./ingest ./query
done | tee "$folder/go.txt"
benchstat=$PWD/.cache/bin/benchstat
[ ! -x "$benchstat" ] || (cd "$folder" && "$benchstat" go.txt) | tee "$folder/go-summary.txt" # which names the file as it is given

go build -C test -o ../.cache/bench/ ./bench/...
# Logs and store are made by processes of their own: what those take counts for the ones they start.
.cache/bench/bench -rounds 0 -lines "$lines"
.cache/bench/bench -rounds "$rounds" -lines "$lines" | tee "$folder/command.txt"

.cache/bench/bench -rounds 0 -store >/dev/null
.cache/bench/bench -rounds "$rounds" -store | tee "$folder/store.txt"
