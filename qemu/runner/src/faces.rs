// SPDX-License-Identifier: GPL-2.0

//! Builds that have to fail: the kernel's own compile-time checks, and the compiler's. The
//! kernel that is patched for this is all links to the one source tree, which stays as it is.

use crate::{
    case::Case,
    child::{self, Interrupted},
    claim::FailingBuild,
    kernel::Kernel,
    modules,
    project::{self, Project, Tools},
    verdict::Verdict,
};
use anyhow::{bail, Context, Result};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

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
            patched(project, tools, kernel, &name, &patch, target, line)?
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
fn patched(
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
        let files = patched_files(&text);
        let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        link_tree(&kernel.source, &face.source, &files)?;
        apply(patch, &face.source, &kernel.log("patch"))?;
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

/// The files that a patch changes, as paths from the top of the tree.
fn patched_files(patch: &str) -> Vec<PathBuf> {
    patch
        .lines()
        .filter_map(|line| line.strip_prefix("+++ b/"))
        .map(|path| path.split('\t').next().unwrap_or(path).into())
        .collect()
}

/// Makes `tree` a tree of links to `source`, but for `files`, which are copies.
fn link_tree(source: &Path, tree: &Path, files: &[&Path]) -> Result<()> {
    link_all(source, tree)?;
    for file in files {
        let parents: Vec<&Path> = file.ancestors().skip(1).collect();
        for parent in parents
            .iter()
            .rev()
            .filter(|path| !path.as_os_str().is_empty())
        {
            let folder = tree.join(parent);
            if folder.is_symlink() {
                fs::remove_file(&folder)?;
                link_all(&source.join(parent), &folder)?;
            }
        }
        let copy = tree.join(file);
        fs::remove_file(&copy).with_context(|| format!("no {} to patch", file.display()))?;
        fs::copy(source.join(file), &copy)?;
    }
    Ok(())
}

/// Makes `folder` a folder of links to everything in `source`.
fn link_all(source: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let entries =
        fs::read_dir(source).with_context(|| format!("cannot read {}", source.display()))?;
    for entry in entries {
        let entry = entry?;
        symlink(entry.path(), folder.join(entry.file_name()))?;
    }
    Ok(())
}

/// Applies `patch` in `tree`. It is git's to do: git is there, and patch(1) need not be.
fn apply(patch: &Path, tree: &Path, log: &Path) -> Result<()> {
    let mut git = Command::new("git");
    git.arg("apply").arg(patch).current_dir(tree);
    // The tree stands in a folder of the project's own repository, which is none of its.
    git.env("GIT_CEILING_DIRECTORIES", tree.parent().unwrap_or(tree));
    git.env_remove("GIT_DIR");
    child::run_logged(&mut git, log, |_| ())
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

    #[test]
    fn only_the_patched_file_is_a_copy() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        fs::create_dir_all(source.join("arch/x86/mm")).unwrap();
        for file in [
            "Makefile",
            "arch/Kconfig",
            "arch/x86/mm/a.c",
            "arch/x86/mm/b.c",
        ] {
            fs::write(source.join(file), "old\n").unwrap();
        }
        let patch = "--- a/arch/x86/mm/a.c\n+++ b/arch/x86/mm/a.c\n@@ -1 +1 @@\n-old\n+new\n";
        let patch_file = folder.path().join("p.patch");
        fs::write(&patch_file, patch).unwrap();
        let tree = folder.path().join("tree");
        let files = patched_files(patch);
        assert_eq!(files, [PathBuf::from("arch/x86/mm/a.c")]);
        link_tree(&source, &tree, &[&files[0]]).unwrap();
        apply(&patch_file, &tree, &folder.path().join("log")).unwrap();
        let read = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
        assert_eq!(read("tree/arch/x86/mm/a.c"), "new\n");
        assert_eq!(read("source/arch/x86/mm/a.c"), "old\n");
        assert_eq!(read("tree/arch/x86/mm/b.c"), "old\n");
        assert!(tree.join("Makefile").is_symlink());
    }
}
