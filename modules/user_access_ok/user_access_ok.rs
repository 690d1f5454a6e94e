// SPDX-License-Identifier: GPL-2.0

//! Reads where a user says, with the right function, but without asking first whose
//! address it is.
//!
//! # Bug
//!
//! `get_user()` is `access_ok()`, and then `__get_user()`. Who reads ten words in a row
//! asks once, and calls the latter ten times. Who calls the latter and has not asked gets
//! whatever is there: also what is the kernel's.
//!
//! ```text
//!                          the user's:   the user's,   the kernel's:  the kernel's,
//!                          there         not there     there          not there
//! get_user()               word          EFAULT        EFAULT         EFAULT
//! __get_user()   x86_64    word          EFAULT        word           EFAULT
//!                arm64     word          EFAULT        EFAULT         EFAULT
//! memcpy()                 (SMAP, PAN)   oops          word           oops
//! ```
//!
//! # Rule
//!
//! `__get_user()` (arch/x86/include/asm/uaccess.h): "Caller must check the pointer with
//! access_ok() before calling this function." The kernel does not check that it was.
//!
//! # Expected
//!
//! Nothing, which is the worst that can happen. On x86_64 the word is the kernel's: SMAP
//! is lifted for the time of the read, and would not cover the kernel's memory anyway.
//!
//! On arm64 it is `EFAULT` all the same. There `__get_user()` has the check in it; the way
//! around it is `__copy_from_user()`. But what it loads with is `ldtr`, which has the
//! user's rights, not the kernel's; and before that it clears the bit by which the two
//! halves of the addresses differ (`uaccess_mask_ptr()`).
//!
//! # Fix
//!
//! `get_user()`, or here `copy_from_user()`. That is the twin.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::page::PAGE_SIZE;
use oopsarium::user::{__get_user, copy_to_user, vm_mmap, Frames, UserPtr};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: UserAccessOk,
    name: "user_access_ok",
    author: "Oopsarium",
    description: "__get_user() where nobody called access_ok()",
    license: "GPL",
}

/// What is the kernel's business alone.
const SECRET: u64 = 0x5ec2_e75e_c2e7;

struct UserAccessOk;

impl kernel::Module for UserAccessOk {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let memory = vm_mmap(PAGE_SIZE, Frames::OnDemand)?;
        copy_to_user(memory.start(), &42u64.to_ne_bytes())?;
        // SAFETY: It was just mapped for the user.
        let word = unsafe { __get_user(memory.start()) };
        pr_info!("read: the user's own: right: {}\n", word == Ok(42));

        let secret = KBox::new(SECRET, GFP_KERNEL)?;
        let secret: *const u64 = &*secret;
        pr_info!("attempting: __get_user() from the kernel's memory\n");
        // SAFETY: Incorrect, on purpose: nobody has asked whether it is the user's.
        let word = unsafe { __get_user(secret as UserPtr) };
        pr_info!(
            "survived: __get_user() from the kernel's memory: EFAULT: {}, disclosed: {}\n",
            word == Err(EFAULT),
            word == Ok(SECRET),
        );
        Ok(Self)
    }
}
