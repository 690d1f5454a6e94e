// SPDX-License-Identifier: GPL-2.0

//! `function+0xoffset/0xsize [module]` to source lines, and source lines to statements.
//!
//! Reads the ELF and DWARF of a vmlinux and of modules as kbuild leaves them. Addresses come from
//! the symbol's name, so KASLR does not matter. This file must not know logs: it is given symbols,
//! wherever they come from.

use crate::report::{demangle, Symbol};
use gimli::{EndianReader, Reader as _, RunTimeEndian};
use object::{Object, ObjectSection, ObjectSymbol, SectionIndex, SectionKind, SymbolKind};
use serde::Serialize;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What could not be read, and why.
#[derive(Debug)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// What the offset of a symbol means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The instruction itself: a program counter.
    Pc,
    /// A return address: the call stands before it.
    Return,
}

/// A source line that an address belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The function, as the source spells it.
    pub function: String,
    /// The file, relative to the kernel's source tree if it is in there.
    pub file: String,
    /// The same as a path, for reading it.
    pub path: PathBuf,
    /// The line, counted from 1; 0 for code that has none.
    pub line: u32,
    /// It was inlined into the place that follows in the list.
    pub inlined: bool,
}

/// The debug information of a kernel and some modules.
pub struct Symbols {
    kernel: Image,
    modules: Vec<(String, Image)>,
    root: OnceCell<PathBuf>,
}

impl Symbols {
    /// Maps the files; nothing is read before it is asked for.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or is no ELF.
    pub fn open(vmlinux: &Path, modules: &[PathBuf]) -> Result<Self, Error> {
        let kernel = Image::open(vmlinux)?;
        let modules = modules
            .iter()
            .map(|path| Ok((module_name(path), Image::open(path)?)))
            .collect::<Result<_, Error>>()?;
        Ok(Symbols {
            kernel,
            modules,
            root: OnceCell::new(),
        })
    }

    /// The source lines of a symbol, innermost inlined function first; the last one is the function
    /// that stands in the symbol table. Empty if the symbol or its debug information is not there.
    ///
    /// Of several functions of one name, the one of the right size is taken, and the first of those
    /// at the lowest address.
    pub fn resolve(&self, symbol: &Symbol, at: At) -> Vec<Place> {
        let Some(image) = self.image(symbol.module.as_deref()) else {
            return Vec::new();
        };
        let Some(start) = image.find(&symbol.name, symbol.size) else {
            return Vec::new();
        };
        // A call that does not return may be the last instruction, and its return address is then
        // in the next function. A function's first byte is no return address at all.
        let back = u64::from(at == At::Return && symbol.offset > 0);
        let mut places = image.places(start.wrapping_add(symbol.offset).wrapping_sub(back));
        for place in &mut places {
            place.file = self.relative(&place.path);
        }
        // Assembly has lines, but no functions; the symbol table has.
        if let Some(last) = places.last_mut().filter(|last| last.function == UNKNOWN) {
            last.function = symbol.demangled();
        }
        places
    }

    /// Whether the module's file was given.
    pub fn has_module(&self, name: &str) -> bool {
        self.image(Some(name)).is_some()
    }

    /// The root of the source tree that the kernel was built from; empty if it cannot be told.
    pub fn source_root(&self) -> &Path {
        self.root.get_or_init(|| {
            // A function that every kernel has, in a file that never moved.
            let places = self
                .kernel
                .find("panic", 0)
                .map(|start| self.kernel.places(start));
            let file = places.and_then(|mut all| all.pop()).map(|place| place.path);
            let root = file
                .as_deref()
                .and_then(|path| path.to_str())
                .and_then(|path| path.strip_suffix("kernel/panic.c"));
            root.map(PathBuf::from).unwrap_or_default()
        })
    }

    fn relative(&self, path: &Path) -> String {
        let root = self.source_root();
        let short = if root.as_os_str().is_empty() {
            path
        } else {
            path.strip_prefix(root).unwrap_or(path)
        };
        short.to_string_lossy().into_owned()
    }

    fn image(&self, module: Option<&str>) -> Option<&Image> {
        let Some(name) = module else {
            return Some(&self.kernel);
        };
        let name = name.replace('-', "_");
        self.modules
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, image)| image)
    }
}

/// A module's name, as the kernel gives it, from its file: `gfp-slab.ko.debug` is `gfp_slab`.
fn module_name(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    file.split(".ko")
        .next()
        .unwrap_or_default()
        .replace('-', "_")
}

type Reader = EndianReader<RunTimeEndian, Bytes>;

/// One ELF file.
struct Image {
    path: PathBuf,
    bytes: Bytes,
    names: OnceCell<HashMap<String, Vec<Extent>>>,
    lines: OnceCell<Option<addr2line::Context<Reader>>>,
}

/// Where a function is.
#[derive(Clone, Copy, Debug)]
struct Extent {
    start: u64,
    /// Up to the next symbol, as kallsyms counts it.
    size: u64,
    /// As the compiler counts it, without the padding behind.
    own_size: u64,
}

impl Image {
    fn open(path: &Path) -> Result<Self, Error> {
        let failed = |why: &dyn fmt::Display| Error(format!("{}: {why}", path.display()));
        let file = File::open(path).map_err(|why| failed(&why))?;
        // SAFETY: the mapping is private and only read. That nobody truncates the file meanwhile
        // cannot be had from the system; the build renames its results into place.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(|why| failed(&why))?;
        let bytes = Bytes::new(Owner::Map(map));
        object::File::parse(&*bytes).map_err(|why| failed(&why))?;
        Ok(Image {
            path: path.to_path_buf(),
            bytes,
            names: OnceCell::new(),
            lines: OnceCell::new(),
        })
    }

    /// The start of the function of this name whose size fits best.
    fn find(&self, name: &str, size: u64) -> Option<u64> {
        let names = self.names.get_or_init(|| self.read_names());
        let all = names.get(name).or_else(|| {
            // What the compiler appends for link-time optimisation, kallsyms may leave out.
            let short = name.split(".llvm.").next().filter(|short| *short != name)?;
            names.get(short)
        })?;
        let fits = all
            .iter()
            .find(|one| one.size == size || one.own_size == size);
        fits.or(all.first()).map(|one| one.start)
    }

    fn read_names(&self) -> HashMap<String, Vec<Extent>> {
        let Ok(file) = object::File::parse(&*self.bytes) else {
            return HashMap::new();
        };
        let layout = Layout::new(&file);
        let mut all: Vec<(u64, u64, u64, &str)> = file
            .symbols()
            .filter(|symbol| {
                matches!(
                    symbol.kind(),
                    SymbolKind::Text | SymbolKind::Label | SymbolKind::Unknown | SymbolKind::Data
                )
            })
            .filter_map(|symbol| {
                let name = symbol.name().ok().filter(|name| is_listed(name))?;
                let section = symbol.section_index()?;
                let end = layout.end(section)?;
                Some((
                    layout.address(section, symbol.address()),
                    symbol.size(),
                    end,
                    name,
                ))
            })
            .collect();
        all.sort_unstable();
        let mut names: HashMap<String, Vec<Extent>> = HashMap::with_capacity(all.len());
        for (index, &(start, own_size, end, name)) in all.iter().enumerate() {
            let next = all[index..]
                .iter()
                .map(|one| one.0)
                .find(|&other| other > start)
                .unwrap_or(end)
                .min(end.max(start));
            names.entry(name.to_string()).or_default().push(Extent {
                start,
                size: next - start,
                own_size,
            });
        }
        names
    }

    fn places(&self, address: u64) -> Vec<Place> {
        let Some(context) = self.lines.get_or_init(|| self.read_lines()) else {
            return Vec::new();
        };
        let mut places = Vec::new();
        let Ok(mut frames) = context.find_frames(address).skip_all_loads() else {
            return self.backward_line(address).into_iter().collect();
        };
        while let Ok(Some(frame)) = frames.next() {
            let Some(location) = frame.location else {
                continue;
            };
            let name = frame
                .function
                .as_ref()
                .and_then(|function| function.raw_name().ok());
            let path = normal(location.file.unwrap_or(UNKNOWN));
            places.push(Place {
                function: demangle(name.as_deref().unwrap_or(UNKNOWN)),
                file: String::new(),
                path,
                line: location.line.unwrap_or(0),
                inlined: true,
            });
        }
        if let Some(last) = places.last_mut() {
            last.inlined = false;
        }
        places
    }

    fn read_lines(&self) -> Option<addr2line::Context<Reader>> {
        addr2line::Context::from_dwarf(self.read_dwarf()?).ok()
    }

    fn read_dwarf(&self) -> Option<gimli::Dwarf<Reader>> {
        let file = object::File::parse(&*self.bytes).ok()?;
        let layout = Layout::new(&file);
        let endian = if file.is_little_endian() {
            RunTimeEndian::Little
        } else {
            RunTimeEndian::Big
        };
        let load = |id: gimli::SectionId| -> Result<Reader, gimli::Error> {
            let bytes = self
                .section(&file, &layout, id.name())
                .unwrap_or_else(|| Bytes::new(Owner::Heap(Vec::new())));
            Ok(EndianReader::new(bytes, endian))
        };
        gimli::Dwarf::load(load).ok()
    }

    /// The line of an address in a unit whose line table also runs backwards. Clang's assembler
    /// writes such a table for arm64's entry.S, and gimli refuses the whole of it.
    fn backward_line(&self, address: u64) -> Option<Place> {
        let dwarf = self.read_dwarf()?;
        let mut units = dwarf.units();
        while let Ok(Some(header)) = units.next() {
            let unit = dwarf.unit(header).ok()?;
            if !covers(&dwarf, &unit, address) {
                continue;
            }
            let (file, line) = line_of(unit.line_program.as_ref()?.header(), address)?;
            return Some(Place {
                function: UNKNOWN.to_string(),
                file: String::new(),
                path: file_of(&dwarf, &unit, file)?,
                line,
                inlined: false,
            });
        }
        None
    }

    /// The bytes of a debug section: in place if they lie there as they are, else unpacked, and
    /// relocated in a module.
    fn section(&self, file: &object::File<'_>, layout: &Layout, name: &str) -> Option<Bytes> {
        let section = file.section_by_name(name)?;
        let relocate = layout.relocatable && section.relocations().next().is_some();
        let packed = section.compressed_file_range().ok()?;
        if !relocate && packed.format == object::CompressionFormat::None {
            let start = usize::try_from(packed.offset).ok()?;
            let end = start.checked_add(usize::try_from(packed.uncompressed_size).ok()?)?;
            return self.bytes.part(start..end);
        }
        let mut data = section.uncompressed_data().ok()?.into_owned();
        if relocate {
            layout.relocate(file, &section, &mut data);
        }
        Some(Bytes::new(Owner::Heap(data)))
    }
}

/// What debug information does not say.
const UNKNOWN: &str = "??";

fn covers(dwarf: &gimli::Dwarf<Reader>, unit: &gimli::Unit<Reader>, address: u64) -> bool {
    let Ok(mut ranges) = dwarf.unit_ranges(unit) else {
        return false;
    };
    while let Ok(Some(range)) = ranges.next() {
        if (range.begin..range.end).contains(&address) {
            return true;
        }
    }
    false
}

/// Runs a line table (DWARF 5, 6.2.5) as far as needed: file index and line of an address.
fn line_of(header: &gimli::LineProgramHeader<Reader>, address: u64) -> Option<(u64, u32)> {
    use gimli::LineInstruction as I;
    let encoding = header.line_encoding();
    let step = u64::from(encoding.minimum_instruction_length);
    let range = encoding.line_range.max(1);
    let (mut at, mut file, mut line) = (0u64, 1u64, 1i64);
    let mut row: Option<(u64, u64, i64)> = None;
    let mut found = None;
    let mut instructions = header.instructions();
    while let Ok(Some(instruction)) = instructions.next_instruction(header) {
        let mut emits = false;
        match instruction {
            I::Special(opcode) => {
                let opcode = opcode.wrapping_sub(header.opcode_base());
                at = at.wrapping_add(step.wrapping_mul(u64::from(opcode / range)));
                line += i64::from(encoding.line_base) + i64::from(opcode % range);
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
            I::Copy | I::EndSequence => emits = true,
            _ => {}
        }
        if !emits {
            continue;
        }
        if let Some((begin, file, line)) = row {
            if (begin..at).contains(&address) {
                // Where the table went back, what it says last overwrites what it said first.
                found = Some((file, u32::try_from(line).ok()?));
            }
        }
        row = Some((at, file, line));
        if matches!(instruction, I::EndSequence) {
            (at, file, line, row) = (0, 1, 1, None);
        }
    }
    found
}

fn file_of(
    dwarf: &gimli::Dwarf<Reader>,
    unit: &gimli::Unit<Reader>,
    index: u64,
) -> Option<PathBuf> {
    let header = unit.line_program.as_ref()?.header();
    let entry = header.file(index)?;
    let text = |value| {
        Some(
            dwarf
                .attr_string(unit, value)
                .ok()?
                .to_string_lossy()
                .ok()?
                .into_owned(),
        )
    };
    let mut path = PathBuf::new();
    if let Some(top) = &unit.comp_dir {
        path.push(&*top.to_string_lossy().ok()?);
    }
    if let Some(directory) = entry.directory(header).and_then(text) {
        path.push(directory);
    }
    path.push(text(entry.path_name())?);
    Some(normal(&path.to_string_lossy()))
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({})", self.path.display())
    }
}

/// Names that kallsyms lists too; the others do not end the function before them.
fn is_listed(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('$')
        && !name.starts_with(".L")
        && !name.starts_with("__pi_.L")
}

/// Where the sections of a file are taken to lie. In a module all begin at 0; to tell them apart,
/// they are laid out one behind the other.
struct Layout {
    relocatable: bool,
    /// Base and end of each section that is loaded.
    sections: HashMap<SectionIndex, (u64, u64)>,
}

impl Layout {
    fn new(file: &object::File<'_>) -> Self {
        let relocatable = file.kind() == object::ObjectKind::Relocatable;
        let mut sections = HashMap::new();
        let mut next = 0x1000;
        for section in file.sections() {
            let base = if relocatable { next } else { 0 };
            if is_loaded(&section) {
                let start = if relocatable { base } else { section.address() };
                sections.insert(
                    section.index(),
                    (base, start.saturating_add(section.size())),
                );
                next = (next + section.size() + 0x1000) & !0xfff;
            }
        }
        Layout {
            relocatable,
            sections,
        }
    }

    fn address(&self, section: SectionIndex, value: u64) -> u64 {
        let base = self.sections.get(&section).map_or(0, |(base, _)| *base);
        base.wrapping_add(value)
    }

    fn end(&self, section: SectionIndex) -> Option<u64> {
        self.sections.get(&section).map(|(_, end)| *end)
    }

    /// Applies the absolute relocations, which are all that debug sections have.
    fn relocate(
        &self,
        file: &object::File<'_>,
        section: &object::Section<'_, '_>,
        data: &mut [u8],
    ) {
        for (offset, relocation) in section.relocations() {
            let target = match relocation.target() {
                object::RelocationTarget::Symbol(index) => {
                    file.symbol_by_index(index)
                        .ok()
                        .map(|symbol| match symbol.section_index() {
                            Some(section) => self.address(section, symbol.address()),
                            None => symbol.address(),
                        })
                }
                object::RelocationTarget::Section(index) => Some(self.address(index, 0)),
                _ => None,
            };
            let absolute = relocation.kind() == object::RelocationKind::Absolute;
            let (Some(target), true) = (target, absolute) else {
                continue;
            };
            let bytes = usize::from(relocation.size() / 8);
            let Some(place) = usize::try_from(offset)
                .ok()
                .and_then(|at| data.get_mut(at..at.checked_add(bytes)?))
            else {
                continue;
            };
            let implicit = if relocation.has_implicit_addend() {
                little(place)
            } else {
                0
            };
            let value = target
                .wrapping_add_signed(relocation.addend())
                .wrapping_add(implicit);
            place.copy_from_slice(&value.to_le_bytes()[..bytes.min(8)]);
        }
    }
}

fn little(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, &byte| (sum << 8) | u64::from(byte))
}

fn is_loaded(section: &object::Section<'_, '_>) -> bool {
    match section.flags() {
        object::SectionFlags::Elf { sh_flags, .. } => {
            sh_flags & u64::from(object::elf::SHF_ALLOC) != 0
        }
        _ => section.kind() == SectionKind::Text,
    }
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

/// Bytes that live as long as somebody reads them: a part of a mapped file, or a copy.
#[derive(Clone)]
struct Bytes {
    owner: Arc<Owner>,
    range: Range<usize>,
}

enum Owner {
    Map(memmap2::Mmap),
    Heap(Vec<u8>),
}

impl Bytes {
    fn new(owner: Owner) -> Self {
        let range = 0..owner.len();
        Bytes {
            owner: Arc::new(owner),
            range,
        }
    }

    fn part(&self, range: Range<usize>) -> Option<Self> {
        self.owner.get(range.clone())?;
        Some(Bytes {
            owner: Arc::clone(&self.owner),
            range,
        })
    }
}

impl Deref for Owner {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Owner::Map(map) => map,
            Owner::Heap(data) => data,
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.owner.get(self.range.clone()).unwrap_or_default()
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({:?})", self.range)
    }
}

// SAFETY: the bytes are owned by an `Arc` and never changed, so they stay where they are when a
// `Bytes` moves.
unsafe impl gimli::StableDeref for Bytes {}

// SAFETY: as above; a clone shares the owner and has the same range, so it gives the same address.
unsafe impl gimli::CloneStableDeref for Bytes {}

/// Lines that a statement may have before it is taken for something else.
const LONGEST: usize = 40;

/// The whole statement that stands at a line, on one line and without comments.
///
/// `None` if the file cannot be read or has no code at that line.
pub fn statement(file: &Path, line: u32) -> Option<String> {
    statement_in(&String::from_utf8_lossy(&std::fs::read(file).ok()?), line)
}

/// The same in a text that was read already.
pub fn statement_in(text: &str, line: u32) -> Option<String> {
    let code = without_comments(text);
    let lines: Vec<&str> = code
        .lines()
        .map(|one| one.trim().trim_end_matches('\\').trim_end())
        .collect();
    let at = usize::try_from(line).ok()?.checked_sub(1)?;
    lines.get(at).filter(|one| !one.is_empty())?;
    let first = first_line(&lines, at);
    let mut parts: Vec<&str> = Vec::new();
    let mut depth = 0;
    for index in first..lines.len().min(first + LONGEST) {
        let part = lines[index];
        if part.is_empty() {
            continue;
        }
        depth += balance(part);
        parts.push(part);
        let next = lines[index + 1..]
            .iter()
            .find(|one| !one.is_empty())
            .copied()
            .unwrap_or("");
        if index >= at && depth <= 0 && !goes_on(part, next) {
            break;
        }
    }
    Some(join(&parts))
}

/// The lines around a line, with their numbers: for showing.
pub fn around(file: &Path, line: u32, context: u32) -> Vec<(u32, String)> {
    let Ok(bytes) = std::fs::read(file) else {
        return Vec::new();
    };
    let wanted = line.saturating_sub(context)..=line.saturating_add(context);
    String::from_utf8_lossy(&bytes)
        .lines()
        .zip(1..)
        .filter(|(_, number)| wanted.contains(number))
        .map(|(text, number)| (number, text.to_string()))
        .collect()
}

/// Where the statement begins that goes through line `at`.
fn first_line(lines: &[&str], at: usize) -> usize {
    let mut first = at;
    let mut closed = 0;
    for index in (at.saturating_sub(LONGEST)..at).rev() {
        let part = lines[index];
        if part.is_empty() {
            continue;
        }
        if part.starts_with('#') {
            break;
        }
        closed -= balance(part);
        // More is opened up to here than closed: the parenthesis reaches into the statement.
        let opened = closed < 0;
        if !opened && !goes_on(part, lines[first]) {
            // A parenthesis closed here may have been opened above, in a line that goes on.
            if closed > 0
                && !part.ends_with([';', '{', '}'])
                && index + 1 == first
                && goes_on(part, lines[first])
            {
                continue;
            }
            break;
        }
        first = index;
        closed = closed.max(0);
    }
    first
}

/// Parentheses and brackets opened less those closed, outside strings.
fn balance(code: &str) -> i32 {
    let mut depth = 0;
    let mut quote = None;
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"') => quote = Some('"'),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            _ => {}
        }
    }
    depth
}

/// Whether a line that closes its parentheses is continued by the next one.
fn goes_on(line: &str, next: &str) -> bool {
    let ends = [
        "&&", "||", "=", "+", "-", "*", "/", "|", "&", "?", ",", "<", ">", "^", "%", "(", "!",
    ];
    let begins = [
        "&&", "||", "?", ": ", "+", "| ", "& ", "<<", ">>", "==", "!=", ".", "= ", "->", "\"",
    ];
    let increment = line.ends_with("++") || line.ends_with("--");
    !line.ends_with([';', '{', '}'])
        && (ends.iter().any(|end| line.ends_with(end)) && !increment
            || begins.iter().any(|begin| next.starts_with(begin)))
}

/// Joins the lines of a statement as they would stand on one.
fn join(parts: &[&str]) -> String {
    let mut out = String::new();
    for part in parts {
        let tight = out.is_empty() || out.ends_with('(') || part.starts_with([')', '.']);
        if !tight {
            out.push(' ');
        }
        out.push_str(part);
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text with every comment blanked out and its lines kept.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut string = false;
    while let Some(c) = chars.next() {
        match (string, c, chars.peek()) {
            (true, '\\', Some(_)) => {
                out.push(c);
                out.extend(chars.next());
            }
            // A string ends on its line in C; this keeps an apostrophe's mistake short.
            (true, '"' | '\n', _) => {
                string = false;
                out.push(c);
            }
            (false, '"', _) => {
                string = !out.ends_with('\'');
                out.push(c);
            }
            (false, '/', Some('/')) => while chars.next_if(|&c| c != '\n').is_some() {},
            (false, '/', Some('*')) => {
                chars.next();
                skip_comment(&mut chars, &mut out);
            }
            _ => out.push(c),
        }
    }
    out
}

fn skip_comment(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    let mut star = false;
    for c in chars.by_ref() {
        match c {
            '/' if star => break,
            '\n' => out.push('\n'),
            _ => {}
        }
        star = c == '*';
    }
    out.push(' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(always)]
    fn inner(value: u64) -> u64 {
        std::hint::black_box(value) + 1
    }

    /// A function with a name that needs no mangling, in this very program.
    #[no_mangle]
    #[inline(never)]
    extern "C" fn oopsarium_symbols_test(value: u64) -> u64 {
        inner(value)
    }
    const LINE: u32 = line!() - 3;

    fn symbol(text: &str) -> Symbol {
        text.parse().unwrap()
    }

    #[test]
    fn a_function_of_this_program_is_found() {
        assert_eq!(oopsarium_symbols_test(1), 2);
        let symbols = Symbols::open(&std::env::current_exe().unwrap(), &[]).unwrap();
        let places = symbols.resolve(&symbol("oopsarium_symbols_test+0x0/0x0"), At::Pc);
        let place = places.last().unwrap();
        assert_eq!(
            (place.function.as_str(), place.inlined),
            ("oopsarium_symbols_test", false)
        );
        assert!(place.file.ends_with("symbols.rs"));
        assert!((LINE - 1..=LINE + 1).contains(&place.line), "{place:?}");
        assert!(symbols
            .resolve(&symbol("no_such_function+0x0/0x1"), At::Pc)
            .is_empty());
        assert!(symbols
            .resolve(&symbol("oopsarium_symbols_test+0x0/0x0 [no_such]"), At::Pc)
            .is_empty());
    }

    /// A module is a relocatable file: every section begins at 0, and DWARF needs relocations.
    #[test]
    fn a_relocatable_file_is_relocated() {
        let folder = std::env::temp_dir().join(format!("oopsarium-symbols-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let source = folder.join("some-mod.rs");
        let object = folder.join("some-mod.ko");
        let text = "#![crate_type = \"lib\"]\n#[no_mangle]\npub extern \"C\" fn first() -> u32 { 1 }\n#[no_mangle]\npub extern \"C\" fn second() -> u32 { 2 }\n";
        std::fs::write(&source, text).unwrap();
        let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let done = std::process::Command::new(compiler)
            .args(["-g", "--emit=obj", "-o"])
            .args([&object, &source])
            .status()
            .unwrap();
        assert!(done.success());
        let symbols = Symbols::open(&std::env::current_exe().unwrap(), &[object]).unwrap();
        assert!(symbols.has_module("some_mod"));
        let line = |text: &str| {
            symbols
                .resolve(&symbol(text), At::Pc)
                .last()
                .map(|place| (place.function.clone(), place.line))
        };
        assert_eq!(
            line("first+0x0/0x0 [some_mod]"),
            Some(("first".to_string(), 3))
        );
        assert_eq!(
            line("second+0x0/0x0 [some_mod]"),
            Some(("second".to_string(), 5))
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_no_elf_is_refused_by_name() {
        let error = Symbols::open(Path::new("/dev/null"), &[])
            .err()
            .unwrap()
            .to_string();
        assert!(error.starts_with("/dev/null: "), "{error}");
    }

    const C: &str = "/* a file\n * of C */\nint f(int a)\n{\n\tint b = a; // why\n\tVM_BUG_ON((BAD >> bit) & 1);\n\tif (WARN(b,\n\t\t \"text; (%d\\n\",\n\t\t b))\n\t\treturn 0;\n\tb = a +\n\t    1;\n\n\treturn b\n\t\t? 1 : 2;\n}\n";

    #[track_caller]
    fn check(line: u32, expected: Option<&str>) {
        assert_eq!(statement_in(C, line).as_deref(), expected);
    }

    #[test]
    fn statements_are_whole() {
        check(2, None);
        check(5, Some("int b = a;"));
        check(6, Some("VM_BUG_ON((BAD >> bit) & 1);"));
        check(7, Some("if (WARN(b, \"text; (%d\\n\", b))"));
        check(9, Some("if (WARN(b, \"text; (%d\\n\", b))"));
        check(10, Some("return 0;"));
        check(11, Some("b = a + 1;"));
        check(12, Some("b = a + 1;"));
        check(13, None);
        check(14, Some("return b ? 1 : 2;"));
        check(99, None);
    }

    #[test]
    fn paths_are_made_plain() {
        assert_eq!(normal("/a/b/../c/./d.c"), Path::new("/a/c/d.c"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_statements(text in ".{0,400}", line in 0u32..40) {
            let _ = statement_in(&text, line);
        }
    }
}
