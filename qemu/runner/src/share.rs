// SPDX-License-Identifier: GPL-2.0

//! Kernels of other clones of this project, found again: each says in the user's cache where
//! it has built what, and a clone that needs the same takes a copy. Nothing is kept twice for
//! that, and a clone that is gone is no longer found.

use crate::{
    child, project,
    seed::{self, Place},
    term::Progress,
};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where a kernel is built: a source tree and a build folder.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Built {
    source: PathBuf,
    output: PathBuf,
}

/// How many places are remembered for one kernel.
const REMEMBERED: usize = 8;

/// Where kernels are said to be: a file for each, in the user's cache. None with `SHARE=0`, and
/// where the user has no cache.
pub fn registry() -> Option<PathBuf> {
    let wanted = env::var_os("SHARE").is_none_or(|value| value != "0");
    let cache = project::user_cache().filter(|_| wanted)?;
    Some(cache.join("kernels"))
}

/// Says in `registry` that the kernel whose name is `key` there is built at `place`.
///
/// # Errors
///
/// When that cannot be written.
pub fn announce(registry: &Path, key: &str, place: Place<'_>) -> Result<()> {
    let own = Built {
        source: place.source.to_owned(),
        output: place.output.to_owned(),
    };
    let mut all = known(registry, key);
    if all.first() == Some(&own) {
        return Ok(());
    }
    all.retain(|other| *other != own);
    all.insert(0, own);
    all.truncate(REMEMBERED);
    let text = serde_json::to_vec_pretty(&all)?;
    project::write_whole(&file(registry, key), &text)?;
    forget(registry);
    Ok(())
}

/// Removes from `registry` what no clone has any longer. It may stay if it cannot be removed.
fn forget(registry: &Path) {
    for key in keys(registry) {
        if known(registry, &key).is_empty() {
            let _ = fs::remove_file(file(registry, &key));
        }
    }
}

/// Makes the build folder of `to`, which is not there, a copy of one in `registry` that
/// another clone has built and that `is_whole`, if there is any. What `finish` does to the
/// copy is done before it has its name.
///
/// # Errors
///
/// When it cannot be copied.
pub fn take(
    registry: &Path,
    key: &str,
    to: Place<'_>,
    log: &Path,
    is_whole: impl Fn(&Path) -> bool,
    finish: impl FnOnce(&Path) -> Result<()>,
) -> Result<bool> {
    for built in known(registry, key) {
        let from = Place {
            source: &built.source,
            output: &built.output,
        };
        // Whoever builds there has it for long; what is there now may be of no use by then.
        let Ok(Some(_lock)) = project::try_lock(from.output, "oopsarium.lock") else {
            continue;
        };
        if is_whole(from.output) {
            seed::copy(from, to, log, finish)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes `tree` a copy of the source `id` that another clone has, if there is any in
/// `registry`. Both have the same files on the disk: nothing of a source tree is ever written
/// to, but for what is replaced as a whole.
///
/// # Errors
///
/// When the user stops the program.
pub fn take_source(registry: &Path, id: &str, tree: &Path, log: &Path) -> Result<bool> {
    for key in keys(registry) {
        for source in known(registry, &key).iter().map(|built| &built.source) {
            if source.file_name() == Some(id.as_ref()) && link_all(source, tree, log)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Makes `tree` a copy of `source` of hard links, and says whether it could be.
fn link_all(source: &Path, tree: &Path, log: &Path) -> Result<bool> {
    let Some(all) = source.parent().filter(|_| source.is_dir()) else {
        return Ok(false);
    };
    // Nobody is to replace anything there meanwhile.
    let Ok(Some(_lock)) = project::try_lock(all, "lock") else {
        return Ok(false);
    };
    let progress = Progress::start("taking the kernel's source from another clone", None);
    let mut cp = Command::new("cp");
    cp.args(["-a", "-l", "-T"]).arg(source).arg(tree);
    if child::run_logged(&mut cp, log, |_| ()).is_ok() {
        progress.done();
        return Ok(true);
    }
    child::check_interrupted()?;
    // It is on another disk, or somebody else's.
    drop(progress);
    fs::remove_dir_all(tree).with_context(|| format!("cannot remove {}", tree.display()))?;
    fs::create_dir_all(tree).with_context(|| format!("cannot make {}", tree.display()))?;
    Ok(false)
}

const ENDING: &str = ".json";

fn file(registry: &Path, key: &str) -> PathBuf {
    registry.join(format!("{key}{ENDING}"))
}

/// The names of all kernels that were said to be anywhere.
fn keys(registry: &Path) -> Vec<String> {
    let entries = fs::read_dir(registry).into_iter().flatten().flatten();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().ok();
    entries
        .filter_map(name)
        .filter_map(|name| name.strip_suffix(ENDING).map(str::to_owned))
        .collect()
}

/// Where the kernel `key` was built, the latest place first, as far as it is still there.
fn known(registry: &Path, key: &str) -> Vec<Built> {
    let text = fs::read(file(registry, key)).unwrap_or_default();
    // Whatever else stands there, it is no kernel.
    let mut all: Vec<Built> = serde_json::from_slice(&text).unwrap_or_default();
    all.retain(|built| built.output.is_dir() && built.source.is_dir());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with a clone that has built `key` from the source `id`.
    fn clone(folder: &Path, name: &str) -> Built {
        let built = Built {
            source: folder.join(name).join("sources/id"),
            output: folder.join(name).join("kernels/id-x86_64"),
        };
        for path in [&built.source, &built.output] {
            fs::create_dir_all(path).unwrap();
        }
        fs::write(built.source.join("Kbuild"), name).unwrap();
        fs::write(built.output.join("vmlinux"), name).unwrap();
        built
    }

    fn place(built: &Built) -> Place<'_> {
        Place {
            source: &built.source,
            output: &built.output,
        }
    }

    #[test]
    fn the_latest_that_is_there_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let registry = folder.path().join("registry");
        let (one, two) = (clone(folder.path(), "one"), clone(folder.path(), "two"));
        for built in [&one, &two, &one, &two] {
            announce(&registry, "key", place(built)).unwrap();
        }
        assert_eq!(known(&registry, "key"), [two.clone(), one.clone()]);
        assert_eq!(known(&registry, "other"), []);
        fs::remove_dir_all(&two.output).unwrap();
        assert_eq!(known(&registry, "key"), [one]);
        fs::write(file(&registry, "key"), "damaged").unwrap();
        assert_eq!(known(&registry, "key"), []);
        // What nobody has is forgotten when the next one is announced.
        announce(&registry, "another", place(&clone(folder.path(), "three"))).unwrap();
        assert_eq!(keys(&registry), ["another"]);
    }

    #[test]
    fn a_kernel_is_taken_from_whoever_has_it_whole() {
        let folder = tempfile::tempdir().unwrap();
        let registry = folder.path().join("registry");
        let (one, two) = (clone(folder.path(), "one"), clone(folder.path(), "two"));
        for built in [&one, &two] {
            announce(&registry, "key", place(built)).unwrap();
        }
        let own = Built {
            source: folder.path().join("own/sources/id"),
            output: folder.path().join("own/kernels/id-x86_64"),
        };
        let log = folder.path().join("log");
        let take = |whole: &str| {
            let is_whole = |output: &Path| output.starts_with(folder.path().join(whole));
            take(&registry, "key", place(&own), &log, is_whole, |_| Ok(())).unwrap()
        };
        assert!(!take("nobody"));
        assert!(!own.output.exists());
        assert!(take("one"));
        assert_eq!(
            fs::read_to_string(own.output.join("vmlinux")).unwrap(),
            "one"
        );
    }

    #[test]
    fn one_that_is_being_built_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let registry = folder.path().join("registry");
        let one = clone(folder.path(), "one");
        announce(&registry, "key", place(&one)).unwrap();
        let own = clone(folder.path(), "own");
        fs::remove_dir_all(&own.output).unwrap();
        let _building = project::lock(&one.output, "oopsarium.lock").unwrap();
        let log = folder.path().join("log");
        let all = |_: &Path| true;
        assert!(!take(&registry, "key", place(&own), &log, all, |_| Ok(())).unwrap());
    }

    #[test]
    fn a_source_tree_is_taken_as_links() {
        let folder = tempfile::tempdir().unwrap();
        let registry = folder.path().join("registry");
        let one = clone(folder.path(), "one");
        announce(&registry, "key", place(&one)).unwrap();
        let (tree, log) = (folder.path().join("tree"), folder.path().join("log"));
        fs::create_dir(&tree).unwrap();
        assert!(!take_source(&registry, "other", &tree, &log).unwrap());
        assert!(take_source(&registry, "id", &tree, &log).unwrap());
        assert_eq!(fs::read_to_string(tree.join("Kbuild")).unwrap(), "one");
        // What is replaced in one is not in the other.
        project::write_whole(&tree.join("Kbuild"), b"own").unwrap();
        assert_eq!(
            fs::read_to_string(one.source.join("Kbuild")).unwrap(),
            "one"
        );
    }
}
