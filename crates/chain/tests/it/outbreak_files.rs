//! Outbreak cases in every layout: what is read, what is refused with which words, and that nothing is lost on the way.

use chain::outbreak::{self, Fcl, Format, Keep, Table};
use chain::score::{Engine, Network, Scores, Settings, score};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const EXAMPLE: &str = include_str!("../../testdata/outbreak.fcl.json");

#[expect(clippy::print_stdout, reason = "the absence of test data is said, not hidden")]
fn shared(name: &str) -> Option<Vec<u8>> {
    let path = format!("{}/../../../shared/data/fcl/{name}", env!("CARGO_MANIFEST_DIR"));
    let found = std::fs::read(path).ok();
    if found.is_none() {
        println!("{name} is absent (GPL-3.0 data, not in this repository)");
    }
    found
}

fn by_station(scores: &Scores) -> BTreeMap<String, String> {
    scores.stations.iter().map(|s| (s.id.clone(), format!("{:.6}", s.score.score))).collect()
}

#[test]
fn tables_of_columns_and_rows_are_scored() {
    let file = outbreak::read(EXAMPLE.as_bytes(), Keep::Document).expect("a case");
    assert_eq!((file.format, file.list, file.cases.len()), (Format::Fcl, false, 1));
    let scores = score(&file.cases[0].network);
    // F's wheat reached both canteens through the plant's cross contamination, G's came too late for the first
    let expected =
        [("F", "1.000000"), ("G", "0.500000"), ("P", "1.000000"), ("X", "0.500000"), ("Y", "0.500000")];
    assert_eq!(by_station(&scores), expected.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
    let backward: Vec<&str> = scores.stations.iter().filter(|s| s.backward).map(|s| s.id.as_str()).collect();
    assert_eq!(backward, ["F", "P"]);
    assert_eq!(file.cases[0].network.deliveries[0].amount_kg, Some(6000.0));
}

#[test]
fn a_foodchain_lab_file_leaves_as_it_came() {
    let mut given = vec![EXAMPLE.as_bytes().to_vec()];
    given.extend(
        ["ExampleData.json", "baby-tea-scenario-1.json", "one-delivery-model.json"]
            .iter()
            .filter_map(|n| shared(n)),
    );
    for bytes in given {
        let before: Value = serde_json::from_slice(&bytes).expect("JSON");
        let case = outbreak::read(&bytes, Keep::Document).expect("a case").cases.remove(0);
        assert_eq!(case.document().value(), &before);
        // new settings and scores touch nothing but tracing and result columns
        let mut document = case.document().into_owned();
        let mut settings = case.network.settings.clone();
        settings.station_weights.insert(case.network.stations[0].id.clone(), 2.5);
        document.apply(&settings);
        document.set_scores(&Engine::new(&document.network().expect("still a case")).scores());
        let after = document.value();
        for kept in ["/settings", "/samples", "/version", "/data/deliveryRelations"] {
            assert_eq!(after.pointer(kept), before.pointer(kept), "{kept}");
        }
        let again = Fcl::parse(after.clone()).expect("a document").network().expect("a network");
        assert_eq!(again.settings, settings);
        assert_eq!(again.deliveries, case.network.deliveries);
    }
}

#[test]
fn the_old_flat_layout_scores_the_same() {
    let old = json!({
        "stations": [
            { "id": "F", "name": "农场 F", "lat": 36.1, "lon": 103.8 }, { "id": "G" },
            { "id": "P", "crossContamination": true, "properties": [{ "name": "licence", "value": "SC1" }] },
            { "id": "X", "outbreak": true, "observed": "FULL" }, { "id": "Y", "weight": 1.0, "observed": "NONE" }
        ],
        "deliveries": [
            { "id": "1", "source": "F", "target": "P", "name": "小麦", "lot": "W1", "date": "2026-09-01" },
            { "id": "2", "source": "G", "target": "P", "name": "小麦", "lot": "W2", "date": "2026-09-05" },
            { "id": "3", "source": "P", "target": "X", "name": "挂面", "lot": "N1", "date": "2026-09-03" },
            { "id": "4", "source": "P", "target": "Y", "name": "挂面", "lot": "N2", "date": "2026-09-09" }
        ],
        "deliveriesRelations": [{ "source": "1", "target": "3" }]
    });
    let file = outbreak::read(old.to_string().as_bytes(), Keep::Document).expect("a case");
    assert_eq!(file.format, Format::Flat);
    let new = outbreak::read(EXAMPLE.as_bytes(), Keep::Document).expect("a case");
    assert_eq!(score(&file.cases[0].network), score(&new.cases[0].network));
    assert!(file.cases[0].document().value().to_string().contains("SC1"));
}

#[test]
fn the_spreadsheet_template_keeps_every_cell_on_its_way_through() {
    let row = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
    let stations = vec![
        row(&[
            "Company_ID",
            "Name",
            "Street",
            "Street Number",
            "Postal Code",
            "City",
            "District",
            "State",
            "Country",
            "Type of business",
            "Additional Fields ->",
            "Phone",
        ]),
        row(&["F", "农场", "路", "5", "730000", "兰州", "", "", "CN", "Farm", "", "931"]),
        row(&["P", "加工厂", "", "", "", "", "", "", "", "", "", ""]),
        row(&["X", "食堂", "", "", "", "", "", "", "", "", "", ""]),
    ];
    let deliveries = vec![
        row(&[
            "DeliveryID",
            "Station",
            "Product Name",
            "Lot Number",
            "Lot size",
            "",
            "Delivery Date Departure",
            "",
            "",
            "Delivery Date Arrival",
            "",
            "",
            "Unit weigt/vol./pck.",
            "",
            "Recipient",
            "Additional Fields ->",
            "Item Number",
        ]),
        row(&[
            "",
            "",
            "",
            "",
            "Quantity",
            "Type / Unit",
            "Day",
            "Month",
            "Year",
            "Day",
            "Month",
            "Year",
            "Quantity",
            "Type / Unit",
        ]),
        row(&["1", "F", "小麦", "W1", "6", "t", "1", "9", "2026", "", "9", "2026", "20", "kg", "P", "", "7"]),
        row(&["2", "P", "挂面", "N1", "", "", "", "", "", "4", "9", "2026", "", "", "X", "", ""]),
    ];
    let links = vec![row(&["From DeliveryID", "Into DeliveryID"]), row(&["1", "2"])];
    let table = |name: &str, rows: Vec<Vec<String>>| Table {
        name: name.to_owned(),
        rows: rows.into_iter().enumerate().map(|(n, r)| (n + 1, r)).collect(),
    };
    let given = [
        table("Stations", stations),
        table("Deliveries", deliveries.clone()),
        table("Deliveries2Deliveries", links),
    ];
    let case = outbreak::read_tables(&given).expect("a case").cases.remove(0);
    let first = &case.network.deliveries[0];
    assert_eq!((first.date_out.as_deref(), first.date_in.as_deref()), (Some("2026-09-01"), Some("2026-09")));
    let trim = |rows: &[(usize, Vec<String>)]| -> Vec<Vec<String>> {
        let cut = |r: &Vec<String>| {
            let end = r.iter().rposition(|c| !c.is_empty()).map_or(0, |n| n + 1);
            r[..end].to_vec()
        };
        rows.iter().map(|(_, r)| cut(r)).collect()
    };
    let written = outbreak::write_tables(&case.document());
    for (before, after) in given.iter().zip(&written) {
        assert_eq!(trim(&before.rows), trim(&after.rows), "{}", before.name);
    }
    let mut wrong = given.clone();
    wrong[1].rows[2].1[7] = "13".to_owned();
    wrong[1].rows[3].1[14] = "Z".to_owned();
    let error = outbreak::read_tables(&wrong).expect_err("month 13");
    assert!(error.to_string().contains("Deliveries!3"), "{error}");
    wrong[1].rows[2].1[7] = "9".to_owned();
    let error = outbreak::read_tables(&wrong).expect_err("no such station").to_string();
    assert!(error.starts_with("Deliveries!4:") && error.contains("\"Z\""), "{error}");
    let error = outbreak::read_tables(&given[..1]).expect_err("sheets missing");
    assert!(error.to_string().contains("Deliveries"), "{error}");
}

#[test]
fn a_spreadsheet_of_ones_own_is_read_by_what_its_columns_say() {
    let sheet = |name: &str, rows: &[&[&str]]| Table {
        name: name.to_owned(),
        rows: (rows.iter().enumerate())
            .map(|(n, row)| (n + 1, row.iter().map(|c| (*c).to_owned()).collect()))
            .collect(),
    };
    let stations = sheet(
        "企业",
        &[
            &["企业名称", "城市", "企业编号"],
            &["农场", "兰州", "F"],
            &["加工厂", "", "P"],
            &["食堂", "", "X"],
        ],
    );
    let links = sheet("关系", &[&["去向交货编号", "备注", "来源交货编号"], &["2", "", "1"]]);
    let one_row: &[&[&str]] = &[
        &["收货方", "批号", "备注", "到货日期", "发货日期", "品名", "数量", "编号", "发货方", "Amount note"],
        &["P", "W1", "雨", "2026年9月2日", "2026/9/1", "小麦", "20 kg", "1", "F", "a"],
        &["X", "N1", "", "2026-09-04 08:00", "20260903", "挂面", "", "2", "P", ""],
    ];
    let two_rows: &[&[&str]] = &[
        &["编号", "发货日期", "", "", "收货方", "发货方", "交货数量", "", "到货日期", "批号", "产品"],
        &["", "年", "月", "日", "", "", "数量", "单位", "", "", ""],
        &["1", "2026", "9", "1", "P", "F", "20", "kg", "2026-09-02", "W1", "小麦"],
        &["2", "2026", "9", "3", "X", "P", "", "", "4.9.2026", "N1", "挂面"],
    ];
    for (case, rows) in [("one row of headings", one_row), ("two rows of headings", two_rows)] {
        let tables = [links.clone(), sheet("交货", rows), stations.clone()];
        let read = outbreak::read_tables(&tables).unwrap_or_else(|e| panic!("{case}: {e}")).cases.remove(0);
        assert!(read.notes.is_empty(), "{case}: {:?}", read.notes);
        let network = read.network.clone();
        assert_eq!(network.relations, [("1".to_owned(), "2".to_owned())], "{case}");
        let first = &network.deliveries[0];
        assert_eq!((&*first.from, &*first.to, first.amount_kg), ("F", "P", Some(20.0)), "{case}");
        assert_eq!(first.lot.as_deref(), Some("小麦|W1"), "{case}");
        // without the given relation the plant's cross contamination, and so the dates, decide
        let settings = Settings {
            enforce_temporal_order: true,
            station_weights: [("X".to_owned(), 1.0)].into(),
            cross_contamination_stations: vec!["P".to_owned()],
            ..Settings::default()
        };
        let scores = by_station(&score(&Network { settings, relations: Vec::new(), ..network }));
        assert_eq!(scores["F"], "1.000000", "{case}");
    }
    let kept =
        outbreak::read_tables(&[stations.clone(), sheet("交货", one_row), links.clone()]).expect("a case");
    let written = outbreak::write_tables(&kept.cases[0].document());
    let said = format!("{written:?}");
    assert!(said.contains("备注") && said.contains("雨") && said.contains("Amount note"), "{said}");
    let without: &[&[&str]] = &[&["编号", "收货方"], &["1", "P"]];
    let error =
        outbreak::read_tables(&[stations, sheet("交货", without)]).expect_err("no sender").to_string();
    assert!(error.contains("Deliveries: the column \"Station\" is missing"), "{error}");
}

#[test]
fn the_network_is_the_same_with_and_without_its_document() {
    let mut given = vec![EXAMPLE.as_bytes().to_vec()];
    given.extend(
        ["ExampleData.json", "baby-tea-scenario-1.json", "one-delivery-model.json"]
            .iter()
            .filter_map(|n| shared(n)),
    );
    for bytes in given {
        let [whole, bare] =
            [Keep::Document, Keep::Network].map(|keep| outbreak::read(&bytes, keep).expect("a case"));
        assert_eq!((whole.format, bare.format), (Format::Fcl, Format::Fcl));
        assert_eq!(whole.cases[0].network, bare.cases[0].network);
        assert_eq!(whole.cases[0].notes, bare.cases[0].notes);
    }
    // the order of members, of cells and of columns says nothing; numbers are texts; a filled column goes before a blank one
    let odd = r#"{"tracing": null, "data": {
        "deliveryRelations": {"data": [[{"value": 2, "id": "to"}, {"value": "1", "id": "from"}]]},
        "deliveries": {"data": [
            [{"id": "lot", "value": "x"}, {"id": "Lot Number", "value": 7}, {"id": "Lot ID", "value": " "}, {"id": "ID", "value": 1},
             {"id": "source", "value": "a"}, {"id": "to", "value": "b"}, {"id": "other", "value": {"deep": [1]}}],
            [{"id": "ID", "value": 2}, {"id": "from", "value": "b"}, {"id": "to", "value": 1.5}, {"id": "Date Delivery", "value": "soon"}]]},
        "stations": {"columnProperties": [], "data": [[{"id": "ID", "value": "a"}], [{"id": "ID", "value": "b"}], [{"value": 1.5, "id": "ID"}]]}
    }, "version": "1.2.1"}"#;
    for keep in [Keep::Document, Keep::Network] {
        let case = outbreak::read(odd.as_bytes(), keep).expect("a case").cases.remove(0);
        assert_eq!(case.network.deliveries[0].lot.as_deref(), Some("7"));
        assert_eq!(case.network.deliveries[1].to, "1.5");
        assert_eq!(case.network.relations, [("1".to_owned(), "2".to_owned())]);
        assert!(case.notes[0].en.contains("soon"), "{:?}", case.notes);
    }
    let broken = odd.replace("\"value\": 2, \"id\": \"to\"", "\"value\": 2");
    let error = outbreak::read(broken.as_bytes(), Keep::Network).expect_err("a cell without id").to_string();
    assert!(error.starts_with("/data/deliveryRelations/data/0"), "{error}");
}

#[test]
fn utx_goes_out_valid_and_comes_back_with_the_same_scores() {
    let case = outbreak::read(EXAMPLE.as_bytes(), Keep::Document).expect("a case").cases.remove(0);
    let utx = outbreak::write_utx(&case.document());
    if let Some(schema) = shared("utx-core-schema-20240208.json") {
        let schema: Value = serde_json::from_slice(&schema).expect("a schema");
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let wrong: Vec<String> =
            validator.iter_errors(&utx).map(|e| format!("{} {e}", e.instance_path())).collect();
        assert_eq!(wrong, Vec::<String>::new());
    }
    let back = outbreak::read(utx.to_string().as_bytes(), Keep::Document).expect("UTX");
    assert_eq!(back.format, Format::Utx);
    let network = &back.cases[0].network;
    assert_eq!((network.stations.len(), network.deliveries.len(), network.relations.len()), (5, 4, 1));
    let named = |n: &str| {
        network.stations.iter().find(|s| s.name.as_deref() == Some(n)).expect("a station").id.clone()
    };
    let mut scored = network.clone();
    scored.settings.cross_contamination_stations = vec![named("加工厂")];
    scored.settings.station_weights = [(named("学校食堂"), 1.0), (named("医院食堂"), 1.0)].into();
    let scores: BTreeMap<String, String> = by_station(&score(&scored));
    assert_eq!(
        (scores[&named("农场 F")].as_str(), scores[&named("农场 G")].as_str()),
        ("1.000000", "0.500000")
    );
}

/// What a layout cannot hold is said before scores differ.
#[test]
fn what_a_layout_cannot_hold_of_a_case_is_told() {
    let read =
        |case: &Value| outbreak::read(case.to_string().as_bytes(), Keep::Network).unwrap().cases.remove(0);
    let delivery = |id: &str, lot: &str, product: &str| json!({ "id": id, "from": "A", "to": "B", "lot": lot, "product": product });
    let plain =
        json!({ "deliveries": [delivery("1", "L", "P"), delivery("2", "L", "P"), delivery("3", "M", "Q")] });
    let mut weighted = plain.clone();
    weighted["settings"] = json!({ "stationWeights": { "B": 1.0 }, "killContaminationDeliveries": ["1"] });
    let mut mixed = plain.clone();
    mixed["deliveries"][1]["product"] = json!("Q");
    for (case, settings, notes) in [
        (&plain, false, 0),
        (&weighted, true, 0),
        (&weighted, false, 1),
        (&mixed, true, 1),
        (&mixed, false, 1),
    ] {
        let found = outbreak::not_held(&read(case).network, settings);
        assert_eq!(found.len(), notes, "{case}: {found:?}");
    }
    let said = &outbreak::not_held(&read(&mixed).network, true)[0];
    assert!(said.en.contains("1 (A L)"), "{said:?}");
}

#[test]
fn a_unit_that_is_shipped_on_unchanged_is_followed() {
    let unit = |id: &str, station: &str| json!({ "id": id, "lotId": "l", "stationId": station });
    let moved = |id: &str, from: &str, to: &str| json!({ "id": id, "truInput": [{ "truIds": [from] }], "truOutput": [{ "truIds": [to] }] });
    let utx = json!({ "utxCore": {
        "station": { "current": [{ "id": "a" }, { "id": "b" }, { "id": "c" }] },
        "tru": { "current": [unit("1", "a"), unit("2", "b"), unit("3", "c"), { "id": "4" }] },
        "lot": { "current": [{ "id": "l", "lotIdentifier": "L1" }] },
        "activity": { "current": [moved("m1", "1", "2"), moved("m2", "2", "3"), moved("m3", "4", "3")] }
    }});
    let case = outbreak::read(utx.to_string().as_bytes(), Keep::Document).expect("UTX").cases.remove(0);
    assert_eq!(case.network.relations, [("m1".to_owned(), "m2".to_owned())]);
    assert!(case.notes[0].en.contains("m3"), "{:?}", case.notes);
}

#[test]
fn corrected_records_loads_and_times_of_units_are_understood() {
    let moved = |id: &str, from: &str, to: &str| json!({ "id": id, "truInput": [{ "truIds": [from] }], "truOutput": [{ "truIds": [to] }] });
    let mut utx = json!({ "utxCore": {
        // b was recorded twice and merged into b3
        "station": { "current": [{ "id": "a" }, { "id": "b3", "correctionOf": ["b1", "b2"], "correctionType": "merge" }, { "id": "c" }],
                     "history": [{ "id": "b1" }, { "id": "b2" }] },
        "lot": { "current": [{ "id": "l", "lotIdentifier": "L1" }] },
        "logisticUnit": { "current": [{ "id": "p", "registrationNumber": "SSCC 1", "description": "托盘" }] },
        "tru": { "current": [
            { "id": "1", "lotId": "l" }, { "id": "2", "luId": "p", "stationId": "a", "statusEnd": "2026-05-01" },
            { "id": "3", "luId": "p", "stationId": "b1", "statusStart": "2026-05-03" },
            { "id": "4", "lotId": "l", "stationId": "b2" }, { "id": "5", "lotId": "l", "stationId": "c" },
            { "id": "6", "lotId": "l", "stationId": "c" }
        ]},
        "activity": { "current": [
            { "id": "pack", "stationId": "a", "truInput": [{ "truIds": ["1"] }], "truOutput": [{ "truIds": ["2"] }] },
            moved("m1", "2", "3"),
            { "id": "unpack", "truInput": [{ "truIds": ["3"] }], "truOutput": [{ "truIds": ["4"] }] },
            moved("m2", "4", "5"), moved("wrong", "4", "6")
        ], "history": [{ "id": "gone", "correctionOf": ["wrong"], "correctionType": "delete" }] }
    }});
    let case = outbreak::read(utx.to_string().as_bytes(), Keep::Document).expect("UTX").cases.remove(0);
    assert!(case.notes.is_empty(), "{:?}", case.notes);
    let short: Vec<[&str; 3]> = case.network.deliveries.iter().map(|d| [&*d.id, &*d.from, &*d.to]).collect();
    assert_eq!(short, [["m1", "a", "b3"], ["m2", "b3", "c"]]);
    assert_eq!(case.network.relations, [("m1".to_owned(), "m2".to_owned())]);
    let first = &case.network.deliveries[0];
    assert_eq!(
        (first.date_out.as_deref(), first.date_in.as_deref()),
        (Some("2026-05-01"), Some("2026-05-03"))
    );
    assert_eq!(first.product.as_deref(), Some("托盘"));
    utx["utxCore"]["tru"]["current"][4]["stationId"] = json!("nowhere");
    let error =
        outbreak::read(utx.to_string().as_bytes(), Keep::Network).expect_err("no such station").to_string();
    assert!(error.contains("/utxCore/tru/current/4/stationId"), "{error}");
}

#[test]
fn what_cannot_be_read_is_refused_with_the_place_and_the_remedy() {
    let with = |pointer: &str, value: Value| {
        let mut case: Value = serde_json::from_str(EXAMPLE).expect("JSON");
        *case.pointer_mut(pointer).expect("a place") = value;
        case.to_string()
    };
    for (given, said) in [
        ("{".to_owned(), "this is no JSON"),
        ("7".to_owned(), "no case in a known layout"),
        (json!({ "$schema": "x", "properties": {} }).to_string(), "JSON schema"),
        (with("/version", json!("2.0.0")), "save it as 1.x"),
        (with("/data/stations/data/1/0/value", json!("F")), "the ID F is given twice"),
        (with("/data/deliveries/data/0/1/value", json!("Q")), "\"Q\", which no station has"),
        (with("/data/deliveryRelations/data/0/0/value", json!("9")), "delivery \"9\", which is not there"),
        (with("/data/deliveries/data", json!({})), "no list of rows"),
        (json!({ "stations": [], "deliveries": [{ "id": "1" }] }).to_string(), "missing field `from`"),
        (json!([{ "stations": [], "deliveries": [{ "id": "1", "from": "a", "to": "b" }, { "id": "1", "from": "a", "to": "b" }] }]).to_string(), "/0/deliveries/1/id"),
    ] {
        let error = outbreak::read(given.as_bytes(), Keep::Document).expect_err(said).to_string();
        assert!(error.contains(said), "{said}: {error}");
    }
}

#[test]
fn contradictions_are_kept_and_told() {
    let case = json!({
        "settings": { "stationWeights": { "nowhere": 1.0 } },
        "stations": [{ "id": "a" }, { "id": "b" }, { "id": "c" }],
        "deliveries": [{ "id": "1", "from": "a", "to": "b", "dateIn": "2026-05-02" }, { "id": "2", "from": "b", "to": "c", "dateOut": "2026-05-01" }],
        "relations": [["1", "2"], ["2", "1"], ["1", "9"]]
    });
    let case = outbreak::read(case.to_string().as_bytes(), Keep::Document).expect("a case").cases.remove(0);
    let said: Vec<&str> = case.notes.iter().map(|n| n.en.split(':').next().unwrap()).collect();
    assert_eq!(
        said,
        [
            "relations that name no delivery, ignored",
            "relations whose deliveries do not meet at one station, used as given",
            "relations that run against time, used as given",
            "evidence at elements that are not in the network; it still counts in the whole",
        ]
    );
}

#[test]
fn every_shared_case_file_is_read() {
    for (name, cases) in [
        ("golden-temporal-order.json", 1),
        ("synthetic-cases.json", 4),
        ("ExampleData.json", 1),
        ("baby-tea-scenario-1.json", 1),
        ("one-delivery-model.json", 1),
    ] {
        if let Some(bytes) = shared(name) {
            assert_eq!(outbreak::read(&bytes, Keep::Document).expect(name).cases.len(), cases, "{name}");
        }
    }
    for schema in ["fcl-json-schema-v1.json", "utx-core-schema-20240208.json"] {
        if let Some(bytes) = shared(schema) {
            assert!(outbreak::read(&bytes, Keep::Document).expect_err(schema).to_string().contains("schema"));
        }
    }
}

/// Deliveries from a and b to c, where the case is.
fn merging(merges: &Value) -> Value {
    json!({
        "settings": { "mergedStations": merges, "stationWeights": { "c": 1 } },
        "stations": [{ "id": "a" }, { "id": "b" }, { "id": "c" }, { "id": "d" }],
        "deliveries": [{ "id": "1", "from": "a", "to": "c" }, { "id": "2", "from": "b", "to": "d" }],
        "relations": [],
    })
}

#[test]
fn a_station_merged_into_a_listed_one_is_still_merged_in_foodchain_lab() {
    let given = merging(&json!({ "a": "b" })).to_string();
    let case = outbreak::read(given.as_bytes(), Keep::Network).expect("a case").cases.remove(0);
    let written = case.document().value().to_string();
    for keep in [Keep::Network, Keep::Document] {
        let again = outbreak::read(written.as_bytes(), keep).expect("a document").cases.remove(0);
        assert_eq!(again.network.settings.merged_stations, case.network.settings.merged_stations);
        assert_eq!(by_station(&score(&again.network)), by_station(&score(&case.network)));
    }
}

#[test]
fn merges_are_followed_to_their_end_and_must_have_one() {
    for (merges, stations) in [
        (json!({ "a": "b" }), vec!["b", "c", "d"]),
        (json!({ "a": "b", "b": "d" }), vec!["c", "d"]),
        (json!({ "a": "b", "b": "group" }), vec!["c", "d", "group"]),
        (json!({ "a": "a" }), vec!["a", "b", "c", "d"]),
    ] {
        let file = outbreak::read(merging(&merges).to_string().as_bytes(), Keep::Network).expect("a case");
        let scores = by_station(&score(&file.cases[0].network));
        assert_eq!(scores.keys().collect::<Vec<_>>(), stations, "{merges}");
        assert!(file.cases[0].notes.is_empty(), "{merges}: {:?}", file.cases[0].notes);
    }
    for merges in [
        json!({ "a": "b", "b": "a" }),
        json!({ "a": "b", "b": "d", "d": "a" }),
        json!({ "d": "a", "a": "b", "b": "a" }),
    ] {
        let error = outbreak::read(merging(&merges).to_string().as_bytes(), Keep::Network).unwrap_err();
        assert_eq!(error.0[0].0, "/settings/mergedStations", "{merges}");
        assert!(error.0[0].1.en.contains("back to itself"), "{merges}");
    }
}
