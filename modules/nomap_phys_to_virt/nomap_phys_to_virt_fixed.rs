// SPDX-License-Identifier: GPL-2.0

//! Goes to memory that is kept out of the kernel's map, through a mapping of its own: the twin of
//! `nomap_phys_to_virt`.
//!
//! Nothing is reported.

use kernel::prelude::*;
use oopsarium::firmware;
use oopsarium::io::ioremap;
use oopsarium::page::PAGE_SIZE;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: NomapPhysToVirtFixed,
    name: "nomap_phys_to_virt_fixed",
    author: "Oopsarium",
    description: "Memory that is not in the kernel's map, mapped",
    license: "GPL",
}

struct NomapPhysToVirtFixed;

impl kernel::Module for NomapPhysToVirtFixed {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let range = firmware::no_map()?;
        pr_info!("no-map: {range}\n");
        // SAFETY: It is not mapped as ordinary memory, and a module's init may sleep.
        let mapping = unsafe { ioremap(range.start(), PAGE_SIZE) }?;
        let word = mapping.addr().cast::<u64>().as_ptr();
        pr_info!("attempting: to read from ioremap(...)\n");
        // SAFETY: It is mapped, and any bits are a number.
        let read = unsafe { word.read_volatile() };
        pr_info!("survived: to read from ioremap(...): {read:#x}\n");
        Ok(Self)
    }
}
