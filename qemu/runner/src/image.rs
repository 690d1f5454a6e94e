// SPDX-License-Identifier: GPL-2.0

//! The root file system: an initramfs, put together without root, mounts or device nodes.

use crate::{
    child,
    kernel::Kernel,
    project::{self, fingerprint, Project, Tools},
};
use anyhow::{Context, Result};
use cpio::newc::{trailer, Builder, ModeFileType};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Makes an initramfs with busybox, our init, what scripts share, and what `payload` holds.
///
/// # Errors
///
/// When busybox is not what it should be.
pub fn make(
    project: &Project,
    tools: &Tools,
    kernel: &Kernel,
    payload: &Payload,
) -> Result<Vec<u8>> {
    let mut image = base(project, tools, kernel)?;
    image.payload(payload)?;
    image.finish()
}

/// Makes the initramfs of a guest that waits to be told what to do: in place of a payload it has
/// the files `/order` and `/payload`, the pages of which the host finds in the guest's memory by
/// what stands in them ([`mailbox_page`]), and replaces.
///
/// # Errors
///
/// When busybox is not what it should be.
pub fn waiting(project: &Project, tools: &Tools, kernel: &Kernel) -> Result<Vec<u8>> {
    let mut image = base(project, tools, kernel)?;
    let pages: Vec<u8> = (0..MAILBOX_PAGES).flat_map(mailbox_page).collect();
    let (order, payload) = pages.split_at(PAGE);
    for (name, pages) in [("order", order), ("payload", payload)] {
        // Only the guest's own copy of them is to begin where a page does: an entry has 110 bytes,
        // then its name, and its content is aligned to four.
        if (image.bytes.len() + 110 + name.len() + 1).next_multiple_of(4) % PAGE == 0 {
            image.folder("tmp")?;
        }
        image.file(name, 0o644, pages)?;
    }
    image.finish()
}

/// The size of a page of the guest's memory.
pub const PAGE: usize = 4096;

/// How many pages a waiting guest has for its order, the first, and for a payload.
pub const MAILBOX_PAGES: usize = 33;

/// What page `index` of them holds before the host writes there: nothing like it stands
/// anywhere else.
pub fn mailbox_page(index: usize) -> Vec<u8> {
    let line = format!("wait for the host to write into page {index:06}\n");
    let mut page = line.repeat(PAGE / line.len() + 1).into_bytes();
    page.truncate(PAGE - 1);
    page.push(b'\n');
    page
}

/// What every guest has.
fn base(project: &Project, tools: &Tools, kernel: &Kernel) -> Result<Image> {
    let busybox = Path::new(tools.need(kernel.arch.busybox_key())?);
    let mut image = Image::default();
    for folder in ["bin", "dev", "proc", "scripts", "sys", "tmp"] {
        image.folder(folder)?;
    }
    let extra = extra(kernel)?;
    for (end, _) in extra.match_indices('/') {
        image.folder(&extra[..end])?;
    }
    image.folder(&extra)?;
    // Where init speaks, from its first line on (Documentation/admin-guide/devices.txt).
    image.device("dev/kmsg", 1, 11)?;
    let ours = |name: &str| read(&project.root.join("rootfs").join(name));
    image.file("init", 0o755, &ours("init")?)?;
    image.file("bin/busybox", 0o755, &read(busybox)?)?;
    image.file("scripts/checks.sh", 0o644, &ours("checks.sh")?)?;
    Ok(image)
}

/// Where modprobe finds modules that are not the kernel's own.
fn extra(kernel: &Kernel) -> Result<String> {
    Ok(format!("lib/modules/{}/extra", kernel.release()?))
}

/// What a guest gets beside what all have: files, by their paths.
#[derive(Debug, Default)]
pub struct Payload {
    files: Vec<(String, u32, Vec<u8>)>,
    modules: usize,
}

impl Payload {
    /// The `modules`, all of which stand in `/lib/modules/<release>/extra`, where modprobe finds
    /// them; and the `scripts` that are to be run, in `/scripts`, beside what they share.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read.
    pub fn new(
        tools: &Tools,
        kernel: &Kernel,
        modules: &[PathBuf],
        scripts: &[PathBuf],
    ) -> Result<Self> {
        let mut files = Vec::new();
        for script in scripts {
            let name = script.file_stem().unwrap_or_default().to_string_lossy();
            files.push((format!("scripts/{name}"), 0o755, read(script)?));
        }
        let extra = extra(kernel)?;
        let mut index = String::new();
        for module in modules {
            let name = module.file_name().unwrap_or_default().to_string_lossy();
            let content = read(&stripped(tools, module)?)?;
            files.push((format!("{extra}/{name}"), 0o644, content));
            // None of our modules depends on another.
            index += &format!("extra/{name}:\n");
        }
        let modules_dep = extra.replace("/extra", "/modules.dep");
        files.push((modules_dep, 0o644, index.into_bytes()));
        Ok(Self {
            files,
            modules: modules.len(),
        })
    }

    /// The same for a guest that is running and waits: what to do with it, in a word that init
    /// knows, and the bytes.
    ///
    /// # Errors
    ///
    /// When a file is too large.
    pub fn packed(&self) -> Result<(&'static str, Vec<u8>)> {
        // The usual one: a module that is to be loaded needs neither a name nor an index.
        if let [(_, _, module), _] = self.files.as_slice() {
            if self.modules == 1 {
                return Ok(("load", module.clone()));
            }
        }
        let mut image = Image::default();
        image.payload(self)?;
        Ok(("unpack", image.finish()?))
    }
}

/// The module without its debug information, which only the host needs: it is nine tenths
/// of the file, and the guest would have to unpack it.
fn stripped(tools: &Tools, module: &Path) -> Result<PathBuf> {
    let slim = module.with_extension("ko.stripped");
    let stamp = module.with_extension("ko.stripped.of");
    let version = fingerprint(module)?;
    // Of both: what was made may have been damaged since.
    let facts = || fingerprint(&slim).map(|made| format!("{version}{made}"));
    if facts().is_ok_and(|facts| fs::read_to_string(&stamp).is_ok_and(|old| old == facts)) {
        return Ok(slim);
    }
    let folder = module.parent().unwrap_or(Path::new("."));
    let fresh = tempfile::NamedTempFile::new_in(folder)?.into_temp_path();
    let mut objcopy = Command::new(llvm_tool(tools, "llvm-objcopy")?);
    child::output(objcopy.arg("--strip-debug").arg(module).arg(&fresh))?;
    fresh.persist(&slim)?;
    project::write_whole(&stamp, facts()?.as_bytes())?;
    Ok(slim)
}

/// An LLVM tool by the name that kbuild would use for it: with the suffix, or in the folder,
/// that `LLVM=` says.
fn llvm_tool(tools: &Tools, name: &str) -> Result<String> {
    let llvm = tools.need("LLVM")?;
    Ok(match llvm {
        _ if llvm.starts_with('-') => format!("{name}{llvm}"),
        _ if llvm.ends_with('/') => format!("{llvm}{name}"),
        _ => name.to_owned(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A cpio archive in the format that the kernel unpacks ("newc").
#[derive(Default)]
struct Image {
    bytes: Vec<u8>,
    inodes: u32,
}

impl Image {
    fn folder(&mut self, path: &str) -> Result<()> {
        self.entry(path, ModeFileType::Directory, 0o755, &[])
    }

    fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> Result<()> {
        self.entry(path, ModeFileType::Regular, mode, content)
    }

    fn payload(&mut self, payload: &Payload) -> Result<()> {
        for (path, mode, content) in &payload.files {
            self.file(path, *mode, content)?;
        }
        Ok(())
    }

    fn device(&mut self, path: &str, major: u32, minor: u32) -> Result<()> {
        self.inodes += 1;
        Builder::new(path)
            .ino(self.inodes)
            .mode(0o600)
            .set_mode_file_type(ModeFileType::Char)
            .rdev_major(major)
            .rdev_minor(minor)
            .write(&mut self.bytes, 0)
            .finish()?;
        Ok(())
    }

    fn entry(&mut self, path: &str, kind: ModeFileType, mode: u32, content: &[u8]) -> Result<()> {
        self.inodes += 1;
        let size = u32::try_from(content.len()).with_context(|| format!("{path} is too large"))?;
        let mut writer = Builder::new(path)
            .ino(self.inodes)
            .mode(mode)
            .set_mode_file_type(kind)
            .write(&mut self.bytes, size);
        std::io::Write::write_all(&mut writer, content)?;
        writer.finish()?;
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        trailer(&mut self.bytes)?;
        Ok(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpio::newc::Reader;
    use std::io::Read;

    #[test]
    fn what_goes_in_comes_out() {
        let mut image = Image::default();
        image.folder("bin").unwrap();
        image.file("bin/x", 0o755, b"hello").unwrap();
        let bytes = image.finish().unwrap();

        let folder = Reader::new(bytes.as_slice()).unwrap();
        assert_eq!(folder.entry().name(), "bin");
        assert_eq!(folder.entry().mode(), 0o040_755);
        let rest = folder.finish().unwrap();
        let mut file = Reader::new(rest).unwrap();
        assert_eq!(file.entry().mode(), 0o100_755);
        let mut content = String::new();
        file.read_to_string(&mut content).unwrap();
        assert_eq!(content, "hello");
    }
}
