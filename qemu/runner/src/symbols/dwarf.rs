// SPDX-License-Identifier: GPL-2.0

//! DWARF to a table: where the units lie, and every line, function and inlined call of those that
//! are asked for.
//!
//! Names and lines are taken as llvm-addr2line takes them. What cannot be read is left out, unit
//! by unit. This file must not know ELF or logs.

use super::table::{Builder, Inline};
use gimli::{AttributeValue, DebugInfoOffset, EndianSlice, RunTimeEndian, UnitOffset};
use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::OnceLock;

/// The bytes of a section.
pub type Slice<'a> = EndianSlice<'a, RunTimeEndian>;
type Dwarf<'a> = gimli::Dwarf<Slice<'a>>;
type Unit<'a> = gimli::Unit<Slice<'a>>;

/// Steps from a call to the name of what was called; real ones take two or three.
const NAME_STEPS: usize = 16;

/// Threads that read; there are kernels of which each needs half a gigabyte.
const THREADS: usize = 8;

/// Where the code of each unit lies. A unit is called by where it begins in .debug_info.
pub fn index(dwarf: &Dwarf<'_>, code: &[Range<u64>], out: &mut Builder) {
    let units = Units::new(dwarf);
    let piece = |numbers: Range<usize>| {
        let mut out = Builder::default();
        for number in numbers {
            units.index(number, code, &mut out);
        }
        out
    };
    in_pieces(units.headers.len(), piece, out);
}

/// Reads some units, several at once. Lines outside `code` are left out: they belong to what the
/// linker dropped.
pub fn read(dwarf: &Dwarf<'_>, code: &[Range<u64>], wanted: &[u64], out: &mut Builder) {
    let units = Units::new(dwarf);
    let piece = |numbers: Range<usize>| {
        let mut out = Builder::default();
        let mut reader = Reader {
            dwarf,
            units: &units,
            code,
            names: HashMap::new(),
            out: &mut out,
        };
        for &unit in wanted.get(numbers).unwrap_or_default() {
            reader.unit(unit);
        }
        out
    };
    in_pieces(wanted.len(), piece, out);
}

/// Does so many things in pieces, several at once, and puts the results together in their order.
fn in_pieces(count: usize, work: impl Fn(Range<usize>) -> Builder + Sync, out: &mut Builder) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.min(THREADS).min(count);
    // Several pieces for each, since units differ in size.
    let piece = count.div_ceil(threads.max(1) * 4).max(1);
    let next = AtomicUsize::new(0);
    let work_some = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let from = number * piece;
            if from >= count {
                return done;
            }
            done.push((number, work(from..count.min(from + piece))));
        }
    };
    let mut pieces: Vec<(usize, Builder)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work_some)).collect();
        let mut done = work_some();
        for other in others {
            // A thread that died would have taken its units along; it has nothing to die of.
            done.extend(other.join().unwrap_or_default());
        }
        done
    });
    // The same order each time, whoever was first.
    pieces.sort_by_key(|one| one.0);
    for (_, piece) in pieces {
        out.absorb(piece);
    }
}

/// All units of a file; each is taken apart when it is first needed.
struct Units<'a, 'd> {
    dwarf: &'a Dwarf<'d>,
    headers: Vec<gimli::UnitHeader<Slice<'d>>>,
    made: Vec<OnceLock<Option<Unit<'d>>>>,
}

impl<'a, 'd> Units<'a, 'd> {
    fn new(dwarf: &'a Dwarf<'d>) -> Self {
        let mut headers = Vec::new();
        let mut all = dwarf.units();
        while let Ok(Some(header)) = all.next() {
            headers.push(header);
        }
        let made = headers.iter().map(|_| OnceLock::new()).collect();
        Units {
            dwarf,
            headers,
            made,
        }
    }

    fn get(&self, number: usize) -> Option<&Unit<'d>> {
        let made = self.made.get(number)?;
        let unit = made.get_or_init(|| self.dwarf.unit(self.headers[number]).ok());
        unit.as_ref()
    }

    /// The unit that an offset is in.
    fn find(&self, at: DebugInfoOffset) -> Option<&Unit<'d>> {
        let start = |header: &gimli::UnitHeader<Slice<'d>>| header.offset().as_debug_info_offset();
        let after = self
            .headers
            .partition_point(|header| start(header).is_some_and(|start| start <= at));
        self.get(after.checked_sub(1)?)
    }

    /// Where a unit's code lies, from its first entry alone.
    fn index(&self, number: usize, code: &[Range<u64>], out: &mut Builder) -> Option<()> {
        let header = self.headers[number];
        let offset = header.offset().as_debug_info_offset()?.0 as u64;
        // It is not kept: thousands of them would need much memory.
        let unit = self.dwarf.unit(header).ok()?;
        let mut entries = unit.entries();
        let (_, entry) = entries.next_dfs().ok()??;
        let mut ranges = self.dwarf.die_ranges(&unit, entry).ok()?;
        while let Ok(Some(range)) = ranges.next() {
            let is_code = code.iter().any(|one| one.contains(&range.begin));
            if range.begin < range.end && is_code {
                out.unit(range.begin, range.end, offset);
            }
        }
        Some(())
    }
}

/// A unit's files by their index, as far as they were asked for.
#[derive(Default)]
struct Files(HashMap<u64, Option<u32>>);

struct Reader<'a, 'd> {
    dwarf: &'a Dwarf<'d>,
    units: &'a Units<'a, 'd>,
    code: &'a [Range<u64>],
    /// The names of entries, by where those are in .debug_info.
    names: HashMap<usize, Option<u32>>,
    out: &'a mut Builder,
}

/// A function that is being read.
struct Open {
    depth: isize,
    name: u32,
    ranges: Vec<(u64, u64)>,
    inlines: Vec<Inline>,
    /// The depths in the tree of the inlined calls around the current entry.
    calls: Vec<isize>,
}

/// The attributes that matter here.
#[derive(Default)]
struct Entry<'d> {
    low: Option<u64>,
    high: Option<AttributeValue<Slice<'d>>>,
    ranges: Option<AttributeValue<Slice<'d>>>,
    linkage_name: Option<AttributeValue<Slice<'d>>>,
    name: Option<AttributeValue<Slice<'d>>>,
    origin: Option<AttributeValue<Slice<'d>>>,
    call_file: u64,
    call_line: u64,
}

impl<'d> Entry<'d> {
    fn take(
        &mut self,
        dwarf: &Dwarf<'d>,
        unit: &Unit<'d>,
        name: gimli::DwAt,
        value: AttributeValue<Slice<'d>>,
    ) {
        match name {
            gimli::DW_AT_low_pc => self.low = dwarf.attr_address(unit, value).ok().flatten(),
            gimli::DW_AT_high_pc => self.high = Some(value),
            gimli::DW_AT_ranges => self.ranges = Some(value),
            gimli::DW_AT_linkage_name | gimli::DW_AT_MIPS_linkage_name => {
                self.linkage_name = Some(value);
            }
            gimli::DW_AT_name => self.name = Some(value),
            gimli::DW_AT_abstract_origin | gimli::DW_AT_specification => {
                self.origin = Some(value);
            }
            gimli::DW_AT_call_file => {
                if let AttributeValue::FileIndex(index) = value {
                    self.call_file = index;
                }
            }
            gimli::DW_AT_call_line => self.call_line = value.udata_value().unwrap_or(0),
            _ => {}
        }
    }
}

impl<'a, 'd> Reader<'a, 'd> {
    /// Reads the unit that begins so far into .debug_info.
    fn unit(&mut self, offset: u64) {
        self.out.has_read(offset);
        let at = usize::try_from(offset).map(DebugInfoOffset);
        let Some(unit) = at.ok().and_then(|at| self.units.find(at)) else {
            return;
        };
        let mut files = Files::default();
        // What was understood of a damaged unit before it broke off stays.
        let _ = self.entries(unit, &mut files);
        self.lines(unit, &mut files);
    }

    fn entries(&mut self, unit: &Unit<'d>, files: &mut Files) -> Result<(), gimli::Error> {
        let mut open: Vec<Open> = Vec::new();
        let mut entries = unit.entries_raw(None)?;
        while !entries.is_empty() {
            let depth = entries.next_depth();
            let offset = entries.next_offset();
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            while open.last().is_some_and(|one| one.depth >= depth) {
                self.close(open.pop());
            }
            // Blocks come between calls: each entry ends what is not around it.
            if let Some(function) = open.last_mut() {
                while function.calls.last().is_some_and(|&call| call >= depth) {
                    function.calls.pop();
                }
            }
            let tag = abbreviation.tag();
            let function = tag == gimli::DW_TAG_subprogram;
            let wanted = function || tag == gimli::DW_TAG_inlined_subroutine && !open.is_empty();
            if !wanted {
                entries.skip_attributes(abbreviation.attributes())?;
                continue;
            }
            let mut entry = Entry::default();
            for &attribute in abbreviation.attributes() {
                let attribute = entries.read_attribute(attribute)?;
                entry.take(self.dwarf, unit, attribute.name(), attribute.value());
            }
            let ranges = self.ranges(unit, &entry);
            if function {
                if !ranges.is_empty() {
                    let name = self.name(unit, offset, &entry);
                    open.push(Open {
                        depth,
                        name: name.unwrap_or_else(|| self.out.string(super::UNKNOWN.as_bytes())),
                        ranges,
                        inlines: Vec::new(),
                        calls: Vec::new(),
                    });
                }
                continue;
            }
            let name = self
                .origin(unit, &entry)
                .unwrap_or_else(|| self.out.string(super::UNKNOWN.as_bytes()));
            let call_file = self.file(unit, files, entry.call_file).unwrap_or(u32::MAX);
            let Some(function) = open.last_mut() else {
                continue;
            };
            let nesting = u32::try_from(function.calls.len()).unwrap_or(u32::MAX);
            function.calls.push(depth);
            for (start, end) in ranges {
                function.inlines.push(Inline {
                    start,
                    end,
                    name,
                    call_file,
                    call_line: u32::try_from(entry.call_line).unwrap_or(0),
                    depth: nesting,
                });
            }
        }
        while !open.is_empty() {
            self.close(open.pop());
        }
        Ok(())
    }

    fn close(&mut self, function: Option<Open>) {
        if let Some(mut one) = function {
            self.out.function(one.name, &one.ranges, &mut one.inlines);
        }
    }

    /// The ranges of an entry that lie in code.
    fn ranges(&self, unit: &Unit<'d>, entry: &Entry<'d>) -> Vec<(u64, u64)> {
        let mut found = Vec::new();
        if let Some(value) = entry.ranges {
            let offset = self.dwarf.attr_ranges_offset(unit, value).ok().flatten();
            let list = offset.and_then(|offset| self.dwarf.ranges(unit, offset).ok());
            if let Some(mut list) = list {
                while let Ok(Some(range)) = list.next() {
                    found.push((range.begin, range.end));
                }
            }
        } else if let (Some(low), Some(high)) = (entry.low, entry.high) {
            let end = match self.dwarf.attr_address(unit, high) {
                Ok(Some(address)) => Some(address),
                _ => high.udata_value().and_then(|size| low.checked_add(size)),
            };
            found.extend(end.map(|end| (low, end)));
        }
        found.retain(|&(start, end)| start < end && self.is_code(start));
        found
    }

    fn is_code(&self, address: u64) -> bool {
        self.code.iter().any(|range| range.contains(&address))
    }

    /// The linker's name of an entry, or else its own; that of what it was made from, if it has
    /// none.
    fn name(&mut self, unit: &Unit<'d>, offset: UnitOffset, entry: &Entry<'d>) -> Option<u32> {
        let key = offset.to_debug_info_offset(&unit.header).map(|at| at.0);
        if let Some(known) = key.and_then(|key| self.names.get(&key)) {
            return *known;
        }
        let name = self.own_name(unit, entry);
        let name = name.or_else(|| self.origin(unit, entry));
        if let Some(key) = key {
            self.names.insert(key, name);
        }
        name
    }

    fn own_name(&mut self, unit: &Unit<'d>, entry: &Entry<'d>) -> Option<u32> {
        let value = entry.linkage_name.or(entry.name)?;
        let text = self.dwarf.attr_string(unit, value).ok()?;
        Some(self.text(text))
    }

    fn text(&mut self, text: Slice<'d>) -> u32 {
        match std::str::from_utf8(text.slice()) {
            Ok(text) => self.out.string(text.as_bytes()),
            Err(_) => self.out.string(text.to_string_lossy().as_bytes()),
        }
    }

    /// The name of what an entry was made from.
    fn origin(&mut self, unit: &Unit<'d>, entry: &Entry<'d>) -> Option<u32> {
        let mut passed = Vec::new();
        let mut at = absolute(unit, entry.origin?)?;
        let mut name = None;
        for _ in 0..NAME_STEPS {
            if let Some(known) = self.names.get(&at.0) {
                name = *known;
                break;
            }
            passed.push(at.0);
            let (unit, offset) = self.find(at)?;
            let mut one = Entry::default();
            let entry = unit.entry(offset).ok()?;
            let mut attributes = entry.attrs();
            while let Ok(Some(attribute)) = attributes.next() {
                one.take(self.dwarf, unit, attribute.name(), attribute.value());
            }
            name = self.own_name(unit, &one);
            match one.origin.and_then(|value| absolute(unit, value)) {
                Some(next) if name.is_none() => at = next,
                _ => break,
            }
        }
        for one in passed {
            self.names.insert(one, name);
        }
        name
    }

    fn find(&self, at: DebugInfoOffset) -> Option<(&'a Unit<'d>, UnitOffset)> {
        let unit = self.units.find(at)?;
        Some((unit, at.to_unit_offset(&unit.header)?))
    }

    fn file(&mut self, unit: &Unit<'d>, files: &mut Files, index: u64) -> Option<u32> {
        if let Some(&known) = files.0.get(&index) {
            return known;
        }
        let path = file_of(self.dwarf, unit, index);
        let number = path.map(|path| self.out.string(path.to_string_lossy().as_bytes()));
        files.0.insert(index, number);
        number
    }

    /// Runs a unit's line table (DWARF 5, 6.2.5). Clang's assembler writes one for arm64's entry.S
    /// that also runs backwards, and which gimli's own rows therefore refuse.
    fn lines(&mut self, unit: &Unit<'d>, files: &mut Files) {
        use gimli::LineInstruction as I;
        let Some(program) = &unit.line_program else {
            return;
        };
        let header = program.header();
        let encoding = header.line_encoding();
        let step = u64::from(encoding.minimum_instruction_length);
        let range = encoding.line_range.max(1);
        let (mut at, mut file, mut line) = (0u64, 1u64, 1i64);
        let mut rows: Vec<(u64, u64, u32)> = Vec::new();
        let mut instructions = header.instructions();
        while let Ok(Some(instruction)) = instructions.next_instruction(header) {
            let mut emits = false;
            match instruction {
                I::Special(opcode) => {
                    let opcode = opcode.wrapping_sub(header.opcode_base());
                    at = at.wrapping_add(step.wrapping_mul(u64::from(opcode / range)));
                    line = line
                        .wrapping_add(i64::from(encoding.line_base) + i64::from(opcode % range));
                    emits = true;
                }
                I::ConstAddPc => {
                    let opcode = 255 - header.opcode_base();
                    at = at.wrapping_add(step.wrapping_mul(u64::from(opcode / range)));
                }
                I::AdvancePc(by) => at = at.wrapping_add(step.wrapping_mul(by)),
                I::FixedAddPc(by) => at = at.wrapping_add(u64::from(by)),
                I::SetAddress(to) => at = to,
                I::AdvanceLine(by) => line = line.wrapping_add(by),
                I::SetFile(to) => file = to,
                I::Copy => emits = true,
                I::EndSequence => {
                    self.sequence(unit, files, &rows, at);
                    rows.clear();
                    (at, file, line) = (0, 1, 1);
                }
                _ => {}
            }
            if emits {
                rows.push((at, file, u32::try_from(line).unwrap_or(0)));
            }
        }
    }

    /// Takes a sequence of rows, which ends at `end`.
    fn sequence(&mut self, unit: &Unit<'d>, files: &mut Files, rows: &[(u64, u64, u32)], end: u64) {
        if !rows.first().is_some_and(|row| self.is_code(row.0)) {
            return;
        }
        let ends = rows.iter().skip(1).map(|row| row.0).chain([end]);
        let mut runs: Vec<(u64, u64, u64, u32)> = rows
            .iter()
            .zip(ends)
            .map(|(&(start, file, line), end)| (start, end, file, line))
            .collect();
        if !runs.is_sorted_by_key(|run| run.0) {
            runs = overwritten(&runs);
        }
        for (start, end, file, line) in runs {
            if let Some(file) = self.file(unit, files, file) {
                self.out.line(start, end, file, line);
            }
        }
    }
}

/// The runs of a table that goes back: what it says last overwrites what it said first.
fn overwritten(runs: &[(u64, u64, u64, u32)]) -> Vec<(u64, u64, u64, u32)> {
    let mut left: Vec<(u64, u64, u64, u32)> = Vec::new();
    for &(start, end, file, line) in runs.iter().filter(|run| run.0 < run.1) {
        let mut next = Vec::with_capacity(left.len() + 2);
        for old in left {
            if old.0 < start {
                next.push((old.0, old.1.min(start), old.2, old.3));
            }
            if old.1 > end {
                next.push((old.0.max(end), old.1, old.2, old.3));
            }
        }
        next.push((start, end, file, line));
        left = next;
    }
    left
}

/// Where in .debug_info a reference points to.
fn absolute<'d>(unit: &Unit<'d>, value: AttributeValue<Slice<'d>>) -> Option<DebugInfoOffset> {
    match value {
        AttributeValue::UnitRef(offset) => offset.to_debug_info_offset(&unit.header),
        AttributeValue::DebugInfoRef(offset) => Some(offset),
        _ => None,
    }
}

fn file_of(dwarf: &Dwarf<'_>, unit: &Unit<'_>, index: u64) -> Option<PathBuf> {
    let header = unit.line_program.as_ref()?.header();
    let entry = header.file(index)?;
    let text = |value| {
        let text = dwarf.attr_string(unit, value).ok()?;
        Some(text.to_string_lossy().into_owned())
    };
    let mut path = PathBuf::new();
    if let Some(top) = &unit.comp_dir {
        path.push(&*top.to_string_lossy());
    }
    if let Some(directory) = entry.directory(header).and_then(text) {
        path.push(directory);
    }
    path.push(text(entry.path_name())?);
    Some(normal(&path.to_string_lossy()))
}

/// Takes `.` and `..` out of a path without asking the file system, which may not have it.
fn normal(path: &str) -> PathBuf {
    let mut out = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_plain() {
        assert_eq!(normal("/a/b/../c/./d.c"), Path::new("/a/c/d.c"));
    }

    #[test]
    fn what_is_said_last_counts() {
        let runs = [(0, 8, 1, 1), (8, 4, 1, 2), (4, 6, 1, 3), (6, 20, 1, 4)];
        assert_eq!(
            overwritten(&runs),
            [(0, 4, 1, 1), (4, 6, 1, 3), (6, 20, 1, 4)]
        );
    }
}
