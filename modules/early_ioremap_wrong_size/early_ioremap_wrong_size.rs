// SPDX-License-Identifier: GPL-2.0

//! Undoes half of an early mapping.
//!
//! # Bug
//!
//! ```text
//! early_ioremap(…, 0x1000)      prev_size[0] = 0x1000
//! early_iounmap(…, 0x0800)                     0x0800 ?
//! ```
//!
//! A slot is a whole: it is taken as such, and given back as such. The size that is
//! handed over for unmapping is there only to be compared.
//!
//! # Rule
//!
//! What was mapped in one go is unmapped in one go. `early_iounmap()`
//! (mm/early_ioremap.c) keeps the size of each mapping:
//!
//! ```c
//! if (WARN(prev_size[slot] != size,
//!          "%s(%p, %08lx) [%d] size not consistent %08lx\n",
//!          __func__, addr, size, slot, prev_size[slot]))
//!         return;
//! ```
//!
//! # Expected
//!
//! `early_iounmap((____ptrval____), 00000800) [0] size not consistent 00001000` and a
//! warning in `early_iounmap()`, which leaves everything as it is. So there is an echo:
//! when the boot is over, the mapping is still there, and
//! `Debug warning: early ioremap leak of 1 areas detected.` comes too.
//!
//! ```text
//! early_iounmap((____ptrval____), 00000800) [0] size not consistent 00001000
//! WARNING: CPU: 0 PID: 0 at mm/early_ioremap.c:… early_iounmap+0x…
//! …
//! Debug warning: early ioremap leak of 1 areas detected.
//! WARNING: CPU: 0 PID: 1 at mm/early_ioremap.c:… check_early_ioremap_leak+0x…
//! ```
//!
//! # Fix
//!
//! The size with which it was mapped. That is the twin.
//!
//! # Reach
//!
//! Built in: `oopsarium=early_ioremap_wrong_size`; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::device;
use oopsarium::early_ioremap::{early_ioremap, early_iounmap};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: setup,
    name: "early_ioremap_wrong_size",
    author: "Oopsarium",
    description: "A mapping that is undone by half",
    license: "GPL",
}

#[link_section = ".init.text"]
fn init() -> Result {
    // SAFETY: One page, of a device, and all slots are free; it is to be unmapped below.
    let registers = unsafe { early_ioremap(device::REGISTERS, device::SIZE) }?;
    // SAFETY: They are mapped, and whole.
    let id = unsafe { device::identify(registers) };

    let size = device::SIZE / 2;
    pr_info!("attempting: early_iounmap(..., {size:#x})\n");
    // SAFETY: Incorrect, on purpose: it was mapped with another size.
    unsafe { early_iounmap(registers, size) };
    pr_info!("survived: early_iounmap(..., {size:#x})\n");

    pr_info!("read: {} {:#x}\n", device::NAME, id?);
    Ok(())
}
