// SPDX-License-Identifier: GPL-2.0

//! `make new-case`: the folder of a case that is to be written. It begins as one that works: what
//! a case of the project does, under the new name, so that it can be run before a line of it is
//! changed. Its document is left to be written. Knows nothing of how cases are run.

use crate::{
    case::{self, Case, Side},
    project,
};
use anyhow::{bail, Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The case that a new one begins as: one that is loaded, and one that runs while the kernel
/// boots.
pub fn model(boot: bool) -> &'static str {
    match boot {
        false => "gfp-pcp",
        true => "early-ioremap-zero-size",
    }
}

/// Writes the folder of the case `id`, which begins as `model`; gives the folder.
///
/// # Errors
///
/// When it cannot have that name, or there is a folder of that name already.
pub fn write(root: &Path, cases: &[Case], id: &str, model: &Case) -> Result<PathBuf> {
    let name = id.replace('-', "_");
    case::check_name(&name)?;
    if let Some(other) = cases.iter().find(|case| case.id == id.replace('_', "-")) {
        bail!(
            "{}: there is a case of that name; choose another",
            other.folder.display()
        );
    }
    let folder = root.join("modules").join(&name);
    if folder.symlink_metadata().is_ok() {
        bail!(
            "{}: it is there already, and stays as it is; choose another name, or remove it",
            folder.display()
        );
    }
    let read = |path: PathBuf| {
        fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}, which a new case begins as", path.display()))
    };
    let names = Names::new(&model.module(Side::Bug), &name);
    let bug = DOCUMENT.replace("REACH", reach(model));
    let twin = TWIN.replace("NAME", &name);
    let bug = names.rename(&with_document(&read(model.source(Side::Bug))?, &bug)?);
    let twin = names.rename(&with_document(&read(model.source(Side::Fixed))?, &twin)?);
    let claim = names.rename(&without_source(&read(model.folder.join("case.toml"))?)?);
    for (file, content) in [
        (format!("{name}.rs"), bug),
        (format!("{name}_fixed.rs"), twin),
        ("case.toml".to_owned(), claim),
    ] {
        project::write_whole(&folder.join(file), content.as_bytes())?;
    }
    Ok(folder)
}

/// What is left to be written of the module.
const DOCUMENT: &str = "\
//! TODO: what it does, in one sentence that somebody understands who is new to this.
//!
//! # Bug
//!
//! TODO: what happens, in order. Where addresses or sizes matter, a drawing:
//!
//! ```text
//! TODO
//! ```
//!
//! # Rule
//!
//! TODO: what the kernel demands, the function that checks it (with its file), and the
//! check itself:
//!
//! ```c
//! TODO
//! ```
//!
//! # Expected
//!
//! TODO: what is printed, on each architecture where they differ, and what becomes of the
//! task and of the kernel. \"Nothing\" is an answer, too.
//!
//! # Fix
//!
//! TODO: how it is done right. That is the twin.
//!
//! # Reach
//!
//! REACH; TODO: machines, kernel options, boot arguments.
";

/// The same of the twin.
const TWIN: &str = "\
//! TODO: what it does, in one sentence: the twin of `NAME`.
//!
//! Nothing is reported.
";

fn reach(model: &Case) -> &'static str {
    match model.loadable() {
        true => "Loadable",
        false => "Built in",
    }
}

/// `source` with another document in the place of its own.
fn with_document(source: &str, document: &str) -> Result<String> {
    let old: String = source
        .lines()
        .filter(|line| line.starts_with("//!"))
        .map(|line| format!("{line}\n"))
        .collect();
    match source.split_once(&old) {
        Some((before, after)) if !old.is_empty() => Ok(format!("{before}{document}{after}")),
        _ => bail!("a module whose document does not stand in one piece"),
    }
}

/// `claim` with the source of the bug left to be named.
fn without_source(claim: &str) -> Result<String> {
    let Some(start) = claim.lines().find(|line| line.starts_with("source = ")) else {
        bail!("a claim without a source");
    };
    let new = "# What may stand here: docs/claims.md.\n\
               source = \"TODO: the document that describes the bug\"";
    Ok(claim.replacen(start, new, 1))
}

/// One case's names and another's.
struct Names {
    pairs: [(String, String); 2],
}

impl Names {
    /// Both are names of modules.
    fn new(from: &str, to: &str) -> Self {
        Self {
            pairs: [
                (from.to_owned(), to.to_owned()),
                (type_name(from), type_name(to)),
            ],
        }
    }

    fn rename(&self, text: &str) -> String {
        let [(from, to), (from_type, to_type)] = &self.pairs;
        text.replace(from, to).replace(from_type, to_type)
    }
}

/// The name of a module's type: `GfpPcp` for `gfp_pcp`.
fn type_name(module: &str) -> String {
    let words = module.split('_');
    words
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_uppercase() + rest
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A project of the cases that new ones begin as, and nothing else.
    fn project() -> (tempfile::TempDir, Vec<Case>) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("samples")).unwrap();
        for case in [model(false), model(true)].map(|id| id.replace('-', "_")) {
            copy(&root, folder.path(), &format!("modules/{case}"));
        }
        copy(&root, folder.path(), "qemu/machines");
        let cases = Case::all(folder.path()).unwrap();
        (folder, cases)
    }

    fn copy(from: &Path, to: &Path, folder: &str) {
        fs::create_dir_all(to.join(folder)).unwrap();
        for entry in fs::read_dir(from.join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                let to = to.join(folder).join(entry.file_name());
                fs::copy(entry.path(), to).unwrap();
            }
        }
    }

    #[test]
    fn a_new_case_is_a_case_and_has_nothing_of_the_old_name() {
        for boot in [false, true] {
            let (root, cases) = project();
            let model = case::find(&cases, model(boot)).unwrap();
            let old = model.module(Side::Bug);
            let folder = write(root.path(), &cases, "my-case-2", model).unwrap();
            assert_eq!(folder, root.path().join("modules/my_case_2"));
            let cases = Case::all(root.path()).unwrap();
            let case = case::find(&cases, "my-case-2").unwrap();
            assert_eq!(case.loadable(), !boot);
            for file in ["my_case_2.rs", "my_case_2_fixed.rs", "case.toml"] {
                let text = fs::read_to_string(folder.join(file)).unwrap();
                assert!(
                    !text.contains(&old) && !text.contains(&type_name(&old)),
                    "{text}"
                );
                assert!(
                    text.contains("TODO") && text.contains("my_case_2"),
                    "{text}"
                );
                assert!(text.contains("SPDX"), "{text}");
            }
            let document = case.document(Side::Bug).unwrap();
            let headings = document.lines().filter(|line| line.starts_with("# "));
            assert_eq!(headings.count(), 5);
            // The code is the model's.
            let code = |case: &Case, side| {
                let text = fs::read_to_string(case.source(side)).unwrap();
                let lines = text.lines().filter(|line| !line.starts_with("//!"));
                lines.collect::<Vec<_>>().join("\n")
            };
            for side in [Side::Bug, Side::Fixed] {
                let names = Names::new(&old, "my_case_2");
                let model = case::find(&cases, &model.id).unwrap();
                assert_eq!(code(case, side), names.rename(&code(model, side)));
            }
        }
    }

    #[test]
    fn what_is_there_stays_as_it_is() {
        let (root, cases) = project();
        let check = |id: &str, wanted: &str| {
            let error = write(root.path(), &cases, id, &cases[0]).unwrap_err();
            assert!(error.to_string().contains(wanted), "{error}");
        };
        check("gfp-pcp", "there is a case of that name");
        check("gfp_pcp", "there is a case of that name");
        check("My-Case", "lower-case letters");
        check("", "lower-case letters");
        check("../x", "lower-case letters");
        fs::create_dir(root.path().join("modules/notes")).unwrap();
        check("notes", "it is there already");
    }

    #[test]
    fn types_are_named_as_rust_has_it() {
        assert_eq!(type_name("early_ioremap_leak"), "EarlyIoremapLeak");
        assert_eq!(type_name("a2_b"), "A2B");
    }
}
