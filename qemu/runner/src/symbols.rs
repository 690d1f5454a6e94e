// SPDX-License-Identifier: GPL-2.0

//! `function+0xoffset/0xsize [module]` to source lines, and source lines to statements.
//!
//! Reads the ELF and DWARF of a vmlinux and of modules as kbuild leaves them. Addresses come from
//! the symbol's name, so KASLR does not matter. This part must not know logs: it is given symbols,
//! wherever they come from.

mod bytes;
mod dwarf;
mod image;
mod source;
mod table;

pub use source::{around, statement, statement_in};

use crate::report::{demangle, Symbol};
use image::Image;
use serde::Serialize;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use table::Extent;

/// What could not be read, and why.
#[derive(Debug)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// An architecture whose kernels are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// 64-bit x86.
    X86_64,
    /// 64-bit Arm.
    Arm64,
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Arch::X86_64 => "x86_64",
            Arch::Arm64 => "arm64",
        })
    }
}

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

/// What a symbol was found to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Its source lines, innermost inlined function first; the last one is the function that
    /// stands in the symbol table. Empty if the symbol or its debug information is not there.
    pub places: Vec<Place>,
    /// Where it might be as well: other functions of the same name and size, with other lines.
    pub instead: Vec<Place>,
}

/// What debug information does not say.
const UNKNOWN: &str = "??";
/// A function that every kernel has, in a file that never moved.
const LANDMARK: &str = "panic";
/// Functions of one name that are looked at.
const NAMESAKES: usize = 64;
/// Folders below a folder of modules.
const DEPTH: usize = 12;

/// The cache's folder, below a build folder.
pub const CACHE: &str = "symbols";

/// Where debug information is, and what helps to read it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Modules: files, or folders that are searched for them by name.
    pub modules: Vec<PathBuf>,
    /// The kernel's source, if it is not where the kernel was built from.
    pub source: Option<PathBuf>,
    /// Folders that debug information names, and what is really in the place of each: what is
    /// there is named from there.
    pub moved: Vec<(PathBuf, PathBuf)>,
    /// Where to keep what was read, for the next run; written whole or not at all, and made anew
    /// when it does not fit its file any more.
    pub cache: Option<PathBuf>,
}

/// The debug information of a kernel and some modules.
pub struct Symbols {
    kernel: Rc<Image>,
    options: Options,
    /// The modules' files in the folders, by name.
    files: OnceCell<HashMap<String, Vec<PathBuf>>>,
    modules: RefCell<BTreeMap<String, Option<Rc<Image>>>>,
    /// Build IDs that the modules have to have.
    expected: RefCell<HashMap<String, String>>,
    warnings: RefCell<Vec<String>>,
    root: OnceCell<PathBuf>,
    /// Where the sources of modules really are: by path, the name from there and the path.
    beside: RefCell<HashMap<PathBuf, Option<(PathBuf, PathBuf)>>>,
}

impl Symbols {
    /// Maps the files; nothing is read before it is asked for.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or is no ELF.
    pub fn open(vmlinux: &Path, modules: &[PathBuf]) -> Result<Self, Error> {
        Self::open_with(
            vmlinux,
            Options {
                modules: modules.to_vec(),
                ..Options::default()
            },
        )
    }

    /// The same, with all that can be said about it.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn open_with(vmlinux: &Path, options: Options) -> Result<Self, Error> {
        let cache = options.cache.as_deref();
        let kernel = Rc::new(Image::open(vmlinux, cache)?);
        let mut modules = BTreeMap::new();
        for path in &options.modules {
            if path.is_dir() {
                continue;
            }
            let image = Rc::new(Image::open(path, cache)?);
            modules.insert(module_name(path), Some(image));
        }
        Ok(Symbols {
            kernel,
            options,
            files: OnceCell::new(),
            modules: RefCell::new(modules),
            expected: RefCell::default(),
            warnings: RefCell::default(),
            root: OnceCell::new(),
            beside: RefCell::default(),
        })
    }

    /// Says which build ID a module has in the log, before anything of it is looked up.
    pub fn expect(&self, module: &str, build_id: &str) {
        let name = module.replace('-', "_");
        self.expected
            .borrow_mut()
            .insert(name, build_id.to_ascii_lowercase());
    }

    /// Says which symbols will be looked up. It need not be said; but to read what all of them
    /// need takes less than to read it one by one.
    pub fn expect_lookups<'a>(&self, symbols: impl Iterator<Item = &'a Symbol>) {
        let mut by_module: BTreeMap<Option<&str>, Vec<&Symbol>> = BTreeMap::new();
        for symbol in symbols {
            let same = by_module.entry(symbol.module.as_deref()).or_default();
            same.push(symbol);
        }
        let root = Symbol {
            name: LANDMARK.to_string(),
            offset: 0,
            size: 0,
            module: None,
        };
        by_module.entry(None).or_default().push(&root);
        for (module, symbols) in by_module {
            let Some(image) = self.image(module) else {
                continue;
            };
            let addresses: Vec<u64> = symbols
                .into_iter()
                .flat_map(|symbol| {
                    let starts = starts(&image, symbol).into_iter();
                    starts.flat_map(|start| {
                        let address = start.wrapping_add(symbol.offset);
                        [address, address.wrapping_sub(1)]
                    })
                })
                .collect();
            image.with_lines(&addresses, |_| ());
        }
    }

    /// The source lines of a symbol: [`Found::places`].
    pub fn resolve(&self, symbol: &Symbol, at: At) -> Vec<Place> {
        self.lookup(symbol, at).places
    }

    /// The source lines of a symbol.
    ///
    /// Of several functions of one name, the one of the right size is taken, and the first of those
    /// at the lowest address.
    pub fn lookup(&self, symbol: &Symbol, at: At) -> Found {
        let Some(image) = self.image(symbol.module.as_deref()) else {
            return Found::default();
        };
        // A call that does not return may be the last instruction, and its return address is then
        // in the next function. A function's first byte is no return address at all.
        let back = u64::from(at == At::Return && symbol.offset > 0);
        let mut all = starts(&image, symbol).into_iter().map(|start| {
            let address = start.wrapping_add(symbol.offset).wrapping_sub(back);
            self.places(&image, address, symbol)
        });
        let places = all.next().unwrap_or_default();
        let instead = all
            .filter(|other| !same_lines(other, &places))
            .filter_map(|mut other| other.pop())
            .collect();
        Found { places, instead }
    }

    fn places(&self, image: &Image, address: u64, symbol: &Symbol) -> Vec<Place> {
        let mut places: Vec<Place> = image.with_lines(&[address], |table| {
            let raw = table.places(address).into_iter();
            raw.map(|one| Place {
                function: demangle(one.function.unwrap_or(UNKNOWN)),
                file: String::new(),
                path: PathBuf::from(one.file),
                line: one.line,
                inlined: true,
            })
            .collect()
        });
        for place in &mut places {
            self.name_file(place, image);
        }
        if let Some(last) = places.last_mut() {
            last.inlined = false;
            // Assembly has lines, but no functions; the symbol table has.
            if last.function == UNKNOWN {
                last.function = symbol.demangled();
            }
        }
        places
    }

    /// Whether the module's file was given.
    pub fn has_module(&self, name: &str) -> bool {
        self.image(Some(name)).is_some()
    }

    /// Whether the kernel has a function of this name and size.
    pub fn has_function(&self, name: &str, size: u64) -> bool {
        let all = self.kernel.with(|table| table.symbols(name));
        all.iter()
            .any(|one| one.size == size || one.own_size == size)
    }

    /// The symbol of the kernel that an address is in. It is the address in the vmlinux: without
    /// what KASLR added.
    pub fn symbol_at(&self, address: u64) -> Option<Symbol> {
        symbol_in(&self.kernel, address)
    }

    /// Where the vmlinux has a symbol of the kernel; `None` if there are several, or none.
    pub fn address(&self, symbol: &Symbol) -> Option<u64> {
        let starts = starts(&self.kernel, symbol);
        match (&symbol.module, starts.as_slice()) {
            (None, &[start]) => Some(start.wrapping_add(symbol.offset)),
            _ => None,
        }
    }

    /// Code around a symbol's offset, as it lies in the file: from the start of the function, up
    /// to `after` bytes behind the offset. The address counts as [`Symbols::symbol_near`] does.
    pub fn code(&self, symbol: &Symbol, after: usize) -> Option<Code> {
        let image = self.image(symbol.module.as_deref())?;
        let start = *starts(&image, symbol).first()?;
        let size = usize::try_from(symbol.offset).ok()?.checked_add(after)?;
        // Behind the last function there may be less.
        let bytes = (0..=after)
            .find_map(|less| image.data(start, size.checked_sub(less)?))
            .filter(|bytes| bytes.len() <= MOST_CODE)?;
        Some(Code { start, bytes })
    }

    /// The symbol that an address is in, of the file that `symbol` is in.
    pub fn symbol_near(&self, symbol: &Symbol, address: u64) -> Option<Symbol> {
        let image = self.image(symbol.module.as_deref())?;
        let mut found = symbol_in(&image, address)?;
        found.module.clone_from(&symbol.module);
        Some(found)
    }

    /// Places in about so many functions of the kernel, taken evenly from all of them: for trying
    /// out. Names that there are twice are left out.
    pub fn sample(&self, count: usize) -> Vec<Symbol> {
        let all = self.kernel.with(|table| {
            let mut all: Vec<(String, Extent)> = table
                .all_symbols()
                .filter(|(_, one)| one.code && one.own_size > 4)
                .map(|(name, one)| (name.to_string(), one))
                .collect();
            let names: Vec<String> = all.iter().map(|one| one.0.clone()).collect();
            let twice: std::collections::HashSet<&String> = names
                .windows(2)
                .filter(|two| two[0] == two[1])
                .map(|two| &two[0])
                .collect();
            all.retain(|one| !twice.contains(&one.0));
            all
        });
        let step = (all.len() / count.max(1)).max(1);
        let chosen = all.into_iter().step_by(step).take(count);
        chosen
            .map(|(name, one)| Symbol {
                // Somewhere in it, and always the same.
                offset: (u64::from(crc32fast::hash(name.as_bytes())) % one.own_size) & !3,
                size: one.size,
                name,
                module: None,
            })
            .collect()
    }

    /// Where the code of some lines begins, each time that the compiler put other code between, in
    /// the kernel or in a module. `file` is the end of the path of a Rust crate's source. What was
    /// inlined into these lines belongs to them.
    pub fn starts_of(
        &self,
        module: Option<&str>,
        file: &Path,
        lines: &RangeInclusive<u32>,
    ) -> Vec<Start> {
        let Some(image) = self.image(module) else {
            return Vec::new();
        };
        let wanted = |name: &str| Path::new(name).ends_with(file);
        // A Rust crate is called as its file is, and each of its symbols has that in its name.
        let crate_name = file.file_stem().unwrap_or_default().to_string_lossy();
        let addresses: Vec<u64> = image.with(|table| {
            let code = table.all_symbols().filter(|(_, extent)| extent.code);
            let own = code.filter(|(name, _)| module.is_some() || name.contains(&*crate_name));
            own.map(|(_, extent)| extent.start).collect()
        });
        let found = image.with_lines(&addresses, |table| table.stretches(wanted, lines));
        let start = |(start, _)| match image.section(start) {
            Some((section, offset)) => Start { section, offset },
            None => Start {
                section: String::new(),
                offset: start,
            },
        };
        found.into_iter().map(start).collect()
    }

    /// The kernel's file.
    pub fn vmlinux(&self) -> &Path {
        self.kernel.path()
    }

    /// The kernel's architecture, if it is one whose reports are understood.
    pub fn arch(&self) -> Option<Arch> {
        self.kernel.arch()
    }

    /// The kernel's build ID, as hexadecimal digits.
    pub fn build_id(&self) -> Option<String> {
        self.kernel.build_id()
    }

    /// The kernel's own first line: `Linux version 6.12.117 (…) #1 SMP …`.
    pub fn banner(&self) -> Option<String> {
        let (start, size) = self.kernel.place("linux_banner")?;
        let size = usize::try_from(size.min(1024)).ok()?;
        let bytes = self.kernel.data(start, size)?;
        let text = bytes.split(|&byte| byte == 0).next()?;
        let text = String::from_utf8_lossy(text).trim().to_string();
        text.starts_with("Linux version ").then_some(text)
    }

    /// Whether the kernel's file has debug information.
    pub fn has_lines(&self) -> bool {
        self.kernel.lack().is_none()
    }

    /// What is wrong with the files that were used so far: nothing in them, a wrong build ID.
    pub fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        if let Some(why) = self.kernel.lack() {
            all.push(format!(
                "{}: {why}; take the vmlinux that the build of this kernel left, or the one of a distribution's debug package",
                self.kernel.path().display()
            ));
        }
        all.extend(self.warnings.borrow().iter().cloned());
        all
    }

    /// The root of the source tree that the kernel was built from; empty if it cannot be told.
    pub fn source_root(&self) -> &Path {
        self.root.get_or_init(|| {
            let start = self
                .kernel
                .with(|table| table.symbols(LANDMARK).first().map(|one| one.start));
            let file = self.kernel.with_lines(start.as_slice(), |table| {
                let place = table.places(start?).pop()?;
                Some(place.file.strip_suffix("kernel/panic.c")?.to_string())
            });
            file.map(PathBuf::from).unwrap_or_default()
        })
    }

    /// The file of a source line that the kernel or its debug information names relative to the
    /// kernel's source.
    pub fn source_path(&self, file: &str) -> PathBuf {
        match &self.options.source {
            Some(given) => given.join(file),
            None => self.source_root().join(file),
        }
    }

    fn name_file(&self, place: &mut Place, image: &Image) {
        let root = Some(self.source_root()).filter(|root| !root.as_os_str().is_empty());
        let given = self.options.source.as_deref();
        // A kernel of which only a part was built again names both.
        for root in root.into_iter().chain(given) {
            if let Ok(short) = place.path.strip_prefix(root) {
                let short = short.to_owned();
                place.file = short.to_string_lossy().into_owned();
                place.path = given.unwrap_or(root).join(short);
                return;
            }
        }
        for (from, to) in &self.options.moved {
            let Ok(short) = place.path.strip_prefix(from) else {
                continue;
            };
            let path = to.join(short);
            if path.is_file() {
                place.file = short.to_string_lossy().into_owned();
                place.path = path;
                return;
            }
        }
        place.file = place.path.to_string_lossy().into_owned();
        if std::ptr::eq(image, &*self.kernel) {
            return;
        }
        let mut known = self.beside.borrow_mut();
        let found = known
            .entry(place.path.clone())
            .or_insert_with(|| beside(image.path(), &place.path));
        if let Some((short, path)) = found {
            place.file = short.to_string_lossy().into_owned();
            place.path.clone_from(path);
        }
    }

    fn image(&self, module: Option<&str>) -> Option<Rc<Image>> {
        let Some(name) = module else {
            return Some(Rc::clone(&self.kernel));
        };
        let name = name.replace('-', "_");
        if let Some(known) = self.modules.borrow().get(&name) {
            return known.clone();
        }
        let found = self.find_module(&name);
        self.modules.borrow_mut().insert(name, found.clone());
        found
    }

    /// A module from the folders: the one of the right build ID, or else one with lines.
    fn find_module(&self, name: &str) -> Option<Rc<Image>> {
        let files = self.files.get_or_init(|| {
            let mut files = HashMap::new();
            for folder in self.options.modules.iter().filter(|path| path.is_dir()) {
                list_modules(folder, DEPTH, &mut files);
            }
            files
        });
        let all = files.get(name)?;
        let mut images = Vec::new();
        for path in all {
            match Image::open(path, self.options.cache.as_deref()) {
                Ok(image) => images.push(Rc::new(image)),
                Err(error) => self.warn(error.to_string()),
            }
        }
        let expected = self.expected.borrow().get(name).cloned();
        let right = expected.as_ref().and_then(|expected| {
            let is_it = |image: &&Rc<Image>| image.build_id().as_deref() == Some(expected);
            images.iter().find(is_it)
        });
        let best = right
            .or_else(|| images.iter().find(|image| image.lack().is_none()))
            .or_else(|| images.first())?;
        let shown = best.path().display();
        if let (None, Some(expected), Some(id)) = (right, expected, best.build_id()) {
            self.warn(format!(
                "{shown}: not the module of this log, its build ID is {id}, the log's {expected}; lines may be wrong"
            ));
        }
        if let Some(why) = best.lack() {
            self.warn(format!("{shown}: {why}"));
        }
        Some(Rc::clone(best))
    }

    fn warn(&self, what: String) {
        self.warnings.borrow_mut().push(what);
    }
}

/// Where some code begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Start {
    /// The section of a module; empty in a kernel.
    pub section: String,
    /// From the section's start; in a kernel, the address.
    pub offset: u64,
}

/// A piece of a file's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Where it begins, in the file's own count.
    pub start: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Code that is looked at for one report.
const MOST_CODE: usize = 1 << 20;

/// Where functions of this name and size start, the likeliest first.
fn starts(image: &Image, symbol: &Symbol) -> Vec<u64> {
    let all: Vec<Extent> = image.with(|table| {
        let mut all = table.symbols(&symbol.name);
        if all.is_empty() {
            // What the compiler appends for link-time optimisation, kallsyms may leave out.
            let short = symbol.name.split(".llvm.").next().unwrap_or_default();
            if short != symbol.name {
                all = table.symbols(short);
            }
        }
        all
    });
    let fits = |one: &&Extent| one.size == symbol.size || one.own_size == symbol.size;
    let mut chosen: Vec<u64> = all.iter().filter(fits).map(|one| one.start).collect();
    if chosen.is_empty() {
        chosen = all.iter().map(|one| one.start).collect();
    }
    chosen.dedup();
    chosen.truncate(NAMESAKES);
    chosen
}

fn symbol_in(image: &Image, address: u64) -> Option<Symbol> {
    image.with(|table| {
        let (name, extent) = table.symbol_at(address)?;
        Some(Symbol {
            name: name.to_string(),
            offset: address - extent.start,
            size: extent.size,
            module: None,
        })
    })
}

fn same_lines(a: &[Place], b: &[Place]) -> bool {
    let line = |place: &Place| (place.path.clone(), place.line);
    a.iter().map(line).eq(b.iter().map(line))
}

/// The source of a module by the module's own file. Debug information names what is relative from
/// where the kernel was built, and a module from elsewhere has its sources beside itself.
fn beside(module: &Path, source: &Path) -> Option<(PathBuf, PathBuf)> {
    if source.exists() {
        return None;
    }
    let parts: Vec<_> = source.components().skip(1).collect();
    // As much of the path as there is: a folder's own name says more than the file's.
    (0..parts.len()).find_map(|first| {
        let short: PathBuf = parts[first..].iter().collect();
        let mut folders = module.ancestors().skip(1).take(6);
        let path = folders.find_map(|folder| {
            let path = folder.join(&short);
            path.is_file().then_some(path)
        })?;
        Some((short, path))
    })
}

/// A module's name, as the kernel gives it, from its file: `gfp-slab.ko.debug` is `gfp_slab`.
fn module_name(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    file.split(".ko")
        .next()
        .unwrap_or_default()
        .replace('-', "_")
}

/// Every module below a folder, by name; links to folders are not followed.
fn list_modules(folder: &Path, depth: usize, out: &mut HashMap<String, Vec<PathBuf>>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<(PathBuf, bool)> = entries
        .flatten()
        .map(|entry| {
            let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            (entry.path(), folder)
        })
        .collect();
    paths.sort();
    for (path, folder) in paths {
        if folder {
            if depth > 0 {
                list_modules(&path, depth - 1, out);
            }
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_module = [".ko", ".ko.debug", ".ko.gz", ".ko.xz", ".ko.zst"]
            .iter()
            .any(|ending| name.ends_with(ending));
        if is_module {
            let key = module_name(&path);
            out.entry(key).or_default().push(path);
        }
    }
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
    fn a_modules_source_is_found_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("modules/x");
        std::fs::create_dir_all(&own).unwrap();
        std::fs::write(own.join("x.rs"), "").unwrap();
        let found = beside(
            &own.join("x.ko"),
            Path::new("/no/such/kernel/modules/x/x.rs"),
        );
        assert_eq!(
            found,
            Some((PathBuf::from("modules/x/x.rs"), own.join("x.rs")))
        );
        assert_eq!(beside(&own.join("x.ko"), Path::new("/no/such/y.rs")), None);
    }

    #[test]
    fn a_file_is_named_from_where_it_has_moved_to() {
        let program = std::env::current_exe().unwrap();
        let place = |moved| {
            let options = Options {
                moved,
                ..Options::default()
            };
            let symbols = Symbols::open_with(&program, options).unwrap();
            let mut places = symbols.resolve(&symbol("oopsarium_symbols_test+0x0/0x0"), At::Pc);
            places.pop().unwrap()
        };
        let named = place(Vec::new()).path;
        let (from, name) = (named.parent().unwrap(), named.file_name().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let pair = || (from.to_owned(), folder.path().to_owned());
        // There is no such file there.
        assert_eq!(place(vec![pair()]).path, named);
        let to = folder.path().join(name);
        std::fs::write(&to, "").unwrap();
        let other = (PathBuf::from("/no/such"), from.to_owned());
        let moved = place(vec![other, pair()]);
        assert_eq!(Some(moved.file.as_str()), name.to_str());
        assert_eq!(moved.path, to);
    }

    #[test]
    fn what_is_no_elf_is_refused_by_name() {
        let error = Symbols::open(Path::new("/dev/null"), &[])
            .err()
            .unwrap()
            .to_string();
        assert!(error.starts_with("/dev/null: "), "{error}");
    }
}
