#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# fuzz.sh [SECONDS]: feeds the oops parser damaged logs, SECONDS long (60 unless told).
#
# A stable compiler does: the coverage comes from LLVM's own pass, the engine is libFuzzer
# (a C++ compiler builds it). The seeds are the logs of the parser's tests; what is found new
# stays in build/fuzz/corpus and is used again. A finding ends it with an error and is kept in
# build/fuzz/findings; the last line says how to repeat it.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
seconds=${1:-60}
[[ $seconds =~ ^[0-9]+$ ]] || {
	echo "usage: scripts/fuzz.sh [SECONDS]" >&2
	exit 2
}
[[ -f $root/build/tools.env ]] || "$root/scripts/setup.sh"

out=$root/build/fuzz
mkdir -p "$out/corpus" "$out/findings"
host=$("$(sed -n 's/^RUSTC=//p' "$root/build/tools.env")" -vV | sed -n 's/^host: //p')

# --target keeps the flags off build scripts and macros, which must not be instrumented.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
-Ccodegen-units=1"
"$root/scripts/cargo.sh" build --release --locked --manifest-path fuzz/Cargo.toml \
	--target "$host" --target-dir "$out/target"

cd "$out"
status=0
# A log takes milliseconds. The limit is by the clock on the wall, which also runs while a busy
# machine gives the fuzzer no turn.
"target/$host/release/log" corpus "$root/qemu/runner/tests/logs" \
	-artifact_prefix=findings/ \
	-dict="$root/qemu/runner/fuzz/oops.dict" -max_len=32768 -timeout=60 -rss_limit_mb=2048 \
	-max_total_time="$seconds" -print_final_stats=1 || status=$?
if ((status == 72)); then # libFuzzer's word for Ctrl-C
	echo "interrupted; no finding so far" >&2
	exit 130
fi
((status == 0)) || echo "to repeat it: (cd '$out' && target/$host/release/log findings/…)" >&2
exit "$status"
