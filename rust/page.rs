// SPDX-License-Identifier: GPL-2.0

//! The page allocator.

use super::{
    bindings,
    gfp::{self, gfp_t},
};
use core::{alloc::Layout, ffi::c_void, mem::MaybeUninit, ops::Range, ptr::NonNull};
use kernel::{alloc::AllocError, prelude::*};

/// The address of a byte, as the memory bus has it.
pub use bindings::phys_addr_t;

/// How many bytes a page has.
pub use bindings::PAGE_SIZE;

/// The size and the alignment of one page.
pub const PAGE: Layout = match Layout::from_size_align(PAGE_SIZE, PAGE_SIZE) {
    Ok(layout) => layout,
    Err(_) => panic!("a page's size is a power of two"),
};

/// The largest order that there is.
pub use bindings::MAX_PAGE_ORDER;

/// The largest order of which the CPUs may have lists of their own.
pub use bindings::PAGE_ALLOC_COSTLY_ORDER;

/// `1 << order` pages, contiguous and of their own: freed when dropped.
///
/// # Invariants
///
/// `first` came from the page allocator, as a block of `order`, and nobody else
/// frees it.
pub struct Pages {
    first: NonNull<bindings::page>,
    order: u32,
}

impl Pages {
    /// How many pages these are.
    pub fn count(&self) -> usize {
        1 << self.order
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: By the type invariants this block is ours, and of this order.
        unsafe { bindings::__free_pages(self.first.as_ptr(), self.order) };
    }
}

/// Allocates `1 << order` contiguous pages.
///
/// An order of zero is served from the per-CPU page lists where they have any,
/// larger ones (above order 3) always by the buddy allocator itself.
///
/// # Errors
///
/// [`AllocError`] when there is no such memory.
///
/// # Safety
///
/// - `gfp` holds at most one of `__GFP_DMA`, `__GFP_DMA32` and `__GFP_HIGHMEM`.
/// - `order` is [`MAX_PAGE_ORDER`] at most.
/// - Where `gfp` allows sleeping, the caller may sleep.
pub unsafe fn alloc_pages(gfp: gfp_t, order: u32) -> Result<Pages, AllocError> {
    // SAFETY: The caller's promises are all that the kernel asks for.
    let first = unsafe { bindings::alloc_pages(gfp, order) };
    // INVARIANT: The block was just handed to us.
    Ok(Pages {
        first: NonNull::new(first).ok_or(AllocError)?,
        order,
    })
}

/// Allocates one page: [`alloc_pages`] of order zero.
///
/// # Errors
///
/// As for [`alloc_pages`].
///
/// # Safety
///
/// As for [`alloc_pages`].
pub unsafe fn alloc_page(gfp: gfp_t) -> Result<Pages, AllocError> {
    // SAFETY: Our caller promises what `alloc_pages` asks for.
    unsafe { alloc_pages(gfp, 0) }
}

/// `1 << order` pages, contiguous and mapped: freed when dropped.
///
/// # Invariants
///
/// `addr` came from `__get_free_pages()`, for this `order`, and nobody else frees it.
pub struct MappedPages {
    addr: NonNull<c_void>,
    order: u32,
}

impl MappedPages {
    /// Where they are in memory.
    pub fn phys(&self) -> Range<phys_addr_t> {
        let start = virt_to_phys(self.addr);
        start..start + (PAGE_SIZE << self.order) as phys_addr_t
    }

    /// Where the first byte is mapped.
    pub fn addr(&self) -> NonNull<c_void> {
        self.addr
    }

    /// Their bytes.
    pub fn as_mut_slice(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: By the type invariants so many bytes are mapped there, and ours.
        unsafe {
            core::slice::from_raw_parts_mut(self.addr.as_ptr().cast(), PAGE_SIZE << self.order)
        }
    }

    /// The `struct page` of the first of them.
    ///
    /// # Errors
    ///
    /// `ENOTSUPP` on a kernel that never adds or removes memory: there the way to it is
    /// one that bindgen cannot go.
    pub fn page(&self) -> Result<NonNull<bindings::page>> {
        page_at(self.phys().start)
    }

    /// Where the byte is mapped that is at `phys` in memory.
    ///
    /// # Errors
    ///
    /// `ERANGE` when it is not in these pages.
    pub fn at(&self, phys: phys_addr_t) -> Result<NonNull<u8>> {
        let pages = self.phys();
        if !pages.contains(&phys) {
            return Err(ERANGE);
        }
        let offset = (phys - pages.start) as usize;
        let byte = self.addr.as_ptr().cast::<u8>().wrapping_add(offset);
        // SAFETY: It is in the pages, and these are mapped as they lie in memory.
        Ok(unsafe { NonNull::new_unchecked(byte) })
    }
}

impl Drop for MappedPages {
    fn drop(&mut self) {
        // SAFETY: By the type invariants this block is ours, and of this order.
        unsafe { bindings::free_pages(self.addr.as_ptr() as _, self.order) };
    }
}

/// Allocates `1 << order` contiguous pages, and says where they are mapped.
///
/// # Errors
///
/// [`AllocError`] when there is no such memory.
///
/// # Safety
///
/// - `gfp` holds at most one of `__GFP_DMA` and `__GFP_DMA32`, and no `__GFP_HIGHMEM`.
/// - `order` is [`MAX_PAGE_ORDER`] at most.
/// - Where `gfp` allows sleeping, the caller may sleep.
pub unsafe fn __get_free_pages(gfp: gfp_t, order: u32) -> Result<MappedPages, AllocError> {
    // `__get_free_pages()` is a macro; this is what it calls.
    // SAFETY: The caller's promises are all that the kernel asks for.
    let addr = unsafe { bindings::get_free_pages_noprof(gfp, order) };
    // INVARIANT: The block was just handed to us.
    Ok(MappedPages {
        addr: NonNull::new(addr as *mut c_void).ok_or(AllocError)?,
        order,
    })
}

/// Where in memory that is which is mapped to `addr`, in the kernel's image or in its map
/// of all memory.
#[cfg(CONFIG_ARM64)]
pub fn virt_to_phys(addr: NonNull<c_void>) -> phys_addr_t {
    let addr = addr.as_ptr() as usize;
    // The map of all memory is the lower half.
    if addr < bindings::PAGE_END as usize {
        // SAFETY: Nobody writes to it any more when the kernel has booted.
        let start = unsafe { bindings::memstart_addr };
        (addr - bindings::PAGE_OFFSET as usize) as phys_addr_t + start as phys_addr_t
    } else {
        // SAFETY: As above.
        addr as phys_addr_t - unsafe { bindings::kimage_voffset }
    }
}

/// The same on x86_64, where the image is above that map too.
#[cfg(CONFIG_X86_64)]
pub fn virt_to_phys(addr: NonNull<c_void>) -> phys_addr_t {
    #[cfg(not(CONFIG_DYNAMIC_MEMORY_LAYOUT))]
    let page_offset = bindings::__PAGE_OFFSET_BASE_L4 as usize;
    #[cfg(CONFIG_DYNAMIC_MEMORY_LAYOUT)]
    // SAFETY: Nobody writes to it any more when the kernel has booted.
    let page_offset = unsafe { bindings::page_offset_base };
    let addr = addr.as_ptr() as usize;
    let phys = match addr.checked_sub(bindings::__START_KERNEL_map as usize) {
        // SAFETY: As above.
        Some(offset) => offset + unsafe { bindings::phys_base },
        None => addr - page_offset,
    };
    phys as phys_addr_t
}

/// Where that is mapped which is at `phys` in memory, in the kernel's map of all memory: a sum,
/// which says nothing about whether it is mapped there.
#[cfg(CONFIG_ARM64)]
pub fn phys_to_virt(phys: phys_addr_t) -> *mut c_void {
    // SAFETY: Nobody writes to it any more when the memory is known.
    let start = unsafe { bindings::memstart_addr } as phys_addr_t;
    phys.wrapping_sub(start)
        .wrapping_add(bindings::PAGE_OFFSET as phys_addr_t) as *mut c_void
}

/// The same on x86_64.
#[cfg(CONFIG_X86_64)]
pub fn phys_to_virt(phys: phys_addr_t) -> *mut c_void {
    #[cfg(not(CONFIG_DYNAMIC_MEMORY_LAYOUT))]
    let page_offset = bindings::__PAGE_OFFSET_BASE_L4 as phys_addr_t;
    #[cfg(CONFIG_DYNAMIC_MEMORY_LAYOUT)]
    // SAFETY: Nobody writes to it any more when the memory is known.
    let page_offset = unsafe { bindings::page_offset_base } as phys_addr_t;
    phys.wrapping_add(page_offset) as *mut c_void
}

/// The `struct page` of the page at `phys`.
fn page_at(phys: phys_addr_t) -> Result<NonNull<bindings::page>> {
    #[cfg(CONFIG_MEMORY_HOTPLUG)]
    {
        let pfn = phys as usize / PAGE_SIZE;
        // SAFETY: Any number will do.
        NonNull::new(unsafe { bindings::pfn_to_online_page(pfn as _) }).ok_or(EFAULT)
    }
    #[cfg(not(CONFIG_MEMORY_HOTPLUG))]
    Err(ENOTSUPP)
}

/// What the kernel has noted of a page.
pub struct PageNote {
    /// Its flags: [`flags::PAGE`](super::flags::PAGE).
    pub flags: u64,
    /// What it is used for, where that is not for a user: `PGTY_slab` and others.
    pub kind: u8,
}

/// What the kernel has noted of the page at `phys`. It may be another page's the next moment,
/// unless it is the caller's own.
///
/// # Errors
///
/// `EFAULT` when there is no memory; `ENOTSUPP` as for [`MappedPages::page`].
pub fn page_note(phys: phys_addr_t) -> Result<PageNote> {
    let page = page_at(phys)?.as_ptr();
    // SAFETY: It is there, and as large; others may write to it, in whole words.
    let flags = unsafe { (&raw const (*page).flags).read_volatile() };
    // SAFETY: As above.
    let kind = unsafe { (&raw const (*page).__bindgen_anon_2.page_type).read_volatile() };
    Ok(PageNote {
        flags: flags as u64,
        kind: (kind >> 24) as u8,
    })
}

/// What two ranges of memory have in common, if they have.
pub fn overlap(a: &Range<phys_addr_t>, b: &Range<phys_addr_t>) -> Option<Range<phys_addr_t>> {
    let both = a.start.max(b.start)..a.end.min(b.end);
    (!both.is_empty()).then_some(both)
}

/// Unmovable pages, if they are to be had without anybody being killed for them.
const GFP_KERNEL_NORETRY: gfp_t = gfp::GFP_KERNEL | gfp::__GFP_NORETRY | gfp::__GFP_NOWARN;

/// Movable pages may lie in CMA regions. Nothing is done to get them: no memory is freed for
/// it, and no task is killed.
const MOVABLE: gfp_t = gfp::__GFP_MOVABLE | gfp::__GFP_NOWARN;

/// Takes movable pages until some of them lie in `wanted`, and gives the others back.
///
/// Large blocks come first, and the small ones not at all that could wait in the list of some
/// CPU. The allocator has lists of its own for each kind of memory, and looks for a movable
/// block
///
/// 1. among those that are movable,
/// 2. among those of the CMA regions,
/// 3. among the unmovable and reclaimable ones, which then become movable.
///
/// For all of the first to be gone when there still is memory for everybody else, a part of
/// it is made unmovable before: it is allocated as such, and freed. Half of that part is left
/// alone whatever happens. That is far more than the watermarks (with 2 GiB of memory some
/// 10 MiB), below which tasks wait for memory, and in the end one is killed for it. The other
/// half is used up step by step, so that each size of blocks has its turn before it is.
///
/// For tasks that may sleep, such as one that loads a module.
///
/// # Errors
///
/// `ENOMEM` when so much memory is in use that there is no such part, or none to keep the
/// others in mind.
pub fn take_movable(wanted: &Range<phys_addr_t>) -> Result<Option<MappedPages>> {
    let part = memory().total / 16;
    let mut unmovable = KVec::new();
    for _ in 0..part.div_ceil(1 << MAX_PAGE_ORDER) {
        // SAFETY: No zone; and our caller may sleep.
        let pages = unsafe { __get_free_pages(GFP_KERNEL_NORETRY, MAX_PAGE_ORDER) }?;
        unmovable.push(pages, GFP_KERNEL)?;
    }
    drop(unmovable);

    let mut others = KVec::new();
    let orders = PAGE_ALLOC_COSTLY_ORDER + 1..=MAX_PAGE_ORDER;
    let steps = orders.clone().count();
    for (order, step) in orders.rev().zip(1..) {
        let left = part - part / 2 * step / steps;
        while memory().free > left {
            // SAFETY: No zone, and nothing that may sleep.
            let Ok(pages) = (unsafe { __get_free_pages(MOVABLE, order) }) else {
                break;
            };
            if overlap(&pages.phys(), wanted).is_some() {
                return Ok(Some(pages));
            }
            others.push(pages, GFP_KERNEL)?;
        }
    }
    Ok(None)
}

/// How many pages there are.
struct Memory {
    /// All that the page allocator has.
    total: usize,
    /// Those that nobody has, but for the ones in the lists of the CPUs.
    free: usize,
}

/// How much memory there is at the moment.
fn memory() -> Memory {
    let mut info = bindings::sysinfo::default();
    // SAFETY: It has room for what is written there.
    unsafe { bindings::si_meminfo(&mut info) };
    // What C calls unsigned long is u64 in the bindings of some kernels.
    #[allow(clippy::unnecessary_cast)]
    Memory {
        total: info.totalram as usize,
        free: info.freeram as usize,
    }
}
