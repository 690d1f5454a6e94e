// SPDX-License-Identifier: GPL-2.0

//! Memory that comes while the system runs.

use super::{bindings, phys::PhysRange};
use kernel::prelude::*;

/// Memory that a driver added: taken out again when dropped, unless somebody put it to use.
pub struct DriverManaged(PhysRange);

impl Drop for DriverManaged {
    fn drop(&mut self) {
        #[cfg(CONFIG_MEMORY_HOTREMOVE)]
        // SAFETY: It was added with this size, and modules are unloaded in task context. What
        // cannot be taken out stays.
        unsafe {
            bindings::offline_and_remove_memory(self.0.start(), self.0.size())
        };
    }
}

/// Adds `range` to the memory of the running system, on node 0, as memory of this driver.
///
/// # Errors
///
/// `EINVAL` when it is not in whole blocks of memory, `EEXIST` when there is some already, and
/// whatever else keeps the kernel from it; `ENOTSUPP` when it is not built for that.
///
/// # Safety
///
/// - There is memory at `range`, and nobody uses it.
/// - The caller may sleep.
#[cfg(CONFIG_MEMORY_HOTREMOVE)]
pub unsafe fn add_memory_driver_managed(range: PhysRange) -> Result<DriverManaged> {
    use kernel::{c_str, error::to_result};

    // The kernel insists on a name of this kind.
    let name = c_str!("System RAM (oopsarium)").as_char_ptr();
    let (start, size) = (range.start(), range.size());
    // SAFETY: Our caller says so; and the name is there for as long as the memory is.
    to_result(unsafe { bindings::add_memory_driver_managed(0, start, size, name, 0) })?;
    Ok(DriverManaged(range))
}

/// The same where memory neither comes nor goes.
///
/// # Safety
///
/// None.
#[cfg(not(CONFIG_MEMORY_HOTREMOVE))]
pub unsafe fn add_memory_driver_managed(_range: PhysRange) -> Result<DriverManaged> {
    Err(ENOTSUPP)
}
