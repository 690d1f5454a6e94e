// SPDX-License-Identifier: GPL-2.0

//! One ELF file: a vmlinux, or a module as kbuild leaves it. Knows where its sections lie, and
//! makes the table that everything is looked up in, or takes it from the cache.

use super::bytes::Bytes;
use super::dwarf;
use super::table::{Builder, Extent, Table};
use super::{Arch, Error};
use gimli::{EndianSlice, RunTimeEndian};
use object::{Object, ObjectSection, ObjectSymbol, SectionIndex, SectionKind, SymbolKind};
use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// One ELF file.
pub struct Image {
    path: PathBuf,
    bytes: Bytes,
    /// What tells this version of the file from others, for the cache.
    key: String,
    cache: Option<PathBuf>,
    table: RefCell<Option<Rc<Table>>>,
    layout: OnceCell<Layout>,
}

impl Image {
    pub fn open(path: &Path, cache: Option<&Path>) -> Result<Self, Error> {
        let failed = |why: &dyn fmt::Display| {
            let why = why.to_string();
            let why = why.split(" (os error").next().unwrap_or_default();
            Error(format!("{}: {why}", path.display()))
        };
        let file = File::open(path).map_err(|why| failed(&why))?;
        let meta = file.metadata().map_err(|why| failed(&why))?;
        if meta.is_dir() {
            return Err(failed(&"a folder, not an ELF file"));
        }
        let bytes = Bytes::map(&file).map_err(|why| failed(&why))?;
        let elf = object::File::parse(&*bytes)
            .map_err(|why| failed(&format!("not an ELF file ({why})")))?;
        let mut key = format!("{} bytes", meta.len());
        if let Some(changed) = meta
            .modified()
            .ok()
            .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        {
            let _ = write!(key, ", changed {}", changed.as_nanos());
        }
        if let Some(id) = build_id(&elf) {
            let _ = write!(key, ", build ID {id}");
        }
        drop(elf);
        Ok(Image {
            cache: cache.map(|folder| folder.join(cache_name(path))),
            path: path.to_path_buf(),
            bytes,
            key,
            table: RefCell::new(None),
            layout: OnceCell::new(),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks up a symbol. A cache that turns out to be damaged is made anew.
    pub fn with<T>(&self, look: impl Fn(&Table) -> T) -> T {
        self.with_lines(&[], look)
    }

    /// The same, where the lines of some addresses matter.
    pub fn with_lines<T>(&self, addresses: &[u64], look: impl Fn(&Table) -> T) -> T {
        let table = self.table_of(addresses);
        let found = look(&table);
        if !table.is_damaged() {
            return found;
        }
        let table = Rc::new(self.make_table());
        *self.table.borrow_mut() = Some(table);
        look(&self.table_of(addresses))
    }

    /// Where a symbol lies, and its size: found without the table, where that would have to be
    /// made for it.
    pub fn place(&self, name: &str) -> Option<(u64, u64)> {
        if self.kept().is_some() {
            let extent = self.with(|table| table.symbols(name).first().copied())?;
            return Some((extent.start, extent.own_size));
        }
        let file = object::File::parse(&*self.bytes).ok()?;
        let symbol = file.symbol_by_name(name)?;
        Some((symbol.address(), symbol.size()))
    }

    /// The table, with all units in it that these addresses need.
    fn table_of(&self, addresses: &[u64]) -> Rc<Table> {
        let table = self.table();
        let mut units: Vec<u64> = addresses
            .iter()
            .flat_map(|&address| table.unread(address))
            .collect();
        units.sort_unstable();
        units.dedup();
        if units.is_empty() || table.is_damaged() {
            return table;
        }
        let mut new = Builder::default();
        self.read(|dwarf, code| dwarf::read(dwarf, code, &units, &mut new));
        let longer = table
            .extended(new, &self.key)
            .and_then(|bytes| self.keep(bytes));
        let Some(longer) = longer.map(Rc::new) else {
            return table;
        };
        *self.table.borrow_mut() = Some(Rc::clone(&longer));
        longer
    }

    fn table(&self) -> Rc<Table> {
        self.kept().unwrap_or_else(|| {
            let table = Rc::new(self.make_table());
            *self.table.borrow_mut() = Some(Rc::clone(&table));
            table
        })
    }

    /// The table, if it need not be made: of this run, or of one before.
    fn kept(&self) -> Option<Rc<Table>> {
        if self.table.borrow().is_none() {
            *self.table.borrow_mut() = self.cached().map(Rc::new);
        }
        self.table.borrow().clone()
    }

    fn cached(&self) -> Option<Table> {
        let file = File::open(self.cache.as_deref()?).ok()?;
        Table::read(Bytes::map(&file).ok()?, &self.key)
    }

    /// A table that knows the symbols, and where the units lie. It is not kept before it knows
    /// lines, too: what is asked for first follows at once.
    fn make_table(&self) -> Table {
        let mut new = Builder::default();
        if let Ok(file) = object::File::parse(&*self.bytes) {
            read_symbols(&file, self.layout(), &mut new);
        }
        self.read(|dwarf, code| dwarf::index(dwarf, code, &mut new));
        let table = Table::read(Bytes::heap(new.finish(&self.key)), &self.key);
        #[allow(clippy::expect_used)] // It was made a line ago; a test makes and reads some.
        table.expect("a table that was just made")
    }

    /// Keeps a table for the next run, and takes it.
    fn keep(&self, bytes: Vec<u8>) -> Option<Table> {
        if let Some(path) = &self.cache {
            // Without a cache it is slower, and no worse.
            let _ = write_whole(path, &bytes);
        }
        Table::read(Bytes::heap(bytes), &self.key)
    }

    fn read(&self, mut take: impl FnMut(&gimli::Dwarf<dwarf::Slice<'_>>, &[Range<u64>])) {
        let Ok(file) = object::File::parse(&*self.bytes) else {
            return;
        };
        let layout = self.layout();
        let mut sections = HashMap::new();
        for id in SECTIONS {
            let bytes = section(&file, layout, id.name());
            sections.insert(id, bytes.unwrap_or_default());
        }
        let endian = if file.is_little_endian() {
            RunTimeEndian::Little
        } else {
            RunTimeEndian::Big
        };
        let loaded = gimli::Dwarf::load(|id| {
            let bytes: &[u8] = sections.get(&id).map_or(&[], |bytes| bytes);
            Ok::<_, gimli::Error>(EndianSlice::new(bytes, endian))
        });
        if let Ok(loaded) = loaded {
            take(&loaded, &layout.code);
        }
    }

    fn layout(&self) -> &Layout {
        self.layout
            .get_or_init(|| match object::File::parse(&*self.bytes) {
                Ok(file) => Layout::new(&file),
                Err(_) => Layout::default(),
            })
    }

    /// The architecture, if it is one of those whose reports are understood.
    pub fn arch(&self) -> Option<Arch> {
        match object::File::parse(&*self.bytes).ok()?.architecture() {
            object::Architecture::X86_64 => Some(Arch::X86_64),
            object::Architecture::Aarch64 => Some(Arch::Arm64),
            _ => None,
        }
    }

    /// The linker's build ID, as hexadecimal digits.
    pub fn build_id(&self) -> Option<String> {
        build_id(&object::File::parse(&*self.bytes).ok()?)
    }

    /// Bytes of the file's code or data, as they lie in it.
    pub fn data(&self, address: u64, size: usize) -> Option<Vec<u8>> {
        let file = object::File::parse(&*self.bytes).ok()?;
        let layout = self.layout();
        let end = address.checked_add(size as u64)?;
        for section in file.sections() {
            let Some(&(base, last)) = layout.sections.get(&section.index()) else {
                continue;
            };
            let first = if layout.relocatable {
                base
            } else {
                section.address()
            };
            if first <= address && end <= last {
                let start = usize::try_from(address - first).ok()?;
                return Some(section.data().ok()?.get(start..start + size)?.to_vec());
            }
        }
        None
    }

    /// The section that an address of the table is in, and how far: for a module, the sections of
    /// which get their addresses when it is loaded. `None` where addresses are what they say.
    pub fn section(&self, address: u64) -> Option<(String, u64)> {
        let layout = self.layout();
        if !layout.relocatable {
            return None;
        }
        let file = object::File::parse(&*self.bytes).ok()?;
        let section = file.sections().find_map(|section| {
            let &(base, end) = layout.sections.get(&section.index())?;
            let inside = (base..end).contains(&address);
            inside.then(|| Some((section.name().ok()?.to_string(), address - base)))?
        });
        section
    }

    /// Why nothing can be decoded with it, if that is so.
    pub fn lack(&self) -> Option<&'static str> {
        let file = object::File::parse(&*self.bytes).ok()?;
        let lines = file.section_by_name(".debug_line");
        if lines.is_some_and(|section| section.size() > 0) && self.with(Table::has_units) {
            return None;
        }
        Some(if file.section_by_name(".debug_info").is_none() {
            "no debug information in it (stripped, or built without CONFIG_DEBUG_INFO)"
        } else if file.section_by_name(".debug_gnu_pubnames").is_some()
            && file.section_by_name(".debug_line").is_none()
        {
            "its debug information is in other files (CONFIG_DEBUG_INFO_SPLIT)"
        } else {
            "no lines in its debug information"
        })
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({})", self.path.display())
    }
}

/// All that is read of the debug information.
const SECTIONS: [gimli::SectionId; 10] = [
    gimli::SectionId::DebugAbbrev,
    gimli::SectionId::DebugAddr,
    gimli::SectionId::DebugInfo,
    gimli::SectionId::DebugLine,
    gimli::SectionId::DebugLineStr,
    gimli::SectionId::DebugRanges,
    gimli::SectionId::DebugRngLists,
    gimli::SectionId::DebugStr,
    gimli::SectionId::DebugStrOffsets,
    gimli::SectionId::DebugTypes,
];

fn build_id(file: &object::File<'_>) -> Option<String> {
    let id = file.build_id().ok().flatten()?;
    Some(id.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// The cache's name for a file: one for each path, so that a new kernel takes the old one's place.
fn cache_name(path: &Path) -> String {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let sum = crc32fast::hash(full.as_os_str().as_encoded_bytes());
    format!("{name}-{sum:08x}.symbols")
}

/// Writes a file so that a reader sees the old one or the new one.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// The bytes of a debug section: in place if they lie there as they are, else unpacked, and
/// relocated in a module.
fn section<'d>(file: &object::File<'d>, layout: &Layout, name: &str) -> Option<Cow<'d, [u8]>> {
    let section = file.section_by_name(name)?;
    let mut data = section.uncompressed_data().ok()?;
    if layout.relocatable && section.relocations().next().is_some() {
        layout.relocate(file, &section, data.to_mut());
    }
    Some(data)
}

fn read_symbols(file: &object::File<'_>, layout: &Layout, out: &mut Builder) {
    let mut all: Vec<(u64, u64, u64, &str, bool)> = file
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
            let start = layout.address(section, symbol.address());
            let code = layout.code.iter().any(|range| range.contains(&start));
            Some((start, symbol.size(), end, name, code))
        })
        .collect();
    all.sort_unstable();
    for (index, &(start, own_size, end, name, code)) in all.iter().enumerate() {
        let next = all[index..]
            .iter()
            .map(|one| one.0)
            .find(|&other| other > start)
            .unwrap_or(end)
            .min(end.max(start));
        let extent = Extent {
            start,
            size: next - start,
            own_size,
            code,
        };
        out.symbol(name, extent);
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
#[derive(Default)]
struct Layout {
    relocatable: bool,
    /// Base and end of each section that is loaded.
    sections: HashMap<SectionIndex, (u64, u64)>,
    /// Where the sections of code are.
    code: Vec<Range<u64>>,
}

impl Layout {
    fn new(file: &object::File<'_>) -> Self {
        let relocatable = file.kind() == object::ObjectKind::Relocatable;
        let mut sections = HashMap::new();
        let mut code = Vec::new();
        let mut next = 0x1000;
        for section in file.sections() {
            let base = if relocatable { next } else { 0 };
            if is_loaded(&section) {
                let start = if relocatable { base } else { section.address() };
                let end = start.saturating_add(section.size());
                sections.insert(section.index(), (base, end));
                if is_code(&section) {
                    code.push(start..end);
                }
                next = (next + section.size() + 0x1000) & !0xfff;
            }
        }
        Layout {
            relocatable,
            sections,
            code,
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

fn is_code(section: &object::Section<'_, '_>) -> bool {
    match section.flags() {
        object::SectionFlags::Elf { sh_flags, .. } => {
            sh_flags & u64::from(object::elf::SHF_EXECINSTR) != 0
        }
        _ => section.kind() == SectionKind::Text,
    }
}
