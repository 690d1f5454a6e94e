// SPDX-License-Identifier: GPL-2.0

//! Maps the registers of a device with the early allocator, long after the boot.
//!
//! # Bug
//!
//! `early_ioremap()` is for the time before `ioremap()`. It is marked `__init`: once the
//! kernel has booted, it throws away that code together with the data of that time.
//!
//! ```text
//! booting      .text | .init.text: early_ioremap(), … | .init.data: prev_map[], …
//! running      .text |     Freeing unused kernel memory: given to whoever asks
//!                                  ^
//! kallsyms     early_ioremap ------'  still knows the name
//! ```
//!
//! The linker would have refused to link a module to it, since it is not exported, and
//! the build would have warned of a built-in user that is not `__init` itself. Who takes
//! the address from the symbol table has asked nobody. (In the document it is who writes 1 to
//! /proc/sys/BiscuitOS/BiscuitOS-early-iomem; here it is who loads the module.)
//!
//! # Rule
//!
//! Nothing that is `__init` is called when `system_state` has come to `SYSTEM_RUNNING`.
//! `__early_ioremap()` checks that too (mm/early_ioremap.c), but it is not there any more
//! to do it. What catches the call is that `free_initmem()` took the permission to
//! execute the pages (x86_64), or unmapped them (arm64).
//!
//! # Expected
//!
//! On x86_64 `kernel tried to execute NX-protected page - exploit attempt? (uid: 0)`,
//! `BUG: unable to handle page fault for address: …` and
//! `#PF: supervisor instruction fetch in kernel mode`; on arm64
//! `Unable to handle kernel paging request at virtual address …` and
//! `EC = 0x21: IABT (current EL)`. The program counter is `early_ioremap+0x0`. insmod
//! dies, the kernel lives on.
//!
//! ```text
//! kernel tried to execute NX-protected page - exploit attempt? (uid: 0)
//! BUG: unable to handle page fault for address: ffffffff8…
//! #PF: supervisor instruction fetch in kernel mode
//! #PF: error_code(0x0011) - permissions violation
//! RIP: 0010:early_ioremap+0x0/0x…
//! ```
//!
//! # Fix
//!
//! `ioremap()`, which is what there is after the boot, and `iounmap()`. That is the twin,
//! which then reads from the device.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64; `CONFIG_KPROBES`, to find the address, and
//! `CONFIG_KALLSYMS`.

use kernel::{c_str, prelude::*};
use oopsarium::device;
use oopsarium::early_ioremap::EarlyIoremap;
use oopsarium::kallsyms;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: EarlyIoremapAfterFree,
    name: "early_ioremap_after_free",
    author: "Oopsarium",
    description: "An early mapping when it is too late for one",
    license: "GPL",
}

struct EarlyIoremapAfterFree;

impl kernel::Module for EarlyIoremapAfterFree {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let early_ioremap = kallsyms::lookup(c_str!("early_ioremap"))?;
        // SAFETY: This is the type of the function of that name.
        let early_ioremap: EarlyIoremap = unsafe { core::mem::transmute(early_ioremap) };

        pr_info!("attempting: early_ioremap()\n");
        // SAFETY: Incorrect, on purpose: the kernel is not booting any more.
        let registers = unsafe { early_ioremap(device::REGISTERS, device::SIZE as _) };
        pr_info!("survived: early_ioremap() = {registers:?}\n");
        Ok(Self)
    }
}
