// SPDX-License-Identifier: GPL-2.0

//! A log as it is, with addresses replaced by files and lines where they stand, as the kernel's
//! `decode_stacktrace.sh` writes them; every other line stays byte for byte.

use crate::console;
use crate::decode::{self, DecodedLog};
use crate::pattern::regex;
use crate::report::Symbol;
use crate::symbols::{At, Place, Symbols};
use regex::{Captures, Regex};
use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::LazyLock;

/// How return addresses are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// The line of the call, which stands before.
    Call,
    /// The line of the instruction behind the call, as `decode_stacktrace.sh` has it.
    Behind,
}

/// Writes `bytes`, which were decoded to `log`, with the addresses in it named.
///
/// # Errors
///
/// What `out` says.
pub fn annotate(
    bytes: &[u8],
    log: &DecodedLog,
    symbols: &Symbols,
    returns: Returns,
    out: &mut impl Write,
) -> io::Result<()> {
    let counters = log.reports.iter().flat_map(|one| {
        let exact = one.trace.iter().filter(|one| one.frame.exact);
        let exact = exact.map(|one| one.frame.symbol.clone());
        exact.chain(one.report.function.clone())
    });
    let mut state = State {
        symbols,
        returns,
        counters: counters.collect(),
        counter: None,
    };
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest.iter().position(|&byte| byte == b'\n');
        let (line, behind) = rest.split_at(end.unwrap_or(rest.len()));
        let (newline, behind) = behind.split_at(behind.len().min(1));
        match state.line(line) {
            Some(new) => out.write_all(new.as_bytes())?,
            None => out.write_all(line)?,
        }
        out.write_all(newline)?;
        rest = behind;
    }
    Ok(())
}

struct State<'a> {
    symbols: &'a Symbols,
    returns: Returns,
    /// The symbols that are program counters.
    counters: HashSet<Symbol>,
    /// The last one in the log: what the next `Code:` is about.
    counter: Option<Symbol>,
}

impl State<'_> {
    /// The line in its new form; `None` if it stays as it is.
    fn line(&mut self, raw: &[u8]) -> Option<String> {
        static SYMBOL: LazyLock<Regex> = LazyLock::new(|| {
            regex(
                r"(?:\[<[0-9a-f]+>\] )?(\? )?\b([A-Za-z_$.][\w$.]*\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[[\w-]+(?: [0-9a-f]+)?\])?)",
            )
        });
        // Most lines have neither; the pattern is not even tried on them.
        let is_code = find(raw, b"Code: ");
        if !is_code && !find(raw, b"+0x") && !find(raw, b"RIP: ") {
            return None;
        }
        let text = String::from_utf8_lossy(raw);
        let clean = console::lines(raw);
        let clean = clean.last().map_or("", |line| line.text.as_str());
        if is_code {
            return self.code(&text, clean);
        }
        let is_counter = ["RIP: ", "EIP: ", "pc : ", "PC is at "]
            .iter()
            .any(|start| clean.starts_with(start));
        if is_counter {
            // A program's, unless a symbol follows.
            self.counter = None;
        }
        let mut changed = false;
        let new = SYMBOL.replace_all(&text, |found: &Captures<'_>| {
            let whole = found[0].to_string();
            let Ok(symbol) = found[2].parse::<Symbol>() else {
                return whole;
            };
            let exact = is_counter || self.counters.contains(&symbol);
            let at = match self.returns {
                Returns::Call if !exact => At::Return,
                _ => At::Pc,
            };
            if is_counter {
                self.counter = Some(symbol.clone());
            }
            let places = self.symbols.resolve(&symbol, at);
            if places.is_empty() {
                return whole;
            }
            changed = true;
            let doubt = found.get(1).map_or("", |mark| mark.as_str());
            format!("{doubt}{}", named(&symbol, &places))
        });
        changed.then(|| new.into_owned())
    }

    fn code(&self, text: &str, clean: &str) -> Option<String> {
        let (_, code) = clean.split_once("Code: ")?;
        // A word of arm64's is four bytes.
        let first = code.split_whitespace().next()?;
        let arch = match first.trim_matches(['<', '(']).len() {
            2 => crate::symbols::Arch::X86_64,
            8 => crate::symbols::Arch::Arm64,
            _ => return None,
        };
        let counter = self.counter.as_ref();
        let found = decode::disassemble(arch, code, counter, Some(self.symbols))?;
        let mut new = text.trim_end_matches('\r').to_string();
        for one in &found.instructions {
            let sign = if one.offset < 0 { '-' } else { '+' };
            let offset = format!("{sign}{:#x}", one.offset.unsigned_abs());
            let (mark, note) = match one.trapping {
                true => ('*', "\t\t<-- trapping instruction"),
                false => (' ', ""),
            };
            new += &format!(
                "\n{offset:>8}:{mark}\t{:<24}\t{}{note}",
                one.bytes, one.text
            );
        }
        Some(new)
    }
}

fn find(text: &[u8], what: &[u8]) -> bool {
    text.windows(what.len()).any(|part| part == what)
}

/// `name (file:line file:line) module`.
fn named(symbol: &Symbol, places: &[Place]) -> String {
    let lines: Vec<String> = places
        .iter()
        .map(|place| format!("{}:{}", place.file, place.line))
        .collect();
    let module = symbol.module.as_deref();
    let module = module.map_or(String::new(), |name| format!(" {name}"));
    format!("{} ({}){module}", symbol.demangled(), lines.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function with a name that needs no mangling, in this very program.
    #[no_mangle]
    #[inline(never)]
    extern "C" fn oopsarium_annotate_test(value: u64) -> u64 {
        std::hint::black_box(value)
    }

    thread_local! {
        // Reading the debug information of the tests takes its time.
        static SYMBOLS: Symbols = Symbols::open(&std::env::current_exe().unwrap(), &[]).unwrap();
    }

    fn check(log: &[u8]) -> Vec<u8> {
        assert_eq!(oopsarium_annotate_test(1), 1);
        SYMBOLS.with(|symbols| {
            let decoded = decode::log(log, Some(symbols));
            let mut out = Vec::new();
            annotate(log, &decoded, symbols, Returns::Behind, &mut out).unwrap();
            out
        })
    }

    #[test]
    fn only_what_is_known_changes() {
        let log = b"[    1.0] RIP: 0010:oopsarium_annotate_test+0x0/0x0\r\n\xff no_such+0x1/0x2 [x]\r\nlast";
        let out = check(log);
        let text = String::from_utf8_lossy(&out);
        assert!(
            text.starts_with("[    1.0] RIP: 0010:oopsarium_annotate_test ("),
            "{text}"
        );
        assert!(text.contains("annotate.rs:"), "{text}");
        assert!(
            out.ends_with(b")\r\n\xff no_such+0x1/0x2 [x]\r\nlast"),
            "{text}"
        );
    }

    #[test]
    fn instructions_stand_under_their_bytes() {
        let out = check(b"RIP: 0010:oopsarium_annotate_test+0x0/0x0\nCode: 90 <0f> 0b\n\n");
        let text = String::from_utf8(out).unwrap();
        let end = "Code: 90 <0f> 0b\n    +0x0:*\t0f 0b                   \tud2\t\t<-- trapping instruction\n\n";
        assert!(text.ends_with(end), "{text}");
    }

    proptest::proptest! {
        /// Nothing is lost of a log that has no symbols.
        #[test]
        fn any_bytes_stay(bytes in proptest::collection::vec(0u8.., 0..300)) {
            proptest::prop_assert_eq!(&check(&bytes), &bytes);
        }
    }
}
