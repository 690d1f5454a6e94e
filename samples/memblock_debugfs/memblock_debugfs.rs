// SPDX-License-Identifier: GPL-2.0

//! Prints memblock's lists at boot, and finds them again under /sys/kernel/debug/memblock when the
//! system runs.
//!
//! # Shows
//!
//! With `CONFIG_ARCH_KEEP_MEMBLOCK` the lists stay when the boot is over (they do so anyway on arm64;
//! on x86_64 this kernel is told to), and debugfs shows them: `memory`, `reserved` and `physmem`.
//! `memory` stays as it was. `reserved` grows until memblock hands over, and shrinks where an
//! architecture gives back what only the boot needed.
//!
//! # Checks
//!
//! Line by line: what the module saw at boot against what the files say. The list `physmem` is empty
//! unless somebody fills it: the module does, from the firmware's map. Of `reserved`, that the
//! kernel's code is in it, whose place /proc/iomem knows, and a page that the module allocated and
//! keeps.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_debugfs`, and a script; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    firmware,
    memblock::{List, Memblock},
    page::PAGE,
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_debugfs",
    author: "Oopsarium",
    description: "memblock's lists in debugfs",
    license: "GPL",
}

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    for range in firmware::memory() {
        memblock.physmem_add(range)?;
    }
    lines("memory", memblock.memory());
    lines("physmem", memblock.physmem());
    lines("reserved", memblock.reserved());
    let kept = memblock.phys_alloc(PAGE)?.leak();
    pr_info!("kept: {:#x}-{:#x}\n", kept.start(), kept.end() - 1);
    let found = memblock.physmem().regions().map(|region| region.range);
    checks.sequence("physmem, and the firmware's map", firmware::memory(), found);
    checks.finish()
}

/// Says what is in `list` as debugfs does.
fn lines(name: &str, list: List<'_>) {
    for region in list.regions() {
        let (start, last) = (region.range.start(), region.range.end() - 1);
        pr_info!("{name}: {start:#018x}..{last:#018x}\n");
    }
}
