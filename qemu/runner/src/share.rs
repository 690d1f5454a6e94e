// SPDX-License-Identifier: GPL-2.0

//! Kernels of other clones of this project, found again: each says in the user's cache where
//! it has built what, and a clone that needs the same takes a copy. Nothing is kept twice for
//! that, and a clone that is gone is no longer found.

use crate::{child, kernel::Kernel, project, seed, term::Progress};
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

/// Says in `registry` that `kernel`, whose name is `key` there, is built.
///
/// # Errors
///
/// When that cannot be written.
pub fn announce(registry: &Path, key: &str, kernel: &Kernel) -> Result<()> {
    let own = Built {
        source: kernel.source.clone(),
        output: kernel.output.clone(),
    };
    let mut all = known(registry, key);
    if all.first() == Some(&own) {
        return Ok(());
    }
    all.retain(|other| *other != own);
    all.insert(0, own);
    all.truncate(REMEMBERED);
    let text = serde_json::to_vec_pretty(&all)?;
    project::write_whole(&file(registry, key), &text)
}

/// Makes the build folder of `kernel`, which is not there, a copy of one that another clone has
/// built, if there is any in `registry`. What `finish` does to the copy is done before it has
/// its name.
///
/// # Errors
///
/// When it cannot be copied.
pub fn take(
    registry: &Path,
    key: &str,
    kernel: &Kernel,
    finish: impl FnOnce(&Path) -> Result<()>,
) -> Result<bool> {
    for built in known(registry, key) {
        let from = seed::Place {
            source: &built.source,
            output: &built.output,
        };
        // Whoever builds there has it for long; what is there now may be of no use by then.
        let Ok(Some(_lock)) = project::try_lock(from.output, "oopsarium.lock") else {
            continue;
        };
        if !kernel.is_built_at(from.output) {
            continue;
        }
        seed::copy(from, kernel.place(), &kernel.log("seed"), finish)?;
        return Ok(true);
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
    let Ok(entries) = fs::read_dir(registry) else {
        return Ok(false);
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(key) = name.to_str().and_then(|name| name.strip_suffix(ENDING)) else {
            continue;
        };
        for source in known(registry, key).iter().map(|built| &built.source) {
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

/// Where the kernel `key` was built, the latest place first, as far as it is still there.
fn known(registry: &Path, key: &str) -> Vec<Built> {
    let text = fs::read(file(registry, key)).unwrap_or_default();
    // Whatever else stands there, it is no kernel.
    let mut all: Vec<Built> = serde_json::from_slice(&text).unwrap_or_default();
    all.retain(|built| built.output.is_dir() && built.source.is_dir());
    all
}
