//! What the recall refuses to believe: plans beyond the law, figures that do not add up, days before it began, an end nobody confirmed.

use crate::support::{World, desk, firm, officer};
use base::Id;
use flow::Error;
use flow::view::Action;
use serde_json::{Value as Json, json};

/// A recall of level 2 over 200 kg in the firm's hands.
async fn recall(w: &World) -> Id {
    let one = officer(1, "620102");
    let matter = w.disposal(&one).await;
    w.step(&one, matter, "launch", json!({})).await.unwrap();
    w.step(&one, matter, "widen", json!({})).await.unwrap();
    w.view(&one, matter).await.children[0].0
}

fn plan(more: Json) -> Json {
    let mut plan = json!({
        "stopped": "yes", "areas": "甘肃省", "quantity": "200", "unit": "kg", "procedure": "十日内", "goods": "destroy",
        "ends_on": "2026-10-20", "contact": "某人", "contact_phone": "0943-0000000",
    });
    plan.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    plan
}

/// The fields a form was refused for.
fn fields(said: &Result<flow::Outcome, Error>) -> Vec<String> {
    match said {
        Err(Error::Form { faults }) => faults.iter().map(|f| f.field.clone()).collect(),
        other => panic!("refused by its form: {other:?}"),
    }
}

async fn offered(w: &World, who: &access::Principal, recall: Id, step: &str) -> Action {
    let view = w.view(who, recall).await;
    view.actions.into_iter().find(|a| a.id == step).unwrap()
}

/// The notice is out and the firm may report.
async fn executing(w: &World, recall: Id) {
    let (away, chief) = (officer(6, "620402"), desk(7, "620402"));
    w.step(&firm(), recall, "start", plan(json!({}))).await.unwrap();
    w.step(&away, recall, "assess", json!({})).await.unwrap();
    let notice = w.view(&chief, recall).await.documents[0].clone();
    let mut tx = w.store.begin().await.unwrap();
    let cx = w.cx(&chief);
    let done =
        flow::publish_document(&mut tx, &cx, &w.engine, &w.access, &chief, notice.id, notice.version).await;
    done.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_plan_keeps_to_the_law_and_opens_with_what_is_known() {
    for (name, w) in World::all().await {
        let recall = recall(&w).await;
        let start = offered(&w, &firm(), recall, "start").await;
        assert_eq!(
            (&start.entered["quantity"], &start.entered["unit"]),
            (&json!("200"), &json!("kg")),
            "{name}"
        );
        for (more, field) in [
            (json!({"goods": "relabel"}), "goods"),
            // 20 working days from 28 September, over National Day
            (json!({"ends_on": "2026-10-31"}), "ends_on"),
            (json!({"quantity": "5"}), "quantity_why"),
            (json!({"unit": "吨"}), "quantity_why"),
        ] {
            let said = w.step(&firm(), recall, "start", plan(more)).await;
            assert_eq!(fields(&said), [field], "{name}");
        }
        let less = json!({"quantity": "150", "quantity_why": "五十公斤未出厂", "ends_on": "2026-10-30"});
        w.step(&firm(), recall, "start", plan(less)).await.unwrap();
        assert_eq!(w.view(&desk(7, "620402"), recall).await.all_facts["quantity"], "150", "{name}");
    }
}

#[tokio::test]
async fn what_is_sent_back_says_why_runs_a_clock_and_opens_as_it_was_submitted() {
    for (name, w) in World::all().await {
        let recall = recall(&w).await;
        let away = officer(6, "620402");
        w.step(&firm(), recall, "start", plan(json!({}))).await.unwrap();
        w.step(&away, recall, "return_plan", json!({"reason": "请写明退货补偿办法"})).await.unwrap();
        let view = w.view(&firm(), recall).await;
        assert_eq!(
            (view.state.as_str(), view.state_title.zh.as_ref()),
            ("returned", "计划退回修改"),
            "{name}"
        );
        assert!(view.clocks.iter().any(|c| c.rule == "correct_plan" && c.met_at.is_none()), "{name}");
        let back = view.steps.last().unwrap();
        assert_eq!(
            (back.returned, back.note.as_deref(), back.login.as_str()),
            (true, Some("请写明退货补偿办法"), ""),
            "{name}: why, and not by whom"
        );
        let revise = view.actions.iter().find(|a| a.id == "revise").unwrap();
        for (field, value) in
            [("procedure", "十日内"), ("contact_phone", "0943-0000000"), ("ends_on", "2026-10-20")]
        {
            assert_eq!(revise.entered[field], value, "{name}: {field}");
        }
        let again = plan(json!({"procedure": "十日内，凭票全额退款"}));
        w.step(&firm(), recall, "revise", again).await.unwrap();
        let view = w.view(&firm(), recall).await;
        assert_eq!(view.state, "started", "{name}");
        assert!(view.clocks.iter().all(|c| c.rule != "correct_plan" || c.met_at.is_some()), "{name}");
    }
}

#[tokio::test]
async fn figures_of_a_recall_add_up_or_are_explained_and_its_days_lie_within_it() {
    for (name, mut w) in World::all().await {
        let recall = recall(&w).await;
        executing(&w, recall).await;
        w.after_hours(48);
        let report = |as_of: &str, kg: &str| json!({"as_of": as_of, "notified": "12", "firm_recovered": kg});
        w.step(&firm(), recall, "progress", report("2026-09-29", "100")).await.unwrap();
        for (form, field) in [
            (report("2026-09-01", "120"), "as_of"),
            (report("2026-09-28", "120"), "as_of"),
            (report("2026-09-30", "90"), "explain"),
            (report("2026-09-30", "99999999"), "explain"),
        ] {
            assert_eq!(fields(&w.step(&firm(), recall, "progress", form).await), [field], "{name}");
        }
        let mut less = report("2026-09-30", "90");
        less["explain"] = json!("一户重复上报十公斤");
        w.step(&firm(), recall, "progress", less).await.unwrap();

        // the authority does not believe it: the time of the recall goes on
        w.step(&firm(), recall, "collected", report("2026-09-30", "90")).await.unwrap();
        let away = officer(6, "620402");
        w.step(&away, recall, "not_collected", json!({"reason": "尚有一百一十公斤"})).await.unwrap();
        let view = w.view(&firm(), recall).await;
        let finish = view.clocks.iter().find(|c| c.rule == "finish_2").unwrap();
        assert!(
            finish.met_at.is_none() && finish.suspensions.iter().all(|s| s.to.is_some()),
            "{name}: {finish:?}"
        );
        assert_eq!(
            view.steps.iter().rev().find(|s| s.returned).unwrap().note.as_deref(),
            Some("尚有一百一十公斤")
        );
        w.step(&firm(), recall, "collected", report("2026-09-30", "90")).await.unwrap();
        w.step(&away, recall, "confirm_collected", json!({})).await.unwrap();

        let summary = |disposed: &str, missing: &str, day: &str| {
            json!({
                "method": "destroy", "firm_disposed": disposed, "disposed_on": day, "disposed_at": "某地", "missing": missing,
                "missing_why": "已售出", "prevention": "换供应商",
            })
        };
        for (form, field) in [
            (summary("90", "10", "2026-09-30"), "gap_why"),
            (summary("50", "110", "2026-09-30"), "gap_why"),
            (summary("90", "110", "2026-09-01"), "disposed_on"),
        ] {
            assert_eq!(fields(&w.step(&firm(), recall, "summarise", form).await), [field], "{name}");
        }
        w.step(&firm(), recall, "summarise", summary("90", "110", "2026-09-30")).await.unwrap();
    }
}

#[tokio::test]
async fn a_recall_is_not_closed_while_a_place_sells_and_not_without_words_for_what_is_open() {
    for (name, w) in World::all().await {
        let recall = recall(&w).await;
        executing(&w, recall).await;
        let (away, chief) = (officer(6, "620402"), desk(7, "620402"));
        let outcome =
            json!({"firm_recovered": "200", "firm_disposed": "200", "missing": "0", "note": "已全部销毁"});
        w.step(&away, recall, "record_outcome", outcome).await.unwrap();
        let check = |day: &str, selling: &str| json!({"checked_on": day, "checked_places": "3", "told": "2", "still_on_sale": selling});
        let early = w.step(&away, recall, "effect_check", check("2026-09-01", "0")).await;
        assert_eq!(fields(&early), ["checked_on"], "{name}");
        w.step(&away, recall, "effect_check", check("2026-09-28", "3")).await.unwrap();
        let said = offered(&w, &chief, recall, "close").await.refusal.unwrap();
        assert!(said.zh.contains("仍有场所在售"), "{name}: {said}");
        w.step(&away, recall, "effect_check", check("2026-09-28", "0")).await.unwrap();
        // no place has reported yet: the form asks for it without a condition
        let close = offered(&w, &chief, recall, "close").await;
        let asked = close.form.unwrap().field("open_ends").cloned().unwrap();
        assert!(asked.required && asked.when.is_none(), "{name}");
        let said = w.step(&chief, recall, "close", json!({"evaluation": "有效"})).await;
        assert_eq!(fields(&said), ["open_ends"], "{name}");
        let evaluation = json!({"evaluation": "有效", "open_ends": "企业已核实全部去向，各县补报中"});
        w.step(&chief, recall, "close", evaluation).await.unwrap();
    }
}
