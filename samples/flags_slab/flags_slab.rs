// SPDX-License-Identifier: GPL-2.0

//! Makes slab caches with different flags, and finds these under /sys.
//!
//! # Shows
//!
//! A slab cache has objects of one size and kind. The flags that it is made with say where
//! its pages come from and how objects lie in them: at the beginning of a cache line, in
//! `ZONE_DMA`, given back only when no reader can be at them (RCU), counted as memory that
//! can be reclaimed. Caches that agree in everything are merged, unless one asks not to be.
//!
//! # Checks
//!
//! What /sys/kernel/slab says of each cache is what it was asked for: the flags, and the
//! size that an object takes for the sake of its alignment.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64; `CONFIG_SYSFS`, and not `CONFIG_SLUB_TINY`, which has no
//! /sys/kernel/slab.

use kernel::{c_str, fmt, prelude::*, str::CString};
use oopsarium::checks::Checks;
use oopsarium::file;
use oopsarium::flags::{Shown, SLAB};
use oopsarium::slab::{self, Cache};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: FlagsSlab,
    name: "flags_slab",
    author: "Oopsarium",
    description: "The flags of slab caches",
    license: "GPL",
}

/// The bytes of an object: not those of a cache line.
const SIZE: u32 = 40;

struct FlagsSlab;

impl kernel::Module for FlagsSlab {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut checks = Checks::new();
        let aligned = slab::SLAB_HWCACHE_ALIGN | slab::SLAB_RECLAIM_ACCOUNT;
        let dma = slab::SLAB_CACHE_DMA | slab::SLAB_TYPESAFE_BY_RCU;
        show(&mut checks, c_str!("oops-plain"), 0)?;
        show(&mut checks, c_str!("oops-aligned"), aligned)?;
        show(&mut checks, c_str!("oops-dma"), dma)?;
        checks.finish()?;
        Ok(Self)
    }
}

fn show(checks: &mut Checks, name: &'static CStr, flags: slab::Flags) -> Result {
    // A merged cache would have another's flags.
    let flags = flags | slab::SLAB_NO_MERGE;
    let _cache = Cache::new(name, SIZE, flags)?;
    pr_info!("  {name}: {}\n", Shown(flags.into(), &SLAB));
    let attribute = |attribute: &str| {
        let path = CString::try_from_fmt(fmt!("/sys/kernel/slab/{name}/{attribute}"))?;
        let text = file::read_text(&path)?;
        text.trim().parse::<u32>().map_err(|_| EINVAL)
    };
    for (flag, file) in [
        (slab::SLAB_HWCACHE_ALIGN, "hwcache_align"),
        (slab::SLAB_RECLAIM_ACCOUNT, "reclaim_account"),
        (slab::SLAB_CACHE_DMA, "cache_dma"),
        (slab::SLAB_TYPESAFE_BY_RCU, "destroy_by_rcu"),
    ] {
        let expected = u32::from(flags & flag != 0);
        checks.equal(file, expected, attribute(file)?);
    }
    checks.equal("object_size", SIZE, attribute("object_size")?);
    let aligned = flags & slab::SLAB_HWCACHE_ALIGN != 0;
    // Two of them do not fit into a cache line of 64 bytes.
    let size = attribute("slab_size")?;
    checks.equal("64 bytes of its own", aligned, size % 64 == 0);
    Ok(())
}
