//! Reference files: the test data of this crate, and tables that are not part of the repository.

use risk::table::Table;
use std::path::PathBuf;

/// The folder of that name among the test data or, for tables whose terms keep them out of the repository, beside it;
/// `None` with a note on stderr when it is absent.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let found = [own.join("testdata").join(name), own.join("../../../shared/data/exposure").join(name)];
    let found = found.into_iter().find(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("exposure/{name} is not here: not compared");
    }
    found
}

/// A CSV file as a table.
pub(crate) fn table(path: &std::path::Path) -> Table {
    let name = path.file_name().unwrap().to_string_lossy();
    Table::read(&name, std::fs::File::open(path).unwrap()).unwrap()
}

/// Whether two numbers agree to a relative tolerance (absolute below 1).
pub(crate) fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    (found - expected).abs() <= tolerance * expected.abs().max(1e-300)
}
