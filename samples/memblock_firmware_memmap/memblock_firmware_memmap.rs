// SPDX-License-Identifier: GPL-2.0

//! Prints the firmware's map and memblock's list at boot, and finds the map again under
//! /sys/firmware/memmap when the system runs.
//!
//! # Shows
//!
//! ```text
//! firmware's map   /sys/firmware/memmap    [System RAM  ][reserved]  [System RAM      ]
//! what is used     memblock.memory          [##########]             [################]
//! ```
//!
//! /sys/firmware/memmap has the map as the firmware made it, one folder an entry, with `start`,
//! `end` and `type`, so that a kernel which is booted by this one (kexec) gets it unchanged. What
//! the kernel uses of it is less: not the first page, and no part of a page.
//!
//! # Checks
//!
//! The folders of the type System RAM against the firmware's map that the module saw; and each region
//! of memblock's list against them, in which it has to lie.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_firmware_memmap`, and a script; x86_64. `CONFIG_FIRMWARE_MEMMAP` is
//! for machines with such a map: arm64 has a device tree, and its /sys/firmware/memmap does not exist.

use kernel::prelude::*;
use oopsarium::{boot::boot_case, checks::Checks, firmware, memblock::Memblock};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_firmware_memmap",
    author: "Oopsarium",
    description: "The firmware's map in sysfs",
    license: "GPL",
}

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    for range in firmware::memory() {
        pr_info!("firmware: {:#x}-{:#x}\n", range.start(), range.end() - 1);
    }
    for region in memblock.memory().regions() {
        let range = region.range;
        pr_info!("memory: {:#x}-{:#x}\n", range.start(), range.end() - 1);
        let mut map = firmware::memory();
        let found = map.any(|memory| memory.covers(range));
        checks.that(format_args!("{range} is in the map"), found, range);
    }
    checks.finish()
}
