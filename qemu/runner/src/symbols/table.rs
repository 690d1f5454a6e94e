// SPDX-License-Identifier: GPL-2.0

//! What an ELF file says of its functions and lines, as one run of bytes that is searched where
//! it lies: made once, kept in a file, and mapped straight in by the next run.
//!
//! Of a kernel's thousands of units a log needs a few. A table begins with the symbols, and where
//! the units lie; what those say of lines is added unit by unit, when it is asked for.
//!
//! All numbers are little-endian. Header: magic, version, checksum of what follows up to the
//! payload, length of the key, number of blocks, the ends of the parts; then the key, and the
//! checksums of the payload's blocks. A block is checked when it is first looked at, so that a
//! lookup reads no more of a large file than it needs. This file must not know ELF or DWARF.

use super::bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::RangeInclusive;

const MAGIC: &[u8; 8] = b"oopssym\n";
/// To be raised with every change of the format, or of what is put into it.
const VERSION: u32 = 2;
/// Bytes that share a checksum.
const BLOCK: usize = 16 << 10;
/// Functions that overlap, such as those of one body, lie within so many of each other.
const OVERLAP: usize = 16;

/// The parts of the payload, in their order.
#[derive(Clone, Copy)]
enum Part {
    Strings,
    /// For each string, where it ends: u32.
    StringEnds,
    /// Sorted by name, then start: start u64, size u64, own size u64, name u32, in code u32.
    Symbols,
    /// Indexes of symbols, sorted by start: u32.
    ByAddress,
    /// Sorted by address: address u64, file u32, line u32. A row holds up to the next one.
    Rows,
    /// Sorted by start: start u64, end u64, name u32, first inline u32, number of inlines u32, 0.
    Functions,
    /// By function, then depth: start u64, end u64, name u32, call's file u32, line u32, depth u32.
    Inlines,
    /// Sorted by start: start u64, end u64, the unit whose code it is u64.
    Units,
    /// Units whose lines are in the table, sorted: u64.
    Read,
}
const PARTS: usize = 9;
/// A unit has few ranges that begin within another's; so many are looked at.
const UNIT_OVERLAP: usize = 64;
const HEADER: usize = 8 + 4 * 4 + PARTS * 8;
/// The file of a row from which on no line is known.
const NONE: u32 = u32::MAX;

/// A symbol of the symbol table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Extent {
    pub start: u64,
    /// Up to the next symbol, as kallsyms counts it.
    pub size: u64,
    /// As the compiler counts it, without the padding behind.
    pub own_size: u64,
    /// It lies in a section of code.
    pub code: bool,
}

/// A place in the source, still to be made readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawPlace<'a> {
    /// The linker's name; `None` where only a line is known.
    pub function: Option<&'a str>,
    pub file: &'a str,
    pub line: u32,
}

/// What goes into a table.
#[derive(Default)]
pub struct Builder {
    strings: Vec<u8>,
    string_ends: Vec<u32>,
    known: HashMap<Vec<u8>, u32>,
    symbols: Vec<(u32, Extent)>,
    /// Start, end, file, line.
    lines: Vec<(u64, u64, u32, u32)>,
    functions: Vec<Function>,
    inlines: Vec<Inline>,
    /// Start, end, unit.
    units: Vec<(u64, u64, u64)>,
    read: Vec<u64>,
}

#[derive(Clone, Copy)]
struct Function {
    start: u64,
    end: u64,
    name: u32,
    first: u32,
    count: u32,
}

/// A call that was inlined.
#[derive(Clone, Copy, Debug)]
pub struct Inline {
    pub start: u64,
    pub end: u64,
    pub name: u32,
    pub call_file: u32,
    pub call_line: u32,
    pub depth: u32,
}

impl Builder {
    /// The number that stands for a string.
    pub fn string(&mut self, text: &[u8]) -> u32 {
        if let Some(&known) = self.known.get(text) {
            return known;
        }
        let number = u32_of(self.string_ends.len());
        self.strings.extend_from_slice(text);
        self.string_ends.push(u32_of(self.strings.len()));
        self.known.insert(text.to_vec(), number);
        number
    }

    pub fn symbol(&mut self, name: &str, extent: Extent) {
        let name = self.string(name.as_bytes());
        self.symbols.push((name, extent));
    }

    /// A run of bytes that come from one line; none of it overlaps with others of its unit.
    pub fn line(&mut self, start: u64, end: u64, file: u32, line: u32) {
        if start < end {
            self.lines.push((start, end, file, line));
        }
    }

    /// A function, with the ranges that it covers and all that was inlined into it.
    pub fn function(&mut self, name: u32, ranges: &[(u64, u64)], inlines: &mut [Inline]) {
        inlines.sort_by_key(|one| (one.depth, one.start));
        let first = u32_of(self.inlines.len());
        self.inlines.extend_from_slice(inlines);
        for &(start, end) in ranges {
            self.functions.push(Function {
                start,
                end,
                name,
                first,
                count: u32_of(inlines.len()),
            });
        }
    }

    /// Code that a unit has; units are told apart by any number.
    pub fn unit(&mut self, start: u64, end: u64, unit: u64) {
        self.units.push((start, end, unit));
    }

    /// Says that all of a unit is in.
    pub fn has_read(&mut self, unit: u64) {
        self.read.push(unit);
    }

    /// Takes over what another one has.
    pub fn absorb(&mut self, other: Builder) {
        let numbers: Vec<u32> = (0..u32_of(other.string_ends.len()))
            .map(|number| self.string(other.text(number)))
            .collect();
        // What stands for no file stays.
        let number = |old: u32| numbers.get(old as usize).copied().unwrap_or(old);
        let symbols = other.symbols.into_iter();
        self.symbols
            .extend(symbols.map(|(name, extent)| (number(name), extent)));
        let lines = other.lines.into_iter();
        self.lines
            .extend(lines.map(|(start, end, file, line)| (start, end, number(file), line)));
        let before = u32_of(self.inlines.len());
        self.inlines
            .extend(other.inlines.into_iter().map(|one| Inline {
                name: number(one.name),
                call_file: number(one.call_file),
                ..one
            }));
        self.functions
            .extend(other.functions.into_iter().map(|one| Function {
                name: number(one.name),
                first: before + one.first,
                ..one
            }));
        self.units.extend(other.units);
        self.read.extend(other.read);
    }

    /// Counts strings from another number on.
    fn renumber(&mut self, from: u32) {
        let number = |old: &mut u32| {
            if *old != NONE {
                *old = old.saturating_add(from);
            }
        };
        self.lines.iter_mut().for_each(|one| number(&mut one.2));
        self.functions
            .iter_mut()
            .for_each(|one| number(&mut one.name));
        for one in &mut self.inlines {
            number(&mut one.name);
            number(&mut one.call_file);
        }
    }

    fn text(&self, number: u32) -> &[u8] {
        let index = number as usize;
        let start = index.checked_sub(1).map_or(0, |one| self.string_ends[one]);
        &self.strings[start as usize..self.string_ends[index] as usize]
    }

    /// The table as it is kept; `key` says what it was made from.
    pub fn finish(mut self, key: &str) -> Vec<u8> {
        let mut symbols = std::mem::take(&mut self.symbols);
        symbols.sort_by(|a, b| self.text(a.0).cmp(self.text(b.0)).then(a.1.cmp(&b.1)));
        let mut by_address: Vec<u32> = (0..u32_of(symbols.len())).collect();
        by_address.sort_by_key(|&index| symbols[index as usize].1.start);

        let mut parts: [Vec<u8>; PARTS] = Default::default();
        let strings = std::mem::take(&mut self.strings);
        parts[Part::StringEnds as usize] = words(&self.string_ends);
        parts[Part::Strings as usize] = strings;
        parts[Part::ByAddress as usize] = words(&by_address);
        for (name, one) in &symbols {
            let out = &mut parts[Part::Symbols as usize];
            push(out, &[one.start, one.size, one.own_size]);
            push_words(out, &[*name, u32::from(one.code)]);
        }
        self.units.sort_unstable();
        for &(start, end, unit) in &self.units {
            push(&mut parts[Part::Units as usize], &[start, end, unit]);
        }
        self.lines_into(&mut parts);
        assemble(key, &parts)
    }

    /// What is known of lines and functions, as parts.
    fn lines_into(&mut self, parts: &mut [Vec<u8>; PARTS]) {
        self.functions.sort_by_key(|one| (one.start, one.end));
        for (address, file, line) in rows(std::mem::take(&mut self.lines)) {
            let out = &mut parts[Part::Rows as usize];
            push(out, &[address]);
            push_words(out, &[file, line]);
        }
        for one in &self.functions {
            let out = &mut parts[Part::Functions as usize];
            push(out, &[one.start, one.end]);
            push_words(out, &[one.name, one.first, one.count, 0]);
        }
        for one in &self.inlines {
            let out = &mut parts[Part::Inlines as usize];
            push(out, &[one.start, one.end]);
            push_words(out, &[one.name, one.call_file, one.call_line, one.depth]);
        }
        self.read.sort_unstable();
        self.read.dedup();
        push(&mut parts[Part::Read as usize], &self.read);
    }
}

/// Lines without overlaps, as rows that each hold up to the next one. Of two that overlap, the
/// one that begins later wins.
fn rows(mut lines: Vec<(u64, u64, u32, u32)>) -> Vec<(u64, u32, u32)> {
    lines.sort_by_key(|one| (one.0, one.1));
    let mut rows: Vec<(u64, u32, u32)> = Vec::with_capacity(lines.len());
    let mut covered = 0;
    for (start, end, file, line) in lines {
        if start > covered && !rows.is_empty() {
            rows.push((covered, NONE, 0));
        }
        match rows.last() {
            Some(&(_, old_file, old_line)) if (old_file, old_line) == (file, line) => {}
            _ => rows.push((start, file, line)),
        }
        covered = covered.max(end);
    }
    if !rows.is_empty() {
        rows.push((covered, NONE, 0));
    }
    rows
}

fn assemble(key: &str, parts: &[Vec<u8>; PARTS]) -> Vec<u8> {
    let payload = parts.concat();
    let blocks: Vec<u32> = payload.chunks(BLOCK).map(crc32fast::hash).collect();
    let mut head = Vec::new();
    head.extend(words(&[u32_of(key.len()), u32_of(blocks.len())]));
    let mut end = 0u64;
    for part in parts {
        end += part.len() as u64;
        push(&mut head, &[end]);
    }
    head.extend_from_slice(key.as_bytes());
    head.extend(words(&blocks));
    let mut out = MAGIC.to_vec();
    out.extend(words(&[VERSION, crc32fast::hash(&head)]));
    out.extend(head);
    out.extend(payload);
    out
}

fn u32_of(number: usize) -> u32 {
    // Four billion strings or symbols are in no kernel; a wrong number is caught when it is read.
    u32::try_from(number).unwrap_or(NONE)
}

fn push(out: &mut Vec<u8>, numbers: &[u64]) {
    for number in numbers {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

fn push_words(out: &mut Vec<u8>, numbers: &[u32]) {
    for number in numbers {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

/// A table, for searching.
pub struct Table {
    bytes: Bytes,
    blocks: usize,
    payload: usize,
    /// Where each part begins and ends, in the payload.
    parts: [(usize, usize); PARTS],
    checked: RefCell<Vec<bool>>,
    damaged: Cell<bool>,
}

impl Table {
    /// Takes a table from its bytes; `None` if it is not one of this version for this key.
    pub fn read(bytes: Bytes, key: &str) -> Option<Self> {
        if bytes.get(..8)? != MAGIC || word(&bytes, 8)? != VERSION {
            return None;
        }
        let key_length = word(&bytes, 16)? as usize;
        let blocks = word(&bytes, 20)? as usize;
        let sums = HEADER.checked_add(key_length)?;
        let payload = sums.checked_add(blocks.checked_mul(4)?)?;
        if word(&bytes, 12)? != crc32fast::hash(bytes.get(16..payload)?) {
            return None;
        }
        if bytes.get(HEADER..sums)? != key.as_bytes() {
            return None;
        }
        let mut parts = [(0, 0); PARTS];
        let mut before = 0;
        for (index, part) in parts.iter_mut().enumerate() {
            let end = usize::try_from(long(&bytes, 24 + index * 8)?).ok()?;
            *part = (before, end);
            before = end;
        }
        let length = bytes.len() - payload;
        if before != length || length.div_ceil(BLOCK) != blocks {
            return None;
        }
        Some(Table {
            bytes,
            blocks: sums,
            payload,
            parts,
            checked: RefCell::new(vec![false; blocks]),
            damaged: Cell::new(false),
        })
    }

    /// Something in it was not as it was written. What it said since it was opened cannot be
    /// trusted.
    pub fn is_damaged(&self) -> bool {
        self.damaged.get()
    }

    /// The same of the whole of it.
    #[cfg(test)]
    pub fn check_all(&self) -> bool {
        self.at(0, self.parts[PARTS - 1].1).is_some()
    }

    /// Some bytes of the payload, once their checksums were found right.
    fn at(&self, start: usize, end: usize) -> Option<&[u8]> {
        let found = self.checked_bytes(start, end);
        if found.is_none() {
            self.damaged.set(true);
        }
        found
    }

    fn checked_bytes(&self, start: usize, end: usize) -> Option<&[u8]> {
        let payload = self.bytes.get(self.payload..)?;
        let found = payload.get(start..end)?;
        let mut checked = self.checked.borrow_mut();
        for block in start / BLOCK..end.div_ceil(BLOCK) {
            let seen = checked.get_mut(block)?;
            if !*seen {
                let from = block * BLOCK;
                let all = payload.get(from..payload.len().min(from + BLOCK))?;
                if word(&self.bytes, self.blocks + block * 4)? != crc32fast::hash(all) {
                    return None;
                }
                *seen = true;
            }
        }
        Some(found)
    }

    fn count(&self, part: Part, size: usize) -> usize {
        let (start, end) = self.parts[part as usize];
        end.saturating_sub(start) / size
    }

    fn record(&self, part: Part, size: usize, index: usize) -> &[u8] {
        let (start, end) = self.parts[part as usize];
        let from = index
            .checked_mul(size)
            .and_then(|offset| start.checked_add(offset))
            .filter(|from| from.checked_add(size).is_some_and(|to| to <= end));
        match from {
            Some(from) => self.at(from, from + size).unwrap_or(&[]),
            None => {
                self.damaged.set(true);
                &[]
            }
        }
    }

    /// The first record that does not come before what is searched.
    fn first(&self, part: Part, size: usize, before: impl Fn(&[u8]) -> bool) -> usize {
        let (mut low, mut high) = (0, self.count(part, size));
        while low < high {
            let middle = low + (high - low) / 2;
            if before(self.record(part, size, middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn string(&self, number: u32) -> &str {
        let ends = Part::StringEnds;
        let end = number_at(self.record(ends, 4, number as usize), 0) as usize;
        let start = (number as usize)
            .checked_sub(1)
            .map_or(0, |one| number_at(self.record(ends, 4, one), 0) as usize);
        let (first, last) = self.parts[Part::Strings as usize];
        let text = (start <= end && end <= last - first)
            .then(|| self.at(first + start, first + end))
            .flatten();
        if text.is_none() {
            self.damaged.set(true);
        }
        // Names that are no UTF-8 were made such before they came here.
        std::str::from_utf8(text.unwrap_or_default()).unwrap_or_default()
    }

    fn symbol(&self, index: usize) -> (u32, Extent) {
        let record = self.record(Part::Symbols, 32, index);
        let extent = Extent {
            start: long_at(record, 0),
            size: long_at(record, 8),
            own_size: long_at(record, 16),
            code: number_at(record, 28) != 0,
        };
        (number_at(record, 24), extent)
    }

    /// Every symbol of this name, lowest address first.
    pub fn symbols(&self, name: &str) -> Vec<Extent> {
        let first = self.first(Part::Symbols, 32, |record| {
            self.string(number_at(record, 24)) < name
        });
        (first..self.count(Part::Symbols, 32))
            .map(|index| self.symbol(index))
            .take_while(|(number, _)| self.string(*number) == name)
            .map(|(_, extent)| extent)
            .collect()
    }

    /// Every symbol, by name.
    pub fn all_symbols(&self) -> impl Iterator<Item = (&str, Extent)> {
        (0..self.count(Part::Symbols, 32)).map(|index| {
            let (name, extent) = self.symbol(index);
            (self.string(name), extent)
        })
    }

    /// The symbol that an address is in.
    pub fn symbol_at(&self, address: u64) -> Option<(&str, Extent)> {
        let by_address = |index| number_at(self.record(Part::ByAddress, 4, index), 0) as usize;
        let after = self.first(Part::ByAddress, 4, |record| {
            self.symbol(number_at(record, 0) as usize).1.start <= address
        });
        let (number, extent) = self.symbol(by_address(after.checked_sub(1)?));
        (address - extent.start < extent.size).then(|| (self.string(number), extent))
    }

    /// Whether there are units with code at all.
    pub fn has_units(&self) -> bool {
        self.count(Part::Units, 24) > 0
    }

    /// The units that an address is in and whose lines are not in the table yet.
    pub fn unread(&self, address: u64) -> Vec<u64> {
        let after = self.first(Part::Units, 24, |record| long_at(record, 0) <= address);
        let mut units: Vec<u64> = (after.saturating_sub(UNIT_OVERLAP)..after)
            .map(|index| self.record(Part::Units, 24, index))
            .filter(|record| address < long_at(record, 8))
            .map(|record| long_at(record, 16))
            .filter(|&unit| !self.is_read(unit))
            .collect();
        units.dedup();
        units
    }

    fn is_read(&self, unit: u64) -> bool {
        let at = self.first(Part::Read, 8, |record| long_at(record, 0) < unit);
        at < self.count(Part::Read, 8) && long_at(self.record(Part::Read, 8, at), 0) == unit
    }

    /// This table with what was read besides. `None` if it turns out to be damaged.
    pub fn extended(&self, mut new: Builder, key: &str) -> Option<Vec<u8>> {
        let part = |part: Part| {
            let (start, end) = self.parts[part as usize];
            self.at(start, end)
        };
        let mut parts: [Vec<u8>; PARTS] = Default::default();
        for same in [Part::Symbols, Part::ByAddress, Part::Units] {
            parts[same as usize] = part(same)?.to_vec();
        }
        // New strings come behind the old ones; that some are there twice costs little.
        let strings = [part(Part::Strings)?, &new.strings].concat();
        let before = u32_of(self.count(Part::StringEnds, 4));
        let shift = u32_of(strings.len() - new.strings.len());
        let ends: Vec<u32> = new.string_ends.iter().map(|end| end + shift).collect();
        parts[Part::StringEnds as usize] = [part(Part::StringEnds)?, &words(&ends)].concat();
        parts[Part::Strings as usize] = strings;
        new.renumber(before);

        let mut rows = part(Part::Rows)?.chunks_exact(16).peekable();
        while let Some(row) = rows.next() {
            let file = number_at(row, 8);
            if let Some(next) = rows.peek().filter(|_| file != NONE) {
                new.line(long_at(row, 0), long_at(next, 0), file, number_at(row, 12));
            }
        }
        let inlines = u32_of(new.inlines.len());
        for one in part(Part::Inlines)?.chunks_exact(32) {
            new.inlines.push(Inline {
                start: long_at(one, 0),
                end: long_at(one, 8),
                name: number_at(one, 16),
                call_file: number_at(one, 20),
                call_line: number_at(one, 24),
                depth: number_at(one, 28),
            });
        }
        for one in part(Part::Functions)?.chunks_exact(32) {
            new.functions.push(Function {
                start: long_at(one, 0),
                end: long_at(one, 8),
                name: number_at(one, 16),
                first: number_at(one, 20).checked_add(inlines)?,
                count: number_at(one, 24),
            });
        }
        let read = part(Part::Read)?.chunks_exact(8);
        new.read.extend(read.map(|one| long_at(one, 0)));
        new.lines_into(&mut parts);
        Some(assemble(key, &parts))
    }

    /// The stretches of code that come from some lines of the files that `wanted` picks, what
    /// was inlined there with them; in order, and none touches the next.
    pub fn stretches(
        &self,
        wanted: impl Fn(&str) -> bool,
        lines: &RangeInclusive<u32>,
    ) -> Vec<(u64, u64)> {
        let mut known = HashMap::new();
        let mut fits = |file: u32, line: u32| {
            lines.contains(&line)
                && file != NONE
                && *known
                    .entry(file)
                    .or_insert_with(|| wanted(self.string(file)))
        };
        let mut found = Vec::new();
        let mut before: Option<u64> = None;
        for index in 0..self.count(Part::Rows, 16) {
            let record = self.record(Part::Rows, 16, index);
            let at = long_at(record, 0);
            found.extend(before.take().map(|start| (start, at)));
            before = fits(number_at(record, 8), number_at(record, 12)).then_some(at);
        }
        for index in 0..self.count(Part::Inlines, 32) {
            let record = self.record(Part::Inlines, 32, index);
            if fits(number_at(record, 20), number_at(record, 24)) {
                found.push((long_at(record, 0), long_at(record, 8)));
            }
        }
        found.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::new();
        for (start, end) in found {
            match merged.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        merged
    }

    fn row(&self, address: u64) -> Option<(u32, u32)> {
        let after = self.first(Part::Rows, 16, |record| long_at(record, 0) <= address);
        let record = self.record(Part::Rows, 16, after.checked_sub(1)?);
        let file = number_at(record, 8);
        (file != NONE).then(|| (file, number_at(record, 12)))
    }

    /// The function that an address is in: its name, and which inlined calls are its.
    fn function(&self, address: u64) -> Option<(u32, usize, usize)> {
        let after = self.first(Part::Functions, 32, |record| long_at(record, 0) <= address);
        (after.saturating_sub(OVERLAP)..after)
            .rev()
            .map(|index| self.record(Part::Functions, 32, index))
            .find(|record| address < long_at(record, 8))
            .map(|record| {
                let number = |at| number_at(record, at);
                (number(16), number(20) as usize, number(24) as usize)
            })
    }

    /// The places of an address, the innermost inlined function first.
    pub fn places(&self, address: u64) -> Vec<RawPlace<'_>> {
        let mut at = self.row(address);
        let Some((name, first, count)) = self.function(address) else {
            return at
                .map(|(file, line)| RawPlace {
                    function: None,
                    file: self.string(file),
                    line,
                })
                .into_iter()
                .collect();
        };
        // One for each depth, outermost first.
        let mut chain: Vec<(u32, u32, u32)> = Vec::new();
        for index in first..first.saturating_add(count) {
            let record = self.record(Part::Inlines, 32, index);
            if record.is_empty() {
                break;
            }
            let inside = long_at(record, 0) <= address && address < long_at(record, 8);
            if inside && number_at(record, 28) as usize == chain.len() {
                chain.push((
                    number_at(record, 16),
                    number_at(record, 20),
                    number_at(record, 24),
                ));
            }
        }
        let mut places = Vec::new();
        let mut place = |name, at: Option<(u32, u32)>| {
            if let Some((file, line)) = at.filter(|(file, _)| *file != NONE) {
                places.push(RawPlace {
                    function: Some(self.string(name)),
                    file: self.string(file),
                    line,
                });
            }
        };
        for (inlined, file, line) in chain.into_iter().rev() {
            place(inlined, at);
            at = Some((file, line));
        }
        place(name, at);
        places
    }
}

fn number_at(record: &[u8], at: usize) -> u32 {
    word(record, at).unwrap_or(0)
}

fn long_at(record: &[u8], at: usize) -> u64 {
    long(record, at).unwrap_or(0)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(eight.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut new = Builder::default();
        let (a, b, f, g) = (
            new.string(b"a.c"),
            new.string(b"b.h"),
            new.string(b"f"),
            new.string(b"g"),
        );
        for (name, start, size) in [("f", 0x100, 0x20), ("twice", 0x140, 8), ("twice", 0x130, 4)] {
            new.symbol(
                name,
                Extent {
                    start,
                    size,
                    own_size: size,
                    code: true,
                },
            );
        }
        new.line(0x108, 0x110, b, 7);
        new.line(0x100, 0x108, a, 1);
        new.line(0x110, 0x120, a, 3);
        new.line(0x140, 0x148, a, 9);
        let inlined = Inline {
            start: 0x108,
            end: 0x110,
            name: g,
            call_file: a,
            call_line: 2,
            depth: 0,
        };
        new.function(f, &[(0x100, 0x120)], &mut [inlined]);
        new.finish("key")
    }

    fn table(bytes: Vec<u8>) -> Option<Table> {
        Table::read(Bytes::heap(bytes), "key")
    }

    #[test]
    fn what_was_put_in_comes_out() {
        let table = table(sample()).unwrap();
        let starts =
            |name: &str| -> Vec<u64> { table.symbols(name).iter().map(|one| one.start).collect() };
        assert_eq!(starts("f"), [0x100]);
        assert_eq!(starts("twice"), [0x130, 0x140]);
        assert!(starts("none").is_empty());
        assert_eq!(table.symbol_at(0x11f).unwrap().0, "f");
        assert!(table.symbol_at(0x120).is_none());
        assert!(table.symbol_at(0).is_none());
        let places = |address| -> Vec<(Option<&str>, &str, u32)> {
            let all = table.places(address).into_iter();
            all.map(|one| (one.function, one.file, one.line)).collect()
        };
        assert_eq!(places(0x107), [(Some("f"), "a.c", 1)]);
        assert_eq!(
            places(0x108),
            [(Some("g"), "b.h", 7), (Some("f"), "a.c", 2)]
        );
        assert_eq!(places(0x110), [(Some("f"), "a.c", 3)]);
        assert_eq!(places(0x141), [(None, "a.c", 9)]);
        assert!(places(0x120).is_empty() && places(0x148).is_empty() && places(0).is_empty());
        assert!(table.check_all());
    }

    #[test]
    fn stretches_of_a_line_have_what_is_inlined_there() {
        let table = table(sample()).unwrap();
        let check = |file: &str, lines, expected: &[(u64, u64)]| {
            assert_eq!(table.stretches(|one| one == file, &lines), expected);
        };
        check("a.c", 2..=2, &[(0x108, 0x110)]);
        check("a.c", 1..=2, &[(0x100, 0x110)]);
        check("a.c", 1..=9, &[(0x100, 0x120), (0x140, 0x148)]);
        check("b.h", 7..=7, &[(0x108, 0x110)]);
        check("a.c", 4..=8, &[]);
        check("c.c", 1..=9, &[]);
    }

    #[test]
    fn parts_become_one() {
        let part = |start: u64, name: &[u8]| {
            let mut new = Builder::default();
            let (file, name) = (new.string(b"a.c"), new.string(name));
            new.line(start, start + 8, file, 5);
            let inlined = Inline {
                start,
                end: start + 4,
                name,
                call_file: NONE,
                call_line: 0,
                depth: 0,
            };
            new.function(name, &[(start, start + 8)], &mut [inlined]);
            new
        };
        let mut whole = part(0x10, b"f");
        whole.absorb(part(0x20, b"g"));
        let table = table(whole.finish("key")).unwrap();
        assert_eq!(table.places(0x24)[0].function, Some("g"));
        assert_eq!(table.places(0x14)[0].function, Some("f"));
        // The call's own file is not known, so only the inlined function is named.
        assert_eq!(table.places(0x20).len(), 1);
    }

    #[test]
    fn units_are_added_as_they_are_asked_for() {
        let unit = |start: u64, name: &[u8], number: u64| {
            let mut new = Builder::default();
            let (file, name) = (new.string(b"a.c"), new.string(name));
            new.line(start, start + 8, file, 5);
            new.function(
                name,
                &[(start, start + 8)],
                &mut [Inline {
                    start,
                    end: start + 4,
                    name,
                    call_file: file,
                    call_line: 6,
                    depth: 0,
                }],
            );
            new.has_read(number);
            new
        };
        let mut base = Builder::default();
        let extent = Extent {
            start: 0x20,
            size: 8,
            own_size: 8,
            code: true,
        };
        base.symbol("g", extent);
        base.unit(0x20, 0x28, 7);
        base.unit(0x10, 0x18, 3);
        base.unit(0x26, 0x30, 9);
        let base = table(base.finish("key")).unwrap();
        assert!(base.has_units() && base.places(0x24).is_empty());
        assert_eq!(base.unread(0x17), [3]);
        assert_eq!(base.unread(0x27), [7, 9]);
        assert!(base.unread(0x18).is_empty() && base.unread(0).is_empty());
        let one = table(base.extended(unit(0x20, b"g", 7), "key").unwrap()).unwrap();
        assert_eq!(one.unread(0x27), [9]);
        let both = table(one.extended(unit(0x10, b"f", 3), "key").unwrap()).unwrap();
        assert!(both.unread(0x20).is_empty() && both.unread(0x10).is_empty());
        for (address, name) in [(0x10, "f"), (0x20, "g")] {
            let places = both.places(address);
            let found: Vec<_> = places.iter().map(|one| (one.function, one.line)).collect();
            assert_eq!(found, [(Some(name), 5), (Some(name), 6)]);
        }
        assert_eq!(both.symbol_at(0x21).unwrap().0, "g");
        assert!(both.check_all());
    }

    #[test]
    fn another_key_or_version_is_refused() {
        assert!(Table::read(Bytes::heap(sample()), "other").is_none());
        let mut old = sample();
        old[8] ^= 1;
        assert!(table(old).is_none());
        assert!(table(Vec::new()).is_none());
    }

    /// Each single bit of it matters, and no damage makes it panic.
    #[test]
    fn damage_is_noticed() {
        let whole = sample();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            let noticed = match table(bytes) {
                None => true,
                Some(table) => {
                    table.symbols("twice");
                    table.symbol_at(0x141);
                    table.places(0x108);
                    table.is_damaged()
                }
            };
            assert!(noticed, "byte {at}");
            assert!(table(whole[..at].to_vec()).is_none(), "cut at {at}");
        }
    }
}
