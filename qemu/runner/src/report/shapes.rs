// SPDX-License-Identifier: GPL-2.0

//! Headlines: how each kind of report begins and ends, one row each.
//!
//! A new shape is a new row. Named groups of a pattern fill the report: `file` and `line`,
//! `symbol`, `address`, `reason`, `code`, `count`, `cpu`, `pid`, `comm`, `message`; a title may use
//! any of them as `$group`.

use super::{Form, Kind};
use crate::pattern::Rows;
use regex::Regex;
use std::sync::LazyLock;

/// What a headline is within a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It comes before or beside the headline proper, and may be all there is.
    Prelude,
    /// The headline proper.
    Head,
    /// The die() line: `Oops: … [#1]`, `Internal error: … [#1]`. It completes a headline before it.
    Die,
}

/// How a report ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With `---[ end trace`.
    Trace,
    /// With a line of equals signs (or an end trace line: newer UBSAN).
    Ruler,
    /// After its call trace, without a word.
    Quiet,
    /// With `---[ end Kernel panic`, a reboot, or what the panic notifiers print.
    Panic,
    /// With the line that names the victim.
    Victim,
    /// With the list of the locks that are held, and no trace.
    Locks,
    /// It is one line.
    Line,
}

/// A row of the table.
pub struct Shape {
    pub kind: Kind,
    pub form: Form,
    pub stage: Stage,
    pub end: End,
    pub pattern: &'static str,
    /// The title, up to " in function".
    pub title: &'static str,
}

impl Shape {
    /// How much this row knows: what knows more gives the joint report its kind and title.
    pub fn rank(&self) -> u8 {
        match (self.kind, self.stage) {
            (Kind::Unknown, _) => 0,
            (Kind::Dump, _) => 1,
            (Kind::Oops | Kind::UndefinedInstruction, Stage::Die) => 2,
            (Kind::Bug | Kind::Warning, _) => 3,
            // What a reference counter says first is only how it came out.
            (Kind::Kasan, Stage::Head) => 5,
            _ => 4,
        }
    }
}

/// The row that a line fits, with its groups. The first row that fits wins.
pub fn find(text: &str) -> Option<(&'static Shape, regex::Captures<'_>)> {
    let (row, found) = find_row(text)?;
    Some((&SHAPES[row], found))
}

/// Whether a line that was broken after `at` bytes says more than either part.
pub fn is_broken_at(whole: &str, at: usize) -> bool {
    let Some((row, found)) = find_row(whole) else {
        return false;
    };
    // The blanks before it are no part of what was matched.
    let at = at - (whole.len() - whole.trim_start().len());
    let spans = found
        .get(0)
        .is_some_and(|all| (all.start()..all.end()).contains(&at));
    let (start, rest) = whole.trim_start().split_at(at);
    let says_less = |part: &str| find_row(part).is_none_or(|(own, _)| row < own);
    spans && says_less(start) && says_less(rest)
}

/// Whether the first line fits a row before that of the second.
pub fn says_more(one: &str, other: &str) -> bool {
    let row = |text| find_row(text).map_or(usize::MAX, |(row, _)| row);
    row(one) < row(other)
}

/// Whether a headline is as syzbot writes titles: `BUG: what in function`, where the kernel's own
/// line has an address, an offset or a file.
pub fn is_title(text: &str) -> bool {
    static TITLE: LazyLock<Regex> = LazyLock::new(|| {
        super::details::regex(r"^(?:BUG|WARNING|INFO): [^:]+ in [A-Za-z_]\w*(?: \(\d+\))?$")
    });
    TITLE.is_match(text)
}

/// Whether a headline names who called the OOM killer: the kernel shows that task's stack then.
pub fn names_caller(text: &str) -> bool {
    text.contains("invoked oom-killer")
}

fn find_row(text: &str) -> Option<(usize, regex::Captures<'_>)> {
    static ROWS: LazyLock<Rows> =
        LazyLock::new(|| super::details::rows(SHAPES.iter().map(|shape| shape.pattern)));
    // Who quotes a log likes to indent it.
    let text = text.trim_start();
    // The end of a panic quotes its beginning, and a fuzzer the headline above a report.
    let quotes = text.contains("---[ end ") || text.starts_with("Syzkaller hit '");
    if quotes || !WORDS.is_match(text) {
        return None;
    }
    ROWS.find(text)
}

/// A cheap first look: no headline is without one of these.
static WORDS: LazyLock<Regex> = LazyLock::new(|| {
    super::details::regex(
        "BUG|Bug|WARN|INFO|Oops|\\[#|Unable|error|panic|PANIC|SAN|cut here|fault|Unexpected gfp|refcount_t|list_|corruption|usercopy|overflow|detected|NX-protected|SMEP|page:|page dumped|CFI|ENDBR|LOCKUP|lockup|oom-killer|allocation|leak|stall|object|backtrace|nobody cared|VFS: |nVHE|External Abort|Bad mode|exception|Insufficient|SError|recursive|MSR|state:|Kill|oom-kill|netdevice|paging request|NULL pointer",
    )
});

const fn row(
    kind: Kind,
    form: Form,
    stage: Stage,
    end: End,
    pattern: &'static str,
    title: &'static str,
) -> Shape {
    Shape {
        kind,
        form,
        stage,
        end,
        pattern,
        title,
    }
}

use End::{Line, Locks, Panic, Quiet, Ruler, Trace, Victim};
use Form::{Message, Oops};
use Stage::{Die, Head, Prelude};

/// Every headline that is known.
#[rustfmt::skip] // A table: one row, one line or two.
pub static SHAPES: &[Shape] = &[
    row(Kind::Unknown, Message, Prelude, Trace, r"-{6,}\[ cut here \]-{6,}|8<--- cut here ---", "report without a headline"),

    // Panics first: their text quotes other headlines.
    row(Kind::StackOverflow, Form::Panic, Head, Panic, r"Kernel panic - not syncing: (?P<message>stack-protector: Kernel stack is corrupted in: (?P<symbol>SYM|[\w.]+).*)", "stack-protector: Kernel stack is corrupted"),
    row(Kind::StackOverflow, Form::Panic, Head, Panic, r"Kernel panic - not syncing: (?P<message>corrupted stack end detected inside scheduler.*)", "corrupted stack end detected inside scheduler"),
    row(Kind::ExternalAbort, Form::Panic, Head, Panic, r"Kernel panic - not syncing: (?P<message>(?P<what>Asynchronous SError Interrupt).*)", "$what"),
    row(Kind::ControlFlow, Form::Panic, Head, Panic, r"Kernel panic - not syncing: (?P<message>(?P<what>CFI failure).*)", "$what"),
    row(Kind::Panic, Form::Panic, Head, Panic, r"Kernel panic - not syncing: (?P<message>.*?) *$", "Kernel panic: $message"),
    row(Kind::Panic, Form::Panic, Head, Panic, r"Kernel panic - not syncing:?(?P<message>.*)$", "Kernel panic"),

    // BUG and WARN.
    row(Kind::ListCorruption, Form::Bug, Head, Trace, r"kernel BUG at (?P<file>lib/list_debug\.c):(?P<line>\d+)!", "kernel BUG"),
    row(Kind::Bug, Form::Bug, Head, Trace, r"kernel BUG at (?:\[(?P<message>.*)\] ?)?(?P<file>[^\s:]+):(?P<line>\d+)!", "kernel BUG"),
    row(Kind::Bug, Form::Bug, Head, Trace, r"[Kk]ernel BUG at (?:(?P<symbol>SYM)|\S+) \[verbose debug info unavailable\]", "kernel BUG"),
    row(Kind::Bug, Form::Bug, Head, Trace, r"^kernel BUG at .*", "kernel BUG"),
    row(Kind::Warning, Form::Warning, Head, Trace, r"WARNING: (?:CPU: (?P<cpu>\d+) )?(?:PID: (?P<pid>\d+) )?at (?P<file>[^\s:]+):(?P<line>\d+)(?: (?P<symbol>SYM|0x[0-9a-f]+)| (?P<name>[A-Za-z_][\w.]*)(?: |$))?", "WARNING"),
    row(Kind::Warning, Form::Warning, Head, Trace, r"WARNING: CPU: (?P<cpu>\d+) PID: (?P<pid>\d+) at (?P<symbol>SYM)", "WARNING"),
    row(Kind::Warning, Form::Warning, Head, Trace, r"WARNING: (?:\[(?P<message>.*)\] ?)?(?P<file>[^\s:]+):(?P<line>\d+) at (?:(?P<symbol>SYM)|0x[0-9a-f]+|(?P<name>[A-Za-z_][\w.]*)|[^\s,]+)(?: \S+:-?\d+(?: \[inline\])?)?(?:, CPU#(?P<cpu>\d+): (?P<comm>.+)/(?P<pid>\d+))?", "WARNING"),
    row(Kind::Warning, Form::Warning, Head, Trace, r"WARNING: at (?P<symbol>SYM), CPU#(?P<cpu>\d+): (?P<comm>.+)/(?P<pid>\d+)", "WARNING"),

    // Bad accesses, x86_64.
    row(Kind::PageFault, Oops, Prelude, Trace, r"(?P<reason>kernel tried to execute NX-protected page)", "kernel tried to execute NX-protected page"),
    row(Kind::PageFault, Oops, Prelude, Trace, r"(?P<reason>unable to execute userspace code \(SMEP\?\))", "unable to execute userspace code (SMEP?)"),
    row(Kind::Unknown, Oops, Head, Trace, r"BUG: unable to handle kernel *$", "unable to handle kernel"),
    row(Kind::PageFault, Oops, Prelude, Trace, r"^paging request at (?P<address>[0-9a-f]+)", "unable to handle kernel paging request"),
    row(Kind::NullDereference, Oops, Prelude, Trace, r"^NULL pointer dereference at (?P<address>[0-9a-f]+)", "kernel NULL pointer dereference"),
    row(Kind::NullDereference, Oops, Head, Trace, r"BUG: (?:unable to handle )?kernel NULL pointer dereference(?:, address:| at)(?: virtual address)? *(?P<address>[0-9a-f]+|\S+)?", "kernel NULL pointer dereference"),
    row(Kind::PageFault, Oops, Head, Trace, r"BUG: unable to handle (?:kernel )?page fault for address: *(?P<address>[0-9a-f]+|\S+)?", "unable to handle page fault"),
    row(Kind::PageFault, Oops, Head, Trace, r"BUG: unable to handle kernel paging request at(?: virtual address)? *(?P<address>[0-9a-f]+|\S+)?", "unable to handle kernel paging request"),
    row(Kind::PageFault, Oops, Head, Trace, r"^(?P<comm>\S+): Corrupted page table at address (?P<address>[0-9a-f]+)", "Corrupted page table"),
    row(Kind::Oops, Oops, Head, Quiet, r"PANIC: early exception (?P<code>0x[0-9a-f]+) (?:rip|IP) [0-9a-f]+:[0-9a-f]+ error [0-9a-f]+ cr2 (?:0x)?(?P<address>[0-9a-f]+)", "early exception $code"),
    // Bad accesses, arm64.
    row(Kind::NullDereference, Oops, Head, Trace, r"Unable to handle kernel (?P<reason>NULL pointer dereference) at (?:virtual address )?(?P<address>[0-9a-f]+)", "Unable to handle kernel NULL pointer dereference"),
    row(Kind::PageFault, Oops, Head, Trace, r"Unable to handle kernel (?P<reason>.+?) at (?:virtual )?(?:address )?(?P<address>[0-9a-f]{8,})", "Unable to handle kernel $reason"),
    row(Kind::PageFault, Oops, Head, Trace, r"^Unable to handle kernel (?P<reason>.+?)(?: at .*)?$", "Unable to handle kernel $reason"),
    row(Kind::PageFault, Oops, Head, Trace, r"^Accessing user space memory outside uaccess.h routines", "Accessing user space memory outside uaccess.h routines"),
    row(Kind::ExternalAbort, Oops, Head, Trace, r"^Unhandled fault: (?P<reason>.+?) \((?P<code>0x[0-9a-f]+)\) at(?: *$| +(?P<address>0x[0-9a-f]+))", "Unhandled fault: $reason"),
    row(Kind::ExternalAbort, Oops, Head, Trace, r"^Synchronous External Abort: (?P<reason>.+?) \((?P<code>0x[0-9a-f]+)\) at (?P<address>0x[0-9a-f]+)", "Synchronous External Abort"),
    row(Kind::ExternalAbort, Oops, Head, Quiet, r"^\d?SError Interrupt on CPU(?P<cpu>\d+), code (?P<code>0x[0-9a-f]+)", "SError Interrupt"),
    row(Kind::Oops, Oops, Head, Quiet, r"^Unhandled .*?exception on CPU(?P<cpu>\d+), ESR (?P<code>0x[0-9a-f]+)", "Unhandled exception"),
    row(Kind::ExternalAbort, Oops, Head, Trace, r"^Bad mode in (?P<reason>Error) handler detected(?: on CPU(?P<cpu>\d+))?, code (?P<code>0x[0-9a-f]+) -- SError", "Bad mode in $reason handler"),
    row(Kind::Oops, Oops, Head, Trace, r"^Bad mode in (?P<reason>.+?) handler detected(?: on CPU(?P<cpu>\d+), code (?P<code>0x[0-9a-f]+))?", "Bad mode in $reason handler"),

    // Stacks and doubled faults.
    row(Kind::StackOverflow, Oops, Head, Trace, r"BUG: (?:(?P<what>\S+) )?stack guard page was hit at (?:0x)?(?P<address>[0-9a-f]+|\S+)", "stack guard page was hit"),
    row(Kind::StackOverflow, Oops, Head, Quiet, r"Insufficient stack space to handle exception!", "Insufficient stack space to handle exception"),
    row(Kind::StackOverflow, Oops, Die, Trace, r"kernel stack overflow \(\w+-fault\): (?P<code>[0-9a-f]{4}) \[#(?P<count>\d+)\]", "kernel stack overflow"),
    row(Kind::DoubleFault, Oops, Prelude, Trace, r"PANIC: double fault", "double fault"),

    // Control flow.
    row(Kind::ControlFlow, Oops, Prelude, Trace, r"CFI failure (?:at|\(target:) (?P<symbol>SYM)?(?P<message>.*)", "CFI failure"),
    row(Kind::ControlFlow, Oops, Prelude, Trace, r"(?P<message>Missing ENDBR: .*)", "Missing ENDBR"),

    // The die() line, where the reason says more than "Oops".
    row(Kind::GeneralProtection, Oops, Die, Trace, r"(?:Oops: )?(?:segment-related )?general protection fault(?:(?:,| for) (?P<reason>[^:]*?)(?: (?P<address>0x[0-9a-f]+))?)?: (?P<code>[0-9a-f]{4}) \[#(?P<count>\d+)\]", "general protection fault"),
    row(Kind::GeneralProtection, Oops, Head, Trace, r"^general protection fault, (?P<reason>[^:]*?) (?P<address>0x[0-9a-f]+)$", "general protection fault"),
    row(Kind::GeneralProtection, Oops, Die, Trace, r"^(?:Oops: )?general protection fault, (?P<reason>probably for non-canonical address)\b", "general protection fault"),
    row(Kind::GeneralProtection, Oops, Head, Trace, r"^Oops: general protection fault ?\.{3}$", "general protection fault"),
    row(Kind::DivideError, Oops, Die, Trace, r"divide[ _]error: (?P<code>[0-9a-f]{4}) \[#(?P<count>\d+)\]", "divide error"),
    row(Kind::DoubleFault, Oops, Die, Trace, r"double fault: (?P<code>[0-9a-f]{4}) \[#(?P<count>\d+)\]", "double fault"),
    row(Kind::StackOverflow, Oops, Die, Trace, r"stack guard page: (?P<code>[0-9a-f]{4}) \[#(?P<count>\d+)\]", "stack guard page was hit"),
    row(Kind::ControlFlow, Oops, Die, Trace, r"control protection fault: (?P<code>[0-9a-f]{4}) \[#(?P<count>\d+)\]", "control protection fault"),
    row(Kind::ControlFlow, Oops, Die, Trace, r"Internal error: Oops - (?P<what>CFI|BTI|FPAC|GCS|bti|branch target identification)\b.*?: (?P<code>[0-9a-f]+)(?: \[?#?(?P<count>\d+)\b| *$)", "$what"),
    row(Kind::UndefinedInstruction, Oops, Die, Trace, r"(?:Oops: )?invalid opcode: (?P<code>[0-9a-f]{4}) \[#(?P<count>\d+)\]", "invalid opcode"),
    row(Kind::UndefinedInstruction, Oops, Die, Trace, r"Internal error: Oops - [Uu]ndefined instruction: (?P<code>[0-9a-f]+)(?: \[?#?(?P<count>\d+)\b| *$)", "undefined instruction"),
    // KVM's hypervisor of arm64, which panics for it next.
    row(Kind::Bug, Form::Bug, Head, Trace, r"^nVHE hyp (?P<what>BUG|panic) at: (?:\[<[0-9a-f]+>\] )?(?:(?P<symbol>SYM)|(?P<file>[^\s:]+):(?P<line>\d+)|[0-9a-f]+)!", "nVHE hyp $what"),
    row(Kind::Bug, Oops, Die, Trace, r"Internal error: Oops - BUG: (?P<code>[0-9a-f]+)(?: \[?#?(?P<count>\d+)\b| *$)", "kernel BUG"),
    row(Kind::ExternalAbort, Oops, Die, Trace, r"Internal error: (?P<reason>(?:level \S+ )?synchronous .*?): (?P<code>[0-9a-f]+)(?: \[?#?(?P<count>\d+)\b| *$)", "$reason"),
    row(Kind::Kasan, Oops, Die, Trace, r"Internal error: Oops - KASAN: (?P<code>[0-9a-f]+)(?: \[?#?(?P<count>\d+)\b| *$)", "KASAN"),
    row(Kind::Ubsan, Oops, Die, Trace, r"Internal error: UBSAN: (?P<reason>.*?): (?P<code>[0-9a-f]+)(?: \[?#?(?P<count>\d+)\b| *$)", "UBSAN: $reason"),
    row(Kind::Oops, Oops, Die, Trace, r"Internal error: (?:Oops - )?(?P<reason>.*?): (?P<code>[0-9a-f]+)(?: \[?#?(?P<count>\d+)\b| *$)", "$reason"),
    row(Kind::Oops, Oops, Die, Trace, r"Oops: (?P<code>[0-9a-f]{4}) \[#(?P<count>\d+)\]", "Oops"),
    row(Kind::Oops, Oops, Die, Trace, r"Oops: (?P<reason>[^:\[]+): (?P<code>[0-9a-f]{4}) \[#(?P<count>\d+)\]", "$reason"),
    row(Kind::Oops, Oops, Die, Trace, r"^(?P<reason>[A-Za-z][\w /,'-]{2,60}): (?P<code>[0-9a-f]{4}) \[#(?P<count>\d+)\]", "$reason"),

    // Memory and its checks.
    row(Kind::UnexpectedGfp, Message, Prelude, Quiet, r"(?P<message>Unexpected gfp: .*)", "Unexpected gfp"),
    row(Kind::Other, Message, Head, Line, r"BUG: (?P<what>Bad page (?:state|map)): \d+ messages suppressed", "$what: messages suppressed"),
    row(Kind::BadPage, Message, Head, Quiet, r"BUG: Bad (?P<what>page state|page map|page cache|page table|rss)(?: in process (?P<comm>.+?) +pfn:(?P<message>[0-9a-f]+)| in process (?:.+?)  .*| .*)$", "Bad $what"),
    row(Kind::Other, Message, Head, Line, r"BUG: (?P<what>Bad rss-counter state|non-zero pgtables_bytes on freeing mm)", "$what"),
    row(Kind::Refcount, Message, Prelude, Trace, r"^refcount_t(?:: (?P<message>.*?)|.*?)\.?$", "refcount_t: $message"),
    row(Kind::ListCorruption, Message, Prelude, Trace, r"(?P<message>(?P<what>list_(?:add|del|move|replace)\w* corruption|list_add double add)[.,:].*)", "$what"),
    row(Kind::ListCorruption, Message, Prelude, Trace, r"(?P<message>(?P<what>slist_\w+ corruption|llist corruption|plist corruption).*)", "$what"),
    row(Kind::Usercopy, Message, Prelude, Trace, r"(?P<message>[Kk]ernel memory (?P<what>exposure|overwrite) attempt detected.*)", "usercopy: kernel memory $what attempt"),
    row(Kind::Fortify, Message, Prelude, Trace, r"(?P<message>(?P<what>\w+): detected (?P<how>buffer overflow|field-spanning \w+|read overflow|write overflow)\b.*)", "$what: detected $how"),
    row(Kind::Fortify, Message, Prelude, Trace, r"(?P<message>detected buffer overflow in (?P<what>\w+))", "$what: detected buffer overflow"),
    row(Kind::SlabCorruption, Message, Head, Quiet, r"^BUG (?P<what>\S.*?) ?\((?:Not tainted|Tainted)[^)]*\): (?P<message>.+?)(?: 0x[0-9a-f]+)?$", "slab $what: $message"),
    row(Kind::SlabCorruption, Message, Prelude, Trace, r"^(?:cache_from_obj: )?(?P<message>Wrong slab cache\..*)", "Wrong slab cache"),
    row(Kind::SlabCorruption, Message, Head, Quiet, r"^Slab corruption(?: \(.*\))?: (?P<what>\S+) start=(?P<address>[0-9a-f]+)", "slab $what: corruption"),
    row(Kind::MemoryLeak, Message, Head, Line, r"^kmemleak: (?P<message>\d+ new suspected memory leaks)", "kmemleak: new suspected memory leaks"),
    row(Kind::MemoryLeak, Message, Prelude, Quiet, r"^BUG: memory leak$", "memory leak"),
    row(Kind::MemoryLeak, Message, Head, Quiet, r"^unreferenced object (?:0x)?(?P<address>[0-9a-f]+) \(size (?P<what>\d+)\)", "memory leak"),
    row(Kind::Dump, Message, Prelude, Trace, r"^(?:head: |tail )?page:(?: ?[0-9a-fx_()p]+)? (?:ref)?count:.*", "page dump"),
    row(Kind::Dump, Message, Prelude, Trace, r"^page dumped because: (?P<message>.+)", "page dump"),

    // Sanitizers.
    row(Kind::Kasan, Message, Head, Ruler, r"BUG: ?KAS[Aa][Nn]: (?P<what>[\w -]+?) (?:in (?:(?P<symbol>SYM)|(?P<name>[A-Za-z_][\w.]*))?|on address ).*", "KASAN: $what"),
    row(Kind::Kasan, Message, Head, Ruler, r"BUG: ?KAS[Aa][Nn]: (?P<what>[\w -]+)", "KASAN: $what"),
    row(Kind::Kfence, Message, Head, Ruler, r"BUG: KFENCE: (?P<what>[\w -]+?) in (?:(?P<symbol>SYM)|\S+)", "KFENCE: $what"),
    row(Kind::Kmsan, Message, Head, Ruler, r"BUG: KMSAN: (?P<what>[\w -]+?) in (?:(?P<symbol>SYM)|(?P<name>[A-Za-z_][\w.]*))", "KMSAN: $what"),
    row(Kind::Kcsan, Message, Head, Ruler, r"BUG: KCSAN: (?P<what>(?:assert: )?[\w -]+?) in (?:(?P<symbol>SYM)|(?P<name>[A-Za-z_][\w.]*))(?: / (?P<other>[\w.]+))?", "KCSAN: $what"),
    row(Kind::Ubsan, Message, Head, Ruler, r"UBSAN: (?P<what>[\w -]+?) in (?P<file>[^\s:]+):(?P<line>\d+)(?::\d+)?", "UBSAN: $what"),
    row(Kind::Ubsan, Message, Head, Ruler, r"^UBSAN: (?P<what>[\w -]+?) in \S+\.[ch]$", "UBSAN: $what"),
    row(Kind::Ubsan, Oops, Prelude, Trace, r"^UBSAN: (?P<what>[\w -]+?) (?:at|in) (?P<symbol>SYM)", "UBSAN: $what"),

    // Locks and contexts.
    row(Kind::Lockdep, Message, Head, Quiet, r"^(?:\[ )?(?:WARNING|INFO|BUG): (?P<what>possible [\w -]+|inconsistent lock state|suspicious RCU usage|\S+-safe -> \S+-unsafe lock order detected|Nested lock was not taken|bad unlock balance|bad contention|held lock freed|Invalid wait context)[!.]?", "$what"),
    row(Kind::Lockdep, Message, Head, Quiet, r"^(?:\[ )?(?:WARNING|BUG): (?P<comm>.+)/(?P<pid>\d+) (?P<what>still has locks held)", "$what"),
    row(Kind::Lockdep, Message, Head, Locks, r"^(?:\[ )?(?:WARNING|BUG): (?P<what>lock held when returning to user space)", "$what"),
    row(Kind::Lockdep, Message, Head, Quiet, r"^(?:\[ )?suspicious RCU usage", "suspicious RCU usage"),
    row(Kind::Lockdep, Message, Head, Quiet, r"INFO: (?P<what>trying to register non-static key)", "$what"),
    row(Kind::Lockdep, Message, Head, Quiet, r"BUG: (?P<what>(?:MAX_\w+|key \S+) (?:too low|not in \.data|has not been registered))", "$what"),
    row(Kind::Spinlock, Message, Head, Quiet, r"BUG: (?P<what>(?:spin|rw)?lock [\w -]+?|rwlock [\w -]+?) on CPU#(?P<cpu>\d+), (?P<comm>.+)/(?P<pid>\d+)", "$what"),
    row(Kind::Atomic, Message, Head, Quiet, r"BUG: (?P<what>sleeping function called from invalid context|assuming atomic context|assuming non migratable context) at (?P<file>[^\s:]+):(?P<line>\d+)", "$what"),
    row(Kind::Atomic, Message, Head, Quiet, r"BUG: (?P<what>scheduling while atomic|scheduling in a non-blocking section): (?P<comm>.+)/(?P<pid>\d+)/\S+", "$what"),
    row(Kind::Atomic, Message, Head, Quiet, r"BUG: (?P<what>using \w+(?:\(\))? in preemptible)(?: \[[0-9a-f]+\])? code: (?P<comm>.+)/(?P<pid>\d+)", "$what code"),
    row(Kind::Atomic, Message, Head, Quiet, r"BUG: (?P<what>workqueue leaked (?:lock or )?atomic|workqueue leaked atomic, lock or RCU).*?: (?P<comm>.+?)[/\[](?P<pid>[x0-9a-f]+)", "$what"),

    // Things that do not go on.
    row(Kind::SoftLockup, Message, Head, Quiet, r"BUG: soft lockup(?: detected)?(?: - CPU#(?P<cpu>\d+) stuck for \d+s! \[(?P<comm>.+):(?P<pid>\d+)\])?", "soft lockup"),
    row(Kind::HardLockup, Message, Head, Quiet, r"[Ww]atchdog detected hard LOCKUP on cpu (?P<cpu>\d+)", "hard lockup"),
    row(Kind::HardLockup, Message, Head, Quiet, r"CPU\d+ detected hard LOCKUP on cpu (?P<cpu>\d+)", "hard lockup"),
    row(Kind::RcuStall, Message, Head, Quiet, r"INFO: (?P<what>\w+) (?:self-)?detected (?:expedited )?stalls?(?: on (?:CPUs?|tasks)|, but suppressed|\? \()(?: (?P<cpu>\d+))?", "$what stall"),
    row(Kind::HungTask, Message, Head, Quiet, r"INFO: task (?P<comm>.+):(?P<pid>\d+) .*?blocked (?:in I/O wait )?for more than", "task hung"),
    row(Kind::HungTask, Message, Head, Quiet, r"INFO: task (?P<comm>.+):(?P<pid>\d+) can't die for more than", "task can't die"),
    row(Kind::WorkqueueLockup, Message, Head, Line, r"BUG: workqueue lockup - pool", "workqueue lockup"),
    row(Kind::Dump, Message, Head, Quiet, r"^NMI backtrace for cpu (?P<cpu>\d+)(?:$|[^ \d])", "NMI backtrace"),
    row(Kind::Dump, Message, Head, Quiet, r"^task:(?P<comm>.+?) +state:\S+(?: +running task)?(?: on cpu +\d+)? +stack: *\d+ +pid: *(?P<pid>\d+)", "task dump"),

    // Out of memory.
    row(Kind::OutOfMemory, Message, Head, Victim, r"(?P<comm>\S.*) invoked oom-killer: gfp_mask=.*", "out of memory"),
    row(Kind::OutOfMemory, Message, Head, Victim, r"^oom-kill:constraint=.*,task=(?P<comm>[^,]+),pid=(?P<pid>\d+)", "out of memory: killed $comm"),
    row(Kind::OutOfMemory, Message, Head, Line, r"^(?:Memory cgroup )?[Oo]ut of memory.*: Kill(?:ed)? process (?P<pid>\d+) \((?P<comm>.+?)\)", "out of memory: killed $comm"),
    row(Kind::AllocationFailure, Message, Head, Quiet, r"^(?:(?P<comm>\S.*?)(?:\(\S*\))?: )?page allocation (?:failure|stalls)\b", "page allocation failure"),
    row(Kind::AllocationFailure, Message, Head, Quiet, r"^(?P<comm>\S.*?): (?P<what>vmalloc(?: error| size \d+ allocation failure|: allocation failure)): ", "$what"),

    // Rust.
    row(Kind::RustPanic, Form::Bug, Prelude, Trace, r"(?:^|\brust_kernel: )panicked at (?:'(?P<message>.*)', )?(?P<file>[^\s:]+):(?P<line>\d+)(?::\d+)?", "Rust panic"),

    // The rest.
    row(Kind::Other, Message, Head, Quiet, r"^WARNING: (?P<what>kernel stack (?:frame pointer|regs)) at .* has bad", "$what: bad value"),
    row(Kind::Other, Message, Head, Quiet, r"^irq (?P<what>\d+): nobody cared", "irq: nobody cared"),
    row(Kind::Other, Message, Head, Quiet, r"unchecked MSR access error: (?P<what>\w+) (?:to|from) 0x[0-9a-f]+ .*?(?:at rIP: 0x[0-9a-f]+ \((?P<symbol>SYM)\))?", "unchecked MSR access error: $what"),
    // OpenZFS: what fails there prints a call trace and waits for ever.
    row(Kind::Other, Message, Head, Quiet, r"^PANIC at (?P<file>[^\s:]+):(?P<line>\d+):(?P<name>\w+)\(\)", "SPL PANIC"),
    row(Kind::Other, Message, Head, Line, r"^VFS: (?P<what>Close: file count is 0|Busy inodes after unmount)", "VFS: $what"),
    row(Kind::Other, Message, Head, Line, r"^(?P<what>Fixing recursive fault but reboot is needed)!", "$what"),
    row(Kind::Other, Message, Head, Line, r"^unregister_netdevice: waiting for \S+ to become free", "unregister_netdevice: waiting for a device to become free"),
    row(Kind::Other, Message, Head, Quiet, r"^BUG: Dentry .+ still in use \(\d+\) *\[(?P<what>unmount) of ", "Dentry still in use in $what"),
    row(Kind::Other, Message, Head, Quiet, r"^(?:[\w/.-]+: )?BUG: (?P<what>\S.*?)[!.]?$", "$what"),
];
