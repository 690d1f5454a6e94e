// SPDX-License-Identifier: GPL-2.0

//! A machine's device tree: QEMU's own, with overlays of ours on it, one of which may set
//! memory aside at a place that depends on the kernel's layout.

use crate::{
    child,
    claim::Region,
    guest::Guest,
    project::{Project, Tools},
};
use anyhow::{bail, Context, Result};
use object::{Object, ObjectSymbol};
use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    process::Command,
};

/// What a CMA region is aligned to here: the largest block of the page allocator, `PAGE_SIZE <<
/// MAX_PAGE_ORDER`. It has to be aligned to a pageblock, which is as large, or half of that
/// where there are huge pages (include/linux/pageblock-flags.h).
const PAGEBLOCK: u64 = 4096 << 10;

/// The device tree that QEMU makes for a guest, and what can be said of the guest by it.
pub struct DeviceTree<'a> {
    dtc: &'a Path,
    vmlinux: &'a Path,
    image: PathBuf,
    folder: &'a Path,
    plain: PathBuf,
}

impl<'a> DeviceTree<'a> {
    /// Has QEMU make it in `folder`. `vmlinux` is the kernel that `guest` boots.
    ///
    /// # Errors
    ///
    /// When there is no dtc, or QEMU fails.
    pub fn of(
        tools: &'a Tools,
        guest: &Guest,
        vmlinux: &'a Path,
        folder: &'a Path,
    ) -> Result<Self> {
        let dtc = Path::new(tools.need("DTC")?);
        let plain = folder.join("virt.dtb");
        let mut qemu = guest.command();
        qemu.arg("-machine")
            .arg(format!("dumpdtb={}", plain.display()));
        child::output(&mut qemu)?;
        Ok(Self {
            dtc,
            vmlinux,
            image: guest.image.clone(),
            folder,
            plain,
        })
    }

    /// Makes another one of it, with `overlay` (a file below the project's folder) and a node
    /// for a CMA region, and says where it is.
    ///
    /// # Errors
    ///
    /// When one of the tools fails, or the region has no place.
    pub fn make(
        &self,
        project: &Project,
        overlay: Option<&str>,
        region: Option<Region>,
    ) -> Result<PathBuf> {
        let mut overlays = Vec::new();
        let mut compile = |source: &Path| -> Result<()> {
            let name = source.file_name().unwrap_or_default();
            let compiled = self.folder.join(name).with_extension("dtbo");
            let mut command = Command::new(self.dtc);
            command.args(["-q", "-I", "dts", "-O", "dtb", "-o"]);
            child::output(command.arg(&compiled).arg(source))?;
            overlays.push(compiled);
            Ok(())
        };
        if let Some(overlay) = overlay {
            compile(&project.root.join(overlay))?;
        }
        if let Some(region) = region {
            let place = self.place(region)?;
            let template = project.root.join("qemu/overlays/cma.dts");
            let text = fs::read_to_string(&template)
                .with_context(|| format!("cannot read {}", template.display()))?
                .replace("CMA_BASE", &format!("{:#x}", place.start))
                .replace("CMA_SIZE", &format!("{:#x}", place.end - place.start));
            let filled = self.folder.join("cma.dts");
            fs::write(&filled, text)?;
            compile(&filled)?;
        }
        let out = self.folder.join("machine.dtb");
        let mut fdtoverlay = Command::new(self.beside("fdtoverlay"));
        fdtoverlay.arg("-i").arg(&self.plain).arg("-o").arg(&out);
        child::output(fdtoverlay.args(&overlays))?;
        Ok(out)
    }

    /// The word for the kernel's command line that asks for a CMA region there.
    ///
    /// # Errors
    ///
    /// When the region has no place.
    pub fn cma_argument(&self, region: Region) -> Result<String> {
        Ok(cma_argument(&self.place(region)?))
    }

    /// Where a region lies in the guest's memory.
    fn place(&self, region: Region) -> Result<Range<u64>> {
        let mut fdtget = Command::new(self.beside("fdtget"));
        let nodes = child::output(fdtget.arg("-l").arg(&self.plain).arg("/"))?;
        let ram = ram_start(&String::from_utf8_lossy(&nodes))?;
        region_place(region, &Layout::read(self.vmlinux, &self.image, ram)?)
    }

    /// Another tool of dtc's, which comes with it.
    fn beside(&self, name: &str) -> PathBuf {
        self.dtc.with_file_name(name)
    }
}

/// As people write it: `cma=4M@0x40000000`.
fn cma_argument(place: &Range<u64>) -> String {
    format!(
        "cma={}M@{:#x}",
        (place.end - place.start) >> 20,
        place.start
    )
}

/// Where memory begins: the address of the first memory node, from the names of all nodes.
fn ram_start(nodes: &str) -> Result<u64> {
    let address = nodes.lines().find_map(|node| node.strip_prefix("memory@"));
    let address = address.context("QEMU's device tree has no memory node")?;
    u64::from_str_radix(address.trim(), 16)
        .with_context(|| format!("memory@{address}: not an address"))
}

/// Where the kernel comes to lie in physical memory.
#[derive(Clone, Debug)]
struct Layout {
    text: Range<u64>,
    end: u64,
}

impl Layout {
    /// From the symbols of `vmlinux`, the header of `image`, and the start of memory.
    fn read(vmlinux: &Path, image: &Path, ram: u64) -> Result<Self> {
        let load = ram + load_offset(image)?;
        let file = fs::File::open(vmlinux)
            .with_context(|| format!("cannot read {}", vmlinux.display()))?;
        // SAFETY: The kernel is not built anew while its guest is put together; were it, what
        // is read here would be wrong, and no worse.
        let bytes = unsafe { memmap2::Mmap::map(&file)? };
        let elf = object::File::parse(&*bytes)
            .with_context(|| format!("cannot read {}", vmlinux.display()))?;
        let address = |name: &str| {
            let symbol = elf.symbols().find(|symbol| symbol.name() == Ok(name));
            let symbol = symbol.with_context(|| format!("vmlinux has no symbol {name}"))?;
            anyhow::Ok(symbol.address())
        };
        let start = address("_text")?;
        let physical = |name: &str| anyhow::Ok(address(name)? - start + load);
        Ok(Self {
            text: physical("_stext")?..physical("_etext")?,
            end: physical("_end")?,
        })
    }
}

/// How far from the start of memory QEMU loads an arm64 image. Its header says (the second
/// word, Documentation/arch/arm64/booting.rst); QEMU keeps the first pages for its own code,
/// and puts an image that would lie there 2 MiB higher (hw/arm/boot.c).
fn load_offset(image: &Path) -> Result<u64> {
    let mut header = [0; 16];
    let mut file =
        fs::File::open(image).with_context(|| format!("cannot read {}", image.display()))?;
    std::io::Read::read_exact(&mut file, &mut header)?;
    let mut offset = [0; 8];
    offset.copy_from_slice(&header[8..]);
    let offset = u64::from_le_bytes(offset);
    Ok(if offset < 4096 {
        offset + (2 << 20)
    } else {
        offset
    })
}

/// Where a region lies, in whole pageblocks.
fn region_place(region: Region, kernel: &Layout) -> Result<Range<u64>> {
    let down = |address: u64| address / PAGEBLOCK * PAGEBLOCK;
    let place = match region {
        // From the block in which the text begins to the last whole one: what comes behind
        // the text (the vDSO, data) stays out of it.
        Region::OverText => down(kernel.text.start)..down(kernel.text.end),
        Region::BesideKernel => {
            let start = kernel.end.next_multiple_of(PAGEBLOCK);
            start..start + PAGEBLOCK
        }
    };
    if place.is_empty() {
        bail!(
            "no pageblock over the kernel's text alone: it lies at {:#x}..{:#x}, and a region \
             begins and ends at a multiple of {PAGEBLOCK:#x}",
            kernel.text.start,
            kernel.text.end
        );
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(region: Region, text: Range<u64>, expected: Option<Range<u64>>) {
        let kernel = Layout {
            text,
            end: 0x4072_0000,
        };
        assert_eq!(region_place(region, &kernel).ok(), expected);
    }

    #[test]
    fn a_region_lies_over_text_alone_or_behind_the_kernel() {
        let text = 0x4021_0000..0x4045_0000;
        check(
            Region::OverText,
            text.clone(),
            Some(0x4000_0000..0x4040_0000),
        );
        check(Region::BesideKernel, text, Some(0x4080_0000..0x40c0_0000));
        check(Region::OverText, 0x4041_0000..0x4045_0000, None);
    }

    #[test]
    fn a_region_is_asked_for_as_people_write_it() {
        assert_eq!(
            cma_argument(&(0x4000_0000..0x4080_0000)),
            "cma=8M@0x40000000"
        );
    }

    #[test]
    fn memory_begins_where_its_node_says() {
        assert_eq!(
            ram_start("psci\nmemory@40000000\ngpio\n").unwrap(),
            0x4000_0000
        );
        assert!(ram_start("psci\n").is_err());
    }
}
