//! The record of a province: proved, copied, restored, and what was tampered with is named.

use crate::commands::{lines, shian};
use serde_json::Value as Json;
use std::path::Path;
use store::Store;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A province with its first administrator.
fn founded(data: &Path) {
    let out = shian(&["admin", "chief", "--data", text(data)]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(lines(&out)[0]["login"], "chief");
    let all = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(!all.contains("correct-horse"), "nothing secret is printed");
}

#[test]
fn only_an_empty_province_takes_its_first_administrator_from_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    founded(dir.path());
    let out = shian(&["admin", "another", "--data", text(dir.path())]);
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out.stderr).contains("accounts exist already"));
}

#[test]
fn a_backup_restored_elsewhere_verifies_and_a_directory_in_use_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let (data, copy, other) = (dir.path().join("data"), dir.path().join("copy"), dir.path().join("other"));
    founded(&data);
    let out = shian(&["backup", text(&copy), "--data", text(&data)]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(lines(&out)[0]["files"].as_u64().unwrap() >= 3, "database and both keys");
    assert_eq!(
        shian(&["backup", text(&copy), "--data", text(&data)]).status.code(),
        Some(1),
        "never into a full one"
    );
    let out = shian(&["restore", text(&copy), "--data", text(&other)]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(shian(&["restore", text(&copy), "--data", text(&other)]).status.code(), Some(1));
    let verify = |data: &Path| lines(&shian(&["journal", "verify", "--data", text(data)])).pop().unwrap();
    let (a, b) = (verify(&data), verify(&other));
    assert_eq!((&b["intact"], &b["waiting"]), (&Json::Bool(true), &Json::from(0)));
    assert_eq!(
        (&a["entries"], &a["keys"]),
        (&b["entries"], &b["keys"]),
        "the same record under the same key"
    );
    // names were sealed with the key that came along: the province opens and reads them
    let out = shian(&["journal", "replay", "--data", text(&other)]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[tokio::test]
async fn tampering_with_a_stored_byte_is_found_and_named() {
    for (sql, column) in [
        ("update journal set region = '62' where position = 0", "journal.region"),
        (
            "update journal set canonical = replace(canonical, 'chief', 'thief') where position = 0",
            "journal.canonical",
        ),
        ("update log_checkpoint set root = zeroblob(32)", "log_checkpoint"),
        ("delete from journal_private", "journal_private"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        founded(dir.path());
        let store = Store::sqlite(&dir.path().join("shian.db")).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        tx.exec(sql, &[]).await.unwrap();
        tx.commit().await.unwrap();
        store.close().await;
        let out = shian(&["journal", "verify", "--data", text(dir.path())]);
        let all = lines(&out);
        assert_eq!(out.status.code(), Some(1), "{sql}: {all:?}");
        let named = all.iter().filter_map(|l| l["finding"]["column"].as_str()).any(|c| c.starts_with(column));
        assert!(named, "{sql}: {all:?}");
        assert_eq!(all.last().unwrap()["intact"], false);
    }
}

#[test]
fn a_sheet_with_a_bad_row_imports_nothing_and_names_the_cell() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    founded(&data);
    let file = dir.path().join("operators.csv");
    std::fs::write(&file, "统一社会信用代码,名称,经营类别,行政区划\n12345,虚构商店,零售,620102\n").unwrap();
    let out = shian(&["import", "operators", text(&file), "--data", text(&data), "--as", "chief"]);
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stderr));
    let out = shian(&["import", "operators", text(&file), "--data", text(&data), "--as", "nobody"]);
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out.stderr).contains("--as nobody"));
    let out = shian(&["export", "operators", "--format", "json", "--data", text(&data), "--as", "chief"]);
    assert!(out.status.success() && out.stdout.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
}
