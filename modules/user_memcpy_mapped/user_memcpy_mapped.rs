// SPDX-License-Identifier: GPL-2.0

//! Copies from a user's memory, which is there, with `memcpy()`.
//!
//! # Bug
//!
//! The address is good: it is the user's, it is mapped, and the page is there. What is
//! wrong is who reads it. A kernel that follows a pointer into a user's memory without
//! meaning to is mostly a kernel that is being attacked, and so it asked the CPU to forbid
//! it. `copy_from_user()` says that it means to.
//!
//! ```text
//!                     x86_64: SMAP            arm64: PAN
//! as a rule           EFLAGS.AC = 0           PSTATE.PAN = 1
//! copy_from_user()    stac; …; clac           ldtr: a load with the user's own rights
//! memcpy()            a page fault            a permission fault
//! ```
//!
//! # Rule
//!
//! A user's address is read by `copy_from_user()` and its family. With SMAP,
//! `do_user_addr_fault()` (arch/x86/mm/fault.c) has an oops for all else; with PAN,
//! `do_page_fault()` (arch/arm64/mm/fault.c):
//!
//! ```c
//! if (unlikely(cpu_feature_enabled(X86_FEATURE_SMAP) &&
//!              !(error_code & X86_PF_USER) &&
//!              !(regs->flags & X86_EFLAGS_AC))) {
//!         page_fault_oops(regs, error_code, address);
//!
//! if (!search_exception_tables(regs->pc))
//!         die_kernel_fault("access to user memory outside uaccess routines",
//!                          addr, esr, regs);
//! ```
//!
//! # Expected
//!
//! On x86_64 `BUG: unable to handle page fault for address: …`,
//! `#PF: supervisor read access in kernel mode` and
//! `#PF: error_code(0x0001) - permissions violation`; on arm64 `Unable to handle kernel access to
//! user memory outside uaccess routines at virtual address …` and
//! `FSC = 0x0f: level 3 permission fault`. insmod dies, the kernel lives on.
//!
//! Nothing where there is neither SMAP nor PAN, and that is what hides the bug for years:
//! `memcpy()` copies what is there. It even does so where there is no page frame yet,
//! because the page fault brings one, whoever touches the page. So it is in the variant
//! `no-smap`, with a CPU of before either: on arm64 a Cortex-A57.
//!
//! # Fix
//!
//! `copy_from_user()`. That is the twin.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64, there with `CONFIG_ARM64_PAN`.

use kernel::prelude::*;
use oopsarium::page::PAGE_SIZE;
use oopsarium::user::{copy_to_user, memcpy, vm_mmap, Frames};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: UserMemcpyMapped,
    name: "user_memcpy_mapped",
    author: "Oopsarium",
    description: "memcpy() from a user's memory, which is there",
    license: "GPL",
}

struct UserMemcpyMapped;

impl kernel::Module for UserMemcpyMapped {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut bytes = [0; 256];
        let memory = vm_mmap(2 * PAGE_SIZE, Frames::OnDemand)?;
        copy_to_user(memory.start(), &[0x5a; 256])?;

        pr_info!("attempting: memcpy() from a page that is there\n");
        // SAFETY: Incorrect, on purpose: the memory is the user's, not the kernel's.
        unsafe { memcpy(&mut bytes, memory.start()) };
        let whole = bytes == [0x5a; 256];
        pr_info!("survived: memcpy() from a page that is there: right: {whole}\n");

        pr_info!("attempting: memcpy() from a page that is not there yet\n");
        // SAFETY: Incorrect, on purpose, in the same way.
        unsafe { memcpy(&mut bytes, memory.start() + PAGE_SIZE) };
        let whole = bytes == [0; 256];
        pr_info!("survived: memcpy() from a page that is not there yet: right: {whole}\n");
        Ok(Self)
    }
}
