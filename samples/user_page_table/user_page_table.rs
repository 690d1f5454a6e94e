// SPDX-License-Identifier: GPL-2.0

//! Looks whether the page tables of a process have the kernel's half of the addresses.
//!
//! # Shows
//!
//! On x86_64 the CPU has one register for page tables, `CR3`. When the kernel runs for a
//! process, both have to find their memory by the same topmost table; so its upper half is
//! the kernel's, entry by entry the same for all processes. `pgd_alloc()` copies it.
//!
//! ```text
//! x86_64   CR3 -----> [ user's | kernel's ]      swapper_pg_dir [ empty | kernel's ]
//!                                   `------- equal ---------------------------'
//! arm64    TTBR0_EL1 -> [ user's ]
//!          TTBR1_EL1 -> [ kernel's ]  = swapper_pg_dir
//! ```
//!
//! On arm64 there are two registers, and the highest bits of an address decide which one
//! counts. The table of a process has nothing of the kernel's, and no copy is made.
//!
//! # Checks
//!
//! - What one writes to a user's address is found in memory by following the user's table,
//!   and is not there by the kernel's own.
//! - A page of the kernel's is found by the kernel's table; by the user's too on x86_64,
//!   and on arm64 not.
//! - The registers: one table or two, and the kernel's is `swapper_pg_dir`, or not.
//! - The entries: all of the kernel's half are those of `swapper_pg_dir` on x86_64; on
//!   arm64 none of the process's is one of the kernel's.
//!
//! # Reach
//!
//! Loadable; x86_64 with four levels of page tables, and arm64 with 48-bit addresses;
//! `CONFIG_KPROBES` to find the kernel's table. Where the kernel's half is hidden from the
//! user (`CONFIG_MITIGATION_PAGE_TABLE_ISOLATION`), the kernel still runs on the whole one.

use kernel::prelude::*;
use oopsarium::checks::Checks;
use oopsarium::gfp;
use oopsarium::page::{__get_free_pages, phys_to_virt, virt_to_phys, PAGE_SIZE};
use oopsarium::pgtable::{self, PageTables, ENTRIES};
use oopsarium::user::{copy_to_user, vm_mmap, Frames};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: UserPageTable,
    name: "user_page_table",
    author: "Oopsarium",
    description: "The kernel's half in a process's page tables",
    license: "GPL",
}

/// One table for both halves.
const SHARED: bool = cfg!(CONFIG_X86_64);

struct UserPageTable;

impl kernel::Module for UserPageTable {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut checks = Checks::new();
        let (user_phys, kernel_phys) = pgtable::registers();
        let kernel = PageTables::kernel()?;
        // SAFETY: We are done with it before the process is gone.
        let user = unsafe { PageTables::user() }?;
        let swapper_phys = virt_to_phys(kernel.addr());
        pr_info!("  swapper_pg_dir            {swapper_phys:#012x}\n");
        pr_info!("  the register for users    {user_phys:#012x}\n");
        pr_info!("  the register for kernels  {kernel_phys:#012x}\n");
        checks.equal("one register for both", SHARED, user_phys == kernel_phys);
        let is_swapper = kernel_phys == swapper_phys;
        checks.equal("the kernel's is swapper_pg_dir", !SHARED, is_swapper);

        // A user's address.
        let mapping = vm_mmap(PAGE_SIZE, Frames::OnDemand)?;
        copy_to_user(mapping.start(), b"the user's bytes")?;
        // SAFETY: The mapping is ours, and stays.
        let found = unsafe { user.lookup(mapping.start()) };
        let direct = found.map(|found| phys_to_virt(found.phys));
        // SAFETY: The page is that of our mapping, and all memory is mapped there.
        let bytes = direct.map(|direct| unsafe { direct.cast::<[u8; 16]>().read_volatile() });
        checks.equal("by the user's table", Some(*b"the user's bytes"), bytes);
        // SAFETY: As above. On arm64 the kernel's table is followed for an address that is
        // not one of its own: it has entries for others there.
        let found = unsafe { kernel.lookup(mapping.start()) };
        let page = found.is_some_and(|found| Some(phys_to_virt(found.phys)) == direct);
        checks.that("not by the kernel's table", !page, found);

        // One of the kernel's.
        // SAFETY: No zone; and a module is loaded by a task, which may sleep.
        let page = unsafe { __get_free_pages(gfp::GFP_KERNEL, 0) }?;
        let (addr, phys) = (page.addr().as_ptr() as usize, page.phys().start);
        // SAFETY: The page is ours, and stays.
        let by = |tables: &PageTables| unsafe { tables.lookup(addr) }.map(|found| found.phys);
        checks.equal("by the kernel's table", Some(phys), by(&kernel));
        checks.equal("by the user's table", SHARED, by(&user) == Some(phys));

        // The entries.
        let halves = |tables: &PageTables, from: usize| -> Result<KVec<u64>> {
            let mut entries = KVec::with_capacity(ENTRIES, GFP_KERNEL)?;
            for entry in tables.top().skip(from) {
                entries.push(entry, GFP_KERNEL)?;
            }
            Ok(entries)
        };
        let from = if SHARED { ENTRIES / 2 } else { 0 };
        let (ours, theirs) = (halves(&user, from)?, halves(&kernel, from)?);
        let used = |entries: &[u64]| entries.iter().filter(|entry| **entry != 0).count();
        pr_info!(
            "  entries of the kernel's half: {} in swapper_pg_dir\n",
            used(&theirs)
        );
        let common = if SHARED {
            let pairs = ours.iter().zip(theirs.iter());
            pairs
                .filter(|(ours, theirs)| ours == theirs && **ours != 0)
                .count()
        } else {
            ours.iter()
                .filter(|entry| **entry != 0 && theirs.contains(entry))
                .count()
        };
        pr_info!("  of these in the process's table: {common}\n");
        checks.that("the kernel has some", used(&theirs) > 0, used(&theirs));
        let expected = if SHARED { used(&theirs) } else { 0 };
        checks.equal("entries in common", expected, common);
        checks.finish()?;
        Ok(Self)
    }
}
