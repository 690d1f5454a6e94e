#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the module said of memblock's list at boot, against /proc/iomem.

# shellcheck source=/dev/null
. /scripts/checks.sh

# Ranges without the part of a page that one may end in.
whole_pages() {
	while IFS=- read -r start end; do
		printf '%08x-%08x\n' $((0x$start)) $((((0x$end + 1) & ~0xfff) - 1))
	done
}

say_lines </proc/iomem
seen=$(dmesg | sed -n 's/.*memblock_iomem: memory: \(.*\)/\1/p')
ram=$(sed -n 's/^\([0-9a-f]*-[0-9a-f]*\) : System RAM$/\1/p' /proc/iomem | whole_pages)
check_equal "System RAM" "$seen" "$ram"
check_that "something was seen" [ -n "$seen" ]
code=$(sed -n 's/^ .*\(Kernel code\)/\1/p' /proc/iomem)
check_equal "within it" "Kernel code" "$code"
checks_done
