//! The file of `--state`: read and removed at the start, written at the end. Knows paths and the log,
//! and not the format of the file.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use minicap::log::Log;
use minicap::store::Memory;

/// Readable only by the owner, since the file has the texts of captchas.
const MODE: u32 = 0o600;

/// Bytes read or written at once: some thousand captchas.
const BUFFER_BYTES: usize = 64 * 1024;

/// A file that this process alone uses, until the value is dropped.
///
/// There may be three more files with its name and an ending: `.lock`, which is empty and stays; `.new`,
/// which is being written; `.unreadable`, which could not be restored.
pub(crate) struct StateFile {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl StateFile {
    /// Locks the file against other processes, from now on.
    pub(crate) fn claim(path: PathBuf) -> Result<Self, String> {
        let name = path.display();
        let lock = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(MODE)
            .open(beside(&path, ".lock"))
            .map_err(|error| format!("cannot keep captchas in {name}: {error}"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(format!("another process keeps its captchas in {name}"));
            }
            Err(TryLockError::Error(error)) => {
                return Err(format!("cannot lock {name}.lock: {error}"));
            }
        }
        // Left by a process that was killed while it wrote; it has texts.
        match fs::remove_file(beside(&path, ".new")) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(format!("cannot remove {name}.new: {error}"))
            }
            _ => Ok(StateFile { path, _lock: lock }),
        }
    }

    /// The captchas of the file, in a store that `new` has made. The file is then removed, so that no
    /// crash can bring back a captcha that was solved. If the file cannot be read as a state, it is
    /// renamed, and the store is empty.
    pub(crate) fn restore(
        &self,
        new: impl Fn() -> Result<Memory, String>,
        log: &Log,
    ) -> Result<Memory, String> {
        let file = self
            .open()
            .map_err(|error| self.failure("cannot read", error))?;
        let Some(file) = file else {
            return new();
        };
        let input = BufReader::with_capacity(BUFFER_BYTES, file);
        match new()?.with_state(input, SystemTime::now()) {
            Ok((memory, restored)) => {
                self.remove()
                    .map_err(|error| self.failure("cannot remove", error))?;
                let [alive, expired, evicted]: [&dyn Display; 3] =
                    [&restored.alive, &restored.expired, &restored.evicted];
                log.info(
                    "captchas restored",
                    &[("alive", alive), ("expired", expired), ("evicted", evicted)],
                );
                Ok(memory)
            }
            Err(error) => {
                let aside = beside(&self.path, ".unreadable");
                fs::rename(&self.path, &aside)
                    .and_then(|()| self.sync_folder())
                    .map_err(|error| self.failure("cannot rename", error))?;
                log.error(
                    "captchas cannot be restored",
                    &[("error", &error), ("aside", &aside.display())],
                );
                new()
            }
        }
    }

    /// Moves the captchas from the store to the file. If that fails they are lost, which is logged.
    pub(crate) fn save(&self, memory: &Memory, log: &Log) {
        let new = beside(&self.path, ".new");
        let saved = write(&new, memory).and_then(|count| {
            fs::rename(&new, &self.path)?;
            self.sync_folder()?;
            Ok(count)
        });
        match saved {
            Ok(count) => log.info("captchas saved", &[("alive", &count)]),
            Err(error) => {
                let _ = fs::remove_file(&new);
                log.error(
                    "captchas are lost",
                    &[("file", &self.path.display()), ("error", &error)],
                );
            }
        }
    }

    /// The file to read; none if there is none. Anything but a regular file, such as a pipe, could block
    /// the start.
    fn open(&self) -> io::Result<Option<File>> {
        match fs::symlink_metadata(&self.path) {
            Ok(metadata) if metadata.is_file() => File::open(&self.path).map(Some),
            Ok(_) => Err(io::Error::other("it is not a regular file")),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)?;
        self.sync_folder()
    }

    /// Writes the entries of the folder to the disk, if the file system can.
    fn sync_folder(&self) -> io::Result<()> {
        let folder = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        match File::open(folder.unwrap_or(Path::new(".")))?.sync_all() {
            Err(error) if is_unsupported(&error) => Ok(()),
            result => result,
        }
    }

    fn failure(&self, what: &str, error: impl Display) -> String {
        format!("{what} {}: {error}", self.path.display())
    }
}

/// Writes the captchas of the store to a file of this name, and onto the disk.
fn write(path: &Path, memory: &Memory) -> io::Result<usize> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path)?;
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, file);
    let count = memory.write_state(&mut out, Instant::now(), SystemTime::now())?;
    out.flush()?;
    out.get_ref().sync_all()?;
    Ok(count)
}

/// Whether an error means that the file system cannot sync folders (Linux manual, `fsync(2)`).
fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InvalidInput | ErrorKind::Unsupported
    )
}

/// A path with an ending appended to its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}
