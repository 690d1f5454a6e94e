// SPDX-License-Identifier: GPL-2.0

//! Maps a device to a page that the fixmap does not have.
//!
//! # Bug
//!
//! The fixmap gives out virtual addresses while the kernel is compiled: every name in
//! `enum fixed_addresses` is an index, and stands for a page, counted downwards from
//! `FIXADDR_TOP`. Its page tables are part of the kernel image, and as large as the enum
//! wants them, or as somebody has written down:
//!
//! ```text
//! FIXADDR_TOP ->  [ 0 | 1 |  …  permanent  …  |  …  early_ioremap()  …  | last ] END
//!                   `--------------- these have a page table -----------------'   |
//!                                                     this one does not ----------'
//! ```
//!
//! The document enlarges the enum by one index, `FIX_BISCUITOS = 2 * PTRS_PER_PTE`, 1024,
//! and maps a device there, by `set_fixmap_io()`; and finds that the kernel cannot be built
//! any more. There are three ways to make that mistake:
//!
//! - An index that is too large in the enum. On x86_64, `FIXMAP_PMD_NUM` tables are set
//!   aside for the permanent part, two of 512 entries each; on arm64 their number follows
//!   from the enum, and only a gibibyte, or the PCI I/O region below, ends it. The kernel
//!   does not compile.
//! - An index past the end of the enum, handed over at run time. That is this module.
//! - An index past the end that is known when Rust compiles it, and part of a type. It
//!   does not compile: `must_not_compile/const_index.rs`.
//!
//! # Rule
//!
//! An index is less than `__end_of_fixed_addresses`. On x86_64,
//! `__native_set_fixmap()` (arch/x86/mm/pgtable.c) checks the enum and the index:
//!
//! ```c
//! BUILD_BUG_ON(__end_of_permanent_fixed_addresses >
//!              (FIXMAP_PMD_NUM * PTRS_PER_PTE));
//!
//! if (idx >= __end_of_fixed_addresses) {
//!         BUG();
//! ```
//!
//! On arm64, `__set_fixmap()` (arch/arm64/mm/fixmap.c) checks the index, and the file the
//! enum:
//!
//! ```c
//! static_assert(FIXADDR_TOT_START > PCI_IO_END);
//! static_assert(NR_BM_PMD_TABLES == 1);
//!
//! BUG_ON(idx <= FIX_HOLE || idx >= __end_of_fixed_addresses);
//! ```
//!
//! Why there is a limit: what is mapped here is mapped from the first instruction to the
//! last, at addresses that never change, and so the page tables cannot be allocated when they
//! are needed. On x86_64 they are `level2_fixmap_pgt` and the `FIXMAP_PMD_NUM` tables of
//! `level1_fixmap_pgt` (arch/x86/kernel/head_64.S).
//!
//! # Expected
//!
//! When it is built with that enum, `FACE=enum`:
//!
//! ```text
//! error: call to '__compiletime_assert_…' declared with 'error' attribute:
//!   BUILD_BUG_ON failed: __end_of_permanent_fixed_addresses > (FIXMAP_PMD_NUM * PTRS_PER_PTE)
//! ```
//!
//! When this module runs,
//! `kernel BUG at arch/x86/mm/pgtable.c:…!` in `native_set_fixmap()`, into which
//! `__native_set_fixmap()` is inlined, on x86_64;
//! `kernel BUG at arch/arm64/mm/fixmap.c:…!` in `__set_fixmap()` on arm64. It is init that
//! dies of it: `Attempted to kill init!`, a panic. (Earlier in the boot, x86_64 does not
//! get that far. Before `trap_init()`, `PANIC: early exception 0x06` is all that a `BUG()`
//! comes to, and the CPU halts.)
//!
//! # Fix
//!
//! An index that is in the enum. The twin takes the last one: it is mapped, the device is
//! read through it, and it is cleared again.
//!
//! # Reach
//!
//! Built in, since `__set_fixmap()` is not exported: `oopsarium=fixmap_overflow`; x86_64
//! and arm64.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::device;
use oopsarium::fixmap::{set_fixmap_io, END};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: initcall,
    name: "fixmap_overflow",
    author: "Oopsarium",
    description: "A page that the fixmap does not have",
    license: "GPL",
}

#[link_section = ".init.text"]
fn init() -> Result {
    pr_info!("attempting: set_fixmap_io({END}, ...)\n");
    // SAFETY: Incorrect, on purpose: the last index is one less.
    unsafe { set_fixmap_io(END, device::REGISTERS) };
    pr_info!("survived: set_fixmap_io({END}, ...)\n");
    Ok(())
}
