// SPDX-License-Identifier: GPL-2.0

//! Adds memory that a driver found to the running system, and gets it as memory that the driver
//! manages.
//!
//! # Shows
//!
//! Not all memory is in the firmware's map: a driver may find some on its device (persistent
//! memory, a virtual machine's balloon). `add_memory_driver_managed()` gives it to the kernel, by
//! way of `add_memory_resource()`, and the list `memory` gets a region of its own, with the flag
//! `MEMBLOCK_DRIVER_MANAGED`:
//!
//! ```text
//! memory before  [ NONE            ]
//! memory after   [ NONE            ]      [ DRIVER_MANAGED ]
//!                                  256 MiB: mem=256M leaves the rest of the machine's 512 MiB alone
//! ```
//!
//! The flag keeps such memory out of /sys/firmware/memmap, and so from a kernel that is booted by
//! this one. The kernel maps it, and makes `struct page`s for it; it is offline until somebody
//! puts it to use by /sys/devices/system/memory.
//!
//! # Checks
//!
//! In the module: what is written there by way of the kernel's map is read back. In the script:
//! debugfs has the region with its flag, /proc/iomem its name, /sys/devices/system/memory the block,
//! offline; and /sys/firmware/memmap, where there is one, has no such range.
//!
//! # Reach
//!
//! Loadable, with `mem=256M` on a machine that has 512 MiB; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::{
    checks::Checks,
    hotplug::{add_memory_driver_managed, DriverManaged},
    page::phys_to_virt,
    phys::PhysRange,
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: MemblockDriverManaged,
    name: "memblock_driver_managed",
    author: "Oopsarium",
    description: "Memory that a driver manages",
    license: "GPL",
}

/// Where the machine has memory that the kernel was told not to use: from 256 MiB on.
#[cfg(CONFIG_X86_64)]
const START: u64 = 256 << 20;
/// The same where memory begins at 1 GiB.
#[cfg(CONFIG_ARM64)]
const START: u64 = (1 << 30) + (256 << 20);

/// What memory comes and goes in: 128 MiB, a section of either architecture.
const SIZE: u64 = 128 << 20;

/// What is written.
const PATTERN: u64 = 0x6f6f_7073_6172_6975;

struct MemblockDriverManaged {
    _memory: DriverManaged,
}

impl kernel::Module for MemblockDriverManaged {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut checks = Checks::new();
        let range = PhysRange::of_size(START, SIZE);
        // SAFETY: The machine has memory there, and nobody else knows of it.
        let memory = unsafe { add_memory_driver_managed(range) }?;
        pr_info!("added {range}\n");
        for addr in [range.start(), range.end() - 8] {
            let word = phys_to_virt(addr).cast::<u64>();
            // SAFETY: It is memory, mapped by now, and nobody else uses it.
            unsafe { word.write_volatile(PATTERN ^ addr) };
            // SAFETY: As above; and any bits are a number.
            let read = unsafe { word.read_volatile() };
            checks.equal(format_args!("at {addr:#x}"), PATTERN ^ addr, read);
        }
        checks.finish()?;
        Ok(Self { _memory: memory })
    }
}
