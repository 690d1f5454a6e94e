// SPDX-License-Identifier: GPL-2.0

//! A kernel with a patch, or with other cases linked in. Its source is all links to the one
//! tree, which stays as it is, but for the files that differ; and it is built out of a copy of
//! what the usual kernel was built to, so that only those files are compiled, and what includes
//! them.

use crate::{
    case::{Case, Side},
    child,
    kernel::{Kernel, FOLDER, PARTIAL},
    project::{self, fingerprint, short_hash, Project, Tools},
    seed,
};
use anyhow::{Context, Result};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

/// The kernel that a run of `case` boots: `base`, or that with the patch that is claimed.
///
/// # Errors
///
/// When it cannot be built.
pub fn kernel_for(
    project: &Project,
    tools: &Tools,
    base: &Kernel,
    case: &Case,
    side: Side,
) -> Result<Kernel> {
    match case.patch(side) {
        Some(patch) => build(project, tools, base, &project.root.join(patch)),
        None => Ok(base.clone()),
    }
}

/// The same kernel where it is, or would be: nothing is built.
///
/// # Errors
///
/// When the patch cannot be read.
pub fn located(project: &Project, base: &Kernel, case: &Case, side: Side) -> Result<Kernel> {
    match case.patch(side) {
        Some(patch) => Ok(with_patch(base, &project.root.join(patch))?.0),
        None => Ok(base.clone()),
    }
}

/// `base` with `patch`, and what that says.
fn with_patch(base: &Kernel, patch: &Path) -> Result<(Kernel, String)> {
    let text =
        fs::read_to_string(patch).with_context(|| format!("cannot read {}", patch.display()))?;
    Ok((base.with_patch(&short_hash(text.as_bytes()), &text), text))
}

/// Builds `base` with `patch`, if that has not been done, and `base` before it.
///
/// # Errors
///
/// When the patch does not apply, or one of the builds fails.
fn build(project: &Project, tools: &Tools, base: &Kernel, patch: &Path) -> Result<Kernel> {
    let (kernel, text) = with_patch(base, patch)?;
    base.build(project, tools)?;
    let _lock = project::lock(&project.kbuild.join("sources"), "patched.lock")?;
    let files = make_tree(&base.source, &kernel.source, patch, &text)?;
    if kernel.config_stamp().ok() != Some(base.config_stamp_for(&kernel)?) {
        seed(base, &kernel, &files)?;
    }
    kernel.build(project, tools)?;
    Ok(kernel)
}

/// Builds `base`, which is built, with the cases of `project` in place of those that it has.
///
/// # Errors
///
/// When the build fails.
pub fn with_cases(
    project: &Project,
    tools: &Tools,
    base: &Kernel,
    id: &str,
    about: &'static str,
) -> Result<Kernel> {
    let kernel = base.with_cases(id, about);
    {
        let sources = project.kbuild.join("sources");
        let _lock = project::lock(&sources, "patched.lock")?;
        if !kernel.source.exists() {
            let partial = tempfile::Builder::new()
                .prefix(PARTIAL)
                .tempdir_in(&sources)?;
            link_all(&base.source, &partial.path().join("tree"))?;
            // A folder of its own, which the build fills.
            fs::remove_file(partial.path().join("tree").join(FOLDER))?;
            fs::rename(partial.path().join("tree"), &kernel.source)?;
        }
        if kernel.config_stamp().ok() != Some(base.config_stamp_for(&kernel)?) {
            seed(base, &kernel, &[])?;
        }
    }
    kernel.build(project, tools)?;
    Ok(kernel)
}

/// Makes `tree` the tree `source` with `patch`, whose content is `text`, and gives the files
/// that differ. Does nothing if `tree` is that already.
fn make_tree(source: &Path, tree: &Path, patch: &Path, text: &str) -> Result<Vec<PathBuf>> {
    let files = changed_files(text);
    let mut inputs = text.to_owned();
    for file in files.iter().map(|file| source.join(file)) {
        inputs += &fingerprint(&file).with_context(|| {
            let patch = patch.display();
            format!("{patch} does not apply to this kernel; it is against Linux 6.12")
        })?;
    }
    let stamp = tree.join("oopsarium.inputs");
    if !fs::read_to_string(&stamp).is_ok_and(|old| old == inputs) {
        if tree.exists() {
            fs::remove_dir_all(tree)?;
        }
        link_tree(source, tree, &files)?;
        apply(patch, tree)?;
        project::write_whole(&stamp, inputs.as_bytes())?;
    }
    Ok(files)
}

/// Makes the build folder of `kernel` a copy of that of `base` in which make finds nothing to
/// do but for `files`, by which their sources differ.
fn seed(base: &Kernel, kernel: &Kernel, files: &[PathBuf]) -> Result<()> {
    if kernel.output.exists() {
        fs::remove_dir_all(&kernel.output)?;
    }
    // What make is to see as changed: however old the tree is, it is newer than the build.
    let now = SystemTime::now();
    for file in files {
        let file = fs::File::options()
            .write(true)
            .open(kernel.source.join(file))?;
        file.set_modified(now)?;
    }
    // Nobody is to build there meanwhile.
    let _lock = project::lock(&base.output, "oopsarium.lock")?;
    seed::copy(base.place(), kernel.place(), &kernel.log("seed"), |copy| {
        // objtool is built within tools/, which is a link: its own make takes the path of
        // that for the one where it ends.
        let tools = copy.join("tools");
        if !tools.is_dir() || !kernel.source.join("tools").is_symlink() {
            return Ok(());
        }
        let [from, to] = [&kernel.source, &base.source].map(|source| source.join("tools"));
        seed::rename_path(&tools, &from, &to)
    })
}

/// The files that a patch changes, as paths from the top of the tree.
pub fn changed_files(patch: &str) -> Vec<PathBuf> {
    patch
        .lines()
        .filter_map(|line| line.strip_prefix("+++ b/"))
        .map(|path| path.split('\t').next().unwrap_or(path).into())
        .collect()
}

/// Makes `tree` a tree of links to `source`, but for `files`, which are copies.
pub fn link_tree(source: &Path, tree: &Path, files: &[PathBuf]) -> Result<()> {
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
pub fn apply(patch: &Path, tree: &Path) -> Result<()> {
    let mut git = Command::new("git");
    git.arg("apply").arg(patch).current_dir(tree);
    // The tree stands in a folder of the project's own repository, which is none of its.
    git.env("GIT_CEILING_DIRECTORIES", tree.parent().unwrap_or(tree));
    git.env_remove("GIT_DIR");
    child::output(&mut git)
        .with_context(|| format!("{} does not apply to this kernel", patch.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let files = make_tree(&source, &tree, &patch_file, patch).unwrap();
        assert_eq!(files, [PathBuf::from("arch/x86/mm/a.c")]);
        let read = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
        assert_eq!(read("tree/arch/x86/mm/a.c"), "new\n");
        assert_eq!(read("source/arch/x86/mm/a.c"), "old\n");
        assert_eq!(read("tree/arch/x86/mm/b.c"), "old\n");
        assert!(tree.join("Makefile").is_symlink());
        // What it was made of has changed.
        fs::write(source.join("arch/x86/mm/a.c"), "newer\n").unwrap();
        let error = make_tree(&source, &tree, &patch_file, patch).unwrap_err();
        assert!(format!("{error:#}").contains("does not apply"), "{error:#}");
        fs::remove_file(source.join("arch/x86/mm/a.c")).unwrap();
        let error = make_tree(&source, &tree, &patch_file, patch).unwrap_err();
        assert!(
            error.to_string().contains("against Linux 6.12"),
            "{error:#}"
        );
    }
}
