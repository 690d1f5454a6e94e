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

# The kernel's code, from /proc/iomem.
code=$(sed -n 's/^ *\(.*\) : Kernel code/\1/p' /proc/iomem)
start=$((0x${code%-*}))
end=$((0x${code#*-}))
covered=no
for range in $(listed reserved); do
	if [ $((${range%..*})) -le $start ] && [ $((${range#*..})) -ge $end ]; then
		covered=$range
	fi
done
say "kernel code $code is in $covered"
check_that "the kernel's code is reserved" [ "$covered" != no ]
checks_done
