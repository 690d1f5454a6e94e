#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The list that the module saw before it marked anything, against debugfs.

# shellcheck source=/dev/null
. /scripts/checks.sh

mount -t debugfs none /sys/kernel/debug

say_lines </sys/kernel/debug/memblock/memory
seen=$(dmesg | sed -n "s/.*memblock_hotplug: memory: \(0x.*\)/\1/p" | tr '\n' ' ')
listed=$(awk '{ print $2 }' /sys/kernel/debug/memblock/memory | tr '\n' ' ')
check_equal "the regions, as before" "$seen" "$listed"
check_equal "regions with the flag" 0 "$(grep -c HOTPLUG /sys/kernel/debug/memblock/memory)"
check_that "something was seen" [ -n "$seen" ]
checks_done
