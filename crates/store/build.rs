//! Embeds every file `migrations/NNNN_name.sql` into the program, in the order of its number.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let folder = root.join("migrations");
    println!("cargo::rerun-if-changed=migrations");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder `migrations` is readable")
        .map(|entry| entry.expect("an entry of `migrations` is readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "sql"))
        .collect();
    files.sort();
    let mut out = String::from("&[\n");
    for path in files {
        let stem = path.file_stem().and_then(|s| s.to_str()).expect("a migration's name is UTF-8");
        let (number, name) = stem.split_once('_').expect("a migration is named NNNN_name.sql");
        assert!(number.len() == 4, "{stem}: a migration's number has four digits");
        let number: i64 = number.parse().expect("a migration's number has four digits");
        let path = path.to_str().expect("the path is UTF-8");
        println!("cargo::rerun-if-changed={path}");
        writeln!(out, "    Step {{ number: {number}, name: {name:?}, sql: include_str!({path:?}) }},")
            .expect("a string takes text");
    }
    out.push(']');
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("steps.rs");
    // a new file each time: a copied build folder may share the old one with another by a hard link
    let _ = fs::remove_file(&target);
    fs::write(target, out).expect("OUT_DIR is writable");
}
