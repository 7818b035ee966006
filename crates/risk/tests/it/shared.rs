//! Files of the shared reference data, which are not part of the repository.

use risk::table::Table;
use std::path::PathBuf;

/// The folder of that name beside the repository, or a note on stderr that it is absent.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SHIAN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let found = root.join("data/exposure").join(name);
    if !found.is_dir() {
        eprintln!("exposure/{name} is not here: not compared");
        return None;
    }
    Some(found)
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
