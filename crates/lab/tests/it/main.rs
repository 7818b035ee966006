//! The laboratory on every engine at hand: forms, results, reports, nonconformities.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod blind;
mod competence;
mod corrections;
mod declared;
mod imports;
mod judging;
mod plans;
mod recusal;
mod report;
mod result_files;
mod sampling;
mod together;

use access::{Principal, testing};
use async_trait::async_trait;
use base::{Date, Id, IdGen, Instant, Lang};
use lab::{
    Asked, Consequence, Found, HookError, Lab, NewResult, NewSample, Nonconformity, Sample, SampleKind,
    Stage, Surroundings,
};
use ledger::Context;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{Store, Tx};

pub(crate) const NOW: &str = "2026-11-21T09:00:00+08:00";
pub(crate) const LABORATORY: Id = Id(900);

/// Knows one shop and one lot.
struct Province;

#[async_trait]
impl Surroundings for Province {
    async fn lot_known(&self, _: &mut Tx, item: &str) -> Result<bool, HookError> {
        Ok(item.ends_with("/10/L1"))
    }

    async fn find(&self, _: &mut Tx, asked: &Asked) -> Result<Option<Found>, HookError> {
        Ok((asked.name == "虚构商店").then(|| Found {
            operator: Some(Id(4)),
            site: Some(Id(104)),
            place: Some("https://id.gs1.org/414/6990000000043".to_owned()),
            name: "虚构商店".to_owned(),
            region: "620102".to_owned(),
            ..Found::default()
        }))
    }

    async fn roster(&self, _: &mut Tx, region: &str, _: Stage) -> Result<Vec<Found>, HookError> {
        let one = |n: i64| Found {
            operator: Some(Id(n)),
            site: Some(Id(100 + n)),
            place: Some(format!("https://id.gs1.org/414/699000000{n:04}")),
            name: format!("虚构商店{n}"),
            region: region.to_owned(),
            ..Found::default()
        };
        Ok((1..=12).map(one).collect())
    }

    async fn address(&self, _: &mut Tx, _: Id) -> Result<String, HookError> {
        Ok("虚构路 1 号".to_owned())
    }

    async fn name(&self, _: &mut Tx, _: Id) -> Result<String, HookError> {
        Ok("虚构检验机构".to_owned())
    }

    async fn laboratories(&self, _: &mut Tx) -> Result<Vec<Found>, HookError> {
        let one = |id| Found { operator: Some(id), region: "620102".to_owned(), ..Found::default() };
        Ok([LABORATORY, Id(901), Id(902)].map(one).to_vec())
    }

    async fn samplers(
        &self,
        _: &mut Tx,
        region: &str,
        _: &str,
        _: Date,
    ) -> Result<Vec<(Id, String)>, HookError> {
        let who = testing::officer(region).account;
        Ok(vec![(who, "甲".to_owned()), (Id(who.0 + 7), "乙".to_owned())])
    }
}

/// Writes down that it was called, or fails.
#[derive(Default)]
pub(crate) struct Opens {
    pub(crate) fails: AtomicBool,
    /// Numbers of corrected reports of failed samples, and whether they fail.
    pub(crate) told: std::sync::Mutex<Vec<(String, bool)>>,
}

#[async_trait]
impl Consequence for Opens {
    async fn nonconforming(
        &self,
        tx: &mut Tx,
        cx: &Context,
        nonconformity: &Nonconformity,
    ) -> Result<Option<Id>, HookError> {
        let entry = ledger::Entry {
            kind: "matter.opened",
            region: nonconformity.region.clone(),
            subject: format!("nonconformity:{}", nonconformity.id),
            body: serde_json::json!({}),
            private: None,
        };
        ledger::append(tx, cx, &ledger::Permit::system("test"), entry).await?;
        if self.fails.load(Ordering::Relaxed) { Err("no such procedure".into()) } else { Ok(Some(Id(77))) }
    }

    async fn serious(
        &self,
        _: &mut Tx,
        _: &Context,
        _: &lab::NewSerious<'_>,
    ) -> Result<Option<Id>, HookError> {
        Ok(Some(Id(78)))
    }

    async fn corrected(
        &self,
        _: &mut Tx,
        _: &Context,
        report: &lab::CorrectedReport<'_>,
    ) -> Result<Option<Id>, HookError> {
        self.told.lock().unwrap().push((report.report_no.to_owned(), report.fails));
        Ok(report.nonconformity.matter)
    }

    async fn contest(
        &self,
        _: &mut Tx,
        _: &Context,
        who: &Principal,
        new: &lab::NewContest<'_>,
    ) -> Result<Id, HookError> {
        let may = who.operator.is_none() || who.operator == new.applicant;
        if may {
            Ok(Id(80 + i64::from(new.kind == lab::ContestKind::Objection)))
        } else {
            Err("another firm".into())
        }
    }
}

pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) store: Store,
    pub(crate) lab: Lab,
    pub(crate) opens: Arc<Opens>,
    ids: Arc<IdGen>,
}

impl World {
    pub(crate) fn cx(&self, who: &Principal) -> Context {
        Context { now: now(), ids: self.ids.clone(), actor: who.actor(), lang: Lang::Zh }
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        self.store.one(sql, &[]).await.unwrap().int("n").unwrap()
    }

    pub(crate) async fn register(&self, new: NewSample) -> Result<Sample, lab::Error> {
        let who = testing::officer("6201");
        let mut tx = self.store.begin().await.unwrap();
        let sample = self.lab.register_sample(&mut tx, &self.cx(&who), &who, new).await?;
        tx.commit().await.unwrap();
        Ok(sample)
    }

    pub(crate) async fn enter(
        &self,
        who: &Principal,
        sample: Id,
        new: NewResult,
    ) -> Result<lab::JudgedResult, lab::Error> {
        let mut tx = self.store.begin().await.unwrap();
        let judged = self.lab.enter_result(&mut tx, &self.cx(who), who, sample, new).await?;
        tx.commit().await.unwrap();
        Ok(judged)
    }

    pub(crate) async fn approve(&self, who: &Principal, sample: Id) -> Result<Sample, lab::Error> {
        let mut tx = self.store.begin().await.unwrap();
        let sample = self.lab.approve_report(&mut tx, &self.cx(who), who, sample, "R-1").await?;
        tx.commit().await.unwrap();
        Ok(sample)
    }

    pub(crate) async fn submit(&self, who: &Principal, sample: Id) -> Result<lab::Submitted, lab::Error> {
        let mut tx = self.store.begin().await.unwrap();
        let done = self.lab.submit_report(&mut tx, &self.cx(who), who, sample).await?;
        tx.commit().await.unwrap();
        Ok(done)
    }
}

pub(crate) fn now() -> Instant {
    Instant::parse(NOW).unwrap()
}

pub(crate) async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for (name, store) in store::testing::stores().await {
        let opens = Arc::new(Opens::default());
        let lab = Lab::new(testing::access(), limits::Rules::builtin(), opens.clone(), Arc::new(Province));
        worlds.push(World { name, store, lab, opens, ids: Arc::new(IdGen::new(1)) });
    }
    worlds
}

/// Two people of the laboratory.
pub(crate) fn analyst() -> Principal {
    testing::laboratory(LABORATORY)
}

pub(crate) fn signatory() -> Principal {
    let mut who = testing::laboratory(LABORATORY);
    who.account = Id(1414);
    who.login = "laboratory1414".to_owned();
    who
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn form(form_no: &str, kind: SampleKind) -> NewSample {
    NewSample {
        form_no: form_no.to_owned(),
        kind,
        food: "大米".to_owned(),
        product_name: "虚构大米".to_owned(),
        gtin: Some(base::Gtin::with_check("0690000000001").unwrap().to_string()),
        lot_no: Some("L1".to_owned()),
        item: None,
        place: None,
        place_name: "虚构商店".to_owned(),
        uscc: None,
        producer_name: "虚构米业".to_owned(),
        producer_uscc: None,
        produced: Some(day("2026-10-01")),
        sampled: day("2026-11-10"),
        received: Some(day("2026-11-12")),
        arrival: Some(sampling::accepted()),
        prepackaged: true,
        base_qty: None,
        region: None,
        agency: "market".to_owned(),
        laboratory: Some(LABORATORY),
        facts: limits::Facts::default(),
        placing: lab::Placing::default(),
    }
}

pub(crate) fn cadmium(value: &str) -> NewResult {
    NewResult {
        analyte: "镉(以Cd计)".to_owned(),
        reported: value.to_owned(),
        unit: "mg/kg".to_owned(),
        lod: Some("0.002".to_owned()),
        method: "GB 5009.15-2023".to_owned(),
        ..NewResult::default()
    }
}
