//! The failed samples of the past, worked off by the accounts whose duty they were: two to the end, the newest half-way.

use super::load::Loader;
use super::people;
use crate::out;
use access::Principal;
use anyhow::{Context as _, Result};
use base::{Decimal, Id, Instant};
use flow::view::{MatterFilter, MatterView};
use serde_json::{Value as Json, json};
use std::collections::HashMap;

const DAY: i64 = 86_400;

/// Who acts, found once.
struct Staff<'a> {
    loader: &'a Loader<'a>,
    desk: Principal,
    officers: HashMap<String, Principal>,
}

/// Works off every disposal that is open.
pub(crate) async fn settle(loader: &Loader<'_>, now: Instant) -> Result<()> {
    let store = &loader.app.store;
    let cx = loader.context(&loader.exchange, now);
    let desk = people::principal(store, &loader.access, "desk", &cx).await?;
    let mut officers = HashMap::new();
    for (region, login) in people::county_logins() {
        officers.insert(region, people::principal(store, &loader.access, &login, &cx).await?);
    }
    let staff = Staff { loader, desk, officers };
    let filter = MatterFilter {
        procedure: Some("disposal".to_owned()),
        running: Some(true),
        ..MatterFilter::default()
    };
    let open =
        flow::view::matters(store, &loader.app.engine, &loader.access, &staff.desk, now, &filter, None, 50)
            .await?;
    let mut open = open.rows;
    open.sort_by_key(|m| m.opened_at);
    let count = open.len();
    for (n, m) in open.into_iter().enumerate() {
        out::progress(&format!("办理既往案件 {} / {count} past cases", n + 1));
        staff
            .dispose(m.id, m.opened_at, n + 1 < count)
            .await
            .with_context(|| format!("disposal {}", m.id))?;
    }
    Ok(())
}

impl Staff<'_> {
    fn officer(&self, region: &str) -> Result<&Principal> {
        let county: String = region.chars().take(6).collect();
        self.officers.get(&county).with_context(|| format!("no officer in {region}"))
    }

    async fn view(&self, who: &Principal, at: Instant, matter: Id) -> Result<MatterView> {
        let (app, access) = (self.loader.app, &self.loader.access);
        Ok(flow::view::matter(&app.store, &app.engine, access, who, at, matter).await?)
    }

    async fn step(&self, who: &Principal, at: Instant, matter: Id, step: &str, form: Json) -> Result<()> {
        let (app, access) = (self.loader.app, &self.loader.access);
        let version = self.view(who, at, matter).await?.version;
        let cx = self.loader.context(who, at);
        let mut tx = app.store.begin().await?;
        flow::transition(&mut tx, &cx, &app.engine, access, who, matter, version, step, &form)
            .await
            .with_context(|| format!("step {step}"))?;
        tx.commit().await?;
        Ok(())
    }

    async fn publish(&self, at: Instant, matter: Id, name: &str) -> Result<()> {
        let (app, access) = (self.loader.app, &self.loader.access);
        let view = self.view(&self.desk, at, matter).await?;
        let Some(d) = view.documents.iter().find(|d| d.name == name && d.status == "draft") else {
            return Ok(());
        };
        let cx = self.loader.context(&self.desk, at);
        let mut tx = app.store.begin().await?;
        flow::publish_document(&mut tx, &cx, &app.engine, access, &self.desk, d.id, d.version).await?;
        tx.commit().await?;
        Ok(())
    }

    /// One disposal: launch, notice, recall, places, conclusion. Unfinished ones stop after some of the places.
    async fn dispose(&self, matter: Id, opened: Instant, finish: bool) -> Result<()> {
        let day = |n: i64| opened.plus_seconds(n * DAY);
        let lead = self.view(&self.desk, opened, matter).await?;
        let officer = self.officer(&lead.region)?;
        self.step(officer, day(1), matter, "draft_notice", json!({})).await?;
        self.publish(day(1), matter, "result_notice").await?;
        self.step(
            officer,
            day(1),
            matter,
            "serve",
            json!({ "served_on": day(1).china_date().to_string(), "method": "direct" }),
        )
        .await?;
        self.step(officer, day(1), matter, "launch", json!({ "harm": "general" })).await?;
        self.publish(day(2), matter, "notice").await?;
        let lead = self.view(&self.desk, day(2), matter).await?;
        let recall = lead.children.iter().find(|c| c.1 == "recall").map(|c| c.0);
        if let Some(recall) = recall {
            self.recall(recall, day(2), finish).await?;
        }
        self.places(&lead, day(3), finish).await?;
        if finish {
            let findings = json!({
                "cause": "原料批次受污染（演示）", "responsible": "production",
                "measures": "更换供货者，增加进货检验（演示）", "case_opened": false,
            });
            self.step(officer, day(18), matter, "conclude", findings).await?;
            self.step(&self.desk, day(20), matter, "close", json!({})).await?;
        }
        Ok(())
    }

    async fn recall(&self, recall: Id, at: Instant, finish: bool) -> Result<()> {
        let view = self.view(&self.desk, at, recall).await?;
        let officer = self.officer(&view.region)?;
        let shipped = view.all_facts.get("shipped").and_then(Json::as_str).unwrap_or("0").to_owned();
        let unit = view
            .all_facts
            .get("unit")
            .and_then(Json::as_str)
            .filter(|u| !u.is_empty())
            .unwrap_or("kg")
            .to_owned();
        let plan = json!({
            "stopped": true, "areas": "甘肃省内", "quantity": &shipped, "unit": unit, "procedure": "通知下游下架、登记、退回（演示）",
            "quantity_why": "按追溯记录（演示）", "goods": "destroy", "ends_on": at.plus_seconds(14 * DAY).china_date().to_string(), "contact": "演示联系人",
            "contact_phone": "000-0000000",
        });
        self.step(officer, at.plus_seconds(3600), recall, "record_plan", plan).await?;
        self.step(officer, at.plus_seconds(7200), recall, "assess", json!({})).await?;
        self.publish(at.plus_seconds(10_800), recall, "notice").await?;
        if finish {
            let outcome = json!({
                "firm_recovered": "0", "firm_disposed": "0", "missing": shipped, "gap_why": "由各县就地召回、销毁（演示）",
                "note": "由各县就地召回、销毁（演示）",
            });
            self.step(officer, at.plus_seconds(12 * DAY), recall, "record_outcome", outcome).await?;
            let checked = json!({
                "checked_on": at.plus_seconds(12 * DAY).china_date().to_string(), "checked_places": "3", "told": "3",
                "still_on_sale": "0",
            });
            self.step(officer, at.plus_seconds(12 * DAY), recall, "effect_check", checked).await?;
            let evaluation =
                json!({ "evaluation": "召回有效（演示）", "open_ends": "各县就地处置，余量按上报（演示）" });
            self.step(&self.desk, at.plus_seconds(13 * DAY), recall, "close", evaluation).await?;
        }
        Ok(())
    }

    /// The counties report their places; of an unfinished case two thirds.
    async fn places(&self, lead: &MatterView, from: Instant, finish: bool) -> Result<()> {
        let (app, access) = (self.loader.app, &self.loader.access);
        let mut n: i64 = 0;
        for line in &lead.tasks {
            let officer = self.officer(&line.region)?;
            let at = from.plus_seconds((n % 5) * DAY + n * 60);
            let task = flow::view::task(&app.store, &app.engine, access, officer, at, line.id).await?;
            for item in &task.items {
                n += 1;
                if !finish && n % 3 == 0 {
                    continue;
                }
                let expected = item.expected.unwrap_or(Decimal::ZERO).max(Decimal::ZERO);
                let form = if line.kind == "source_inquiry" {
                    json!({ "outcome": "confirmed", "note": "进货查验记录齐全（演示）" })
                } else if line.kind == "seal" {
                    json!({ "outcome": "open", "found": expected.to_string(), "sealed": expected.to_string() })
                } else {
                    json!({ "outcome": "open", "found": expected.to_string(), "recovered": expected.to_string() })
                };
                let cx = self.loader.context(officer, at.plus_seconds(n));
                let mut tx = app.store.begin().await?;
                flow::report_item(&mut tx, &cx, &app.engine, access, officer, item.id, item.version, &form)
                    .await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }
}
