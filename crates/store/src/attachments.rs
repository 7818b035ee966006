//! Attachments: photographs, films, scans, documents and spreadsheets, kept once by the hash of their content.
//!
//! The file is durable before the row that names it commits; a transaction that fails leaves at most a file nobody
//! names, which [`Attachments::sweep`] removes a day later. Whoever serves one must send the stored media type, `nosniff` and, for whatever is no picture, as a download.

use crate::files::{blocking, hash_file, write_durably};
use crate::{Error, Row, Sql, Store, Tx};
use base::{Instant, Text};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

pub use crate::files::Spool;

/// Files asked about at a time when looking for those nobody names.
const SWEPT_AT_ONCE: usize = 500;

/// The folder of attachments: `ROOT/ab/cdef…` by SHA-256.
#[derive(Debug, Clone)]
pub struct Attachments {
    root: PathBuf,
}

/// One kept file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attachment {
    /// Lower-case hex SHA-256 of the content: its name everywhere.
    pub sha256: String,
    /// What it is, by its own bytes, never by what the sender says.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
}

/// A file that is durable on disk and not yet named by any row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept(Attachment);

impl Kept {
    /// What was kept.
    #[must_use]
    pub const fn attachment(&self) -> &Attachment {
        &self.0
    }
}

impl Attachments {
    /// The attachments under a folder, which is created with the first file.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What the bytes would be kept as; nothing is written.
    ///
    /// # Errors
    /// [`Error::Refused`] for an empty, too large or unknown file.
    pub fn examine(bytes: &[u8]) -> Result<Attachment, Error> {
        let media_type = crate::media::of(bytes)?.to_owned();
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        Ok(Attachment { sha256: hex::encode(Sha256::digest(bytes)), media_type, size })
    }

    /// Checks and stores the bytes, before the transaction that will name them.
    ///
    /// # Errors
    /// [`Error::Refused`] for an empty, too large or unknown file; [`Error::DiskFull`].
    pub async fn keep(&self, bytes: Vec<u8>) -> Result<Kept, Error> {
        let this = self.clone();
        blocking(move || {
            let attachment = Self::examine(&bytes)?;
            let path = this.path(&attachment.sha256)?;
            let guard = this.guard()?;
            guard.lock_shared().map_err(|e| Error::from_io(&path, e))?;
            // a damaged file of that name is replaced; a sound one is young again, so that no sweep takes it meanwhile
            if hash_file(&path).is_ok_and(|(found, _)| found == attachment.sha256) {
                File::options()
                    .write(true)
                    .open(&path)
                    .and_then(|f| f.set_modified(SystemTime::now()))
                    .map_err(|e| Error::from_io(&path, e))?;
            } else {
                write_durably(&path, &bytes)?;
            }
            Ok(Kept(attachment))
        })
        .await
    }

    /// Removes files that no row names and that are older than `age`: what was sent with a form that was refused, and
    /// what a process left unfinished when it died. `age` must be longer than any request takes between keeping a file
    /// and naming it. Returns how many were removed.
    ///
    /// # Errors
    /// When the store fails or the folder cannot be read.
    pub async fn sweep(&self, store: &Store, age: Duration) -> Result<usize, Error> {
        let this = self.clone();
        let old = blocking(move || this.older_than(age)).await?;
        let mut removed = 0;
        for some in old.chunks(SWEPT_AT_ONCE) {
            let names = some.iter().filter_map(|(_, sha256)| sha256.clone());
            let mut sql = Sql::new("select sha256 from attachment where sha256 in ");
            sql.bind_list(names);
            let mut named = std::collections::BTreeSet::new();
            for row in store.select(&sql).await? {
                named.insert(row.text("sha256")?);
            }
            let lost: Vec<PathBuf> = some
                .iter()
                .filter(|(_, sha256)| sha256.as_ref().is_none_or(|s| !named.contains(s)))
                .map(|(path, _)| path.clone())
                .collect();
            let this = self.clone();
            removed += blocking(move || this.remove(&lost, age)).await?;
        }
        Ok(removed)
    }

    /// Files older than `age`: each with the hash it is named by, or none when it is the rest of an unfinished one.
    fn older_than(&self, age: Duration) -> Result<Vec<(PathBuf, Option<String>)>, Error> {
        let mut found = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                Err(e) => return Err(Error::from_io(&folder, e)),
            };
            for entry in entries {
                let path = entry.map_err(|e| Error::from_io(&folder, e))?.path();
                if path.is_dir() {
                    if folder == self.root {
                        folders.push(path);
                    }
                    continue;
                }
                let begun = path.extension().is_some_and(|e| e == "part");
                let sha256 = self.name_of(&path);
                if (begun || sha256.is_some()) && is_older(&path, age) {
                    found.push((path, sha256));
                }
            }
        }
        Ok(found)
    }

    /// Removes each of the files that still is older than `age`, while nobody keeps another.
    fn remove(&self, paths: &[PathBuf], age: Duration) -> Result<usize, Error> {
        let mut removed = 0;
        let guard = self.guard()?;
        for path in paths {
            guard.lock().map_err(|e| Error::from_io(path, e))?;
            let done = is_older(path, age) && fs::remove_file(path).is_ok();
            guard.unlock().map_err(|e| Error::from_io(path, e))?;
            removed += usize::from(done);
        }
        Ok(removed)
    }

    /// The file whose lock says whether somebody keeps (shared) or removes (alone), in any process.
    fn guard(&self) -> Result<File, Error> {
        let path = self.root.join(".guard");
        let open = || {
            fs::create_dir_all(&self.root)?;
            File::options().create(true).truncate(false).write(true).open(&path)
        };
        open().map_err(|e| Error::from_io(&path, e))
    }

    /// The hash a file of this folder is named by.
    fn name_of(&self, path: &Path) -> Option<String> {
        let name = format!("{}{}", path.parent()?.file_name()?.to_str()?, path.file_name()?.to_str()?);
        (self.path(&name).ok()? == path).then_some(name)
    }

    /// Begins to take in a document of any length: bytes are written as they come and never held together.
    ///
    /// # Errors
    /// [`Error::DiskFull`]; when the folder cannot be written.
    pub async fn spool(&self) -> Result<Spool, Error> {
        let root = self.root.clone();
        blocking(move || Spool::create(&root)).await
    }

    /// Makes a spooled document durable under its hash.
    ///
    /// # Errors
    /// [`Error::DiskFull`]; when the folder cannot be written.
    pub async fn keep_spooled(&self, spool: Spool, media_type: &'static str) -> Result<Kept, Error> {
        let this = self.clone();
        blocking(move || {
            let (sha256, size) = (spool.sha256(), spool.size());
            let guard = this.guard()?;
            guard.lock_shared().map_err(|e| Error::from_io(&this.root, e))?;
            spool.settle(&this.path(&sha256)?)?;
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            Ok(Kept(Attachment { sha256, media_type: media_type.to_owned(), size }))
        })
        .await
    }

    /// Opens a kept file for reading piece by piece; the reader is told nothing of damage.
    ///
    /// # Errors
    /// When there is no such file.
    pub async fn open(&self, sha256: &str) -> Result<std::fs::File, Error> {
        let path = self.path(sha256)?;
        blocking(move || std::fs::File::open(&path).map_err(|e| Error::from_io(&path, e))).await
    }

    /// Names a kept file in the database; the same content twice is one row.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn record(&self, tx: &mut Tx, kept: &Kept, now: Instant) -> Result<Attachment, Error> {
        self.rehearse(tx, &kept.0, now).await?;
        Ok(kept.0.clone())
    }

    /// Names a file that is not kept yet, in a transaction that is rolled back: so that a form can be checked before
    /// anything is written for whoever sent it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn rehearse(&self, tx: &mut Tx, a: &Attachment, now: Instant) -> Result<(), Error> {
        tx.exec(
            "insert into attachment (sha256, media_type, size, at) values ($1, $2, $3, $4) \
             on conflict (sha256) do nothing",
            &[a.sha256.as_str().into(), a.media_type.as_str().into(), a.size.into(), now.into()],
        )
        .await?;
        Ok(())
    }

    /// [`Attachments::keep`] and [`Attachments::record`] in one step, for small files; a large one is better kept
    /// before its transaction begins.
    ///
    /// # Errors
    /// As both.
    pub async fn put(&self, tx: &mut Tx, bytes: Vec<u8>, now: Instant) -> Result<Attachment, Error> {
        let kept = self.keep(bytes).await?;
        self.record(tx, &kept, now).await
    }

    /// The row of an attachment, if it exists.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, store: &Store, sha256: &str) -> Result<Option<Attachment>, Error> {
        store
            .first("select sha256, media_type, size from attachment where sha256 = $1", &[sha256.into()])
            .await?
            .map(|row| read(&row))
            .transpose()
    }

    /// The bytes, checked against their hash.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when they do not match; [`Error::File`] when there is no such file.
    pub async fn get(&self, sha256: &str) -> Result<Vec<u8>, Error> {
        let (path, sha256) = (self.path(sha256)?, sha256.to_owned());
        blocking(move || {
            let bytes = std::fs::read(&path).map_err(|e| Error::from_io(&path, e))?;
            if hex::encode(Sha256::digest(&bytes)) == sha256 {
                return Ok(bytes);
            }
            Err(Error::Corrupt { what: format!("attachment {sha256}") })
        })
        .await
    }

    /// Where the content of a hash lies. Only 64 lower-case hex digits can name a file.
    pub(crate) fn path(&self, sha256: &str) -> Result<PathBuf, Error> {
        let hex = sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !hex {
            return Err(Error::Refused(Text::of(
                "附件编号应为 64 位十六进制数。",
                "An attachment is named by 64 hexadecimal digits.",
            )));
        }
        Ok(self.root.join(&sha256[..2]).join(&sha256[2..]))
    }
}

/// Whether the file was last written longer ago than `age`; a file that is gone is not.
fn is_older(path: &Path, age: Duration) -> bool {
    let written = fs::metadata(path).and_then(|m| m.modified());
    written.is_ok_and(|at| at.elapsed().is_ok_and(|passed| passed > age))
}

pub(crate) fn read(row: &Row) -> Result<Attachment, Error> {
    Ok(Attachment {
        sha256: row.text("sha256")?,
        media_type: row.text("media_type")?,
        size: row.int("size")?,
    })
}
