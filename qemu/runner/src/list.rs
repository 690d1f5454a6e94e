// SPDX-License-Identifier: GPL-2.0

//! The cases and samples as a person reads them: a list, one case's document, and the README's
//! tables.

use crate::{
    case::{Case, Part, Side},
    claim::Reach,
    term::{BOLD, DIM},
};
use anyhow::{Context, Result};
use std::{fmt::Write, fs, path::Path};

/// The list of all cases and samples, for a terminal.
pub fn list(cases: &[Case]) -> Result<String> {
    let width = cases.iter().map(|case| case.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut samples = false;
    for case in cases {
        if case.is_sample() && !samples {
            samples = true;
            writeln!(text, "\nThe same mechanisms as they are meant:")?;
        }
        writeln!(
            text,
            "{BOLD}{:width$}{BOLD:#}  {}  {DIM}{}, {}{DIM:#}",
            case.id,
            case.summary()?,
            reach(case),
            case.file.machines.join(", ")
        )?;
        if !case.file.shows.is_empty() {
            let shows = case.file.shows.join(", ");
            writeln!(text, "{:width$}  {DIM}shows {shows}{DIM:#}", "")?;
        }
    }
    Ok(text)
}

/// One case's document, what its twin does, and what is claimed.
pub fn explain(root: &Path, case: &Case) -> Result<String> {
    let mut text = format!("{BOLD}{}{BOLD:#}\n\n", case.id);
    for line in case.document(case.main_side())?.lines() {
        match line.strip_prefix("# ") {
            Some(heading) => writeln!(text, "{BOLD}{heading}{BOLD:#}")?,
            None => writeln!(text, "{line}")?,
        }
    }
    if !case.is_sample() {
        writeln!(text, "\n{BOLD}Twin{BOLD:#}\n")?;
        text += &case.document(Side::Fixed)?;
    }
    if !case.file.shows.is_empty() {
        writeln!(text, "\n{BOLD}What it shows{BOLD:#}\n")?;
        writeln!(text, "{}", case.file.shows.join(", "))?;
    }
    for skip in &case.file.skip {
        writeln!(text, "\nNot on {}: {}", skip.arch, skip.reason)?;
    }
    writeln!(text, "\n{BOLD}Files{BOLD:#}\n")?;
    let mut files = Vec::new();
    for side in case.sides() {
        files.push(case.source(side));
        files.extend(case.parts(side).into_iter().filter_map(|part| match part {
            Part::Script(path) => Some(path),
            Part::Module(_) | Part::Boot(_) => None,
        }));
    }
    files.push(case.folder.join("case.toml"));
    files.retain(|path| path.is_file());
    let mut seen = std::collections::HashSet::new();
    files.retain(|path| seen.insert(path.clone()));
    for path in files {
        let path = path.strip_prefix(root).unwrap_or(&path);
        writeln!(text, "{}", path.display())?;
    }
    writeln!(text, "\nDescribed in: {}", case.file.source)?;
    Ok(text)
}

/// How a case gets into the kernel, in words.
pub fn reach(case: &Case) -> &'static str {
    match case.file.reach {
        Reach::Loadable => "loadable",
        Reach::Boot => "at boot",
        Reach::Scenario => "scenario",
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
    let (samples, bugs): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.is_sample());
    let mut text = "| case | what it does |".to_owned();
    text += &rows(&bugs)?;
    text += "\nThe samples show the same mechanisms as they are meant; \
             [samples/README.md](samples/README.md) has them in an order to read them in.\n\n\
             | sample | what it shows |";
    text += &rows(&samples)?;
    Ok(text)
}

/// The rest of a table: what goes behind its first two titles, and its rows.
fn rows(cases: &[&Case]) -> Result<String> {
    let mut text = " how | machines |\n| --- | --- | --- | --- |\n".to_owned();
    for case in cases {
        let source = case.source(case.main_side());
        let file = source.file_name().unwrap_or_default().to_string_lossy();
        let folder = case.folder.file_name().unwrap_or_default();
        writeln!(
            text,
            "| [`{}`]({}/{}/{file}) | {} | {} | {} |",
            case.id,
            if case.is_sample() {
                "samples"
            } else {
                "modules"
            },
            folder.to_string_lossy(),
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
