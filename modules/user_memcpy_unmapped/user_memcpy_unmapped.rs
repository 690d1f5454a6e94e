// SPDX-License-Identifier: GPL-2.0

//! Copies from an address that a user gave, and where nothing is, with `memcpy()`.
//!
//! # Bug
//!
//! A system call is given an address. Nobody knows what is there: the user may have
//! unmapped it, or made it up.
//!
//! ```text
//! a user's addresses   … | page |      | page | …
//!                                 ^
//! from ---------------------------'  in no vm_area_struct
//! ```
//!
//! (The two pages beside it have a reason. One of them is in the same page table as the hole,
//! wherever a page table may end; without them there would be a page table now and then only,
//! as chance has it, and the report, which shows where the tables end, would not be the same.)
//!
//! Both functions would read the same bytes by the same instructions, and here both of
//! them fault. What then happens is decided by a table: for each instruction of
//! `copy_from_user()` that may fault, section `__ex_table` has the place to go on from,
//! where it counts what is left to copy. `memcpy()` is not in it.
//!
//! # Rule
//!
//! A user's address is read by `copy_from_user()`, `get_user()` and their family, and by
//! nothing else. (In C, `__user` in a type says that it is one, and sparse checks it; in
//! Rust it is not even a pointer: `kernel::uaccess::UserPtr` is a number.)
//!
//! The page fault handler looks into the table when it finds nothing that could be mapped
//! to the address: `fixup_exception()`, from `kernelmode_fixup_or_oops()`
//! (arch/x86/mm/fault.c) and `__do_kernel_fault()` (arch/arm64/mm/fault.c).
//!
//! # Expected
//!
//! On x86_64 `BUG: unable to handle page fault for address: …`,
//! `#PF: supervisor read access in kernel mode` and
//! `#PF: error_code(0x0000) - not-present page`; on arm64
//! `Unable to handle kernel paging request at virtual address …`, a `translation fault`.
//! It is in `memcpy()`. insmod dies, the kernel lives on.
//!
//! # Fix
//!
//! `copy_from_user()`, which returns `EFAULT`. That is the twin.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64. Whether the CPU keeps the kernel from what is a user's (SMAP,
//! PAN) makes no difference: nothing is there.

use kernel::prelude::*;
use oopsarium::page::PAGE_SIZE;
use oopsarium::user::{memcpy, vm_mmap, Frames};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: UserMemcpyUnmapped,
    name: "user_memcpy_unmapped",
    author: "Oopsarium",
    description: "memcpy() from a user's address where nothing is",
    license: "GPL",
}

struct UserMemcpyUnmapped;

impl kernel::Module for UserMemcpyUnmapped {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut bytes = [0; 256];
        let [_before, rest] = vm_mmap(3 * PAGE_SIZE, Frames::Populated)?.split(PAGE_SIZE)?;
        let [hole, _after] = rest.split(PAGE_SIZE)?;
        let from = hole.unmap();

        pr_info!("attempting: memcpy() from where nothing is mapped\n");
        // SAFETY: Incorrect, on purpose: nothing is mapped there.
        unsafe { memcpy(&mut bytes, from) };
        pr_info!("survived: memcpy() from where nothing is mapped\n");
        Ok(Self)
    }
}
