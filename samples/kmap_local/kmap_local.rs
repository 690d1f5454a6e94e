// SPDX-License-Identifier: GPL-2.0

//! Maps three pages for a moment, one inside of the other, with `kmap_local_page()`.
//!
//! # Shows
//!
//! Where memory is not mapped all the time, a page is mapped when it is used. There are a
//! few slots for that, of each CPU's own, in the fixmap between `FIX_KMAP_BEGIN` and
//! `FIX_KMAP_END`. They are a stack: who maps takes the next one, who unmaps gives the
//! last one back. The documents' `kmap_atomic()`, which also kept the task from being put
//! off, has become `kmap_local_page()`.
//!
//! ```text
//! FIX_KMAP_BEGIN             first
//!                 (guard)    |  second
//!                 (guard)    |  |  third
//!                            |  |  |
//!                            `--+--'  unmapped the other way round
//! ```
//!
//! On 64 bits all memory is mapped, and `kmap_local_page()` returns where. It is still the
//! right call: one day the page may not be in that map. So that it can be tried, x86_64
//! has `CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP`, and with it the slots, and between them pages
//! that stay unmapped. In 6.12 it does not get to `kmap_local_page()`: that is inline, and
//! without `CONFIG_HIGHMEM` asks nobody (include/linux/highmem-internal.h). What it would
//! call, `__kmap_local_page_prot()`, does map, and so the sample calls that. arm64 has no
//! slots.
//!
//! In Rust, `with_kmap_local()` takes what is to be done with the page, as
//! `kernel::page::Page` does inside. That mappings are undone in order is no rule any more
//! that one could break.
//!
//! # Checks
//!
//! - `kmap_local_page()` returns where the map of all memory has the page.
//! - Each page is where it was mapped: by the page tables, followed by hand, and by what is
//!   read.
//! - Each mapping lies between `FIX_KMAP_BEGIN` and `FIX_KMAP_END`, two pages below the one
//!   before.
//! - When all is done nothing is mapped there, and the first slot is the first again.
//!
//! # Reach
//!
//! Loadable; x86_64 with `CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP`; on arm64 only the first check;
//! `CONFIG_KPROBES` to find the page tables.

use kernel::prelude::*;
use oopsarium::checks::Checks;
use oopsarium::gfp;
use oopsarium::kmap::kmap_local_page;
use oopsarium::page::{__get_free_pages, MappedPages};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: KmapLocal,
    name: "kmap_local",
    author: "Oopsarium",
    description: "Temporary mappings, nested and in order",
    license: "GPL",
}

struct KmapLocal;

impl kernel::Module for KmapLocal {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut checks = Checks::new();
        let pages = [filled(1)?, filled(2)?, filled(3)?];
        let direct = pages[0].addr().as_ptr();
        checks.equal("kmap_local_page()", direct, kmap_local_page(&pages[0])?);
        #[cfg(CONFIG_KMAP_LOCAL)]
        slots::show(&pages, &mut checks)?;
        checks.finish()?;
        Ok(Self)
    }
}

/// A page full of `byte`.
fn filled(byte: u8) -> Result<MappedPages> {
    // SAFETY: No zone; and a module is loaded by a task, which may sleep.
    let mut page = unsafe { __get_free_pages(gfp::GFP_KERNEL, 0) }?;
    page.as_mut_slice().fill(core::mem::MaybeUninit::new(byte));
    Ok(page)
}

#[cfg(CONFIG_KMAP_LOCAL)]
mod slots {
    use super::*;
    use core::{ffi::c_void, ptr::NonNull};
    use oopsarium::fixmap::{virt_to_fix, FIX_KMAP};
    use oopsarium::kmap::with_kmap_local;
    use oopsarium::page::{phys_addr_t, PAGE_SIZE};
    use oopsarium::pgtable::PageTables;

    pub(super) fn show(pages: &[MappedPages; 3], checks: &mut Checks) -> Result {
        let tables = PageTables::kernel()?;
        let mapped = |addr: NonNull<c_void>| -> Option<phys_addr_t> {
            // SAFETY: Our own mapping, or a slot of our CPU's: its tables stay.
            let found = unsafe { tables.lookup(addr.as_ptr() as usize) };
            found.map(|found| found.phys)
        };

        let [first, second, third] = pages;
        let addrs = with_kmap_local(first, |first| {
            with_kmap_local(second, |second| {
                with_kmap_local(third, |third| {
                    let addrs = [first, second, third];
                    for (addr, page) in addrs.into_iter().zip(pages) {
                        let index = virt_to_fix(addr).unwrap_or_default();
                        let (there, phys) = (addr.as_ptr() as usize, page.phys().start);
                        pr_info!("  slot {index}, {there:016x}: page at {phys:#x}\n");
                        checks.equal("the page tables have it there", Some(phys), mapped(addr));
                    }
                    // SAFETY: They are mapped.
                    let read =
                        addrs.map(|addr| unsafe { addr.as_ptr().cast::<u8>().read_volatile() });
                    checks.equal("what is read", [1, 2, 3], read);
                    Ok(addrs)
                })
            })
        })?;

        let slots = FIX_KMAP.ok_or(EINVAL)?;
        let indices = addrs.map(virt_to_fix);
        let in_slots = |index: &Option<u32>| index.is_some_and(|index| slots.contains(&index));
        checks.that("all are slots", indices.iter().all(in_slots), indices);
        let at = addrs.map(|addr| addr.as_ptr() as usize);
        let down = [at[0].wrapping_sub(at[1]), at[1].wrapping_sub(at[2])];
        checks.equal("from each down to the next", [2 * PAGE_SIZE; 2], down);
        checks.equal("mapped afterwards", [None; 3], addrs.map(mapped));
        let again = with_kmap_local(third, Ok)?;
        checks.equal("the first slot again", addrs[0], again);
        Ok(())
    }
}
