//! Procedures written as files alone: a new one runs, one of a province too, and what is wrong in it stands at its place.

use crate::rulebook::words;
use crate::support::{World, officer};
use flow::check;
use serde_json::json;
use std::path::Path;

/// The shipped procedures as files, to be changed.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A filing nobody shipped, as a lawyer would write it: 校外供餐单位备案.
const FILING: &str = r#"
id = "meal_supplier"
title = { zh = "校外供餐单位备案", en = "Filing of a supplier of school meals" }
valid_from = "2026-01-01"
subject = "operator"
agency = "market"
classification = 1
party_sees = ["school", "starts_on"]
basis = [{ document = "虚构的学校食品安全办法", clause = "九条", status = "unverified" }]

[opening]
by = ["agency", "operator"]
form = "filing"
operator = "operator"
sets = ["school", "starts_on"]

[[fact]]
id = "school"
title = { zh = "供餐学校", en = "School" }
[[fact]]
id = "starts_on"
title = { zh = "开始供餐日期", en = "Meals from" }

[[state]]
id = "filed"
title = { zh = "已提交", en = "Filed" }
initial = true
[[state]]
id = "visited"
title = { zh = "已现场核对", en = "Visited" }
final = true

[[transition]]
id = "visit"
title = { zh = "现场核对", en = "Visit" }
from = ["filed"]
to = "visited"
action = "act"
documents = ["receipt"]

[[clock]]
id = "visit"
title = { zh = "供餐前现场核对", en = "Visit before the first meal" }
basis = { document = "虚构的学校食品安全办法", clause = "九条", status = "unverified" }
start = "enter:filed"
stop = ["enter:visited"]
until = "starts_on"
unit = "calendar_day"
amount = 60

[[document]]
id = "receipt"
title = { zh = "备案回执：{{ facts.school }}", en = "Receipt: {{ facts.school }}" }
kind = "meal_receipt"
template = "receipt"
publication = "party"
"#;

const FILING_FORM: &str = r#"
[[form]]
id = "filing"
title = { zh = "备案表", en = "Filing" }
[[form.field]]
id = "operator"
title = { zh = "供餐单位", en = "Supplier" }
type = "operator"
required = true
[[form.field]]
id = "school"
title = { zh = "学校", en = "School" }
type = "text"
required = true
[[form.field]]
id = "starts_on"
title = { zh = "开始供餐日期", en = "Meals from" }
type = "date"
required = true
"#;

#[test]
fn a_procedure_written_as_files_alone_runs_and_each_fault_of_it_stands_at_its_place() {
    let root = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rulebook");
    for part in ["cn/procedures", "cn-62/procedures"] {
        copy(&shipped.join(part), &root.path().join(part));
    }
    let at = |name: &str| root.path().join("cn/procedures/meal_supplier").join(name);
    std::fs::create_dir_all(at("templates")).unwrap();
    let whole = || {
        std::fs::write(at("procedure.toml"), FILING).unwrap();
        std::fs::write(at("forms.toml"), FILING_FORM).unwrap();
        std::fs::write(at("templates/receipt.zh.html"), "<p>{{ facts.school }}</p>").unwrap();
        std::fs::write(at("templates/receipt.en.html"), "<p>{{ facts.school }}</p>").unwrap();
    };
    let faults = || match flow::load_all(root.path()) {
        Err(e) => vec![(e.file.clone(), e.problem)],
        Ok(all) => {
            let words = words(&all);
            let filing = all.iter().find(|d| d.id == "meal_supplier").unwrap();
            check(filing, &words).into_iter().map(|f| (f.place, f.problem)).collect()
        }
    };
    whole();
    assert_eq!(faults(), [], "data alone makes a procedure");

    for (file, old, new, place, problem) in [
        ("procedure.toml", "initial = true", "", "state", "exactly one state is initial"),
        ("procedure.toml", "final = true", "", "state", "no state is final"),
        ("procedure.toml", "to = \"visited\"", "to = \"vistied\"", "transition.visit", "no state `vistied`"),
        ("procedure.toml", "action = \"act\"", "action = \"press\"", "transition.visit", "action `press`"),
        (
            "procedure.toml",
            "until = \"starts_on\"",
            "until = \"start\"",
            "clock.visit",
            "until names no fact",
        ),
        ("procedure.toml", "until = \"starts_on\"\n", "", "", ""),
        ("procedure.toml", "amount = 60", "amount = 60\nlaw = \"LIC-99\"", "clock.visit", "no row `LIC-99`"),
        (
            "procedure.toml",
            "start = \"enter:filed\"",
            "start = \"enter:file\"",
            "clock.visit",
            "not an event",
        ),
        ("procedure.toml", "agency = \"market\"", "agency = \"markt\"", "agency", "not a department"),
        ("procedure.toml", "party_sees = [\"school\", \"starts_on\"]\n", "", "party_sees", "say which facts"),
        (
            "procedure.toml",
            "party_sees = [\"school\"",
            "party_sees = [\"scholo\"",
            "party_sees",
            "no fact `scholo`",
        ),
        (
            "procedure.toml",
            "party_sees = ",
            "unseen = true\nparty_sees = ",
            "party_sees",
            "never sees the matter",
        ),
        ("procedure.toml", "en = \"Visited\"", "en = \"核对\"", "state.visited", "en holds Chinese"),
        (
            "procedure.toml",
            "en = \"Visited\"",
            "eng = \"Visited\"",
            "meal_supplier/procedure.toml",
            "unknown field `eng`",
        ),
        (
            "procedure.toml",
            "kind = \"meal_receipt\"",
            "kind = \"meal_receipt\"\nnumber = \"{m}号\"",
            "document.receipt",
            "",
        ),
        ("forms.toml", "id = \"starts_on\"", "id = \"start_on\"", "opening", "starts_on"),
        (
            "forms.toml",
            "type = \"date\"\nrequired = true",
            "type = \"date\"",
            "clock.visit",
            "does not set `starts_on`",
        ),
    ] {
        whole();
        let text = std::fs::read_to_string(at(file)).unwrap();
        assert!(text.contains(old), "{old}");
        std::fs::write(at(file), text.replacen(old, new, 1)).unwrap();
        let found = faults();
        if place.is_empty() {
            // without a day the sixty days of the file count: no fault
            assert_eq!(found, [], "{old}");
            continue;
        }
        let hit = found.iter().any(|(at, what)| at.contains(place) && what.contains(problem));
        assert!(hit, "{old} -> {new}: wanted {place}: {problem}, found {found:#?}");
    }
}

#[tokio::test]
async fn a_procedure_only_a_province_has_is_held_to_the_same_and_is_opened_there_alone() {
    let root = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rulebook");
    for part in ["cn/procedures", "cn-62/procedures"] {
        copy(&shipped.join(part), &root.path().join(part));
    }
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let own = "cn-62/procedures/meal_supplier";
    write(&format!("{own}/procedure.toml"), FILING);
    write(&format!("{own}/forms.toml"), FILING_FORM);
    for lang in ["zh", "en"] {
        write(&format!("{own}/templates/receipt.{lang}.html"), "<p>{{ facts.school }}</p>");
    }
    // a city may lay its overlay over what the province alone has
    let city = "basis = [{ document = \"兰州虚构办法\", clause = \"二条\", status = \"unverified\" }]\n[[clock]]\nid = \"visit\"\namount = 30\n";
    write("cn-6201/procedures/meal_supplier/overlay.toml", city);
    let all = flow::load_all(root.path()).unwrap();
    let of = |place: &str| all.iter().find(|d| d.id == "meal_supplier" && d.jurisdiction == place).unwrap();
    let (gansu, lanzhou) = (of("62"), of("6201"));
    assert_eq!(check(gansu, &words(&all)), []);
    assert_eq!(flow::check_overlay(gansu, lanzhou), []);
    assert_eq!((gansu.clocks[0].amount, lanzhou.clocks[0].amount), (60, 30));
    assert!(!gansu.rungs.is_empty(), "its clocks climb the common ladder");

    // what holds for the nation's holds for it
    let mut broken = gansu.clone();
    broken.clocks[0].basis.clause.clear();
    assert!(check(&broken, &words(&all))[0].problem.contains("cites no clause"));
    // the nation's procedures do not lean on what one province has
    let mut nation = all.iter().find(|d| d.id == "recall" && d.jurisdiction.is_empty()).unwrap().clone();
    nation.transitions[0].opens.push("meal_supplier".into());
    let found = check(&nation, &words(&all));
    assert!(found.iter().any(|f| f.problem.contains("no procedure `meal_supplier` here")), "{found:?}");

    for (name, store) in store::testing::stores().await {
        let w = World::new(store, crate::generated::engine(&all));
        let mut said = Vec::new();
        for region in ["620102", "620802", "630102"] {
            let who = officer(1, region);
            let form =
                json!({ "operator": crate::support::FIRM, "school": "虚构小学", "starts_on": "2026-10-30" });
            let request = flow::Request { region: region.to_owned(), form, ..flow::Request::default() };
            let mut tx = w.store.begin().await.unwrap();
            let authority = flow::Authority::Person { access: &w.access, who: &who };
            let opened =
                flow::open_by_form(&mut tx, &w.cx(&who), &w.engine, authority, "meal_supplier", request)
                    .await;
            match opened {
                Ok(opened) => {
                    tx.commit().await.unwrap();
                    said.push(w.view(&who, opened.matter).await.procedure_version);
                    w.step(&who, opened.matter, "visit", serde_json::Value::Null).await.unwrap();
                    assert_eq!(w.view(&who, opened.matter).await.state, "visited", "{name}");
                }
                Err(e) => said.push(e.user_text().unwrap().zh.into_owned()),
            }
        }
        assert_ne!(said[0], said[1], "{name}: the city's overlay and the province's own");
        assert!(said[2].contains("是甘肃省的程序，其他地区不适用"), "{name}: {}", said[2]);
    }
    // an overlay of nothing is refused at its place
    write("cn-62/procedures/nothing/overlay.toml", city);
    let fault = flow::load_all(root.path()).unwrap_err();
    assert!(
        fault.file == "cn-62/nothing/overlay.toml" && fault.problem.contains("no procedure of that name"),
        "{fault}"
    );
}
