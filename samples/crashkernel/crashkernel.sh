#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Sets memory aside for the kernel that is to look at this one when it has crashed.
#
# # Shows
#
# `crashkernel=64M`: while the system runs, nobody uses the region, so that a second kernel
# can be loaded there and be started when the first has panicked. memblock finds the place
# and reserves it, before the buddy allocator is given the rest. The size can be made less
# while the system runs (/sys/kernel/kexec_crash_size), never more.
#
# # Checks
#
# - /proc/iomem has a region "Crash kernel" of 64 MiB, within memory.
# - It is the one of which the kernel's log said that it was reserved.
# - /sys/kernel/kexec_crash_size says the same size.
# - The page allocator does not have it: its pages are reserved (/proc/kpageflags), from the
#   first to the last.
# - When the size is set to zero, the region is gone, and 64 MiB more are managed
#   (MemTotal in /proc/meminfo).
#
# # Reach
#
# x86_64 and arm64, 512 MiB of memory; `CONFIG_CRASH_DUMP`, `CONFIG_KEXEC`.

# shellcheck source=/dev/null
. /scripts/checks.sh

# A number of kilobytes from /proc/meminfo.
meminfo() {
	sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo
}

# The range of the region, as /proc/iomem has it: 08000000-0bffffff.
region() {
	sed -n 's/^ *\([0-9a-f-]*\) : Crash kernel/\1/p' /proc/iomem
}

# The flags of the page with this frame number, in hexadecimal.
flags() {
	dd if=/proc/kpageflags bs=8 skip="$1" count=1 2>/dev/null | od -A n -t x8 | tr -d ' '
}

grep -i -A1 -B1 'crash kernel' /proc/iomem | say_lines
range=$(region)
start=$((0x${range%-*}))
end=$((0x${range#*-} + 1))
check_equal 'the size in /proc/iomem' $((64 << 20)) $((end - start))

logged=$(dmesg | sed -n 's/.*crashkernel reserved: 0x\([0-9a-f]*\) - 0x\([0-9a-f]*\) .*/\1 \2/p')
check_equal 'what the log has' "$(printf '%016x %016x' $start $end)" "$logged"
check_equal 'kexec_crash_size' $((64 << 20)) "$(cat /sys/kernel/kexec_crash_size)"

# KPF_RESERVED is bit 32.
reserved=0
page=$((start >> 12))
while [ $page -lt $((end >> 12)) ]; do
	[ $(((0x$(flags $page) >> 32) & 1)) -eq 1 ] && reserved=$((reserved + 1))
	page=$((page + 1024))
done
check_equal 'reserved pages, of one in 1024' 16 $reserved
last=$(flags $(((end >> 12) - 1)))
check_equal 'the last page is reserved' 1 $(((0x$last >> 32) & 1))

total=$(meminfo MemTotal)
echo 0 >/sys/kernel/kexec_crash_size
check_equal 'the region afterwards' '' "$(region)"
say "MemTotal: $total kB before, $(meminfo MemTotal) kB afterwards"
check_equal 'MemTotal has grown by so many kB' $((64 << 10)) $(($(meminfo MemTotal) - total))

checks_done
