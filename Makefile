# The tools' versions are pinned here. Go compiles and caches them, so there is
# nothing to install, and go.mod stays free of them.
GOTESTSUM     := go run gotest.tools/gotestsum@v1.13.0
GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

ARGS     ?=
PACKAGES ?= ./...
# Tests that run at once in a package: more than processors, as many wait for locks.
PARALLEL ?= 4
# The race detector watches all but SQLite, which is C turned into Go, and under it ten
# times slower: most of the tests' time.
RACE     := -race -gcflags='modernc.org/...=-race=false -d=checkptr=0'
# Rooms of pure functions, without a goroutine: in their own tests there is no race to find,
# and the detector would slow them down the most. It watches them in the tests of others.
PURE     := /timak/internal/(state|wire)$$
FUZZTIME ?= 6s
SOAKTIME ?= 5m
HISTORIES ?= 500
FOLLOWERS ?= 100000
HOTTIME ?= 60s
COPIED  ?= 100000
SEARCHTIME ?= 10m
SCALE    ?= 0.02
MIX      ?= A,B
RATE     ?= 50,100
TIME     ?= 30s
TURNS    ?= 3
SEED     ?= 1
CHECKED  ?= 1000
REDIS    ?=
EVENTS   := .test-events.jsonl .test-events-pure.jsonl
TESTS    := $(GOTESTSUM) --format pkgname-and-test-fails
TESTED   := -shuffle=on -parallel $(PARALLEL) -timeout 40m
COUNT    ?= 5
BENCH    := go test -run '^$$' -count $(COUNT) -timeout 2h
BENCHED  := .benchmarks.txt

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check bench feedmix soak search capture capture-table screenshots fuzz lint fmt tidy build needs

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Run the blog; ARGS="-addr :9090" passes flags
	go run ./examples/blog $(ARGS)

test: needs ## Run all tests, or those of PACKAGES=./timak/...
	@rm -f $(EVENTS); touch $(EVENTS); status=0; \
	packages=$$(go list -e $(PACKAGES)) || exit 1; \
	raced=$$(echo "$$packages" | grep -vE '$(PURE)'); pure=$$(echo "$$packages" | grep -E '$(PURE)'); \
	if [ -n "$$raced" ]; then CGO_ENABLED=1 $(TESTS) --jsonfile $(word 1,$(EVENTS)) -- $(RACE) $(TESTED) $$raced || status=$$?; fi; \
	if [ -n "$$pure" ]; then $(TESTS) --jsonfile $(word 2,$(EVENTS)) -- $(TESTED) $$pure || status=$$?; fi; \
	awk -f .ci/skipped.awk $(EVENTS) || status=1; \
	exit $$status

check: tidy lint build test capture fuzz ## Everything that must pass before a change lands

bench: needs ## Run all benchmarks, COUNT=5 times, and write docs/benchmarks.md
	@rm -f $(BENCHED)
	$(BENCH) -bench . ./timak/... | tee -a $(BENCHED)
	$(BENCH) -bench 'Capture//(create|change|delete)$$' -benchtime 100x ./timakgorm/internal/endtoend | tee -a $(BENCHED)
	$(BENCH) -bench 'Capture//10000' -benchtime 10x ./timakgorm/internal/endtoend | tee -a $(BENCHED)
	$(BENCH) -bench 'Backlog///batch=(1000|20000)$$' -benchtime 1x ./timakgorm/internal/endtoend | tee -a $(BENCHED)
	$(BENCH) -count 1 -bench Held -benchtime 12x ./timakgorm/internal/endtoend | tee -a $(BENCHED)
	$(BENCH) -bench Home -benchtime 100x ./timakgorm/internal/beyond | tee -a $(BENCHED)
	$(BENCH) -bench FanOut -benchtime 3x ./timakgorm/internal/audience | tee -a $(BENCHED)
	go run ./timak/internal/benchdoc -date $$(date -u +%F) < $(BENCHED) > $(BENCHED).md
	mv $(BENCHED).md docs/benchmarks.md

feedmix: needs ## Measure home feeds beside SQL and Redis; SCALE=1 is 100,000 users; see docs/feedmix.md
	go test -count=1 -run '^TestFeedmix$$' -timeout 24h -v ./timakgorm/internal/feedmix -feedmix \
		-scale $(SCALE) -mix $(MIX) -rate $(RATE) -time $(TIME) -turns $(TURNS) -seed $(SEED) -checked $(CHECKED) -redis "$(REDIS)"

soak: needs ## Kill, cancel, roll back and restart at random for SOAKTIME=5m, heal as long, publish to FOLLOWERS=100000, then 6 times HISTORIES=500, then a hot key 8 times HOTTIME=60s, then copy COPIED=100000 timelines
	TIMAK_TEST_SOAK=$(SOAKTIME) go test -count=1 -run '^TestSoak$$' -timeout 24h -v ./timakgorm/internal/endtoend
	TIMAK_TEST_TOGETHER=$(SOAKTIME) go test -count=1 -run '^TestTogether$$' -timeout 24h -v ./timakgorm/internal/heal
	TIMAK_TEST_CROWD=$(FOLLOWERS) go test -count=1 -run '^TestFeeds_crowd$$' -timeout 24h -v ./timakgorm/internal/audience
	TIMAK_TEST_HISTORIES=$(HISTORIES) go test -count=1 -run '^TestFeeds_histories$$' -timeout 24h -v ./timakgorm/internal/audience
	TIMAK_TEST_HOT=$(HOTTIME) go test -count=1 -run '^TestHotKey$$' -timeout 24h -v ./timak/pgstore
	TIMAK_TEST_COPY=$(COPIED) go test -count=1 -run '^TestCopy_whileBothAreWritten$$|^TestProcess_copyIsKilled$$' -timeout 24h -v ./timak/transfer ./timak/cmd/timak

search: ## Search for unreadable stored values, with the race detector, for SEARCHTIME=10m
	TIMAK_TEST_SEARCH=$(SEARCHTIME) CGO_ENABLED=1 go test -race -count=1 -run '^TestSearch$$' -timeout 24h -v ./timak

capture: needs ## Try every way to write rows, as the tests do
	go test -run '^TestCapture' ./timakgorm/internal/endtoend

capture-table: needs ## Try every way to write rows, print the results and write docs/capture.md
	go test -count=1 -run '^TestCaptureTable$$' -v ./timakgorm/internal/endtoend -capture-table

screenshots: needs ## Take pictures of the blog's pages, and write docs/screenshots
	go test -count=1 -run '^TestScreenshots$$' ./examples/blog/browser -screenshots

fuzz: ## Fuzz every target for FUZZTIME=6s
	@.ci/fuzz $(FUZZTIME)

lint: ## Run the linters
	@big=$$(git ls-files -z | xargs -0 sh -c 'find "$$@" -maxdepth 0 -size +1000k' sh); test -z "$$big" || \
		{ echo "over 1 MB: $$big; expected no build or other large file in the repository"; exit 1; }
	$(GOLANGCI_LINT) run

fmt: ## Format the code
	$(GOLANGCI_LINT) fmt

tidy: ## Check that go.mod and go.sum are tidy
	go mod tidy -diff

build:
	go build ./...

needs:
	@.ci/needs
