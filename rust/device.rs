// SPDX-License-Identifier: GPL-2.0

//! A device that every machine of an architecture has, and that says what it is.

use super::bindings::{self, phys_addr_t};
use core::{ffi::c_void, ptr::NonNull};
use kernel::prelude::*;

pub use imp::{ID, NAME, REGISTERS};

/// How much of the address space the registers take up, in bytes.
pub const SIZE: usize = bindings::PAGE_SIZE;

/// The CPU's own interrupt controller. Its version has `0x1` in the upper digit since it
/// is part of the CPU; QEMU and KVM say `0x14`.
#[cfg(CONFIG_X86_64)]
mod imp {
    use super::*;

    /// What is read.
    pub const NAME: &str = "local APIC version";
    /// What it says.
    pub const ID: u32 = 0x14;
    /// Where its registers are.
    pub const REGISTERS: phys_addr_t = bindings::APIC_DEFAULT_PHYS_BASE as phys_addr_t;

    pub(super) fn id(read: impl Fn(usize) -> u32) -> u32 {
        read(bindings::APIC_LVR as usize) & 0xff
    }
}

/// The serial port of QEMU's virt: a PL011, one of Arm's PrimeCells. These have a common
/// number in four bytes at the end of their page.
#[cfg(CONFIG_ARM64)]
mod imp {
    use super::*;

    /// What is read.
    pub const NAME: &str = "PrimeCell identification";
    /// What it says.
    pub const ID: u32 = bindings::AMBA_CID;
    /// Where its registers are: the machine's memory map has them there, hw/arm/virt.c
    /// of QEMU.
    pub const REGISTERS: phys_addr_t = 0x0900_0000;

    /// The first of the four bytes, each in a register of its own.
    const PCELL_ID: usize = 0xff0;

    pub(super) fn id(read: impl Fn(usize) -> u32) -> u32 {
        u32::from_le_bytes(core::array::from_fn(|byte| read(PCELL_ID + 4 * byte) as u8))
    }
}

/// Reads what the device is from its registers.
///
/// # Errors
///
/// `ENODEV` when it is not the one that it should be.
///
/// # Safety
///
/// At `registers`, [`SIZE`] bytes from [`REGISTERS`] are mapped as device memory.
pub unsafe fn identify(registers: NonNull<c_void>) -> Result<u32> {
    let id = imp::id(|offset| {
        let register = registers.as_ptr().wrapping_byte_add(offset).cast();
        // SAFETY: The caller has mapped it; and to read this one changes nothing.
        unsafe { core::ptr::read_volatile(register) }
    });
    if id == ID {
        Ok(id)
    } else {
        Err(ENODEV)
    }
}
