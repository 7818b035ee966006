//! `shian transfer check`: a package of a criminal transfer, checked without a server.

use super::Outcome;
use crate::cli::TransferCommand;
use crate::out;
use anyhow::Context as _;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

pub(super) fn run(command: TransferCommand) -> Outcome {
    let TransferCommand::Check { package, keys } = command;
    let bytes = std::fs::read(&package).with_context(|| package.display().to_string())?;
    let files = paper::archive::read(&bytes)?.into_iter().collect();
    let checked = check(&files, &keys);
    for line in &checked.good {
        out::line(&format!("ok    {line}"));
    }
    for line in &checked.bad {
        out::line(&format!("BAD   {line}"));
    }
    Ok(checked.bad.is_empty())
}

/// What a check found.
#[derive(Debug, Default, PartialEq, Eq)]
struct Checked {
    good: Vec<String>,
    bad: Vec<String>,
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Every line of the manifest against its file, no file beside it, and every note: it names this manifest, and a key given has
/// signed it.
fn check(files: &BTreeMap<String, Vec<u8>>, keys: &[String]) -> Checked {
    let mut found = Checked::default();
    let Some(manifest) = files.get("manifest.txt") else {
        found.bad.push("manifest.txt is missing".to_owned());
        return found;
    };
    let mut listed = Vec::new();
    for line in String::from_utf8_lossy(manifest).lines() {
        let Some((hash, path)) = line.split_once("  ") else {
            found.bad.push(format!("manifest.txt: `{line}` is no line of a manifest"));
            continue;
        };
        listed.push(path.to_owned());
        match files.get(path) {
            Some(bytes) if digest(bytes) == hash => found.good.push(path.to_owned()),
            Some(_) => found.bad.push(format!("{path} differs from the manifest")),
            None => found.bad.push(format!("{path} is missing")),
        }
    }
    for path in files.keys().filter(|p| p.starts_with("documents/") || p.starts_with("files/")) {
        if !listed.contains(path) {
            found.bad.push(format!("{path} is not in the manifest"));
        }
    }
    let named = format!("manifest {}", digest(manifest));
    for (path, note) in files.iter().filter(|(p, _)| p.starts_with("signatures/")) {
        let note = String::from_utf8_lossy(note);
        if !note.lines().any(|l| l == named) {
            found.bad.push(format!("{path} is about another manifest"));
            continue;
        }
        let signer = note.lines().find_map(|l| l.strip_prefix("by ")).unwrap_or_default();
        let key = keys.iter().find(|k| k.split('+').next() == Some(signer));
        match key.map(|k| ledger::note::signed_text(&note, k)) {
            Some(Ok(_)) => found.good.push(format!("{path} signed by {signer}")),
            Some(Err(e)) => found.bad.push(format!("{path}: {e}")),
            None if keys.is_empty() => {}
            None => found.bad.push(format!("{path}: no key of {signer} was given")),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::{FileSigner, Signer as _};

    #[test]
    fn a_changed_a_missing_a_smuggled_paper_and_a_foreign_signature_are_named() {
        let police = FileSigner::from_seed("police.620102", &[1; 32]);
        let stranger = FileSigner::from_seed("police.620102", &[2; 32]);
        let paper = b"<p>report</p>".to_vec();
        let manifest = format!("{}  documents/report.html\n", digest(&paper)).into_bytes();
        let text = format!("shian.transfer\nmanifest {}\nby police.620102\n", digest(&manifest));
        let note = format!("{text}\n{}", police.sign(&text).unwrap()).into_bytes();
        let good: BTreeMap<String, Vec<u8>> = [
            ("manifest.txt".to_owned(), manifest),
            ("documents/report.html".to_owned(), paper),
            ("signatures/received.note".to_owned(), note),
        ]
        .into();
        let keys = [police.verifier_key()];
        assert_eq!(check(&good, &keys).bad, Vec::<String>::new());
        assert_eq!(check(&good, &keys).good.len(), 2);
        let changed = |edit: fn(&mut BTreeMap<String, Vec<u8>>)| {
            let mut files = good.clone();
            edit(&mut files);
            check(&files, &keys).bad.join("; ")
        };
        assert!(changed(|f| drop(f.insert("documents/report.html".into(), vec![1]))).contains("differs"));
        assert!(changed(|f| drop(f.remove("documents/report.html"))).contains("missing"));
        assert!(
            changed(|f| drop(f.insert("files/more.pdf".into(), vec![1]))).contains("not in the manifest")
        );
        assert!(changed(|f| f.get_mut("manifest.txt").unwrap().push(b'\n')).contains("another manifest"));
        assert!(
            !check(&good, &[stranger.verifier_key()]).bad.is_empty(),
            "the right name is not the right key"
        );
    }
}
