// SPDX-License-Identifier: GPL-2.0

//! Copies from the same address with `copy_from_user()`: the twin of
//! `user_memcpy_unmapped`.
//!
//! Nothing is reported, and the user is told that the address is bad: `EFAULT`.

use kernel::prelude::*;
use oopsarium::page::PAGE_SIZE;
use oopsarium::user::{copy_from_user, vm_mmap, Frames};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: UserMemcpyUnmapped,
    name: "user_memcpy_unmapped_fixed",
    author: "Oopsarium",
    description: "copy_from_user() from a user's address where nothing is",
    license: "GPL",
}

struct UserMemcpyUnmapped;

impl kernel::Module for UserMemcpyUnmapped {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut bytes = [0; 256];
        let [_before, rest] = vm_mmap(3 * PAGE_SIZE, Frames::Populated)?.split(PAGE_SIZE)?;
        let [hole, _after] = rest.split(PAGE_SIZE)?;
        let from = hole.unmap();

        pr_info!("attempting: copy_from_user() from where nothing is mapped\n");
        let refused = copy_from_user(&mut bytes, from) == Err(EFAULT);
        pr_info!("survived: copy_from_user() from where nothing is mapped: EFAULT: {refused}\n");
        Ok(Self)
    }
}
