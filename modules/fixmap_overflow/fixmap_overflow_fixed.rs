// SPDX-License-Identifier: GPL-2.0

//! Maps a device to the last page that the fixmap has: the twin of `fixmap_overflow`.
//!
//! Nothing is reported, and what is read is what the device is known to be.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::device;
use oopsarium::fixmap::{clear_fixmap, fix_to_virt, set_fixmap_io, END};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: initcall,
    name: "fixmap_overflow_fixed",
    author: "Oopsarium",
    description: "The last page of the fixmap",
    license: "GPL",
}

const LAST: u32 = END - 1;

#[link_section = ".init.text"]
fn init() -> Result {
    pr_info!("attempting: set_fixmap_io({LAST}, ...)\n");
    // SAFETY: The last index, of a device. It is there for mappings of a moment, early ones
    // and those of page tables in the making, and the booting task makes none meanwhile.
    unsafe { set_fixmap_io(LAST, device::REGISTERS) };
    // SAFETY: They are mapped, and whole.
    let id = unsafe { device::identify(fix_to_virt(LAST)) };
    // SAFETY: Mapped above, and not used below.
    unsafe { clear_fixmap(LAST) };
    pr_info!("read: {} {:#x}\n", device::NAME, id?);
    pr_info!("survived: set_fixmap_io({LAST}, ...)\n");
    Ok(())
}
