// SPDX-License-Identifier: GPL-2.0

//! Puts together what a mail program broke in two.
//!
//! Only lines that cannot be whole are completed, only by lines that mean nothing alone, and never
//! across a timestamp: a line of the kernel's own stays as it is.

use super::{details, shapes};
use crate::console::Line;
use crate::pattern::Rows;
use regex::Regex;
use std::borrow::Cow;
use std::sync::LazyLock;

/// A line as the kernel printed it: one or more lines of the log.
pub struct Whole<'a> {
    /// Index of its first line.
    pub first: usize,
    /// Index of its last line.
    pub last: usize,
    /// Who printed it; empty if nobody says.
    pub caller: &'a str,
    /// The text.
    pub text: Cow<'a, str>,
}

/// The most lines that make one.
const PARTS: usize = 8;
/// The row of the program counter, where its value did not fit behind it.
const PC: &str = "RIP:";
/// The most bytes of a line that are looked at. printk's own limit is far below; a damaged log
/// may have one line of any length.
const LONG: usize = 1 << 16;

/// Every line of a log, with broken ones put together.
pub fn wholes(lines: &[Line]) -> impl Iterator<Item = Whole<'_>> {
    let mut next = 0;
    // The second half of a line that is put together already.
    let mut half = usize::MAX;
    std::iter::from_fn(move || {
        if next == half {
            next += 1;
        }
        let first = next;
        let line = lines.get(first)?;
        let caller = line.caller.as_deref().unwrap_or("");
        let mut text = Cow::Borrowed(start(&line.text));
        let mut last = first;
        if let Some(whole) = torn(&lines[first..]) {
            next = first + 1;
            half = first + 2;
            let text = Cow::Owned(whole);
            return Some(Whole {
                first,
                last,
                caller,
                text,
            });
        }
        while last - first < PARTS {
            let next = lines.get(last + 1).filter(|_| last + 1 != half);
            let Some(whole) = next.and_then(|rest| joined(line, &text, rest)) else {
                break;
            };
            text = Cow::Owned(whole);
            last += 1;
        }
        next = last + 1;
        Some(Whole {
            first,
            last,
            caller,
            text,
        })
    })
}

/// The first of these lines, if another message tore it: that one began in the midst of it, and
/// the rest came behind that one's end.
fn torn(lines: &[Line]) -> Option<String> {
    let [head, within, rest, ..] = lines else {
        return None;
    };
    let at_once = head.number == within.number && within.number != rest.number;
    if !at_once || !can_follow(rest) || head.text.len() > 400 {
        return None;
    }
    let whole = format!("{}{}", head.text, rest.text);
    (details::frame(&whole).is_some() && details::frame(&head.text).is_none()).then_some(whole)
}

/// What is looked at of a line.
fn start(text: &str) -> &str {
    let fits = |at: &usize| text.is_char_boundary(*at);
    let end = (0..=LONG.min(text.len())).rev().find(fits).unwrap_or(0);
    &text[..end]
}

/// The line that begins with `start`, which is `line` or begins with it, if that cannot be all of
/// it and `rest` is the end.
fn joined(line: &Line, start: &str, rest: &Line) -> Option<String> {
    // Nobody breaks a shorter line at a blank (a time stood before it), and none that matters
    // is longer.
    let least = if line.time.is_some() || start == PC {
        1
    } else {
        24
    };
    if !(least..=400).contains(&start.len()) || !can_follow(rest) {
        return None;
    }
    let whole = format!("{start} {}", rest.text.trim_start());
    // A terminal breaks where its last column is.
    let letters = |c: char| c.is_ascii_alphanumeric();
    if start.ends_with(letters) && rest.text.starts_with(letters) {
        let glued = format!("{start}{}", rest.text);
        if shapes::says_more(&glued, &whole) && shapes::is_broken_at(&glued, start.len()) {
            return Some(glued);
        }
    }
    let broken = match is_unfinished(start) {
        true => completes(start, rest) && shapes::find(&rest.text).is_none(),
        false => shapes::is_broken_at(&whole, start.len()) && details::frame(&rest.text).is_none(),
    };
    broken.then_some(whole)
}

/// A line that the kernel never ends so.
fn is_unfinished(text: &str) -> bool {
    static UNFINISHED: LazyLock<Rows> = LazyLock::new(|| details::rows(PATTERNS.iter().copied()));
    UNFINISHED.is_match(text)
}

/// How lines end that are broken where mail programs do it: at a blank.
const PATTERNS: &[&str] = &[
    r"BUG: K[A-Za-z]{3,4}N: [\w -]+ in(?: [\w.]+(?: [\w./-]+:\d+)?)?$",
    r"Unable to handle kernel(?: [A-Za-z-]+)*$",
    r"^(?:Oops: )?KASAN: [\w -]+ in range$",
    r"BUG: (?:unable|kernel|unable to handle.*)(?: [A-Za-z-]+)*(?: at|,)?(?: address:?)?$",
    r"WARNING: CPU: \d+ PID: \d+ at(?: [\w./-]+:\d+)?$",
    r"WARNING: [\w./-]+:\d+ at(?: SYM)?$",
    r"Kernel panic - not syncing: Attempted to kill( init!)?$",
    r"^\s*CPU: *\d+(?: UID: \d+)? PID: \d+ Comm: .*(?:Not tainted|Tainted: [A-Z ]+|Kdump: loaded|Not)$",
    r"^\s*CPU: *\d+(?: UID: \d+)? PID: \d+ Comm: [^ ]+$",
    r"^\s*CPU: *\d+(?: UID: \d+)? PID:$",
    r"^\s*Hardware name:(?: .{30,})?$",
    r", at:$",
    r"^(?:#\d+: +)?[0-9a-f]{8,16} \([^ ]+\)(?:\{\S+\})?,?$",
    r"(?:hard|soft)irqs last +(?:en|dis)abled at \(\d+\): \[<[0-9a-f]+>\]$",
    // Decoded: "f (kernel/a.c:12" before "(discriminator 1))".
    r" \([\w./-]+:\d+$",
    r"^\s*(?:\? )?[A-Za-z_][\w.]* \((?:[\w./-]+(?::\d+)?|\(discriminator(?: \d+\))?| )+$",
    r"^RIP:$",
    r"^(?:R[ABCDS0-9][PX0-9I]|[CF]S|CR2|DR[03]) ?: .* (?:R[ABCDS0-9][PX0-9I]|GS|knlGS|ES|CR[034]|DR[1267]|EFLAGS|ORIG_RAX):$",
    r"^pstate: [0-9a-f]+ \([^)]*$",
    r"^\s*Code:(?: [0-9a-f<>()]{2,10})+$",
];

/// More of the bytes behind `Code:`.
static CODE: LazyLock<Regex> =
    LazyLock::new(|| details::regex(r"^(?:[<(]?(?:[0-9a-f]{2}|[0-9a-f]{8})[>)]?(?: |$))+$"));

/// Whether `rest` can be the end of a line that begins with `start`.
fn completes(start: &str, rest: &Line) -> bool {
    let text = rest.text.trim();
    if start.trim_start().starts_with("Code:") {
        return CODE.is_match(text);
    }
    let wants_function = [" in", " at", " at:", ">]"];
    let wants_function =
        wants_function.iter().any(|end| start.ends_with(end)) || start.contains("WARNING: ");
    wants_function || details::frame(text).is_none()
}

/// Whether a line can be the end of another one. In a log without timestamps it looks like any
/// other, unless it means something.
fn can_follow(rest: &Line) -> bool {
    let text = rest.text.trim();
    rest.time.is_none()
        && rest.caller.is_none()
        && rest.level.is_none()
        && !text.is_empty()
        && text.len() <= 120
        && details::find(text).is_none()
}
