// SPDX-License-Identifier: GPL-2.0

//! Maps nothing: no byte at all of a device's registers.
//!
//! # Bug
//!
//! ```text
//!   phys_addr
//!   |
//!   v
//!   | first byte | … | last byte |      size = 0:  last_addr = phys_addr - 1
//! ^
//! `- last_addr
//! ```
//!
//! A size that was computed, or read from a table of the firmware, can turn out to be
//! zero. The end of such a mapping lies before its beginning. (In the document it is a
//! constant, `BROILER_MMIO_SIZE`, of a device's registers.)
//!
//! # Rule
//!
//! A mapping has a byte at least. `__early_ioremap()` (mm/early_ioremap.c) computes the
//! address of the last one, and checks size and address together:
//!
//! ```c
//! /* Don't allow wraparound or zero size */
//! last_addr = phys_addr + size - 1;
//! if (WARN_ON(!size || last_addr < phys_addr))
//!         return NULL;
//! ```
//!
//! # Expected
//!
//! A warning in `__early_ioremap()`, with no text of its own: only the statement at its
//! file and line tells what is wrong. The caller gets a null pointer.
//!
//! ```text
//! WARNING: CPU: 0 PID: 0 at mm/early_ioremap.c:… __early_ioremap+0x…
//! RIP: 0010:__early_ioremap+0x…
//! Call Trace:
//!  early_ioremap+0x…
//! ```
//!
//! # Fix
//!
//! To map what is there, or to look at the size first. The twin maps a single byte.
//!
//! # Reach
//!
//! Built in: `oopsarium=early_ioremap_zero_size`; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::device;
use oopsarium::early_ioremap::early_ioremap;

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: setup,
    name: "early_ioremap_zero_size",
    author: "Oopsarium",
    description: "A mapping of no size",
    license: "GPL",
}

#[link_section = ".init.text"]
fn init() -> Result {
    pr_info!("attempting: early_ioremap(..., 0)\n");
    // SAFETY: Incorrect, on purpose: the size is zero.
    let mapped = unsafe { early_ioremap(device::REGISTERS, 0) }.is_ok();
    pr_info!("survived: early_ioremap(..., 0); mapped: {mapped}\n");
    Ok(())
}
