// SPDX-License-Identifier: GPL-2.0

//! Finds the memory that the device tree keeps out of the kernel's map, and uses it as one has to:
//! through a mapping of one's own.
//!
//! # Shows
//!
//! ```text
//! device tree   reserved-memory { nomap@4c000000 { reg = <…>; no-map; }; };
//! memory        [ NONE             |NOMAP| NONE                    ]
//! kernel's map  [##################]     [########################]
//!                                  |  ^  `-- phys_to_virt(): a hole
//!                                  `--`-- ioremap(): somewhere else
//! ```
//!
//! Such memory belongs to somebody else: a firmware, a second processor. It stays on the list
//! `memory`, with the flag `MEMBLOCK_NOMAP`, is never handed to the page allocator, and is no
//! `System RAM` in /proc/iomem. `phys_to_virt()` still gives an address, where nothing is mapped:
//! the case `nomap-phys-to-virt` goes there.
//!
//! # Checks
//!
//! The region against the address in the device tree; `memblock_is_memory()` and
//! `memblock_is_map_memory()`, which differ here; what is written through one mapping against what
//! is read through another; and /proc/iomem.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_nomap`, and a script; arm64, with a device tree that has such a node.
//! x86_64 has no device tree, and its memory that is set aside is on no list of memblock's.

use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    firmware,
    io::ioremap,
    memblock::{Flags, Lists},
    page::PAGE_SIZE,
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: initcall,
    name: "memblock_nomap",
    author: "Oopsarium",
    description: "Memory that is not mapped",
    license: "GPL",
}

/// What is written.
const PATTERN: u64 = 0x6f6f_7073_6172_6975;

fn init() -> Result {
    let mut checks = Checks::new();
    // SAFETY: No memory comes or goes on this machine.
    let lists = unsafe { Lists::kept() };
    lists.memory().print();
    let range = firmware::no_map()?;
    let mut regions = lists.memory().regions();
    let region = regions.find(|region| region.flags.contains(Flags::NOMAP));
    checks.equal("the region", Some(range), region.map(|region| region.range));
    let addr = range.start();
    checks.equal("memblock_is_memory()", true, lists.is_memory(addr));
    checks.equal("memblock_is_map_memory()", false, lists.is_map_memory(addr));
    let mapped = lists.mem_ranges().any(|(mapped, _)| mapped.overlaps(range));
    checks.that("for_each_mem_range() leaves it out", !mapped, range);

    // SAFETY: It is not mapped as ordinary memory, and an initcall may sleep.
    let one = unsafe { ioremap(addr, PAGE_SIZE) }?;
    // SAFETY: As above.
    let other = unsafe { ioremap(addr, PAGE_SIZE) }?;
    checks.that("two mappings", one.addr() != other.addr(), one.addr());
    // SAFETY: It is mapped, and nobody else uses it.
    unsafe { one.addr().cast::<u64>().as_ptr().write_volatile(PATTERN) };
    // SAFETY: It is mapped, and any bits are a number.
    let read = unsafe { other.addr().cast::<u64>().as_ptr().read_volatile() };
    checks.equal("what was written", PATTERN, read);
    checks.finish()
}
