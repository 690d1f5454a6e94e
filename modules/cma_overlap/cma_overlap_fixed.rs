// SPDX-License-Identifier: GPL-2.0

//! Writes to a page that the page allocator has handed out from a CMA region beside the
//! kernel: the twin of `cma_overlap`.
//!
//! The pages of the region are lent to whoever can move out again, and they are memory like
//! any other. Nothing is reported.

use kernel::prelude::*;
use oopsarium::{cma, image, page};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: CmaOverlap,
    name: "cma_overlap_fixed",
    author: "Oopsarium",
    description: "Movable pages, until some are of a CMA region",
    license: "GPL",
}

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

        let pages = page::take_movable(&region)?.ok_or(ENOMEM)?;
        let byte = pages.at(pages.phys().start.max(region.start))?;

        pr_info!("attempting: write to a movable page\n");
        // SAFETY: The page is ours, and it is memory like any other.
        unsafe { byte.as_ptr().write_volatile(0) };
        pr_info!("survived: write to a movable page\n");
        Ok(Self)
    }
}
