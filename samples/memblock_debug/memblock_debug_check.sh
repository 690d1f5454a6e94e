#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The lines that memblock printed of the module's block.

# shellcheck source=/dev/null
. /scripts/checks.sh

block=$(dmesg | sed -n 's/.*memblock_debug: block: \[\(.*\)\]/\1/p')
dmesg | grep "memblock_[a-z_]*: .*$block" >/tmp/lines
sed 's/^\[[^]]*\]//' /tmp/lines | say_lines
check_that "the module got a block" [ -n "$block" ]
check_equal "memblock_reserve: lines for it" 1 "$(grep -c "memblock_reserve: \[$block\]" /tmp/lines)"
check_equal "memblock_phys_free: lines for it" 1 "$(grep -c "memblock_phys_free: \[$block\]" /tmp/lines)"
checks_done
