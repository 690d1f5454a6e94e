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

/// What the README's table stands between.
const BEGIN: &str = "<!-- the table of cases: made by `make readme` -->\n";
const END: &str = "<!-- end of the table -->\n";

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

/// The README with its table made anew; as it stands, if it is current.
fn renewed(readme: &str, cases: &[Case]) -> Result<String> {
    let (before, rest) = readme
        .split_once(BEGIN)
        .context("README.md: no table of cases")?;
    let (_, after) = rest
        .split_once(END)
        .context("README.md: the table has no end")?;
    Ok(format!("{before}{BEGIN}\n{}\n{END}{after}", table(cases)?))
}

/// Says what to do if the README's table is not current.
pub fn stale_table(root: &Path, cases: &[Case]) -> Result<Option<String>> {
    let readme = fs::read_to_string(root.join("README.md")).context("cannot read README.md")?;
    let current = renewed(&readme, cases)? == readme;
    Ok((!current)
        .then(|| "README.md: the table of cases is stale; make readme renews it".to_owned()))
}

/// Renews the README's table.
pub fn renew_table(root: &Path, cases: &[Case]) -> Result<()> {
    let path = root.join("README.md");
    let readme = fs::read_to_string(&path).context("cannot read README.md")?;
    crate::project::write_whole(&path, renewed(&readme, cases)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_table_is_noticed_and_renewed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let cases = Case::all(&root).unwrap();
        let stale = format!("# Title\n\n{BEGIN}old\n{END}rest\n");
        let fresh = renewed(&stale, &cases).unwrap();
        assert_ne!(stale, fresh);
        assert_eq!(renewed(&fresh, &cases).unwrap(), fresh);
        assert!(fresh.starts_with("# Title\n") && fresh.ends_with("rest\n"));
        assert!(fresh.contains("| [`gfp-slab`](modules/gfp_slab/gfp_slab.rs) |"));
        assert!(renewed("# no table", &cases).is_err());
    }
}
