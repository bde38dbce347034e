#!/usr/bin/env bash
# Prints where records of today's measurements on this machine are kept.
echo "testdata/bench/$(date -u +%F)-$(go env GOOS)-$(go env GOARCH)-$(getconf _NPROCESSORS_ONLN)cpu"
