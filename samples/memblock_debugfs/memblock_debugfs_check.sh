#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the module said of memblock's lists at boot, against what debugfs says of them now.

# shellcheck source=/dev/null
. /scripts/checks.sh

mount -t debugfs none /sys/kernel/debug
cd /sys/kernel/debug/memblock || exit 1

# The ranges of a list, as the module saw them.
seen() {
	dmesg | sed -n "s/.*memblock_debugfs: $1: \(0x.*\)/\1/p"
}

# And as the file has them.
listed() {
	awk '{ print $2 }' "$1"
}

say_lines <memory
for list in memory physmem; do
	check_equal "$list" "$(seen $list | tr '\n' ' ')" "$(listed $list | tr '\n' ' ')"
done
check_that "something was seen" [ -n "$(seen memory)" ]

# The range of the list of what is reserved that all of $1-$2 is in.
reserved() {
	for range in $(listed reserved); do
		if [ $((${range%..*})) -le $(($1)) ] && [ $((${range#*..})) -ge $(($2)) ]; then
			echo "$range"
		fi
	done
}

code=$(sed -n 's/^ *\(.*\) : Kernel code/\1/p' /proc/iomem)
kept=$(dmesg | sed -n 's/.*memblock_debugfs: kept: \(.*\)/\1/p')
covered=$(reserved "0x${code%-*}" "0x${code#*-}")
say "the kernel's code, $code, is in $covered"
check_that "the kernel's code is reserved" [ -n "$covered" ]
covered=$(reserved "${kept%-*}" "${kept#*-}")
say "what the module keeps, $kept, is in $covered"
check_that "what the module keeps is reserved" [ -n "$covered" ]
checks_done
