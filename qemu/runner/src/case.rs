// SPDX-License-Identifier: GPL-2.0

//! The cases: which there are, their documents, and their claims. A folder under
//! `modules/` that holds a `case.toml` is a case; nothing lists it by hand.

use crate::claim::{CaseFile, Reach, Variants};
use anyhow::{bail, Context, Result};
use globset::Glob;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A case, with its twin.
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
    /// Another way to run the one or the other: an index into the claims.
    Variant(usize),
}

impl Case {
    /// Every case of the project at `root`, in the order of their ids.
    ///
    /// # Errors
    ///
    /// When a claim is not as it should be, or a module is missing.
    pub fn all(root: &Path) -> Result<Vec<Self>> {
        let modules = root.join("modules");
        let mut cases = Vec::new();
        let entries =
            fs::read_dir(&modules).with_context(|| format!("cannot read {}", modules.display()))?;
        for entry in entries {
            let folder = entry?.path();
            if folder.join("case.toml").is_file() {
                cases.push(Self::read(folder)?);
            }
        }
        cases.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(cases)
    }

    fn read(folder: PathBuf) -> Result<Self> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let case = Self {
            id: name.replace('_', "-"),
            file: CaseFile::read(&folder.join("case.toml"))?,
            folder: folder.clone(),
        };
        for side in [Side::Bug, Side::Fixed] {
            let source = case.source(side);
            if !source.is_file() {
                bail!(
                    "{}: no such file; a case is its module, its corrected twin and case.toml",
                    source.display()
                );
            }
        }
        Ok(case)
    }

    /// What is run: the module's name, which is the id with underscores, and `_fixed` for the
    /// twin; or the script's.
    pub fn module(&self, side: Side) -> String {
        let name = self.id.replace('-', "_");
        match side {
            Side::Bug => name,
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

    /// The name of a run: `bug`, `fixed`, or the variant's.
    pub fn side_name(&self, side: Side) -> &str {
        match side {
            Side::Bug => "bug",
            Side::Fixed => "fixed",
            Side::Variant(_) => self.claim(side).name.as_deref().unwrap_or("variant"),
        }
    }

    /// Every run of the case.
    pub fn sides(&self) -> Vec<Side> {
        let variants = (0..self.file.variant.len()).map(Side::Variant);
        [Side::Bug, Side::Fixed]
            .into_iter()
            .chain(variants)
            .collect()
    }

    /// The module's source.
    pub fn source(&self, side: Side) -> PathBuf {
        self.folder.join(self.module(side) + ".rs")
    }

    /// What it claims.
    pub fn claim(&self, side: Side) -> &Variants {
        match side {
            Side::Bug => &self.file.bug,
            Side::Fixed => &self.file.fixed,
            Side::Variant(index) => &self.file.variant[index],
        }
    }

    /// Whether insmod loads it, or it is linked in.
    pub fn loadable(&self) -> bool {
        self.file.reach == Reach::Loadable
    }

    /// The module's document: the text of its `//!` lines, which is Markdown.
    pub fn document(&self, side: Side) -> Result<String> {
        let path = self.source(side);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(document(&text))
    }

    /// The first sentence of the document.
    pub fn summary(&self) -> Result<String> {
        let document = self.document(Side::Bug)?;
        let first = document.split("\n\n").next().unwrap_or_default();
        Ok(first.trim().trim_end_matches('.').replace('\n', " "))
    }
}

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

/// The case called `id`; underscores are as good as hyphens.
///
/// # Errors
///
/// When there is none: then with those whose names are nearest.
pub fn find<'a>(cases: &'a [Case], id: &str) -> Result<&'a Case> {
    let wanted = id.replace('_', "-");
    if let Some(case) = cases.iter().find(|case| case.id == wanted) {
        return Ok(case);
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
        let glob = Glob::new(&pattern.replace('_', "-"))
            .with_context(|| format!("\"{pattern}\" is not a pattern; write for example 'gfp-*'"))?
            .compile_matcher();
        let mut any = false;
        for (case, chosen) in cases.iter().zip(&mut chosen) {
            let matches = glob.is_match(&case.id);
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
    fn a_document_is_the_inner_comment() {
        let source = "// SPDX\n\n//! One.\n//!\n//! # Bug\n\nuse x;\n//! no\n";
        assert_eq!(document(source), "One.\n\n# Bug\nno\n");
    }

    #[test]
    fn every_case_of_the_project_is_read_and_runs_on_a_machine() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let machines = crate::machine::Machine::all(&root).unwrap();
        let cases = Case::all(&root).unwrap();
        assert!(!cases.is_empty());
        for case in &cases {
            for name in &case.file.machines {
                let known = machines.iter().any(|machine| machine.name == *name);
                assert!(known, "{}: no machine {name}", case.id);
            }
        }
    }

    #[test]
    fn every_document_has_the_five_headings() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for case in Case::all(&root).unwrap() {
            let document = case.document(Side::Bug).unwrap();
            let headings: Vec<_> = document
                .lines()
                .filter_map(|line| line.strip_prefix("# "))
                .collect();
            assert_eq!(
                headings,
                ["Bug", "Rule", "Expected", "Fix", "Reach"],
                "{}",
                case.id
            );
        }
    }
}
