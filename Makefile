# "make help" lists what can be made. What is built lies in bin, everything else in .cache.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory

CACHE := $(CURDIR)/.cache
TOOLS := $(CACHE)/bin

TRINO := 476

# Tools, pinned. They are no "tool" directives of go.mod: a user's build must not know them.
golangci-lint = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
govulncheck   = golang.org/x/vuln/cmd/govulncheck@v1.9.0
benchstat     = golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da

FUZZTIME ?= 60s
ROUNDS   ?= 10
LINES    ?= 6000000
FOLDER   ?=
MODULES  := . test

.PHONY: build demo test test-code test-servers test-all test-arm64 test-checkptr test-moto test-parquet test-diagnose test-trino check fmt vet lint tidy generate vuln bench bench-s3 bench-peers soak fuzz golden clean help
.DEFAULT_GOAL := build

# GOAMD64=v3 gained 2 %, a profile of BenchmarkTopErrors as default.pgo nothing.
build: ## build bin/loglens
	go build -o bin/loglens ./cmd/loglens

demo: build ## write the logs of an incident that ends now, and ask about it
	rm -rf .cache/demo
	bin/loglens demo .cache/demo
	bin/loglens top-errors --since 1h .cache/demo

test: test-code test-servers ## all tests that need Go and a C/C++ compiler only

# A slow machine takes a quarter of an hour for query alone. Packages are tested in the
# order in which they are named: query begins at once, and the others run beside it.
test-code:
	go test -timeout 40m ./query ./...

# -count 1: these run commands that they build themselves, which Go's test cache does not see.
test-servers:
	cd test && go test -count 1 -timeout 20m ./...

test-all: test test-moto test-parquet test-diagnose ## test, and the suites that need Python and Java

# The decoder and the scanner on another processor, emulated. -short: every flipped bit of fewer files,
# and logs read as they are and as those of requests.
test-arm64: ## tests of decoder and scanner on arm64; needs qemu-user-static
	mkdir -p $(CACHE)
	CGO_ENABLED=0 GOARCH=arm64 go test -c -o $(CACHE)/inflate-arm64.test ./ingest/inflate
	cd ingest/inflate && qemu-aarch64-static $(CACHE)/inflate-arm64.test -test.short -test.timeout 10m
	CGO_ENABLED=0 GOARCH=arm64 go test -c -o $(CACHE)/parse-arm64.test ./parse
	cd parse && qemu-aarch64-static $(CACHE)/parse-arm64.test -test.run 'Marks|ScannerAgreesOn' -test.short -test.timeout 10m

# Every pointer conversion of the decoder and of what it is made of is checked.
test-checkptr: ## the decoder's tests under -d=checkptr
	go test -count 1 -short -gcflags=all=-d=checkptr ./ingest/inflate

# An emulator of AWS; and Arrow and Spark, which read what export has written.
test-moto test-parquet: test-%: $(CACHE)/venv-%/ready
	cd test && go test -count 1 -timeout 20m -tags $* ./$*

# Balancers with one fault each, and some with two, in the same emulator; and AWS's
# command line, loaded once, which runs the commands that are to mend them.
test-diagnose: $(CACHE)/venv-moto/ready $(CACHE)/venv-diagnose/ready
	cd test && go test -count 1 -timeout 30m -parallel 4 -tags moto ./diagnose

# Trino is a download of 820 MB. Arrow runs before it, whose answers it must share.
test-trino: $(CACHE)/venv-parquet/ready $(CACHE)/trino/$(TRINO) ## Trino reads what export wrote; needs Maven
	cd test && go test -count 1 -timeout 10m -tags parquet,trino -run 'Arrow|Trino' ./parquet

check: fmt vet lint tidy generate test ## everything that must hold before a commit

fmt:
	@bad=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); [ -z "$$bad" ] || { echo "gofmt -w $$bad"; exit 1; }

# No other package has Go or assembly of arm64 alone.
vet:
	go vet ./...
	cd test && go vet -tags moto,parquet,trino ./...
	CGO_ENABLED=0 GOARCH=arm64 go vet ./parse

lint: $(TOOLS)/golangci-lint ## golangci-lint
	$< run ./...
	cd test && $< run --config ../.golangci.yml --build-tags moto,parquet,trino ./...

tidy:
	for m in $(MODULES); do go -C $$m mod tidy -diff; done

# What is generated is up to date if generating changes nothing; the work tree may be dirty before.
generate:
	@state() { git status --porcelain; git diff; }; before=$$(state); go generate ./...; after=$$(state); diff <(echo "$$before") <(echo "$$after")

vuln: $(TOOLS)/govulncheck ## known vulnerabilities (asks vuln.go.dev)
	$< ./...

bench: build $(TOOLS)/benchstat ## measure; FOLDER, ROUNDS and LINES can be set
	test/bench/run.sh "$(FOLDER)" $(ROUNDS) $(LINES)

bench-s3: build ## measure how network and work overlap, on a real S3 server behind a slow line
	test/bench/one.sh $@ overlap "$(FOLDER)" $(ROUNDS) $(LINES)

bench-peers: build ## measure other tools on the same question; needs mawk, pigz, lnav, goaccess
	test/bench/one.sh $@ peers "$(FOLDER)" $(ROUNDS) $(LINES)

soak: ## what is random, tried as often as a night allows: kills, damage, full disks, sequences
	go test -timeout 3h -count 1 ./query ./cmd/loglens -soak

fuzz: ## each fuzz target for FUZZTIME (60s), one after the other
	for f in $$(grep -rEo --include='*_test.go' '^func Fuzz\w+' . | sed 's/func //'); do \
		echo "== $$f"; go test -run '^$$' -fuzz "^$${f#*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$$(dirname "$$f")"; \
	done

golden: ## rewrite the golden files and the generated pages: read the diff
	go test $$(grep -rl --include='*_test.go' 'flag.Bool("update"' . | xargs -n1 dirname | sort -u) -update
	go generate ./...

clean: ## remove what was built
	rm -rf bin .cache

help: ## this list
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/\1\t\2/p' Makefile | expand -t 15

$(TOOLS)/%: Makefile
	GOBIN=$(TOOLS) go install $($*)
	touch $@

$(CACHE)/venv-%/ready: test/%/requirements.txt
	rm -rf $(@D)
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(CACHE)/trino/$(TRINO):
	rm -rf $(@D)
	mkdir -p $(@D)
	mvn --quiet --batch-mode -Dmaven.repo.local=$(@D)/m2 org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
		-Dartifact=io.trino:trino-server:$(TRINO):tar.gz -DoutputDirectory=$(@D)
	tar -xzf $(@D)/trino-server-$(TRINO).tar.gz -C $(@D) --strip-components 1
	cd $(@D) && mv plugin/hive hive && rm -rf plugin m2 *.tar.gz && mkdir plugin && mv hive plugin/
	touch $@
