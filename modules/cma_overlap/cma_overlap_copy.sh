#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What the module does, as it came to light: copies a file of 200 MiB when there is hardly
# more memory than that takes. The page cache is given last of all what is only lent to it.

say() {
	echo "<5>cma_overlap_copy: $*" >/dev/kmsg
}

# A number of kilobytes from /proc/meminfo.
meminfo() {
	sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo
}

# All of the memory is to take part: little is kept back for hard times, little in the
# lists of the CPUs, and nothing in those of the other CPUs.
echo 512 >/proc/sys/vm/min_free_kbytes
echo 0 >/proc/sys/vm/watermark_boost_factor
echo 100000 >/proc/sys/vm/percpu_pagelist_high_fraction
taskset -p 1 $$ >/dev/null

mount -t tmpfs -o size=100% none /tmp
dd if=/dev/zero of=/tmp/file1 bs=1M count=200 2>/dev/null

# The copy, what it takes to find its pages again, and some 1.5 MiB that are left over. The
# pressure comes in steps, because it takes more than its size too.
left=$((200 * 1024 + 2400))
while rest=$(($(meminfo MemFree) - left)) && [ $rest -gt 128 ]; do
	fallocate -l $((rest * 31 / 32))K /tmp/pressure.$rest
done

say "attempting: cp file1 file2"
cp /tmp/file1 /tmp/file2 && say "survived: cp file1 file2"
