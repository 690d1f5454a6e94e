// SPDX-License-Identifier: GPL-2.0

//! The cases and samples: which there are, their documents, and their claims. A folder under
//! `modules/` or `samples/` that holds a `case.toml` is one; nothing lists it by hand.

use crate::{
    claim::{line_of, Broken, CaseFile, Reach, Variants},
    kernel::LinkedIn,
    machine::{Arch, Machine},
};
use anyhow::{bail, Context, Result};
use globset::Glob;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A case, with its twin; or a sample, which has none.
#[derive(Clone, Debug)]
pub struct Case {
    /// What `CASE=` takes: the folder's name with hyphens.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// What it claims.
    pub file: CaseFile,
}

/// Which run of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that commits the bug.
    Bug,
    /// Its corrected twin.
    Fixed,
    /// The only one that a sample has.
    Sample,
    /// Another way to run the one or the other: an index into the claims.
    Variant(usize),
}

/// What a run does in the guest, one part after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Loads the module of this name.
    Module(String),
    /// Runs what is linked in under this name, while the kernel boots.
    Boot(String),
    /// Runs this script, under its name without the ending.
    Script(PathBuf),
}

impl Part {
    /// The name by which it begins and ends on the console.
    pub fn name(&self) -> String {
        match self {
            Self::Module(name) | Self::Boot(name) => name.clone(),
            Self::Script(path) => path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        }
    }
}

/// Where samples are.
const SAMPLES: &str = "samples";

/// Where cases are.
const KINDS: [&str; 2] = ["modules", SAMPLES];

impl Case {
    /// The project's folder.
    pub fn root(&self) -> &Path {
        self.folder.ancestors().nth(2).unwrap_or(&self.folder)
    }

    /// Every case of the project at `root`, in the order of their ids.
    ///
    /// # Errors
    ///
    /// When a claim is not as it should be, or a module is missing.
    pub fn all(root: &Path) -> Result<Vec<Self>> {
        let machines = Machine::all(root)?;
        let mut cases = Vec::new();
        for kind in KINDS {
            let parent = root.join(kind);
            let entries = fs::read_dir(&parent)
                .with_context(|| format!("cannot read {}", parent.display()))?;
            let first = cases.len();
            for entry in entries {
                let folder = entry?.path();
                if folder.join("case.toml").is_file() {
                    cases.push(Self::checked(root, &machines, folder, kind)?);
                }
            }
            cases[first..].sort_by(|a: &Self, b| a.id.cmp(&b.id));
        }
        for (index, case) in cases.iter().enumerate() {
            if let Some(other) = cases[..index].iter().find(|other| other.id == case.id) {
                bail!(
                    "{} and {} have one name; rename one of them",
                    other.folder.display(),
                    case.folder.display()
                );
            }
        }
        Ok(cases)
    }

    /// The case whose folder has the name `id`, if there is just one; the others are not read
    /// for that. None says nothing: [`find`] knows more names, and what to say if there is none.
    ///
    /// # Errors
    ///
    /// When its claim is not as it should be, or a module is missing.
    pub fn in_its_folder(root: &Path, id: &str) -> Result<Option<Self>> {
        let name = id.replace('-', "_");
        let found = KINDS.iter().filter_map(|kind| {
            let folder = root.join(kind).join(&name);
            folder
                .join("case.toml")
                .is_file()
                .then_some((folder, *kind))
        });
        match found.collect::<Vec<_>>().as_slice() {
            [(folder, kind)] if check_name(&name).is_ok() => {
                let machines = Machine::all(root)?;
                Self::checked(root, &machines, folder.clone(), kind).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Reads the case in `folder` and sees to it that it is one.
    fn checked(root: &Path, machines: &[Machine], folder: PathBuf, kind: &str) -> Result<Self> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        check_name(&name)
            .with_context(|| format!("{}: a name that will not do", folder.display()))?;
        let case = Self::read(folder, kind == SAMPLES)?;
        case.check_names(root, machines)?;
        case.check_broken()?;
        Ok(case)
    }

    /// What a claim names has to be there: a machine that is none would never be missed.
    fn check_names(&self, root: &Path, machines: &[Machine]) -> Result<()> {
        let claim = self.folder.join("case.toml");
        let text = fs::read_to_string(&claim).unwrap_or_default();
        let place = |start: &str| format!("{}:{}", claim.display(), line_of(&text, start, 0));
        let elsewhere = self.file.broken.iter().filter_map(|b| b.machine.as_ref());
        for name in self.file.machines.iter().chain(elsewhere) {
            if !machines.iter().any(|machine| machine.name == *name) {
                let known: Vec<&str> = machines.iter().map(|m| m.name.as_str()).collect();
                bail!(
                    "{}: machines: no machine \"{name}\"; known: {}",
                    place("machines"),
                    known.join(", ")
                );
            }
        }
        let claims = self.sides().into_iter().map(|side| self.claim(side));
        let own = claims.clone().filter_map(|claim| claim.script.as_ref());
        let builds = self.file.build.iter();
        let build = builds.flat_map(|build| [build.patch.as_ref(), build.source.as_ref()]);
        let own = own.chain(build.flatten()).map(|name| (name, &self.folder));
        let root = root.to_owned();
        let patches = claims.filter_map(|claim| claim.patch.as_ref());
        for (name, folder) in own.chain(patches.map(|name| (name, &root))) {
            if !folder.join(name).is_file() {
                let start = text
                    .lines()
                    .find(|line| line.contains(&format!("\"{name}\"")));
                bail!(
                    "{}: \"{name}\": no such file in {}",
                    place(start.map_or("\0", str::trim_start)),
                    folder.display()
                );
            }
        }
        Ok(())
    }

    /// What a sample is broken by has to apply: one that does not would prove nothing.
    fn check_broken(&self) -> Result<()> {
        let claim = self.folder.join("case.toml");
        for (index, broken) in self.file.broken.iter().enumerate() {
            self.broken_text(broken).with_context(|| {
                let text = fs::read_to_string(&claim).unwrap_or_default();
                let line = line_of(&text, "[[broken]]", index);
                format!("{}:{line}: [[broken]]", claim.display())
            })?;
        }
        Ok(())
    }

    /// The file that `broken` changes, and its text when that is done; none if it changes only
    /// what the kernel is told.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or has not exactly one place for the change.
    pub fn broken_text(&self, broken: &Broken) -> Result<Option<(PathBuf, String)>> {
        let (Some(change), Some(to)) = (&broken.change, &broken.to) else {
            return Ok(None);
        };
        let path = match &broken.file {
            Some(name) => self.folder.join(name),
            None => self.source(self.main_side()),
        };
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        match text.matches(change.as_str()).count() {
            1 => Ok(Some((path, text.replacen(change.as_str(), to, 1)))),
            count => bail!(
                "change: \"{}\" stands in {} {count} times, and has to stand there once",
                change.escape_debug(),
                path.display()
            ),
        }
    }

    fn read(folder: PathBuf, sample: bool) -> Result<Self> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let case = Self {
            id: name.replace('_', "-"),
            file: CaseFile::read(&folder.join("case.toml"))?,
            folder: folder.clone(),
        };
        if case.is_sample() != sample {
            bail!(
                "{}: what has a [sample] stands under samples/, and nothing else does",
                folder.join("case.toml").display()
            );
        }
        let sources: &[Side] = if sample {
            &[Side::Sample]
        } else {
            &[Side::Bug, Side::Fixed]
        };
        for side in sources {
            let source = case.source(*side);
            if !source.is_file() {
                bail!(
                    "{}: no such file; a case is its module, its corrected twin and case.toml, \
                     a sample its module (or its script, for a scenario) and case.toml",
                    source.display()
                );
            }
        }
        Ok(case)
    }

    /// Whether it shows how something is done, and not how it is done wrong.
    pub fn is_sample(&self) -> bool {
        self.file.sample.is_some()
    }

    /// The run that a case is there for.
    pub fn main_side(&self) -> Side {
        if self.is_sample() {
            Side::Sample
        } else {
            Side::Bug
        }
    }

    /// What is run: the module's name, which is the id with underscores, and `_fixed` for the
    /// twin; or the script's.
    pub fn module(&self, side: Side) -> String {
        let name = self.id.replace('-', "_");
        match side {
            Side::Bug | Side::Sample => name,
            Side::Fixed => name + "_fixed",
            Side::Variant(_) => match self.script(side) {
                Some(script) => script.with_extension("").to_string_lossy().into_owned(),
                None => name,
            },
        }
    }

    /// The script that is run in place of the module, in the case's folder.
    pub fn script(&self, side: Side) -> Option<PathBuf> {
        self.claim(side).script.as_ref().map(PathBuf::from)
    }

    /// What it does in the guest.
    pub fn parts(&self, side: Side) -> Vec<Part> {
        let script = self.script(side).map(|script| self.folder.join(script));
        if !self.is_sample() {
            return vec![match script {
                Some(script) => Part::Script(script),
                None if self.loadable() => Part::Module(self.module(side)),
                None => Part::Boot(self.module(side)),
            }];
        }
        let name = self.module(Side::Sample);
        let own = match self.file.reach {
            Reach::Loadable => Some(Part::Module(name.clone())),
            Reach::Boot => Some(Part::Boot(name.clone())),
            Reach::Scenario => None,
        };
        // What looks at the running system, before or after the module is loaded.
        let named = |name: String| {
            let path = self.folder.join(name + ".sh");
            path.is_file().then_some(path)
        };
        let script = script.or_else(|| match own {
            Some(_) => named(format!("{name}_check")),
            None => named(name),
        });
        own.into_iter().chain(script.map(Part::Script)).collect()
    }

    /// The module that it loads, if it loads any.
    pub fn module_to_load(&self, side: Side) -> Option<String> {
        self.parts(side).into_iter().find_map(|part| match part {
            Part::Module(name) => Some(name),
            Part::Boot(_) | Part::Script(_) => None,
        })
    }

    /// The patch that the kernel has to have for it, below the project's folder.
    pub fn patch(&self, side: Side) -> Option<&str> {
        self.claim(side).patch.as_deref()
    }

    /// The name of a run: `bug`, `fixed`, `sample`, or the variant's.
    pub fn side_name(&self, side: Side) -> &str {
        match side {
            Side::Bug => "bug",
            Side::Fixed => "fixed",
            Side::Sample => "sample",
            Side::Variant(_) => self.claim(side).name.as_deref().unwrap_or("variant"),
        }
    }

    /// The run that `FIXED=` or `WAY=` names: 1 stands for the twin, and a name for a variant,
    /// which for `FIXED=` has to be one on a patched kernel.
    ///
    /// # Errors
    ///
    /// When there is none of that name: then with those that there are.
    pub fn side(&self, fixed: Option<&str>, way: Option<&str>) -> Result<Side> {
        let (what, name, only_patched) = match (fixed, way) {
            (_, Some(name)) => ("way", name, false),
            (None | Some("0" | "n" | "no"), None) => return Ok(self.main_side()),
            (Some(_), None) if self.is_sample() => {
                bail!("{} is a sample: it has no twin; leave FIXED= out", self.id)
            }
            (Some("1" | "y" | "yes"), None) => return Ok(Side::Fixed),
            (Some(name), None) => ("fix", name, true),
        };
        let mut sides = self.sides();
        sides.retain(|side| !only_patched || self.patch(*side).is_some());
        let found = sides.iter().find(|side| self.side_name(**side) == name);
        if let Some(side) = found {
            return Ok(*side);
        }
        let mut known: Vec<&str> = sides.iter().map(|side| self.side_name(*side)).collect();
        if only_patched {
            known.insert(0, "1 (the corrected twin)");
        }
        let known = known.join(", ");
        bail!("{} has no {what} \"{name}\"; it has: {known}", self.id)
    }

    /// Every run of the case.
    pub fn sides(&self) -> Vec<Side> {
        let variants = (0..self.file.variant.len()).map(Side::Variant);
        let sides: &[Side] = if self.is_sample() {
            &[Side::Sample]
        } else {
            &[Side::Bug, Side::Fixed]
        };
        sides.iter().copied().chain(variants).collect()
    }

    /// The module's source; a scenario's is its script.
    pub fn source(&self, side: Side) -> PathBuf {
        let ending = match self.file.reach {
            Reach::Scenario => ".sh",
            Reach::Loadable | Reach::Boot => ".rs",
        };
        self.folder.join(self.module(side) + ending)
    }

    /// What it claims.
    pub fn claim(&self, side: Side) -> &Variants {
        match side {
            Side::Variant(index) => &self.file.variant[index],
            Side::Bug | Side::Fixed | Side::Sample => {
                let CaseFile {
                    bug, fixed, sample, ..
                } = &self.file;
                let claim = match side {
                    Side::Fixed => fixed.as_ref(),
                    _ => bug.as_ref().or(sample.as_ref()),
                };
                claim.expect("a side that sides() has")
            }
        }
    }

    /// Why it is not run on `arch`, if it says so.
    pub fn skip(&self, arch: Arch) -> Option<&str> {
        let mut skips = self.file.skip.iter();
        let skip = skips.find(|skip| skip.arch == arch)?;
        Some(&skip.reason)
    }

    /// Whether insmod loads it, or it is linked in.
    pub fn loadable(&self) -> bool {
        self.file.reach == Reach::Loadable
    }

    /// What has to be linked into the kernel that it runs on.
    pub fn linked_in(&self) -> LinkedIn {
        match self.file.reach {
            Reach::Boot => LinkedIn::All,
            Reach::Loadable | Reach::Scenario => LinkedIn::None,
        }
    }

    /// The module's document: the text of its `//!` lines, which is Markdown; a script's is
    /// the comment that it begins with.
    pub fn document(&self, side: Side) -> Result<String> {
        let path = self.source(side);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(match self.file.reach {
            Reach::Scenario => script_document(&text),
            Reach::Loadable | Reach::Boot => document(&text),
        })
    }

    /// The first sentence of the document.
    pub fn summary(&self) -> Result<String> {
        let document = self.document(self.main_side())?;
        let first = document.split("\n\n").next().unwrap_or_default();
        Ok(first.trim().trim_end_matches('.').replace('\n', " "))
    }
}

/// Refuses what cannot be the name of a case's folder and module.
///
/// # Errors
///
/// When it cannot: then with what it has to be like.
pub fn check_name(name: &str) -> Result<()> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase())
        || !name.chars().all(word)
        || name.ends_with('_')
        || name.contains("__")
    {
        bail!(
            "\"{name}\": a module's name is of lower-case letters, digits and single underscores \
             (hyphens in CASE=), and begins with a letter, such as early_ioremap_leak"
        );
    }
    if name.ends_with("_fixed") {
        bail!("\"{name}\": what ends in _fixed is the twin of another; leave that out");
    }
    // The names of the kernel's own crates, and of what all modules share.
    if TAKEN.contains(&name) {
        bail!("\"{name}\" is the name of a Rust crate; choose another");
    }
    if name.len() > LONGEST {
        bail!(
            "\"{name}\" has {} characters; the kernel's names of modules leave room for {LONGEST} \
             and _fixed",
            name.len()
        );
    }
    Ok(())
}

const TAKEN: [&str; 9] = [
    "alloc",
    "bindings",
    "build_error",
    "compiler_builtins",
    "core",
    "kernel",
    "macros",
    "oopsarium",
    "uapi",
];

/// `MODULE_NAME_LEN`, on 64-bit machines, is 56, with the zero that ends it.
const LONGEST: usize = 55 - "_fixed".len();

fn document(source: &str) -> String {
    let mut text = String::new();
    for line in source.lines() {
        if let Some(line) = line.strip_prefix("//!") {
            text += line.strip_prefix(' ').unwrap_or(line);
            text.push('\n');
        }
    }
    text
}

/// The first comment of a shell script, without the lines for machines.
fn script_document(source: &str) -> String {
    let mut text = String::new();
    for line in source.lines().map_while(|line| line.strip_prefix('#')) {
        let machines = ["!", " SPDX", " shellcheck "];
        if machines.iter().any(|start| line.starts_with(start)) {
            continue;
        }
        text += line.strip_prefix(' ').unwrap_or(line);
        text.push('\n');
    }
    text.trim_start().to_owned()
}

/// The case called `id`; underscores are as good as hyphens.
///
/// # Errors
///
/// When there is none: then with those whose names are nearest.
pub fn find<'a>(cases: &'a [Case], id: &str) -> Result<&'a Case> {
    let wanted = hyphens(id);
    let by_id = cases.iter().find(|case| case.id == wanted);
    // What it shows is as good a name, where it has no case of its own.
    let shows = |case: &&Case| case.file.shows.iter().any(|name| hyphens(name) == wanted);
    if let Some(case) = by_id.or_else(|| cases.iter().find(shows)) {
        return Ok(case);
    }
    // It may be there and not be whole: nothing but its claim makes a folder a case.
    let kinds = cases.iter().filter_map(|case| case.folder.parent());
    let folders = kinds.map(|kind| kind.join(wanted.replace('-', "_")));
    if let Some(folder) = folders.into_iter().find(|folder| folder.is_dir()) {
        bail!(
            "{}: no case.toml in it; docs/claims.md says what it holds",
            folder.display()
        );
    }
    let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    match nearest(&ids, &wanted).as_slice() {
        [] => bail!("no case \"{id}\"; make list shows them all"),
        near => bail!(
            "no case \"{id}\"; did you mean {}? (make list shows them all)",
            near.join(" or ")
        ),
    }
}

fn hyphens(name: &str) -> String {
    name.replace('_', "-")
}

/// Those of `names` that somebody may have meant by `wanted`, the likeliest first.
fn nearest<'a>(names: &[&'a str], wanted: &str) -> Vec<&'a str> {
    let likeness = |name: &str| {
        let typing = strsim::normalized_damerau_levenshtein(name, wanted);
        // Part of a name is as good as most of it.
        let part = wanted.len() >= 3 && name.contains(wanted);
        typing.max(if part { 0.8 } else { 0.0 })
    };
    let mut near: Vec<_> = names
        .iter()
        .map(|name| (likeness(name), *name))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    // What comes close second is worth a mention; what comes far behind is not.
    let best = near.first().map_or(0.0, |first| first.0);
    near.retain(|(likeness, _)| *likeness > best - 0.1);
    near.truncate(3);
    near.into_iter().map(|(_, name)| name).collect()
}

/// The cases whose ids match any of `patterns`, which are separated by blanks or commas;
/// all of them for none.
///
/// # Errors
///
/// When a pattern is none, or matches nothing.
pub fn select<'a>(cases: &'a [Case], patterns: &str) -> Result<Vec<&'a Case>> {
    let patterns: Vec<&str> = patterns
        .split([' ', ','])
        .filter(|pattern| !pattern.is_empty())
        .collect();
    if patterns.is_empty() {
        return Ok(cases.iter().collect());
    }
    let mut chosen = vec![false; cases.len()];
    for pattern in patterns {
        let glob = Glob::new(&hyphens(pattern))
            .with_context(|| format!("\"{pattern}\" is not a pattern; write for example 'gfp-*'"))?
            .compile_matcher();
        let mut any = false;
        for (case, chosen) in cases.iter().zip(&mut chosen) {
            let shows = &case.file.shows;
            let matches =
                glob.is_match(&case.id) || shows.iter().any(|name| glob.is_match(hyphens(name)));
            any |= matches;
            *chosen |= matches;
        }
        if !any {
            // A name that is none has near ones; a pattern has not.
            find(cases, pattern)?;
        }
    }
    Ok(cases
        .iter()
        .zip(chosen)
        .filter_map(|(case, chosen)| chosen.then_some(case))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = [
        "gfp-buddy",
        "gfp-flags",
        "gfp-slab",
        "gfp-vmalloc",
        "cma-overlap",
    ];

    fn check(wanted: &str, expected: &[&str]) {
        assert_eq!(nearest(&NAMES, wanted), expected, "{wanted}");
    }

    #[test]
    fn a_misspelt_name_has_near_ones() {
        check("gfp-slap", &["gfp-slab"]);
        check("gpf-slab", &["gfp-slab"]);
        check("vmalloc", &["gfp-vmalloc"]);
        check("cma-overlay", &["cma-overlap"]);
        check("hello-world", &[]);
    }

    #[test]
    fn a_name_is_one_for_a_folder_a_module_and_a_type() {
        let check = |name: &str, wanted: Option<&str>| {
            let error = check_name(name).err().map(|error| error.to_string());
            match (&error, wanted) {
                (None, None) => {}
                (Some(error), Some(wanted)) => assert!(error.contains(wanted), "{error}"),
                _ => panic!("{name}: {error:?}"),
            }
        };
        check("early_ioremap_leak", None);
        check("a2", None);
        for wrong in [
            "", "2a", "Gfp", "my-case", "a b", "_a", "a_", "a__b", "a/b", "ü",
        ] {
            check(wrong, Some("lower-case letters"));
        }
        check("my_case_fixed", Some("the twin of another"));
        check("kernel", Some("a Rust crate"));
        check(&"a".repeat(49), None);
        check(&"a".repeat(50), Some("has 50 characters"));
    }

    #[test]
    fn a_document_is_the_inner_comment() {
        let source = "// SPDX\n\n//! One.\n//!\n//! # Bug\n\nuse x;\n//! no\n";
        assert_eq!(document(source), "One.\n\n# Bug\nno\n");
    }

    #[test]
    fn the_document_of_a_script_is_its_first_comment() {
        let script = "#!/bin/sh\n# SPDX\n# shellcheck shell=dash\n#\n# One.\n#\n# Two\n\n# no\n";
        assert_eq!(script_document(script), "One.\n\nTwo\n");
    }

    #[test]
    fn every_case_of_the_project_is_read_and_runs_on_a_machine() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let machines = crate::machine::Machine::all(&root).unwrap();
        let cases = Case::all(&root).unwrap();
        assert!(!cases.is_empty());
        for case in &cases {
            for name in &case.file.machines {
                let machine = machines.iter().find(|machine| machine.name == *name);
                let machine = machine.unwrap_or_else(|| panic!("{}: no machine {name}", case.id));
                let skipped = case.skip(machine.arch);
                assert!(skipped.is_none(), "{}: runs and is skipped", case.id);
            }
        }
    }

    #[test]
    fn every_document_has_its_headings() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for case in Case::all(&root).unwrap() {
            let document = case.document(case.main_side()).unwrap();
            let headings: Vec<_> = document
                .lines()
                .filter_map(|line| line.strip_prefix("# "))
                .collect();
            let expected: &[&str] = if case.is_sample() {
                &["Shows", "Checks", "Reach"]
            } else {
                &["Bug", "Rule", "Expected", "Fix", "Reach"]
            };
            assert_eq!(headings, expected, "{}", case.id);
            // What make new-case leaves to be written.
            assert!(!document.contains("TODO"), "{}", case.id);
            assert!(!case.file.source.contains("TODO"), "{}", case.id);
        }
    }
}
