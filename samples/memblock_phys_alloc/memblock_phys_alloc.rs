// SPDX-License-Identifier: GPL-2.0

//! Allocates memory by its address on the bus, in a range of one's own choice, and finds out where
//! it is mapped.
//!
//! # Shows
//!
//! `memblock_phys_alloc()` and `memblock_phys_alloc_range()` reserve memory and say where it is in
//! memory; nothing is cleared, and nobody looks whether it is mapped. All ordinary memory is: the
//! kernel maps it in one piece, and between the two addresses there is only a sum.
//!
//! ```text
//! memory                [      |page|           ]
//!                              ^ physical address
//! kernel's map      [   [      |page|           ]  ]
//!                              ^ virtual address = physical address + a constant
//! ```
//!
//! `memblock_phys_free()` gives it back: here, when the Rust value goes out of scope.
//!
//! # Checks
//!
//! The addresses against the range and the alignment that were asked for; the list `reserved`;
//! and the sum: what is written by way of it is read back through an early mapping of the physical
//! address, which the kernel makes elsewhere.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_phys_alloc`; x86_64 and arm64.

use core::alloc::Layout;
use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    early_ioremap::{early_memremap, early_memunmap},
    memblock::{Flags, Memblock, Node},
    page::{phys_to_virt, PAGE, PAGE_SIZE},
    phys::{PhysRange, Size},
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_phys_alloc",
    author: "Oopsarium",
    description: "Memory by its physical address",
    license: "GPL",
}

/// Two MiB at a multiple of as much: what one entry of a page table can map.
const HUGE: Layout = match Layout::from_size_align(2 << 20, 2 << 20) {
    Ok(layout) => layout,
    Err(_) => panic!("a power of two"),
};

/// What is written.
const PATTERN: u64 = 0x6f6f_7073_6172_6975;

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    let before = memblock.reserved_size();

    let expected = memblock.highest_free(HUGE, PhysRange::new(0, memblock.current_limit()));
    let huge = memblock.phys_alloc(HUGE)?;
    pr_info!("memblock_phys_alloc(): {}\n", huge.phys());
    checks.equal("memblock_phys_alloc()", expected, Some(huge.phys()));
    let aligned = huge.phys().start() % HUGE.align() as u64;
    checks.equal("is a multiple of its alignment, but for", 0, aligned);

    // The last MiB of the lowest free range that has more than one.
    let mut free = memblock.free_mem_ranges(Node::NONE, Flags::NONE);
    let range = free
        .find(|(range, _)| range.size() > 1 << 20)
        .ok_or(ENOMEM)?
        .0;
    let window = PhysRange::new(range.end() - (1 << 20), range.end());
    let page = memblock.phys_alloc_range(PAGE, window)?;
    pr_info!("memblock_phys_alloc_range({window}): {}\n", page.phys());
    memblock.draw(PhysRange::new(
        memblock.start_of_dram(),
        memblock.end_of_dram(),
    ));
    checks.that(
        "memblock_phys_alloc_range()",
        window.covers(page.phys()),
        page.phys(),
    );
    let full = memblock.phys_alloc_range(HUGE, window);
    checks.that("fails where there is no room", full.is_err(), full);
    let both = (HUGE.size() + PAGE_SIZE) as u64;
    checks.equal(
        "reserved in all",
        Size(before + both),
        Size(memblock.reserved_size()),
    );

    let phys = page.phys().start();
    let word = phys_to_virt(phys).cast::<u64>();
    pr_info!("phys_to_virt({phys:#x}): {:#x}\n", word as usize);
    // SAFETY: It is ours, and all ordinary memory is mapped there.
    unsafe { word.write_volatile(PATTERN) };
    // SAFETY: One page, and a slot is free; it is unmapped below.
    let mapped = unsafe { early_memremap(phys, PAGE_SIZE) }?;
    checks.that(
        "the early mapping is another one",
        mapped.as_ptr() != word.cast(),
        mapped,
    );
    // SAFETY: Mapped above, and any bits are a number.
    let read = unsafe { mapped.cast::<u64>().as_ptr().read_volatile() };
    // SAFETY: Mapped above, with this size, and not used below.
    unsafe { early_memunmap(mapped, PAGE_SIZE) };
    checks.equal("what was written", PATTERN, read);

    let (huge_range, page_range) = (huge.phys(), page.phys());
    drop((huge, page));
    checks.equal(
        "after memblock_phys_free()",
        Size(before),
        Size(memblock.reserved_size()),
    );
    let lists = memblock.reserved();
    let gone = !lists.overlaps_region(huge_range) && !lists.overlaps_region(page_range);
    checks.that("neither is on the list", gone, huge_range);
    checks.finish()
}
