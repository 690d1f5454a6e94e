// SPDX-License-Identifier: GPL-2.0

//! Shows what the GFP flags are that memory is asked for with, each and put together.
//!
//! # Shows
//!
//! Whoever allocates memory says with a mask where it may come from and what may be done
//! to get it. Most masks are put together of many flags and have a name of their own. They
//! are gone when the memory is there, with one exception: a file keeps the mask by which
//! its page cache is to grow.
//!
//! # Checks
//!
//! - The kernel's own names of all of the flags, as `printk("%pGg")` has them, are those
//!   here.
//! - The masks with names are what their document says they are (include/linux/gfp_types.h).
//! - The mask of a file's page cache is `GFP_HIGHUSER_MOVABLE`, which every inode begins
//!   with.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64.

use kernel::{c_str, prelude::*};
use oopsarium::checks::Checks;
use oopsarium::file;
use oopsarium::flags::{Shown, GFP};
use oopsarium::gfp::{self, gfp_t};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: FlagsGfp,
    name: "flags_gfp",
    author: "Oopsarium",
    description: "The flags that memory is asked for with",
    license: "GPL",
}

/// Masks with a name, and the flags that they are put together of.
const MASKS: [(&str, gfp_t, &[&str]); 4] = [
    (
        "GFP_NOWAIT",
        gfp::GFP_NOWAIT,
        &["__GFP_KSWAPD_RECLAIM", "__GFP_NOWARN"],
    ),
    (
        "GFP_ATOMIC",
        gfp::GFP_ATOMIC,
        &["__GFP_HIGH", "__GFP_KSWAPD_RECLAIM"],
    ),
    ("GFP_KERNEL", gfp::GFP_KERNEL, RECLAIM_IO_FS),
    (
        "GFP_HIGHUSER_MOVABLE",
        gfp::GFP_HIGHUSER_MOVABLE,
        HIGHUSER_MOVABLE,
    ),
];
const RECLAIM_IO_FS: &[&str] = &[
    "__GFP_DIRECT_RECLAIM",
    "__GFP_KSWAPD_RECLAIM",
    "__GFP_IO",
    "__GFP_FS",
];
const HIGHUSER_MOVABLE: &[&str] = &[
    "__GFP_DIRECT_RECLAIM",
    "__GFP_KSWAPD_RECLAIM",
    "__GFP_IO",
    "__GFP_FS",
    "__GFP_HARDWALL",
    "__GFP_HIGHMEM",
    "__GFP_MOVABLE",
    "__GFP_SKIP_KASAN",
];

struct FlagsGfp;

impl kernel::Module for FlagsGfp {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut checks = Checks::new();
        for (bit, name) in GFP {
            let mut buffer = [0; 64];
            let theirs = gfp::name(bit as gfp_t, &mut buffer);
            pr_info!("  {bit:#08x} {theirs}\n");
            // Two zones have a mask of that flag alone, which the kernel prefers: `GFP_DMA`.
            let [ours, theirs] = [name, theirs].map(|name| name.trim_start_matches('_'));
            checks.equal("the kernel's own name", ours, theirs);
        }
        for (name, mask, flags) in MASKS {
            pr_info!("  {name:20} {mask:#08x} {}\n", Shown(mask.into(), &GFP));
            let known = GFP.iter().filter(|(_, name)| flags.contains(name));
            let expected = known.fold(0, |mask, (bit, _)| mask | bit);
            checks.equal(name, expected, u64::from(mask));
        }
        let mask = file::mapping_gfp_mask(c_str!("/proc/version"))?;
        pr_info!(
            "  a file's page cache  {mask:#08x} {}\n",
            Shown(mask.into(), &GFP)
        );
        checks.equal("of a file's page cache", gfp::GFP_HIGHUSER_MOVABLE, mask);
        checks.finish()?;
        Ok(Self)
    }
}
