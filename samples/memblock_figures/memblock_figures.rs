// SPDX-License-Identifier: GPL-2.0

//! What memblock can be asked about all of the memory: where it begins and ends, how much there
//! is, how much is taken, and up to where it allocates.
//!
//! # Shows
//!
//! The firmware's map becomes memblock's list `memory`; from this the figures are taken:
//!
//! ```text
//!    memblock_start_of_DRAM()                            memblock_end_of_DRAM()
//!    v                                                   v
//!    [ region 0 ]      [ region 1 ]      [ region 2     ]
//!      `-------------------`-----------------`-- memblock_phys_mem_size(): the sum
//! ```
//!
//! `memblock_reserved_size()` is the same sum over the list `reserved`, and
//! `memblock_get_current_limit()` the address that allocations stay below: on x86_64 the end
//! of what is mapped, on arm64 no limit at all.
//!
//! # Checks
//!
//! Begin, end and sum against the firmware's own map (the E820 table, the device tree), of
//! which the kernel only leaves out the first page and the legacy BIOS range of a PC; the sums
//! against the lists; and that an allocation adds its size to what is reserved, and its end
//! takes it away.
//!
//! One thing shows that nobody would guess: where the firmware's range ends within a page, as on
//! a PC at 639 KiB, `memblock_trim_memory()` takes the rest off the region, but not off the
//! sum. So `memblock_phys_mem_size()` is what the firmware has, and more than the regions.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_figures`; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    firmware,
    memblock::Memblock,
    page::PAGE,
    phys::{Addr, PhysAddr, PhysRange, Size, PAGE_SIZE},
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_figures",
    author: "Oopsarium",
    description: "memblock's figures",
    license: "GPL",
}

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();

    pr_info!("{}:\n", firmware::NAME);
    for range in firmware::memory() {
        pr_info!("  {range} {}\n", Size(range.size()));
    }
    memblock.memory().print();
    memblock.draw(PhysRange::new(
        memblock.start_of_dram(),
        memblock.end_of_dram(),
    ));

    let usable = || firmware::memory().map(firmware::usable);
    let start = usable().map(|range| Addr(range.pages().start())).min();
    let end = usable().map(|range| Addr(range.pages().end())).max();
    let sum = |range: PhysRange| range.size();
    let whole: PhysAddr = usable().map(sum).sum();
    let pages: PhysAddr = usable().map(PhysRange::pages).map(sum).sum();
    checks.equal(
        "memblock_start_of_DRAM()",
        start,
        Some(Addr(memblock.start_of_dram())),
    );
    checks.equal(
        "memblock_end_of_DRAM()",
        end,
        Some(Addr(memblock.end_of_dram())),
    );
    checks.equal(
        "memblock_phys_mem_size()",
        Size(whole),
        Size(memblock.phys_mem_size()),
    );
    let regions: PhysAddr = memblock
        .memory()
        .regions()
        .map(|region| region.range.size())
        .sum();
    checks.equal("the regions, in whole pages", Size(pages), Size(regions));

    let reserved: PhysAddr = memblock.reserved().regions().map(|r| r.range.size()).sum();
    let before = memblock.reserved_size();
    checks.equal("memblock_reserved_size()", Size(reserved), Size(before));
    let page = memblock.alloc(PAGE)?;
    checks.equal(
        "with a page more",
        Size(before + PAGE_SIZE),
        Size(memblock.reserved_size()),
    );
    drop(page);
    checks.equal(
        "and without it",
        Size(before),
        Size(memblock.reserved_size()),
    );

    let limit = memblock.current_limit();
    pr_info!("memblock_get_current_limit(): {limit:#x}\n");
    #[cfg(CONFIG_X86_64)]
    checks.equal(
        "the limit is the end of what is mapped",
        Addr(memblock.end_of_dram()),
        Addr(limit),
    );
    #[cfg(CONFIG_ARM64)]
    checks.equal("there is no limit", Addr(PhysAddr::MAX), Addr(limit));
    checks.finish()
}
