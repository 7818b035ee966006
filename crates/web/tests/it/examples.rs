//! Documents by others: the official examples are captured, the invalid ones refused with the right problem document.

use crate::province::{As, Province};
use axum::http::Method;
use std::path::{Path, PathBuf};

/// Files below a folder of the committed test data and, when at hand, of the shared data.
fn files(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    fn walk(at: &Path, extensions: &[&str], out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(at).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, extensions, out);
            } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e)) {
                out.push(path);
            }
        }
    }
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let shared = crates.join("../../shared/data/epcis").join(folder);
    let mut out = Vec::new();
    walk(&crates.join("epcis/testdata").join(folder), extensions, &mut out);
    walk(&shared, extensions, &mut out);
    if !shared.exists() {
        println!("absent: data/epcis/{folder}; only the committed files are tried");
    }
    out.sort();
    out
}

#[tokio::test]
async fn official_examples_are_captured() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let mut captured = 0;
    for folder in ["examples/json", "gdst", "pairs"] {
        for file in files(folder, &["json", "jsonld"]) {
            let bytes = std::fs::read(&file).unwrap();
            let root: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            let document = root["type"].as_str().is_some_and(|t| t.ends_with("Document"))
                || root.get("epcisBody").is_some();
            let (path, wanted) = if document { ("/epcis/capture", 202) } else { ("/epcis/events", 201) };
            let headers = [("content-type", "application/ld+json")];
            let a = p.send(Method::POST, path, &As::Token(&token), &headers, bytes).await;
            // an example may repeat the event id of another example with other content
            let clash = a.status == 409 && a.problem() == "epcisException:ResourceAlreadyExistsException";
            assert!(a.status == wanted || clash, "{}: {} {}", file.display(), a.status, a.text());
            captured += usize::from(a.status == wanted);
            if a.status == 202 {
                let job = p.get(a.header("location"), &As::Token(&token)).await.json();
                assert_eq!((&job["success"], &job["running"]), (&true.into(), &false.into()), "{job}");
            }
        }
    }
    assert!(captured > 0);
}

#[tokio::test]
async fn invalid_documents_get_a_validation_problem() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    for file in files("invalid", &["json", "jsonld", "xml"]) {
        let media =
            if file.extension().is_some_and(|e| e == "xml") { "application/xml" } else { "application/json" };
        let bytes = std::fs::read(&file).unwrap();
        let a = p
            .send(Method::POST, "/epcis/capture", &As::Token(&token), &[("content-type", media)], bytes)
            .await;
        // what is wrong with the frame is said at once, what is wrong with events in the job
        let at = if a.status == 202 {
            a.header("location").to_owned()
        } else {
            assert_eq!(a.status, 400, "{}: {}", file.display(), a.text());
            assert_eq!(a.problem(), "epcisException:ValidationException", "{}", file.display());
            a.json()["instance"].as_str().unwrap().to_owned()
        };
        let job = p.get(&at, &As::Token(&token)).await.json();
        assert_eq!((&job["success"], &job["stored"]), (&false.into(), &0.into()), "{} {job}", file.display());
        assert!(job["errors"].as_array().is_some_and(|e| !e.is_empty()), "{} {job}", file.display());
    }
}
