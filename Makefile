# What a person or a CI run does with this repository. `make help` lists it.

GO     ?= go
TOOL    = $(GO) tool -modfile=tools/go.mod

.DEFAULT_GOAL := help
.NOTPARALLEL:

.PHONY: help
help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: site
site: ## run the example site on http://127.0.0.1:8080
	@$(GO) build -o bin/site ./examples/site
	@exec bin/site

.PHONY: test
test: install-deps tidy check no-cgo race simulation integration otelguard ## install what is missing, check, and run every test on real servers

.PHONY: lint
lint: check vulnerabilities ## vet, gofmt, staticcheck, and known vulnerabilities

.PHONY: bench
bench: ## run the benchmarks, and hold the driver and the middleware to their bars
	QUIESCE_BENCH=1 QUIESCE_TEST_SERVERS=required $(GO) test -p 1 -run '^(TestCost|TestThroughput|TestNativeCost|TestNativeThroughput|TestFencedCost|TestTheDelayOfClosing|TestAnIdleFleetCostsLittle)$$' -count 1 -v ./driver ./driver/pgx ./driver/mysql ./httpmode ./sqlguard/fleet/store
	$(GO) test -run '^$$' -bench . -benchmem ./...
	cd integration && QUIESCE_BENCH=1 $(GO) test -run TestRatios -count 1 -v .

# How long `make fuzz` and `make fuzz-engines` take for each of their targets.
FUZZ_TIME ?= 10m

.PHONY: fuzz
fuzz: ## fuzz all that parses, FUZZ_TIME each
	@grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u | while read -r folder; do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z]*\).*/\1/p' "$$folder"/*_test.go); do \
			echo "$$folder $$target"; \
			(cd "$$folder" && $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ_TIME) .) </dev/null || exit 1; \
		done || exit 1; \
	done

.PHONY: fuzz-engines
fuzz-engines: ## execute what the judge lets through on real engines, FUZZ_TIME each, and look for changes
	QUIESCE_TEST_SERVERS=required QUIESCE_FUZZ_ENGINES=$(FUZZ_TIME) \
		$(GO) test -count 1 -v -timeout 0 -run TestWhatPasses ./internal/fuzzengines

# How many flips `make soak` makes on each engine, and how many nights of a fleet.
SOAK_ROUNDS ?= 1000

.PHONY: soak
soak: ## close writing SOAK_ROUNDS times under writers of all kinds, on each engine, in one process and in a fleet
	QUIESCE_TEST_SERVERS=required QUIESCE_FLIP_ROUNDS=$(SOAK_ROUNDS) \
		$(GO) test -race -count 1 -v -timeout 0 -run '^TestTheFlip' ./driver/pgx ./driver/mysql ./driver/sqlite
	QUIESCE_TEST_SERVERS=required QUIESCE_NIGHTS=$(SOAK_ROUNDS) \
		$(GO) test -count 1 -v -timeout 0 -parallel 4 -run 'NoRowIsCommitted|RowsAreCommitted|StoppedProcess' ./cmd/quiesce/internal/night

.PHONY: musl
musl: ## judge the deepest texts with musl's small stacks (needs musl-tools)
	@./scripts/musl-check

.PHONY: suites
suites: ## hold the judges to the servers' own regression suites, fetched from Debian's archive
	@./scripts/fetch-suites bin/suites
	QUIESCE_SUITES_POSTGRES=$(CURDIR)/bin/suites/postgres \
	QUIESCE_SUITES_MARIADB=$(CURDIR)/bin/suites/mariadb/usr/share/mysql/mysql-test \
	QUIESCE_SUITES_SQLITE=$(CURDIR)/bin/suites/sqlite/test \
	QUIESCE_TEST_SERVERS=required $(GO) test -v -count=1 -timeout 90m ./internal/suites/...

.PHONY: screenshots
screenshots: ## take pictures of the maintenance page into bin/screenshots
	cd integration && QUIESCE_TEST_BROWSER=required QUIESCE_SCREENSHOTS=$(CURDIR)/bin/screenshots $(GO) test -count 1 -run Scheme ./browser

.PHONY: install-deps
install-deps: ## install PostgreSQL, MariaDB, Chromium, npm, curl and a C compiler if they are missing (root or sudo)
	@./scripts/install-test-deps

.PHONY: tidy
tidy: # are go.mod and go.sum what the code asks for?
	$(GO) mod tidy -diff
	cd tools && $(GO) mod tidy -diff
	cd integration && $(GO) mod tidy -diff
	cd otelguard && $(GO) mod tidy -diff
	cd otelguard/rulestest && $(GO) mod tidy -diff

.PHONY: check
check: # of the code as it is written
	@unformatted=$$($$($(GO) env GOROOT)/bin/gofmt -l .) && test -z "$$unformatted" || \
		{ echo "gofmt would change:" $$unformatted; exit 1; }
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	cd integration && $(GO) vet ./... && $(GO) tool -modfile=../tools/go.mod staticcheck ./...
	cd otelguard && $(GO) vet ./... && $(GO) tool -modfile=../tools/go.mod staticcheck ./...

.PHONY: no-cgo
no-cgo: # everything builds without a C compiler, and the guard works without one
	CGO_ENABLED=0 $(GO) build -buildvcs=false ./...
	CGO_ENABLED=0 $(GO) test $$($(GO) list ./sqlguard/... ./cmd/... | grep -v -e /fleet -e /night -e /operate) # which do not judge

# What takes longest begins first, so that the rest is done beside it.
LONGEST = ./cmd/quiesce/internal/night ./driver/pgx ./examples/site ./sqlguard/fleet/verify ./cmd/quiesce ./internal/depth

# A server that is not installed fails its tests here, and skips them in a plain `go test`.
.PHONY: race
race:
	QUIESCE_TEST_SERVERS=required $(GO) test -race -timeout 15m $(LONGEST) ./...

# Of fleets in virtual time, 50,000 schedules: the race detector would not survive as many.
.PHONY: simulation
simulation:
	$(GO) test -count 1 -v -run '^(TestNothingIsCommittedAfterWait|TestEachRuleIsNeeded|TestNothingIsCommittedBehindTheFence|TestWithoutTheFence.*|TestEachRuleOfTheFenceIsNeeded)$$' ./sqlguard/fleet

# Without the race detector, for which its dependencies would be compiled once more.
.PHONY: integration
integration: integration/browser/node_modules/axe-core/axe.min.js # against what only tests need, in a module of its own
	cd integration && QUIESCE_TEST_SERVERS=required QUIESCE_TEST_BROWSER=required $(GO) test -timeout 15m ./...

.PHONY: otelguard
otelguard: # what OpenTelemetry is told, in a module of its own
	cd otelguard && $(GO) test -race ./...

# Apart from `make test`: Prometheus alone takes two minutes to build.
.PHONY: rules
rules: ## hold the alert rules and the dashboard to Prometheus's own parser and engine
	cd otelguard/rulestest && $(GO) vet ./... && $(GO) tool -modfile=../../tools/go.mod staticcheck ./...
	cd otelguard/rulestest && $(GO) test ./...

# npm takes the very version whose hash the lock file has.
integration/browser/node_modules/axe-core/axe.min.js: integration/browser/package-lock.json integration/browser/package.json
	cd integration/browser && npm ci
	@touch $@

.PHONY: vulnerabilities
vulnerabilities: # that are known, in what the code calls
	@report=$$($(TOOL) govulncheck ./... 2>&1); status=$$?; echo "$$report"; \
	case "$$report" in *"govulncheck: fetching vulnerabilities"*) \
		echo "not checked for known vulnerabilities: their database cannot be reached"; status=0;; \
	esac; exit $$status
