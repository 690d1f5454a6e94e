// SPDX-License-Identifier: GPL-2.0

//! Counts the pageblocks of memory by their flags: movable, unmovable, reclaimable.
//!
//! # Shows
//!
//! Memory is divided into pageblocks, as large as a huge page is, and of each the kernel
//! keeps four bits: three with the migratetype, and one that compaction uses. A movable
//! page is taken from a block of movable ones, as long as there are any, so that whole
//! blocks can be freed by moving what is in them. They are drawn here, a letter for each.
//!
//! # Checks
//!
//! The count of each migratetype is that of /proc/pagetypeinfo.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64; `CONFIG_KPROBES`, for what is not exported.

use kernel::{c_str, prelude::*};
use oopsarium::checks::Checks;
use oopsarium::file;
use oopsarium::flags::MIGRATETYPES;
use oopsarium::pageblock::Pageblocks;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: FlagsPageblock,
    name: "flags_pageblock",
    author: "Oopsarium",
    description: "The migratetypes of pageblocks",
    license: "GPL",
}

/// How many blocks a line of the picture has.
const LINE: usize = 64;

struct FlagsPageblock;

impl kernel::Module for FlagsPageblock {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut checks = Checks::new();
        let mut counts = [0u64; MIGRATETYPES];
        let mut line = [b' '; LINE];
        let mut blocks = 0;
        let pageblocks = Pageblocks::new()?;
        for (phys, migratetype) in pageblocks.iter() {
            // More than there are, if the bits are misread.
            *counts.get_mut(migratetype).ok_or(EINVAL)? += 1;
            line[blocks % LINE] = *b"UMRHCI".get(migratetype).unwrap_or(&b'?');
            blocks += 1;
            if blocks % LINE == 0 {
                let text = core::str::from_utf8(&line).map_err(|_| EINVAL)?;
                pr_info!("  {text} up to {phys:#x}\n");
                line = [b' '; LINE];
            }
        }
        let text = core::str::from_utf8(&line).map_err(|_| EINVAL)?;
        pr_info!("  {text} {blocks} blocks\n");

        let info = file::read_text(c_str!("/proc/pagetypeinfo"))?;
        let mut lines = info.lines();
        let head = "Number of blocks type";
        let head = lines
            .find_map(|line| line.strip_prefix(head))
            .ok_or(EINVAL)?;
        for (column, name) in head.split_whitespace().enumerate() {
            // `Node 0, zone      DMA            1            7 …`
            let rows = lines.clone().filter(|line| line.starts_with("Node"));
            let expected: u64 = rows
                .filter_map(|line| line.split_whitespace().nth(4 + column)?.parse::<u64>().ok())
                .sum();
            checks.equal(name, expected, counts[column]);
        }
        let all: u64 = counts.iter().sum();
        checks.that("there are blocks", all > 0, all);
        checks.finish()?;
        Ok(Self)
    }
}
