//! Backup of a running store and its attachments, and restore into an empty one, every byte checked.
//!
//! A backup is a folder: `database.sqlite` (a copy of the file) or `tables/NAME.jsonl` (the logical form, readable by
//! both engines), `attachments/ab/cdef…`, `data/…` (further files such as the journal's key) and `manifest.json` with
//! the hash of each. The manifest is written last and durably: a folder without one is a backup that was interrupted.

mod logical;

use crate::attachments::Attachments;
use crate::files::{blocking, hash_file, sync_folder, write_durably};
use crate::{Config, Engine, Error, Store, Tx, catalogue};
use base::Instant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const FORM: &str = "shian-backup/1";
const MANIFEST: &str = "manifest.json";
const DATABASE: &str = "database.sqlite";

/// How the database is kept in a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// A copy of the SQLite file.
    File,
    /// JSON lines a table; the only form for PostgreSQL, and the way from one engine to the other.
    Logical,
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of this folder.
    pub form: String,
    /// When the backup began: the state of that moment.
    pub at: Instant,
    /// How the database is kept.
    pub database: Form,
    /// Schema steps applied, with the hash of each.
    pub steps: Vec<(i64, String)>,
    /// Tables with their number of rows (logical form).
    pub tables: Vec<(String, u64)>,
    /// Every file with its size and SHA-256.
    pub files: Vec<FileEntry>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path within the backup, with `/`.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Lower-case hex SHA-256.
    pub sha256: String,
}

/// Backs a running store up into `folder`, which must be empty or absent. `form` is [`Form::Logical`] for PostgreSQL
/// whatever is asked. `further` are files of the data folder kept with it, such as keys: guard the backup like them.
///
/// # Errors
/// [`Error::Setup`] when the folder is in use; [`Error::DiskFull`]; [`Error::Corrupt`] when an attachment is damaged.
pub async fn backup(
    store: &Store,
    attachments: &Attachments,
    folder: &Path,
    form: Form,
    further: &[PathBuf],
    now: Instant,
) -> Result<Manifest, Error> {
    let fail = |e| Error::from_io(folder, e);
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        let text = format!("{} is not empty; name a new folder for the backup", folder.display());
        return Err(Error::Setup(text));
    }
    fs::create_dir_all(folder).map_err(fail)?;
    let database = if store.engine() == Engine::Postgres { Form::Logical } else { form };
    let (steps, tables, hashes) = match database {
        Form::File => {
            let file = folder.join(DATABASE);
            store.copy_file_into(&file).await?;
            let copy = Store::sqlite_at_rest(&file).await?;
            let mut tx = copy.snapshot().await?;
            let found = (catalogue::steps(&mut tx).await?, Vec::new(), hashes(&mut tx).await?);
            tx.rollback().await?;
            copy.close().await;
            fs::File::open(&file).and_then(|f| f.sync_all()).map_err(|e| Error::from_io(&file, e))?;
            found
        }
        Form::Logical => {
            let tables = folder.join("tables");
            fs::create_dir_all(&tables).map_err(fail)?;
            let mut tx = store.snapshot().await?;
            let found = (
                catalogue::steps(&mut tx).await?,
                logical::dump(&mut tx, &tables).await?,
                hashes(&mut tx).await?,
            );
            tx.rollback().await?;
            found
        }
    };
    let (attachments, target, further) = (attachments.clone(), folder.to_owned(), further.to_vec());
    let files = blocking(move || {
        copy_attachments(&attachments, &target, &hashes)?;
        for file in &further {
            let name = file.file_name().unwrap_or_default();
            copy(file, &target.join("data").join(name))?;
        }
        list(&target)
    })
    .await?;
    let manifest = Manifest { form: FORM.to_owned(), at: now, database, steps, tables, files };
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(|e| Error::Setup(format!("the manifest cannot be written: {e}")))?;
    write_durably(&folder.join(MANIFEST), &text)?;
    Ok(manifest)
}

/// Reads a backup's manifest and checks every file against it.
///
/// # Errors
/// [`Error::Setup`] when there is no manifest (interrupted) or it is of another form; [`Error::Corrupt`] naming the
/// first file that is missing, changed or unknown.
pub async fn check(folder: &Path) -> Result<Manifest, Error> {
    let folder = folder.to_owned();
    blocking(move || {
        let path = folder.join(MANIFEST);
        let text = fs::read(&path).map_err(|_| {
            Error::Setup(format!(
                "{} has no {MANIFEST}: the backup was interrupted or this is no backup",
                folder.display()
            ))
        })?;
        let mut manifest: Manifest =
            serde_json::from_slice(&text).map_err(|_| Error::Corrupt { what: path.display().to_string() })?;
        manifest.files.retain(|f| !laid_beside(&f.path)); // earlier programs named them
        if manifest.form != FORM {
            return Err(Error::Setup(format!(
                "the backup has the form {}, this program reads {FORM}",
                manifest.form
            )));
        }
        let found = list(&folder)?;
        let paths = |files: &[FileEntry]| files.iter().map(|f| f.path.clone()).collect::<BTreeSet<_>>();
        if let Some(odd) = paths(&found).symmetric_difference(&paths(&manifest.files)).next() {
            return Err(Error::Corrupt { what: format!("{}/{odd}", folder.display()) });
        }
        for entry in &manifest.files {
            if !found.contains(entry) {
                return Err(Error::Corrupt { what: format!("{}/{}", folder.display(), entry.path) });
            }
        }
        Ok(manifest)
    })
    .await
}

/// Restores a checked backup: the database into `target` (no file there yet, or a PostgreSQL database without
/// tables), attachments into their folder, further files into `data`.
///
/// # Errors
/// As [`check`]; [`Error::Setup`] when the target is in use or a file copy is to go to PostgreSQL.
pub async fn restore(
    folder: &Path,
    target: &Config,
    attachments: &Attachments,
    data: &Path,
    now: Instant,
) -> Result<Manifest, Error> {
    let manifest = check(folder).await?;
    let in_use = || Error::Setup("the target of the restore is in use; name an empty one".to_owned());
    let (from, root, data) = (folder.to_owned(), attachments.root().to_owned(), data.to_owned());
    let files = manifest.files.clone();
    // the database comes last: while it is missing, the restore is not finished
    blocking(move || {
        for entry in &files {
            let (source, path) = (from.join(&entry.path), entry.path.as_str());
            if let Some(rest) = path.strip_prefix("attachments/") {
                copy(&source, &root.join(rest))?;
            } else if let Some(rest) = path.strip_prefix("data/") {
                copy(&source, &data.join(rest))?;
            }
        }
        Ok(())
    })
    .await?;
    if let Some(path) = target.sqlite_path() {
        if path.exists() {
            return Err(in_use());
        }
        let part = path.with_extension("restoring");
        let fail = |e| Error::from_io(&part, e);
        let _ = fs::remove_file(&part);
        match manifest.database {
            Form::File => copy(&folder.join(DATABASE), &part)?,
            Form::Logical => {
                if let Some(parent) = part.parent() {
                    fs::create_dir_all(parent).map_err(fail)?;
                }
                let store = Store::sqlite(&part).await?;
                load(&store, folder, &manifest, now).await?;
                store.close().await;
            }
        }
        fs::rename(&part, &path).map_err(fail)?;
        return sync_folder(path.parent().unwrap_or(Path::new("."))).map_err(fail).map(|()| manifest);
    }
    if manifest.database == Form::File {
        return Err(Error::Setup(
            "this backup is a copy of an SQLite file; make one of the logical form to move to PostgreSQL"
                .to_owned(),
        ));
    }
    let store = Store::open(target).await?;
    load(&store, folder, &manifest, now).await?;
    store.close().await;
    Ok(manifest)
}

/// Restores the tables of a logical backup into a store without tables.
///
/// # Errors
/// [`Error::Setup`] when the store has tables or the backup's schema is not one of this program.
pub async fn load(store: &Store, folder: &Path, manifest: &Manifest, now: Instant) -> Result<(), Error> {
    let mut tx = store.snapshot().await?;
    let used = !catalogue::tables(&mut tx).await?.is_empty();
    tx.rollback().await?;
    if used {
        return Err(Error::Setup("the target of the restore has tables; name an empty database".to_owned()));
    }
    let last = manifest.steps.last().map_or(0, |(number, _)| *number);
    store.migrate_to(last, now).await?;
    let mut tx = store.begin().await?;
    if catalogue::steps(&mut tx).await? != manifest.steps {
        return Err(Error::Setup(
            "the backup was made by a program with another schema; restore it with that version".to_owned(),
        ));
    }
    let keys = suspend_foreign_keys(&mut tx).await?;
    for (name, _) in &manifest.tables {
        logical::clear(&mut tx, name).await?;
    }
    for (name, rows) in &manifest.tables {
        let path = folder.join("tables").join(format!("{name}.jsonl"));
        if logical::load(&mut tx, &path).await? != *rows {
            return Err(Error::Corrupt { what: path.display().to_string() });
        }
    }
    for sql in keys {
        tx.script(&sql).await?;
    }
    tx.commit().await?;
    store.migrate(now).await
}

/// Lets rows come in any order; returns the statements that put the keys back (PostgreSQL) and so check them.
async fn suspend_foreign_keys(tx: &mut Tx) -> Result<Vec<String>, Error> {
    if tx.engine() == Engine::Sqlite {
        tx.script("pragma defer_foreign_keys = on").await?; // checked at commit
        return Ok(Vec::new());
    }
    let rows = tx
        .query(
            "select cast(conrelid::regclass as text) as t, cast(conname as text) as c, \
             pg_get_constraintdef(oid) as d from pg_constraint \
             where contype = 'f' and connamespace = current_schema()::regnamespace",
            &[],
        )
        .await?;
    let mut back = Vec::new();
    for row in rows {
        let (table, name) = (row.text("t")?, catalogue::quoted(&row.text("c")?));
        tx.script(&format!("alter table {table} drop constraint {name}")).await?;
        back.push(format!("alter table {table} add constraint {name} {}", row.text("d")?));
    }
    Ok(back)
}

/// Hashes of the attachments a state of the database names.
async fn hashes(tx: &mut Tx) -> Result<Vec<String>, Error> {
    let rows = tx.query("select sha256 from attachment order by sha256", &[]).await?;
    rows.iter().map(|r| r.text("sha256")).collect()
}

fn copy_attachments(attachments: &Attachments, folder: &Path, hashes: &[String]) -> Result<(), Error> {
    let kept = Attachments::new(folder.join("attachments"));
    for hash in hashes {
        let target = kept.path(hash)?;
        copy(&attachments.path(hash)?, &target)?;
        if hash_file(&target)?.0 != *hash {
            return Err(Error::Corrupt { what: format!("attachment {hash}") });
        }
    }
    Ok(())
}

/// Copies a file durably, keeping its permissions.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| Error::from_io(folder, e))?;
    fs::copy(from, to).map_err(|e| Error::from_io(from, e))?;
    fs::File::open(to).and_then(|f| f.sync_all()).map_err(|e| Error::from_io(to, e))?;
    sync_folder(folder).map_err(|e| Error::from_io(folder, e))
}

/// What SQLite lays beside the copy when somebody looks into it: no part of the backup.
fn laid_beside(path: &str) -> bool {
    path.strip_prefix(DATABASE).is_some_and(|end| end == "-shm" || end == "-wal")
}

/// Every file of the backup below its folder, but its manifest, by path.
fn list(root: &Path) -> Result<Vec<FileEntry>, Error> {
    let (mut files, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        let fail = |e| Error::from_io(&folder, e);
        for entry in fs::read_dir(&folder).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let inner = path.strip_prefix(root).unwrap_or(&path);
            let parts: Vec<_> = inner.iter().map(|p| p.to_string_lossy()).collect();
            let inner = parts.join("/");
            if inner != MANIFEST && !laid_beside(&inner) {
                let (sha256, size) = hash_file(&path)?;
                files.push(FileEntry { path: inner, size, sha256 });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
