// SPDX-License-Identifier: GPL-2.0

//! Asks for the same addresses with `copy_from_user()`: the twin of
//! `user_kernel_address`.
//!
//! Nothing is reported and nothing disclosed: the user is told `EFAULT`, twice.

use core::mem::MaybeUninit;
use kernel::prelude::*;
use oopsarium::gfp::GFP_KERNEL;
use oopsarium::page::PAGE_SIZE;
use oopsarium::user::{copy_from_user, UserPtr};
use oopsarium::vmalloc::__vmalloc;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: UserKernelAddress,
    name: "user_kernel_address_fixed",
    author: "Oopsarium",
    description: "copy_from_user() from a user's address that is the kernel's",
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

        pr_info!("attempting: copy_from_user() from the kernel's memory\n");
        let refused = copy_from_user(&mut bytes, from) == Err(EFAULT);
        let whole = bytes == [0x5a; 256];
        pr_info!(
            "survived: copy_from_user() from the kernel's memory: \
             EFAULT: {refused}, disclosed: {whole}\n"
        );

        pr_info!("attempting: copy_from_user() from the guard page behind it\n");
        let refused = copy_from_user(&mut bytes, from + PAGE_SIZE) == Err(EFAULT);
        pr_info!("survived: copy_from_user() from the guard page behind it: EFAULT: {refused}\n");
        Ok(Self)
    }
}
