// SPDX-License-Identifier: GPL-2.0

//! Makes as many early mappings as there are slots, and unmaps them before it makes more:
//! the twin of `early_ioremap_no_slot`.
//!
//! Nothing is reported.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::device;
use oopsarium::early_ioremap::{early_ioremap, early_iounmap, FIX_BTMAPS_SLOTS};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: setup,
    name: "early_ioremap_no_slot_fixed",
    author: "Oopsarium",
    description: "As many mappings as there are slots",
    license: "GPL",
}

#[link_section = ".init.text"]
fn init() -> Result {
    let mut mappings = [None; FIX_BTMAPS_SLOTS];
    for mapping in &mut mappings {
        // SAFETY: One page, of a device, and a slot for each; all are unmapped below.
        *mapping = Some(unsafe { early_ioremap(device::REGISTERS, device::SIZE) }?);
    }
    pr_info!("mapped: {FIX_BTMAPS_SLOTS} times\n");

    for mapping in mappings.into_iter().flatten() {
        // SAFETY: Mapped above, with this size, and not used.
        unsafe { early_iounmap(mapping, device::SIZE) };
    }

    pr_info!("attempting: early_ioremap(), once more\n");
    // SAFETY: One page, of a device, and all slots are free again; it is unmapped below.
    let one_more = unsafe { early_ioremap(device::REGISTERS, device::SIZE) }?;
    // SAFETY: Mapped above, with this size, and not used.
    unsafe { early_iounmap(one_more, device::SIZE) };
    pr_info!("survived: early_ioremap(), once more\n");
    Ok(())
}
