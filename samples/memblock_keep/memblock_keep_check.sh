#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the module said of memblock's list at the end of the boot, against debugfs.

# shellcheck source=/dev/null
. /scripts/checks.sh

mount -t debugfs none /sys/kernel/debug

seen=$(dmesg | sed -n "s/.*memblock_keep: memory: \(0x.*\)/\1/p" | tr '\n' ' ')
listed=$(awk '{ print $2 }' /sys/kernel/debug/memblock/memory | tr '\n' ' ')
check_equal "memory" "$listed" "$seen"
check_that "something was seen" [ -n "$seen" ]
checks_done
