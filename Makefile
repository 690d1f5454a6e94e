# SPDX-License-Identifier: GPL-2.0
#
# What a person types; `make help` lists it. The parts that do it: scripts/setup.sh gets
# the tools, and the host program (qemu/runner) builds, boots and judges.

MAKEFLAGS += --no-print-directory --no-builtin-rules
# Two targets at once would only wait for each other.
.NOTPARALLEL:

# Where nothing else says so. A case that is not there runs where it can.
ARCH ?= x86_64
arch_given = $(if $(filter-out default file undefined,$(origin ARCH)),$(call option,arch,ARCH))

runner := build/host/release/oopsarium
runner_sources := qemu/runner/Cargo.toml qemu/runner/Cargo.lock qemu/runner/logs/Cargo.toml \
	qemu/runner/bindgen/Cargo.toml \
	$(wildcard qemu/runner/bindgen/src/*.rs qemu/runner/src/*.rs qemu/runner/src/*/*.rs)

# A variable's value as one word for the shell, whatever is in it; and an option with it,
# if the variable is set.
shell-word = '$(subst ','\'',$(1))'
option = $(if $(value $(2)),--$(1)=$(call shell-word,$($(2))))

on = $(call option,arch,ARCH) $(call option,profile,PROFILE)
guest = $(call option,accel,ACCEL) $(call option,timeout,TIMEOUT) \
	$(call option,snapshot,SNAPSHOT) \
	$(call option,kernel-args,KERNEL_ARGS) $(call option,qemu-args,QEMU_ARGS)

# The host program, in this folder; O= is the build folder that it uses.
export OOPSARIUM_ROOT := .
ifneq ($(O),)
export OOPSARIUM_BUILD := $(O)
endif

.PHONY: help
help:
	@cat scripts/help.txt

# What builds a kernel: set-up may unpack its source while it waits for something else.
run-case bless mutate prove check bench debug shell build modules: export UNPACK_AHEAD := 1

.PHONY: run-case
run-case: tools-host $(runner)
	@$(if $(CASE),,echo 'CASE= is missing; make list shows the cases' >&2; exit 2;) \
	arch=$$($(runner) arch $(arch_given) -- $(call shell-word,$(CASE))) && \
	scripts/setup.sh --arch "$$arch" && \
	$(runner) run $(arch_given) $(call option,profile,PROFILE) $(guest) \
		$(if $(FIXED),--fixed=$(call shell-word,$(FIXED))) $(call option,way,WAY) \
		$(call option,face,FACE) $(call option,repeat,REPEAT) \
		-- $(call shell-word,$(CASE))

.PHONY: bless
bless: $(if $(arch_given),tools-arch,tools-both) $(runner)
	@$(runner) bless $(arch_given) $(call option,timeout,TIMEOUT) \
		-- $(call shell-word,$(if $(CASE),$(CASE),$(CASES)))

.PHONY: mutate
mutate: tools-both $(runner)
	@$(runner) mutate $(call option,cases,CASES)

.PHONY: prove
prove: $(if $(arch_given),tools-arch,tools-both) $(runner)
	@$(runner) prove $(call option,cases,CASES) $(arch_given) $(call option,timeout,TIMEOUT)

.PHONY: check
check: tools-all $(runner)
	@$(runner) check $(call option,cases,CASES) \
		$(arch_given) $(call option,shard,SHARD) $(call option,repeat,REPEAT) \
		$(call option,profile,PROFILE) $(guest)

.PHONY: merge
merge: tools-host $(runner)
	@$(if $(RESULTS),,echo "RESULTS= is missing: the results.json of each shard, or their folders" >&2; exit 2;) \
	$(runner) merge -- $(RESULTS)

.PHONY: bench
bench: tools-both $(runner)
	@$(runner) bench $(arch_given) $(call option,case,CASE) $(call option,rounds,ROUNDS)

# With GDB=none, QEMU waits for a debugger from elsewhere, and no gdb is needed here.
ifeq ($(GDB),none)
override GDB :=
debug_waits := --wait
endif
.PHONY: debug
debug: tools-host $(runner)
	@$(if $(CASE),,echo 'CASE= is missing; make list shows the cases' >&2; exit 2;) \
	arch=$$($(runner) arch $(arch_given) -- $(call shell-word,$(CASE))) && \
	scripts/setup.sh --arch "$$arch" $(if $(debug_waits),,--debug) && \
	$(runner) debug $(arch_given) $(call option,profile,PROFILE) $(guest) \
		$(if $(FIXED),--fixed=$(call shell-word,$(FIXED))) $(call option,way,WAY) \
		$(call option,gdb-args,GDB_ARGS) $(debug_waits) \
		-- $(call shell-word,$(CASE))

.PHONY: shell
shell: tools-arch $(runner)
	@$(runner) shell $(on) $(guest)

.PHONY: build
build: tools-arch $(runner)
	@$(runner) build $(on)

.PHONY: modules
modules: tools-arch $(runner)
ifeq ($(KDIR),)
	@$(runner) build $(on)
else
	@$(runner) modules --kdir=$(call shell-word,$(KDIR))
endif

.PHONY: new-case
new-case: tools-host $(runner)
	@$(if $(CASE),,echo 'CASE= is missing: the name of the new case, such as CASE=my-case' >&2; exit 2;) \
	$(runner) new-case $(call option,boot,BOOT) -- $(call shell-word,$(CASE))

.PHONY: list
list: tools-host $(runner)
	@$(runner) list

.PHONY: explain
explain: tools-host $(runner)
	@$(if $(CASE),,echo 'CASE= is missing; make list shows the cases' >&2; exit 2;) \
	$(runner) explain -- $(call shell-word,$(CASE))

# Without a kernel there still is what the log itself says.
.PHONY: decode
decode: tools-host $(runner)
	@$(if $(LOG),,echo 'LOG= is missing: a file with a kernel log, or - for standard input' >&2; exit 2;) \
	$(runner) decode $(call option,vmlinux,VMLINUX) $(call option,modules,MODULES) \
		$(call option,source,SOURCE) $(call option,format,FORMAT) \
		-- $(call shell-word,$(LOG))

.PHONY: rust-analyzer
rust-analyzer: tools-editor $(runner)
	@$(runner) rust-analyzer $(on)

.PHONY: readme
readme: tools-host $(runner)
	@$(runner) readme

.PHONY: fuzz
fuzz: tools-host
	@scripts/fuzz.sh $(call shell-word,$(or $(SECONDS),60))

.PHONY: doctor
doctor:
	@scripts/doctor.sh

.PHONY: clean
clean:
	@if [ -x $(runner) ]; then $(runner) clean; fi
	@rm -rf build

# What is missing is found out and fetched each time; with nothing to do, that takes some
# milliseconds.
.PHONY: tools-arch tools-both tools-all tools-host tools-editor
tools-arch:
	@scripts/setup.sh --arch $(call shell-word,$(ARCH))
tools-both:
	@scripts/setup.sh --arch x86_64 --arch arm64
tools-all:
	@scripts/setup.sh --arch x86_64 --arch arm64 --lint --check
tools-host:
	@[ -x $(runner) ] && [ -f build/tools.env ] || \
		scripts/setup.sh --arch $(call shell-word,$(ARCH))
tools-editor:
	@scripts/setup.sh --arch $(call shell-word,$(ARCH)) --editor

$(runner): $(runner_sources)
	@$(if $(wildcard $(runner)),CARGO_INCREMENTAL=1) scripts/cargo.sh build --release --locked
	@touch $@
