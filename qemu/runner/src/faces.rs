// SPDX-License-Identifier: GPL-2.0

//! Builds that have to fail: the kernel's own compile-time checks, and the compiler's.

use crate::{
    case::Case,
    child::{self, Interrupted},
    claim::FailingBuild,
    kernel::Kernel,
    modules, patched,
    project::{self, Project, Tools},
    verdict::Verdict,
};
use anyhow::{bail, Context, Result};
use std::{fs, path::Path};

/// Tries a build that has to fail, and says whether it fails as claimed. Also gives what the
/// compiler said.
///
/// # Errors
///
/// When it cannot be tried.
pub fn run(
    project: &Project,
    tools: &Tools,
    kernel: &Kernel,
    case: &Case,
    face: &FailingBuild,
) -> Result<(Verdict, String)> {
    let name = format!("{}-{}", case.id, face.name);
    let log = kernel.log(&name);
    let mut said = String::new();
    let line = |line: &str| said += &format!("{line}\n");
    let attempt = match (&face.patch, &face.target, &face.source) {
        (Some(patch), Some(target), _) => {
            let patch = case.folder.join(patch);
            compile(project, tools, kernel, &name, &patch, target, line)?
        }
        (_, _, Some(source)) => {
            let source = case.folder.join(source);
            let source = project.relative(&source);
            modules::compile(project, tools, kernel, source, &log, line)
        }
        _ => bail!("{name}: nothing to build"),
    };
    if let Err(error) = &attempt {
        if error.is::<Interrupted>() {
            return Err(Interrupted.into());
        }
    }
    let verdict = judge(face, attempt.is_ok(), &said)
        .because_not_match(|| format!("the compiler's messages: {}", log.display()));
    Ok((verdict, said))
}

/// Holds what the compiler said against what is claimed.
fn judge(face: &FailingBuild, built: bool, said: &str) -> Verdict {
    if built {
        return Verdict::Survived(vec!["it is claimed not to build, and it does".to_owned()]);
    }
    let mut rest = said;
    for wanted in &face.errors {
        match rest.split_once(wanted.as_str()) {
            Some((_, after)) => rest = after,
            None => return Verdict::Differs(vec![format!("the compiler does not say: {wanted}")]),
        }
    }
    Verdict::Match
}

/// Builds `target` of the kernel with `patch`, from the smallest configuration. The outer
/// result is whether it could be tried, the inner one whether it was built.
fn compile(
    project: &Project,
    tools: &Tools,
    kernel: &Kernel,
    name: &str,
    patch: &Path,
    target: &str,
    line: impl FnMut(&str),
) -> Result<Result<()>> {
    let folder = project.kbuild.join(format!("faces/{name}-{}", kernel.arch));
    let _lock = project::lock(&folder, "oopsarium.lock")?;
    let text =
        fs::read_to_string(patch).with_context(|| format!("cannot read {}", patch.display()))?;
    let inputs = format!("{}\n{text}", kernel.source.display());
    let stamp = folder.join("oopsarium.inputs");
    let mut face = kernel.clone();
    face.source = folder.join("source");
    face.output = folder.join("output");
    if !fs::read_to_string(&stamp).is_ok_and(|old| old == inputs) {
        for old in [&face.source, &face.output] {
            if old.exists() {
                fs::remove_dir_all(old)?;
            }
        }
        let files = patched::changed_files(&text);
        patched::link_tree(&kernel.source, &face.source, &files)?;
        patched::apply(patch, &face.source)?;
        fs::create_dir_all(&face.output)?;
        let mut make = face.make(tools)?;
        make.arg("tinyconfig");
        child::run_logged(&mut make, &kernel.log("config-face"), |_| ())?;
        project::write_whole(&stamp, inputs.as_bytes())?;
    }
    let mut make = face.make(tools)?;
    make.arg(target);
    Ok(child::run_logged(&mut make, &kernel.log(name), line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(errors: &[&str]) -> FailingBuild {
        FailingBuild {
            name: "x".into(),
            arch: None,
            patch: None,
            target: None,
            source: Some("x.rs".into()),
            errors: errors.iter().map(|error| (*error).to_owned()).collect(),
        }
    }

    #[test]
    fn a_build_has_to_fail_and_to_say_why() {
        let said = "a.c:1: error: one\nb.c:2: error: two\n";
        assert_eq!(judge(&face(&["one", "two"]), false, said), Verdict::Match);
        assert_eq!(judge(&face(&["two", "one"]), false, said).name(), "differs");
        assert_eq!(judge(&face(&["three"]), false, said).name(), "differs");
        assert_eq!(judge(&face(&["one"]), true, said).name(), "survived");
    }
}
