// SPDX-License-Identifier: GPL-2.0

//! Shows the flags of pages: a user's, a locked one, a block's, the slab allocator's, the
//! kernel's.
//!
//! # Shows
//!
//! Every page of memory has a `struct page`, and that a word of flags, which say what
//! becomes of it: whether it lies in a list for reclaim, must stay, was never the page
//! allocator's. What a page is used for was a flag too, once (`PG_slab`); it has become a
//! number, `page_type`, in a place that pages which a user has mapped use otherwise.
//!
//! # Checks
//!
//! For each page: it has the flag that makes it what it is; and what /proc/kpageflags says
//! of it is what was decoded here, for each of the flags that are the same there.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64; `CONFIG_PROC_PAGE_MONITOR`; `CONFIG_KPROBES`, for what is
//! not exported; `CONFIG_MEMORY_HOTPLUG`, by which a module finds a page's `struct page`.

use kernel::{c_str, prelude::*};
use oopsarium::checks::Checks;
use oopsarium::file::Process;
use oopsarium::flags::{Shown, PAGE};
use oopsarium::page::{__get_free_pages, page_note, phys_addr_t, virt_to_phys, PAGE_SIZE};
use oopsarium::pgtable::PageTables;
use oopsarium::user::{copy_to_user, vm_mmap, Frames, UserPtr};
use oopsarium::{gfp, kallsyms};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: FlagsPage,
    name: "flags_page",
    author: "Oopsarium",
    description: "The flags of pages",
    license: "GPL",
}

/// Which bit of /proc/kpageflags stands for which flag:
/// include/uapi/linux/kernel-page-flags.h.
const KPAGEFLAGS: [(u32, &str); 12] = [
    (0, "PG_locked"),
    (2, "PG_referenced"),
    (3, "PG_uptodate"),
    (4, "PG_dirty"),
    (5, "PG_lru"),
    (6, "PG_active"),
    (8, "PG_writeback"),
    (9, "PG_reclaim"),
    (14, "PG_swapbacked"),
    (18, "PG_unevictable"),
    (32, "PG_reserved"),
    (33, "PG_mlocked"),
];
const KPF_SLAB: u32 = 7;

/// `PGTY_slab`, in the highest byte of a `page_type`.
const SLAB: u8 = 0xf5;

struct FlagsPage;

impl kernel::Module for FlagsPage {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut checks = Checks::new();
        let process = Process::current()?;
        // SAFETY: We are done with it before the process is gone.
        let tables = unsafe { PageTables::user() }?;
        let frame = |addr: UserPtr| {
            // SAFETY: Of our own mappings, which stay.
            let found = unsafe { tables.lookup(addr) };
            found.map(|found| found.phys).ok_or(EFAULT)
        };
        let mut show = |name: &str, phys: phys_addr_t, flag: &str| -> Result {
            let found = page_note(phys)?;
            let slab = found.kind == SLAB;
            let word =
                process.read_words(c_str!("/proc/kpageflags"), phys as usize / PAGE_SIZE, 1)?;
            pr_info!("  {name:18} {}\n", Shown(found.flags, &PAGE));
            let has = |flag: &str| {
                let bit = PAGE.iter().find(|(_, name)| *name == flag);
                bit.is_some_and(|(bit, _)| found.flags & bit != 0)
            };
            let right = if flag == "slab" { slab } else { has(flag) };
            checks.that(name, right, found.flags);
            let same = |(bit, flag): &(u32, &str)| has(flag) == (word[0] & 1 << bit != 0);
            let all = KPAGEFLAGS.iter().all(same) && slab == (word[0] & 1 << KPF_SLAB != 0);
            checks.that("the same in kpageflags", all, word[0]);
            Ok(())
        };

        let touched = vm_mmap(PAGE_SIZE, Frames::OnDemand)?;
        copy_to_user(touched.start(), &[1])?;
        show("a user's page", frame(touched.start())?, "PG_swapbacked")?;
        let locked = vm_mmap(PAGE_SIZE, Frames::Locked)?;
        show("with MAP_LOCKED", frame(locked.start())?, "PG_mlocked")?;
        // SAFETY: No zone; and a module is loaded by a task, which may sleep.
        let block = unsafe { __get_free_pages(gfp::GFP_KERNEL | gfp::__GFP_COMP, 2) }?;
        show("a block of four", block.phys().start, "PG_head")?;
        let object = KBox::new(0u64, GFP_KERNEL)?;
        let object = core::ptr::NonNull::from(&*object).cast();
        show("a slab object's", virt_to_phys(object), "slab")?;
        let text = kallsyms::lookup(c_str!("_stext"))?;
        show("the kernel's text", virt_to_phys(text), "PG_reserved")?;
        checks.finish()?;
        Ok(Self)
    }
}
