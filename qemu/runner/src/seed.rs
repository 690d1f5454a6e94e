// SPDX-License-Identifier: GPL-2.0

//! A kernel's build folder made from another's, so that make finds nothing to do in it but for
//! what differs. Knows nothing of why two kernels are alike.

use crate::{child, term::Progress};
use anyhow::{Context, Result};
use std::{
    fs,
    io::Read,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

/// Where a kernel is built.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its source tree.
    pub source: &'a Path,
    /// Its build folder.
    pub output: &'a Path,
}

/// Makes the build folder of `to`, which must not be there, a copy of that of `from`, in which
/// nobody may build meanwhile.
///
/// What make and kbuild go by are times and the commands by which each file was made. The
/// times are copied; in the commands, one's paths take the place of the other's. Where
/// some would be missed, kbuild would find another command than it expects, and build the
/// file again. What `finish` does to the copy is done before it has its name.
///
/// # Errors
///
/// When it cannot be copied; then there is nothing at its place.
pub fn copy(
    from: Place<'_>,
    to: Place<'_>,
    log: &Path,
    finish: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let parent = to.output.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    let partial = tempfile::Builder::new()
        .prefix(".partial-")
        .tempdir_in(parent)?;
    let progress = Progress::start("copying a kernel's build folder", None);
    let mut cp = Command::new("cp");
    cp.args(["-a", "--reflink=auto", "-T"]);
    cp.arg(from.output).arg(partial.path());
    child::run_logged(&mut cp, log, |_| ())?;
    let paths = [(from.source, to.source), (from.output, to.output)]
        .map(|(a, b)| (bytes_of(a), bytes_of(b)));
    rename_paths(partial.path(), &paths)?;
    // It is about the source's own folder.
    let link = partial.path().join("source");
    if link.is_symlink() {
        fs::remove_file(&link)?;
        symlink(to.source, &link)?;
    }
    let mut all = fs::read(from.output.join(ORIGINS)).unwrap_or_default();
    if !all.is_empty() {
        all.push(b'\n');
    }
    all.extend(bytes_of(from.output));
    fs::write(partial.path().join(ORIGINS), all)?;
    finish(partial.path())?;
    fs::rename(partial.path(), to.output)
        .with_context(|| format!("cannot make {}", to.output.display()))?;
    progress.done();
    Ok(())
}

/// In a build folder that was copied: those that its debug information may name, a line each.
const ORIGINS: &str = "oopsarium.origin";

/// The folders that the debug information of what is in `output` may name: it, and those that
/// it is a copy of, or a copy's copy, for each may have built a part of what is there.
fn named(output: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(output.join(ORIGINS)).unwrap_or_default();
    let origins = text.lines().map(PathBuf::from);
    origins.chain([output.to_owned()]).collect()
}

/// [`crate::symbols::Options::moved`] for what is built in `output` of the project at `root`: its
/// own sources are named from there, and debug information takes what is relative for what
/// stands in the build folder.
pub fn moved(output: &Path, root: &Path) -> Vec<(PathBuf, PathBuf)> {
    let own = |folder| (folder, root.to_owned());
    named(output).into_iter().map(own).collect()
}

fn bytes_of(path: &Path) -> Vec<u8> {
    path.as_os_str().as_encoded_bytes().to_vec()
}

/// Puts the path `to` in the place of `from`, in all text files in `folder` and below. Their
/// times stay.
///
/// # Errors
///
/// When one of them cannot be read or written.
pub fn rename_path(folder: &Path, from: &Path, to: &Path) -> Result<()> {
    rename_paths(folder, &[(bytes_of(from), bytes_of(to))])
}

/// Puts each pair's second path in the place of its first, in all text files in `folder` and
/// below. Their times stay.
fn rename_paths(folder: &Path, paths: &[(Vec<u8>, Vec<u8>)]) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() {
            rename_paths(&path, paths)?;
        } else if kind.is_file() {
            rename_in_file(&path, paths)
                .with_context(|| format!("cannot rewrite {}", path.display()))?;
        }
    }
    Ok(())
}

fn rename_in_file(path: &Path, paths: &[(Vec<u8>, Vec<u8>)]) -> Result<()> {
    let mut file = fs::File::open(path)?;
    let mut start = Vec::new();
    file.by_ref().take(4096).read_to_end(&mut start)?;
    // Debug information and the like are not what make goes by.
    if start.contains(&0) {
        return Ok(());
    }
    file.read_to_end(&mut start)?;
    let mut text = start.clone();
    for (from, to) in paths {
        text = replace_path(&text, from, to);
    }
    if text != start {
        let times = file.metadata()?.modified()?;
        fs::write(path, text)?;
        fs::File::options()
            .write(true)
            .open(path)?
            .set_modified(times)?;
    }
    Ok(())
}

/// `text` with the path `to` where `from` stood, but not where that was the beginning of a
/// longer name.
fn replace_path(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find(rest, from) {
        let after = &rest[at + from.len()..];
        let longer = after
            .first()
            .is_some_and(|next| next.is_ascii_alphanumeric() || b"-_.+".contains(next));
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(if longer { from } else { to });
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn paths_are_renamed_in_text_and_keep_their_times() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("deep/.a.o.cmd");
        let binary = folder.path().join("a.o");
        fs::create_dir_all(folder.path().join("deep")).unwrap();
        fs::write(&text, "cc -I/s/12/include /s/12 /s/12-x /s/123 /o").unwrap();
        fs::write(&binary, "\0 /s/12/a.c").unwrap();
        let old = SystemTime::UNIX_EPOCH;
        let file = fs::File::options().write(true).open(&text).unwrap();
        file.set_modified(old).unwrap();
        let pair = |from: &str, to: &str| (from.into(), to.into());
        rename_paths(folder.path(), &[pair("/s/12", "/t/7"), pair("/o", "/p")]).unwrap();
        assert_eq!(
            fs::read_to_string(&text).unwrap(),
            "cc -I/t/7/include /t/7 /s/12-x /s/123 /p"
        );
        assert_eq!(fs::metadata(&text).unwrap().modified().unwrap(), old);
        assert_eq!(fs::read_to_string(&binary).unwrap(), "\0 /s/12/a.c");
    }

    #[test]
    fn a_copy_is_whole_and_knows_where_it_is_from() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("one")).unwrap();
        fs::write(
            path("one/.a.o.cmd"),
            format!("cc {}", path("s/a.c").display()),
        )
        .unwrap();
        symlink(path("s"), path("one/source")).unwrap();
        let (s, t, one, two, three) = (
            path("s"),
            path("t"),
            path("one"),
            path("two"),
            path("three"),
        );
        let place = |source, output| Place { source, output };
        let log = path("log");
        copy(place(&s, &one), place(&t, &two), &log, |_| Ok(())).unwrap();
        let text = fs::read_to_string(path("two/.a.o.cmd")).unwrap();
        assert_eq!(text, format!("cc {}", path("t/a.c").display()));
        assert_eq!(fs::read_link(path("two/source")).unwrap(), t);
        assert_eq!(named(&one), std::slice::from_ref(&one));
        assert_eq!(named(&two), [one.clone(), two.clone()]);
        // A copy's copy has debug information of the first, and of what the second has built.
        copy(place(&t, &two), place(&s, &three), &log, |_| Ok(())).unwrap();
        assert_eq!(named(&three), [one.clone(), two.clone(), three.clone()]);
        // One that fails leaves nothing.
        let four = path("four");
        copy(place(&t, &two), place(&s, &four), &log, |_| {
            anyhow::bail!("no")
        })
        .unwrap_err();
        assert!(!four.exists());
        assert!(!fs::read_dir(folder.path()).unwrap().any(|entry| entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with(".partial-")));
    }
}
