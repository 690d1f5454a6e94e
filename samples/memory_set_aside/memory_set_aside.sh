#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Has the system set 16 MiB of memory aside, which nobody is to use.
#
# # Shows
#
# Memory may be another's: a device's, another system's, a broken chip's. On x86_64 the
# command line says so, `memmap=16M$0x8000000`, and changes the firmware's map before
# memblock sees it: there is no such memory. On arm64 the device tree says so, in
# /reserved-memory, and memblock reserves the region: it is memory, it is mapped, and
# nobody's. With `no-map` it is not even mapped.
#
# # Checks
#
# - The firmware has it as memory: /sys/firmware/memmap, or the device tree's own node.
# - /proc/iomem has it as none (x86_64), or as reserved.
# - memblock has it neither as memory (x86_64), or as reserved; what is not to be mapped is
#   flagged so (/sys/kernel/debug/memblock).
# - The page allocator was not given it: of its pages all that are looked at are reserved
#   (/proc/kpageflags).
# - On x86_64, the zones have 4096 pages less than the firmware's map, and the first page of
#   all, which the kernel never uses (/proc/zoneinfo).
#
# # Reach
#
# x86_64, and arm64 on the machine whose device tree has these regions; `CONFIG_DEBUG_FS`,
# `CONFIG_ARCH_KEEP_MEMBLOCK`.

# shellcheck source=/dev/null
. /scripts/checks.sh

# The flags of the page with this frame number, in hexadecimal.
flags() {
	dd if=/proc/kpageflags bs=8 skip="$1" count=1 2>/dev/null | od -A n -t x8 | tr -d ' '
}

# How many of the pages from $1 on to $2, one of 256, are reserved: KPF_RESERVED is bit 32.
reserved() {
	page=$(($1 >> 12))
	count=0
	while [ $page -lt $(($2 >> 12)) ]; do
		[ $(((0x$(flags $page) >> 32) & 1)) -eq 1 ] && count=$((count + 1))
		page=$((page + 256))
	done
	echo $count
}

# What begins at address $2 in memblock's list $1: its end, its node and its flags.
memblock() {
	sed -n "s/.* 0x0*$2\.\.0x0*\([0-9a-f]*\) *\(.*\)/\1 \2/p" "/sys/kernel/debug/memblock/$1"
}

mount -t debugfs none /sys/kernel/debug
grep -E 'RAM|reserved' /proc/iomem | say_lines

if [ -d /sys/firmware/memmap/0 ]; then
	pages=0
	found=
	for entry in /sys/firmware/memmap/*; do
		[ "$(cat "$entry/type")" = 'System RAM' ] || continue
		start=$(($(cat "$entry/start")))
		end=$(($(cat "$entry/end") + 1))
		pages=$((pages + (end >> 12) - (start >> 12)))
		[ $start -le $((0x8000000)) ] && [ $((0x9000000)) -le $end ] && found=$entry
	done
	check_that "memory in the firmware's map" [ -n "$found" ]
	check_equal 'memory ends where it begins' 1 "$(grep -c -- '-07ffffff : System RAM$' /proc/iomem)"
	check_equal 'memory begins where it ends' 1 "$(grep -c '^09000000-.* : System RAM$' /proc/iomem)"
	check_equal 'memory of memblock below it' '7ffffff 0 NONE' "$(memblock memory 100000)"
	check_equal 'reserved pages, of one in 256' 16 "$(reserved 0x8000000 0x9000000)"
	present=$(awk '$1 == "present" { sum += $2 } END { print sum }' /proc/zoneinfo)
	say "pages: $pages in the firmware's map, $present in the zones"
	check_equal 'pages less' 4097 $((pages - present))
else
	memory=$(od -A n -t x1 /proc/device-tree/memory@40000000/reg | tr -d ' \n')
	check_equal "memory in the device tree" 00000000400000000000000010000000 "$memory"
	check_equal 'reserved within memory' 1 "$(grep -c '^  4c000000-4cffffff : reserved$' /proc/iomem)"
	check_equal 'reserved by memblock' '4cffffff' "$(memblock reserved 4c000000 | cut -d ' ' -f 1)"
	check_equal 'reserved pages, of one in 256' 16 "$(reserved 0x4c000000 0x4d000000)"
	check_equal 'no-map: reserved beside memory' 1 "$(grep -c '^4e000000-4e1fffff : reserved$' /proc/iomem)"
	check_equal 'no-map: in memblock' '4e1fffff 0 NOMAP' "$(memblock memory 4e000000)"
	check_equal 'no-map: reserved pages, of one in 256' 2 "$(reserved 0x4e000000 0x4e200000)"
fi

checks_done
