// SPDX-License-Identifier: GPL-2.0

//! Adds memory to memblock's list, with a node and flags or without, sets some aside, and takes
//! some out.
//!
//! # Shows
//!
//! The architecture fills the lists: `memblock_add()` for each range of the firmware's map,
//! `memblock_add_node()` where it knows the node, `memblock_reserve()` for what is in use already
//! (the kernel, the initramfs, the device tree), `memblock_remove()` for what must not be used.
//!
//! ```text
//! before            [##########################]
//! memblock_add()    [##########################]          [new]
//! memblock_remove() [##########]    [##########]          [new]
//!                               `-- a region becomes two
//! ```
//!
//! What is added here is no memory, at an address that no machine of ours has. So it is gone before
//! anybody allocates.
//!
//! # Checks
//!
//! The list against the arithmetic of what was added, region by region; and that everything is as
//! it was in the end.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_add`; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    memblock::{Flags, Memblock, Node, Region},
    phys::{PhysRange, Size},
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_add",
    author: "Oopsarium",
    description: "Memory added and removed",
    license: "GPL",
}

/// An address far behind all memory: 32 GiB.
const FAR: u64 = 0x8_0000_0000;
/// What is added from there on.
const MIB: u64 = 1 << 20;

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    let far = PhysRange::of_size(FAR, 64 * MIB);
    let regions = || memblock.memory().regions();
    let (count, size) = (regions().count(), memblock.phys_mem_size());
    pr_info!("before:\n");
    memblock.memory().print();

    let plain = PhysRange::of_size(FAR, MIB);
    let special = PhysRange::of_size(FAR + 4 * MIB, 2 * MIB);
    // SAFETY: Nothing is allocated while they are there, neither of the two.
    let first = unsafe { memblock.add(plain) }?;
    // SAFETY: As above.
    let second = unsafe { memblock.add_node(special, Node::new(0), Flags::HOTPLUG) }?;
    pr_info!("after memblock_add() and memblock_add_node():\n");
    memblock.memory().print();
    let mut added = memblock.memory().regions_in(far);
    let found = added
        .next()
        .map(|region| (region.range, region.flags, region.node.is_valid()));
    checks.equal(
        "memblock_add(): no flags, no node",
        Some((plain, Flags::NONE, false)),
        found,
    );
    let expected = Region {
        range: special,
        flags: Flags::HOTPLUG,
        node: Node::new(0),
    };
    checks.equal("memblock_add_node()", Some(expected), added.next());
    checks.equal("no more", None, added.next());
    let sum = Size(size + 3 * MIB);
    checks.equal(
        "memblock_phys_mem_size()",
        sum,
        Size(memblock.phys_mem_size()),
    );
    checks.equal(
        "memblock_end_of_DRAM()",
        special.end(),
        memblock.end_of_dram(),
    );

    // A hole in the middle makes two of one.
    let hole = PhysRange::of_size(special.start() + MIB / 2, MIB);
    memblock.remove(hole)?;
    pr_info!("after memblock_remove({hole}):\n");
    memblock.memory().print();
    let rest = [
        PhysRange::new(special.start(), hole.start()),
        PhysRange::new(hole.end(), special.end()),
    ];
    let left = memblock
        .memory()
        .regions_in(special)
        .map(|region| region.range);
    checks.sequence("memblock_remove() leaves both ends", rest, left);

    // To be set aside, it need not be memory.
    let before = memblock.reserved_size();
    let reserved = memblock.reserve(hole)?;
    let found = memblock
        .reserved()
        .regions_in(far)
        .map(|region| region.range);
    checks.sequence("memblock_reserve()", [hole], found);
    let again = memblock.reserve(hole).err();
    checks.equal(
        "a second time, by this layer's own rule",
        Some(EBUSY),
        again,
    );
    drop(reserved);
    checks.equal(
        "reserved in all",
        Size(before),
        Size(memblock.reserved_size()),
    );

    drop((first, second));
    checks.equal(
        "the regions are as many as before",
        count,
        regions().count(),
    );
    checks.equal("and as large", Size(size), Size(memblock.phys_mem_size()));
    checks.finish()
}
