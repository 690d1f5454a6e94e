#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the running system says of the memory that the module added.

# shellcheck source=/dev/null
. /scripts/checks.sh

mount -t debugfs none /sys/kernel/debug

start=$(dmesg | sed -n 's/.*memblock_driver_managed: added \[mem \(0x[0-9a-f]*\)-.*/\1/p')
end=$((start + 0x7ffffff))
say_lines </sys/kernel/debug/memblock/memory
grep -v '^ ' /proc/iomem | say_lines

region=$(awk '$4 == "DRV_MNG" { print $2 }' /sys/kernel/debug/memblock/memory)
check_equal "the region of the driver's" "$(printf '0x%016x..0x%016x' "$start" $end)" "$region"
name=$(sed -n "s/^$(printf '%08x-%08x' "$start" $end) : //p" /proc/iomem)
check_equal "in /proc/iomem" "System RAM (oopsarium)" "$name"
block=/sys/devices/system/memory/memory$((start >> 27))
check_equal "memory block $((start >> 27))" offline "$(cat $block/state)"
check_equal "section size" 8000000 "$(cat /sys/devices/system/memory/block_size_bytes)"
found=
for entry in /sys/firmware/memmap/*; do
	[ -d "$entry" ] || continue
	[ $(($(cat "$entry/start"))) -eq $((start)) ] && found=$entry
done
check_equal "in /sys/firmware/memmap" "" "$found"
checks_done
