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

/// Makes an initramfs with busybox, our init and `modules`, all of which stand in
/// `/lib/modules/<release>/extra`, where modprobe finds them; and with the `scripts` that are
/// to be run, in `/scripts`, beside what they share.
///
/// # Errors
///
/// When busybox is not what it should be, or a module cannot be read.
pub fn make(
    project: &Project,
    tools: &Tools,
    kernel: &Kernel,
    modules: &[PathBuf],
    scripts: &[PathBuf],
) -> Result<Vec<u8>> {
    let busybox = Path::new(tools.need(kernel.arch.busybox_key())?);
    let release = kernel.release()?;
    let extra = format!("lib/modules/{release}/extra");
    let mut image = Image::default();
    for folder in ["bin", "dev", "proc", "sys", "tmp"] {
        image.folder(folder)?;
    }
    for (end, _) in extra.match_indices('/') {
        image.folder(&extra[..end])?;
    }
    image.folder(&extra)?;
    image.file("init", 0o755, &read(&project.root.join("rootfs/init"))?)?;
    image.file("bin/busybox", 0o755, &read(busybox)?)?;
    image.folder("scripts")?;
    let checks = read(&project.root.join("rootfs/checks.sh"))?;
    image.file("scripts/checks.sh", 0o644, &checks)?;
    for script in scripts {
        let name = script.file_stem().unwrap_or_default().to_string_lossy();
        image.file(&format!("scripts/{name}"), 0o755, &read(script)?)?;
    }
    let mut index = String::new();
    for module in modules {
        let name = module.file_name().unwrap_or_default().to_string_lossy();
        image.file(
            &format!("{extra}/{name}"),
            0o644,
            &read(&stripped(tools, module)?)?,
        )?;
        // None of our modules depends on another.
        index += &format!("extra/{name}:\n");
    }
    image.file(
        &format!("lib/modules/{release}/modules.dep"),
        0o644,
        index.as_bytes(),
    )?;
    image.finish()
}

/// The module without its debug information, which only the host needs: it is nine tenths
/// of the file, and the guest would have to unpack it.
fn stripped(tools: &Tools, module: &Path) -> Result<PathBuf> {
    let slim = module.with_extension("ko.stripped");
    let stamp = module.with_extension("ko.stripped.of");
    let version = fingerprint(module)?;
    if slim.is_file() && fs::read_to_string(&stamp).is_ok_and(|old| old == version) {
        return Ok(slim);
    }
    let folder = module.parent().unwrap_or(Path::new("."));
    let fresh = tempfile::NamedTempFile::new_in(folder)?.into_temp_path();
    let mut objcopy = Command::new(llvm_tool(tools, "llvm-objcopy")?);
    child::output(objcopy.arg("--strip-debug").arg(module).arg(&fresh))?;
    fresh.persist(&slim)?;
    project::write_whole(&stamp, version.as_bytes())?;
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
