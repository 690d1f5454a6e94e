#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Sets one page of 1 GiB aside at boot, and makes a file of it.
#
# # Shows
#
# `hugepagesz=1G hugepages=1`: the largest block that the buddy allocator has is 4 MiB, so
# that a page of 1 GiB, which one entry of a page table maps, can only be taken while
# memblock is still the allocator. It is kept in a pool, out of which hugetlbfs serves
# files.
#
# # Checks
#
# - The kernel's log says that one page was allocated.
# - The pool has one page, and it is free (/sys/kernel/mm/hugepages); /proc/meminfo counts
#   1 GiB.
# - That much is missing from what is free: MemFree is below what there would be without.
# - A file of 1 GiB on hugetlbfs takes it; another finds none; without the file it is free
#   again.
#
# # Reach
#
# x86_64 with a CPU that has pages of 1 GiB (pdpe1gb), and arm64; 3 GiB of memory;
# `CONFIG_HUGETLBFS`.

# shellcheck source=/dev/null
. /scripts/checks.sh

# A number of kilobytes from /proc/meminfo.
meminfo() {
	sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo
}

pool=/sys/kernel/mm/hugepages/hugepages-1048576kB

dmesg | sed -n 's/.*\(HugeTLB: .*1.00 GiB.*\)/\1/p' | say_lines
grep -i -E '^(Mem(Total|Free)|Huge)' /proc/meminfo | say_lines
logged=$(dmesg | sed -n 's/.*registered 1.00 GiB page size, pre-allocated \([0-9]*\) pages/\1/p' | head -n 1)
check_equal 'what the log has' 1 "$logged"
check_equal 'pages in the pool' 1 "$(cat $pool/nr_hugepages)"
check_equal 'free pages in the pool' 1 "$(cat $pool/free_hugepages)"
check_equal 'Hugetlb, in kB' $((1 << 20)) "$(meminfo Hugetlb)"
used=$(($(meminfo MemTotal) - $(meminfo MemFree)))
say "used: $used kB"
check_equal 'GiB used' 1 $((used >> 20))

mkdir -p /huge
mount -t hugetlbfs -o pagesize=1G none /huge
fallocate -l 1G /huge/one
check_equal 'free pages with a file' 0 "$(cat $pool/free_hugepages)"
fallocate -l 1G /huge/two 2>/dev/null
check_equal 'the second fails with status' 1 $?
rm /huge/one /huge/two
check_equal 'free pages without the file' 1 "$(cat $pool/free_hugepages)"
umount /huge

checks_done
