// SPDX-License-Identifier: GPL-2.0

//! Undoes an early mapping twice.
//!
//! # Bug
//!
//! ```text
//! slot                          0     1     2     …
//! early_ioremap() = addr      [ addr ][   ][   ]
//! early_iounmap(addr, …)      [      ][   ][   ]    addr was in slot 0
//! early_iounmap(addr, …)      [      ][   ][   ]    addr is in no slot
//! ```
//!
//! The second time, nobody knows the address any more. It is luck that nobody else has
//! been given it meanwhile: his mapping would have been undone, and nothing reported.
//!
//! # Rule
//!
//! A mapping is undone once. `early_iounmap()` (mm/early_ioremap.c) finds the slot by
//! the address that it handed out:
//!
//! ```c
//! slot = -1;
//! for (i = 0; i < FIX_BTMAPS_SLOTS; i++) {
//!         if (prev_map[i] == addr) {
//!                 slot = i;
//!                 break;
//!         }
//! }
//!
//! if (WARN(slot < 0, "%s(%p, %08lx) not found slot\n",
//!          __func__, addr, size))
//!         return;
//! ```
//!
//! # Expected
//!
//! `early_iounmap((____ptrval____), 00001000) not found slot` and a warning in
//! `early_iounmap()`. The address is not shown, because there is no random number yet to
//! hide it with.
//!
//! ```text
//! early_iounmap((____ptrval____), 00001000) not found slot
//! WARNING: CPU: 0 PID: 0 at mm/early_ioremap.c:… early_iounmap+0x…
//! ```
//!
//! # Fix
//!
//! Once is enough. That is the twin.
//!
//! # Reach
//!
//! Built in: `oopsarium=early_ioremap_double_unmap`; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::device;
use oopsarium::early_ioremap::{early_ioremap, early_iounmap};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: setup,
    name: "early_ioremap_double_unmap",
    author: "Oopsarium",
    description: "A mapping that is undone twice",
    license: "GPL",
}

#[link_section = ".init.text"]
fn init() -> Result {
    // SAFETY: One page, of a device, and all slots are free; it is unmapped below.
    let registers = unsafe { early_ioremap(device::REGISTERS, device::SIZE) }?;
    // SAFETY: They are mapped, and whole.
    let id = unsafe { device::identify(registers) };
    // SAFETY: Mapped above, with this size, and not used below.
    unsafe { early_iounmap(registers, device::SIZE) };
    pr_info!("read: {} {:#x}\n", device::NAME, id?);

    pr_info!("attempting: early_iounmap(), once more\n");
    // SAFETY: Incorrect, on purpose: it has been undone before.
    unsafe { early_iounmap(registers, device::SIZE) };
    pr_info!("survived: early_iounmap(), once more\n");
    Ok(())
}
