//! Forms: what is refused names the field and the remedy in both languages.

use crate::support::{World, officer};
use serde_json::{Value as Json, json};

#[tokio::test]
async fn each_fault_of_an_entry_is_named() {
    for (name, w) in World::all().await {
        let one = officer(1, "620102");
        let matter = w.disposal(&one).await;
        w.step(&one, matter, "launch", json!({})).await.unwrap();
        let row = w
            .store
            .first("select id from task_item where matter = $1 and region = '620102'", &[matter.into()])
            .await;
        let item = row.unwrap().unwrap().id("id").unwrap();
        let good = json!({"outcome": "open", "found": "12.5"});
        let with = |key: &str, value: Json| {
            let mut form = good.clone();
            form[key] = value;
            form
        };
        let hash = "a".repeat(64);
        for (form, field, zh, en) in [
            (json!({}), "outcome", "必填", "required"),
            (json!({"outcome": "open"}), "found", "必填", "required"),
            (json!({"outcome": "shut"}), "outcome", "在营", "out of business"),
            (with("found", json!("viel")), "found", "请填数字", "12.5"),
            (with("found", json!("-1")), "found", "不得小于 0", "below 0"),
            (with("found", json!("0.1234567")), "found", "6 位小数", "6 decimals"),
            (with("found", json!("99999999999999")), "found", "9 万亿", "9 trillion"),
            (with("weight", json!(1)), "weight", "没有此字段", "no such field"),
            (with("photos", json!(["nothash"])), "photos", "重新选择文件", "choose it again"),
            (with("photos", json!([hash])), "photos", "未上传成功", "not uploaded"),
            (with("position", json!({"lat": 60, "lon": 100})), "position", "不在中国境内", "not in China"),
            (with("position", json!("here")), "position", "重新定位", "locate again"),
            (with("note", json!("长".repeat(4001))), "note", "最多 4000 字", "at most 4000"),
            (with("contact", json!("a\u{0}b")), "contact", "控制字符", "control characters"),
        ] {
            let said = w.report(&one, item, 1, form.clone()).await.unwrap_err();
            let flow::Error::Form { faults } = &said else { panic!("{name} {form}: {said}") };
            let fault = &faults[0];
            assert_eq!((faults.len(), fault.field.as_str()), (1, field), "{form}");
            assert!(fault.text.zh.contains(zh) && fault.text.en.contains(en), "{form}: {fault}");
        }
        let list = w.report(&one, item, 1, json!([1])).await.unwrap_err();
        assert!(list.user_text().unwrap().en.contains("fields and values"));
        // what a hidden field holds is not kept
        let hidden = json!({"outcome": "closed", "found": "3", "position": {"lat": "36.06", "lon": 103.83}});
        w.report(&one, item, 1, hidden).await.unwrap();
        let row = w
            .store
            .one("select found, answer, version from task_item where id = $1", &[item.into()])
            .await
            .unwrap();
        assert_eq!(
            (row.opt_int("found").unwrap(), row.text("answer").unwrap().as_str()),
            (None, "closed"),
            "{name}"
        );
        // a correction cites its version and takes the place of the first report
        w.report(&one, item, 2, good.clone()).await.unwrap();
        let row =
            w.store.one("select found, version from task_item where id = $1", &[item.into()]).await.unwrap();
        assert_eq!((row.int("found").unwrap(), row.int("version").unwrap()), (12_500_000, 3), "{name}");
        let said = w.step(&one, matter, "conclude", json!({})).await.unwrap_err();
        assert!(matches!(&said, flow::Error::Form { faults } if faults.len() == 4), "{said:?}");
    }
}

#[tokio::test]
async fn more_than_the_records_say_is_reported_with_a_reason_only() {
    for (name, w) in World::all().await {
        let one = officer(1, "620102");
        let matter = w.disposal(&one).await;
        w.step(&one, matter, "launch", json!({})).await.unwrap();
        let row = w
            .store
            .first("select id from task_item where matter = $1 and region = '620102'", &[matter.into()])
            .await;
        let item = row.unwrap().unwrap().id("id").unwrap();
        let mut form = json!({"outcome": "open", "found": "99999", "sealed": "99999"});
        let said = w.report(&one, item, 1, form.clone()).await.unwrap_err();
        let flow::Error::Form { faults } = &said else { panic!("{name}: {said}") };
        assert_eq!(faults[0].field, "quantity_true", "{name}");
        assert!(faults[0].text.zh.contains("超出记录"), "{name}: {said}");
        // the sale before counts as well, and a tenth above the record passes
        let sold = json!({"outcome": "open", "found": "1", "sold": "99999"});
        assert!(matches!(w.report(&one, item, 1, sold).await, Err(flow::Error::Form { .. })), "{name}");
        form["quantity_true"] = json!(true);
        let said = w.report(&one, item, 1, form.clone()).await.unwrap_err();
        let flow::Error::Form { faults } = &said else { panic!("{name}: {said}") };
        assert_eq!(faults[0].field, "quantity_reason", "{name}: confirmed without a reason");
        form["quantity_reason"] = json!("另有未登记的进货");
        w.report(&one, item, 1, form).await.unwrap();
    }
}
