// SPDX-License-Identifier: GPL-2.0

//! Maps the end of the physical address space, and one byte more than there is.
//!
//! # Bug
//!
//! From an address to the largest one it is `bound` bytes; a mapping that starts there
//! can be one byte longer, for the largest address is one of a byte. Past that, the sum
//! wraps around to the smallest addresses:
//!
//! ```text
//!     BASE                                ~0 | 0   1   2
//!       |                                  | | |   |
//!       [ bound bytes                     )    : ends at ~0 (not part of it)
//!       [ bound + 1                         )  : ends at 0: the last byte is ~0
//!       [ bound + 2                             ): ends at 1: the last byte is 0
//! ```
//!
//! These are the document's `BROILER_BOUND + MATADATA`, with a `MATADATA` of 0, 1 and 2.
//!
//! # Rule
//!
//! The last byte lies behind the first. `__early_ioremap()` (mm/early_ioremap.c)
//! computes with the last byte, not with the end, so that the second size is right:
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
//! Two mappings that are made and undone; and for the third size a warning in
//! `__early_ioremap()`, without any text, and a null pointer.
//!
//! ```text
//! early_ioremap_wraparound: allowed: early_ioremap(0xfffffffffffff000, 0xfff)
//! early_ioremap_wraparound: allowed: early_ioremap(0xfffffffffffff000, 0x1000)
//! early_ioremap_wraparound: attempting: early_ioremap(0xfffffffffffff000, 0x1001)
//! WARNING: CPU: 0 PID: 0 at mm/early_ioremap.c:… __early_ioremap+0x…
//! ```
//!
//! # Fix
//!
//! To stop at the last byte there is. The twin maps the whole of the last page.
//!
//! # Reach
//!
//! Built in: `oopsarium=early_ioremap_wraparound`; x86_64 and arm64. No such memory
//! exists. It is mapped and never touched.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::early_ioremap::{early_ioremap, early_iounmap, phys_addr_t, LAST_PAGE};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: setup,
    name: "early_ioremap_wraparound",
    author: "Oopsarium",
    description: "A mapping past the largest address",
    license: "GPL",
}

/// From the start of the last page to the largest address, in bytes.
const BOUND: usize = (phys_addr_t::MAX - LAST_PAGE) as usize;

#[link_section = ".init.text"]
fn init() -> Result {
    for size in [BOUND, BOUND + 1] {
        // SAFETY: The last byte has an address, and all slots are free; it is unmapped
        // below.
        let mapping = unsafe { early_ioremap(LAST_PAGE, size) }?;
        // SAFETY: Mapped above, with this size, and not used.
        unsafe { early_iounmap(mapping, size) };
        pr_info!("allowed: early_ioremap({LAST_PAGE:#x}, {size:#x})\n");
    }

    let size = BOUND + 2;
    pr_info!("attempting: early_ioremap({LAST_PAGE:#x}, {size:#x})\n");
    // SAFETY: Incorrect, on purpose: the last byte has no address of its own.
    let mapped = unsafe { early_ioremap(LAST_PAGE, size) }.is_ok();
    pr_info!("survived: early_ioremap({LAST_PAGE:#x}, {size:#x}); mapped: {mapped}\n");
    Ok(())
}
