// SPDX-License-Identifier: GPL-2.0

//! What the firmware told the kernel of the machine's memory, before the kernel made anything
//! of it: on x86_64 the E820 table, on arm64 the device tree.

use super::{
    bindings,
    phys::{PhysAddr, PhysRange, PAGE_SIZE},
};

pub use imp::{memory, no_map, usable, NAME};

/// The map of the PC firmware, from which the kernel fills memblock
/// (`e820__memblock_setup()`). The boot loader hands it over; QEMU's microvm does so itself.
#[cfg(CONFIG_X86_64)]
mod imp {
    use super::*;
    use core::ptr::addr_of;
    use kernel::prelude::*;

    /// What it is called.
    pub const NAME: &str = "E820 table";

    /// What the kernel takes of a range: not the first page, which belongs to the BIOS, nor the
    /// rest of the BIOS's from 640 KiB on (`trim_bios_range()`).
    pub fn usable(range: PhysRange) -> PhysRange {
        if range.start() < HIGH {
            range.intersection(PhysRange::new(PAGE_SIZE, BIOS_BEGIN))
        } else {
            range
        }
    }

    /// The memory that a device tree keeps out of the kernel's map.
    ///
    /// # Errors
    ///
    /// `ENODEV`: there is no device tree.
    pub fn no_map() -> Result<PhysRange> {
        Err(ENODEV)
    }

    /// Where what is the BIOS's begins: `BIOS_BEGIN` of asm/e820/types.h.
    const BIOS_BEGIN: PhysAddr = 0x000a_0000;
    /// Where it has ended.
    const HIGH: PhysAddr = 0x0010_0000;

    /// The ranges of ordinary memory, in the order in which the firmware has them.
    pub fn memory() -> impl Iterator<Item = PhysRange> {
        // The untouched copy; the kernel changes another one.
        // SAFETY: `setup_arch()` has set it, and nobody changes it any more.
        let table = unsafe { bindings::e820_table_firmware };
        // SAFETY: As above.
        let count = unsafe { (*table).nr_entries } as usize;
        (0..count).filter_map(move |index| {
            // SAFETY: The table has this many entries.
            let entry = unsafe { addr_of!((*table).entries[index]).read() };
            (entry.type_ == bindings::e820_type_E820_TYPE_RAM)
                .then(|| PhysRange::of_size(entry.addr, entry.size))
        })
    }
}

/// The nodes `memory@…` of the device tree, from which the kernel fills memblock
/// (`early_init_dt_scan_memory()`).
#[cfg(CONFIG_ARM64)]
mod imp {
    use super::*;
    use core::ptr;
    use kernel::{c_str, ffi::c_int, prelude::*};

    /// What it is called.
    pub const NAME: &str = "device tree";

    /// What the kernel takes of a range: all of it.
    pub fn usable(range: PhysRange) -> PhysRange {
        range
    }

    /// The ranges of memory, in the order in which the device tree has them.
    ///
    /// Addresses and sizes have two cells each, as on every 64-bit machine of ours.
    pub fn memory() -> impl Iterator<Item = PhysRange> {
        let mut node = ptr::null_mut();
        core::iter::from_fn(move || {
            let memory = c_str!("memory").as_char_ptr();
            // SAFETY: The device tree is there; the node before is let go of for the next one.
            node = unsafe { bindings::of_find_node_by_type(node, memory) };
            (!node.is_null()).then(|| reg(node))
        })
        .flatten()
    }

    /// The memory that is not to be mapped, as qemu/overlays/nomap.dts has it.
    ///
    /// # Errors
    ///
    /// `ENODEV` when the device tree has none.
    pub fn no_map() -> Result<PhysRange> {
        let path = c_str!("/reserved-memory/nomap@4c000000").as_char_ptr();
        // SAFETY: A path; no options are wanted.
        let node = unsafe { bindings::of_find_node_opts_by_path(path, ptr::null_mut()) };
        if node.is_null() {
            return Err(ENODEV);
        }
        reg(node).next().ok_or(ENODEV)
    }

    /// The ranges in the property `reg` of `node`.
    fn reg(node: *const bindings::device_node) -> impl Iterator<Item = PhysRange> {
        let mut bytes: c_int = 0;
        let name = c_str!("reg").as_char_ptr();
        // SAFETY: A node, a name, and a place for the length.
        let cells = unsafe { bindings::of_get_property(node, name, &mut bytes) };
        let cells = cells.cast::<[u8; 8]>();
        let pairs = if cells.is_null() {
            0
        } else {
            bytes as usize / 16
        };
        (0..pairs).map(move |pair| {
            // SAFETY: The property has as many numbers, two for each pair.
            let number = |index| unsafe { PhysAddr::from_be_bytes(*cells.add(2 * pair + index)) };
            PhysRange::of_size(number(0), number(1))
        })
    }
}
