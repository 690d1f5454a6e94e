// SPDX-License-Identifier: GPL-2.0

//! Where things are: the project's own folders, the build folder, and the tools
//! that set-up found. Knows nothing of cases, kernels or guests.

use anyhow::{bail, Context, Result};
use fs4::fs_std::FileExt;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The project's folders.
#[derive(Clone, Debug)]
pub struct Project {
    /// The source tree: where `Kbuild` and `modules/` are.
    pub root: PathBuf,
    /// What is made from it, and for the user to look at: logs and results.
    pub build: PathBuf,
    /// What kbuild makes. It is below `build`, unless that path has a space or a
    /// colon in it, which kbuild refuses.
    pub kbuild: PathBuf,
}

impl Project {
    /// Finds the project from `root`, or else from the current folder upwards;
    /// `build` is its build folder (default: `build` below the root).
    ///
    /// # Errors
    ///
    /// When there is no project there.
    pub fn find(root: Option<PathBuf>, build: Option<PathBuf>) -> Result<Self> {
        let root = match root {
            Some(root) => root,
            None => search_upwards()?,
        };
        let root = root
            .canonicalize()
            .with_context(|| format!("{}: no such folder", root.display()))?;
        if !is_project(&root) {
            bail!(
                "{}: not the project's folder (no Kbuild and modules/ in it); name it with --root",
                root.display()
            );
        }
        let build = match build {
            Some(build) => std::path::absolute(build)?,
            None => root.join("build"),
        };
        fs::create_dir_all(&build).with_context(|| format!("cannot make {}", build.display()))?;
        let kbuild = if kbuild_takes(&build) {
            build.clone()
        } else {
            elsewhere(&build)?
        };
        Ok(Self {
            root,
            build,
            kbuild,
        })
    }

    /// A path below the root as a person would type it from there.
    pub fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

fn is_project(folder: &Path) -> bool {
    folder.join("Kbuild").is_file() && folder.join("modules").is_dir()
}

fn search_upwards() -> Result<PathBuf> {
    let here = env::current_dir()?;
    match here.ancestors().find(|folder| is_project(folder)) {
        Some(root) => Ok(root.to_owned()),
        None => bail!(
            "{}: not inside the project; go there, or name it with --root",
            here.display()
        ),
    }
}

/// kbuild splits paths at spaces and colons ("source directory cannot contain
/// spaces or colons", says the kernel's Makefile).
fn kbuild_takes(path: &Path) -> bool {
    path.to_str()
        .is_some_and(|path| !path.contains([' ', '\t', ':', '\'', '"', '$', '#']))
}

/// Where all clones of one user keep what they share, which need not be there yet. A relative
/// `$XDG_CACHE_HOME` is as good as none (XDG Base Directory Specification).
pub fn user_cache() -> Option<PathBuf> {
    let folder = |name| env::var_os(name).map(PathBuf::from);
    let own = folder("XDG_CACHE_HOME").filter(|cache| cache.is_absolute());
    own.or_else(|| Some(folder("HOME")?.join(".cache")))
        .filter(|cache| cache.is_absolute())
        .map(|cache| cache.join("oopsarium"))
}

/// A folder that kbuild takes, of `build`'s own: the same for the same `build`.
fn elsewhere(build: &Path) -> Result<PathBuf> {
    let cache = user_cache()
        .filter(|cache| kbuild_takes(cache))
        .unwrap_or_else(|| "/var/tmp/oopsarium".into());
    let folder = cache.join(short_hash(build.as_os_str().as_encoded_bytes()));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Eight hexadecimal digits that stand for `bytes`.
pub fn short_hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let [a, b, c, d, ..] = digest.as_slice() else {
        return String::new();
    };
    format!("{a:02x}{b:02x}{c:02x}{d:02x}")
}

/// What tells one version of a file from another without reading it: its name, size
/// and time of last change.
pub fn fingerprint(path: &Path) -> Result<String> {
    let meta = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    let changed = meta.modified()?.duration_since(std::time::UNIX_EPOCH)?;
    Ok(format!(
        "{} {} {}\n",
        path.display(),
        meta.len(),
        changed.as_nanos()
    ))
}

/// Writes `content` to `path` so that a reader sees the old file or the new one, and
/// an interrupted run leaves no half of one.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let write = || -> std::io::Result<()> {
        // As open() would make it: what the user's umask leaves of these.
        let mode = fs::Permissions::from_mode(0o666);
        let mut file = tempfile::Builder::new()
            .permissions(mode)
            .tempfile_in(folder)?;
        std::io::Write::write_all(&mut file, content)?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Takes the lock `name` in `folder`, waiting for whoever has it, and says so. It is given up
/// when the value is dropped, and by the kernel when the program dies.
pub fn lock(folder: &Path, name: &str) -> Result<File> {
    let file = lock_file(folder, name)?;
    // Most are held for a moment only, of which nobody needs to hear.
    for _ in 0..50 {
        if FileExt::try_lock_exclusive(&file)? {
            return Ok(file);
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    crate::term::note(&format!(
        "waiting for another run that builds in {}",
        folder.display()
    ));
    FileExt::lock_exclusive(&file)?;
    Ok(file)
}

/// The same without waiting: none if somebody has it.
pub fn try_lock(folder: &Path, name: &str) -> Result<Option<File>> {
    let file = lock_file(folder, name)?;
    Ok(FileExt::try_lock_exclusive(&file)?.then_some(file))
}

/// The same for what nobody has longer than a moment.
pub fn brief_lock(folder: &Path, name: &str) -> Result<File> {
    let file = lock_file(folder, name)?;
    FileExt::lock_exclusive(&file)?;
    Ok(file)
}

/// Whether nobody has locked `file`.
pub fn is_free(file: &File) -> bool {
    FileExt::try_lock_exclusive(file).unwrap_or(false)
}

/// Locks `file` for as long as it is open.
pub fn keep(file: &File) -> Result<()> {
    FileExt::lock_exclusive(file).context("cannot lock")
}

fn lock_file(folder: &Path, name: &str) -> Result<File> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join(name);
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))
}

/// The tools that set-up found: `build/tools.env`.
#[derive(Clone, Debug)]
pub struct Tools(BTreeMap<String, String>);

impl Tools {
    /// Reads what set-up wrote.
    ///
    /// # Errors
    ///
    /// When set-up has not been run.
    pub fn read(project: &Project) -> Result<Self> {
        let path = project.root.join("build/tools.env");
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "cannot read {}; scripts/setup.sh makes it, and make calls that",
                path.display()
            )
        })?;
        Ok(Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        Self(
            text.lines()
                .filter(|line| !line.starts_with('#'))
                .filter_map(|line| line.split_once('='))
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// The tool `key`, if set-up found it.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0
            .get(key)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The tool `key`.
    ///
    /// # Errors
    ///
    /// When set-up did not look for it, or did not find it.
    pub fn need(&self, key: &str) -> Result<&str> {
        self.get(key).with_context(|| {
            format!(
                "no {key} in build/tools.env; make doctor says what is missing and how to get it"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kbuild_is_kept_from_spaces_and_colons() {
        assert!(kbuild_takes(Path::new("/home/a/oopsarium/build")));
        assert!(!kbuild_takes(Path::new("/home/a/my oopsarium/build")));
        assert!(!kbuild_takes(Path::new("/home/a:b/build")));
    }

    #[test]
    fn tools_keep_everything_after_the_first_equals_sign() {
        let tools = Tools::parse("# found\nLLVM=-19\nRUSTC=/a b/rustc=x\nDTC=\n");
        assert_eq!(tools.get("LLVM"), Some("-19"));
        assert_eq!(tools.get("RUSTC"), Some("/a b/rustc=x"));
        assert_eq!(tools.get("DTC"), None);
        assert!(tools.need("DTC").is_err());
    }

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/file");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
