//! The rules: rings, fences around heavy dependencies, module docs, file size, both languages, no machine paths.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A crate's ring and what of our own it may use. Anything not listed is a finding, so a new edge is a decision.
const EDGES: &[(&str, &[&str])] = &[
    // science: pure
    ("base", &[]),
    ("rule", &["base"]),
    ("epcis", &["base"]),
    ("chain", &["base"]),
    ("limits", &["base"]),
    // the one science crate others of the ring may use: numbers without a subject
    ("stats", &[]),
    ("signal", &["base", "stats"]),
    ("risk", &["base", "stats"]),
    ("sampling", &["base", "stats"]),
    // office: state
    ("store", &["base"]),
    ("ledger", &["base", "store"]),
    ("access", &["base", "store", "ledger"]),
    ("paper", &["base"]),
    ("flow", &["base", "rule", "store", "ledger", "access"]),
    ("registry", &["base", "store", "ledger", "access", "paper"]),
    ("supply", &["base", "epcis", "chain", "store", "ledger", "access", "paper"]),
    ("lab", &["base", "limits", "sampling", "store", "ledger", "access", "paper"]),
    ("assess", &["base", "limits", "stats", "risk", "store", "ledger", "access"]),
    ("watch", &["base", "signal", "store", "ledger", "access", "paper"]),
    ("field", &["base", "sampling", "store", "ledger", "access"]),
    ("target", &["base", "risk", "store", "ledger", "access", "paper"]),
    // doors
    (
        "web",
        &[
            "base", "epcis", "chain", "limits", "signal", "risk", "sampling", "paper", "store", "ledger",
            "access", "flow", "registry", "supply", "lab", "assess", "watch", "field", "target",
        ],
    ),
    (
        "shian",
        &[
            "base", "rule", "epcis", "chain", "limits", "stats", "signal", "risk", "sampling", "paper",
            "store", "ledger", "access", "flow", "registry", "supply", "lab", "assess", "watch", "field",
            "target", "web",
        ],
    ),
];

/// A heavy dependency and the only crates that may know it.
const FENCES: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("memmap2", &["store"]),
    ("cedar-policy", &["access"]),
    ("cel", &["rule"]),
    ("calamine", &["paper"]),
    ("rust_xlsxwriter", &["paper"]),
    ("krilla", &["paper"]),
    ("ttf-parser", &["paper"]),
    ("quick-xml", &["epcis"]),
    ("axum", &["web", "shian"]),
    ("hyper", &["web"]),
    ("tokio-rustls", &["web"]),
    ("maud", &["web"]),
    ("ring", &["field"]),
    ("tokio", &["store", "ledger", "access", "flow", "supply", "lab", "assess", "registry", "web", "shian"]),
];

/// Files over the limit that stay so, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// The one audited module with unsafe code.
const UNSAFE_HOME: &str = "crates/store/src/map.rs";

const MAX_LINES: usize = 600;

/// All findings, sorted by file.
pub(crate) fn run(root: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    rings(root, &mut findings);
    let files = tracked(root);
    if files.is_empty() {
        findings.push("no file was looked at: the house rules need git and a checkout it trusts".to_owned());
    }
    for file in files {
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let Ok(text) = fs::read_to_string(&file) else { continue };
        match file.extension().and_then(|e| e.to_str()) {
            Some("rs") => rust(&name, &text, &mut findings),
            Some("toml") if name.starts_with("rulebook/") => languages(&name, &text, &mut findings),
            _ => {}
        }
        // built from parts, so that this file passes its own rule
        for home in ["work", "root", "tmp/bash_jobs"] {
            let mark = format!("/{home}/");
            if text.contains(&mark) {
                findings.push(format!("{name}: holds the machine path {mark}"));
            }
        }
    }
    for pair in [("README.md", "README.zh-CN.md")] {
        for f in [pair.0, pair.1, "ARCHITECTURE.md", "CONTRIBUTING.md", "LICENSE"] {
            if !root.join(f).exists() {
                findings.push(format!("{f}: missing"));
            }
        }
    }
    findings.sort();
    findings.dedup();
    findings
}

fn rings(root: &Path, findings: &mut Vec<String>) {
    let edges: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let Ok(dirs) = fs::read_dir(root.join("crates")) else { return };
    for dir in dirs.flatten() {
        let name = dir.file_name().to_string_lossy().into_owned();
        let manifest = dir.path().join("Cargo.toml");
        let Ok(text) = fs::read_to_string(&manifest) else { continue };
        let Some(allowed) = edges.get(name.as_str()) else {
            findings.push(format!("crates/{name}: not in the ring table of xtask/src/tidy.rs"));
            continue;
        };
        let table: toml::Table = match toml::from_str(&text) {
            Ok(t) => t,
            Err(e) => {
                findings.push(format!("crates/{name}/Cargo.toml: {e}"));
                continue;
            }
        };
        let deps = table.get("dependencies").and_then(toml::Value::as_table).cloned().unwrap_or_default();
        for dep in deps.keys() {
            if edges.contains_key(dep.as_str()) && !allowed.contains(&dep.as_str()) {
                findings.push(format!("crates/{name}: may not depend on {dep} (dependency rule)"));
            }
            for (heavy, homes) in FENCES {
                if dep == heavy && !homes.contains(&name.as_str()) {
                    findings.push(format!("crates/{name}: {heavy} is fenced in {}", homes.join(", ")));
                }
            }
        }
    }
}

fn rust(name: &str, text: &str, findings: &mut Vec<String>) {
    if !text.starts_with("//!") {
        findings.push(format!("{name}: begins without a module doc comment (//! …)"));
    }
    let lines = text.lines().count();
    if lines > MAX_LINES && !LONG_FILES.iter().any(|(f, _)| *f == name) {
        findings.push(format!("{name}: {lines} lines; split it along a seam or give a reason in LONG_FILES"));
    }
    if name != UNSAFE_HOME && name != "xtask/src/tidy.rs" {
        for mark in ["unsafe {", "unsafe fn ", "unsafe impl ", "allow(unsafe_code", "expect(unsafe_code"] {
            if text.contains(mark) {
                findings.push(format!("{name}: holds {mark}; unsafe code lives in {UNSAFE_HOME} alone"));
            }
        }
    }
    for (start, rest) in
        [("#[", "ignore"), ("to", "do!("), ("unimple", "mented!("), ("FIX", "ME"), ("X", "XX")]
    {
        let mark = format!("{start}{rest}");
        if text.contains(&mark) {
            findings.push(format!("{name}: holds {mark}"));
        }
    }
    if name != "xtask/src/tidy.rs" {
        for (n, line) in text.lines().enumerate() {
            if line.contains("Text::of(\"\"") || (line.contains("Text::of(") && line.contains(", \"\")")) {
                findings.push(format!("{name}:{}: a text without one of its languages", n + 1));
            }
        }
    }
}

/// Every table of a rulebook file that has `zh` must have `en`, and the other way round, neither empty.
fn languages(name: &str, text: &str, findings: &mut Vec<String>) {
    match toml::from_str::<toml::Table>(text) {
        Ok(table) => pair(name, "", &toml::Value::Table(table), findings),
        Err(e) => findings.push(format!("{name}: {e}")),
    }
}

fn pair(name: &str, at: &str, value: &toml::Value, findings: &mut Vec<String>) {
    match value {
        toml::Value::Table(t) => {
            let filled =
                |k: &str| t.get(k).and_then(toml::Value::as_str).is_some_and(|s| !s.trim().is_empty());
            if (t.contains_key("zh") || t.contains_key("en")) && !(filled("zh") && filled("en")) {
                findings.push(format!("{name}: {at}: one of the two languages is missing"));
            }
            for (k, v) in t {
                pair(name, &format!("{at}.{k}"), v, findings);
            }
        }
        toml::Value::Array(items) => {
            for (i, v) in items.iter().enumerate() {
                pair(name, &format!("{at}[{i}]"), v, findings);
            }
        }
        _ => {}
    }
}

/// Files git tracks or would track.
fn tracked(root: &Path) -> Vec<PathBuf> {
    let out = std::process::Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output();
    let Ok(out) = out else { return Vec::new() };
    String::from_utf8_lossy(&out.stdout).lines().map(|l| root.join(l)).filter(|p| p.is_file()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_one_language_is_found() {
        let mut found = Vec::new();
        languages(
            "x.toml",
            "[title]\nzh = \"召回\"\n[[state]]\nname = { zh = \"a\", en = \"b\" }",
            &mut found,
        );
        assert_eq!(found, ["x.toml: .title: one of the two languages is missing"]);
    }

    #[test]
    fn a_module_without_its_doc_comment_is_found() {
        let mut found = Vec::new();
        rust("a.rs", "fn main() {}", &mut found);
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn science_knows_no_state_and_domains_do_not_know_each_other() {
        let edges: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
        for science in ["base", "rule", "epcis", "chain", "limits"] {
            assert!(edges[science].iter().all(|d| *d == "base"), "{science}");
        }
        for domain in ["registry", "supply", "lab", "assess", "field", "target"] {
            for other in ["registry", "supply", "lab", "assess", "field", "target", "flow", "web", "shian"] {
                assert!(!edges[domain].contains(&other), "{domain} → {other}");
            }
        }
    }
}
