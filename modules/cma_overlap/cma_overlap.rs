// SPDX-License-Identifier: GPL-2.0

//! Writes to a page that the page allocator has handed out, and that is the kernel's text.
//!
//! # Bug
//!
//! A device tree can set memory aside for devices that need it in one piece (CMA). Until
//! one does, its pages are lent to whoever can move out again: the page cache, and the
//! memory of processes. The board's device tree had that region where the kernel is:
//!
//! ```text
//! 0x40000000            0x40200000                0x40400000   0x40450000
//! |     free memory     |================ kernel text ================|= kernel data …
//! |== linux,cma: reg = <0 0x40000000 0 0x400000> ==|
//!                       |###### both at once ######|
//! ```
//!
//! 1. `arm64_memblock_init()` reserves the kernel's image, and then all that the device
//!    tree wants reserved. That some of it is reserved already is no error.
//! 2. `rmem_cma_setup()` makes a CMA region of it.
//! 3. `cma_init_reserved_areas()`, later in the boot, gives the pages of the region to the
//!    page allocator, as movable ones that are free.
//! 4. The page allocator hands them out, but last of all. So nothing happens until somebody
//!    copies a large file: its pages go to the page cache, one of them is text, and `cp`
//!    dies in the middle of `write()`.
//!
//! This module does by itself what otherwise takes a large file: it takes movable pages
//! until some of them are text, gives the others back, and writes to the first byte. That
//! is what everybody does with a page. What is wrong is the page.
//!
//! # Rule
//!
//! A region of the device tree lies where nothing else is. Nobody sees to that:
//! `cma_init_reserved_mem()` (mm/cma.c) wants it to be reserved, but the kernel's text is
//! that too;
//!
//! ```c
//! if (!size || !memblock_is_region_reserved(base, size))
//!         return -EINVAL;
//! ```
//!
//! and `__rmem_check_for_overlap()` (drivers/of/of_reserved_mem.c) compares the regions of
//! the device tree with each other only. With a region from the command line,
//! `cma=4M@0x40000000`, `cma_declare_contiguous_nid()` asks the same question before it
//! reserves anything, and refuses: `cma: Failed to reserve 4 MiB on node -1`.
//!
//! # Expected
//!
//! Early in the boot `Reserved memory: created CMA memory pool at …, size 4 MiB`. Then
//! `Unable to handle kernel write to read-only memory at virtual address …`, with `FSC` a
//! permission fault: in this module's `init()`, or, where `cp` does it, in `__memcpy()` or
//! `__arch_copy_from_user()` under `generic_perform_write()`. The address is not the one
//! where the text is executed, but where the kernel has all of the memory mapped; and it is
//! the same each time: `cp` comes upon the first page of the image, of which `.text` begins
//! 64 KiB later.
//!
//! ```text
//! Unable to handle kernel write to read-only memory at virtual address ffff…
//!   EC = 0x25: DABT (current EL), IL = 32 bits
//!   FSC = 0x0e: level 2 permission fault
//!   CM = 0, WnR = 1, …
//! Hardware name: Rockchip RK3566 EVB2 LP4X V10 Board (DT)
//! pc : …
//! ```
//!
//! # Fix
//!
//! A region beside the kernel, with which the twin takes pages of the region and writes to
//! them; or one without a fixed address, for which the kernel finds a place itself.
//!
//! In the kernel, patches/0001-dma-contiguous-refuse-a-CMA-region-that-overlaps-mem.patch:
//! it looks before the region is reserved, because later there is no telling by whom. What
//! is refused must not be given back to memblock either, as other refused regions are: the
//! kernel's text would go with it. (It does where `cma=` makes the kernel pass over the
//! region of the device tree; then even `cma=4M@0x40000000` is granted: `WAY=both`.)
//! `FIXED=patch` boots a kernel with the patch, which says `… overlaps memory that is in use,
//! no CMA there`, and copies the file.
//!
//! # Reach
//!
//! Loadable; arm64, with a device tree of its own (machine `rk3566`); `CONFIG_DMA_CMA`, and
//! `CONFIG_KPROBES` and `CONFIG_KALLSYMS_ALL`, to find out where region and text are. The
//! region is one block of 4 MiB, the largest that the page allocator has (it could be a
//! pageblock, `CMA_MIN_ALIGNMENT_BYTES`, which is half of that where there are huge pages). It
//! has to end before the text does: what comes next is the vDSO, which is mapped in every
//! process, and `special_mapping_fault()` would stumble over its pages first.

use kernel::prelude::*;
use oopsarium::{cma, image, page};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: CmaOverlap,
    name: "cma_overlap",
    author: "Oopsarium",
    description: "Movable pages, until some are text",
    license: "GPL",
}

struct CmaOverlap;

impl kernel::Module for CmaOverlap {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let text = image::text()?;
        pr_info!("kernel text: {text:#x?}\n");
        if let Some(region) = cma::default_area()? {
            pr_info!("CMA region: {region:#x?}\n");
            if let Some(both) = page::overlap(&region, &text) {
                pr_info!("both at once: {both:#x?}\n");
            }
        }

        let Some(pages) = page::take_movable(&text)? else {
            pr_info!("survived: no movable page is text\n");
            return Ok(Self);
        };
        let byte = pages.at(pages.phys().start.max(text.start))?;

        pr_info!("attempting: write to a movable page\n");
        // SAFETY: Incorrect, on purpose: the page is ours, but it is not writable.
        unsafe { byte.as_ptr().write_volatile(0) };
        pr_info!("survived: write to a movable page\n");
        Ok(Self)
    }
}
