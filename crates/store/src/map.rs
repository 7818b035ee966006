//! Large files read by mapping them, and written so that a reader never sees half of one.
//!
//! The only unsafe code of the project is here. Why it is sound: the bytes of a mapping must not change while a slice
//! of it lives. A file that is mapped was written by [`publish`]: under another name, flushed to the disk, made
//! read-only, and only then renamed to the name readers open. No code opens a file under that name for writing;
//! a newer one replaces it by renaming, which leaves the mapped file as it was until its last reader lets go. The open
//! file is held as long as the mapping. What is left is a person with the rights of the server who writes into the
//! file or cuts it short; whoever can do that can change the program too. The content is not trusted for memory
//! safety: readers check lengths and ranges, and a checksum tells whether the bytes are those written.
#![expect(
    unsafe_code,
    reason = "mapping a file is unsafe because others could change it; see the argument above"
)]

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// A file mapped for reading.
#[derive(Debug)]
pub struct Mapped {
    map: memmap2::Mmap,
    _file: File,
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.map
    }
}

/// Maps a file written by [`publish`]. Nothing is read yet.
///
/// # Errors
/// When the file is missing or cannot be mapped.
pub fn map(path: &Path) -> io::Result<Arc<Mapped>> {
    let file = File::open(path)?;
    // SAFETY: see the head of this module: a published file does not change, and it is held open
    let map = unsafe { memmap2::Mmap::map(&file)? };
    Ok(Arc::new(Mapped { map, _file: file }))
}

/// Writes a file beside its place, flushes it to the disk and puts it in its place: readers find the old file or the
/// new one, whole, whatever happens.
///
/// # Errors
/// Those of `write`, and of the disk; the old file stays.
pub fn publish(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let part = path.with_extension("part");
    let done = fill(&part, write).and_then(|()| fs::rename(&part, path));
    if done.is_err() {
        let _ = fs::remove_file(&part);
    }
    done?;
    // the new name itself must be on the disk too
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

fn fill(part: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    // what an interrupted writer left is read-only or half a file
    match fs::remove_file(part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut out = BufWriter::with_capacity(1 << 20, File::create_new(part)?);
    write(&mut out)?;
    out.flush()?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    let mut rights = file.metadata()?.permissions();
    rights.set_readonly(true);
    file.set_permissions(rights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_file_stays_as_it_was_when_a_newer_one_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        publish(&path, |out| out.write_all(b"first")).unwrap();
        let first = map(&path).unwrap();
        publish(&path, |out| out.write_all(b"the second")).unwrap();
        assert_eq!(((*first).as_ref(), (*map(&path).unwrap()).as_ref()), (&b"first"[..], &b"the second"[..]));
    }

    #[test]
    fn a_writer_that_fails_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        publish(&path, |out| out.write_all(b"whole")).unwrap();
        let fail = |out: &mut BufWriter<File>| {
            out.write_all(b"ha")?;
            Err(io::Error::other("the disk is full"))
        };
        assert!(publish(&path, fail).is_err());
        assert_eq!((*map(&path).unwrap()).as_ref(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_an_interrupted_writer_left_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        fs::write(path.with_extension("part"), b"half").unwrap();
        publish(&path, |out| out.write_all(b"whole")).unwrap();
        assert_eq!((*map(&path).unwrap()).as_ref(), b"whole");
    }
}
