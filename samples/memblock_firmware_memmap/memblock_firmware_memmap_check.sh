#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the module said of the firmware's map at boot, against /sys/firmware/memmap.

# shellcheck source=/dev/null
. /scripts/checks.sh

# The ranges that the module saw, and those of the folders, each in a line.
seen=$(dmesg | sed -n 's/.*memblock_firmware_memmap: firmware: \(0x.*\)/\1/p' | sort)
listed=$(for entry in /sys/firmware/memmap/*; do
	[ "$(cat "$entry/type")" = "System RAM" ] && echo "$(cat "$entry/start")-$(cat "$entry/end")"
done | sort)
for entry in /sys/firmware/memmap/*; do
	echo "${entry##*/}: $(cat "$entry/start")-$(cat "$entry/end") $(cat "$entry/type")"
done | say_lines
check_equal "System RAM" "$seen" "$listed"
check_that "something was seen" [ -n "$seen" ]

outside=
for region in $(dmesg | sed -n 's/.*memblock_firmware_memmap: memory: \(0x.*\)/\1/p'); do
	found=no
	for entry in $listed; do
		if [ $((${region%-*})) -ge $((${entry%-*})) ] && [ $((${region#*-})) -le $((${entry#*-})) ]; then
			found=yes
		fi
	done
	[ $found = yes ] || outside="$outside $region"
done
check_equal "regions of memblock outside" "" "$outside"
checks_done
