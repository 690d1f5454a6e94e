// SPDX-License-Identifier: GPL-2.0

//! Clean lines to reports: one for each oops, warning, splat or panic in a log.
//!
//! What is known of the kernel's wording stands in tables: headlines in `shapes`, the lines of a
//! body in `details`, what follows from what in `consequence`, frames that only carry the message
//! in `noise`. This part must not know cases, claims, QEMU or debug information, and it never
//! fails: what it did not understand it says in [`Report::notes`].

mod consequence;
mod details;
mod noise;
mod parser;
mod shapes;
mod taint;
#[cfg(test)]
mod tests;
mod unwrap;

pub use taint::{explain as explain_taint, Taint};

use crate::console::Line;
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Finds every report in a log, in the order in which they begin.
///
/// Lines that carry a caller (`CONFIG_PRINTK_CALLER`) are told apart by it, so that reports of
/// several CPUs that print at once do not mix. Takes time linear in the size of the log.
pub fn reports(lines: &[Line]) -> Vec<Report> {
    let mut found = parser::parse(lines);
    consequence::attribute(&mut found);
    found
}

/// Compiles the patterns, which the first log would otherwise wait for: some 25 ms, which
/// another thread can spend while a guest boots.
pub fn warm_up() {
    const OOPS: &[u8] = b"[    1.0][   T42] kernel BUG at mm/page_alloc.c:1!
[    1.0][   T42] Oops: invalid opcode: 0000 [#1] SMP NOPTI
[    1.0][   T42] CPU: 0 UID: 0 PID: 42 Comm: insmod Tainted: G           O       6.12.1 #1
[    1.0][   T42] RIP: 0010:allocate+0x10/0x20
[    1.0][   T42] Code: 0f 0b <0f> 0b
[    1.0][   T42] RSP: 0018:ffffc90000000000 EFLAGS: 00010286
[    1.0][   T42] Call Trace:
[    1.0][   T42]  <TASK>
[    1.0][   T42]  init_module+0x10/0x20 [module]
[    1.0][   T42]  </TASK>
[    1.0][   T42] Modules linked in: module(O+)
[    1.0][   T42] ---[ end trace 0000000000000000 ]---
[    1.0][   T42] WARNING: CPU: 0 PID: 42 at mm/page_alloc.c:1 allocate+0x10/0x20
";
    reports(&crate::console::lines(OOPS));
}

/// One report of the kernel.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// What the kernel complains about.
    pub kind: Kind,
    /// How it said so, which also tells what became of the task.
    pub form: Form,
    /// "What in function", with addresses out and frames that only carry the message skipped:
    /// `kernel BUG in __alloc_pages_noprof`.
    pub title: String,
    /// The kernel's own first line.
    pub headline: String,
    /// What the kernel said besides, such as the text of a `WARN()`; several lines are joined by
    /// newlines.
    pub message: Option<String>,
    /// Index of the first line in the lines given.
    pub first: usize,
    /// Index of the last line in the lines given.
    pub last: usize,
    /// The source line that the kernel itself named.
    pub location: Option<Location>,
    /// Where the program counter stood; for a sanitizer, the function that it blames.
    pub function: Option<Symbol>,
    /// The work that the task, a workqueue's thread, was at.
    #[serde(skip)]
    work: Option<Symbol>,
    /// The CPU that it happened on.
    pub cpu: Option<u32>,
    /// The task that it happened in.
    pub pid: Option<u32>,
    /// That task's name.
    pub comm: Option<String>,
    /// The kernel's release and build number: `6.12.117 #1`.
    pub release: Option<String>,
    /// The machine, from `Hardware name:`.
    pub hardware: Option<String>,
    /// The memory access that failed.
    pub fault: Option<Fault>,
    /// How many oopses this boot had had, this one included: the 1 of `[#1]`.
    pub count: Option<u32>,
    /// Registers in the order printed, named as printed; user-space ones are left out.
    #[serde(serialize_with = "hex_registers")]
    pub registers: Vec<(String, u64)>,
    /// The bytes behind `Code:`, as printed; the faulting ones are in brackets.
    pub code: Option<String>,
    /// The call trace, innermost first. If the program counter is known, its frame is the first.
    pub trace: Vec<Frame>,
    /// Further stacks of the same report: who allocated, who freed, other CPUs.
    pub stacks: Vec<Stack>,
    /// The loaded modules.
    pub modules: Vec<Module>,
    /// The letters behind `Tainted:`, without blanks: `GO`. [`explain_taint`] spells them out. `None` if
    /// the report does not say; empty if it says "Not tainted".
    pub tainted: Option<String>,
    /// It ends as such a report ends; nothing of it seems to be missing or mixed up.
    pub complete: bool,
    /// The index, in the same list, of the report that this one follows from. The panic after a
    /// fatal oops is a consequence; an oops that only comes later is not.
    pub consequence_of: Option<usize>,
    /// What was not understood, or looked wrong.
    pub notes: Vec<String>,
}

/// A line of source text that the kernel named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Location {
    /// The file, as the kernel printed it.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
}

/// `name+0xoffset/0xsize [module]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Symbol {
    /// The name as printed: Rust's are still mangled.
    pub name: String,
    /// Bytes from the start of the function.
    pub offset: u64,
    /// The size of the function; 0 if the log does not say.
    pub size: u64,
    /// The module that holds it; `None` is the kernel.
    pub module: Option<String>,
}

impl Symbol {
    /// The name as the source spells it.
    pub fn demangled(&self) -> String {
        demangle(&self.name)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if self.size != 0 {
            write!(f, "+{:#x}/{:#x}", self.offset, self.size)?;
        }
        match &self.module {
            Some(module) => write!(f, " [{module}]"),
            None => Ok(()),
        }
    }
}

impl FromStr for Symbol {
    type Err = String;

    /// Reads `name+0xoffset/0xsize [module]`; the module's build id, if there is one, is dropped.
    fn from_str(text: &str) -> Result<Self, String> {
        details::symbol(text.trim()).ok_or_else(|| {
            format!("{text:?} is not a symbol; expected name+0xoffset/0xsize [module]")
        })
    }
}

/// Rust names as the source spells them, without the hash; any other name as it is.
pub(crate) fn demangle(name: &str) -> String {
    match rustc_demangle::try_demangle(name) {
        Ok(readable) => format!("{readable:#}"),
        Err(_) => name.to_string(),
    }
}

/// One line of a call trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// Where.
    pub symbol: Symbol,
    /// False for what x86 prints with a question mark: an address found on the stack that the
    /// unwinder does not vouch for.
    pub reliable: bool,
    /// The address is the program counter itself, not a return address: to find its source line,
    /// nothing is to be subtracted.
    pub exact: bool,
    /// The log was decoded before, and this function was inlined into the next frame's.
    pub inlined: bool,
    /// The line as printed.
    pub raw: String,
}

/// A stack beside the main one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stack {
    /// The line over it: `Freed by task 31:`.
    pub title: String,
    /// Innermost first.
    pub frames: Vec<Frame>,
}

/// An entry of `Modules linked in:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// Its taint letters, and `+` or `-` while it is loaded or unloaded: `O+`.
    pub flags: String,
}

/// A memory access that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The address; `None` if it was not printed or printed hashed.
    #[serde(serialize_with = "hex")]
    pub address: Option<u64>,
    /// What was tried.
    pub access: Option<Access>,
    /// Why it failed, in the kernel's words: `permissions violation`, `write to read-only memory`.
    pub reason: String,
    /// What the processor said besides: arm64's exception class and fault status.
    pub detail: Option<String>,
    /// The error code (x86_64) or exception syndrome (arm64).
    #[serde(serialize_with = "hex")]
    pub code: Option<u64>,
}

/// As text: a number of JSON need not hold 64 bits.
fn hex<S: Serializer>(value: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    value
        .map(|value| format!("{value:#x}"))
        .serialize(serializer)
}

fn hex_registers<S: Serializer>(
    registers: &[(String, u64)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let texts = registers.iter();
    serializer.collect_seq(texts.map(|(name, value)| (name, format!("{value:#x}"))))
}

/// What an access was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// It loads.
    Read,
    /// It stores.
    Write,
    /// It fetches an instruction.
    Execute,
    /// It gives memory back to the allocator.
    Free,
}

/// Declares an enum with one name and one description a variant.
macro_rules! named {
    ($(#[$meta:meta])* $type:ident, $what:literal { $($(#[$attr:meta])* $variant:ident $name:literal $about:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        pub enum $type {
            $(#[doc = $about] $(#[$attr])* #[serde(rename = $name)] $variant,)*
        }

        impl $type {
            /// Every one there is.
            pub const ALL: &'static [$type] = &[$($type::$variant),*];

            /// The name, in kebab-case.
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $name,)* }
            }

            /// What it means, in a few words.
            pub fn about(self) -> &'static str {
                match self { $($type::$variant => $about,)* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|one| one.name() == text).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|one| one.name()).collect();
                    format!("unknown {} {text:?}; known: {}", $what, known.join(", "))
                })
            }
        }
    };
}

named! {
    /// What a report complains about.
    Kind, "kind" {
        #[default]
        Unknown "unknown" "a report whose headline is missing or not understood",
        Dump "dump" "a call trace that nothing explains: dump_stack() or sysrq",
        Other "other" "a complaint of a kind of its own",
        Bug "bug" "BUG() or a failed BUG_ON()",
        Warning "warning" "WARN() or WARN_ON()",
        Oops "oops" "a processor exception of a kind of its own",
        PageFault "page-fault" "an access that the page tables do not allow",
        NullDereference "null-dereference" "an access through a NULL pointer",
        GeneralProtection "general-protection" "x86's general protection fault",
        UndefinedInstruction "undefined-instruction" "an instruction that the processor does not know",
        DivideError "divide-error" "a division by zero",
        DoubleFault "double-fault" "an exception while another one was delivered",
        StackOverflow "stack-overflow" "a kernel stack that overflowed, or whose guard was overwritten",
        ControlFlow "control-flow" "an indirect jump that CFI, BTI or IBT does not allow",
        ExternalAbort "external-abort" "an error that the bus or the memory reports",
        UnexpectedGfp "unexpected-gfp" "allocation flags that contradict each other",
        BadPage "bad-page" "a page whose state is impossible",
        Refcount "refcount" "a reference count that over- or underflowed",
        ListCorruption "list-corruption" "a linked list whose pointers do not fit",
        Usercopy "usercopy" "a copy to or from user space that leaves its object",
        Fortify "fortify" "a string or memory function that leaves its buffer",
        SlabCorruption "slab-corruption" "an object that SLUB's checks find damaged",
        MemoryLeak "memory-leak" "memory that kmemleak finds no pointer to",
        Kasan "kasan" "the address sanitizer",
        Kfence "kfence" "the sampling address checker",
        Kmsan "kmsan" "the memory sanitizer",
        Kcsan "kcsan" "the concurrency sanitizer",
        Ubsan "ubsan" "the undefined-behaviour sanitizer",
        Lockdep "lockdep" "the lock validator, suspicious RCU use included",
        Spinlock "spinlock" "a spinlock that is damaged or held for ever",
        Atomic "atomic" "something that sleeps, or must not be preempted, in the wrong context",
        SoftLockup "soft-lockup" "a CPU that does not schedule",
        HardLockup "hard-lockup" "a CPU that takes no interrupts",
        RcuStall "rcu-stall" "a grace period that does not end",
        HungTask "hung-task" "a task that does not wake up",
        WorkqueueLockup "workqueue-lockup" "a worker pool that makes no progress",
        OutOfMemory "out-of-memory" "the OOM killer",
        AllocationFailure "allocation-failure" "an allocation that failed and says so",
        RustPanic "rust-panic" "panic!() in Rust code",
        Panic "panic" "Kernel panic",
    }
}

named! {
    /// How a report was made, whatever it is about.
    Form, "form" {
        #[default]
        Message "message" "a message of its own, after which everything goes on",
        Warning "warning" "WARN(): everything goes on",
        Bug "bug" "BUG(): the task is killed",
        Oops "oops" "an exception: the task is killed",
        Panic "panic" "the machine stops",
    }
}
