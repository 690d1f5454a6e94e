// SPDX-License-Identifier: GPL-2.0

//! How much memory is free, and in which blocks: /proc/buddyinfo, and the lists of the CPUs,
//! whose pages it does not count.

use super::{bindings::MAX_PAGE_ORDER, file};
use core::fmt;
use kernel::{c_str, prelude::*};

// What the printing macros begin a line with is the sample's, not this file's.
use crate::__LOG_PREFIX;

/// How many orders there are.
const ORDERS: usize = MAX_PAGE_ORDER as usize + 1;

/// More zones than any of our machines has.
const MAX_ZONES: usize = 12;

/// The free blocks of a zone, by their order.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Zone {
    node: u32,
    name: [u8; 8],
    /// 32 bits each: a stack of the kernel's has little room.
    blocks: [i32; ORDERS],
}

/// What is free.
#[derive(Clone, Copy)]
pub struct Free {
    zones: [Option<Zone>; MAX_ZONES],
    /// Pages in the lists of the CPUs.
    pub in_cpu_lists: i64,
}

impl Free {
    /// Nothing, until it is [read](Self::read).
    pub const NONE: Self = Self {
        zones: [None; MAX_ZONES],
        in_cpu_lists: 0,
    };

    /// Makes this what is free now. For tasks that may sleep.
    ///
    /// # Errors
    ///
    /// When /proc has not what it should have.
    pub fn read(&mut self) -> Result {
        // Itself it takes some memory, which is given back before the numbers count.
        let buddyinfo = file::read_text(c_str!("/proc/buddyinfo"))?;
        self.zones.fill(None);
        for (zone, line) in self.zones.iter_mut().zip(buddyinfo.lines()) {
            *zone = Some(Zone::parse(line).ok_or(EINVAL)?);
        }
        let zoneinfo = file::read_text(c_str!("/proc/zoneinfo"))?;
        let counts = zoneinfo.lines().filter_map(|line| {
            line.trim_start()
                .strip_prefix("count: ")?
                .trim()
                .parse::<i64>()
                .ok()
        });
        self.in_cpu_lists = counts.sum();
        Ok(())
    }

    /// Pages in the buddy allocator's own lists.
    pub fn in_buddy(&self) -> i64 {
        self.zones.iter().flatten().map(Zone::pages).sum()
    }

    /// All of them.
    pub fn pages(&self) -> i64 {
        self.in_buddy() + self.in_cpu_lists
    }

    /// Whether the buddy allocator has exactly the same blocks.
    pub fn same_blocks(&self, other: &Self) -> bool {
        self.zones == other.zones
    }

    /// How it differs from what was `before`: all numbers may be negative.
    pub fn since(&self, before: &Self) -> Self {
        let mut change = *self;
        for (zone, before) in change.zones.iter_mut().zip(&before.zones) {
            if let (Some(zone), Some(before)) = (zone, before) {
                for (count, before) in zone.blocks.iter_mut().zip(&before.blocks) {
                    *count -= before;
                }
            }
        }
        change.in_cpu_lists -= before.in_cpu_lists;
        change
    }

    /// Says it on the console, under a `title`.
    pub fn print(&self, title: &str) {
        pr_info!("{title}\n");
        pr_info!("  of order:      {}\n", Orders);
        for zone in self.zones.iter().flatten() {
            pr_info!("  {zone}\n");
        }
        let (lists, buddy) = (self.in_cpu_lists, self.in_buddy());
        pr_info!("  pages: {buddy:6} in these blocks, {lists} in the lists of the CPUs\n");
    }
}

impl Zone {
    /// A line of /proc/buddyinfo: `Node 0, zone      DMA      1      0 …`.
    fn parse(line: &str) -> Option<Self> {
        let (node, rest) = line.strip_prefix("Node ")?.split_once(", zone ")?;
        let mut words = rest.split_whitespace();
        let word = words.next()?.as_bytes();
        let mut name = [b' '; 8];
        name.get_mut(..word.len())?.copy_from_slice(word);
        let mut blocks = [0; ORDERS];
        for count in &mut blocks {
            *count = words.next()?.parse().ok()?;
        }
        Some(Self {
            node: node.trim().parse().ok()?,
            name,
            blocks,
        })
    }

    fn pages(&self) -> i64 {
        let orders = self.blocks.iter().enumerate();
        orders
            .map(|(order, count)| i64::from(*count) << order)
            .sum()
    }
}

/// The head of the table.
struct Orders;

impl fmt::Display for Orders {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..ORDERS).try_for_each(|order| write!(out, " {order:5}"))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = core::str::from_utf8(&self.name).unwrap_or("?");
        write!(out, "node {} {name}", self.node)?;
        self.blocks
            .iter()
            .try_for_each(|count| write!(out, " {count:5}"))
    }
}
