//! Files that survive a power cut: written beside, synced, renamed, and the folder synced.

use crate::Error;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Writes a whole file durably: a reader sees either nothing or all of it.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let temp = beside(path);
    let fail = |e| Error::from_io(path, e);
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = (|| {
        fs::create_dir_all(folder)?;
        let mut file = File::create(&temp)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temp, path)?;
        sync_folder(folder)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temp);
    }
    written.map_err(fail)
}

/// A document that is being taken in: a file beside the others, and the hash of what was written so far. Dropped before
/// it is settled, it leaves nothing.
#[derive(Debug)]
pub struct Spool {
    file: File,
    path: Option<PathBuf>,
    hash: Sha256,
    size: u64,
}

impl Spool {
    pub(crate) fn create(root: &Path) -> Result<Self, Error> {
        let path = beside(&root.join("spool"));
        let fail = |e| Error::from_io(&path, e);
        fs::create_dir_all(root).map_err(fail)?;
        let file = File::create(&path).map_err(fail)?;
        Ok(Self { file, path: Some(path), hash: Sha256::new(), size: 0 })
    }

    /// Takes in the next bytes.
    ///
    /// # Errors
    /// [`Error::DiskFull`]; when the file cannot be written.
    pub async fn write(mut self, bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Self, Error> {
        blocking(move || {
            let bytes = bytes.as_ref();
            self.file
                .write_all(bytes)
                .map_err(|e| Error::from_io(self.path.as_deref().unwrap_or(Path::new("")), e))?;
            self.hash.update(bytes);
            self.size += bytes.len() as u64;
            Ok(self)
        })
        .await
    }

    /// Bytes so far.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn sha256(&self) -> String {
        hex::encode(self.hash.clone().finalize())
    }

    /// Gives the file its name, durably.
    pub(crate) fn settle(mut self, path: &Path) -> Result<(), Error> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let fail = |e| Error::from_io(path, e);
        fs::create_dir_all(folder).map_err(fail)?;
        self.file.sync_all().map_err(fail)?;
        if let Some(temp) = self.path.take() {
            fs::rename(&temp, path).map_err(fail)?;
        }
        sync_folder(folder).map_err(fail)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

/// A name for the unfinished file: unique, and recognisable as such.
fn beside(path: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_extension(format!("{}-{n}.part", std::process::id()))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The lower-case hex SHA-256 and the size of a file.
pub(crate) fn hash_file(path: &Path) -> Result<(String, u64), Error> {
    let fail = |e| Error::from_io(path, e);
    let mut file = File::open(path).map_err(fail)?;
    let (mut hash, mut size) = (Sha256::new(), 0u64);
    let mut buffer = vec![0u8; 1 << 16];
    loop {
        let n = file.read(&mut buffer).map_err(fail)?;
        if n == 0 {
            return Ok((hex::encode(hash.finalize()), size));
        }
        hash.update(&buffer[..n]);
        size += n as u64;
    }
}

/// Runs file work off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::Setup(format!("file work was interrupted: {e}")))?
}
