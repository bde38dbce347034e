#!/usr/bin/env bash
# Runs one program of the benchmarks and keeps what it prints, with the machine,
# as NAME.txt:
#
#	one.sh TARGET NAME FOLDER ROUNDS LINES
#
# TARGET is what "make" was asked for. FOLDER and the machine are as for run.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."

name=$2
folder=${3:-$(test/bench/folder.sh)}
mkdir -p "$folder" .cache/bench
go build -C test -o ../.cache/bench/ ./bench/...
".cache/bench/$name" -rounds 0 -lines "$5" # the logs, by a process of its own: what it takes counts for those it starts
{
	test/bench/machine.sh "make $1 ROUNDS=$4 LINES=$5"
	echo
	".cache/bench/$name" -rounds "$4" -lines "$5"
} | tee ".cache/bench/$name.txt"
cp ".cache/bench/$name.txt" "$folder/" # a run that fails leaves the last record alone
