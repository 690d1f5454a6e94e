// SPDX-License-Identifier: GPL-2.0

//! Snapshots: a guest that was booted once, to where its init waits for an order, and saved
//! there by QEMU's migration. Each run restores it, with the order and the module to load
//! written into the pages that the waiting guest keeps for them: so the guest needs no
//! device and no driver for it, and its kernel is the same that boots cold.
//!
//! A snapshot is kept under `build/snapshots`, by all that it depends on, and is no more
//! than a saving of time: whatever is wrong with it, it is made again, or the guest is
//! booted in its place. What a guest is to do and what comes of it is not known here.

use crate::{
    child,
    guest::{self, Ended, Guest, Outcome},
    image::{self, mailbox_page, Payload, MAILBOX_PAGES, PAGE},
    kernel::Kernel,
    project::{self, Project, Tools},
    term,
    verdict::MARK,
};
use anyhow::{bail, ensure, Context, Result};
use memchr::memmem;
use nix::sys::socket::{sendmsg, ControlMessage, MsgFlags};
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, IoSlice, Read, Seek, SeekFrom, Write},
    os::{
        fd::{AsRawFd, RawFd},
        unix::{fs::MetadataExt, net::UnixStream},
    },
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// How many are kept; each has some 25 MB for a guest of 256 MiB.
const KEPT: usize = 6;

/// How long a guest may take to boot and be saved, and QEMU to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether `guest`, of a machine with `memory`, is one that a snapshot is worth while for: a
/// machine as it comes, which many cases run on, and emulated (on KVM, a boot takes hardly
/// longer, and none of this was ever tried).
pub fn worth(guest: &Guest, memory: &str) -> bool {
    guest.accel == guest::Accel::Tcg
        && guest.machine.memory == memory
        && guest.init_args.iter().any(|word| word != "boot")
        && guest.kernel_args.is_empty()
        && guest.qemu_args.is_empty()
        && guest.dtb.is_none()
}

/// What the pages of a waiting guest are to hold, if there are as many: the order, and the
/// payload.
fn pages(order: &[u8], payload: &[u8]) -> Option<Vec<Vec<u8>>> {
    let chunks = payload.chunks(PAGE).map(|chunk| (chunk, 0));
    let mut pages: Vec<Vec<u8>> = [(order, b'\n')]
        .into_iter()
        .chain(chunks)
        .map(|(content, rest)| {
            let mut page = content.to_vec();
            page.resize(PAGE.max(page.len()), rest);
            page
        })
        .collect();
    if order.len() > PAGE || pages.len() > MAILBOX_PAGES {
        return None;
    }
    pages.resize(MAILBOX_PAGES, vec![0; PAGE]);
    Some(pages)
}

/// The place of one snapshot.
pub struct Store {
    folder: PathBuf,
    /// All that it depends on, as text.
    key: String,
    /// Its guest, before its init is told to wait.
    guest: Guest,
    /// That guest's initramfs.
    initramfs: Vec<u8>,
}

/// What is known of a snapshot: `snapshot.json` in its folder.
#[derive(Deserialize, Serialize)]
struct Facts {
    key: String,
    /// The CRC-32 of the saved state, and of what the guest printed.
    state: u32,
    boot: u32,
    /// Where in the saved state each page stands that the host writes to.
    pages: Vec<u64>,
}

impl Store {
    /// The place of the snapshot that `guest`, whose kernel is `kernel`, can be restored from.
    ///
    /// # Errors
    ///
    /// When something that it is made of cannot be read.
    pub fn new(project: &Project, tools: &Tools, kernel: &Kernel, guest: &Guest) -> Result<Self> {
        let initramfs = image::waiting(project, tools, kernel)?;
        let mut guest = guest.clone();
        guest.init_args = vec!["wait".to_owned()];
        guest.initrd = "initramfs.cpio".into();
        let mut key = format!(
            "guest {}\ninitramfs {} {:08x}\n",
            term::quoted(&guest.command()),
            initramfs.len(),
            crc32fast::hash(&initramfs)
        );
        for file in [&guest.qemu, &guest.image] {
            key += &identity(file)?;
        }
        let name = format!(
            "{}-{}",
            guest.machine.name,
            project::short_hash(key.as_bytes())
        );
        let folder = project.build.join("snapshots").join(name);
        guest.initrd = folder.join("initramfs.cpio");
        Ok(Self {
            folder,
            key,
            guest,
            initramfs,
        })
    }

    /// Runs `guest` as [`Guest::run`] does, but from the snapshot, which is made if it is not
    /// there. `None`: it cannot be, and is to be booted.
    ///
    /// # Errors
    ///
    /// As [`Guest::run`].
    #[allow(clippy::too_many_arguments)] // those of a run, and what is to be done in it
    pub fn run(
        &self,
        guest: &Guest,
        payload: &Payload,
        verbose: bool,
        log: &Path,
        timeout: Duration,
        mut line: impl FnMut(&str),
        done: impl Fn(&str) -> bool,
    ) -> Result<Option<Outcome>> {
        let (verb, payload) = payload.packed()?;
        let order = format!("{verb} {}\n", guest.init_args.join(" "));
        let Some(pages) = pages(order.as_bytes(), &payload) else {
            return Ok(None);
        };
        // One that was made just now and does not work is no snapshot to try again.
        for _ in 0..2 {
            let snapshot = match self.get() {
                Ok(snapshot) => snapshot,
                Err(error) => {
                    child::check_interrupted()?;
                    term::note(&format!("no snapshot: {error:#}; booting instead"));
                    return Ok(None);
                }
            };
            if verbose {
                term::note(&format!(
                    "restoring {}",
                    self.folder.join("state").display()
                ));
                term::command(self.guest.command().args(["-incoming", "fd:…"]));
            }
            match snapshot.restore(&pages, log, timeout, &mut line, &done)? {
                Ok(outcome) => return Ok(Some(outcome)),
                Err(why) => {
                    term::note(&format!("the snapshot is of no use: {why}; making it anew"));
                    self.discard();
                }
            }
        }
        term::note("the new snapshot is of no use either; booting instead");
        Ok(None)
    }

    /// The snapshot, made if it is not there.
    fn get(&self) -> Result<Snapshot<'_>> {
        if let Some(snapshot) = self.open() {
            return Ok(snapshot);
        }
        let all = self.folder.parent().unwrap_or(Path::new("."));
        let name = self.folder.file_name().unwrap_or_default();
        let _lock = project::lock(all, &format!(".lock-{}", name.to_string_lossy()))?;
        if let Some(snapshot) = self.open() {
            return Ok(snapshot);
        }
        term::note(&format!(
            "{}: booting a guest to save it, this once …",
            self.guest.machine.name
        ));
        self.discard();
        self.make(all).context("saving a guest")?;
        prune(all, &self.folder);
        self.open().context("it is gone again")
    }

    /// The snapshot, if it is there and is what it should be. Its state is not looked at yet.
    fn open(&self) -> Option<Snapshot<'_>> {
        let facts = fs::read(self.folder.join("snapshot.json")).ok()?;
        let facts: Facts = serde_json::from_slice(&facts).ok()?;
        let boot = fs::read(self.folder.join("boot.log")).ok()?;
        let state = File::open(self.folder.join("state")).ok()?;
        let whole = facts.key == self.key
            && facts.pages.len() == MAILBOX_PAGES
            && crc32fast::hash(&boot) == facts.boot;
        whole.then_some(Snapshot {
            guest: &self.guest,
            facts,
            boot,
            state,
        })
    }

    /// Removes it; that another run removed it first is as good.
    fn discard(&self) {
        let _ = fs::remove_dir_all(&self.folder);
    }

    fn make(&self, all: &Path) -> Result<()> {
        let fresh = tempfile::Builder::new().prefix(FRESH).tempdir_in(all)?;
        let path = |name: &str| fresh.path().join(name);
        let mut guest = self.guest.clone();
        guest.initrd = path("initramfs.cpio");
        fs::write(&guest.initrd, &self.initramfs)?;
        let mut state = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path("state"))?;
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = guest.command();
        let number = child::inherit(&mut command, theirs);
        command.args(["-chardev", &format!("socket,id=monitor,fd={number}")]);
        command.args(["-mon", "chardev=monitor,mode=control"]);
        let mut monitor = Monitor::new(ours)?;
        let target = state.try_clone()?;
        let ready = format!("{MARK}ready");
        let outcome = guest::follow(
            command,
            &[],
            &path("boot.log"),
            PATIENCE,
            |_| (),
            |text| {
                let saved = text.ends_with(&ready);
                if saved {
                    monitor.save(&target)?;
                }
                Ok(saved)
            },
        )?;
        if outcome.ended != Ended::Done {
            bail!("the guest did not come to wait: {}", why(&outcome));
        }
        let mut bytes = Vec::new();
        state.seek(SeekFrom::Start(0))?;
        state.read_to_end(&mut bytes)?;
        let facts = Facts {
            key: self.key.clone(),
            state: crc32fast::hash(&bytes),
            boot: crc32fast::hash(&outcome.console),
            pages: find_pages(&bytes)?,
        };
        fs::write(path("snapshot.json"), serde_json::to_vec_pretty(&facts)?)?;
        fs::rename(fresh.path(), &self.folder)?;
        // Nothing is at the old path any more.
        let _ = fresh.keep();
        Ok(())
    }
}

/// How a folder is called that is not whole.
const FRESH: &str = ".new-";

/// A snapshot that is there.
struct Snapshot<'a> {
    guest: &'a Guest,
    facts: Facts,
    boot: Vec<u8>,
    state: File,
}

impl Snapshot<'_> {
    /// Runs the guest on from where it was saved, with `pages` in its memory, and says why it
    /// did not even begin, if it did not.
    fn restore(
        &self,
        pages: &[Vec<u8>],
        log: &Path,
        timeout: Duration,
        line: impl FnMut(&str),
        done: impl Fn(&str) -> bool,
    ) -> Result<Result<Outcome, String>> {
        // SAFETY: A snapshot's file is never written to after it got its name; one that is cut
        // off while it is read here would end this program, and be found damaged by the next.
        let state = unsafe { memmap2::Mmap::map(&self.state)? };
        // Not while QEMU starts: it waits for ever for a stream that ends before it begins.
        if crc32fast::hash(&state) != self.facts.state {
            return Ok(Err("it is damaged".to_owned()));
        }
        drop(state);
        let (reader, writer) = child::pipe()?;
        let mut command = self.guest.command();
        let number = child::inherit(&mut command, reader);
        command.args(["-incoming", &format!("fd:{number}")]);
        let begin = format!("{MARK}begin ");
        let mut began = false;
        std::thread::scope(|scope| {
            let feeding = scope.spawn(move || self.feed(writer, pages));
            let done = |text: &str| {
                began |= text.contains(&begin);
                Ok(done(text))
            };
            let outcome = guest::follow(command, &self.boot, log, timeout, line, done);
            let fed = feeding.join();
            let outcome = outcome?;
            if began {
                return Ok(Ok(outcome));
            }
            Ok(Err(match fed {
                Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => error.to_string(),
                _ => why(&outcome),
            }))
        })
    }

    /// Sends the saved state into `pipe`, with `pages` in the place of what stood there.
    fn feed(&self, mut pipe: File, pages: &[Vec<u8>]) -> io::Result<()> {
        let mut places: Vec<_> = self.facts.pages.iter().zip(pages).collect();
        places.sort();
        let mut sent = 0;
        let mut file = &self.state;
        file.seek(SeekFrom::Start(0))?;
        for (place, page) in places {
            io::copy(&mut file.take(place - sent), &mut pipe)?;
            pipe.write_all(page)?;
            sent = place + PAGE as u64;
            file.seek(SeekFrom::Start(sent))?;
        }
        io::copy(&mut file, &mut pipe)?;
        Ok(())
    }
}

/// Why a guest came no further, as far as one can tell.
fn why(outcome: &Outcome) -> String {
    let said = outcome.stderr.lines().next().unwrap_or_default().trim();
    match outcome.ended {
        _ if !said.is_empty() => format!("QEMU says: {said}"),
        Ended::Exited(status) => format!("QEMU ended with {status}"),
        _ => format!("it said nothing in {}", term::seconds(outcome.took)),
    }
}

/// Where in `state` the pages stand that the host is to write to.
fn find_pages(state: &[u8]) -> Result<Vec<u64>> {
    (0..MAILBOX_PAGES)
        .map(|index| {
            let page = mailbox_page(index);
            let mut places = memmem::find_iter(state, &page);
            let place = places.next().with_context(|| {
                format!("page {index} of the waiting guest is not in its state")
            })?;
            ensure!(
                places.next().is_none(),
                "page {index} of the waiting guest is in its state twice"
            );
            Ok(place as u64)
        })
        .collect()
}

/// What tells one file from another that came into its place.
fn identity(path: &Path) -> Result<String> {
    let meta = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(format!(
        "{} {} {}:{} {}.{:09} {}.{:09}\n",
        path.display(),
        meta.len(),
        meta.dev(),
        meta.ino(),
        meta.mtime(),
        meta.mtime_nsec(),
        meta.ctime(),
        meta.ctime_nsec(),
    ))
}

/// Removes all but the newest snapshots in `all`, and what killed runs left. One that is in use
/// stays readable for those who have it open.
fn prune(all: &Path, newest: &Path) {
    let Ok(entries) = fs::read_dir(all) else {
        return;
    };
    let mut old = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let changed = entry.metadata().and_then(|meta| meta.modified());
        let changed = changed.unwrap_or(SystemTime::UNIX_EPOCH);
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(FRESH) {
            if changed.elapsed().is_ok_and(|age| age > 10 * PATIENCE) {
                let _ = fs::remove_dir_all(path);
            }
        } else if path.is_dir() && path != newest {
            old.push((changed, path));
        }
    }
    old.sort();
    for (_, path) in old.iter().rev().skip(KEPT - 1) {
        let _ = fs::remove_dir_all(path);
    }
}

/// QEMU's monitor (QMP): a line of JSON for each command, and one for each answer, with
/// events between them. (docs/interop/qmp-spec.txt of QEMU; four commands are not worth
/// a crate that generates code for all of them.)
struct Monitor {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
}

impl Monitor {
    fn new(stream: UnixStream) -> Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            reader: BufReader::new(stream.try_clone()?),
            writer: stream,
        })
    }

    /// Saves the guest to `file`, after which it stands still. (Stopped first, it would stand
    /// still when it is restored, too.)
    fn save(&mut self, file: &File) -> Result<()> {
        self.execute("qmp_capabilities", json!({}))?;
        // In bytes per second: whatever the disk takes.
        let speed = json!({ "max-bandwidth": 1_u64 << 40 });
        self.execute("migrate-set-parameters", speed)?;
        // The file goes along with the command.
        self.send("getfd", json!({ "fdname": "state" }), Some(file))?;
        self.answer("getfd")?;
        self.execute("migrate", json!({ "uri": "fd:state" }))?;
        loop {
            let answer = self.execute("query-migrate", json!({}))?;
            match answer["status"].as_str() {
                Some("completed") => return Ok(()),
                Some("failed" | "cancelled") => bail!("QEMU says: {}", answer["error-desc"]),
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
            child::check_interrupted()?;
        }
    }

    fn execute(&mut self, command: &str, arguments: Value) -> Result<Value> {
        self.send(command, arguments, None)?;
        self.answer(command)
    }

    fn send(&mut self, command: &str, arguments: Value, file: Option<&File>) -> Result<()> {
        let request = json!({ "execute": command, "arguments": arguments });
        let request = format!("{request}\n");
        let files: Vec<RawFd> = file.iter().map(|file| file.as_raw_fd()).collect();
        let rights = [ControlMessage::ScmRights(&files)];
        let sent = sendmsg::<()>(
            self.writer.as_raw_fd(),
            &[IoSlice::new(request.as_bytes())],
            if files.is_empty() { &[] } else { &rights },
            MsgFlags::MSG_NOSIGNAL,
            None,
        )
        .with_context(|| format!("{command}: QEMU's monitor"))?;
        ensure!(sent == request.len(), "QEMU's monitor takes no more");
        Ok(())
    }

    fn answer(&mut self, command: &str) -> Result<Value> {
        loop {
            let mut line = String::new();
            let read = self.reader.read_line(&mut line).context("QEMU's monitor")?;
            ensure!(read != 0, "QEMU's monitor is gone");
            let mut answer: Value = serde_json::from_str(&line)?;
            if let Some(error) = answer.get("error") {
                bail!("{command}: QEMU says: {}", error["desc"]);
            }
            if let Some(value) = answer.get_mut("return") {
                return Ok(value.take());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_and_a_payload_fill_the_pages() {
        let pages = pages(b"load x\n", &[7; PAGE + 1]).unwrap();
        assert_eq!(pages.len(), MAILBOX_PAGES);
        assert!(pages.iter().all(|page| page.len() == PAGE));
        assert!(pages[0].starts_with(b"load x\n\n"));
        assert_eq!(pages[1], [7; PAGE]);
        assert_eq!(pages[2][..2], [7, 0]);
    }

    #[test]
    fn what_is_too_large_is_not_cut_off() {
        assert!(pages(b"load x\n", &[7; PAGE * MAILBOX_PAGES]).is_none());
        assert!(pages(&[b'x'; PAGE + 1], &[]).is_none());
    }

    #[test]
    fn pages_are_found_once_or_not_at_all() {
        let whole: Vec<u8> = (0..MAILBOX_PAGES).flat_map(mailbox_page).collect();
        let mut state = b"head".to_vec();
        state.extend(&whole);
        let places = find_pages(&state).unwrap();
        assert_eq!(places[..2], [4, 4 + PAGE as u64]);
        assert!(find_pages(&state[..PAGE]).is_err());
        state.extend(mailbox_page(3));
        let error = find_pages(&state).unwrap_err().to_string();
        assert!(error.contains("page 3"), "{error}");
    }

    #[test]
    fn the_state_is_sent_with_the_pages_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut state = b"head".to_vec();
        for index in (0..MAILBOX_PAGES).rev() {
            state.extend(mailbox_page(index));
            state.extend(b"between");
        }
        fs::write(&path, &state).unwrap();
        let guest = guest::tests::guest(Path::new("qemu"));
        let snapshot = Snapshot {
            guest: &guest,
            facts: Facts {
                key: String::new(),
                state: crc32fast::hash(&state),
                boot: 0,
                pages: find_pages(&state).unwrap(),
            },
            boot: Vec::new(),
            state: File::open(&path).unwrap(),
        };
        let new = pages(b"load x\n", &[7; 9]).unwrap();
        let (mut reader, writer) = child::pipe().unwrap();
        let sent = std::thread::scope(|scope| {
            scope.spawn(|| snapshot.feed(writer, &new).unwrap());
            let mut sent = Vec::new();
            reader.read_to_end(&mut sent).unwrap();
            sent
        });
        assert_eq!(sent.len(), state.len());
        assert!(sent.starts_with(b"head\0"));
        let order = memmem::find(&sent, b"load x\n").unwrap();
        assert_eq!(&sent[order + PAGE..], b"between");

        // A byte that changed is found, before QEMU is even started.
        let mut broken = state.clone();
        broken[1] = b'E';
        fs::write(&path, &broken).unwrap();
        let log = folder.path().join("console.log");
        let restored = snapshot.restore(&new, &log, PATIENCE, |_| (), |_| true);
        assert_eq!(restored.unwrap().unwrap_err(), "it is damaged");
    }

    #[test]
    fn only_the_newest_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        for index in 0..KEPT + 3 {
            let path = folder.path().join(format!("x-{index}"));
            fs::create_dir(&path).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(index as u64);
            File::open(&path).unwrap().set_modified(time).unwrap();
        }
        // The one just made stays whatever its time.
        prune(folder.path(), &folder.path().join("x-0"));
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["x-0", "x-4", "x-5", "x-6", "x-7", "x-8"]);
    }
}
