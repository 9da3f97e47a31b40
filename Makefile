# Everything a person needs to know to work here is `make help`. Each target is thin: what takes more than a few
# lines stands in .ci/.

SHELL := /bin/sh
export CARGO_TARGET_DIR ?= $(CURDIR)/target
# What the outer tests start.
it web shots client conformance api: export TURNOUTD ?= $(CARGO_TARGET_DIR)/release/turnoutd
# cargo-nextest where it is there, else what comes with Rust.
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null)
STAGE := .ci/stage

.DEFAULT_GOAL := help
.PHONY: help run test check deny package ui ui-test fmt lint unit programs manual it web shots desktop client conformance api bench bench-availability bench-recording bench-ledger clean

help: ## what there is
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build everything needed and start the app (headless where there is no display)
	@.ci/serve $(ARGS)

check: ## the quick loop: formatting, lints, unit tests
	@.ci/setup --unit
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	@$(MAKE) --no-print-directory unit

test: ## everything: Rust, page, browser, desktop, and the real clients
	@mkdir -p target/ci && : >target/ci/times
	@$(STAGE) "system packages" .ci/setup
	@$(STAGE) "page: types, tests, build" $(MAKE) --no-print-directory ui-test
	@$(STAGE) "formatting" cargo fmt --all --check
	@$(STAGE) "lints" $(MAKE) --no-print-directory lint
	@$(STAGE) "dependencies" $(MAKE) --no-print-directory deny
	@$(STAGE) "unit tests" $(MAKE) --no-print-directory unit
	@$(STAGE) "release programs" $(MAKE) --no-print-directory programs
	@$(STAGE) "integration tests" $(MAKE) --no-print-directory it
	@$(STAGE) "browser" $(MAKE) --no-print-directory web
	@$(STAGE) "desktop" $(MAKE) --no-print-directory desktop
	@$(STAGE) "real client" $(MAKE) --no-print-directory client
	@$(STAGE) "conformance" $(MAKE) --no-print-directory conformance
	@$(STAGE) "admin API" $(MAKE) --no-print-directory api

ui/node_modules/.package-lock.json: ui/package.json ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund
	@touch $@

ui: ui/node_modules/.package-lock.json ## build the page
	cd ui && npm run --silent build

ui-test: ui/node_modules/.package-lock.json
	cd ui && npm run --silent check && npm run --silent test && npm run --silent build

fmt: ## format the Rust code
	cargo fmt --all

lint:
	cargo clippy --workspace --all-targets -- -D warnings

unit: ## unit tests of every crate
ifneq ($(NEXTEST),)
	cargo nextest run --workspace --exclude tests --exclude bench
else
	cargo test --workspace --exclude tests --exclude bench --tests
endif

programs: ## both programs, optimised
	cargo build --release -p cli -p turnout

MANUAL := target/manual

manual: ## man pages and completions of the command line, in target/manual
	cargo build -p cli
	rm -rf $(MANUAL) && mkdir -p $(MANUAL)/completions
	target/debug/turnoutd man $(MANUAL)/man
	for shell in bash fish zsh; do target/debug/turnoutd completions $$shell > $(MANUAL)/completions/turnoutd.$$shell; done

it: ## integration tests against the release turnoutd
ifneq ($(NEXTEST),)
	cargo nextest run -p tests --success-output never -E 'not test(/^(claude_[a-z]+|memory|storm)::/)'
	cargo nextest run -p tests --no-capture -E 'test(/^memory::/)'
	cargo nextest run -p tests --no-capture -E 'test(/^storm::/)'
else
	cargo test -p tests -- --skip claude_ --skip storm::
	cargo test -p tests -- --nocapture storm::
endif

web: ## the page in a real browser against the real turnoutd
	cd tests/web && npm ci --no-audit --no-fund --silent && node run.mjs

shots: ## pictures of every page, light and dark, in each language, to be looked at (ARGS="history dark")
	cd tests/web && npm ci --no-audit --no-fund --silent && node shots.mjs $(ARGS)

desktop: ## the real tray app in a desktop session of its own
	tests/desktop/run

client: ## the real Claude Code through turnoutd
ifneq ($(NEXTEST),)
	cargo nextest run -p tests --no-capture -E 'test(/^claude_[a-z]+::/)'
else
	cargo test -p tests -- --nocapture claude_
endif

conformance: ## real SDKs and command-line clients through turnoutd to every dialect (ARGS="--client gemini")
	tests/conformance/run $(ARGS)

api: ## every call of the admin API with made-up input, held against its description (SEED=1)
	tests/api/run $(SEED)

bench: ## what conversion costs: times of one run, and what ten times the size costs
	cargo bench -p bench --bench convert --bench scaling

bench-recording: ## what keeping a history costs a request, against the release turnoutd
	cargo build --release -p cli
	TURNOUTD="$${CARGO_TARGET_DIR:-target}/release/turnoutd" cargo bench -p bench --bench recording

bench-availability: ## what failover is worth: the same faults with and without Turnout, in virtual time
	cargo bench -p bench --bench availability

bench-ledger: ## how fast a long history is written and read: a million requests in each database (TURNOUT_ROWS)
	cargo bench -p bench --bench ledger

deny: ## licences, banned crates, sources (INSTALL=1 builds cargo-deny first)
	@.ci/deny $(if $(INSTALL),--install)

package: ## a .deb of the app
	@.ci/setup
	@$(MAKE) --no-print-directory ui
	@.ci/package

clean: ## remove everything that was built
	cargo clean
	rm -rf ui/dist ui/node_modules tests/web/node_modules tests/conformance/node_modules
