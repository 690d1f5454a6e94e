// SPDX-License-Identifier: GPL-2.0

//! Prints memblock's list at boot, and finds it again in /proc/iomem when the system runs.
//!
//! # Shows
//!
//! /proc/iomem is the map of all physical addresses, devices and memory. `System RAM` there comes from
//! the firmware's map on x86_64 (`e820__reserve_resources()`) and from memblock itself on arm64
//! (`request_standard_resources()`), which leaves out what is not to be mapped:
//!
//! ```text
//! 00001000-0009fbff : System RAM          memblock  [0x1000-0x9efff]   whole pages
//! 00100000-0fffffff : System RAM                    [0x100000-0xfffffff]
//!   01000000-015fffff : Kernel code       reserved
//! ```
//!
//! # Checks
//!
//! As many ranges of System RAM as memblock has regions; each begins where the region does, and ends
//! in the page behind which the region ends.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_iomem`, and a script; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::{boot::boot_case, checks::Checks, memblock::Memblock};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_iomem",
    author: "Oopsarium",
    description: "System RAM in /proc/iomem",
    license: "GPL",
}

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    for region in memblock.memory().regions() {
        let range = region.range;
        pr_info!("memory: {:08x}-{:08x}\n", range.start(), range.end() - 1);
    }
    let mut regions = memblock.memory().regions();
    let whole = |addr: u64| addr % 4096 == 0;
    let odd = regions.find(|r| !whole(r.range.start()) || !whole(r.range.end()));
    checks.equal("a region that is not in whole pages", None, odd);
    checks.finish()
}
