// SPDX-License-Identifier: GPL-2.0

//! Console bytes to clean lines.
//!
//! What a serial port, `dmesg`, journald or a mail carried around the kernel's own text is taken
//! off here, and kept where it says something (time, caller, level). This file must not know what
//! an oops is: it never drops a line for what it says.

use crate::pattern::{regex, Rows};
use regex::Regex;
use serde::Serialize;
use std::borrow::Cow;
use std::sync::LazyLock;

/// One line of a console, without what the transport put around it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Line {
    /// The line of the raw log that it stands on, counted from 1. Two lines carry the same number
    /// where the kernel began to print behind unfinished output of a program.
    pub number: usize,
    /// Seconds since boot, from printk's timestamp.
    pub time: Option<f64>,
    /// Who printed it, as `CONFIG_PRINTK_CALLER` says: `T1` is task 1, `C0` is CPU 0 in an
    /// interrupt.
    pub caller: Option<String>,
    /// The log level, 0 (emergency) to 7 (debug).
    pub level: Option<u8>,
    /// The text. Its leading blanks are kept: they mean something in a call trace.
    pub text: String,
}

/// Cuts a log into clean lines.
///
/// Takes off carriage returns, terminal sequences, control characters, log levels, timestamps,
/// callers and the prefixes of syslog, journald and serial loggers. Bytes that are not UTF-8
/// become replacement characters. A mail saved as it was sent is decoded (quoted-printable). Every line that is not empty in the raw log gives at least one
/// line; a carriage return in the middle of a line ends it, as it does on a terminal.
pub fn lines(bytes: &[u8]) -> Vec<Line> {
    let mut out = Vec::new();
    let quoted = is_quoted_printable(bytes);
    let all: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    let mut raws = all.iter().copied().enumerate();
    while let Some((index, raw)) = raws.next() {
        let raw = without_quotation(raw, index, &all);
        let raw = if quoted {
            Cow::Owned(unquote(raw, raws.by_ref().map(|(_, more)| more)))
        } else {
            Cow::Borrowed(raw)
        };
        let text = String::from_utf8_lossy(&raw);
        let mut pushed = false;
        for part in text.split(['\r', '\n']) {
            if part.is_empty() {
                continue;
            }
            pushed |= push(&mut out, index + 1, part);
        }
        if !pushed {
            out.push(Line {
                number: index + 1,
                ..Line::default()
            });
        }
    }
    // The newline that ends the last line begins no further one.
    if out.last().is_some_and(|line| line.text.is_empty()) {
        out.pop();
    }
    out
}

/// The line without the marks of a mail's quotation, where no blank follows them. KASAN marks a row
/// of its dump like that, too, but not several near each other.
fn without_quotation<'a>(raw: &'a [u8], index: usize, all: &[&[u8]]) -> &'a [u8] {
    // Those of a line that quoted-printable broke stand at its first half.
    const NEAR: usize = 2;
    let is_mark = |byte: &u8| matches!(byte, b'>' | b'|');
    let marked = |line: &&[u8]| line.first().is_some_and(is_mark);
    if !marked(&raw) {
        return raw;
    }
    let near = &all[index.saturating_sub(NEAR)..all.len().min(index + NEAR + 1)];
    let quoted = near.iter().filter(|line| marked(line)).count() > 1;
    let text = raw.iter().position(|byte| !is_mark(byte));
    match text.filter(|&at| quoted && !matches!(raw[at], b' ' | b'\r')) {
        Some(at) => &raw[at..],
        None => raw,
    }
}

/// Whether a mail was saved without decoding it. One sign alone can stand in any log.
fn is_quoted_printable(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(1 << 20)];
    let equals = head
        .windows(3)
        .filter(|part| *part == b"=3D")
        .take(3)
        .count();
    // No line is longer than 76 characters (RFC 2045), though some programs allow themselves one or
    // two more, and those that are broken nearly are: one that is says as much as three.
    let broken = |line: &[u8]| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.len() {
            _ if !line.ends_with(b"=") || line.ends_with(b"==") => 0,
            76 => 3,
            60..=78 => 1,
            _ if equals == 3 => 1,
            _ => 0,
        }
    };
    let lines = head.split(|&byte| byte == b'\n');
    let broken = lines.map(broken).sum::<usize>();
    broken > 0 && broken + equals >= 3
}

/// Decodes a line, and puts it together with those that it was broken into.
fn unquote<'a>(raw: &[u8], mut more: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    // No line of a kernel is longer; the bound keeps a strange file cheap.
    const LONG: usize = 1 << 14;
    let mut out = Vec::with_capacity(raw.len());
    let mut line = raw;
    loop {
        let mut at = 0;
        let trimmed = line.strip_suffix(b"\r").unwrap_or(line);
        let (body, soft) = match trimmed.strip_suffix(b"=") {
            Some(body) if out.len() < LONG => (body, true),
            _ => (trimmed, false),
        };
        while let Some(&byte) = body.get(at) {
            let code = body
                .get(at + 1..at + 3)
                .filter(|_| byte == b'=')
                .and_then(|digits| std::str::from_utf8(digits).ok())
                .and_then(|digits| u8::from_str_radix(digits, 16).ok());
            out.push(code.unwrap_or(byte));
            at += if code.is_some() { 3 } else { 1 };
        }
        let Some(next) = soft.then(|| more.next()).flatten() else {
            return out;
        };
        line = next;
    }
}

/// Appends what one raw line holds; false if nothing of it was text.
fn push(out: &mut Vec<Line>, number: usize, raw: &str) -> bool {
    let clean = printable(raw);
    if clean.trim().is_empty() {
        return false;
    }
    let mut rest: &str = &clean;
    while let Some(at) = second_message(rest) {
        out.push(parse(number, &rest[..at]));
        rest = &rest[at..];
    }
    out.push(parse(number, rest));
    true
}

/// Where, behind the unfinished line of somebody else, a message of the kernel begins.
fn second_message(text: &str) -> Option<usize> {
    static STAMP: LazyLock<Regex> =
        LazyLock::new(|| regex(r"(?:<\d>)?\[ {0,4}\d{1,8}\.\d{6}\](?:\[ *[TC]\d+[^\]]*\])? "));
    let at = STAMP
        .find_iter(text)
        .map(|m| m.start())
        .find(|&at| at > 0)?;
    // What stands before may be a prefix that belongs to the message, not a line of its own.
    let before = parse(0, &text[..at]);
    (!before.text.trim().is_empty()).then_some(at)
}

/// Takes the prefixes off one line.
fn parse(number: usize, raw: &str) -> Line {
    let mut line = Line {
        number,
        ..Line::default()
    };
    // Markdown's bold type.
    let bold = raw.starts_with("**[") || raw.starts_with("***[");
    let mut rest = if bold { raw.trim_matches('*') } else { raw };
    // A console has a handful of prefixes at most; the bound keeps a strange line cheap.
    for _ in 0..8 {
        let Some(shorter) = PREFIXES.strip(rest, &mut line) else {
            break;
        };
        rest = shorter;
    }
    line.text = rest.trim_end().to_string();
    line
}

/// Puts what a prefix says into the line.
type Take = fn(&regex::Captures<'_>, &mut Line);

/// Prefixes that are taken off, and what their groups mean.
struct Prefixes {
    patterns: Rows,
    takes: Vec<Take>,
}

impl Prefixes {
    /// Takes off the first one that fits.
    fn strip<'a>(&self, text: &'a str, line: &mut Line) -> Option<&'a str> {
        let (row, found) = self.patterns.find(text)?;
        self.takes[row](&found, line);
        Some(&text[found.get(0)?.end()..])
    }
}

/// Every prefix that is known, one a row. Order matters only where one is the beginning of another.
static PREFIXES: LazyLock<Prefixes> = LazyLock::new(|| {
    const MONTH: &str = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
    const DAY: &str = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
    const ISO: &str = r"\d{4}-\d\d-\d\d[T _]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?";
    let rows: &[(&str, Take)] = &[
        // printk: "<4>[   12.345678][    T1] text", each part optional. Vendors add the CPU, as `@0`
        // or as `[ 0]`.
        (r"^<(\d{1,3})>", take_level),
        // XenServer: the level's name, its end under those above it.
        (
            r"^\s*\[ *(\d+\.\d{1,9})\](?: {2,3}(?:ALERT|EMERG|DEBUG)| {3,4}(?:INFO|WARN|CRIT)| {4,5}ERR): ",
            take_time,
        ),
        (
            r"^\s*\[ *(\d+\.\d{1,9})(?:@\d+)?\](?:\[ *\d{1,3}\])?(?: ?\[ *([TC]\d+)[^\]]*\])? ?",
            take_time,
        ),
        (r"^\[ *([TC]\d+)(?: [^\]]*)?\] ?", take_caller),
        // The same, copied without its bracket.
        (
            r"^(\d{1,8}\.\d{6})\](?:\[ *([TC]\d+)[^\]]*\])? ?",
            take_time,
        ),
        (r"^([TC]\d+)\] ", take_caller),
        // A time that was taken out before the log was shown.
        (r"^\s*\[ {0,12}(?:\.\.\.)?\] ?", nothing),
        // Qualcomm: the CPU and the task.
        (r"^c\d{1,2} {1,4}\d{1,6} ", nothing),
        // /dev/kmsg and netconsole: "4,1234,5678901,-,caller=T1;text", with the kernel's release
        // before it if netconsole is told so; who collects them may have put the host there.
        (
            r"^(?:[\w.-]+ +)?(?:\d+\.\d+[\w.+~-]*,)?(\d{1,3}),\d+,(\d+),[-c+](?:,caller=([TC]\d+))?[^; ]*;",
            take_kmsg,
        ),
        // dmesg -x: "kern  :warn  : ".
        (
            r"^kern *: *(emerg|alert|crit|err|warn|notice|info|debug) *: ?",
            take_named_level,
        ),
        // dmesg -T, dmesg --time-format=iso, and serial loggers that write the wall clock.
        (
            &format!(r"^\s*\[{DAY} {MONTH} +\d+ \d\d:\d\d:\d\d(?:\.\d+)? \d{{4}}\] ?"),
            nothing,
        ),
        // dmesg -T where days and months have other names, or another order.
        (
            r"^\s*\[[^\]\[\s]{1,12} (?:[^\]\[\s]{1,12} +\d{1,2}|\d{1,2} [^\]\[\s]{1,12}) \d\d:\d\d:\d\d(?:\.\d+)? \d{4}\] ?",
            nothing,
        ),
        (&format!(r"^\s*\[{ISO}\] ?"), nothing),
        // dmesg -H: the first line of a minute has the time, the others what passed.
        (
            &format!(
                r"^\s*\[ *(?:\+\d+[.,]\d+|{MONTH} ?\d+ \d\d:\d\d|\d{{1,2}}\. ?[^\s\]]{{3,8}} \d\d:\d\d)\] ?"
            ),
            nothing,
        ),
        (r"^\s*\[\d\d:\d\d:\d\d(?:[.:,]\d+)?\] ?", nothing),
        // syslog and journald, with host and tag: "Jan  2 03:04:05 host kernel: "; a pager may
        // have numbered the lines.
        (
            &format!(
                r"^\s*(?:\d{{1,7}}[: ] *)?(?:{DAY} )?{MONTH} +\d+ (?:\d{{4}} )?\d\d:\d\d:\d\d(?:\.\d+)? (?:[\w.-]+ +)?(?:\w*kernel(?:\[\d+\])?: ?)"
            ),
            nothing,
        ),
        // Months of other languages, and OpenWrt's: "Thu Jan  2 03:04:05 2020 kern.warn kernel: ".
        (
            &format!(
                r"^(?:{DAY} )?[^\s\[<]{{2,12}} +\d{{1,2}} \d\d:\d\d:\d\d(?:\.\d+)?(?: \d{{4}})? (?:[\w.-]+ +)?\w*kernel(?:\[\d+\])?: ?"
            ),
            nothing,
        ),
        // The same without a tag; what other programs log keeps theirs.
        (
            &format!(r"^(?:{DAY} )?{MONTH} +\d+ (?:\d{{4}} )?\d\d:\d\d:\d\d(?:\.\d+)?(?: |$)"),
            nothing,
        ),
        (
            &format!(
                r"^(?:{DAY} )?{ISO}(?: [A-Z]{{2,5}})? +(?:[\w.-]+ +)?(?:kernel(?:\[\d+\])?: ?)"
            ),
            nothing,
        ),
        (&format!(r"^{ISO} {{1,2}}"), nothing),
        (r"^\d\d:\d\d:\d\d(?:[.,]\d+)? ", nothing),
        (r"^[\w.-]+ kernel: ?", nothing),
        (r"^ *kernel: ?", nothing),
        // What vendors of telephones put before the text: CPU, task and process id.
        (r"^ ?[-.]?\(\d{1,2}\)\[\d+:[^\]]{1,24}\] ?", nothing),
        (r"^ *[A-Z]?\[\d{1,2}: *[^\]]{1,24}: *\d+\] ?", nothing),
        (r"^\[pid:\d+,cpu\d+,[^\]]{1,40}\] ?", nothing),
        // A laboratory's collector, and the level in words.
        (r"^(?:boot: )?logs: ", nothing),
        (
            r"^(?:EMERG|ALERT|CRIT|ERR|ERROR|WARNING|NOTICE|INFO|DEBUG) KERN ",
            nothing,
        ),
        // MediaTek: the task and the source file that printed.
        (r"^(?:[^\[\]:]{1,24}: )?\[name:[\w.-]*&?\]", nothing),
        // The part of KVM that speaks for the hypervisor.
        (r"^kvm(?: \[\d+\])?: ", nothing),
        // A blank that is none, twice encoded or what a mail program left of that.
        (r"^(?:\u{c2}[ \u{a0}]?)+|^A (?:A )* |^(?:A ){2,}", nothing),
        // A comment of C.
        (r"^ \* |^ \*$", nothing),
        // ktest: the seconds that the guest is up.
        (r"^0\d{4} ", nothing),
        // grabserial: "[12.345678 0.001234] ".
        (r"^\[ *\d+\.\d+ +\|? *\d+\.\d+\] ?", nothing),
        // A quotation in a mail. KASAN marks a row of its dump with ">" too, but with no blank.
        (r"^ ?(?:>+ )+(?:\| ?)?|^ {0,8}\| |^ {0,8}[>|]+$", nothing),
    ];
    Prefixes {
        patterns: Rows::new(rows.iter().map(|(pattern, _)| *pattern)),
        takes: rows.iter().map(|(_, take)| *take).collect(),
    }
});

fn nothing(_: &regex::Captures<'_>, _: &mut Line) {}

fn take_level(found: &regex::Captures<'_>, line: &mut Line) {
    // syslog's priority is facility * 8 + level.
    line.level = found[1].parse::<u16>().ok().map(|value| (value & 7) as u8);
}

fn take_time(found: &regex::Captures<'_>, line: &mut Line) {
    line.time = found[1].parse().ok();
    if let Some(caller) = found.get(2) {
        line.caller = Some(caller.as_str().to_string());
    }
}

fn take_caller(found: &regex::Captures<'_>, line: &mut Line) {
    line.caller = Some(found[1].to_string());
}

fn take_kmsg(found: &regex::Captures<'_>, line: &mut Line) {
    take_level(found, line);
    line.time = found[2].parse::<f64>().ok().map(|micros| micros / 1e6);
    if let Some(caller) = found.get(3) {
        line.caller = Some(caller.as_str().to_string());
    }
}

fn take_named_level(found: &regex::Captures<'_>, line: &mut Line) {
    const NAMES: [&str; 8] = [
        "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug",
    ];
    line.level = NAMES
        .iter()
        .position(|name| *name == &found[1])
        .map(|at| at as u8);
}

/// The blank that mail programs put where there are several.
const NO_BREAK: char = '\u{a0}';

/// Drops escape sequences and control characters; a tab stays.
fn printable(raw: &str) -> Cow<'_, str> {
    // Taken from Markdown. The names of ACPI begin so, too, but do not go on so.
    if let Some(plain) = without_backslashes(raw) {
        return Cow::Owned(printable(&plain).into_owned());
    }
    // Taken from the source of a web page.
    if raw.contains("&lt;") || raw.contains("&gt;") {
        let plain = raw.replace("&lt;", "<").replace("&gt;", ">");
        return Cow::Owned(printable(&plain.replace("&amp;", "&")).into_owned());
    }
    // What became of a blank that is none, after it was taken for another encoding and back.
    if raw.contains("ï¿½") {
        return Cow::Owned(printable(&raw.replace("ï¿½", " ")).into_owned());
    }
    if !raw
        .chars()
        .any(|c| c.is_control() && c != '\t' || c == NO_BREAK)
    {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => skip_escape(&mut chars),
            '\t' => out.push(c),
            NO_BREAK => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// `raw` with `_` for `\_` within names, if there is any.
fn without_backslashes(raw: &str) -> Option<String> {
    static INSIDE: LazyLock<Regex> = LazyLock::new(|| regex(r"([A-Za-z0-9])\\_"));
    let found = raw.contains("\\_") && INSIDE.is_match(raw);
    found.then(|| INSIDE.replace_all(raw, "${1}_").into_owned())
}

/// Skips the rest of an escape sequence (ECMA-48: CSI, OSC and its relatives, the short ones).
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            while let Some(&c) = chars.peek() {
                // A cut-off sequence must not eat the text behind it.
                if !('\x20'..='\x7e').contains(&c) {
                    break;
                }
                chars.next();
                if ('\x40'..='\x7e').contains(&c) {
                    break;
                }
            }
        }
        Some(']' | 'P' | 'X' | '^' | '_') => skip_string(chars),
        Some('\x20'..='\x2f') => {
            chars.next();
            chars.next();
        }
        Some('\x30'..='\x7e') => {
            chars.next();
        }
        _ => {}
    }
}

/// Skips a control string up to its terminator, if it has one on this line.
fn skip_string(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let mut ahead = chars.clone();
    ahead.next();
    // Titles of terminals are short; without an end nearby this was no control string.
    for _ in 0..256 {
        match ahead.next() {
            Some('\x07' | '\u{9c}') => {
                *chars = ahead;
                return;
            }
            Some('\x1b') => {
                ahead.next();
                *chars = ahead;
                return;
            }
            Some(_) => {}
            None => break,
        }
    }
    chars.next();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, time: Option<f64>, caller: Option<&str>, level: Option<u8>, text: &str) {
        let all = lines(raw.as_bytes());
        let expected = Line {
            number: 1,
            time,
            caller: caller.map(str::to_string),
            level,
            text: text.to_string(),
        };
        assert_eq!(all, [expected]);
    }

    #[test]
    fn prefixes_of_printk() {
        check(
            "[    1.250000][    T1] x",
            Some(1.25),
            Some("T1"),
            None,
            "x",
        );
        check(
            "[    1.250000][   C12]  x",
            Some(1.25),
            Some("C12"),
            None,
            " x",
        );
        check("<4>[12345.250000] x", Some(12345.25), None, Some(4), "x");
        check("[   T42] x", None, Some("T42"), None, "x");
        check("<4>[  ...] x", None, None, Some(4), "x");
        check("[ï¿½ 1.250000]ï¿½ x", Some(1.25), None, None, " x");
        check(
            "4,1234,1250000,-,caller=T7;x",
            Some(1.25),
            Some("T7"),
            Some(4),
            "x",
        );
        check(
            "6.7.0-rc1+,4,1234,1250000,-,caller=T7;x",
            Some(1.25),
            Some("T7"),
            Some(4),
            "x",
        );
        check(
            "kern  :warn  : [    1.250000] x",
            Some(1.25),
            None,
            Some(4),
            "x",
        );
        check("[    1.250000@0] x", Some(1.25), None, None, "x");
        let cpu = "[    1.250000][ 1] [ T4650] x";
        check(cpu, Some(1.25), Some("T4650"), None, "x");
        let killed = "[    1.250000] [   77]     0    77";
        check(killed, Some(1.25), None, None, "[   77]     0    77");
    }

    #[test]
    fn prefixes_of_others() {
        check(
            "Jan  2 03:04:05 host kernel: [    1.250000] x",
            Some(1.25),
            None,
            None,
            "x",
        );
        check("Jan 02 03:04:05 host kernel: x", None, None, None, "x");
        check("   Jan  2 03:04:05 host kernel: x", None, None, None, "x");
        check(
            "32790 Jan  2 03:04:05 host kernel: x",
            None,
            None,
            None,
            "x",
        );
        let local = "[三 9月 11 13:06:21 2024] ";
        check(
            &format!("{local} x+0x1/0x2"),
            None,
            None,
            None,
            " x+0x1/0x2",
        );
        check("[30. Jul 09:12] x", None, None, None, "x");
        check("[  +0,000005] x", None, None, None, "x");
        check(
            "Mar 31 20:04:11 host.lan 4,1790,1250000,-; x",
            Some(1.25),
            None,
            Some(4),
            " x",
        );
        check("00041 RIP: 0010:x", None, None, None, "RIP: 0010:x");
        check("[    1.250000]   WARN:  x", Some(1.25), None, None, " x");
        check("[    1.250000]  ALERT: x", Some(1.25), None, None, "x");
        check("[    1.250000] INFO: x", Some(1.25), None, None, "INFO: x");
        check(
            "[&lt;ffffffff&gt;] a-&gt;b &amp;c",
            None,
            None,
            None,
            "[<ffffffff>] a->b &c",
        );
        // No page would have it like that.
        check("a &amp; b", None, None, None, "a &amp; b");
        check(
            "2026-01-02T03:04:05+0100 host kernel: x",
            None,
            None,
            None,
            "x",
        );
        check("[Fri Jan  2 03:04:05 2026] x", None, None, None, "x");
        check(
            "[2026-01-02 03:04:05.123] <6>[    1.250000] x",
            Some(1.25),
            None,
            Some(6),
            "x",
        );
        check("[    1.250000] host kernel: x", Some(1.25), None, None, "x");
        check(" kernel:[    1.250000] x", Some(1.25), None, None, "x");
        check("sept. 27 21:47:33 host kernel: x", None, None, None, "x");
        check(
            "Thu Jan  2 03:04:05 2020 kern.warn kernel: [    1.250000] x",
            Some(1.25),
            None,
            None,
            "x",
        );
        check(
            "Fri 2026-01-02 03:04:05 CET host kernel: x",
            None,
            None,
            None,
            "x",
        );
        check("[Jan 2 03:04] x", None, None, None, "x");
        check("[  +0.000005]  x", None, None, None, " x");
        check(
            "[    1.250000] (0)[1234:kworker/0:1]x",
            Some(1.25),
            None,
            None,
            "x",
        );
        check(
            "[    1.250000]  [2:    kworker/2:1:  123] x",
            Some(1.25),
            None,
            None,
            "x",
        );
        check(
            "[    1.250000] [pid:1,cpu0,init]x",
            Some(1.25),
            None,
            None,
            "x",
        );
        check("> > [    1.250000] x", Some(1.25), None, None, "x");
        check(">> > >>> |[    1.250000] x", Some(1.25), None, None, "x");
        check("1.250000][    T1] x", Some(1.25), Some("T1"), None, "x");
        check(
            "Jan  2 03:04:05  Call Trace:",
            None,
            None,
            None,
            " Call Trace:",
        );
    }

    #[test]
    fn what_is_no_prefix_stays() {
        check(
            "[<ffffffff81000000>] f+0x1/0x2",
            None,
            None,
            None,
            "[<ffffffff81000000>] f+0x1/0x2",
        );
        check(
            ">ffff888005b3e000: fa",
            None,
            None,
            None,
            ">ffff888005b3e000: fa",
        );
        check(
            "[  OK  ] Started it.",
            None,
            None,
            None,
            "[  OK  ] Started it.",
        );
        check(
            "[    77]     0    77",
            None,
            None,
            None,
            "[    77]     0    77",
        );
    }

    #[test]
    fn what_the_web_and_mail_put_around_a_log_goes() {
        for raw in [
            "   [Tue Aug  6 20:51:51 2019]  f+0x1/0x2",
            "[dim. 19 avril 18:03:30 2026]  f+0x1/0x2",
            "[ ]  f+0x1/0x2",
            "c1   1042  f+0x1/0x2",
            "logs: WARNING KERN  f+0x1/0x2",
            "I[4:  napi/wlan0-33:  467]  f+0x1/0x2",
            "[ ]\u{a0} f+0x1/0x2",
            "|  f+0x1/0x2",
            "[C201134] rxq0_pus: [name:mrdump&] f+0x1/0x2",
            "  |  f+0x1/0x2",
            " > >  f+0x1/0x2",
            " *  f+0x1/0x2",
            "kvm [141]:  f+0x1/0x2",
            "> A   f+0x1/0x2",
            "\u{c2}\u{a0} f+0x1/0x2",
        ] {
            let all = lines(raw.as_bytes());
            assert_eq!(all.len(), 1, "{raw}");
            assert_eq!(all[0].text, " f+0x1/0x2", "{raw}");
        }
        check("\t[    1.5]  f", Some(1.5), None, None, " f");
        check("A A A f+0x1/0x2", None, None, None, "f+0x1/0x2");
        check("A fault", None, None, None, "A fault");
        check("T35] x", None, Some("T35"), None, "x");
        let bold = "***[Fri Jan  2 03:04:05 2026]  f+0x1/0x2***";
        check(bold, None, None, None, " f+0x1/0x2");
        for text in ["|[    1.25] x\n\n|[    1.25] x", ">>x\n>>x"] {
            assert!(lines(text.as_bytes())
                .iter()
                .all(|line| ["x", ""].contains(&&*line.text)));
        }
        check("|[    1.25] x", None, None, None, "|[    1.25] x");
        check("[\u{a0}\u{a0} 1.5]\u{a0} f", Some(1.5), None, None, " f");
        // XenServer's level stands behind a time; this one is the kernel's own word.
        check("[ 1.5]   INFO: PGD 0", Some(1.5), None, None, "PGD 0");
        check("  INFO: task a:1", None, None, None, "  INFO: task a:1");
        // ACPI's names begin as Markdown escapes.
        check(
            "nvme\\_kthread+0x1 \\_SB_.PCI0",
            None,
            None,
            None,
            "nvme_kthread+0x1 \\_SB_.PCI0",
        );
    }

    #[test]
    fn control_characters_go() {
        check(
            "\x1b[1;31mx\x1b[0m\x1b]0;title\x07\0\u{7}y\r",
            None,
            None,
            None,
            "xy",
        );
        check("\x1b[2J\x1bcx\x1b(B", None, None, None, "x");
        check("a\tb", None, None, None, "a\tb");
        check("x\x1b[", None, None, None, "x");
    }

    #[test]
    fn a_message_behind_an_unfinished_line_is_its_own() {
        // So it is after 45 days.
        let all = lines(b"a [3966658.307702] b\n");
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].time, Some(3966658.307702));
        let all = lines(b"~ # insmod x[    1.250000][    T1] BUG: y\nz\n");
        let texts: Vec<_> = all
            .iter()
            .map(|line| (line.number, line.text.as_str()))
            .collect();
        assert_eq!(texts, [(1, "~ # insmod x"), (1, "BUG: y"), (2, "z")]);
    }

    #[test]
    fn numbers_count_raw_lines() {
        let all = lines(b"a\n\n\r\nb\rc\n");
        let texts: Vec<_> = all
            .iter()
            .map(|line| (line.number, line.text.as_str()))
            .collect();
        assert_eq!(texts, [(1, "a"), (2, ""), (3, ""), (4, "b"), (4, "c")]);
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_mail_that_was_not_decoded_is() {
        let all = lines(b"=3D=3D=3D\n[    1.250000] index =3D 1 of ran=\nge\nx=\n");
        let texts: Vec<_> = all
            .iter()
            .map(|line| (line.number, line.text.as_str()))
            .collect();
        assert_eq!(texts, [(1, "==="), (2, "index = 1 of range"), (4, "x")]);
        // One sign alone is none.
        check("flags=3D", None, None, None, "flags=3D");
        // It may have nothing but lines that were broken; what breaks them may break a line
        // that was one of several.
        let half = "x".repeat(72);
        let text = format!("{half}=\ny=0A=\n").repeat(3) + &half + "=\n";
        let whole = half.clone() + "y";
        let all = lines(text.as_bytes());
        let texts: Vec<_> = all.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, [&*whole, &*whole, &*whole, &*half]);
        let half = "x".repeat(60);
        let text = format!("{half}=\ny\n{half}=\ny=3D\n");
        assert_eq!(lines(text.as_bytes())[1].text, half + "y=");
        let full = "x".repeat(75);
        assert_eq!(
            lines(format!("{full}=\ny\n").as_bytes())[0].text,
            full + "y"
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced() {
        assert_eq!(lines(b"a\xffb")[0].text, "a\u{fffd}b");
    }
}
