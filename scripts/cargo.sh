#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Calls the cargo that set-up found, with the compiler that belongs to it, for the host
# program. What it makes goes to build/host.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

tool() {
	sed -n "s/^$1=//p" "$root/build/tools.env"
}

RUSTC=$(tool RUSTC) RUSTDOC=$(tool RUSTDOC) RUSTFMT=$(tool RUSTFMT)
export RUSTC RUSTDOC RUSTFMT
export CARGO_TARGET_DIR=$root/build/host
# What is built the first time is built sooner without; what is built again, with.
export CARGO_INCREMENTAL=${CARGO_INCREMENTAL:-0}
[[ ! -d $CARGO_TARGET_DIR/release/incremental ]] || CARGO_INCREMENTAL=1
# Make's own job server is not meant for cargo.
unset MAKEFLAGS MFLAGS CARGO_MAKEFLAGS
cargo=$(tool CARGO)
# cargo finds its subcommands, such as clippy, beside itself or in the path.
PATH=$(dirname "$cargo"):$PATH
cd "$root/qemu/runner"
exec "$cargo" "$@"
