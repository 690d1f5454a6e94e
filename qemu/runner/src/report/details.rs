// SPDX-License-Identifier: GPL-2.0

//! The lines of a report's body, one row each, and the small parsers that rows share.

use super::{noise, Access, Fault, Frame, Kind, Module, Report, Symbol};
use crate::pattern::{self, Rows};
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// Compiles a pattern of these tables. `SYM` stands for a symbol with offset and size.
pub fn regex(pattern: &str) -> Regex {
    pattern::regex(&with_symbols(pattern))
}

/// The rows of one of these tables.
pub fn rows<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Rows {
    let patterns: Vec<String> = patterns.into_iter().map(with_symbols).collect();
    Rows::new(patterns.iter().map(String::as_str))
}

fn with_symbols(pattern: &str) -> String {
    pattern.replace(
        "SYM",
        r"[A-Za-z_$.][\w$.]*\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[[^\]]+\])?",
    )
}

/// Reads `name+0xoffset/0xsize [module buildid]`.
pub fn symbol(text: &str) -> Option<Symbol> {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"^([A-Za-z_$.][\w$.]*)\+0x([0-9a-f]+)/0x([0-9a-f]+)(?: \[([^\]\s]+)[^\]]*\])?")
    });
    let found = PATTERN.captures(text)?;
    Some(Symbol {
        name: found[1].to_string(),
        offset: hex(&found[2])?,
        size: hex(&found[3])?,
        module: found.get(4).map(|name| name.as_str().to_string()),
    })
}

/// Reads a hexadecimal number, with or without `0x`.
pub fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
}

/// Reads one line of a call trace.
pub fn frame(text: &str) -> Option<Frame> {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^\s*(?:<[A-Z#/_ 0-9]+>\s*)*(?:\[?<\(?(?:0x)?[0-9a-f]+\)?>\]?\s*)?(\?\s+)?(?:\[[0-9a-f]+\]\s+)?([A-Za-z_$.][\w$.]*\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[[^\]]+\])?)(?: \(([A-Z]+)\))?",
        )
    });
    // Decoded beforehand, by decode_stacktrace.sh: the offsets are gone.
    static DECODED: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^\s*(\?\s+)?([A-Za-z_][\w.]*) \(([^():]+:(?:\d+|\?)|\?\?:.)(?:[^()]|\([^()]*\))*\)(?: \([A-Z]+\))?(?: ([\w-]+))?\s*$",
        )
    });
    // Decoded by syzkaller: "f include/linux/a.h:12 [inline]", in its first years without that
    // mark, and offsets kept where they are.
    static INLINED: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^\s*(?:\[<[0-9a-f]+>\] )?(\?\s+)?([A-Za-z_][\w.]*) (?:\S+:-?\d+ \[inline\]|[\w./-]+/[\w.-]+\.[chS]:\d+)\s*$",
        )
    });
    if let Some(found) = PATTERN.captures(text) {
        return Some(Frame {
            symbol: symbol(&found[2])?,
            reliable: found.get(1).is_none(),
            exact: found
                .get(3)
                .is_some_and(|source| source.as_str().contains('P')),
            inlined: false,
            raw: text.to_string(),
        });
    }
    if let Some(found) = INLINED.captures(text) {
        return Some(Frame {
            symbol: unplaced(&found[2], None),
            reliable: found.get(1).is_none(),
            exact: false,
            inlined: true,
            raw: text.to_string(),
        });
    }
    let found = DECODED.captures(text)?;
    Some(Frame {
        symbol: unplaced(&found[2], found.get(4)),
        reliable: found.get(1).is_none(),
        exact: false,
        inlined: false,
        raw: text.to_string(),
    })
}

/// Reads a line of a call trace from which offsets were taken out.
pub fn name_only(text: &str) -> Option<Frame> {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"^\s*(\?\s+)?([a-z_][a-z0-9_]*(?:\.[a-z0-9]+)*)(?: \[([\w-]+)\])?\s*$")
    });
    let found = PATTERN.captures(text)?;
    Some(Frame {
        symbol: unplaced(&found[2], found.get(3)),
        reliable: found.get(1).is_none(),
        exact: false,
        inlined: false,
        raw: text.to_string(),
    })
}

/// A function of which the log does not say where in it.
fn unplaced(name: &str, module: Option<regex::Match<'_>>) -> Symbol {
    Symbol {
        name: name.to_string(),
        offset: 0,
        size: 0,
        module: module.map(|name| name.as_str().to_string()),
    }
}

/// Brackets around a part of an x86 trace: `<TASK>`, `</IRQ>`, `<EOI>`.
pub fn stack_tag(text: &str) -> Option<&str> {
    let tag = text.trim().strip_prefix('<')?.strip_suffix('>')?;
    let known = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "/#_ ".contains(c);
    tag.chars().all(known).then_some(tag)
}

/// Where a line of a body sends the parser, besides what it writes into the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It says who and where: the body has begun.
    Task,
    /// It gives the program counter.
    Pc,
    /// It gives the program counter of the user's program that the kernel was entered from.
    UserPc,
    /// It gives registers.
    Registers,
    /// A call trace follows.
    Trace,
    /// A further stack follows.
    Section,
    /// It ends a call trace.
    After,
    /// `---[ end trace`.
    EndTrace,
    /// A line of equals signs.
    Ruler,
    /// `---[ end Kernel panic` and the other last words.
    EndPanic,
    /// The victim of the OOM killer.
    EndVictim,
    /// It belongs to the report and moves nothing.
    Known,
    /// Another program wrote it in between.
    Foreign,
}

type Take = fn(&Captures<'_>, &mut Report);

/// A row of the table.
pub struct Detail {
    pub role: Role,
    /// Writes what the line says into the report. The parser decides whether it may.
    pub take: Take,
}

/// The row that a line of a body fits.
pub fn find(text: &str) -> Option<(Detail, Captures<'_>)> {
    static PATTERNS: LazyLock<Rows> = LazyLock::new(|| rows(ROWS.iter().map(|row| row.1)));
    // Who quotes a log likes to indent it.
    let (row, groups) = PATTERNS.find(text.trim_start())?;
    let (role, _, take) = ROWS[row];
    Some((Detail { role, take }, groups))
}

/// Every line of a body that is known.
#[rustfmt::skip] // A table: one row, one line.
static ROWS: &[(Role, &str, Take)] = &[
    // Other programs, as syslog and journald name them, and printk about itself.
    (Role::Foreign, r"^(?:[\w.-]+ )?[\w.@/()-]+\[\d+\]: ", nothing),
    (Role::Foreign, r"^(?:\*\* \d+ printk messages dropped|Message from syslogd@|printk: \d+ messages? (?:dropped|suppressed)|\w+: \d+ callbacks suppressed)", nothing),

    // A slow interrupt is a remark of its own.
    (Role::Foreign, r"^(?:INFO: NMI handler .*|perf: interrupt) took too long", nothing),

    // Who and where.
    (Role::Task, r"^\s*CPU: *(\d+)(?: UID: \d+)? PID: (\d+)(?:/\S+)? Comm: (.*?) (Not tainted|Tainted: .*?)((?: |$)\S+ #\S+.*| \S*\d+\.\d+.*|$)", take_task),
    (Role::Task, r"^\s*CPU: *(\d+)(?: UID: \d+)? PID: (\d+)(?:/\S+)? Comm: (\S+)()()", take_task),
    (Role::Task, r"^Pid: (\d+), comm: (.*?) (Not tainted|Tainted: [A-Z ]+)", take_old_task),
    (Role::Known, r"^Hardware name: (.*)", take_hardware),
    (Role::Known, r"^Tainted: \[", nothing),
    (Role::Known, r"^Workqueue: \S.* ([A-Za-z_][\w.]*)(?: \([A-Za-z_]\w*\))?\s*$", take_work),
    (Role::Known, r"^(?:Workqueue|Stopper|Sched_ext|task|Kprobe):? ", nothing),
    (Role::Known, r"\bpid: (\d+), name: (.*)", take_pid_name),
    (Role::Known, r"^(?:This|\S+) task [^/]*/(\d+)", nothing),

    // Program counter.
    (Role::Pc, r"^(?:RIP|EIP): (?:[0-9a-f]{4}:)?\[<[0-9a-f]+>\] ?(?: \[<[0-9a-f]+>\] ?)?(.*)", take_pc),
    (Role::Pc, r"^(?:RIP|EIP): (?:0010|e030):(.*)", take_pc),
    (Role::Pc, r"^IP: (?:\[<[0-9a-f]+>\] ?)?(.*)", take_pc),
    (Role::UserPc, r"^(?:RIP|EIP): (?:0033|0023|002b|0073):", nothing),
    (Role::Pc, r"^(?:RIP|EIP): (.*)", take_pc),
    (Role::Pc, r"^pc : (.*?)(?: lr : .*)?$", take_pc),
    (Role::Pc, r"^PC is at (.*)", take_pc),
    (Role::Known, r"^(?:lr : |LR is at )(.*)", nothing),

    // Registers.
    (Role::Registers, r"^(?:pstate|pmr_save|pmr) ?: ?[0-9a-f]+.*", take_registers),
    (Role::Registers, r"^(?:R[SABCD][PX]|R[SD]I|R(?:0[89]|1[0-5])|ESP|EAX|ESI|EFLAGS|ORIG_RAX|[CDFG]S|knlGS|CR[0234]|DR[0-367]|PKRU)\b ?: *(?:[0-9a-f]{4}:)?[0-9a-f]{4,16}.*", take_registers),
    (Role::Registers, r"^(?:sp|x\d+) *: [0-9a-f]{8,16}.*", take_registers),

    // Memory faults.
    (Role::Known, r"^#PF: (?:supervisor|user) (instruction fetch|write access|read access) in (?:kernel|user) mode", take_access),
    (Role::Known, r"^#PF: error_code\((0x[0-9a-f]+)\) - (.*)", take_error_code),
    (Role::Known, r"^\s*ESR = (0x[0-9a-f]+)", take_esr),
    (Role::Known, r"^\s*(?:EC = 0x[0-9a-f]+: |Exception class = )(.*?)(?:, IL = .*)?$", take_class),
    (Role::Known, r"^\s*FSC = 0x[0-9a-f]+: (.*)", take_status),
    (Role::Known, r"\bWnR = ([01])", take_wnr),
    (Role::Known, r"^(Read|Write) of size \d+ at addr ([0-9a-f]+|\S+) by task (.+)/(\d+)", take_kasan_access),
    (Role::Known, r"^(Read|Write) at addr ([0-9a-f]+|\S+) by task (.+)/(\d+)", take_kasan_access),
    (Role::Known, r"^(Free) of addr ([0-9a-f]+|\S+) by task (.+)/(\d+)", take_kasan_access),
    (Role::Known, r"^KASAN: .* in range \[.*", take_message),
    (Role::Known, r"^\s*(?:Mem abort info|Data abort info|Instruction abort info|SET = |EA = |SSE = |SF = |ISV = |CM = |GCS = |Access size|user pgtable|swapper pgtable|\[[0-9a-f]{8,16}\] (?:\*?pgd=|user|address)|PGD |PUD |PTE |BAD)", nothing),
    (Role::Known, r"^(?:ESR|FAR|ELR|Task stack|IRQ stack|Overflow stack|IDT|LDTR|TR): ", nothing),

    (Role::Known, r"^last function: ([A-Za-z_][\w.]*)", take_last_function),

    // Where lockdep saw the lock that it complains about: the first that is named.
    (Role::Known, r"^(?:[0-9a-f]{8,16} )?\(.*,? at: (?:\[<[0-9a-f]+>\] )?(SYM)", take_lock),
    (Role::Known, r"^(?:[0-9a-f]{8,16} )?\(.*, at: ([A-Za-z_][\w.]*) \(", take_lock),
    (Role::Known, r"^#0: .*,? at: (?:\[<[0-9a-f]+>\] )?(SYM)", take_held_lock),
    (Role::Known, r"^#0: .*,? at: ([A-Za-z_][\w.]*) \(", take_held_lock),
    (Role::Known, r"^#\d+: +(?:[0-9a-f]{8,16} )?\(", nothing),
    (Role::Known, r"^\[<[0-9a-f]+>\] (SYM)(?: \S+:\d+)?$", take_released_lock),

    // The trace.
    (Role::Trace, r"^\s*(?:nVHE (?:HYP )?)?[Cc]all [Tt]race: *$", nothing),
    (Role::Trace, r"^\s*(?:Call Trace|Call trace|Backtrace|backtrace):", nothing),
    (Role::Trace, r"^\s*backtrace \(crc [0-9a-f]+\):", nothing),
    (Role::Section, r"^(?:Allocated|Freed|allocated|freed) (?:by task|in) .*", nothing),
    (Role::Section, r"^(?:Allocated|Freed|Last potentially related work creation|Second to last potentially related work creation|Uninit was (?:created|stored) .*|Local variable .* created at|Last call_rcu\(\)|Last potentially .*):$", nothing),
    (Role::Trace, r"^(?:(?:assert no )?(?:read|write|read-write|access)s?(?: \([^)]*\))* to 0x|race at unknown origin).*", nothing),
    (Role::Trace, r"^(?:Out-of-bounds|Use-after-free|Corrupted memory|Invalid (?:read|write|free)) .*:$", nothing),
    (Role::Known, r"^INFO: task .+ is blocked on an? ", nothing),
    (Role::Section, r"^(?:task:\S.* state:|Task dump for CPU |(?:rcu: )?RCU grace-period kthread stack dump)", nothing),
    (Role::After, r"^(?:The buggy address|Memory state around|Showing all locks|kfence-#\d+|Mem-Info:|Reported by Kernel)", nothing),
    (Role::After, r"^Code: +(.*)", take_code),
    (Role::After, r"^Modules linked in: ?(.*)", take_modules),
    (Role::After, r"^\[last unloaded: .*\]", nothing),

    // Ends.
    (Role::EndTrace, r"^-{3}\[ end (?:nVHE (?:HYP )?call )?trace(?: [0-9a-f]+)? \]-{3}", nothing),
    // kexec, which does not come back.
    (Role::EndTrace, r"^Starting crashdump kernel", nothing),
    (Role::EndPanic, r"-{3}\[ end Kernel panic", nothing),
    (Role::EndPanic, r"^(?:Rebooting in \d+ seconds|Kernel Offset: |Memory Limit: |CPU features: 0x|PHYS_OFFSET: )", nothing),
    (Role::EndVictim, r"(?:Kill(?:ed)? process \d+|no killable processes)", nothing),
    (Role::Ruler, r"^={20,}\s*$", nothing),

    // Known, and not of use.
    (Role::Known, r"^(?:pgd = |\[<\s*\(null\)>\]|\S.*? +[A-Z] +running task|\S.*? +[RSDTtXZPIKW] *\d+ +\d+ +\d+ +0x[0-9a-f]+$|irq event stamp|hardirqs last|softirqs last|Preemption disabled at|preempt_count:|in_atomic\(\):|RCU nest depth|INFO: lockdep is turned off|no locks held by|\d+ locks? held by|Showing |Sending NMI|NMI backtrace for cpu \d+ skipped|Dumping ftrace|SMP: stopping|SMP: failed|Bye!|Stack:|Exception stack|Process .* \(pid: )", nothing),
    (Role::Known, r"^(?:note: .* exited with|Disabling lock debugging|rcu: |\(t=\d+ jiffies|\d+-\S+: \(|flags: |raw: |page:|page dumped because|head: |aops:|page_owner|Object |Redzone|Padding|Bytes? b4|Slab 0x|INFO: (?:Slab|Object|Allocated|Freed|0x)|FIX |\S+ (?:RDI|RSI|RDX): )", nothing),
    // The memory that registers point to, as Android's kernels print it.
    (Role::Known, r"^(?:(?:SP|LR|PC|FP|X\d+|R\d+): 0x[0-9a-f]+:|[0-9a-f]{4}  [0-9a-f*]{8}(?: [0-9a-f*]{8})+) *$", nothing),
    (Role::Known, r#"^(?:"echo 0 >|(?:Not tainted|Tainted: )|-{20,}|=+$|\s*RSP <|RIP  ?\[|CR2: |[0-9a-f]{4}: [0-9a-f]{16} |\s*[0-9a-f]{16}(?: [0-9a-f]{16})+)"#, nothing),
];

fn nothing(_: &Captures<'_>, _: &mut Report) {}

fn text(found: &Captures<'_>, group: usize) -> String {
    found
        .get(group)
        .map_or("", |part| part.as_str())
        .trim()
        .to_string()
}

fn take_task(found: &Captures<'_>, report: &mut Report) {
    report.cpu = found[1].parse().ok();
    report.pid = found[2].parse().ok();
    report.comm = Some(
        text(found, 3)
            .trim_end_matches(" Kdump: loaded")
            .to_string(),
    );
    let state = found.get(4).map_or("", |part| part.as_str());
    if !state.is_empty() {
        report.tainted = Some(taint_letters(state));
    }
    let release: Vec<&str> = found
        .get(5)
        .map_or("", |part| part.as_str())
        .split_whitespace()
        .take(2)
        .collect();
    if !release.is_empty() {
        report.release = Some(release.join(" "));
    }
}

fn take_old_task(found: &Captures<'_>, report: &mut Report) {
    report.pid = found[1].parse().ok();
    report.comm = Some(text(found, 2));
    report.tainted = Some(taint_letters(&found[3]));
}

/// The letters of "Tainted: G           O      "; none for "Not tainted".
fn taint_letters(state: &str) -> String {
    let letters = state.strip_prefix("Tainted:").unwrap_or("");
    letters.chars().filter(char::is_ascii_uppercase).collect()
}

fn take_hardware(found: &Captures<'_>, report: &mut Report) {
    report.hardware.get_or_insert_with(|| text(found, 1));
}

fn take_pid_name(found: &Captures<'_>, report: &mut Report) {
    report.pid = report.pid.or_else(|| found[1].parse().ok());
    report.comm.get_or_insert_with(|| text(found, 2));
}

fn take_pc(found: &Captures<'_>, report: &mut Report) {
    if let Some(symbol) = pc(found) {
        report.function = Some(symbol);
    }
}

/// The function in a row that gives the program counter.
pub fn pc(found: &Captures<'_>) -> Option<Symbol> {
    let place = text(found, 1);
    let place = place
        .split_once("] ")
        .filter(|(left, _)| left.starts_with("[<") || left.starts_with("[0x"))
        .map_or(place.as_str(), |(_, right)| right);
    symbol(place)
        .or_else(|| Some(frame(&format!(" {place}"))?.symbol))
        .or_else(|| Some(name_only(place)?.symbol))
}

fn take_registers(found: &Captures<'_>, report: &mut Report) {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"\b(ORIG_RAX|[A-Za-z][A-Za-z0-9_]{1,8})(?: {0,2}): {0,2}(?:[0-9a-f]{4}:)?([0-9a-f]{4,16})\b",
        )
    });
    let line = found.get(0).map_or("", |whole| whole.as_str());
    for one in PATTERN.captures_iter(line) {
        push_register(report, &one);
    }
}

fn push_register(report: &mut Report, one: &Captures<'_>) {
    let known = report.registers.iter().any(|(name, _)| *name == one[1]);
    if let (false, Some(value)) = (known, hex(&one[2])) {
        report.registers.push((one[1].to_string(), value));
    }
}

fn fault(report: &mut Report) -> &mut Fault {
    report.fault.get_or_insert_with(Fault::default)
}

fn take_access(found: &Captures<'_>, report: &mut Report) {
    fault(report).access = Some(match &found[1] {
        "instruction fetch" => Access::Execute,
        "write access" => Access::Write,
        _ => Access::Read,
    });
}

fn take_error_code(found: &Captures<'_>, report: &mut Report) {
    let fault = fault(report);
    fault.code = hex(&found[1]);
    // "NX-protected page" says more, and was said first.
    if fault.reason.is_empty() {
        fault.reason = text(found, 2);
    } else {
        fault.detail = Some(text(found, 2));
    }
}

fn take_esr(found: &Captures<'_>, report: &mut Report) {
    fault(report).code = hex(&found[1]);
}

fn take_class(found: &Captures<'_>, report: &mut Report) {
    let fault = fault(report);
    if found[1].starts_with("IABT") {
        fault.access = Some(Access::Execute);
    }
    fault.detail = Some(text(found, 1));
}

fn take_status(found: &Captures<'_>, report: &mut Report) {
    let fault = fault(report);
    let class = fault
        .detail
        .take()
        .map(|class| class + ", ")
        .unwrap_or_default();
    fault.detail = Some(class + &text(found, 1));
}

fn take_wnr(found: &Captures<'_>, report: &mut Report) {
    fault(report).access = Some(if &found[1] == "1" {
        Access::Write
    } else {
        Access::Read
    });
}

fn take_kasan_access(found: &Captures<'_>, report: &mut Report) {
    let fault = fault(report);
    fault.access = Some(match &found[1] {
        "Write" => Access::Write,
        "Free" => Access::Free,
        _ => Access::Read,
    });
    fault.address = hex(&found[2]);
    report.comm = Some(text(found, 3));
    report.pid = found[4].parse().ok();
}

fn take_lock(found: &Captures<'_>, report: &mut Report) {
    // Of a circle, who holds the other lock says more than who waits for a work.
    let circle = report.headline.contains("circular");
    let says_nothing = |function: &Symbol| noise::says_nothing(report.kind, function);
    // Decoded beforehand, it has no offset any longer.
    let function = symbol(&found[1]).unwrap_or_else(|| unplaced(&found[1], None));
    let better = match &report.function {
        Some(old) => circle && says_nothing(old) && !says_nothing(&function),
        None => true,
    };
    // A lock that is held is not why another one should be.
    let held = report.headline.contains("suspicious RCU");
    if report.kind == Kind::Lockdep && better && !held {
        report.function = Some(function);
    }
}

/// A lock that is still held is the matter only if the headline says so.
fn take_held_lock(found: &Captures<'_>, report: &mut Report) {
    let held = ["still has locks held", "lock held when returning"];
    if held.iter().any(|said| report.headline.contains(said)) {
        take_lock(found, report);
    }
}

/// What was unlocked stands in a line of its own.
fn take_released_lock(found: &Captures<'_>, report: &mut Report) {
    if report.headline.contains("bad unlock balance") || report.headline.contains("bad contention")
    {
        take_lock(found, report);
    }
}

fn take_work(found: &Captures<'_>, report: &mut Report) {
    report.work.get_or_insert_with(|| unplaced(&found[1], None));
}

/// The work behind which a workqueue finds something wrong.
fn take_last_function(found: &Captures<'_>, report: &mut Report) {
    report
        .function
        .get_or_insert_with(|| unplaced(&found[1], None));
}

fn take_message(found: &Captures<'_>, report: &mut Report) {
    report.message.get_or_insert_with(|| text(found, 0));
}

fn take_code(found: &Captures<'_>, report: &mut Report) {
    report.code.get_or_insert_with(|| text(found, 1));
}

/// Whether a line continues a list of modules.
pub fn is_module_list(text: &str) -> bool {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"^(?:\s*\b[A-Za-z0-9_]+(?:\([A-Z]*[+-]?\))?)+(?: \[last unloaded: .*)?\s*$")
    });
    PATTERN.is_match(text)
}

/// Adds the modules of a line that continues a list.
pub fn more_modules(text: &str, report: &mut Report) {
    let list = text.split("[last unloaded").next().unwrap_or("");
    report.modules.extend(list.split_whitespace().map(module));
}

fn take_modules(found: &Captures<'_>, report: &mut Report) {
    more_modules(&text(found, 1), report);
}

/// Reads `gfp_slab(O+)`.
fn module(text: &str) -> Module {
    let (name, flags) = text.split_once('(').unwrap_or((text, ""));
    Module {
        name: name.to_string(),
        flags: flags.trim_end_matches(')').to_string(),
    }
}

/// Whether a line may be the beginning of a frame: `foo`, `foo+0x1`, `[<ffffffff8`.
pub fn is_half_frame(text: &str) -> bool {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^\s*(?:\[<[0-9a-f]+>\] )?(?:\? )?(?:[A-Za-z_][\w.]*(?:\+[0-9a-fx]*(?:/[0-9a-fx]*)?)?|\[<?[0-9a-f]*>?\]?)\s*$",
        )
    });
    PATTERN.is_match(text)
}

/// Whether a call trace begins behind what else the line says.
pub fn ends_with_trace(text: &str) -> bool {
    [" Call trace:", " Call Trace:"]
        .iter()
        .any(|end| text.trim_end().ends_with(end))
}

/// Whether a line stands for others that somebody left out.
pub fn is_left_out(text: &str) -> bool {
    let plain = text.trim().trim_matches(['[', ']', '(', ')', '<', '>']);
    ["...", "…", "snip", "cut", "....", "and so on"].contains(&plain)
}

/// Whether a line says where the frame above it is, which had no place left for that.
pub fn is_place(text: &str) -> bool {
    static PATTERN: LazyLock<Regex> =
        LazyLock::new(|| regex(r"^\s*[\w./-]+/[\w.-]+\.[chS]:\d+(?: \[inline\])?\s*$"));
    PATTERN.is_match(text)
}

/// What kind of report a line is of that stands below the headline: it may be all that is quoted.
pub fn kind_told(text: &str) -> Option<(Kind, &'static str)> {
    let text = text.trim_start();
    if text.starts_with("KASAN: ") && text.contains(" in range [") {
        return Some((Kind::GeneralProtection, "general protection fault"));
    }
    let (place, said) = text.split_once(' ')?;
    let checks = said.starts_with("suspicious rcu_") && said.ends_with("usage!");
    let in_source = place.contains(".c:") || place.contains(".h:");
    (checks && in_source).then_some((Kind::Lockdep, "suspicious RCU usage"))
}

/// Whether a line is of the list of busy workqueues. At its end are the pools, which are not.
pub fn is_of_workqueues(text: &str) -> bool {
    static LIST: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^(?:Showing busy workqueues|workqueue \S+: flags=|(?:pwq \d+|in-flight|pending|inactive|delayed): )",
        )
    });
    LIST.is_match(text)
}

/// Whether a line is the first of a call trace that lacks its heading.
pub fn begins_trace(text: &str) -> bool {
    const FIRST: &[&str] = &[
        "__die",
        "__die_body",
        "__dump_stack",
        "__warn",
        "die_addr",
        "dump_backtrace",
        "dump_stack",
        "dump_stack_lvl",
        "no_context",
        "page_fault_oops",
        "report_bug",
        "show_regs",
        "show_stack",
    ];
    let opened = || matches!(stack_tag(text), Some("TASK" | "IRQ" | "NMI"));
    opened()
        || frame(text).is_some_and(|frame| {
            frame.symbol.size != 0 && FIRST.contains(&noise::plain(&frame.symbol.name).as_ref())
        })
}

/// Whether a line stands before the call trace of lockdep's reports.
pub fn is_before_trace(text: &str) -> bool {
    [
        "other info that might help us debug this:",
        "stack backtrace:",
    ]
    .contains(&text.trim())
}

/// Reads a line of a call trace that has an address but no name.
pub fn bare_frame(text: &str) -> Option<Frame> {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^\s*(?:<[A-Z#/_ 0-9]+>\s*)*(?:\[<([0-9a-f]+)>\]\s*)?(\?\s+)?(0x[0-9a-f]{1,16})?(?: \[([^\]\s]+)[^\]]*\])?\s*$",
        )
    });
    let found = PATTERN.captures(text)?;
    let address = found.get(3).or(found.get(1))?;
    Some(Frame {
        symbol: unplaced(
            &format!("0x{}", address.as_str().trim_start_matches("0x")),
            found.get(4),
        ),
        reliable: found.get(2).is_none(),
        exact: false,
        inlined: false,
        raw: text.to_string(),
    })
}
