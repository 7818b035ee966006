//! The typed validator against the official JSON schema: the same verdict on every example and every mutation of it.

use crate::files::{files, shared, testdata};
use epcis::{Limits, json};
use serde_json::Value;

/// Mutations of one document: a member dropped, an unknown member added, a value of another sort, a text spoilt.
fn mutations(value: &Value) -> Vec<Value> {
    let mut pointers = Vec::new();
    collect(value, String::new(), &mut pointers);
    let mut out = Vec::new();
    for pointer in pointers {
        for change in 0..5 {
            let mut copy = value.clone();
            let (parent, last) = pointer.rsplit_once('/').unwrap();
            if change == 0 {
                if let Some(Value::Object(members)) = copy.pointer_mut(parent) {
                    members.shift_remove(&last.replace("~1", "/").replace("~0", "~"));
                } else {
                    continue;
                }
            } else {
                let Some(slot) = copy.pointer_mut(&pointer) else { continue };
                *slot = match (change, &*slot) {
                    (1, Value::String(_)) => Value::from(7),
                    (1, _) => Value::from("text"),
                    (2, Value::String(text)) => Value::from(format!("{text} ")),
                    (2, Value::Array(_)) => Value::Array(Vec::new()),
                    (2, Value::Number(_)) => Value::Null,
                    (3, Value::Object(members)) => {
                        let mut members = members.clone();
                        members.insert("unknownField".into(), Value::from(1));
                        Value::Object(members)
                    }
                    (3, Value::Array(items)) if !items.is_empty() => {
                        let mut items = items.clone();
                        items.push(items[0].clone());
                        Value::Array(items)
                    }
                    (3, Value::String(text)) => Value::from(text.to_uppercase()),
                    (4, Value::String(_)) => Value::from("https://ns.gs1.org/cbv/x"),
                    (4, Value::Object(_)) => Value::Array(Vec::new()),
                    _ => continue,
                };
            }
            out.push(copy);
        }
    }
    out
}

fn collect(value: &Value, at: String, out: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(k, v)| (format!("{at}/{}", k.replace('~', "~0").replace('/', "~1")), v))
            .collect(),
        Value::Array(items) => items.iter().enumerate().map(|(i, v)| (format!("{at}/{i}"), v)).collect(),
        _ => Vec::new(),
    };
    for (pointer, child) in children {
        out.push(pointer.clone());
        collect(child, pointer, out);
    }
}

/// Rules of ours beyond the schema: a mutation that only they refuse is no disagreement.
fn beyond_the_schema(problems: &epcis::Problems) -> bool {
    problems.errors().all(|p| {
        let text = &p.detail.en;
        text.contains("names no thing")
            || text.contains("prefix")
            || (p.pointer.ends_with("/parentID") && text.contains("missing"))
    })
}

#[test]
fn verdicts_agree_with_the_official_schema() {
    let Some(schema) = shared("schema/EPCIS-JSON-Schema.json") else { return };
    let schema: Value = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
    let official = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let mut folders = vec![
        testdata("hash"),
        testdata("invalid/json"),
        testdata("gdst"),
        testdata("fsma204"),
        testdata("pairs"),
    ];
    folders.extend(shared("examples/json"));
    let (mut count, mut wrong) = (0, Vec::new());
    for file in folders.iter().flat_map(|folder| files(folder, &[".json", ".jsonld"])) {
        let value: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        if !value.is_object() {
            continue;
        }
        // every mutation of the short documents, a sample of the long ones
        let all = mutations(&value);
        let step = all.len() / 120 + 1;
        for document in std::iter::once(value).chain(all.into_iter().step_by(step)) {
            count += 1;
            let ours = json::read_document(document.to_string().as_bytes(), Limits::default());
            let theirs = official.is_valid(&document);
            let agrees = match &ours {
                Ok(_) => theirs,
                Err(problems) => !theirs || beyond_the_schema(problems),
            };
            if !agrees {
                let error =
                    official.iter_errors(&document).next().map(|e| format!("{e} at {}", e.instance_path()));
                wrong.push(format!(
                    "{}: schema {error:?}; ours {:?}",
                    file.display(),
                    ours.err().map(|p| p.to_string())
                ));
            }
        }
    }
    println!("{count} documents compared");
    assert!(wrong.is_empty(), "{} disagreements\n{}", wrong.len(), wrong.join("\n"));
}
