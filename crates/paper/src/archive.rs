//! A package of papers as one ZIP file: made in memory with stable bytes, read within limits.

use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;

/// Files read from a package at most.
const MOST_FILES: usize = 10_000;
/// Bytes read from a package at most, unpacked.
const MOST_BYTES: u64 = 2 << 30;

/// A package cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The bytes are not a ZIP file, or its parts are damaged.
    #[error("the package is damaged or no ZIP file: {0}")]
    Damaged(String),
    /// More than [`read`] takes.
    #[error("the package holds more than {MOST_FILES} files or {MOST_BYTES} bytes")]
    TooLarge,
}

fn damaged(e: impl std::fmt::Display) -> ArchiveError {
    ArchiveError::Damaged(e.to_string())
}

/// The files (path with `/`, bytes) as a ZIP file; the same files in the same order give the same bytes.
///
/// # Errors
/// [`ArchiveError::Damaged`] when two files have one path.
pub fn write(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, ArchiveError> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        zip.start_file(path.as_str(), SimpleFileOptions::default()).map_err(damaged)?;
        zip.write_all(bytes).map_err(damaged)?;
    }
    Ok(zip.finish().map_err(damaged)?.into_inner())
}

/// The files of a ZIP file, in its order; folders are left out. Paths are names in the package, never places on a disk.
///
/// # Errors
/// [`ArchiveError`].
pub fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ArchiveError> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    if zip.len() > MOST_FILES {
        return Err(ArchiveError::TooLarge);
    }
    let (mut files, mut left) = (Vec::with_capacity(zip.len()), MOST_BYTES);
    for n in 0..zip.len() {
        let file = zip.by_index(n).map_err(damaged)?;
        if file.is_dir() {
            continue;
        }
        let name = file.name().map_err(damaged)?.into_owned();
        let mut bytes = Vec::new();
        file.take(left + 1).read_to_end(&mut bytes).map_err(damaged)?;
        left = left.checked_sub(bytes.len() as u64).ok_or(ArchiveError::TooLarge)?;
        files.push((name, bytes));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again_and_a_cut_package_is_refused() {
        let files = vec![("a.txt".to_owned(), b"one".to_vec()), ("files/b.bin".to_owned(), vec![7; 70_000])];
        let packed = write(&files).unwrap();
        assert_eq!(packed, write(&files).unwrap());
        assert_eq!(read(&packed).unwrap(), files);
        assert!(read(&packed[..packed.len() / 2]).is_err());
    }
}
