# tradewind: one Makefile. `make help` lists the targets.
#
#   BUILD=dir     where things are built (default build); variants live in directories of their own below it
#   CC=, CXX=     compilers (default gcc, g++)
#   OPT=-O2       optimisation
#   SAN=1         AddressSanitizer and UndefinedBehaviorSanitizer; SAN=fuzz: the same, for libFuzzer (clang)
#   V=1           show the commands
#   JOBS=n        parallel compiles of `make test`, `make demo` and the like (default: all cores)

BUILD   ?= build
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
CXX     := $(if $(filter default,$(origin CXX)),g++,$(CXX))
OPT     ?= -O2
PREFIX  ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 15

Q   := $(if $(V),,@)
say  = @printf '  %-7s %s\n'

# Debian packages: to build, to test, and for everything in `make test-all`.
DEPS_BUILD := gcc g++ libc6-dev binutils pkg-config libwebsockets-dev libcurl4-openssl-dev libcjson-dev \
              libsodium-dev libzstd-dev zlib1g-dev libssl-dev libtomlplusplus-dev libjs-dygraphs nettle-dev libsecp256k1-dev libseccomp-dev
DEPS_TEST  := $(DEPS_BUILD) libcmocka-dev libgmp-dev python3 openssl
DEPS_ALL   := $(DEPS_TEST) chromium clang clang-format libclang-rt-14-dev llvm
DEPS       := $(DEPS_ALL)

# Asked for once, and only when something is compiled: on a fresh machine pkg-config comes with `make deps`.
PKGS       := libwebsockets libcurl libcjson libsodium libzstd zlib openssl nettle libsecp256k1 libseccomp
PKG_CFLAGS  = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS    = $(eval PKG_LIBS := $(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wswitch-enum -Wvla -Wformat=2 -Wundef -Wpointer-arith -Wcast-qual -Werror
WARNXX := -Wall -Wextra -Wpedantic -Werror

ifeq ($(SAN),)
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection \
          $(if $(filter x86_64,$(shell uname -m)),-fcf-protection=full)
LDHARD := -Wl,-z,relro,-z,now,-z,noexecstack
else
HARDEN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
          $(if $(filter fuzz,$(SAN)),-fsanitize=fuzzer-no-link)
LDHARD := -fsanitize=address,undefined
# gcc's flow analysis sees ghosts in instrumented code; the plain build has these warnings, as errors.
ifeq ($(findstring clang,$(CC)),)
WARN   += -Wno-format-truncation -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-restrict
endif
endif
ifeq ($(OPT),-O0)
HARDEN := $(filter-out -D_FORTIFY_SOURCE=2,$(HARDEN))
endif

# The chart library that the report page embeds.
DYGRAPHS := /usr/share/javascript/dygraphs

# -ffp-contract=off: indicators must give the same bytes with every compiler.
COMMON       = $(OPT) -g -fPIE -ffp-contract=off $(HARDEN) -D_GNU_SOURCE -Iagent -I. -I$(BUILD)/gen -MMD -MP
ALL_CFLAGS   = -std=c17 $(WARN) $(COMMON) $(PKG_CFLAGS) $(CFLAGS)
ALL_CXXFLAGS = -std=c++17 $(WARNXX) $(COMMON) -DNDEBUG $(CXXFLAGS)
ALL_LDFLAGS  = -pie $(LDHARD) -Wl,--as-needed $(LDFLAGS)
LIBS         = $(PKG_LIBS) -lanl -lm
TEST_CFLAGS  = -Itests/lib -Itests/bench
TEST_LIBS    = -lcmocka -lgmp

# Everything but the programs' main files goes into one archive; a program takes what it needs.
MODULES  := agent/base agent/model agent/core agent/venue agent/sim agent/io strategies config wallet
LIB_C    := $(filter-out wallet/%_main.c,$(wildcard $(MODULES:%=%/*.c))) $(filter-out %_main.c,$(wildcard agent/main/*.c))
LIB_CC   := $(wildcard $(MODULES:%=%/*.cc))
LIB_OBJ  := $(LIB_C:%.c=$(BUILD)/obj/%.o) $(LIB_CC:%.cc=$(BUILD)/obj/%.o)
LIB      := $(BUILD)/libtradewind.a
# A program is agent/main/<name>_main.c; the command files beside it are in the archive. Those of wallet/ get
# "tradewind-" in front.
MAIN_C   := $(wildcard agent/main/*_main.c)
WALLET_C := $(wildcard wallet/*_main.c)
PROGRAMS_MAIN   := $(MAIN_C:agent/main/%_main.c=$(BUILD)/%)
PROGRAMS_WALLET := $(WALLET_C:wallet/%_main.c=$(BUILD)/tradewind-%)
PROGRAMS := $(PROGRAMS_MAIN) $(PROGRAMS_WALLET)

TESTLIB_C := $(wildcard tests/lib/*.c)
TESTLIB   := $(TESTLIB_C:%.c=$(BUILD)/obj/%.o)
UNIT_C    := $(wildcard tests/unit/test_*.c tests/strategies/test_*.c)
UNIT      := $(UNIT_C:tests/%.c=$(BUILD)/tests/%)
MATTER_C  := $(wildcard tests/matter/*.c)
MATTER    := $(patsubst $(BUILD)/tests/%,$(BUILD)/matter/%,$(filter $(BUILD)/tests/strategies/% $(BUILD)/tests/unit/test_config%,$(UNIT)))
FUZZ_C    := $(wildcard tests/fuzz/fuzz_*.c)
REPLAY    := $(FUZZ_C:tests/fuzz/%.c=$(BUILD)/replay/%)
FUZZERS   := $(FUZZ_C:tests/fuzz/%.c=$(BUILD)/fuzzers/%)
BENCH_C   := $(wildcard tests/bench/bench_*.c)
BENCH     := $(BENCH_C:tests/bench/%.c=$(BUILD)/bench/%)
TOOL_C    := $(wildcard tests/tools/*.c)
TOOL      := $(TOOL_C:tests/tools/%.c=$(BUILD)/tools/%)
SCENARIOS      := $(wildcard tests/scenario/test_*.sh tests/scenario/test_*.py)
SCENARIOS_SLOW := $(wildcard tests/scenario/slow/test_*.sh tests/scenario/slow/test_*.py)
ALL_C     := $(LIB_C) $(MAIN_C) $(WALLET_C) $(TESTLIB_C) $(UNIT_C) $(MATTER_C) $(FUZZ_C) tests/fuzz/replay_main.c $(BENCH_C) $(TOOL_C)

# Sub-makes use every core unless the caller chose a -j.
JOBS    ?= $(shell nproc 2>/dev/null || echo 2)
SUBMAKE  = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))
RUN      = python3 tests/tools/run.py
TALLY    = $(BUILD)/tally

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

# ---- what a user calls ----

all: $(PROGRAMS) ## build the programs into build/ (the default)

demo: ## install what is missing, build, and trade a recorded market in front of you (a minute)
	@$(MAKE) --no-print-directory deps DEPS="$(DEPS_BUILD)"
	@$(SUBMAKE) all
	@config/examples/demo.sh $(BUILD) $(STRATEGY)

demo-grid: ## the demo with one strategy; also demo-dca, -momentum, -triangular, -arbitrage
demo-grid demo-dca demo-momentum demo-triangular demo-arbitrage:
	@$(MAKE) --no-print-directory demo STRATEGY=$(@:demo-%=%)

test: ## install what is missing, build, and run the tests (under 10 minutes)
	@rm -f $(TALLY)
	@$(MAKE) --no-print-directory deps DEPS="$(DEPS_TEST)"
	@$(SUBMAKE) all tools
	@$(SUBMAKE) SAN=1 BUILD=$(BUILD)/san unit-programs replay-programs
	@$(RUN) --tally $(TALLY) --title 'unit tests, with ASan and UBSan' $(UNIT:$(BUILD)/%=$(BUILD)/san/%) || true
	@$(RUN) --tally $(TALLY) --title 'fuzz corpora, with ASan and UBSan' $(REPLAY:$(BUILD)/%=$(BUILD)/san/%) || true
	@TRADEWIND_BUILD=$(BUILD) $(RUN) --tally $(TALLY) --title 'scenarios, on the programs in $(BUILD)/' $(SCENARIOS) || true
	@$(RUN) --tally $(TALLY) --total

test-all: ## test, and then all that is slow: clang, fuzzing, sanitized programs, lint (under 40 minutes)
	@status=0; $(MAKE) --no-print-directory test || status=1; $(MAKE) --no-print-directory test-rest || status=1; \
	 $(RUN) --tally $(TALLY) --total --status $$status

unit: unit-programs ## run the unit tests only
	@$(RUN) --title 'unit tests' $(UNIT)

scenario: all tools ## run the scenario tests only, on the programs in build/
	@TRADEWIND_BUILD=$(BUILD) $(RUN) --title 'scenarios' $(SCENARIOS)

lint: lint-objects ## check layout, include directions, purity, banned calls and other house rules
	@$(RUN) --verbose --title 'lint' 'tests/tools/lint.py --build=$(BUILD)'

format: ## lay out all C files as .clang-format says
	@git ls-files '*.c' '*.h' '*.cc' | xargs clang-format -i

bench: all tools $(BENCH) ## measure, and print one table with ratios (BENCH_ARGS=--json for machines)
	@TRADEWIND_BUILD=$(BUILD) python3 tests/bench/bench.py $(BENCH_ARGS) --programs $(BENCH) $(wildcard tests/bench/bench_*.py)

fuzz: ## fuzz every target for FUZZ_SECONDS seconds (default 15) with clang's libFuzzer
	@$(SUBMAKE) CC=clang CXX=clang++ SAN=fuzz BUILD=$(BUILD)/fuzz fuzz-programs
	@$(RUN) --jobs 2 --title 'fuzzing' $(FUZZ_RUNS)

UNITS := $(notdir $(wildcard systemd/*.service systemd/*.socket))
install: all ## install into DESTDIR and PREFIX (default /usr/local)
	$(say) INSTALL $(DESTDIR)$(PREFIX)
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/doc/tradewind
	$(Q)install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin/
	$(Q)install -m 644 README.md LICENSE $(wildcard docs/*.md) $(DESTDIR)$(PREFIX)/share/doc/tradewind/
	$(Q)install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d
	$(Q)for unit in $(UNITS); do sed 's|/usr/local/|$(PREFIX)/|g' systemd/$$unit >$(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit && \
	 chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit || exit 1; done
	$(Q)install -m 644 systemd/tradewind.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/tradewind.conf

deps: ## install the Debian packages that are missing (with sudo when not root)
	@sh tests/tools/deps.sh $(DEPS)

clean: ## remove everything that was built
	rm -rf $(BUILD)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile
	@echo 'Variables: BUILD= CC= CXX= OPT= SAN=1 V=1 JOBS= DESTDIR= PREFIX= FUZZ_SECONDS='

# ---- parts of the above ----

FUZZ_RUNS = $(FUZZERS:$(BUILD)/fuzzers/%='tests/tools/fuzz.py --seconds=$(FUZZ_SECONDS) $(BUILD)/fuzz/fuzzers/%')

# What test-all does beyond test; .ci/run calls it after test, too. Its parts add to the tally of test: it fails only
# where something does not build.
test-rest:
	@$(MAKE) --no-print-directory deps DEPS="$(DEPS_ALL)"
	@$(SUBMAKE) CC=clang CXX=clang++ BUILD=$(BUILD)/clang all tools unit-programs
	@$(SUBMAKE) SAN=1 BUILD=$(BUILD)/san all tools
	@$(SUBMAKE) $(BUILD)/tests/strategies/test_properties matter-programs
	@$(SUBMAKE) CC=clang CXX=clang++ SAN=fuzz BUILD=$(BUILD)/fuzz fuzz-programs
	@$(SUBMAKE) lint-objects
	@$(RUN) --tally $(TALLY) --title 'lint' 'tests/tools/lint.py --build=$(BUILD)' || true
	@$(RUN) --tally $(TALLY) --title 'unit tests, clang' $(UNIT:$(BUILD)/%=$(BUILD)/clang/%) || true
	@TRADEWIND_BUILD=$(BUILD)/san $(RUN) --tally $(TALLY) --title 'scenarios, on sanitized programs' $(SCENARIOS) || true
	@TRADEWIND_BUILD=$(BUILD) $(RUN) --jobs 1 --timeout 900 --tally $(TALLY) --title 'slow scenarios' $(SCENARIOS_SLOW) || true
	@$(RUN) --jobs 2 --tally $(TALLY) --title 'fuzzing' $(FUZZ_RUNS) || true

tools: $(TOOL) ## build the programs that only tests call, into build/tools
unit-programs: $(UNIT)
matter-programs: $(MATTER)
replay-programs: $(REPLAY)
fuzz-programs: $(FUZZERS)
lint-objects: $(LIB_OBJ)

.PHONY: all demo demo-grid demo-dca demo-momentum demo-triangular demo-arbitrage test test-all test-rest unit unit-programs matter-programs replay-programs fuzz-programs scenario lint lint-objects \
        format bench fuzz install deps clean help tools FORCE

# ---- how things are built ----

# $(call update,text): replaces the target only when its content changes.
update = @mkdir -p $(@D); printf '%s\n' $(1) > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# The identity of the build, for the journal's header and --version.
GEN := $(BUILD)/gen/build_id.h
$(GEN): FORCE
	$(call update,"#define TW_BUILD_ID \"$$(git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)\"")
# A change of flags compiles everything anew; a file that appeared or went makes the archive anew.
$(BUILD)/gen/flags: FORCE
	@command -v $(firstword $(CC)) >/dev/null && pkg-config --exists $(PKGS) 2>/dev/null && test -e $(DYGRAPHS)/dygraph.min.js || \
	 { echo 'Some of the Debian packages that the build needs are missing: make deps installs them.' >&2; exit 1; }
	$(call update,'$(CC) $(CXX) $(ALL_CFLAGS) $(ALL_CXXFLAGS) $(ALL_LDFLAGS)')
$(BUILD)/gen/objects: FORCE
	$(call update,'$(LIB_OBJ)')
FORCE:

$(BUILD)/obj/%.o: %.c $(BUILD)/gen/flags | $(GEN)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(ALL_CFLAGS) $(if $(filter tests/%,$<),$(TEST_CFLAGS)) -c -o $@ $<
$(BUILD)/obj/%.o: %.cc $(BUILD)/gen/flags | $(GEN)
	@mkdir -p $(@D)
	$(say) CXX $<
	$(Q)$(CXX) $(ALL_CXXFLAGS) -c -o $@ $<

PAGE_ASSETS := agent/io/page.js agent/io/page.css $(wildcard $(DYGRAPHS)/dygraph.min.* $(DYGRAPHS)/src/extras/synchronizer.js)
$(BUILD)/obj/agent/io/page_assets.o: ALL_CFLAGS += -Wa,-I$(DYGRAPHS)
$(BUILD)/obj/agent/io/page_assets.o: $(PAGE_ASSETS)

$(LIB): $(LIB_OBJ) $(BUILD)/gen/objects
	$(say) AR $@
	$(Q)rm -f $@
	$(Q)ar rcs $@ $(LIB_OBJ)

# The C++ compiler links: it knows the runtime that the sanitizers and toml++ need.
LINK = $(CXX) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIB)

$(PROGRAMS_MAIN): $(BUILD)/%: $(BUILD)/obj/agent/main/%_main.o $(LIB)
	$(say) LINK $@
	$(Q)$(LINK) $(LIBS)

$(PROGRAMS_WALLET): $(BUILD)/tradewind-%: $(BUILD)/obj/wallet/%_main.o $(LIB)
	$(say) LINK $@
	$(Q)$(LINK) $(LIBS)

$(UNIT): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(TESTLIB) $(LIB)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(LINK) $(LIBS) $(TEST_LIBS)

# The same tests, with what they test made to ignore a parameter or a key (tests/matter/).
MATTER_WRAPS := toml_root view_params $(addprefix strategy_,grid dca momentum arbitrage triangular)
$(MATTER): $(BUILD)/matter/%: $(BUILD)/obj/tests/%.o $(MATTER_C:%.c=$(BUILD)/obj/%.o) $(TESTLIB) $(LIB)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(LINK) $(MATTER_WRAPS:%=-Wl,--wrap=%) $(LIBS) $(TEST_LIBS)

$(REPLAY): $(BUILD)/replay/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/fuzz/replay_main.o $(TESTLIB) $(LIB)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(LINK) $(LIBS) $(TEST_LIBS)

$(FUZZERS): $(BUILD)/fuzzers/%: $(BUILD)/obj/tests/fuzz/%.o $(TESTLIB) $(LIB)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(LINK) -fsanitize=fuzzer $(LIBS) $(TEST_LIBS)

$(TOOL): $(BUILD)/tools/%: $(BUILD)/obj/tests/tools/%.o $(LIB)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(LINK) $(LIBS)

$(BENCH): $(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(TESTLIB) $(LIB)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(LINK) $(LIBS) $(TEST_LIBS)

-include $(wildcard $(ALL_C:%.c=$(BUILD)/obj/%.d) $(LIB_CC:%.cc=$(BUILD)/obj/%.d))
