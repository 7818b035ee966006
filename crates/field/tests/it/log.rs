//! Entries and what they amount to: read strictly, kept whole, the same in any order.

use base::Id;
use field::{Entry, Place, Visit, What, Wrong, genesis, hash_of};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// An entry's text; `prev` by default that of nobody.
pub(crate) fn text(device: i64, seq: u32, prev: &str, kind: &str, body: Json) -> String {
    json!({
        "v": 1, "device": Id(device), "seq": seq, "prev": prev, "matter": crate::office::MATTER, "kind": kind,
        "at": crate::office::now().0 / 1000 + i64::from(seq), "place": {"lat": "36.06", "lon": "103.83", "accuracy": 12},
        "body": body,
    })
    .to_string()
}

fn entry(device: i64, seq: u32, kind: &str, body: Json) -> Entry {
    Entry::read(&text(device, seq, &"0".repeat(64), kind, body)).unwrap()
}

#[test]
fn an_entry_is_read_strictly() {
    let zero = "0".repeat(64);
    let good = |kind: &str, body: Json| text(7, 1, &zero, kind, body);
    let ok = [
        good("arrival", json!({})),
        good("finish", json!({})),
        good("finding", json!({"item": "staff", "result": "pass"})),
        good(
            "finding",
            json!({"item": "staff", "result": "fail", "note": "无健康证", "corrects": {"device": Id(7), "seq": 3}}),
        ),
        good("signature", json!({"side": "firm", "refused": "负责人不在"})),
        good("note", json!({"text": "虚构"}))
            .replace(r#"{"lat":"36.06","lon":"103.83","accuracy":12}"#, r#""refused""#),
    ];
    for t in &ok {
        let e = Entry::read(t).unwrap_or_else(|w| panic!("{w:?} {t}"));
        assert_eq!(e.hash, hash_of(t));
    }
    let e = Entry::read(&ok[5]).unwrap();
    assert!(matches!(e.place, Place::None(_)) && matches!(e.what, What::Note(_)));
    let bad = [
        "{}".to_owned(),
        good("dance", json!({})),
        good("arrival", json!({"extra": 1})),
        good("finding", json!({"item": "staff", "result": "perfect"})),
        good("finding", json!({"item": "staff", "result": "fail"})),
        good("finding", json!({"item": "staff", "result": "pass", "photos": ["zz"]})),
        good("signature", json!({"side": "firm", "name": "甲", "refused": "不"})),
        good("signature", json!({"side": "nobody", "name": "甲"})),
        good("note", json!({"text": "x".repeat(1001)})),
        good("note", json!({"text": "x"})).replace("\"seq\":1", "\"seq\":0"),
        good("note", json!({"text": "x"})).replace("\"v\":1", "\"v\":2"),
        good("note", json!({"text": "x"})).replace("36.06", "136.06"),
        good("note", json!({"text": "x"})).replace(&zero, "0"),
        good("note", json!({"text": "x".repeat(20_000)})),
    ];
    for t in bad {
        assert_eq!(Entry::read(&t).err(), Some(Wrong::Format), "{}", t.chars().take(200).collect::<String>());
    }
    assert_ne!(genesis(Id(1)), genesis(Id(2)));
}

#[test]
fn two_officers_findings_are_both_kept_and_a_correction_cites_the_one_before() {
    let found = |device: i64, seq: u32, result: &str, note: &str, corrects: Option<(i64, u32)>| {
        let corrects = corrects.map(|(d, s)| json!({"device": Id(d), "seq": s}));
        entry(
            device,
            seq,
            "finding",
            json!({"item": "staff", "result": result, "note": note, "corrects": corrects}),
        )
    };
    let v = Visit::of(&[found(1, 1, "pass", "", None), found(2, 1, "fail", "两人无健康证", None)]);
    assert_eq!(v.findings["staff"].len(), 2, "no last write wins");
    let row = v.answer("staff").unwrap();
    assert_eq!(row["result"], "fail", "the worst that stands");
    assert!(
        row["note"].as_str().unwrap().contains("不一致")
            && row["note"].as_str().unwrap().contains("两人无健康证")
    );
    // the first officer sees it too and corrects his own: they agree
    let v = Visit::of(&[
        found(1, 1, "pass", "", None),
        found(2, 1, "fail", "两人无健康证", None),
        found(1, 2, "fail", "两人无健康证", Some((1, 1))),
    ]);
    assert_eq!(v.findings["staff"].len(), 3, "the corrected one stays on record");
    assert_eq!(
        v.answer("staff").unwrap(),
        json!({"item": "staff", "result": "fail", "note": "两人无健康证"})
    );
    // a correction of another point corrects nothing
    let other = entry(
        1,
        3,
        "finding",
        json!({"item": "label", "result": "pass", "corrects": {"device": Id(2), "seq": 1}}),
    );
    let v = Visit::of(&[found(2, 1, "fail", "两人无健康证", None), other]);
    assert_eq!(v.answer("staff").unwrap()["result"], "fail");
    assert_eq!(v.answer("nothing"), None);
    // nobody strikes what another found: both stand, and the record says that they differ
    let v = Visit::of(&[found(1, 1, "fail", "过期食品12袋", None), found(2, 1, "pass", "", Some((1, 1)))]);
    let row = v.answer("staff").unwrap();
    assert_eq!(row["result"], "fail");
    assert!(
        row["note"].as_str().unwrap().contains("不一致")
            && row["note"].as_str().unwrap().contains("过期食品12袋")
    );
}

#[test]
fn the_record_is_made_from_what_stands() {
    let sha = "ab".repeat(32);
    let sign = "cd".repeat(32);
    let v = Visit::of(&[
        entry(1, 1, "arrival", json!({})),
        entry(1, 2, "photo", json!({"sha256": sha, "size": 9})),
        entry(
            1,
            3,
            "finding",
            json!({"item": "staff", "result": "minor", "note": "一人过期", "photos": [sha]}),
        ),
        entry(1, 4, "reply", json!({"text": "明日补办"})),
        entry(1, 5, "photo", json!({"sha256": sign, "size": 5})),
        entry(1, 6, "signature", json!({"side": "officer", "name": "甲", "image": sign})),
        entry(2, 1, "signature", json!({"side": "officer", "name": "乙"})),
        entry(1, 7, "signature", json!({"side": "firm", "refused": "负责人不在"})),
        entry(1, 8, "finish", json!({})),
    ]);
    assert_eq!(
        v.form("catering"),
        json!({
            "business": "catering",
            "catering": [{"item": "staff", "result": "minor", "note": "一人过期", "photos": [sha]}],
            "checked_on": "2026-11-21",
            "reply": "明日补办",
            "photos": [sha],
            "position": {"lat": "36.06", "lon": "103.83"},
            "officer_signature": {"name": "甲、乙", "image": sign},
            "firm_signature": {"name": "拒签：负责人不在"},
        })
    );
}

fn some_entry() -> impl Strategy<Value = Entry> {
    let results = prop::sample::select(vec!["pass", "minor", "fail", "na"]);
    let items = prop::sample::select(vec!["staff", "label", "storage"]);
    let cited = prop::option::of((1..4_i64, 1..9_u32));
    (1..4_i64, 1..9_u32, results, items, cited, 0..4_u8).prop_map(
        |(device, seq, result, item, cited, kind)| {
            let corrects = cited.map(|(d, s)| json!({"device": Id(d), "seq": s}));
            match kind {
                0 => entry(device, seq, "note", json!({"text": format!("{device}/{seq}")})),
                1 => entry(device, seq, "finish", json!({})),
                _ => entry(
                    device,
                    seq,
                    "finding",
                    json!({"item": item, "result": result, "note": "记", "corrects": corrects}),
                ),
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_order_of_arrival_changes_nothing(
        (entries, shuffled) in prop::collection::vec(some_entry(), 0..24)
            .prop_map(|mut v| { v.sort_by_key(|e| (e.device, e.seq)); v.dedup_by_key(|e| (e.device, e.seq)); v })
            .prop_flat_map(|v| (Just(v.clone()), Just(v).prop_shuffle()))
    ) {
        prop_assert_eq!(Visit::of(&entries), Visit::of(&shuffled));
        prop_assert_eq!(Visit::of(&entries).form("catering"), Visit::of(&shuffled).form("catering"));
    }
}
