#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Where the region is in /proc/iomem: not within System RAM.

# shellcheck source=/dev/null
. /scripts/checks.sh

say_lines </proc/iomem
kind=$(sed -n 's/^4c000000-4c0fffff : //p' /proc/iomem)
check_equal "4c000000-4c0fffff" reserved "$kind"
cut=$(sed -n 's/^\(.*-4bffffff\) : System RAM/\1/p' /proc/iomem)
check_equal "System RAM before it" 40000000-4bffffff "$cut"
checks_done
