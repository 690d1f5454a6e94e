// SPDX-License-Identifier: GPL-2.0

//! Makes one early mapping more than there are slots for.
//!
//! # Bug
//!
//! ```text
//! slot            0     1     2     …    last
//! prev_map[]    [ x ] [ x ] [ x ]       [ x ]    <- one mapping each
//!                                                    and one more?
//! ```
//!
//! However small it is, a mapping takes up a slot, and there are `FIX_BTMAPS_SLOTS` of
//! them: 8 on x86_64, 7 on arm64. Nobody waits for one to become free: it is early in
//! the boot, and there is nobody else to give one back. (The document maps
//! `FIX_BTMAPS_SLOTS + 1` times in a loop, and gives back what it got when one fails.)
//!
//! # Rule
//!
//! At most `FIX_BTMAPS_SLOTS` mappings at a time. `__early_ioremap()`
//! (mm/early_ioremap.c) looks for a place in `prev_map[]` that is not taken:
//!
//! ```c
//! slot = -1;
//! for (i = 0; i < FIX_BTMAPS_SLOTS; i++) {
//!         if (!prev_map[i]) {
//!                 slot = i;
//!                 break;
//!         }
//! }
//!
//! if (WARN(slot < 0, "%s(%pa, %08lx) not found slot\n",
//!          __func__, &phys_addr, size))
//!         return NULL;
//! ```
//!
//! # Expected
//!
//! `__early_ioremap(0x…, 00001000) not found slot` and a warning in `__early_ioremap()`.
//! The caller gets a null pointer. Nothing else happens, as long as it looks at that.
//!
//! ```text
//! __early_ioremap(0x00000000fee00000, 00001000) not found slot
//! WARNING: CPU: 0 PID: 0 at mm/early_ioremap.c:… __early_ioremap+0x…
//! CPU: 0 UID: 0 PID: 0 Comm: swapper Not tainted 6.12…
//! ```
//!
//! # Fix
//!
//! To unmap what is no longer needed before mapping anew. The twin has as many mappings
//! at a time as there are slots, twice over.
//!
//! # Reach
//!
//! Built in: `oopsarium=early_ioremap_no_slot`; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::device;
use oopsarium::early_ioremap::{early_ioremap, early_iounmap, FIX_BTMAPS_SLOTS};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: setup,
    name: "early_ioremap_no_slot",
    author: "Oopsarium",
    description: "One mapping more than there are slots",
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

    pr_info!("attempting: early_ioremap(), once more\n");
    // SAFETY: Incorrect, on purpose: no slot is free.
    let mapped = unsafe { early_ioremap(device::REGISTERS, device::SIZE) }.is_ok();
    pr_info!("survived: early_ioremap(); mapped: {mapped}\n");

    for mapping in mappings.into_iter().flatten() {
        // SAFETY: Mapped above, with this size, and not used.
        unsafe { early_iounmap(mapping, device::SIZE) };
    }
    Ok(())
}
