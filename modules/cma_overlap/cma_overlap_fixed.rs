// SPDX-License-Identifier: GPL-2.0

//! Writes to a page that the page allocator has handed out from a CMA region beside the
//! kernel: the twin of `cma_overlap`.
//!
//! The pages of the region are lent to whoever can move out again, and they are memory like
//! any other. Nothing is reported.

use core::ops::Range;
use kernel::prelude::*;
use oopsarium::gfp::{self, gfp_t};
use oopsarium::page::{self, phys_addr_t, MappedPages, MAX_PAGE_ORDER, PAGE_ALLOC_COSTLY_ORDER};
use oopsarium::{cma, image};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: CmaOverlap,
    name: "cma_overlap_fixed",
    author: "Oopsarium",
    description: "Movable pages, until some are of a CMA region",
    license: "GPL",
}

/// Movable pages may lie in CMA regions. The others are for having all of the memory, and
/// no complaints about that.
const MOVABLE: gfp_t = gfp::GFP_KERNEL
    | gfp::__GFP_MOVABLE
    | gfp::__GFP_MEMALLOC
    | gfp::__GFP_NORETRY
    | gfp::__GFP_NOWARN;

struct CmaOverlap;

impl kernel::Module for CmaOverlap {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let text = image::text()?;
        pr_info!("kernel text: {text:#x?}\n");
        let region = cma::default_area()?.ok_or(ENODEV)?;
        pr_info!("CMA region: {region:#x?}\n");
        if page::overlap(&region, &text).is_some() {
            return Err(EBUSY);
        }

        let pages = take(&region)?.ok_or(ENOMEM)?;
        let byte = pages.at(pages.phys().start.max(region.start))?;

        pr_info!("attempting: write to a movable page\n");
        // SAFETY: The page is ours, and it is memory like any other.
        unsafe { byte.as_ptr().write_volatile(0) };
        pr_info!("survived: write to a movable page\n");
        Ok(Self)
    }
}

/// Takes movable pages until some of them lie in `wanted`, and gives the others back.
///
/// Large blocks come first, and the small ones not at all that could wait in the list of
/// some CPU.
fn take(wanted: &Range<phys_addr_t>) -> Result<Option<MappedPages>> {
    let mut others = KVec::new();
    for order in (PAGE_ALLOC_COSTLY_ORDER + 1..=MAX_PAGE_ORDER).rev() {
        // SAFETY: No zone; and a module is loaded by a task, which may sleep.
        while let Ok(pages) = unsafe { page::__get_free_pages(MOVABLE, order) } {
            if page::overlap(&pages.phys(), wanted).is_some() {
                return Ok(Some(pages));
            }
            others.push(pages, GFP_KERNEL)?;
        }
    }
    Ok(None)
}
