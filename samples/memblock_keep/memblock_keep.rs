// SPDX-License-Identifier: GPL-2.0

//! Goes through memblock's lists when the boot is nearly over, and the page allocator has all the
//! memory.
//!
//! # Shows
//!
//! memblock is the boot's allocator, and its lists are `__initdata`, unless
//! `CONFIG_ARCH_KEEP_MEMBLOCK` keeps them: arm64 does, to know later what is memory at all; on
//! x86_64 this kernel is told to. To read them is all that one can do with them. To allocate from
//! memblock is a mistake now: the case `memblock-alloc-after-boot` makes it.
//!
//! # Checks
//!
//! The lists as this module walks them, in an initcall, against what debugfs says when the system
//! runs; and that a walk downwards finds the same.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_keep`, and a script; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    memblock::{List, Lists},
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: initcall,
    name: "memblock_keep",
    author: "Oopsarium",
    description: "memblock's lists after the boot",
    license: "GPL",
}

fn init() -> Result {
    let mut checks = Checks::new();
    // SAFETY: No memory comes or goes on this machine.
    let lists = unsafe { Lists::kept() };
    lines("memory", lists.memory());
    let ranges = lists.mem_ranges();
    let count = ranges.clone().count();
    let reversed = (0..count)
        .rev()
        .filter_map(|index| ranges.clone().nth(index));
    checks.sequence("for_each_mem_range_rev()", reversed, ranges.clone().rev());
    let reserved = lists.reserved();
    let sum: u64 = reserved.regions().map(|region| region.range.size()).sum();
    checks.equal("what is reserved still sums up", lists.reserved_size(), sum);
    checks.finish()
}

/// Says what is in `list` as debugfs does.
fn lines(name: &str, list: List<'_>) {
    for region in list.regions() {
        let (start, last) = (region.range.start(), region.range.end() - 1);
        pr_info!("{name}: {start:#018x}..{last:#018x}\n");
    }
}
