// SPDX-License-Identifier: GPL-2.0

//! Maps a single byte of a device's registers: the twin of `early_ioremap_zero_size`.
//!
//! Nothing is reported.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::device;
use oopsarium::early_ioremap::{early_ioremap, early_iounmap};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: setup,
    name: "early_ioremap_zero_size_fixed",
    author: "Oopsarium",
    description: "A mapping of the smallest size",
    license: "GPL",
}

#[link_section = ".init.text"]
fn init() -> Result {
    pr_info!("attempting: early_ioremap(..., 1)\n");
    // SAFETY: A byte, of a device, and all slots are free; it is unmapped below.
    let byte = unsafe { early_ioremap(device::REGISTERS, 1) }?;
    // SAFETY: Mapped above, with this size, and not used.
    unsafe { early_iounmap(byte, 1) };
    pr_info!("survived: early_ioremap(..., 1)\n");
    Ok(())
}
