// SPDX-License-Identifier: GPL-2.0

//! Maps the registers of a device with the allocator that there is after the boot: the
//! twin of `early_ioremap_after_free`.
//!
//! Nothing is reported, and what is read is what the device is known to be.

use kernel::prelude::*;
use oopsarium::device;
use oopsarium::io::ioremap;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: EarlyIoremapAfterFree,
    name: "early_ioremap_after_free_fixed",
    author: "Oopsarium",
    description: "A mapping by the allocator that is there",
    license: "GPL",
}

struct EarlyIoremapAfterFree;

impl kernel::Module for EarlyIoremapAfterFree {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        pr_info!("attempting: ioremap()\n");
        // SAFETY: Device memory; and a module is loaded by a task, which may sleep.
        let registers = unsafe { ioremap(device::REGISTERS, device::SIZE) }?;
        // SAFETY: They are mapped, and whole.
        let id = unsafe { device::identify(registers.addr()) }?;
        pr_info!("read: {} {id:#x}\n", device::NAME);
        pr_info!("survived: ioremap()\n");
        Ok(Self)
    }
}
