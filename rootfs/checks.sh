# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# What the samples' scripts share: `. /scripts/checks.sh` takes it in.
#
# A script makes its checks with `check_equal` and `check_that`, and ends with
# `checks_done`. As in a module (rust/checks.rs), each is said on the console, and
# the last word is how many of them passed; without that, the run is red.

checks_name=${0##*/}
checks_passed=0
checks_failed=0

# Says something on the console, in the sample's name.
say() {
	echo "<5>$checks_name: $*" >/dev/kmsg
}

# The beginning of what is long, in one line: the kernel takes no message of more than 1 KiB,
# and would say nothing at all of a check that failed.
clip() {
	if [ "${#1}" -le 400 ]; then
		printf '%s' "$1"
	else
		printf '%.400s... (%s characters)' "$1" "${#1}"
	fi | tr '\n' ' '
}

# Says every line of standard input.
say_lines() {
	while IFS= read -r checks_line; do
		say "$checks_line"
	done
}

# check_equal WHAT EXPECTED FOUND: the two have to be the same.
check_equal() {
	if [ "$2" = "$3" ]; then
		checks_passed=$((checks_passed + 1))
		say "ok $((checks_passed + checks_failed)) $1: $(clip "$3")"
	else
		checks_failed=$((checks_failed + 1))
		say "not ok $((checks_passed + checks_failed)) $1: expected $(clip "$2"), found $(clip "$3")"
	fi
}

# check_that WHAT COMMAND…: the command has to succeed.
check_that() {
	checks_what=$1
	shift
	if "$@"; then
		checks_passed=$((checks_passed + 1))
		say "ok $((checks_passed + checks_failed)) $checks_what"
	else
		checks_failed=$((checks_failed + 1))
		say "not ok $((checks_passed + checks_failed)) $checks_what: expected to hold: $*"
	fi
}

# The last word.
checks_done() {
	if [ "$checks_failed" -ne 0 ]; then
		say "$checks_failed of $((checks_passed + checks_failed)) checks failed"
		exit 1
	fi
	say "$checks_passed checks passed"
	exit 0
}
