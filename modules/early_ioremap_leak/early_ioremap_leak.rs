// SPDX-License-Identifier: GPL-2.0

//! Maps the registers of a device early in the boot, and never unmaps them.
//!
//! # Bug
//!
//! Before there is `ioremap()`, device memory is mapped into one of a few slots, and
//! `prev_map[]` notes which of them are taken:
//!
//! ```text
//! slot            0     1     2     3     …
//! prev_map[]    [ x ] [   ] [   ] [   ]
//!                 `-- early_ioremap() takes the first that is free,
//!                     early_iounmap() would give it back
//! ```
//!
//! A slot that nobody gives back is lost to all who come later in the boot, and there
//! are seven or eight of them. The allocator is temporary, and so are its mappings.
//!
//! # Rule
//!
//! Every mapping is undone before the boot is over. Among the last initcalls,
//! `check_early_ioremap_leak()` (mm/early_ioremap.c) counts the slots that are taken:
//!
//! ```c
//! for (i = 0; i < FIX_BTMAPS_SLOTS; i++)
//!         if (prev_map[i])
//!                 count++;
//!
//! if (WARN(count, KERN_WARNING
//!          "Debug warning: early ioremap leak of %d areas detected.\n"
//!          "please boot with early_ioremap_debug and report the dmesg.\n",
//!          count))
//! ```
//!
//! # Expected
//!
//! Nothing at first. Then, long after the bug and far from it,
//! `Debug warning: early ioremap leak of 1 areas detected.` and a warning whose trace
//! knows nothing of who made the mapping; `early_ioremap_debug` on the command line
//! would have every mapping announced.
//!
//! ```text
//! Debug warning: early ioremap leak of 1 areas detected.
//! please boot with early_ioremap_debug and report the dmesg.
//! WARNING: CPU: 0 PID: 1 at mm/early_ioremap.c:… check_early_ioremap_leak+0x…
//! Call Trace:
//!  do_one_initcall+0x…
//!   … kernel_init+0x…
//! ```
//!
//! # Fix
//!
//! `early_iounmap()`, as soon as the registers have been read. That is the twin.
//!
//! # Reach
//!
//! Built in: `oopsarium=early_ioremap_leak`; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::device;
use oopsarium::early_ioremap::early_ioremap;

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: setup,
    name: "early_ioremap_leak",
    author: "Oopsarium",
    description: "A mapping that is never undone",
    license: "GPL",
}

#[link_section = ".init.text"]
fn init() -> Result {
    pr_info!("attempting: early_ioremap() and no early_iounmap()\n");
    // SAFETY: Incorrect, on purpose: nothing undoes this mapping.
    let registers = unsafe { early_ioremap(device::REGISTERS, device::SIZE) }?;
    // SAFETY: They are mapped, and whole.
    let id = unsafe { device::identify(registers) }?;
    pr_info!("read: {} {id:#x}\n", device::NAME);
    pr_info!("survived: early_ioremap() and no early_iounmap()\n");
    Ok(())
}
