// SPDX-License-Identifier: GPL-2.0

//! Allocates memory of one NUMA node, by each of the calls that take a node.
//!
//! # Shows
//!
//! A machine with two nodes has its memory in two halves, and every region of the list `memory`
//! belongs to one:
//!
//! ```text
//! memory    [ node 0            ][ node 1            ]
//!                            [0]                  [1]
//!                             `-- alloc_node(0)    `-- alloc_node(1)
//! ```
//!
//! What happens when a node has none left is what the calls differ in:
//!
//! | call | where node 1 is full | returns |
//! | --- | --- | --- |
//! | `memblock_alloc_node()`, `memblock_alloc_try_nid()` | takes another node's | where it is mapped |
//! | `memblock_alloc_exact_nid_raw()` | fails | where it is mapped |
//! | `memblock_alloc_range_nid()` | as its last argument says | where it is in memory |
//!
//! # Checks
//!
//! Each address against the half of the machine's memory that the node has: the boundary is
//! 128 MiB above the first page that the kernel takes of the firmware's map, because the machine
//! is made so.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_alloc_node`; x86_64 (`numa=fake=2`) and arm64 (two nodes in the
//! device tree).

use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    firmware,
    memblock::{Flags, Memblock, Node},
    page::PAGE,
    phys::{Addr, PhysRange},
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_alloc_node",
    author: "Oopsarium",
    description: "Memory of one node",
    license: "GPL",
}

/// How much memory each node has.
const HALF: u64 = 128 << 20;

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    let usable = firmware::memory().map(firmware::usable);
    let start = usable.map(|range| range.start()).min();
    let middle = start.ok_or(ENODEV)? + HALF;
    let halves = [PhysRange::new(0, middle), PhysRange::of_size(middle, HALF)];
    let nodes = [Node::new(0), Node::new(1)];
    memblock.memory().print();

    for (node, half) in nodes.into_iter().zip(halves) {
        let mut own = memblock
            .memory()
            .regions()
            .filter(|region| region.node == node);
        let stray = own.find(|region| !half.covers(region.range));
        checks.equal(
            format_args!("regions of {node} outside its half"),
            None,
            stray,
        );
        let free = || memblock.free_mem_ranges(node, Flags::NONE);
        let stray = free().find(|(range, of)| !half.covers(*range) || *of != node);
        checks.equal(
            format_args!("free ranges of {node} outside it"),
            None,
            stray,
        );
        checks.that(format_args!("{node} has some"), free().count() > 0, 0);
        let inside = |what, phys: PhysRange, checks: &mut Checks| {
            checks.that(
                format_args!("{what}({node}): {phys}"),
                half.covers(phys),
                half,
            );
        };
        let block = memblock.alloc_node(PAGE, node)?;
        inside("memblock_alloc_node", block.phys(), &mut checks);
        let block = memblock.alloc_try_nid(PAGE, PhysRange::ALL, node)?;
        inside("memblock_alloc_try_nid", block.phys(), &mut checks);
        let block = memblock.alloc_exact_nid_raw(PAGE, PhysRange::ALL, node)?;
        inside("memblock_alloc_exact_nid_raw", block.phys(), &mut checks);
        let block = memblock.alloc_range_nid(PAGE, PhysRange::ALL, node, true)?;
        inside("memblock_alloc_range_nid", block.phys(), &mut checks);
    }

    // Nothing is left of node 1. There is no list to grow yet: an array keeps what is taken.
    let [_, node] = nodes;
    let mut taken = [const { None }; 64];
    for place in &mut taken {
        let mut free = memblock.free_mem_ranges(node, Flags::NONE);
        let Some((range, _)) = free.find(|(range, _)| !range.is_empty()) else {
            break;
        };
        *place = Some(memblock.reserve(range)?);
    }
    let free = memblock.free_mem_ranges(node, Flags::NONE);
    let left = free.filter(|(range, _)| !range.is_empty()).count();
    checks.equal("free ranges of node 1", 0, left);
    let [other, _] = halves;
    let block = memblock.alloc_node(PAGE, node)?;
    checks.that(
        "memblock_alloc_node() takes node 0's",
        other.covers(block.phys()),
        block.phys(),
    );
    let block = memblock.alloc_try_nid(PAGE, PhysRange::ALL, node)?;
    checks.that(
        "memblock_alloc_try_nid() too",
        other.covers(block.phys()),
        block.phys(),
    );
    let failed = memblock.alloc_exact_nid_raw(PAGE, PhysRange::ALL, node);
    checks.that(
        "memblock_alloc_exact_nid_raw() fails",
        failed.is_err(),
        "memory",
    );
    let block = memblock.alloc_range_nid(PAGE, PhysRange::ALL, node, false)?;
    checks.that(
        "memblock_alloc_range_nid() takes it",
        other.covers(block.phys()),
        block.phys(),
    );
    let failed = memblock.alloc_range_nid(PAGE, PhysRange::ALL, node, true);
    checks.that("or fails, if it must be exact", failed.is_err(), "memory");

    drop(taken);
    let block = memblock.alloc_exact_nid_raw(PAGE, PhysRange::ALL, node)?;
    checks.that(
        "node 1 has some again",
        block.phys().start() >= middle,
        Addr(middle),
    );
    checks.finish()
}
