// SPDX-License-Identifier: GPL-2.0

//! Undoes the whole of an early mapping: the twin of `early_ioremap_wrong_size`.
//!
//! Nothing is reported, neither now nor when the boot is over.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::device;
use oopsarium::early_ioremap::{early_ioremap, early_iounmap};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: setup,
    name: "early_ioremap_wrong_size_fixed",
    author: "Oopsarium",
    description: "A mapping that is undone as a whole",
    license: "GPL",
}

#[link_section = ".init.text"]
fn init() -> Result {
    // SAFETY: One page, of a device, and all slots are free; it is unmapped below.
    let registers = unsafe { early_ioremap(device::REGISTERS, device::SIZE) }?;
    // SAFETY: They are mapped, and whole.
    let id = unsafe { device::identify(registers) };

    let size = device::SIZE;
    pr_info!("attempting: early_iounmap(..., {size:#x})\n");
    // SAFETY: Mapped above, with this size, and not used below.
    unsafe { early_iounmap(registers, size) };
    pr_info!("survived: early_iounmap(..., {size:#x})\n");

    pr_info!("read: {} {:#x}\n", device::NAME, id?);
    Ok(())
}
