# make check (inner loop), make test, make demo, make bench; see CONTRIBUTING.md.
#
# CARGO_TARGET_DIR  where Cargo builds (default: target/make: a build with the RocksDB of scripts/rocksdb.sh and one with the
#                   crate's own, as Cargo alone makes it, would rebuild each other's)
# C1Z_CACHE         where builds of RocksDB and packages for Python's tests are kept (default: libc1z in the user's cache folder)
# FUZZ_SECONDS      how long `make fuzz` runs each target (default: 10)
# PREFIX            where `make install` installs (default: /usr/local)

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

CARGO_TARGET_DIR ?= $(CURDIR)/target/make
export CARGO_TARGET_DIR
PREFIX ?= /usr/local

# Cargo, linking the RocksDB that scripts/rocksdb.sh builds once.
CARGO := rocksdb=$$(scripts/rocksdb.sh) && eval "$$rocksdb" && cargo

# The command c1z is built with the library, which is the same without it: with Parquet, and files at addresses where
# somebody wants them (make install CLI="--features parquet,remote"). What is tested has all of it.
CLI ?= --features parquet
TESTED := --features parquet,remote

# A staged installation for each Cargo profile: examples, demo and Go tests use it as they would use an installed one.
STAGE_RELEASE := $(CARGO_TARGET_DIR)/stage/release
STAGE_DEV     := $(CARGO_TARGET_DIR)/stage/debug

# exports STAGE: what a shell, pkg-config, cgo and the loader need to find that installation. Go's build cache does not
# notice when pkg-config's answer or a header changes, but it does notice these flags: they name the folder and the
# header's hash.
define exports
export PATH="$(1)/bin:$$PATH";
export PKG_CONFIG_PATH="$(1)/lib/pkgconfig$${PKG_CONFIG_PATH:+:$$PKG_CONFIG_PATH}";
export LD_LIBRARY_PATH="$(1)/lib$${LD_LIBRARY_PATH:+:$$LD_LIBRARY_PATH}";
export CGO_LDFLAGS="-O2 -g -L$(1)/lib";
export CGO_CFLAGS="-O2 -g -DC1Z_HEADER_$(shell sha256sum include/c1z.h | head -c 16)";
endef
use = $(subst $(newline), ,$(call exports,$(1)))
define newline


endef

use_release = $(call use,$(STAGE_RELEASE))
use_dev     = $(call use,$(STAGE_DEV))

.PHONY: setup setup-tests build stage stage-dev install uninstall env demo baton bench bench-rust test test-rust test-c test-go \
  test-python wheel fuzz fuzz-seeds lint check header clean

setup:
	@scripts/setup.sh

setup-tests:
	@scripts/setup.sh tests

build: setup
	$(CARGO) build --release $(CLI) --lib --bin c1z

stage: build
	@scripts/install.sh "$(STAGE_RELEASE)" "$(CARGO_TARGET_DIR)/release" "$(STAGE_RELEASE)"

stage-dev: setup
	$(CARGO) build $(TESTED) --lib --bin c1z
	@scripts/install.sh "$(STAGE_DEV)" "$(CARGO_TARGET_DIR)/debug" "$(STAGE_DEV)"

install: build
	@scripts/install.sh "$(DESTDIR)$(PREFIX)" "$(CARGO_TARGET_DIR)/release" "$(PREFIX)"

uninstall:
	@scripts/install.sh --remove "$(DESTDIR)$(PREFIX)"

# The exports with which a shell finds the built command, and pkg-config and the loader the library: eval "$(make -s env)"
env:
	@$(MAKE) --no-print-directory -s stage >&2
	@echo '$(use_release)'

# Syncs a made-up machine's accounts through the Go driver and lets the C program list the file; then the same for this
# machine, and the command says what root holds.
DEMO := $(CARGO_TARGET_DIR)/demo
demo: stage
	@mkdir -p "$(DEMO)" && rm -f "$(DEMO)"/*.c1z
	@$(MAKE) -s -C examples/c OUT="$(DEMO)" STAGE="$(STAGE_RELEASE)" "$(DEMO)/list"
	@$(use_release) go -C examples/go build -o "$(DEMO)/unix-accounts" .
	@$(use_release) "$(DEMO)/unix-accounts" -engine rocksdb -out "$(DEMO)/example.c1z" \
	  -passwd examples/data/passwd -group examples/data/group
	@$(use_release) "$(DEMO)/list" "$(DEMO)/example.c1z"
	@echo && echo "This machine:"
	@$(use_release) "$(DEMO)/unix-accounts" -engine rocksdb -out "$(DEMO)/accounts.c1z"
	@$(use_release) "$(DEMO)/list" "$(DEMO)/accounts.c1z"
	@echo && echo "c1z access $(DEMO)/accounts.c1z root -t user"
	@"$(STAGE_RELEASE)/bin/c1z" access "$(DEMO)/accounts.c1z" root -t user -o table

# The SDK's own command with this engine in it, which runs where no libc1z is installed; docs/sdk.md.
baton: stage
	@$(use_release) scripts/baton.sh "$(CARGO_TARGET_DIR)/baton" -tags c1z_static
	@echo "$(CARGO_TARGET_DIR)/baton"

# Compares the engines of the SDK and writes a table: make bench BENCH="-n 1000,10000 -out table.md"
BENCH ?=
bench: stage
	@$(use_release) go -C go/bench build -o "$(CARGO_TARGET_DIR)/bench" .
	@$(use_release) "$(CARGO_TARGET_DIR)/bench" $(BENCH)

test: lint test-rust test-c test-go test-python fuzz

test-rust: setup-tests stage-dev
	moto=$$(scripts/python.sh s3) && $(CARGO:cargo=C1Z_MOTO_SERVER="$${moto%/*}/moto_server" cargo) test $(TESTED)
	scripts/test-install.sh "$(CARGO_TARGET_DIR)/debug"

test-c: setup-tests stage-dev
	$(MAKE) -C examples/c   OUT="$(CARGO_TARGET_DIR)/examples/c"      STAGE="$(STAGE_DEV)" test
	$(MAKE) -C examples/dlopen OUT="$(CARGO_TARGET_DIR)/examples/dlopen" STAGE="$(STAGE_DEV)" test
	scripts/test-cmake.sh "$(STAGE_DEV)" "$(CARGO_TARGET_DIR)/examples/cpp"

FUZZ_SECONDS ?= 10
fuzz: setup
	scripts/fuzz.sh "$(FUZZ_SECONDS)"

# Writes fuzz/seeds anew from a small file: make fuzz-seeds FILE=some.c1z
fuzz-seeds:
	rm -rf fuzz/seeds
	cargo run --manifest-path fuzz/Cargo.toml --example seeds "$(FILE)" fuzz/seeds

# The schema that the library was built with, for the comparison with the SDK's own.
descriptors = $$(ls -t "$(CARGO_TARGET_DIR)"/debug/build/libc1z-*/out/descriptors.bin | head -1)
test-go: stage-dev
	$(use_dev) C1Z_DESCRIPTORS="$(descriptors)" go -C go test -timeout 20m ./...
	$(use_dev) go -C go/bench test -timeout 20m ./...
	$(use_dev) scripts/test-archive.sh
	$(use_dev) scripts/test-static.sh
	$(use_dev) go -C examples/go test -timeout 20m ./...
	$(use_dev) go -C examples/runner test -timeout 20m ./...
	$(use_dev) scripts/test-outside.sh

# Arguments of pytest: make test-python PYTEST="-k spark"
PYTEST ?=
test-python: setup-tests stage-dev
	scripts/test-python.sh "$(STAGE_DEV)" $(PYTEST)

# The Python package, for all Pythons: $(CARGO_TARGET_DIR)/wheel/c1z-….whl
wheel: setup-tests stage
	scripts/wheel.sh "$(STAGE_RELEASE)" "$(CARGO_TARGET_DIR)/wheel"

lint: stage-dev
	cargo fmt --check
	$(CARGO) clippy $(TESTED) --all-targets -- -D warnings
	@for module in go go/bench examples/go examples/runner; do \
	  unformatted=$$(gofmt -l $$module); [[ -z $$unformatted ]] || { echo "gofmt: $$unformatted"; exit 1; }; \
	  $(use_dev) go -C $$module vet ./...; \
	done

# The benches of the library alone, on made-up grants; docs/performance.md.
bench-rust: setup
	$(CARGO) bench

# The inner loop: everything that needs no new build of RocksDB.
check: setup
	cargo fmt --check
	$(CARGO) clippy $(TESTED) --all-targets -- -D warnings
	$(CARGO) test $(TESTED) --lib --bins

header: setup
	export C1Z_WRITE_HEADER=1; $(CARGO) test --test header

clean:
	cargo clean
