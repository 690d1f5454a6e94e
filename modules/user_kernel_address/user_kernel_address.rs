// SPDX-License-Identifier: GPL-2.0

//! Takes an address from a user for the user's own, when it is the kernel's.
//!
//! # Bug
//!
//! A user names an address of the kernel's, and asks for what is there. The kernel may
//! read all of it, and `memcpy()` does.
//!
//! ```text
//! the kernel's addresses   …  | vmalloc area | guard page |  …
//!                             ^              ^
//! first the user asks for ----'              |   and is given the kernel's secrets;
//! then for ----------------------------------'   there nothing is
//! ----------------------------------------------------------------
//! the user's addresses     …
//! ```
//!
//! The second is the lucky one: somebody notices. The first is CVE-2013-6282, and many
//! after it: with a write in place of the read, whoever runs any program is root.
//!
//! # Rule
//!
//! An address that a user gave goes through `access_ok()`, which is the first thing that
//! `copy_from_user()` does (include/linux/uaccess.h):
//!
//! ```c
//! if (can_do_masked_user_access())
//!         from = mask_user_address(from);
//! else {
//!         if (!access_ok(from, n))
//!                 goto fail;
//! ```
//!
//! On x86_64 it has become `mask_user_address()`, which makes the last page of the user's
//! of whatever lies beyond; and nothing can be mapped there.
//!
//! # Expected
//!
//! Nothing for the first: no SMAP and no PAN forbids the kernel its own memory. For the
//! second, on x86_64 `BUG: unable to handle page fault for address: …`,
//! `#PF: supervisor read access in kernel mode` and
//! `#PF: error_code(0x0000) - not-present page`; on arm64
//! `Unable to handle kernel paging request at virtual address …`, a `translation fault`.
//! insmod dies, the kernel lives on.
//!
//! # Fix
//!
//! `copy_from_user()`, which returns `EFAULT` for both. That is the twin.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64.

use core::mem::MaybeUninit;
use kernel::prelude::*;
use oopsarium::gfp::GFP_KERNEL;
use oopsarium::page::PAGE_SIZE;
use oopsarium::user::{memcpy, UserPtr};
use oopsarium::vmalloc::__vmalloc;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: UserKernelAddress,
    name: "user_kernel_address",
    author: "Oopsarium",
    description: "memcpy() from a user's address that is the kernel's",
    license: "GPL",
}

struct UserKernelAddress;

impl kernel::Module for UserKernelAddress {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut bytes = [0; 256];
        // SAFETY: No zone; and a module is loaded by a task, which may sleep.
        let mut area = unsafe { __vmalloc(PAGE_SIZE, GFP_KERNEL) }?;
        area.as_mut_slice().fill(MaybeUninit::new(0x5a));
        // What a user would come with.
        let from = area.addr().as_ptr() as UserPtr;

        pr_info!("attempting: memcpy() from the kernel's memory\n");
        // SAFETY: Incorrect, on purpose: mapped it is, but nobody asked whose it is.
        unsafe { memcpy(&mut bytes, from) };
        let whole = bytes == [0x5a; 256];
        pr_info!("survived: memcpy() from the kernel's memory: disclosed: {whole}\n");

        pr_info!("attempting: memcpy() from the guard page behind it\n");
        // SAFETY: Incorrect, on purpose: nothing is mapped there.
        unsafe { memcpy(&mut bytes, from + PAGE_SIZE) };
        pr_info!("survived: memcpy() from the guard page behind it\n");
        Ok(Self)
    }
}
