// SPDX-License-Identifier: GPL-2.0

//! Maps a page to an address of the fixmap, by its index, and reads it both ways.
//!
//! # Shows
//!
//! An index stands for an address, and the compiler knows which: `fix_to_virt()`. What is
//! there is decided when the kernel runs, by `set_fixmap()`, and `clear_fixmap()` ends it.
//!
//! ```text
//! map of all memory   ---------------------[ page ]---------
//!                                              ^
//! fixmap              --[ index ]--------------'
//!                       [ the next one ]-------'
//! ```
//!
//! A page can be mapped more than once: all of these are the same bytes.
//!
//! The indices are those of `early_ioremap()`, which nobody uses when the boot has come to
//! the initcalls.
//!
//! # Checks
//!
//! - The addresses of the indices are a page apart, downwards, and lead back to them.
//! - What is written by one mapping is read by each of the others.
//! - The page tables, followed by hand, have the page there, and nothing before and after.
//!
//! # Reach
//!
//! Built in, since `__set_fixmap()` is not exported: `oopsarium=fixmap_map`; x86_64 and
//! arm64; `CONFIG_KPROBES` to find the page tables.

use core::{ffi::c_void, ptr::NonNull};
use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::checks::Checks;
use oopsarium::fixmap::{clear_fixmap, fix_to_virt, set_fixmap, virt_to_fix, FIX_BTMAPS};
use oopsarium::gfp;
use oopsarium::page::{__get_free_pages, PAGE_SIZE};
use oopsarium::pgtable::PageTables;

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: initcall,
    name: "fixmap_map",
    author: "Oopsarium",
    description: "A page of the fixmap, mapped by its index",
    license: "GPL",
}

const FIRST: u32 = *FIX_BTMAPS.start();
const SECOND: u32 = FIRST + 1;

#[link_section = ".init.text"]
fn init() -> Result {
    let mut checks = Checks::new();
    let tables = PageTables::kernel()?;
    // SAFETY: No zone; and initcalls may sleep.
    let page = unsafe { __get_free_pages(gfp::GFP_KERNEL, 0) }?;
    let phys = page.phys().start;
    let [first, second] = [FIRST, SECOND].map(fix_to_virt);

    let apart = first.as_ptr() as usize - second.as_ptr() as usize;
    checks.equal("the indices are so far apart", PAGE_SIZE, apart);
    checks.equal("the index of the first", Some(FIRST), virt_to_fix(first));
    checks.equal("the index of the second", Some(SECOND), virt_to_fix(second));

    let mapped = |addr: NonNull<c_void>| {
        // SAFETY: Nobody else maps anything there, and the tables of the fixmap stay.
        let found = unsafe { tables.lookup(addr.as_ptr() as usize) };
        found.map(|found| found.phys)
    };
    checks.equal("mapped before", [None; 2], [mapped(first), mapped(second)]);

    // SAFETY: One of the indices that are left from the boot, and a page of our own.
    unsafe { set_fixmap(FIRST, phys) };
    // SAFETY: As above.
    unsafe { set_fixmap(SECOND, phys) };
    let both = [mapped(first), mapped(second)];
    checks.equal("mapped meanwhile", [Some(phys); 2], both);

    let views = [page.addr(), first, second].map(NonNull::cast::<u64>);
    let names = [
        "the map of all memory",
        "the first index",
        "the second index",
    ];
    for (value, (writer, name)) in (1u64..).zip(views.iter().zip(names)) {
        let value = value * 0x1111_1111_1111_1111;
        // SAFETY: The page is ours, and mapped there.
        unsafe { writer.as_ptr().write_volatile(value) };
        // SAFETY: As above.
        let read = views.map(|view| unsafe { view.as_ptr().read_volatile() });
        pr_info!("  written by {name:21}: {value:x}, read: {read:x?}\n");
        checks.equal(name, [value; 3], read);
    }

    // SAFETY: Mapped above, and not used any more.
    unsafe { clear_fixmap(FIRST) };
    // SAFETY: As above.
    unsafe { clear_fixmap(SECOND) };
    checks.equal(
        "mapped afterwards",
        [None; 2],
        [mapped(first), mapped(second)],
    );
    checks.finish()
}
