// SPDX-License-Identifier: GPL-2.0

//! Machines and architectures, as data: `qemu/machines/*.toml`. Starts nothing.

use anyhow::{anyhow, bail, Context, Result};
use serde::Deserialize;
use std::{fmt, path::Path, str::FromStr};

/// An architecture that cases run on.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// 64-bit x86.
    X86_64,
    /// 64-bit Arm.
    Arm64,
}

impl Arch {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Arm64];

    /// Its name, as in the kernel's `ARCH=`.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// What QEMU is given to boot, below the kernel's build folder; also the make target.
    pub fn image(self) -> &'static str {
        match self {
            Self::X86_64 => "vmlinux",
            Self::Arm64 => "arch/arm64/boot/Image",
        }
    }

    /// The make target that ends in [`Self::image`].
    pub fn image_target(self) -> &'static str {
        match self {
            Self::X86_64 => "vmlinux",
            Self::Arm64 => "Image",
        }
    }

    /// The key of its QEMU in `build/tools.env`.
    pub fn qemu_key(self) -> &'static str {
        match self {
            Self::X86_64 => "QEMU_X86_64",
            Self::Arm64 => "QEMU_ARM64",
        }
    }

    /// The key of a gdb for it in `build/tools.env`.
    pub fn gdb_key(self) -> &'static str {
        match self {
            Self::X86_64 => "GDB_X86_64",
            Self::Arm64 => "GDB_ARM64",
        }
    }

    /// The register that a function's first argument is in, by gdb's name.
    pub fn first_argument(self) -> &'static str {
        match self {
            Self::X86_64 => "rdi",
            Self::Arm64 => "x0",
        }
    }

    /// The key of its static busybox in `build/tools.env`.
    pub fn busybox_key(self) -> &'static str {
        match self {
            Self::X86_64 => "BUSYBOX_X86_64",
            Self::Arm64 => "BUSYBOX_ARM64",
        }
    }

    /// Whether this program runs on it.
    pub fn is_host(self) -> bool {
        std::env::consts::ARCH
            .parse()
            .is_ok_and(|host: Self| host == self)
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl FromStr for Arch {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "x86_64" | "x86" | "amd64" => Ok(Self::X86_64),
            "arm64" | "aarch64" => Ok(Self::Arm64),
            _ => bail!("unknown architecture \"{name}\"; known: x86_64, arm64"),
        }
    }
}

/// A machine to boot: one file under `qemu/machines/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The file's name: what `machines` in a claim calls it.
    #[serde(skip)]
    pub name: String,
    /// What it is, in a line.
    pub about: String,
    /// Its architecture.
    pub arch: Arch,
    /// Its memory, as QEMU's `-m` takes it.
    pub memory: String,
    /// How many CPUs it has.
    pub cpus: u32,
    /// What makes QEMU be it.
    pub args: Vec<String>,
    /// Its CPU model, emulated or not.
    pub cpu: Cpu,
    /// What the kernel has to be told: the console, and how to end.
    pub kernel_args: String,
    /// What is laid over QEMU's own device tree: a file below the project's folder.
    pub overlay: Option<String>,
}

/// A CPU model for each way of running it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cpu {
    /// Emulated.
    pub tcg: String,
    /// On the host's own CPU.
    pub kvm: String,
}

impl Machine {
    /// Reads every machine below `root`, in the order of their names.
    ///
    /// # Errors
    ///
    /// When one of the files is not as it should be.
    pub fn all(root: &Path) -> Result<Vec<Self>> {
        let folder = root.join("qemu/machines");
        let mut machines = Vec::new();
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                machines.push(Self::read(&path)?);
            }
        }
        machines.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(machines)
    }

    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let mut machine: Self = toml::from_str(&text).map_err(|error| {
            anyhow!(
                "{}: {}",
                path.display(),
                error.message().replace('\n', "; ")
            )
        })?;
        machine.name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok(machine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_that_people_know_are_taken() {
        assert_eq!("aarch64".parse::<Arch>().unwrap(), Arch::Arm64);
        assert_eq!("x86_64".parse::<Arch>().unwrap(), Arch::X86_64);
        let error = "riscv".parse::<Arch>().unwrap_err().to_string();
        assert!(error.contains("known: x86_64, arm64"), "{error}");
    }

    #[test]
    fn every_machine_of_the_project_is_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let machines = Machine::all(&root).unwrap();
        for arch in Arch::ALL {
            assert!(machines.iter().any(|machine| machine.arch == arch));
        }
    }
}
