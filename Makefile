# Everything that is done often, by one word. `make help` lists it.

GO       ?= go
BIN      := bin/mailstead
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION)
FUZZTIME ?= 20s

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.6.0

export CGO_ENABLED = 0

.PHONY: help run build test test-go test-race test-fuzz test-clients check bench bench-peers bench-large bench-growth fuzz soak tools clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

run: build ## build, and run a server on 127.0.0.1 with nothing configured
	$(BIN) dev

build: ## build bin/mailstead, a static binary
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/mailstead

test: tools check test-go test-race test-fuzz test-clients ## everything that CI runs; installs what it needs

test-go: ## the hermetic tests
	$(GO) test ./...

test-race: ## the same with the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -short ./...

test-fuzz: ## every fuzz target for a second, to show that it runs and finds nothing at once
	./scripts/fuzz.sh 1s

test-clients: build ## the server driven by real clients from Debian's packages
	MAILSTEAD_BIN=$(abspath $(BIN)) $(GO) test -count=1 -tags clients ./internal/clienttest/

check: ## gofmt, vet, staticcheck, archtest, govulncheck where its database can be reached
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'not gofmt-ed'; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags clients ./internal/clienttest/
	$(GO) run $(STATICCHECK) ./...
	$(GO) run $(STATICCHECK) -tags clients ./internal/clienttest/
	$(GO) test -count=1 ./internal/archtest/
	./scripts/govulncheck.sh $(GOVULNCHECK)

bench: ## the Go benchmarks of the hot paths
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-peers: build ## Mailstead beside Postfix and Dovecot, as root, an hour; QUICK=1: seven minutes
	./scripts/bench-peers/install.sh
	./scripts/bench-peers/run.sh $(if $(QUICK),quick)

bench-large: build ## Mailstead beside Dovecot on a mailbox of 100 000 messages, as root
	./scripts/bench-peers/install.sh
	./scripts/bench-peers/large.sh

bench-growth: build ## how cost grows with mailboxes and accounts, ten minutes
	./scripts/bench-growth/run.sh

fuzz: ## every fuzz target for FUZZTIME each
	./scripts/fuzz.sh $(FUZZTIME)

soak: build ## the long forms of the tests, some hours; see docs/reliability.md
	./scripts/soak.sh

tools: ## install the clients and tools that the tests drive (Debian)
	./scripts/install-tools.sh

clean:
	rm -rf bin
