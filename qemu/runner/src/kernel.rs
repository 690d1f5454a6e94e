// SPDX-License-Identifier: GPL-2.0

//! The kernel: unpacked, configured and built, once for each source, architecture and
//! profile. Knows nothing of cases but that some of them are linked in.

use crate::{
    child,
    machine::Arch,
    modules,
    project::{self, fingerprint, short_hash, Project, Tools},
    seed, share,
    term::{self, Progress},
    transcript::Versions,
};
use anyhow::{anyhow, bail, Context, Result};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

/// About how many lines a build of the whole kernel prints with no case linked in; measured on
/// 6.12.117 with the fragments under `scripts/config`. It feeds the first build's progress only:
/// the next one goes by what this machine counted.
const STEPS: [(Arch, u64); 2] = [(Arch::X86_64, 1171), (Arch::Arm64, 1124)];

/// How many of them a case that is linked in adds.
const STEPS_OF_A_CASE: u64 = 2;

/// A kernel that is built, or will be: of one source, for one architecture, with one
/// profile of options.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The architecture.
    pub arch: Arch,
    /// Its profile of options.
    pub profile: String,
    /// Its source.
    pub source: PathBuf,
    /// The source is a tree of the user's, who may have changed anything in it.
    open: bool,
    /// Its build folder: kbuild's `O=`.
    pub output: PathBuf,
    logs: PathBuf,
    /// What its source has that the others' has not.
    difference: Option<Difference>,
}

/// Which of the cases that can be linked in a run needs. Compiling them is a tenth of a
/// kernel's build, for which whoever asks for a loadable module first does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkedIn {
    /// All of them.
    All,
    /// None.
    None,
}

/// How a kernel differs from the one that everything else runs on.
#[derive(Clone, Debug)]
struct Difference {
    id: String,
    /// The patch, if it is one.
    text: String,
    /// In a word.
    about: &'static str,
}

impl Kernel {
    /// Says which kernel it is, and unpacks its source if that has not been done.
    ///
    /// # Errors
    ///
    /// When there is no such profile or the source cannot be unpacked.
    pub fn locate(project: &Project, tools: &Tools, arch: Arch, profile: &str) -> Result<Self> {
        if profile != DEFAULT_PROFILE {
            let fragment = profile_fragment(project, profile);
            if !fragment.is_file() {
                bail!(
                    "no profile \"{profile}\"; {} would describe it, and these are there: {}",
                    fragment.display(),
                    profiles(project).join(", ")
                );
            }
        }
        let (id, source) = source(project, tools)?;
        Ok(Self {
            arch,
            profile: profile.to_owned(),
            output: project
                .kbuild
                .join(format!("kernels/{id}-{arch}-{profile}")),
            logs: project.build.join("logs"),
            open: Path::new(tools.need("KERNEL_SOURCE")?).is_dir(),
            source,
            difference: None,
        })
    }

    /// The same with a patch, whose content is `text`. It has a source and a build folder of
    /// its own, with `id` in their names.
    pub fn with_patch(&self, id: &str, text: &str) -> Self {
        self.differing(id, text, "patched")
    }

    /// The same with other cases linked in than the project's own. It has a source and a build
    /// folder of its own, with `id` in their names.
    pub fn with_cases(&self, id: &str, about: &'static str) -> Self {
        self.differing(id, "", about)
    }

    fn differing(&self, id: &str, text: &str, about: &'static str) -> Self {
        let name = self.source.file_name().unwrap_or_default();
        let name = format!("{}-{id}", name.to_string_lossy());
        let output = format!("{name}-{}-{}", self.arch, self.profile);
        Self {
            source: self.source.with_file_name(name),
            output: self.output.with_file_name(output),
            difference: Some(Difference {
                id: id.to_owned(),
                text: text.to_owned(),
                about,
            }),
            ..self.clone()
        }
    }

    /// Where it is built.
    pub fn place(&self) -> seed::Place<'_> {
        seed::Place {
            source: &self.source,
            output: &self.output,
        }
    }

    /// Whether the same kernel, in the build folder `output`, is there as its build left it.
    fn is_built_at(&self, output: &Path) -> bool {
        let other = Self {
            output: output.to_owned(),
            ..self.clone()
        };
        let stamps = [INPUTS_STAMP, CONFIG_STAMP];
        stamps.iter().all(|stamp| output.join(stamp).is_file())
            && other.image().is_file()
            && other.damaged().is_empty()
    }

    /// What QEMU boots.
    pub fn image(&self) -> PathBuf {
        self.output.join(self.arch.image())
    }

    /// What debug information is read from.
    pub fn vmlinux(&self) -> PathBuf {
        self.output.join("vmlinux")
    }

    /// Its version as `uname -r` says it; known once it is built.
    pub fn release(&self) -> Result<String> {
        let path = self.output.join("include/config/kernel.release");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(text.trim().to_owned())
    }

    /// Whether `option` is set to `y` in it; known once it is built.
    pub fn has(&self, option: &str) -> Result<bool> {
        let config = read_config(&self.output.join(".config"))?;
        Ok(config.get(option).is_some_and(|value| value == "y"))
    }

    /// What it and its compilers are, as their own configuration has it; known once it is built.
    pub fn versions(&self) -> Result<Versions> {
        let config = read_config(&self.output.join(".config"))?;
        let mut versions = Versions::from([
            ("kernel", self.release()?),
            ("profile", self.profile.clone()),
        ]);
        for (name, option) in [
            ("rustc", "CONFIG_RUSTC_VERSION_TEXT"),
            ("clang", "CONFIG_CC_VERSION_TEXT"),
            ("bindgen", "CONFIG_BINDGEN_VERSION_TEXT"),
        ] {
            let text = config
                .get(option)
                .map_or("unknown", |text| text.trim_matches('"'));
            versions.insert(name, first_number(text).to_owned());
        }
        Ok(versions)
    }

    /// kbuild, with everything that it has to be told about this kernel.
    pub fn make(&self, tools: &Tools) -> Result<Command> {
        let mut make = Command::new("make");
        make.arg("-C").arg(&self.source);
        make.arg(format!("O={}", self.output.display()));
        make.arg(format!("ARCH={}", self.arch));
        for argument in toolchain(tools)? {
            make.arg(argument);
        }
        // The kernel is as it is; looking for what to warn of takes a twelfth of its compile time.
        make.arg("KCFLAGS=-w");
        make.arg(format!("-j{}", jobs()));
        set_environment(&mut make, tools);
        Ok(make)
    }

    /// Builds it with all cases that are linked in, if what it is made of has changed since it
    /// was built.
    ///
    /// # Errors
    ///
    /// When a requested option is lost, or the build fails.
    pub fn build(&self, project: &Project, tools: &Tools) -> Result<()> {
        self.build_with(project, tools, LinkedIn::All)
    }

    /// The same for a run that needs what `linked_in` says. A kernel that has more will do.
    ///
    /// # Errors
    ///
    /// As [`Self::build`].
    pub fn build_with(&self, project: &Project, tools: &Tools, linked_in: LinkedIn) -> Result<()> {
        let config = self.config_inputs(project, tools)?;
        let enough: &[LinkedIn] = match linked_in {
            LinkedIn::All => &[LinkedIn::All],
            LinkedIn::None => &[LinkedIn::None, LinkedIn::All],
        };
        let stamp = self.output.join(INPUTS_STAMP);
        let current = || -> Result<bool> {
            let Ok(old) = fs::read_to_string(&stamp) else {
                return Ok(false);
            };
            for has in enough {
                if old == self.inputs(project, &config, *has)? {
                    return Ok(self.image().is_file() && self.damaged().is_empty());
                }
            }
            Ok(false)
        };
        if current()? && !self.open {
            return Ok(());
        }
        let key = self.shared_key(project, tools)?;
        if let (Some((registry, key)), false) = (&key, self.output.exists()) {
            let is_whole = |output: &Path| self.is_built_at(output);
            share::take(
                registry,
                key,
                self.place(),
                &self.log("seed"),
                is_whole,
                |copy| project::write_whole(&copy.join(CONFIG_STAMP), config.as_bytes()),
            )?;
        }
        let _lock = project::lock(&self.output, "oopsarium.lock")?;
        if current()? && !self.open {
            return Ok(());
        }
        // Whatever happens from here on, the kernel is not what the old stamp says.
        if stamp.exists() {
            fs::remove_file(&stamp)?;
        }
        // kbuild goes by times, and would take a newer file for a good one.
        for path in self.damaged() {
            term::note(&format!(
                "{} is not as it was built; it is made again",
                path.display()
            ));
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        // What was compiled once is no work to link in again.
        let linked_in = match self.output.join(FOLDER).join("modules").is_dir() {
            true => LinkedIn::All,
            false => linked_in,
        };
        let inputs = self.inputs(project, &config, linked_in)?;
        link_in(project, &self.source)?;
        self.configure(project, tools)?;
        let counted = self.output.join("oopsarium.steps");
        let expected = fs::read_to_string(&counted)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .or_else(|| {
                let (_, steps) = STEPS.iter().find(|(arch, _)| *arch == self.arch)?;
                let cases = match linked_in {
                    LinkedIn::All => cases_linked_in(project).ok()?,
                    LinkedIn::None => 0,
                };
                Some(steps + STEPS_OF_A_CASE * cases as u64)
            })
            .filter(|_| !self.image().is_file());
        let whole = expected.is_some();
        let log = self.log("kernel");
        term::note(&format!("the build's log: {}", log.display()));
        let about = match &self.difference {
            Some(difference) => format!(", {}", difference.about),
            None => String::new(),
        };
        let what = format!("building the {} kernel{about}", self.arch);
        let progress = Progress::start(&what, expected);
        let mut make = self.make(tools)?;
        // Modules are built against Module.symvers, which only "modules" makes.
        make.args([self.arch.image_target(), "modules"]);
        if linked_in == LinkedIn::None {
            make.arg("OOPSARIUM_LINKED_IN=");
        }
        child::run_logged(&mut make, &log, |line| {
            if is_step(line) {
                progress.step();
            }
        })?;
        if whole {
            project::write_whole(&counted, progress.steps().to_string().as_bytes())?;
        }
        progress.done();
        let made: Vec<String> = self.made().iter().filter_map(|path| seal(path)).collect();
        project::write_whole(&self.seals(), made.concat().as_bytes())?;
        project::write_whole(&stamp, inputs.as_bytes())?;
        if let Some((registry, key)) = key {
            // It only saves others a build.
            if let Err(error) = share::announce(&registry, &key, self.place()) {
                term::note(&format!(
                    "other clones will not find this kernel: {error:#}"
                ));
            }
        }
        Ok(())
    }

    /// Where kernels of other clones are found, and the name there of those that are the same
    /// as this one but for the cases that are linked in. None for one that may be changed by
    /// its user, or has a patch: that is made of one that has none.
    fn shared_key(&self, project: &Project, tools: &Tools) -> Result<Option<(PathBuf, String)>> {
        let Some(registry) = share::registry().filter(|_| !self.open && self.difference.is_none())
        else {
            return Ok(None);
        };
        let inputs = self.options_and_tools(project, tools)?;
        let name = self.output.file_name().unwrap_or_default();
        let key = format!(
            "{}-{}",
            name.to_string_lossy(),
            short_hash(inputs.as_bytes())
        );
        Ok(Some((registry, key)))
    }

    /// What a build ends in.
    fn made(&self) -> Vec<PathBuf> {
        let mut made = vec![self.vmlinux(), self.image()];
        made.dedup();
        made
    }

    fn seals(&self) -> PathBuf {
        self.output.join("oopsarium.made")
    }

    /// Those of them that are no longer as the build left them: a disk that was full, or
    /// another hand. A user's own tree may be built by the user, too.
    fn damaged(&self) -> Vec<PathBuf> {
        let Ok(sealed) = fs::read_to_string(self.seals()) else {
            return Vec::new();
        };
        let mut made = self.made();
        made.retain(|path| {
            !self.open && path.is_file() && seal(path).is_none_or(|seal| !sealed.contains(&seal))
        });
        made
    }

    /// A log's place.
    pub fn log(&self, what: &str) -> PathBuf {
        let id = match &self.difference {
            Some(difference) => format!("-{}", difference.id),
            None => String::new(),
        };
        self.logs
            .join(format!("{what}-{}-{}{id}.log", self.arch, self.profile))
    }

    /// Everything that the kernel is made of when it has what `linked_in` says, as text that
    /// changes when any of it does; `config` is the part of its configuration.
    fn inputs(&self, project: &Project, config: &str, linked_in: LinkedIn) -> Result<String> {
        let mut inputs = config.to_owned();
        match linked_in {
            LinkedIn::All => {
                for source in self::linked_in(project)? {
                    inputs += &fingerprint(&project.root.join(source))?;
                }
            }
            LinkedIn::None => inputs += "no case is linked in\n",
        }
        if let Some(difference) = &self.difference {
            inputs += &difference.text;
        }
        Ok(inputs)
    }

    /// What it was last configured from: the same text as long as its configuration is good.
    ///
    /// # Errors
    ///
    /// When it never was.
    pub fn config_stamp(&self) -> Result<String> {
        let stamp = self.output.join(CONFIG_STAMP);
        fs::read_to_string(&stamp).with_context(|| format!("cannot read {}", stamp.display()))
    }

    /// What that text would be for `other`, which differs from this one in its source only.
    ///
    /// # Errors
    ///
    /// When this one never was configured.
    pub fn config_stamp_for(&self, other: &Self) -> Result<String> {
        let own = source_line(&self.source);
        let text = self.config_stamp()?;
        Ok(text.replacen(&own, &source_line(&other.source), 1))
    }

    /// The part of it that its configuration is made of.
    fn config_inputs(&self, project: &Project, tools: &Tools) -> Result<String> {
        Ok(source_line(&self.source) + &self.options_and_tools(project, tools)?)
    }

    /// That without where its source is.
    fn options_and_tools(&self, project: &Project, tools: &Tools) -> Result<String> {
        let mut inputs = self.requested(project)?;
        let kconfig = project.root.join("Kconfig");
        inputs += &fs::read_to_string(&kconfig)
            .with_context(|| format!("cannot read {}", kconfig.display()))?;
        inputs += &toolchain(tools)?.join("\n");
        inputs.push('\n');
        for key in ["RUSTC", "BINDGEN"] {
            inputs += &fingerprint(Path::new(tools.need(key)?))?;
        }
        Ok(inputs)
    }

    /// The options that are asked for: all fragments, one behind the other.
    fn requested(&self, project: &Project) -> Result<String> {
        let mut requested = String::new();
        for fragment in self.fragments(project) {
            requested += &fs::read_to_string(&fragment)
                .with_context(|| format!("cannot read {}", fragment.display()))?;
        }
        Ok(requested)
    }

    fn fragments(&self, project: &Project) -> Vec<PathBuf> {
        let folder = project.root.join("scripts/config");
        let mut fragments = vec![
            folder.join("common.config"),
            folder.join(format!("{}.config", self.arch)),
        ];
        if self.profile != DEFAULT_PROFILE {
            fragments.push(profile_fragment(project, &self.profile));
        }
        fragments
    }

    /// What the fragments ask for, every option of which has to survive, and nothing else.
    fn configure(&self, project: &Project, tools: &Tools) -> Result<()> {
        let inputs = self.config_inputs(project, tools)?;
        let stamp = self.output.join(CONFIG_STAMP);
        if fs::read_to_string(&stamp).is_ok_and(|old| old == inputs) {
            return Ok(());
        }
        // From here on the configuration is not what the old stamp says.
        if stamp.exists() {
            fs::remove_file(&stamp)?;
        }
        let log = self.log("config");
        let requested = self.requested(project)?;
        let wanted = self.output.join("oopsarium.requested");
        project::write_whole(&wanted, requested.as_bytes())?;
        let mut make = self.make(tools)?;
        // What is asked for, and nothing else that can be chosen.
        make.env("KCONFIG_ALLCONFIG", &wanted).arg("allnoconfig");
        child::run_logged(&mut make, &log, |_| ())?;

        let lost = lost_options(
            &parse_config(&requested),
            &read_config(&self.output.join(".config"))?,
        );
        if !lost.is_empty() {
            self.explain_rust(tools, &lost)?;
            bail!(
                "options that scripts/config asks for and this kernel does not take:\n  {}\n\
                 menuconfig's help says what each depends on; {} is the result",
                lost.join("\n  "),
                self.output.join(".config").display()
            );
        }
        project::write_whole(&stamp, inputs.as_bytes())
    }

    /// When it is Rust that got lost, the kernel itself can say why.
    fn explain_rust(&self, tools: &Tools, lost: &[String]) -> Result<()> {
        if !lost.iter().any(|option| option.starts_with("CONFIG_RUST=")) {
            return Ok(());
        }
        let mut make = self.make(tools)?;
        make.arg("rustavailable");
        child::run_logged(&mut make, &self.log("rustavailable"), |_| ())
            .context("this kernel takes no CONFIG_RUST")
    }
}

/// In a build folder: what it was built from.
const INPUTS_STAMP: &str = "oopsarium.inputs";

/// In a build folder: what its configuration was made from.
const CONFIG_STAMP: &str = "oopsarium.config";

fn source_line(source: &Path) -> String {
    format!("source {}\n", source.display())
}

/// What tells whether a file has been touched: its name, size and time, in a line.
fn seal(path: &Path) -> Option<String> {
    let whole = fingerprint(path).ok()?;
    let name = path.file_name()?.to_string_lossy().into_owned();
    let facts = whole.strip_prefix(&path.display().to_string())?.to_owned();
    Some(name + &facts)
}

/// The profile that there always is.
pub const DEFAULT_PROFILE: &str = "default";

fn profile_fragment(project: &Project, profile: &str) -> PathBuf {
    project
        .root
        .join(format!("scripts/config/profile-{profile}.config"))
}

/// Every profile there is.
fn profiles(project: &Project) -> Vec<String> {
    let mut names = vec![DEFAULT_PROFILE.to_owned()];
    if let Ok(entries) = fs::read_dir(project.root.join("scripts/config")) {
        let files = entries.flatten().map(|entry| entry.file_name());
        names.extend(files.filter_map(|file| {
            let name = file.to_string_lossy().into_owned();
            let name = name.strip_prefix("profile-")?.strip_suffix(".config")?;
            Some(name.to_owned())
        }));
    }
    names.sort();
    names
}

/// What every call of kbuild is told about the tools.
pub fn toolchain(tools: &Tools) -> Result<Vec<String>> {
    let mut arguments = vec![format!("LLVM={}", tools.need("LLVM")?)];
    for (variable, key) in [
        ("RUSTC", "RUSTC"),
        ("RUSTDOC", "RUSTDOC"),
        ("RUSTFMT", "RUSTFMT"),
        ("CLIPPY_DRIVER", "CLIPPY_DRIVER"),
        ("HOSTRUSTC", "RUSTC"),
        ("BINDGEN", "BINDGEN"),
        ("RUST_LIB_SRC", "RUST_LIB_SRC"),
    ] {
        if let Some(tool) = tools.get(key) {
            arguments.push(format!("{variable}={tool}"));
        }
    }
    Ok(arguments)
}

/// Takes out of `make`'s environment what an outer make or cargo left there, which kbuild
/// would take for its own, and puts in what bindgen looks for.
pub fn set_environment(make: &mut Command, tools: &Tools) {
    for variable in [
        "MAKEFLAGS",
        "MAKELEVEL",
        "MFLAGS",
        "MAKEOVERRIDES",
        "ARCH",
        "O",
        "V",
        "KDIR",
        "LLVM",
        "KBUILD_OUTPUT",
        "KERNEL_SRC",
        "CROSS_COMPILE",
        "RUSTFLAGS",
        "RUSTC",
        "CASE",
        "CASES",
    ] {
        make.env_remove(variable);
    }
    make.env("LC_ALL", "C");
    if let Some(path) = tools.get("LIBCLANG_PATH") {
        make.env("LIBCLANG_PATH", path);
    }
}

/// How many jobs kbuild may run at once.
pub fn jobs() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The kernel's source, with a short name of its own: unpacked from a tarball, or all links
/// to a tree of the user's. Either is ours to add the cases to that are linked in.
fn source(project: &Project, tools: &Tools) -> Result<(String, PathBuf)> {
    let given = Path::new(tools.need("KERNEL_SOURCE")?);
    let id = if given.is_dir() {
        checked(given)?;
        short_hash(given.as_os_str().as_encoded_bytes())
    } else {
        short_hash(fingerprint(given)?.as_bytes())
    };
    let sources = project.kbuild.join("sources");
    let tree = sources.join(&id);
    if tree.is_dir() {
        return Ok((id, tree));
    }
    let _lock = project::lock(&sources, "lock")?;
    if tree.is_dir() {
        return Ok((id, tree));
    }
    remove_partial(&sources)?;
    // Under another name until it is whole; an interrupted one is removed.
    let partial = tempfile::Builder::new()
        .prefix(PARTIAL)
        .tempdir_in(&sources)?;
    let log = project.build.join("logs/source.log");
    let shared = share::registry().filter(|_| !given.is_dir());
    let taken = match shared {
        _ if take_ahead(project, given, partial.path())? => true,
        Some(registry) => share::take_source(&registry, &id, partial.path(), &log)?,
        None => false,
    };
    if !taken {
        unpack(given, partial.path(), &log)?;
    }
    checked(partial.path()).with_context(|| given.display().to_string())?;
    fs::rename(partial.path(), &tree).with_context(|| format!("cannot make {}", tree.display()))?;
    Ok((id, tree))
}

/// Fills `tree` with the kernel's source, from a tree or a tarball.
fn unpack(given: &Path, tree: &Path, log: &Path) -> Result<()> {
    let (what, mut command) = if given.is_dir() {
        let mut cp = Command::new("cp");
        cp.args(["-a", "-s", "-T"]).arg(given).arg(tree);
        ("linking to the kernel's source", cp)
    } else {
        let mut tar = Command::new("tar");
        tar.arg("-xf").arg(given).arg("--strip-components=1");
        tar.arg("-C").arg(tree);
        ("unpacking the kernel's source", tar)
    };
    let progress = Progress::start(what, None);
    child::run_logged(&mut command, log, |_| ())?;
    progress.done();
    Ok(())
}

/// Whether set-up has unpacked `given` already, while it waited for something else; then `tree`
/// is it. Its folder has a file beside it, which names what it was unpacked from.
fn take_ahead(project: &Project, given: &Path, tree: &Path) -> Result<bool> {
    let ahead = project.root.join("build/source-ahead");
    let Ok(of) = fs::read_to_string(ahead.join("of")) else {
        return Ok(false);
    };
    let meta = fs::metadata(given)?;
    // Another file system has it if the build folder is elsewhere.
    let taken = of.trim() == format!("{}-{}", meta.len(), meta.ctime())
        && fs::rename(ahead.join("tree"), tree).is_ok();
    fs::remove_dir_all(&ahead)?;
    Ok(taken)
}

/// How a folder is called that is not whole.
pub const PARTIAL: &str = ".partial-";

/// Removes what a run left that was killed.
fn remove_partial(sources: &Path) -> Result<()> {
    for entry in fs::read_dir(sources)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// The folder of the kernel's tree that the cases are put into.
pub const FOLDER: &str = "oopsarium";

/// Adds to the kernel's `tree` the cases that are linked in: their sources, and the lines
/// by which kbuild and kconfig find them. No file of the kernel's own code is touched.
fn link_in(project: &Project, tree: &Path) -> Result<()> {
    let _lock = project::lock(&project.kbuild.join("sources"), "lock")?;
    modules::fill(&project.root, &linked_in(project)?, &tree.join(FOLDER))?;
    append_line(&tree.join("Kbuild"), &format!("obj-y += {FOLDER}/"))?;
    append_line(
        &tree.join("Kconfig"),
        &format!("source \"{FOLDER}/Kconfig\""),
    )
}

/// Adds `line` to a file that does not have it yet.
fn append_line(path: &Path, line: &str) -> Result<()> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    if text.lines().any(|existing| existing == line) {
        return Ok(());
    }
    project::write_whole(path, format!("{text}\n{line}\n").as_bytes())
}

/// The sources that become part of the kernel, below the project's folder.
fn linked_in(project: &Project) -> Result<Vec<PathBuf>> {
    let mut found = modules::sources(&project.root)?;
    let mut failure = None;
    found.retain(|source| {
        if source.components().count() < OF_A_CASE {
            return true;
        }
        match fs::read_to_string(project.root.join(source)) {
            Ok(text) => text.lines().any(|line| line.starts_with("boot_case! {")),
            Err(error) => {
                failure = Some(anyhow!("cannot read {}: {error}", source.display()));
                false
            }
        }
    });
    failure.map_or(Ok(found), Err)
}

/// How many of them are cases, twins and samples: the others are what these share.
fn cases_linked_in(project: &Project) -> Result<usize> {
    let sources = linked_in(project)?;
    let cases = sources
        .iter()
        .filter(|source| source.components().count() >= OF_A_CASE);
    Ok(cases.count())
}

/// How many parts the path of a case's source has: modules/name/name.rs.
const OF_A_CASE: usize = 3;

/// A kernel tree, and one that knows Rust.
fn checked(tree: &Path) -> Result<()> {
    if !tree.join("Kbuild").is_file() || !tree.join("init/Kconfig").is_file() {
        bail!(
            "{}: not a kernel's source tree; name one with KERNEL_SRC=",
            tree.display()
        );
    }
    if !tree.join("rust/kernel/lib.rs").is_file() {
        bail!(
            "{}: this kernel has no Rust support; name one of 6.12 or later with KERNEL_SRC=",
            tree.display()
        );
    }
    Ok(())
}

/// Whether a line of kbuild's output stands for a step of the build.
fn is_step(line: &str) -> bool {
    line.strip_prefix("  ")
        .and_then(|rest| rest.chars().next())
        .is_some_and(|first| first.is_ascii_uppercase())
}

/// Reads a `.config`.
pub fn read_config(path: &Path) -> Result<BTreeMap<String, String>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(parse_config(&text))
}

/// Options and their values; one that is not set has the value `n`.
fn parse_config(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| {
            if let Some(name) = line
                .strip_prefix("# ")
                .and_then(|l| l.strip_suffix(" is not set"))
            {
                return name
                    .starts_with("CONFIG_")
                    .then(|| (name.to_owned(), "n".to_owned()));
            }
            let (name, value) = line.split_once('=')?;
            name.starts_with("CONFIG_")
                .then(|| (name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// The first word of `text` that begins with a digit: the 1.85.0 of `rustc 1.85.0 (4d91de4e4
/// 2025-02-17)`.
fn first_number(text: &str) -> &str {
    text.split_whitespace()
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
        .unwrap_or(text)
}

/// What was requested and is not so. What is not there at all counts as not set.
fn lost_options(
    requested: &BTreeMap<String, String>,
    config: &BTreeMap<String, String>,
) -> Vec<String> {
    requested
        .iter()
        .filter_map(|(name, wanted)| {
            let got = config.get(name).map_or("n", String::as_str);
            (got != wanted).then(|| format!("{name}={wanted}, which became {got}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_option_is_named() {
        let requested = parse_config("CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=18\n# why\n");
        let check = |config: &str| lost_options(&requested, &parse_config(config));
        assert!(check("CONFIG_A=y\nCONFIG_C=18\n").is_empty());
        assert_eq!(check("CONFIG_C=18\n"), ["CONFIG_A=y, which became n"]);
        assert_eq!(
            check("CONFIG_A=y\nCONFIG_B=y\nCONFIG_C=17\n"),
            ["CONFIG_B=n, which became y", "CONFIG_C=18, which became 17"]
        );
    }

    #[test]
    fn a_file_that_was_touched_has_another_seal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vmlinux");
        assert_eq!(seal(&path), None);
        fs::write(&path, "whole").unwrap();
        let whole = seal(&path).unwrap();
        assert!(whole.starts_with("vmlinux 5 "), "{whole}");
        assert_eq!(seal(&path).unwrap(), whole);
        fs::write(&path, "who").unwrap();
        assert_ne!(seal(&path).unwrap(), whole);
    }

    #[test]
    fn a_later_fragment_wins() {
        let both = parse_config("CONFIG_DEBUG_VM=y\n# CONFIG_DEBUG_VM is not set\n");
        assert_eq!(both["CONFIG_DEBUG_VM"], "n");
    }

    #[test]
    fn steps_are_told_from_other_output() {
        assert!(is_step("  CC      mm/slub.o"));
        assert!(is_step("  RUSTC L rust/core.o"));
        assert!(!is_step("make[1]: Entering directory"));
        assert!(!is_step("   48 |  int x;"));
    }
}
