// SPDX-License-Identifier: GPL-2.0

//! The cases as a person reads them: a list, one case's document, and the README's table.

use crate::{
    case::{Case, Side},
    claim::Reach,
    term::{BOLD, DIM},
};
use anyhow::{Context, Result};
use std::{fmt::Write, fs, path::Path};

/// The list of all cases, for a terminal.
pub fn list(cases: &[Case]) -> Result<String> {
    let width = cases.iter().map(|case| case.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for case in cases {
        writeln!(
            text,
            "{BOLD}{:width$}{BOLD:#}  {}  {DIM}{}, {}{DIM:#}",
            case.id,
            case.summary()?,
            reach(case),
            case.file.machines.join(", ")
        )?;
    }
    Ok(text)
}

/// One case's document, what its twin does, and what is claimed.
pub fn explain(root: &Path, case: &Case) -> Result<String> {
    let mut text = format!("{BOLD}{}{BOLD:#}\n\n", case.id);
    for line in case.document(Side::Bug)?.lines() {
        match line.strip_prefix("# ") {
            Some(heading) => writeln!(text, "{BOLD}{heading}{BOLD:#}")?,
            None => writeln!(text, "{line}")?,
        }
    }
    writeln!(text, "\n{BOLD}Twin{BOLD:#}\n")?;
    text += &case.document(Side::Fixed)?;
    writeln!(text, "\n{BOLD}Files{BOLD:#}\n")?;
    for path in [
        case.source(Side::Bug),
        case.source(Side::Fixed),
        case.folder.join("case.toml"),
    ] {
        writeln!(
            text,
            "{}",
            path.strip_prefix(root).unwrap_or(&path).display()
        )?;
    }
    writeln!(text, "\nDescribed in: {}", case.file.source)?;
    Ok(text)
}

fn reach(case: &Case) -> &'static str {
    match case.file.reach {
        Reach::Loadable => "loadable",
        Reach::Boot => "at boot",
    }
}

/// What the README's generated parts stand between: `make readme` makes them.
const TABLE: (&str, &str) = (
    "<!-- the table of cases -->\n",
    "<!-- end of the table -->\n",
);
const HELP: (&str, &str) = (
    "<!-- what make help says -->\n",
    "<!-- end of the help -->\n",
);

fn table(cases: &[Case]) -> Result<String> {
    let mut text =
        "| case | what it does | how | machines |\n| --- | --- | --- | --- |\n".to_owned();
    for case in cases {
        let module = case.module(Side::Bug);
        writeln!(
            text,
            "| [`{}`](modules/{module}/{module}.rs) | {} | {} | {} |",
            case.id,
            case.summary()?,
            reach(case),
            case.file.machines.join(", ")
        )?;
    }
    Ok(text)
}

/// The README with its generated parts made anew; as it stands, if it is current.
fn renewed(readme: &str, cases: &[Case], help: &str) -> Result<String> {
    let readme = replaced(readme, TABLE, &table(cases)?)?;
    replaced(
        &readme,
        HELP,
        &format!("```text\n{}\n```\n", help.trim_end()),
    )
}

/// `text` with `content` between the two marks.
fn replaced(text: &str, (begin, end): (&str, &str), content: &str) -> Result<String> {
    let missing = |mark: &str| format!("README.md: no line {}", mark.trim());
    let (before, rest) = text.split_once(begin).with_context(|| missing(begin))?;
    let (_, after) = rest.split_once(end).with_context(|| missing(end))?;
    Ok(format!("{before}{begin}\n{content}\n{end}{after}"))
}

/// The README as it is, and as it should be.
fn readme(root: &Path, cases: &[Case]) -> Result<(String, String)> {
    let read = |path: &str| {
        fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))
    };
    let old = read("README.md")?;
    let new = renewed(&old, cases, &read("scripts/help.txt")?)?;
    Ok((old, new))
}

/// Says what to do if the README's generated parts are not current.
pub fn stale_readme(root: &Path, cases: &[Case]) -> Result<Option<String>> {
    let (old, new) = readme(root, cases)?;
    Ok((old != new).then(|| "README.md is stale; make readme renews it".to_owned()))
}

/// Renews the README's generated parts.
pub fn renew_readme(root: &Path, cases: &[Case]) -> Result<()> {
    let (_, new) = readme(root, cases)?;
    crate::project::write_whole(&root.join("README.md"), new.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_readme_is_noticed_and_renewed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let cases = Case::all(&root).unwrap();
        let (from, to) = TABLE;
        let stale = format!(
            "# Title\n\n{from}old\n{to}between\n{}{}rest\n",
            HELP.0, HELP.1
        );
        let fresh = renewed(&stale, &cases, "make x\n").unwrap();
        assert_ne!(stale, fresh);
        assert_eq!(renewed(&fresh, &cases, "make x\n").unwrap(), fresh);
        assert!(fresh.starts_with("# Title\n") && fresh.ends_with("rest\n"));
        assert!(fresh.contains("| [`gfp-slab`](modules/gfp_slab/gfp_slab.rs) |"));
        assert!(fresh.contains("```text\nmake x\n```\n"));
        assert!(renewed("# no table", &cases, "").is_err());
    }
}
