// SPDX-License-Identifier: GPL-2.0

//! Maps a device to a page that the fixmap does not have, with an index that the compiler
//! knows.
//!
//! It says so: `past the end of the fixmap`.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::device;
use oopsarium::fixmap::{Fixed, END};

#[path = "../../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: initcall,
    name: "const_index",
    author: "Oopsarium",
    description: "A page that the fixmap does not have",
    license: "GPL",
}

#[link_section = ".init.text"]
fn init() -> Result {
    // SAFETY: There is a device, and nobody uses a page that does not exist.
    let _registers = unsafe { Fixed::<END>::map_io(device::REGISTERS) };
    Ok(())
}
