// SPDX-License-Identifier: GPL-2.0

//! Cases that run while the kernel boots.
//!
//! What the early allocators hand out, and their very code, is gone before the first
//! module can be loaded. Their cases are linked into the kernel, and do nothing there
//! until the command line names one:
//!
//! ```text
//! oopsarium=early_ioremap_leak
//! ```
//!
//! Two such words name two cases. Hyphens will do for the underscores, and of a name that
//! nobody knows the kernel says so: `Unknown kernel command line parameters`.
//!
//! The kernel itself does the choosing. A word of its command line that begins with a
//! string from section `.init.setup` goes to the function that stands beside that
//! string; `__setup()` is how C registers one. `start_kernel()` does this between
//! `setup_arch()`, after which memblock knows the memory and early mappings work, and
//! `mm_core_init()`, from which on there is a page allocator: as PID 0, on the one CPU
//! that runs, with interrupts off. That is where a case runs, unless it asks to be put
//! off until the initcalls. They are run by PID 1, when all else works.
//!
//! All of the code in such a file is made `__init` (see Kbuild): the kernel throws it away
//! when it has booted.

use super::{bindings, memblock::Memblock};
use kernel::{
    ffi::{c_char, c_int},
    prelude::*,
    print::{call_printk, format_strings},
};

/// One entry of the table of `__setup()` functions.
#[repr(transparent)]
pub struct Setup(bindings::obs_kernel_param);

// SAFETY: Nobody writes to the table, and only the booting CPU reads it.
unsafe impl Sync for Setup {}

impl Setup {
    /// `function` is to have what follows `words`, if a word of the command line begins
    /// with them.
    pub const fn new(
        words: &'static CStr,
        function: unsafe extern "C" fn(*mut c_char) -> c_int,
    ) -> Self {
        Self(bindings::obs_kernel_param {
            str_: words.as_char_ptr(),
            setup_func: Some(function),
            early: 0,
        })
    }
}

/// Whether nothing follows: a name can be the beginning of another one.
///
/// # Safety
///
/// `rest` is a C string: what follows a name on the command line.
#[link_section = ".init.text"]
pub unsafe fn is_end(rest: *const c_char) -> bool {
    // SAFETY: A C string has one character at least, the one that ends it.
    unsafe { *rest == 0 }
}

/// Runs the case `name`, between two lines that the host program looks for.
#[link_section = ".init.text"]
pub fn run(name: &str, init: fn() -> Result) {
    say(format_args!("begin {name}\n"));
    // Not inlined: traces are to name it.
    let init = core::hint::black_box(init);
    let status = init().map_or_else(Error::to_errno, |()| 0);
    say(format_args!("end {name} status={status}\n"));
}

/// The same for a case that uses memblock.
///
/// # Safety
///
/// As for [`Memblock::new`]; `mm_core_init()` does not run before this returns.
pub unsafe fn run_with_memblock(name: &str, init: fn(&Memblock) -> Result) {
    say(format_args!("begin {name}\n"));
    // SAFETY: Our caller says so.
    let memblock = unsafe { Memblock::new() };
    // Not inlined: traces are to name it.
    let init = core::hint::black_box(init);
    let status = init(&memblock).map_or_else(Error::to_errno, |()| 0);
    say(format_args!("end {name} status={status}\n"));
}

/// Says it in the words of rootfs/init.
#[link_section = ".init.text"]
fn say(message: core::fmt::Arguments<'_>) {
    // SAFETY: One of these strings, and a name that ends in zero.
    unsafe { call_printk(&format_strings::NOTICE, b"oopsarium\0", message) };
}

/// The characters of `text`, for a section that takes nothing but characters.
pub const fn bytes<const LEN: usize>(text: &str) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    let mut i = 0;
    while i < LEN {
        bytes[i] = text.as_bytes()[i];
        i += 1;
    }
    bytes
}

/// What `modinfo` says of something that is built in.
macro_rules! modinfo {
    ($name:literal, $field:literal, $content:literal) => {
        const _: () = {
            const FIELD: &str = concat!($name, ".", $field, "=", $content, "\0");
            #[used]
            #[link_section = ".modinfo"]
            static MODINFO: [u8; FIELD.len()] = $crate::oopsarium::boot::bytes(FIELD);
        };
    };
}

/// Defines `setup()`, which runs a case, or sees to it that it is run later.
macro_rules! stage {
    ($name:literal, $init:ident, setup) => {
        /// # Safety
        ///
        /// `rest` is a C string.
        #[link_section = ".init.text"]
        unsafe extern "C" fn setup(rest: *mut ::kernel::ffi::c_char) -> ::kernel::ffi::c_int {
            // SAFETY: Our caller says so.
            let meant = unsafe { boot::is_end(rest) };
            if meant {
                boot::run($name, $init);
            }
            meant.into()
        }
    };
    ($name:literal, $init:ident, memblock) => {
        /// # Safety
        ///
        /// `rest` is a C string; and `start_kernel()` calls this between `setup_arch()` and
        /// `mm_core_init()`.
        unsafe extern "C" fn setup(rest: *mut ::kernel::ffi::c_char) -> ::kernel::ffi::c_int {
            // SAFETY: Our caller says so.
            let meant = unsafe { boot::is_end(rest) };
            if meant {
                // SAFETY: As above.
                unsafe { boot::run_with_memblock($name, $init) };
            }
            meant.into()
        }
    };
    ($name:literal, $init:ident, initcall) => {
        #[link_section = ".init.data"]
        static WANTED: ::core::sync::atomic::AtomicBool =
            ::core::sync::atomic::AtomicBool::new(false);

        /// # Safety
        ///
        /// `rest` is a C string.
        #[link_section = ".init.text"]
        unsafe extern "C" fn setup(rest: *mut ::kernel::ffi::c_char) -> ::kernel::ffi::c_int {
            // SAFETY: Our caller says so.
            let meant = unsafe { boot::is_end(rest) };
            WANTED.fetch_or(meant, ::core::sync::atomic::Ordering::Relaxed);
            meant.into()
        }

        #[link_section = ".init.text"]
        extern "C" fn initcall() -> ::kernel::ffi::c_int {
            if WANTED.load(::core::sync::atomic::Ordering::Relaxed) {
                boot::run($name, $init);
            }
            0
        }

        // As `module_init()` has it for what is built in, on machines with
        // CONFIG_HAVE_ARCH_PREL32_RELOCATIONS: the distance to the function.
        ::core::arch::global_asm!(
            ".section \".initcall6.init\", \"a\"",
            ".long {} - .",
            ".previous",
            sym initcall,
        );
    };
}

/// Declares a case that runs while the kernel boots, as `module!` declares one that is
/// loaded.
///
/// `init` is a `fn() -> Result`. `stage` says when it runs: `setup`, early in the boot, or
/// `initcall`, late in it. `memblock` is `setup` for an `fn(&Memblock) -> Result`.
macro_rules! boot_case {
    (
        init: $init:ident,
        stage: $stage:ident,
        name: $name:literal,
        author: $author:literal,
        description: $description:literal,
        license: $license:literal,
    ) => {
        /// What the printing macros begin a line with.
        const __LOG_PREFIX: &[u8] = concat!($name, "\0").as_bytes();

        mod boot_case {
            use super::$init;
            use $crate::oopsarium::boot;

            boot::stage!($name, $init, $stage);

            const WORDS: &str = concat!("oopsarium=", $name, "\0");
            #[link_section = ".init.rodata"]
            static WORD: [u8; WORDS.len()] = boot::bytes(WORDS);

            #[used]
            #[link_section = ".init.setup"]
            static SETUP: boot::Setup = boot::Setup::new(
                // SAFETY: A string that ends in zero, and has no other.
                unsafe { ::kernel::str::CStr::from_bytes_with_nul_unchecked(&WORD) },
                setup,
            );

            boot::modinfo!($name, "author", $author);
            boot::modinfo!($name, "description", $description);
            boot::modinfo!($name, "license", $license);
        }
    };
}
pub(crate) use {boot_case, modinfo, stage};
