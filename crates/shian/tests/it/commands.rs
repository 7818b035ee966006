//! The command line as other programs call it: JSON lines on stdout, messages on stderr, exit 0, 1 or 2.

use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs the program; no configuration of the machine reaches it.
pub(crate) fn shian(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shian"));
    for name in ["SHIAN_CONFIG", "SHIAN_DATA", "SHIAN_DATABASE", "SHIAN_LISTEN", "SHIAN_LOG", "SHIAN_ORIGIN"]
    {
        command.env_remove(name);
    }
    command.env("SHIAN_PASSWORD", "correct-horse-9").stdin(Stdio::null()).args(args).output().unwrap()
}

/// The JSON lines of an answer.
pub(crate) fn lines(out: &Output) -> Vec<Json> {
    let text = String::from_utf8(out.stdout.clone()).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{l}: {e}"))).collect()
}

fn crates(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_sheet_of_results_is_judged_line_by_line_as_expected() {
    let file = crates("limits/testdata/verdict_cases.csv");
    let out = shian(&["limits", "judge", text(&file)]);
    assert!(out.status.success());
    let mut rows = csv::Reader::from_path(&file).unwrap();
    let want: Vec<(String, String)> =
        rows.records().map(Result::unwrap).map(|r| (r[0].to_owned(), r[7].to_owned())).collect();
    let got: Vec<(String, String)> = lines(&out)
        .iter()
        .map(|l| (l["case_id"].as_str().unwrap().to_owned(), l["verdict"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(got, want);
}

#[test]
fn the_rule_and_its_derivation_can_be_asked_for_in_both_languages() {
    let out = shian(&["limits", "show", "--food", "大米", "--analyte", "镉", "--date", "2026-10-08"]);
    assert!(out.status.success());
    assert!(
        lines(&out).iter().any(|l| l["standard"] == "GB 2762" && l["limit"] == "0.2"),
        "{:?}",
        lines(&out)
    );
    let explain = |lang: &str| {
        let args = [
            "limits",
            "explain",
            "--food",
            "挂面",
            "--analyte",
            "铅",
            "--value",
            "0.36",
            "--date",
            "2026-10-08",
        ];
        let out = shian(&[&args[..], &["--lang", lang]].concat());
        assert!(out.status.success());
        String::from_utf8(out.stdout).unwrap()
    };
    assert!(explain("zh").contains("GB 2762-2025") && explain("en").contains("Verdict"));
    assert_eq!(
        shian(&["limits", "explain", "--food", "x", "--analyte", "y", "--value", "1", "--lang", "fr"])
            .status
            .code(),
        Some(2)
    );
    assert_eq!(
        shian(&["limits", "show", "--food", "大米", "--analyte", "镉", "--date", "soon"]).status.code(),
        Some(2)
    );
}

#[test]
fn documents_are_validated_a_line_a_file_and_one_bad_file_makes_the_exit_code() {
    let good = crates("epcis/testdata/hash/epcisDocWithSingleEvent.jsonld");
    let bad = tempfile::tempdir().unwrap();
    let bad = bad.path().join("bad.json");
    std::fs::create_dir_all(bad.parent().unwrap()).unwrap();
    std::fs::write(&bad, br#"{"@context":[],"type":"EPCISDocument","schemaVersion":"2.0","epcisBody":{}}"#)
        .unwrap();
    let out = shian(&["epcis", "validate", text(&good)]);
    assert_eq!((out.status.code(), &lines(&out)[0]["valid"]), (Some(0), &Json::Bool(true)));
    let out = shian(&["epcis", "validate", text(&good), text(&bad), "nowhere.json"]);
    assert_eq!(out.status.code(), Some(1));
    let all = lines(&out);
    assert_eq!(all.len(), 3);
    assert_eq!((&all[1]["valid"], &all[2]["valid"]), (&Json::Bool(false), &Json::Bool(false)));
    let problem = &all[1]["problems"][0];
    for member in ["type", "title", "detail", "pointer"] {
        assert!(problem[member].is_string(), "{member}: {problem}");
    }
}

#[test]
fn event_hashes_are_the_published_ones_in_document_order() {
    let folder = crates("epcis/testdata/hash");
    let vectors: Vec<Json> =
        serde_json::from_slice(&std::fs::read(folder.join("vectors.json")).unwrap()).unwrap();
    let mut checked = 0;
    for vector in vectors.iter().filter(|v| v.get("expected").is_some()).step_by(4) {
        let file = folder.join(vector["input"].as_str().unwrap());
        let out = shian(&["epcis", "hash", text(&file)]);
        assert!(out.status.success());
        let got: Vec<&str> = std::str::from_utf8(&out.stdout).unwrap().lines().collect();
        let want: Vec<&str> =
            vector["expected"].as_array().unwrap().iter().map(|h| h.as_str().unwrap()).collect();
        assert_eq!(got, want, "{}", file.display());
        checked += 1;
    }
    assert!(checked >= 3);
    assert_eq!(shian(&["epcis", "hash", "nowhere.json"]).status.code(), Some(1));
}

#[test]
fn a_converted_document_keeps_its_hashes_and_spells_identifiers_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = crates("epcis/testdata/hash/epcisDocWithVariousEventTypes.jsonld");
    let hashes = shian(&["epcis", "hash", text(&file)]).stdout;
    for (to, format) in [("xml", None), ("json", None), ("xml", Some("uri")), ("json", Some("urn"))] {
        let mut call = vec!["epcis", "convert", "--to", to];
        call.extend(format.map(|_| "--epc-format"));
        call.extend(format);
        call.push(text(&file));
        let out = shian(&call);
        assert_eq!(out.status.code(), Some(0), "{to} {format:?}");
        let written = String::from_utf8(out.stdout).unwrap();
        assert_eq!(format == Some("uri"), !written.contains("urn:epc:id:"), "{written}");
        let copy = folder.path().join(format!("copy.{to}"));
        std::fs::write(&copy, written).unwrap();
        assert_eq!(shian(&["epcis", "validate", text(&copy)]).status.code(), Some(0), "{to} {format:?}");
        assert_eq!(shian(&["epcis", "hash", text(&copy)]).stdout, hashes, "{to} {format:?}");
    }
    assert_eq!(shian(&["epcis", "convert", "--to", "csv", text(&file)]).status.code(), Some(2));
    assert_eq!(shian(&["epcis", "convert", "--to", "xml", "nowhere.json"]).status.code(), Some(1));
}

#[test]
fn outbreak_scores_come_as_one_object() {
    let cases: Json =
        serde_json::from_slice(&std::fs::read(crates("chain/testdata/fcl-synthetic-cases.json")).unwrap())
            .unwrap();
    let first = cases.as_array().or_else(|| cases["cases"].as_array()).map(|all| all[0].clone()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("case.json");
    let case = first.get("input").cloned().unwrap_or(first);
    std::fs::write(&file, case.to_string()).unwrap();
    let out = shian(&["chain", "score", text(&file)]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let scores = &lines(&out)[0];
    assert_eq!(scores["stations"].as_array().unwrap().len(), case["stations"].as_array().unwrap().len());
    assert!(scores["deliveries"][0]["lotScore"].is_number());
}

#[test]
fn the_bench_of_a_file_of_results_stores_it_whole_and_puts_the_same_rows_beside() {
    let out = shian(&["bench", "results", "--size", "40"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let figures = &lines(&out)[0];
    assert_eq!((figures["samples"].as_u64(), figures["results"].as_u64()), (Some(4), Some(40)));
    assert!(figures["bare_seconds"].is_number() && figures["import_to_bare_processor"].is_number());
}

#[test]
fn wrong_calls_exit_with_2_and_say_what_there_is() {
    let dir = tempfile::tempdir().unwrap();
    let data = text(dir.path());
    for (args, says) in [
        (vec!["frobnicate"], "frobnicate"),
        (vec!["rulebook", "draw", "nothing"], "disposal"),
        (vec!["bench", "everything"], "capture, judge, scope, pages"),
        (vec!["import", "wishes", "x.csv", "--data", data], "operators"),
        (vec!["export", "wishes", "--data", data], "operators"),
        (vec!["journal", "verify", "--data", data], "no database"),
        (vec!["serve", "--data", data, "--listen", "here"], "listen: `here`"),
    ] {
        let out = shian(&args);
        assert_eq!(out.status.code(), Some(2), "{args:?}");
        assert!(
            String::from_utf8_lossy(&out.stderr).contains(says),
            "{args:?}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        assert!(out.stdout.is_empty(), "{args:?}: messages belong on stderr");
    }
}

/// Another key opens nothing of what the first one sealed.
#[test]
fn a_key_that_is_lost_is_not_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let data = text(dir.path());
    let replay = || shian(&["journal", "replay", "--data", data]);
    let said = |out: &Output| String::from_utf8_lossy(&out.stderr).into_owned();
    let first = shian(&["admin", "alice", "--data", data]);
    assert!(first.status.success(), "{}", said(&first));
    let key = dir.path().join("keys/vault.key");
    let kept = std::fs::read_to_string(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let missing = replay();
    assert!(!missing.status.success() && said(&missing).contains("vault key"), "{}", said(&missing));
    assert!(!key.exists(), "no new key in its place");
    std::fs::write(&key, "00".repeat(32)).unwrap();
    let foreign = replay();
    assert!(!foreign.status.success() && said(&foreign).contains("founded with"), "{}", said(&foreign));
    std::fs::write(&key, kept).unwrap();
    let back = replay();
    assert!(back.status.success(), "{}", said(&back));
}

/// A lawyer changes a file and is told what it breaks, before anything is built.
#[test]
fn a_draft_of_the_rulebook_is_checked_from_its_folder() {
    let shipped = crates("../rulebook");
    let good = shian(&["rulebook", "check", "--folder", text(&shipped)]);
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stdout));
    let draft = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-r").arg(shipped.join("cn")).arg(draft.path()).status().unwrap();
    assert!(copied.success());
    let file = draft.path().join("cn/procedures/recall/procedure.toml");
    let changed = std::fs::read_to_string(&file).unwrap().replacen("\nto = \"", "\nto = \"nowhere_", 1);
    std::fs::write(&file, changed).unwrap();
    let bad = shian(&["rulebook", "check", "--folder", text(draft.path())]);
    assert_eq!(bad.status.code(), Some(1));
    let said = String::from_utf8_lossy(&bad.stdout).into_owned();
    assert!(said.contains("recall") && said.contains("nowhere_"), "{said}");
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let file = crates("limits/testdata/verdict_cases.csv");
    let mut child = Command::new(env!("CARGO_BIN_EXE_shian"))
        .args(["limits", "judge", text(&file)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success());
    assert_eq!(String::from_utf8_lossy(&out.stderr), "");
}

#[test]
fn a_question_to_the_trace_that_is_none_says_which_there_are() {
    for (args, said) in [
        (&["trace", "nonsense"][..], "origins, forward"),
        (&["trace", "scope", "x", "--format", "xlsx"][..], "--out FILE"),
        (&["trace", "scope", "x", "-p", "nonsense=1"][..], "there is no parameter"),
    ] {
        let out = shian(args);
        assert_eq!(out.status.code(), Some(2), "{args:?}");
        let told = String::from_utf8(out.stderr).unwrap();
        assert!(told.contains(said), "{args:?}: {told}");
    }
}

#[test]
fn a_draw_binds_every_column_of_its_roster_and_draws_somebody() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let roster = "id,name\na,甲\nb,乙\nc,丙\n";
    for (name, text) in [
        ("roster.csv", roster.to_owned()),
        ("renamed.csv", roster.replace('乙', "丁")),
        ("reordered.csv", "name,id\n丙,c\n甲,a\n乙,b\n".to_owned()),
    ] {
        std::fs::write(at(name), text).unwrap();
    }
    let draw = |take: &str| {
        shian(&["sampling", "draw", "--roster", &at("roster.csv"), "--seed", "00ff", "--take", take])
    };
    assert_eq!(draw("0").status.code(), Some(2));
    let few = draw("9");
    assert!(String::from_utf8_lossy(&few.stderr).contains("the roster has 3 line(s), 9 asked for"));
    std::fs::write(at("draw.json"), draw("2").stdout).unwrap();
    for (file, holds) in [("roster.csv", true), ("renamed.csv", false), ("reordered.csv", true)] {
        let (record, list) = (at("draw.json"), at(file));
        let out = shian(&["sampling", "verify", "--draw", &record, "--roster", &list, "--id", "id"]);
        assert_eq!(lines(&out)[0]["holds"], Json::Bool(holds), "{file}");
        assert_eq!(out.status.success(), holds, "{file}");
    }
}

#[test]
fn what_cannot_be_sized_shared_out_or_set_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for (name, text) in [
        ("still.csv", "stratum,N,S\na,100,0\nb,200,0\n"),
        ("strata.csv", "stratum,N,S\na,0,0.5\nb,20,0.1\n"),
        ("doses.csv", "dose,affected,n\n0,5,50\n1,10,50\n5,20,50\n10,45,50\n"),
        ("bmd.json", r#"{"bmr":0.1}"#),
    ] {
        std::fs::write(at(name), text).unwrap();
    }
    for (args, reason) in [
        (
            vec!["size", "--prevalence", "0.01", "--sensitivity", "0.5", "--population", "100"],
            "even testing all 100 units",
        ),
        (
            vec!["allocate", "--method", "neyman", "--total", "60", &at("still.csv")],
            "nothing to share out by",
        ),
        (vec!["allocate", "--total", "30", &at("strata.csv")], "the maxima 20"),
    ] {
        let out = shian(&[["sampling"].as_slice(), args.as_slice()].concat());
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.code() == Some(1) && said.contains(reason), "{args:?}: {said}");
    }
    let out = shian(&["risk", "bmd", &at("doses.csv"), "--settings", &at("bmd.json")]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.code() == Some(1) && said.contains("\"bmr\" is no setting"), "{said}");
}
