// SPDX-License-Identifier: GPL-2.0

//! The loadable modules, built by kbuild against a kernel: ours, or any other with
//! `CONFIG_RUST`.

use crate::{
    child,
    kernel::{jobs, read_config, set_environment, toolchain, Kernel},
    machine::Arch,
    project::{self, fingerprint, Project, Tools},
    term::Progress,
};
use anyhow::{bail, Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The modules as kbuild left them.
#[derive(Clone, Debug)]
pub struct Modules {
    stage: PathBuf,
}

impl Modules {
    /// Those that were built for one of our kernels, if any were.
    pub fn of(project: &Project, kernel: &Kernel) -> Self {
        let name = kernel.output.file_name().unwrap_or_default();
        Self {
            stage: project.kbuild.join("modules").join(name),
        }
    }

    /// The `.ko` file of the module `name`, with its debug information.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn file(&self, name: &str) -> Result<PathBuf> {
        let folder = name.strip_suffix("_fixed").unwrap_or(name);
        let path = ["modules", "samples"]
            .map(|kind| {
                self.stage
                    .join(kind)
                    .join(folder)
                    .join(format!("{name}.ko"))
            })
            .into_iter()
            .find(|path| path.is_file());
        path.with_context(|| format!("kbuild made no {name}.ko in {}", self.stage.display()))
    }

    /// Every `.ko` file, in the order of their names.
    pub fn all(&self) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for source in sources(&self.stage)? {
            let module = self.stage.join(source).with_extension("ko");
            if module.is_file() {
                found.push(module);
            }
        }
        found.sort();
        Ok(found)
    }
}

/// Builds the modules for one of our kernels, if their sources have changed: all of them, or
/// only the one called `only`, which then does not wait for the others or fail with them.
///
/// # Errors
///
/// When kbuild fails: then with what the compiler said.
pub fn build(
    project: &Project,
    tools: &Tools,
    kernel: &Kernel,
    only: Option<&str>,
) -> Result<Modules> {
    let modules = Modules::of(project, kernel);
    let job = Job {
        stage: &modules.stage,
        kernel: &kernel.image(),
        log: &kernel.log("modules"),
        what: "building the modules",
        only: only.map(|name| source_of(project, name)).transpose()?,
    };
    job.run(project, kernel.make(tools)?)?;
    Ok(modules)
}

/// The source of the module `name`, below the project's folder.
fn source_of(project: &Project, name: &str) -> Result<PathBuf> {
    let file = format!("{name}.rs");
    sources(&project.root)?
        .into_iter()
        .find(|path| path.file_name().is_some_and(|found| *found == *file))
        .with_context(|| format!("no {file} under modules/ or samples/"))
}

/// Compiles one more source below the project's folder as a module's is, and links nothing.
/// Each line that the compiler says is kept in `log` and shown to `line`.
///
/// # Errors
///
/// When it does not compile.
pub fn compile(
    project: &Project,
    tools: &Tools,
    kernel: &Kernel,
    source: &Path,
    log: &Path,
    line: impl FnMut(&str),
) -> Result<()> {
    let name = kernel.output.file_name().unwrap_or_default();
    let stage = project.kbuild.join("faces").join(name);
    let _lock = project::lock(&stage, "oopsarium.lock")?;
    let mut wanted = sources(&project.root)?;
    wanted.push(source.to_owned());
    fill(&project.root, &wanted, &stage)?;
    let mut make = kernel.make(tools)?;
    make.arg(format!("M={}", stage.display()));
    make.arg(source.with_extension("o"));
    child::run_logged(&mut make, log, line)
}

/// Holds the modules against clippy, as kbuild does for the kernel's own Rust.
///
/// # Errors
///
/// When clippy has something to say.
pub fn clippy(project: &Project, tools: &Tools, kernel: &Kernel) -> Result<()> {
    let name = kernel.output.file_name().unwrap_or_default();
    let stage = project.kbuild.join("clippy").join(name);
    let mut make = kernel.make(tools)?;
    make.args(["CLIPPY=1", "KRUSTFLAGS=-Dwarnings"]);
    let job = Job {
        stage: &stage,
        kernel: &kernel.image(),
        log: &kernel.log("clippy"),
        what: "running clippy on the modules",
        only: None,
    };
    job.run(project, make)
}

/// Builds the modules for the kernel whose build folder (or headers) is `kdir`.
///
/// # Errors
///
/// When that kernel does not take Rust modules, or not from this compiler.
pub fn build_for(project: &Project, tools: &Tools, kdir: &Path) -> Result<Vec<PathBuf>> {
    let kdir = kdir
        .canonicalize()
        .with_context(|| format!("KDIR={}: no such folder", kdir.display()))?;
    let foreign = check_foreign(&kdir, tools)?;
    let id = project::short_hash(kdir.as_os_str().as_encoded_bytes());
    let stage = project.kbuild.join("modules").join(id);
    let mut make = Command::new("make");
    make.arg("-C").arg(&kdir);
    make.arg(format!("ARCH={}", foreign.arch));
    let arguments = toolchain(tools)?;
    // A kernel built by GCC wants modules built by GCC.
    make.args(
        arguments
            .iter()
            .filter(|argument| foreign.clang || !argument.starts_with("LLVM=")),
    );
    make.arg(format!("-j{}", jobs()));
    set_environment(&mut make, tools);
    let job = Job {
        stage: &stage,
        kernel: &kdir.join("include/config/auto.conf"),
        log: &project.build.join("logs/modules-kdir.log"),
        what: "building the modules",
        only: None,
    };
    job.run(project, make)?;
    Modules { stage }.all()
}

/// A kernel that is not ours.
struct Foreign {
    arch: Arch,
    /// It was built by clang, not by GCC.
    clang: bool,
}

/// Refuses a kernel for which rustc would fail later and less clearly.
fn check_foreign(kdir: &Path, tools: &Tools) -> Result<Foreign> {
    let name = kdir.display();
    let path = kdir.join("include/config/auto.conf");
    if !path.is_file() {
        bail!(
            "KDIR={name}: not a configured kernel (no include/config/auto.conf); name a kernel's \
             build folder, or /lib/modules/$(uname -r)/build with the kernel's headers installed"
        );
    }
    let config = read_config(&path)?;
    if config.get("CONFIG_RUST").is_none_or(|value| value != "y") {
        bail!(
            "KDIR={name}: this kernel was built without CONFIG_RUST, so it takes no Rust modules; \
             name one with it, or leave KDIR out for the project's own"
        );
    }
    let bindings = kdir.join("rust/libkernel.rmeta");
    if !bindings.is_file() {
        bail!(
            "KDIR={name}: {} is missing: these headers came without the Rust parts; \
             name the kernel's own build folder",
            bindings.display()
        );
    }
    let theirs = config
        .get("CONFIG_RUSTC_VERSION_TEXT")
        .map(|text| text.trim_matches('"'));
    let ours = Command::new(tools.need("RUSTC")?)
        .arg("--version")
        .output()?;
    let ours = String::from_utf8_lossy(&ours.stdout).trim().to_owned();
    if let Some(theirs) = theirs.filter(|theirs| **theirs != ours) {
        bail!(
            "KDIR={name}: this kernel was built by {theirs}, and Rust modules have to be by the \
             same; here is {ours}; name the other with RUSTC="
        );
    }
    let set = |option: &str| config.get(option).is_some_and(|value| value == "y");
    let arch = match (set("CONFIG_X86_64"), set("CONFIG_ARM64")) {
        (true, _) => Arch::X86_64,
        (_, true) => Arch::Arm64,
        _ => bail!("KDIR={name}: neither an x86_64 nor an arm64 kernel; the cases are for these"),
    };
    Ok(Foreign {
        arch,
        clang: set("CONFIG_CC_IS_CLANG"),
    })
}

/// A run of kbuild over the modules.
struct Job<'a> {
    /// Where it leaves what it makes.
    stage: &'a Path,
    /// What stands for the kernel: when this file changes, so do all modules.
    kernel: &'a Path,
    log: &'a Path,
    what: &'a str,
    /// The one source, below the project's folder, that is wanted.
    only: Option<PathBuf>,
}

impl Job<'_> {
    /// Runs `make M=stage`, if a source or the kernel has changed since the last time.
    fn run(&self, project: &Project, mut make: Command) -> Result<()> {
        let stage = self.stage;
        let inputs = self.inputs(project)?;
        let name = self.only.as_ref().and_then(|source| source.file_stem());
        let name = name.unwrap_or("all".as_ref()).to_string_lossy();
        let stamp = stage.join(format!("oopsarium.{name}.inputs"));
        let current = || fs::read_to_string(&stamp).is_ok_and(|old| old == inputs);
        if current() {
            return Ok(());
        }
        let _lock = project::lock(stage, "oopsarium.lock")?;
        if current() {
            return Ok(());
        }
        if stamp.exists() {
            fs::remove_file(&stamp)?;
        }
        fill(&project.root, &sources(&project.root)?, stage)?;
        make.arg(format!("M={}", stage.display()));
        match &self.only {
            Some(source) => make.arg(source.with_extension("ko")),
            None => make.arg("modules"),
        };
        let progress = Progress::start(self.what, None);
        child::run_logged(&mut make, self.log, |_| ())?;
        progress.done();
        project::write_whole(&stamp, inputs.as_bytes())
    }

    /// Everything that is built, as text that changes when any of it does.
    fn inputs(&self, project: &Project) -> Result<String> {
        let mut inputs = fingerprint(self.kernel)?;
        for source in sources(&project.root)? {
            let shared = source.starts_with("rust") || source.starts_with("Kbuild");
            if shared || self.only.as_ref().is_none_or(|only| *only == source) {
                inputs += &fingerprint(&project.root.join(source))?;
            }
        }
        Ok(inputs)
    }
}

/// Fills `stage` with the sources `wanted` of those below `root`, and no others: kbuild leaves what it makes beside them, and the
/// project's folder is not the place for that. Only a file whose content has changed is
/// written, so that make sees what has to be built again whatever times the sources have.
pub fn fill(root: &Path, wanted: &[PathBuf], stage: &Path) -> Result<()> {
    for source in sources(stage)? {
        if !wanted.contains(&source) {
            fs::remove_file(stage.join(source))?;
        }
    }
    for source in wanted {
        let from = root.join(source);
        let to = stage.join(source);
        let content = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
        if fs::read(&to).is_ok_and(|old| old == content) {
            continue;
        }
        project::write_whole(&to, &content)?;
    }
    Ok(())
}

/// What kbuild reads, below `root`: `Kbuild`, `Kconfig`, what the modules share, and the
/// modules.
pub fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for name in ["Kbuild", "Kconfig"] {
        if root.join(name).symlink_metadata().is_ok() {
            found.push(PathBuf::from(name));
        }
    }
    collect(root, Path::new("rust"), &mut found)?;
    for kind in ["modules", "samples"] {
        for folder in folders(&root.join(kind))? {
            collect(root, &Path::new(kind).join(folder), &mut found)?;
        }
    }
    found.sort();
    Ok(found)
}

fn folders(path: &Path) -> Result<Vec<std::ffi::OsString>> {
    let mut names = Vec::new();
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                names.push(entry.file_name());
            }
        }
    }
    Ok(names)
}

/// The sources directly in `root/folder`, not what was made from them.
fn collect(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let path = root.join(folder);
    if !path.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        let made = text == "bindings_generated.rs" || text.ends_with(".mod.c");
        let source = [".rs", ".h", ".c"]
            .iter()
            .any(|ending| text.ends_with(ending))
            || text == "bindgen_parameters";
        if source && !made {
            found.push(folder.join(name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }

    #[test]
    fn a_stage_follows_its_sources() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("a root");
        let stage = folder.path().join("stage");
        for path in [
            "Kbuild",
            "rust/lib.rs",
            "modules/a/a.rs",
            "modules/a/case.toml",
        ] {
            write(&root, path);
        }
        fill(&root, &sources(&root).unwrap(), &stage).unwrap();
        write(&stage, "modules/a/a.o");
        write(&stage, "rust/bindings_generated.rs");
        let expected = ["Kbuild", "modules/a/a.rs", "rust/lib.rs"].map(PathBuf::from);
        assert_eq!(sources(&stage).unwrap(), expected);

        fs::rename(root.join("modules/a"), root.join("modules/b")).unwrap();
        fill(&root, &sources(&root).unwrap(), &stage).unwrap();
        assert!(!stage.join("modules/a/a.rs").exists());
        assert!(stage.join("modules/b/a.rs").exists());

        // An older file with another content is a change, too.
        fs::write(root.join("rust/lib.rs"), "y").unwrap();
        let old = std::time::SystemTime::UNIX_EPOCH;
        let file = fs::File::options()
            .write(true)
            .open(root.join("rust/lib.rs"))
            .unwrap();
        file.set_modified(old).unwrap();
        fill(&root, &sources(&root).unwrap(), &stage).unwrap();
        let staged = fs::metadata(stage.join("rust/lib.rs")).unwrap();
        assert!(staged.modified().unwrap() > old);
    }
}
