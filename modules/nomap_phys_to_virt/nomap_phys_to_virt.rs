// SPDX-License-Identifier: GPL-2.0

//! Goes to memory that is kept out of the kernel's map, by the address that it would have there.
//!
//! # Bug
//!
//! All ordinary memory is mapped in one piece, so that `phys_to_virt()` is a sum. What the device
//! tree marks `no-map` is left out:
//!
//! ```text
//! memory        [                  |NOMAP|                         ]
//! kernel's map  [##################]     [########################]
//!                                  ^-- phys_to_virt(): nothing is there
//! ```
//!
//! The sum is right, and the page tables know nothing of it.
//!
//! # Rule
//!
//! `phys_to_virt()` is for memory in the kernel's map, and nothing checks it. What a device tree
//! marks goes to `memblock_mark_nomap()` (mm/memblock.c), of whose regions the source says: "will
//! not be added to the direct mapping of the physical memory".
//!
//! # Expected
//!
//! `Unable to handle kernel paging request at virtual address …` with
//! `FSC = 0x07: level 3 translation fault`, in the module's init.
//!
//! # Fix
//!
//! `ioremap()`, which makes a mapping. That is the twin; the sample `memblock-nomap` has more of it.
//!
//! # Reach
//!
//! Loadable; arm64, with a device tree that has such a region.

use kernel::prelude::*;
use oopsarium::firmware;
use oopsarium::page::phys_to_virt;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: NomapPhysToVirt,
    name: "nomap_phys_to_virt",
    author: "Oopsarium",
    description: "Memory that is not in the kernel's map, by its address there",
    license: "GPL",
}

struct NomapPhysToVirt;

impl kernel::Module for NomapPhysToVirt {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let range = firmware::no_map()?;
        pr_info!("no-map: {range}\n");
        let word = phys_to_virt(range.start()).cast::<u64>();
        pr_info!("attempting: to read from phys_to_virt(...)\n");
        // SAFETY: Incorrect, on purpose: nothing is mapped there.
        let read = unsafe { word.read_volatile() };
        pr_info!("survived: to read from phys_to_virt(...): {read:#x}\n");
        Ok(Self)
    }
}
