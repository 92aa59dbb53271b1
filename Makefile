# tradewind: one Makefile, no recursion but for build variants. `make help` lists the targets.
#
#   BUILD=dir     where things are built (default build)
#   CC=, CXX=     compilers (gcc, g++)
#   OPT=-O2       optimisation
#   SAN=1         AddressSanitizer and UndefinedBehaviorSanitizer, no FORTIFY

BUILD   ?= build
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
CXX     := $(if $(filter default,$(origin CXX)),g++,$(CXX))
OPT     ?= -O2
PREFIX  ?= /usr/local
DESTDIR ?=

PKGS      := libwebsockets libcurl libcjson libsodium libzstd zlib openssl
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   = $(shell pkg-config --libs $(PKGS) 2>/dev/null)

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wswitch-enum -Wvla -Wformat=2 -Wundef -Wpointer-arith -Wcast-qual -Werror
WARNXX := -Wall -Wextra -Wpedantic -Werror

ifdef SAN
HARDEN  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDHARD  := -fsanitize=address,undefined
else
HARDEN  := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
LDHARD  := -Wl,-z,relro,-z,now,-z,noexecstack
endif
ifeq ($(OPT),-O0)
HARDEN  := $(filter-out -D_FORTIFY_SOURCE=2,$(HARDEN))
endif

# -ffp-contract=off: indicators must give the same bytes with every compiler.
COMMON   = $(OPT) -g -fPIE -ffp-contract=off $(HARDEN) -D_GNU_SOURCE -Iagent -I. -I$(BUILD)/gen -MMD -MP
ALL_CFLAGS   = -std=c17 $(WARN) $(COMMON) $(PKG_CFLAGS) $(CFLAGS)
ALL_CXXFLAGS = -std=c++17 $(WARNXX) $(COMMON) -DNDEBUG $(CXXFLAGS)
ALL_LDFLAGS  = -pie $(LDHARD) -Wl,--as-needed $(LDFLAGS)
LIBS         = $(PKG_LIBS) -lanl -lm -lstdc++

# Everything but the programs' main files goes into one archive; a program takes what it needs.
MODULES  := agent/base agent/model agent/core agent/venue agent/sim agent/io strategies config
LIB_C    := $(wildcard $(MODULES:%=%/*.c)) $(filter-out %_main.c,$(wildcard agent/main/*.c))
LIB_CC   := $(wildcard $(MODULES:%=%/*.cc))
LIB_OBJ  := $(LIB_C:%.c=$(BUILD)/obj/%.o) $(LIB_CC:%.cc=$(BUILD)/obj/%.o)
LIB      := $(BUILD)/libtradewind.a
MAIN_C   := $(wildcard agent/main/*.c)
# A program is agent/main/<name>_main.c; the command files beside it are in the archive.
PROGRAMS := $(patsubst agent/main/%_main.c,$(BUILD)/%,$(filter %_main.c,$(MAIN_C)))

UNIT_SRC := $(wildcard tests/unit/test_*.c tests/strategies/test_*.c)
UNIT     := $(UNIT_SRC:tests/%.c=$(BUILD)/tests/%)
TESTLIB_C := $(wildcard tests/lib/*.c)
TESTLIB  := $(TESTLIB_C:%.c=$(BUILD)/obj/%.o)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
BENCH_SRC := $(wildcard tests/bench/bench_*.c)

.PHONY: all
all: $(PROGRAMS)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(PROGRAMS): $(BUILD)/%: $(BUILD)/obj/agent/main/%_main.o $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(LIB) $(LIBS)

# The identity of the build, for the journal's header and --version; rewritten only when it changes.
GEN := $(BUILD)/gen/build_id.h
$(GEN): FORCE
	@mkdir -p $(@D)
	@id=$$(git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown); \
	 printf '#define TW_BUILD_ID "%s"\n' "$$id" > $@.new; \
	 cmp -s $@.new $@ && rm $@.new || mv $@.new $@
FORCE:

$(BUILD)/obj/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<
$(BUILD)/obj/%.o: %.cc | $(GEN)
	@mkdir -p $(@D)
	$(CXX) $(ALL_CXXFLAGS) -c -o $@ $<

$(BUILD)/tests/%: tests/%.c $(TESTLIB) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests/lib $(ALL_LDFLAGS) -o $@ $< $(TESTLIB) $(LIB) $(LIBS) -lcmocka -lgmp

unit: $(UNIT) ## build the unit tests
	@python3 tests/tools/run.py $(UNIT)

clean: ## remove everything that was built
	rm -rf $(BUILD)

format: ## lay out all C files as .clang-format says
	@git ls-files '*.c' '*.h' | xargs clang-format -i

.PHONY: unit clean format FORCE
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
