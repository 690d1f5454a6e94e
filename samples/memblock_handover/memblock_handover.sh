#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Counts what memblock gave the buddy allocator: all memory that is neither reserved nor kept out
# of the kernel's map.
#
# # Shows
#
# mm_core_init() calls memblock_free_all(): every whole page of the free ranges goes to the zone
# that it lies in, and is counted among the zone's managed pages. That is all that the page
# allocator ever gets, but for what the boot gives back later:
#
#     memory      [##############################]   pages of all regions
#     reserved    [##]     [####]         [##]       kernel, device tree, page tables, struct pages
#     buddy          [####]      [########]  [####]  "managed" in /proc/zoneinfo
#
# Later come the pages of the initramfs, of the kernel's init sections and the like: the kernel
# says "Freeing ... memory: 840K" each time. arm64 takes the first two off the list of what is
# reserved as well, so that they are free in memblock's eyes, too.
#
# # Checks
#
# The sum of the zones' managed pages against memblock's lists in debugfs, page for page, with
# what the kernel said it gave back; and "present" pages against the list "memory". One page can be
# nobody's: where the initramfs ends within it, free_initrd_mem() takes it off the list of what is
# reserved, and gives back whole pages only.
#
# # Reach
#
# A scenario: no module. x86_64 and arm64.

# shellcheck source=/dev/null
. /scripts/checks.sh

mount -t debugfs none /sys/kernel/debug
lists=/sys/kernel/debug/memblock

# The page that an address lies in, and the first that begins at it or behind.
page_down() {
	echo $(($1 >> 12))
}
page_up() {
	echo $((($1 + 4095) >> 12))
}

# How many whole pages of memory no reserved region touches.
free_pages() {
	total=0
	while read -r _ range _ flags; do
		case $flags in *NOMAP*) continue ;; esac
		from=$(page_up $((${range%..*})))
		until=$(page_down $((${range#*..} + 1)))
		while read -r _ taken _; do
			start=$(page_down $((${taken%..*})))
			end=$(page_up $((${taken#*..} + 1)))
			[ "$end" -le "$from" ] && continue
			[ "$start" -ge "$until" ] && continue
			[ "$start" -gt "$from" ] && total=$((total + start - from))
			from=$end
		done <$lists/reserved
		[ "$until" -gt "$from" ] && total=$((total + until - from))
	done <$lists/memory
	echo $total
}

# A column of /proc/zoneinfo, over all zones.
zones() {
	awk -v name="$1" '$1 == name { sum += $2 } END { print sum + 0 }' /proc/zoneinfo
}

# How many pages the kernel said that it gave back; of what is still on memblock's list.
given_back() {
	dmesg | sed -n 's/.*Freeing \(.*\) memory: \([0-9]*\)K.*/\2 \1/p' >/tmp/freed
	say_lines </tmp/freed
	case $(uname -m) in
	aarch64) awk '!/initrd|unused kernel/ { sum += $1 } END { print sum / 4 }' /tmp/freed ;;
	*) awk '{ sum += $1 } END { print sum / 4 }' /tmp/freed ;;
	esac
}

# How many pages are on no list, and not the buddy's either: the one in which the initramfs ends.
lost() {
	end=/sys/firmware/devicetree/base/chosen/linux,initrd-end
	if [ -f $end ] && [ $((0x$(od -An -v -tx1 $end | tr -d ' \n') & 4095)) -ne 0 ]; then
		echo 1
	else
		echo 0
	fi
}

memory=$(awk '{ print $2 }' $lists/memory | while IFS= read -r range; do
	echo $(($(page_down $((${range#*..} + 1))) - $(page_up $((${range%..*})))))
done | awk '{ sum += $1 } END { print sum }')
free=$(free_pages)
given_back >/tmp/given
given=$(cat /tmp/given)
lost=$(lost)
grep -E "^Node|present|managed" /proc/zoneinfo | say_lines
say "memory $memory pages, free in memblock's lists $free, given back later $given, lost $lost"
check_equal "present pages" "$memory" "$(zones present)"
check_equal "managed pages" $((free + given - lost)) "$(zones managed)"
check_that "something is reserved" [ "$free" -lt "$memory" ]
checks_done
