// SPDX-License-Identifier: GPL-2.0

//! Copies from the same memory with `copy_from_user()`: the twin of
//! `user_memcpy_mapped`.
//!
//! Nothing is reported, and the bytes are the user's.

use kernel::prelude::*;
use oopsarium::page::PAGE_SIZE;
use oopsarium::user::{copy_from_user, copy_to_user, vm_mmap, Frames};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: UserMemcpyMapped,
    name: "user_memcpy_mapped_fixed",
    author: "Oopsarium",
    description: "copy_from_user() from a user's memory, which is there",
    license: "GPL",
}

struct UserMemcpyMapped;

impl kernel::Module for UserMemcpyMapped {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut bytes = [0; 256];
        let memory = vm_mmap(2 * PAGE_SIZE, Frames::OnDemand)?;
        copy_to_user(memory.start(), &[0x5a; 256])?;

        pr_info!("attempting: copy_from_user() from a page that is there\n");
        copy_from_user(&mut bytes, memory.start())?;
        let whole = bytes == [0x5a; 256];
        pr_info!("survived: copy_from_user() from a page that is there: right: {whole}\n");

        pr_info!("attempting: copy_from_user() from a page that is not there yet\n");
        copy_from_user(&mut bytes, memory.start() + PAGE_SIZE)?;
        let whole = bytes == [0; 256];
        pr_info!("survived: copy_from_user() from a page that is not there yet: right: {whole}\n");
        Ok(Self)
    }
}
