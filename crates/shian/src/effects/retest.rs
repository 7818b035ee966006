//! What service, retest and objection tell the laboratory part, and the draw of the retest laboratory.

use super::permit;
use super::settle::nonconformity;
use async_trait::async_trait;
use base::{Date, Id};
use flow::{Effect, EffectCx, EffectError, EffectOut, MatterDraft};
use lab::{ContestKind, Lab, Party};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use store::Tx;

pub(crate) const SERVE: &str = "lab.record_service";
pub(crate) const FILE: &str = "lab.file_contest";
pub(crate) const HOLD: &str = "lab.hold_nonconformity";
pub(crate) const FREEZE: &str = "lab.freeze_retest_draw";
pub(crate) const DRAW: &str = "lab.draw_retest_laboratory";

fn said<'a>(cx: &'a EffectCx<'_>, field: &str) -> Option<&'a str> {
    cx.form.get(field).and_then(Json::as_str).map(str::trim).filter(|t| !t.is_empty())
}

fn day(cx: &EffectCx<'_>, field: &str) -> Option<Date> {
    said(cx, field)?.parse().ok()
}

/// What the laboratory part refuses reaches the person as a refusal of the step.
fn refused(e: lab::Error) -> EffectError {
    match e {
        lab::Error::State(text) => flow::Error::Refused(text).into(),
        lab::Error::Invalid(problems) => match problems.into_iter().next() {
            Some(problem) => flow::Error::Refused(problem.message).into(),
            None => lab::Error::Invalid(Vec::new()).into(),
        },
        other => other.into(),
    }
}

macro_rules! over_the_laboratory {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            lab: Lab,
        }

        impl $name {
            /// Over the laboratory part of a province.
            #[must_use]
            pub const fn new(lab: Lab) -> Self {
                Self { lab }
            }
        }
    )*};
}

over_the_laboratory! {
    /// Reads `served_on` and, where it is given, `party` of the form: the conclusion reached a party, its days begin.
    RecordService;
    /// The application is made: sets `window_until` and `late`. An application on paper counts from `received_on`.
    FileContest;
    /// Parameter `held`: false when a retest or an objection ends.
    Hold;
    /// Freezes the list of laboratories a retest is drawn from, without the first one and those drawn before.
    FreezeDraw;
    /// Draws from the frozen list by the first checkpoint of the journal that covers the freezing. Sets `retest_laboratory`,
    /// `retest_laboratory_name`, `draw` and `retest_draw`.
    DrawLaboratory;
}

#[async_trait]
impl Effect for RecordService {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        _params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        if let (Some(id), Some(on)) = (nonconformity(&matter.subject), day(cx, "served_on")) {
            let party = said(cx, "party").and_then(Party::read);
            let permit = permit(matter, cx);
            self.lab.record_service(tx, cx.context, &permit, id, party, on).await.map_err(refused)?;
        }
        Ok(EffectOut::default())
    }
}

#[async_trait]
impl Effect for FileContest {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        _params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        let (Some(id), Some(kind)) = (nonconformity(&matter.subject), ContestKind::read(&matter.procedure))
        else {
            return Ok(EffectOut::default());
        };
        let on = day(cx, "received_on").unwrap_or_else(|| cx.context.now.china_date());
        let process = said(cx, "ground") == Some("process");
        let (permit, who) = (permit(matter, cx), matter.operator);
        let (until, late) = self
            .lab
            .file_contest(tx, cx.context, &permit, matter.id, id, kind, who, process, on)
            .await
            .map_err(refused)?;
        if let Some(until) = until {
            matter.set("window_until", until.to_string());
        }
        matter.set("late", late);
        Ok(EffectOut::default())
    }
}

#[async_trait]
impl Effect for Hold {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        let held = params.get("held").and_then(Json::as_bool).ok_or_else(|| {
            flow::Error::Procedure(format!("{HOLD} needs the parameter `held`: true or false"))
        })?;
        if held {
            // a matter begun before applications were recorded says so when it is accepted
            return FileContest::new(self.lab.clone()).run(tx, cx, matter, params).await;
        }
        if let Some(id) = nonconformity(&matter.subject) {
            self.lab.end_contest(tx, cx.context, &permit(matter, cx), matter.id, id).await?;
        }
        Ok(EffectOut::default())
    }
}

#[async_trait]
impl Effect for FreezeDraw {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        _params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        let before = ["first_laboratory", "retest_laboratory", "declined"].map(|f| matter.fact(f).to_owned());
        let without: Vec<Id> =
            before.iter().flat_map(|t| t.split_whitespace()).filter_map(|t| t.parse().ok()).collect();
        if let Some(declined) =
            matter.facts.remove("retest_laboratory").and_then(|v| v.as_str().map(str::to_owned))
        {
            matter.set("declined", format!("{} {declined}", matter.fact("declined")).trim().to_owned());
            matter.facts.remove("retest_laboratory_name");
        }
        let permit = permit(matter, cx);
        let record = self
            .lab
            .freeze_retest(tx, cx.context, &permit, matter.id, &matter.region, &without)
            .await
            .map_err(refused)?;
        let (n, root) = (record.laboratories.len(), &record.root[..16]);
        matter.set(
            "draw",
            json!({
                "zh": format!("名录已固定：{n} 家候选，根哈希 {root}…，待存证签署后抽取"),
                "en": format!("list of {n} frozen, root {root}…; drawn once the journal has signed it"),
            }),
        );
        Ok(EffectOut::default())
    }
}

#[async_trait]
impl Effect for DrawLaboratory {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        _params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        let permit = permit(matter, cx);
        let (record, name) =
            self.lab.draw_retest(tx, cx.context, &permit, matter.id).await.map_err(refused)?;
        if let Some(d) = &record.drawn {
            let (n, size) = (record.laboratories.len(), d.size);
            matter.set("retest_laboratory", d.laboratory.to_string());
            matter.set("retest_laboratory_name", name);
            let seed = &d.seed[..16];
            matter.set(
                "draw",
                json!({
                    "zh": format!("{n} 家候选，种子取自首个覆盖名录存证的检查点（第 {size} 条）与事先承诺的随机数：{seed}…"),
                    "en": format!("{n} listed; the seed comes from the first checkpoint that covers the list (entry {size}) and the number committed to before: {seed}…"),
                }),
            );
            matter.set("retest_draw", record.draw.to_string());
        }
        Ok(EffectOut::default())
    }
}
