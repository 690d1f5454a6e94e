// SPDX-License-Identifier: GPL-2.0

//! Page tables, followed by hand as the CPU follows them: four levels of 512 entries.

use super::{
    bindings, kallsyms,
    page::{phys_addr_t, phys_to_virt, PAGE_SIZE},
};
use core::{
    ffi::c_void,
    ops::Range,
    ptr::NonNull,
    sync::atomic::{AtomicU64, Ordering},
};
use kernel::{c_str, prelude::*};

/// How many entries a table has.
pub const ENTRIES: usize = PAGE_SIZE / size_of::<u64>();

/// One table. The CPU may write to it, and so may others.
type Table = [AtomicU64; ENTRIES];

/// Page tables, by their topmost one.
pub struct PageTables(NonNull<Table>);

/// What an entry that maps something says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// Where in memory the byte is.
    pub phys: phys_addr_t,
    /// The entry, with its flags.
    pub entry: u64,
    /// How many bytes it maps: a page, or more.
    pub size: usize,
}

#[cfg(CONFIG_X86_64)]
mod imp {
    /// `_PAGE_PRESENT`
    pub(super) const PRESENT: u64 = 1 << 0;
    /// `_PAGE_PSE`: it maps something itself, above the last level.
    pub(super) fn is_block(entry: u64) -> bool {
        entry & 1 << 7 != 0
    }
    /// Where the next table is, or what is mapped.
    pub(super) const ADDRESS: u64 = 0x000f_ffff_ffff_f000;
    /// The symbol that the topmost table of the kernel's goes by.
    pub(super) const KERNEL: &kernel::str::CStr = kernel::c_str!("init_top_pgt");
}

#[cfg(CONFIG_ARM64)]
mod imp {
    /// `PTE_VALID`
    pub(super) const PRESENT: u64 = 1 << 0;
    /// Not `PMD_TYPE_TABLE`: it maps something itself, above the last level.
    pub(super) fn is_block(entry: u64) -> bool {
        entry & 1 << 1 == 0
    }
    /// Where the next table is, or what is mapped.
    pub(super) const ADDRESS: u64 = 0x0000_ffff_ffff_f000;
    /// The symbol that the topmost table of the kernel's goes by.
    pub(super) const KERNEL: &kernel::str::CStr = kernel::c_str!("swapper_pg_dir");
}

/// What the CPU has in the registers for page tables: where the topmost table is in memory
/// for a user's addresses, and where for the kernel's.
#[cfg(CONFIG_X86_64)]
pub fn registers() -> (phys_addr_t, phys_addr_t) {
    let cr3: u64;
    // SAFETY: To read the register changes nothing.
    unsafe { core::arch::asm!("mov {}, cr3", out(reg) cr3, options(nomem, nostack)) };
    // One table for both.
    (cr3 & imp::ADDRESS, cr3 & imp::ADDRESS)
}

/// What the CPU has in the registers for page tables: where the topmost table is in memory
/// for a user's addresses, and where for the kernel's.
#[cfg(CONFIG_ARM64)]
pub fn registers() -> (phys_addr_t, phys_addr_t) {
    let (ttbr0, ttbr1): (u64, u64);
    // SAFETY: To read the register changes nothing.
    unsafe { core::arch::asm!("mrs {}, ttbr0_el1", out(reg) ttbr0, options(nomem, nostack)) };
    // SAFETY: As above.
    unsafe { core::arch::asm!("mrs {}, ttbr1_el1", out(reg) ttbr1, options(nomem, nostack)) };
    (ttbr0 & imp::ADDRESS, ttbr1 & imp::ADDRESS)
}

/// Whether there is a fifth level, which is not followed here.
fn five_levels() -> bool {
    #[cfg(CONFIG_X86_64)]
    {
        let cr4: u64;
        // SAFETY: To read the register changes nothing.
        unsafe { core::arch::asm!("mov {}, cr4", out(reg) cr4, options(nomem, nostack)) };
        // CR4.LA57
        cr4 & 1 << 12 != 0
    }
    #[cfg(not(CONFIG_X86_64))]
    false
}

impl PageTables {
    /// Those that the kernel starts from, whichever process runs: `swapper_pg_dir`.
    ///
    /// # Errors
    ///
    /// Those of [`kallsyms::lookup`]; `ENOTSUPP` when the CPU follows five levels.
    pub fn kernel() -> Result<Self> {
        if five_levels() {
            return Err(ENOTSUPP);
        }
        Ok(Self(kallsyms::lookup(imp::KERNEL)?.cast()))
    }

    /// Those that the CPU has in use for a user's addresses.
    ///
    /// # Errors
    ///
    /// `ENOTSUPP` when the CPU follows five levels.
    ///
    /// # Safety
    ///
    /// - It is not used any more when the current process is gone.
    pub unsafe fn user() -> Result<Self> {
        if five_levels() {
            return Err(ENOTSUPP);
        }
        let (user, _) = registers();
        let table = NonNull::new(phys_to_virt(user)).ok_or(EFAULT)?;
        Ok(Self(table.cast()))
    }

    /// Where the topmost table is.
    pub fn addr(&self) -> NonNull<c_void> {
        self.0.cast()
    }

    /// The entries of the topmost table.
    pub fn top(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        // SAFETY: A table, and still there: who made the value says so.
        let table = unsafe { self.0.as_ref() };
        table.iter().map(|entry| entry.load(Ordering::Relaxed))
    }

    /// What is mapped to `addr`, if something is.
    ///
    /// # Safety
    ///
    /// - Nobody frees a table on the way meanwhile: what is mapped around `addr` stays, or is
    ///   the caller's own.
    pub unsafe fn lookup(&self, addr: usize) -> Option<Mapped> {
        let mut table = self.0;
        let mut size = PAGE_SIZE * ENTRIES * ENTRIES * ENTRIES;
        loop {
            // SAFETY: A table, and it stays: our caller says so.
            let entries = unsafe { table.as_ref() };
            let entry = entries[addr / size % ENTRIES].load(Ordering::Relaxed);
            if entry & imp::PRESENT == 0 {
                return None;
            }
            let next = entry & imp::ADDRESS;
            if size == PAGE_SIZE || imp::is_block(entry) {
                // A block's flags can be where a page has its address.
                let start = next as usize & !(size - 1);
                return Some(Mapped {
                    phys: (start + addr % size) as phys_addr_t,
                    entry,
                    size,
                });
            }
            table = NonNull::new(phys_to_virt(next as phys_addr_t))?.cast();
            size /= ENTRIES;
        }
    }

    /// How many pages of `range` are mapped.
    ///
    /// # Safety
    ///
    /// As for [`Self::lookup`].
    pub unsafe fn count(&self, range: Range<usize>) -> usize {
        let pages = range.step_by(PAGE_SIZE);
        // SAFETY: Our caller promises it.
        pages
            .filter(|page| unsafe { self.lookup(*page) }.is_some())
            .count()
    }
}
