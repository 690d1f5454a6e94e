// SPDX-License-Identifier: GPL-2.0

//! Reads from the same addresses with the check: the twin of `user_access_ok`.
//!
//! Nothing is reported and nothing disclosed: the user is told `EFAULT`.

use kernel::prelude::*;
use oopsarium::page::PAGE_SIZE;
use oopsarium::user::{copy_from_user, copy_to_user, vm_mmap, Frames, UserPtr};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: UserAccessOk,
    name: "user_access_ok_fixed",
    author: "Oopsarium",
    description: "copy_from_user(), which calls access_ok()",
    license: "GPL",
}

/// What is the kernel's business alone.
const SECRET: u64 = 0x5ec2_e75e_c2e7;

struct UserAccessOk;

impl kernel::Module for UserAccessOk {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let memory = vm_mmap(PAGE_SIZE, Frames::OnDemand)?;
        copy_to_user(memory.start(), &42u64.to_ne_bytes())?;
        let word = get_user(memory.start());
        pr_info!("read: the user's own: right: {}\n", word == Ok(42));

        let secret = KBox::new(SECRET, GFP_KERNEL)?;
        let secret: *const u64 = &*secret;
        pr_info!("attempting: copy_from_user() from the kernel's memory\n");
        let word = get_user(secret as UserPtr);
        pr_info!(
            "survived: copy_from_user() from the kernel's memory: EFAULT: {}, disclosed: {}\n",
            word == Err(EFAULT),
            word == Ok(SECRET),
        );
        Ok(Self)
    }
}

fn get_user(from: UserPtr) -> Result<u64> {
    let mut word = [0; size_of::<u64>()];
    copy_from_user(&mut word, from)?;
    Ok(u64::from_ne_bytes(word))
}
