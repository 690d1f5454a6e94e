// SPDX-License-Identifier: GPL-2.0

//! `case.toml`: what a case claims to print, written by a person. Pure: text in, claims
//! out; what a kernel really printed is not known here.

use crate::{machine::Arch, report::Kind};
use anyhow::{anyhow, bail, Context, Result};
use serde::{de::Error as _, Deserialize, Deserializer, Serialize};
use std::path::Path;

/// A whole `case.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// The title of the document that describes the bug.
    pub source: String,
    /// How the case gets into the kernel.
    pub reach: Reach,
    /// The machines that it runs on, by the names of their files.
    pub machines: Vec<String>,
    /// Options without which the bug does not show, as `CONFIG_…`.
    #[serde(default)]
    pub needs: Vec<String>,
    /// The names of what it shows: functions, files, boot arguments.
    #[serde(default)]
    pub shows: Vec<String>,
    /// The architectures that it has nothing to show on.
    #[serde(default)]
    pub skip: Vec<Skip>,
    /// It disturbs others that run in the same guest.
    #[serde(default)]
    pub alone: bool,
    /// What the bug makes the kernel print.
    pub bug: Option<Variants>,
    /// The same for its corrected twin.
    pub fixed: Option<Variants>,
    /// What a sample prints; it has neither bug nor twin.
    pub sample: Option<Variants>,
    /// Other ways to run it, each with a name and a claim of its own.
    #[serde(default)]
    pub variant: Vec<Variants>,
    /// Builds in which the same mistake is found before anything runs.
    #[serde(default)]
    pub build: Vec<FailingBuild>,
    /// Ways in which a sample is made wrong, each of which one of its checks has to notice.
    #[serde(default)]
    pub broken: Vec<Broken>,
}

/// An architecture that a sample is not run on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skip {
    /// Which one.
    pub arch: Arch,
    /// Why not.
    pub reason: String,
}

/// A build that has to fail: of the kernel with a patch, or of one more Rust file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailingBuild {
    /// Its name, for `FACE=` and for reports.
    pub name: String,
    /// The only architecture that it is for.
    pub arch: Option<Arch>,
    /// What is patched into the kernel, in the case's folder; goes with `target`.
    pub patch: Option<String>,
    /// What is built of the patched kernel.
    pub target: Option<String>,
    /// What is built as a module is, in the case's folder; goes without the other two.
    pub source: Option<String>,
    /// What the compiler must say, in this order.
    pub errors: Vec<String>,
}

impl FailingBuild {
    fn check(&self) -> Result<()> {
        match (&self.patch, &self.target, &self.source) {
            (Some(_), Some(_), None) | (None, None, Some(_)) => {}
            _ => bail!("give either patch and target, or source"),
        }
        if self.errors.is_empty() {
            bail!("no errors; name at least one that the compiler must say");
        }
        Ok(())
    }
}

/// A sample made wrong on purpose: something of what it shows does not do what it should, and
/// one of the sample's own checks has to say so.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Broken {
    /// What of it, by the names in `shows`.
    pub breaks: Vec<String>,
    /// The only architecture that it is for.
    pub arch: Option<Arch>,
    /// The file that is changed, in the sample's folder, if it is not the sample itself.
    pub file: Option<String>,
    /// What is taken out of it: a text that stands there once.
    pub change: Option<String>,
    /// What is put in its place.
    pub to: Option<String>,
    /// Words for the kernel's command line, in place of the sample's.
    pub kernel_args: Option<String>,
    /// A machine that it runs on, in place of the sample's.
    pub machine: Option<String>,
    /// The checks that have to fail: of each, part of what it says before what it expected.
    pub fails: Vec<String>,
}

impl Broken {
    /// Whether it is for this architecture.
    pub fn is_for(&self, arch: Arch) -> bool {
        self.arch.is_none_or(|only| only == arch)
    }

    fn check(&self, shows: &[String]) -> Result<()> {
        let elsewhere = self.kernel_args.is_some() || self.machine.is_some();
        match (&self.change, &self.to) {
            (Some(_), Some(_)) => {}
            (None, None) if elsewhere => {}
            (None, None) => {
                bail!("nothing is changed; give change and to, kernel_args, or machine")
            }
            _ => bail!("give change and to, or neither"),
        }
        if self.breaks.is_empty() {
            bail!("breaks: name at least one of what the sample shows");
        }
        if let Some(other) = self.breaks.iter().find(|name| !shows.contains(name)) {
            let shows = shows.join(", ");
            bail!("breaks: the sample does not show \"{other}\"; it shows: {shows}");
        }
        if self.fails.is_empty() || self.fails.iter().any(String::is_empty) {
            bail!("fails: say which checks have to fail");
        }
        Ok(())
    }
}

/// How a case gets into the kernel.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// A module that insmod loads.
    Loadable,
    /// Linked in, and run while the kernel boots.
    Boot,
    /// Not at all: boot arguments, devices, and a script that looks at the running system.
    Scenario,
}

/// The line, counted from 1, that is the `index`th to begin with `start`; 1 if there is none.
pub fn line_of(text: &str, start: &str, index: usize) -> usize {
    let mut lines = text.lines().enumerate();
    let found = lines
        .by_ref()
        .filter(|(_, line)| line.trim_start().starts_with(start));
    found.map(|(number, _)| number + 1).nth(index).unwrap_or(1)
}

/// A claim, and how it differs on some kernels. (Flattened into a common part, the keys
/// would lose what `deny_unknown_fields` says about a misspelt one.)
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variants {
    /// The name of a variant; the bug and the twin have none.
    pub name: Option<String>,
    /// A shell script in the case's folder that is run in the guest, in place of loading the
    /// module.
    pub script: Option<String>,
    /// A patch that the kernel has to have, below the project's folder.
    pub patch: Option<String>,
    /// The guest's memory, if the machine's does not do.
    memory: Option<String>,
    #[serde(default)]
    kernel_args: String,
    #[serde(default)]
    qemu_args: String,
    /// How many checks a sample makes of itself.
    checks: Option<u32>,
    cma_region: Option<Region>,
    cma_argument: Option<Region>,
    #[serde(default)]
    ends: Ends,
    #[serde(default)]
    before: Vec<String>,
    #[serde(default)]
    lines: Vec<String>,
    #[serde(default)]
    report: Vec<ClaimedReport>,
    /// Differences: later ones win.
    #[serde(default, rename = "where")]
    overrides: Vec<Override>,
}

/// Keys that replace those of the claim, on the kernels that the conditions name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    arch: Option<Arch>,
    kernel: Option<KernelRange>,
    profile: Option<String>,
    kernel_args: Option<String>,
    qemu_args: Option<String>,
    memory: Option<String>,
    checks: Option<u32>,
    cma_region: Option<Region>,
    cma_argument: Option<Region>,
    ends: Option<Ends>,
    before: Option<Vec<String>>,
    lines: Option<Vec<String>>,
    report: Option<Vec<ClaimedReport>>,
}

/// What a run is held against.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Claim {
    /// Words for the kernel's command line.
    pub kernel_args: String,
    /// Words for QEMU's command line.
    pub qemu_args: String,
    /// The guest's memory, if not the machine's.
    pub memory: Option<String>,
    /// How many checks have to pass, in a sample.
    pub checks: Option<u32>,
    /// Memory that the device tree sets aside for CMA.
    pub cma_region: Option<Region>,
    /// Memory that the kernel's command line asks for, with `cma=`.
    pub cma_argument: Option<Region>,
    /// How the guest ends.
    pub ends: Ends,
    /// What must be seen before the case begins, in this order: parts of lines.
    pub before: Vec<String>,
    /// What must be seen on the console from then on, in this order: parts of lines.
    pub lines: Vec<String>,
    /// Every report that comes, in this order; none means that the kernel stays silent.
    pub reports: Vec<ClaimedReport>,
}

/// Where a CMA region lies.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Region {
    /// Over the kernel's text, and nothing else of the kernel.
    OverText,
    /// Right behind the kernel.
    BesideKernel,
}

/// How a guest ends.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
    /// It lives on, and is switched off when the case is done.
    #[default]
    Alive,
    /// The kernel panics.
    Panic,
}

/// One report that is claimed to come.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimedReport {
    /// What kind of report it is.
    #[serde(deserialize_with = "kind")]
    pub kind: Kind,
    /// Its title: what, in which function.
    pub title: String,
    /// The source statement at the place that the report names.
    pub statement: Option<String>,
    /// Functions in its trace, from the inside out; others may stand between them.
    #[serde(default)]
    pub trace: Vec<String>,
    /// The last thing that the case itself said before. Several stand for as many
    /// reports, one after each.
    #[serde(default)]
    pub after: Vec<String>,
}

/// The kernel, as far as a claim can depend on it.
#[derive(Clone, Debug)]
pub struct KernelTraits<'a> {
    /// Its architecture.
    pub arch: Arch,
    /// Its version, such as `6.12.117`.
    pub version: &'a str,
    /// Its profile, such as `default`.
    pub profile: &'a str,
}

impl CaseFile {
    /// Reads `path`.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is not as it should be: then with the line, the key and
    /// what is allowed there.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).map_err(|error| anyhow!("{}:{error:#}", path.display()))
    }

    /// Reads a `case.toml`'s text. The error begins with the line.
    fn parse(text: &str) -> Result<Self> {
        let file: Self = toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| {
                text[..span.start.min(text.len())].matches('\n').count() + 1
            });
            anyhow!("{line}: {}", error.message().trim_end().replace('\n', "; "))
        })?;
        match (&file.bug, &file.fixed, &file.sample) {
            (Some(_), Some(_), None) | (None, None, Some(_)) => {}
            _ => bail!("1: a case has [bug] and [fixed], a sample has [sample], and none has both"),
        }
        if file.reach == Reach::Scenario && file.sample.is_none() {
            let line = line_of(text, "reach", 0);
            bail!("{line}: reach: only a [sample] can be a scenario");
        }
        let claims = [
            ("bug", &file.bug),
            ("fixed", &file.fixed),
            ("sample", &file.sample),
        ];
        for (name, claim) in claims {
            let Some(claim) = claim else { continue };
            claim
                .check(file.sample.is_some())
                .with_context(|| format!("{}: [{name}]", line_of(text, &format!("[{name}]"), 0)))?;
            if claim.name.is_some() {
                let line = line_of(text, &format!("[{name}]"), 0);
                bail!("{line}: [{name}]: no name; only a [[variant]] has one");
            }
        }
        for (index, variant) in file.variant.iter().enumerate() {
            let line = line_of(text, "[[variant]]", index);
            let name = variant.name.as_deref();
            let name = name.with_context(|| {
                format!("{line}: [[variant]]: no name; the test report needs one")
            })?;
            variant
                .check(file.sample.is_some())
                .with_context(|| format!("{line}: [[variant]] {name}"))?;
        }
        for (index, build) in file.build.iter().enumerate() {
            let line = line_of(text, "[[build]]", index);
            build
                .check()
                .with_context(|| format!("{line}: [[build]] {}", build.name))?;
        }
        for (index, broken) in file.broken.iter().enumerate() {
            let line = line_of(text, "[[broken]]", index);
            if file.sample.is_none() {
                bail!("{line}: [[broken]]: only a sample is broken; a case is a bug already");
            }
            broken
                .check(&file.shows)
                .with_context(|| format!("{line}: [[broken]]"))?;
        }
        if file.machines.is_empty() {
            let line = line_of(text, "machines", 0);
            bail!("{line}: machines: a case runs on one at least, such as \"x86_64\"");
        }
        Ok(file)
    }
}

impl Variants {
    /// What is claimed for this kernel.
    pub fn on(&self, kernel: &KernelTraits<'_>) -> Claim {
        let mut claim = Claim {
            kernel_args: self.kernel_args.clone(),
            qemu_args: self.qemu_args.clone(),
            memory: self.memory.clone(),
            checks: self.checks,
            cma_region: self.cma_region,
            cma_argument: self.cma_argument,
            ends: self.ends,
            before: self.before.clone(),
            lines: self.lines.clone(),
            reports: self.report.clone(),
        };
        for other in self.overrides.iter().filter(|other| other.applies(kernel)) {
            let other = other.clone();
            claim.kernel_args = other.kernel_args.unwrap_or(claim.kernel_args);
            claim.qemu_args = other.qemu_args.unwrap_or(claim.qemu_args);
            claim.memory = other.memory.or(claim.memory);
            claim.checks = other.checks.or(claim.checks);
            claim.cma_region = other.cma_region.or(claim.cma_region);
            claim.cma_argument = other.cma_argument.or(claim.cma_argument);
            claim.ends = other.ends.unwrap_or(claim.ends);
            claim.before = other.before.unwrap_or(claim.before);
            claim.lines = other.lines.unwrap_or(claim.lines);
            claim.reports = other.report.unwrap_or(claim.reports);
        }
        claim
    }

    /// The same with other words for the kernel's command line, on every kernel.
    pub fn with_kernel_args(mut self, words: &str) -> Self {
        words.clone_into(&mut self.kernel_args);
        for other in &mut self.overrides {
            other.kernel_args = None;
        }
        self
    }

    /// A claim that any log would satisfy is a mistake.
    fn check(&self, sample: bool) -> Result<()> {
        match (sample, self.checks) {
            (true, None | Some(0)) => {
                bail!("checks: say how many checks the sample makes of itself")
            }
            (false, Some(_)) => bail!("checks: only a sample says how many it makes"),
            (false, None) if self.lines.is_empty() => {
                bail!("no lines; name at least one that shows that the case ran")
            }
            _ => Ok(()),
        }
    }
}

impl Override {
    fn applies(&self, kernel: &KernelTraits<'_>) -> bool {
        self.arch.is_none_or(|arch| arch == kernel.arch)
            && self
                .kernel
                .as_ref()
                .is_none_or(|range| range.has(kernel.version))
            && self
                .profile
                .as_ref()
                .is_none_or(|profile| profile == kernel.profile)
    }
}

/// Kernel versions, written as `>=7.0` or `<6.14`.
#[derive(Clone, Debug)]
struct KernelRange {
    from: bool,
    version: Vec<u32>,
}

impl KernelRange {
    fn has(&self, version: &str) -> bool {
        (numbers(version) >= self.version) == self.from
    }
}

impl<'de> Deserialize<'de> for KernelRange {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        let (from, version) = match (text.strip_prefix(">="), text.strip_prefix('<')) {
            (Some(version), _) => (true, numbers(version)),
            (_, Some(version)) => (false, numbers(version)),
            _ => (false, Vec::new()),
        };
        if version.is_empty() {
            return Err(D::Error::custom(format!(
                "kernel = \"{text}\": write \">=7.0\" or \"<6.14\""
            )));
        }
        Ok(Self { from, version })
    }
}

/// The numbers at the start of a version: `6.12.117-rc1` is 6, 12, 117.
fn numbers(version: &str) -> Vec<u32> {
    version
        .split(['.', '-', '+'])
        .map_while(|part| part.trim().parse().ok())
        .collect()
}

fn kind<'de, D: Deserializer<'de>>(input: D) -> Result<Kind, D::Error> {
    let name = String::deserialize(input)?;
    name.parse().map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
source = "a document"
reach = "loadable"
machines = ["x86_64"]

[bug]
lines = ["attempting: x"]
[[bug.report]]
kind = "bug"
title = "kernel BUG in f"
[[bug.where]]
arch = "arm64"
lines = ["arm"]
[[bug.where]]
kernel = ">=7.0"
report = []

[fixed]
lines = ["survived: x"]
"#;

    fn on(arch: Arch, version: &str) -> Claim {
        let profile = "default";
        let bug = CaseFile::parse(GOOD).unwrap().bug.unwrap();
        bug.on(&KernelTraits {
            arch,
            version,
            profile,
        })
    }

    #[test]
    fn overrides_replace_what_they_name() {
        assert_eq!(on(Arch::X86_64, "6.12.117").lines, ["attempting: x"]);
        assert_eq!(on(Arch::Arm64, "6.12.117").lines, ["arm"]);
        assert_eq!(on(Arch::Arm64, "6.12.117").reports.len(), 1);
        assert_eq!(on(Arch::X86_64, "7.0-rc1").reports.len(), 0);
        assert_eq!(on(Arch::X86_64, "6.99").reports.len(), 1);
    }

    /// The error for the good file with `from` replaced.
    fn error(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from));
        let text = GOOD.replacen(from, to, 1);
        format!("{:#}", CaseFile::parse(&text).unwrap_err())
    }

    #[test]
    fn errors_name_the_line_the_key_and_what_is_allowed() {
        let unknown = error("reach", "raech");
        assert!(
            unknown.starts_with("3: ") && unknown.contains("raech"),
            "{unknown}"
        );
        assert!(unknown.contains("reach"), "{unknown}");

        let kind = error("\"bug\"", "\"bgu\"");
        assert!(
            kind.starts_with("9: ") && kind.contains("known: ") && kind.contains("bug"),
            "{kind}"
        );

        let key = error("title =", "titel =");
        assert!(key.contains("titel") && key.contains("statement"), "{key}");

        let range = error(">=7.0", "7.0");
        assert!(range.contains("write \">=7.0\""), "{range}");

        let lines = error("lines = [\"survived: x\"]", "");
        assert!(lines.starts_with("18: [fixed]: no lines"), "{lines}");

        let build = error("[fixed]", "[[build]]\nname = \"x\"\nerrors = []\n[fixed]");
        assert!(build.contains("either patch and target"), "{build}");

        let both = error("[fixed]", "[sample]\nchecks = 1\n[fixed]");
        assert!(both.contains("none has both"), "{both}");

        let counted = error("lines = [\"survived: x\"]", "checks = 1");
        assert!(counted.contains("only a sample"), "{counted}");

        let inner = error("lines = [\"arm\"]", "line = [\"arm\"]");
        assert!(inner.contains("line"), "{inner}");
    }

    #[test]
    fn what_is_broken_is_something_that_is_shown() {
        let error = |broken: &str| {
            let sample = format!(
                "source = \"x\"\nreach = \"boot\"\nmachines = [\"arm64\"]\nshows = [\"f\"]\n\
                 [sample]\nchecks = 3\n[[broken]]\n{broken}"
            );
            CaseFile::parse(&sample)
                .map(drop)
                .map_err(|error| format!("{error:#}"))
        };
        let check = |broken: &str, why: &str| {
            let error = error(broken).unwrap_err();
            assert!(error.starts_with("7: [[broken]]: "), "{error}");
            assert!(error.contains(why), "{error}");
        };
        let good = "breaks = [\"f\"]\nchange = \"a\"\nto = \"b\"\nfails = [\"f()\"]";
        assert_eq!(error(good), Ok(()));
        check(&good.replace("to =", "#"), "or neither");
        check(&good.replace("[\"f\"]", "[\"g\"]"), "it shows: f");
        check(&good.replace("[\"f\"]", "[]"), "at least one");
        check("breaks = [\"f\"]\nfails = [\"f()\"]", "nothing is changed");
        check(&good.replace("f()", ""), "which checks");
        let case = format!("{GOOD}[[broken]]\n{good}");
        let error = format!("{:#}", CaseFile::parse(&case).unwrap_err());
        assert!(error.contains("only a sample"), "{error}");
    }

    #[test]
    fn a_sample_says_how_many_checks_it_makes() {
        let sample = |claim: &str| {
            CaseFile::parse(&format!(
                "source = \"x\"\nreach = \"scenario\"\nmachines = [\"arm64\"]\n[sample]\n{claim}"
            ))
        };
        assert!(sample("checks = 3").is_ok());
        for none in ["checks = 0", "lines = [\"x\"]"] {
            let error = format!("{:#}", sample(none).unwrap_err());
            assert!(error.contains("how many checks"), "{error}");
        }
    }
}
