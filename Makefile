# make run   builds Stile and starts the example project
# make test  is everything that CI runs
# GNU make 3.81 and a POSIX sh are enough.

GO ?= go
STILE = bin/stile

.PHONY: help run build test deps lint bench conformance shapes soak-language soak-engine soak-gate clean

help:
	@echo 'make run          build and start the example project (Ctrl-C stops it, orders are kept)'
	@echo 'make test         everything that CI runs'
	@echo 'make deps         install the system packages and packages of npm that some suites need'
	@echo 'make build        build bin/stile'
	@echo 'make lint         the rules of the house alone'
	@echo 'make bench        CPU per unit of work'
	@echo 'make conformance  recorded cases and corpora, where they are at hand; writes docs/conformance.md'
	@echo '                  (C# needs apt: mono-mcs mono-runtime libnewtonsoft-json5.0-cil)'
	@echo 'make soak-language  10 minutes of each fuzz target of the languages; writes docs/soak/language.md'
	@echo 'make soak-engine    the engine under kill -9, power loss, simulation and faults; writes docs/soak/engine.md'
	@echo 'make soak-gate      10 minutes of each fuzz target of the gate, swaps under load, limits; writes docs/soak/gate.md'
	@echo 'make shapes       write the extract of AWS service models anew, from the AWS SDK for Go'
	@echo 'make clean        remove bin and the data of the example project'

build:
	@GO='$(GO)' sh scripts/build.sh $(STILE)

run: build
	@exec $(STILE) dev examples/orders

test:
	@GO='$(GO)' sh scripts/test.sh

deps:
	@sh scripts/deps.sh
	@sh scripts/npm.sh

lint:
	@GO='$(GO)' sh scripts/check-go.sh
	$(GO) vet ./...
	$(GO) test ./internal/lint

bench:
	@GO='$(GO)' sh scripts/bench.sh

conformance: build
	@sh scripts/npm.sh
	@cd test/jsonata && $(GO) test -count=1 -v -run TestDifferential . -args -n=50000
	@GO='$(GO)' sh scripts/conformance.sh $(STILE)

shapes:
	@GO='$(GO)' sh scripts/shapes.sh

soak-language:
	@GO='$(GO)' sh scripts/soak-language.sh

soak-engine:
	@GO='$(GO)' sh scripts/soak-engine.sh

soak-gate:
	@GO='$(GO)' sh scripts/soak-gate.sh

clean:
	rm -rf bin examples/orders/.stile
