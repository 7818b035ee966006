//! What a failed supervision sample brings about: `lab::Consequence` opens the disposal matter, the retest, the objection.

use async_trait::async_trait;
use base::{Id, Lang, RegionCode, Text};
use flow::{Authority, Engine, NewMatter};
use lab::{
    Consequence, ContestKind, CorrectedReport, Failure, HookError, NewContest, NewSerious, Nonconformity,
};
use ledger::Context;
use serde_json::json;
use std::sync::{Arc, OnceLock, Weak};
use store::Tx;

/// The procedure that follows a nonconformity.
const PROCEDURE: &str = "disposal";

/// Opens one disposal matter (核查处置) for each nonconformity. The engine, whose effects know the laboratory, is made after
/// it and connected then.
#[derive(Debug)]
pub struct Disposal {
    access: access::Access,
    engine: OnceLock<Weak<Engine>>,
}

impl Disposal {
    /// Over the rights of a province.
    #[must_use]
    pub const fn new(access: access::Access) -> Self {
        Self { access, engine: OnceLock::new() }
    }

    fn engine(&self) -> Result<Arc<Engine>, HookError> {
        Ok(self.engine.get().and_then(Weak::upgrade).ok_or("the procedure engine is not connected")?)
    }

    /// Opens the disposal of a failure under a key, with facts besides those of the failure.
    async fn open(
        &self,
        tx: &mut Tx,
        cx: &Context,
        n: &Nonconformity,
        key: String,
        more: &[(&'static str, &str)],
    ) -> Result<Option<Id>, HookError> {
        let engine = self.engine()?;
        let report = lab::report_facts(tx, n.sample).await?;
        let mut new = NewMatter::new(county(n), format!("nonconformity:{}", n.id), title(n))
            .of_operator(n.operator.or(n.producer))
            .with_key(key)
            .fact("product", n.product_name.as_str())
            .fact("item", n.item.clone().unwrap_or_else(|| sample_key(n.sample)))
            .fact("place_name", n.place_name.as_str())
            .fact("sampled", report.sampled)
            .fact("failures", failures(&n.failures, Lang::Zh))
            .fact("failures_en", failures(&n.failures, Lang::En));
        let optional = [
            ("lot", n.lot_no.clone()),
            ("place", n.place.clone()),
            ("producer", n.producer.map(|p| p.to_string())),
            ("producer_name", Some(n.producer_name.clone())),
            ("report_no", report.report_no),
        ];
        let more = more.iter().map(|(name, value)| (*name, Some((*value).to_owned())));
        for (name, value) in optional.into_iter().chain(more) {
            if let Some(value) = value.filter(|v| !v.is_empty()) {
                new = new.fact(name, value);
            }
        }
        if !n.agency.is_empty() {
            new.agency = Some(n.agency.clone());
        }
        let authority = Authority::System("lab.nonconformity");
        let opened = flow::open_as(tx, cx, &engine, authority, PROCEDURE, new).await?;
        Ok(Some(opened.matter))
    }

    /// Names the engine; once.
    pub fn connect(&self, engine: &Arc<Engine>) {
        let _ = self.engine.set(Arc::downgrade(engine));
    }
}

/// The trace key of a lot that only its sample knows: nothing in the trace record has it.
fn sample_key(sample: Id) -> String {
    format!("urn:shian:sample:{}", sample.0)
}

#[async_trait]
impl Consequence for Disposal {
    async fn nonconforming(
        &self,
        tx: &mut Tx,
        cx: &Context,
        n: &Nonconformity,
    ) -> Result<Option<Id>, HookError> {
        self.open(tx, cx, n, format!("disposal:nonconformity:{}", n.id), &[]).await
    }

    async fn corrected(
        &self,
        tx: &mut Tx,
        cx: &Context,
        report: &CorrectedReport<'_>,
    ) -> Result<Option<Id>, HookError> {
        let (engine, n) = (self.engine()?, report.nonconformity);
        let (step, word) =
            if report.fails { ("report_still_fails", "failed") } else { ("report_passes", "passed") };
        let replaced = report.replaced.report_no.as_str();
        if let Some(matter) = n.matter {
            let form = json!({
                "corrected": word, "report_no": report.report_no, "replaced_report_no": replaced,
                "correction_reason": report.reason, "failures": failures(&n.failures, Lang::Zh),
                "failures_en": failures(&n.failures, Lang::En),
            });
            let by = "lab.corrected_report";
            match flow::transition_as_system(tx, cx, &engine, by, matter, step, &form).await {
                Ok(_) => return Ok(Some(matter)),
                // a matter that has ended, or began before reports were corrected, takes no such step: a new one does
                Err(flow::Error::Refused(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        let key = format!("disposal:nonconformity:{}:correction:{}", n.id, report.seq);
        let facts =
            [("corrected", word), ("replaced_report_no", replaced), ("correction_reason", report.reason)];
        self.open(tx, cx, n, key, &facts).await
    }

    async fn serious(
        &self,
        tx: &mut Tx,
        cx: &Context,
        new: &NewSerious<'_>,
    ) -> Result<Option<Id>, HookError> {
        let (engine, s) = (self.engine()?, new.sample);
        let finding = failures(std::slice::from_ref(new.failure), Lang::Zh);
        let title = Text::new(
            format!("{}：{}", s.product_name, new.rule.title.zh),
            format!("{}: {}", s.product_name, new.rule.title.en),
        );
        let region =
            s.region.parse::<RegionCode>().map_or_else(|_| s.region.clone(), |r| r.county().to_string());
        let mut matter = NewMatter::new(region, format!("sample:{}", s.id), title)
            .of_operator(s.operator.or(s.producer))
            .with_key(format!("serious_risk:sample:{}", s.id))
            .fact("product", s.product_name.as_str())
            .fact("kind", s.kind.label().zh.as_ref())
            .fact("finding", finding)
            .fact("rule", new.rule.title.zh.as_ref())
            .fact("form_no", s.form_no.as_str())
            .fact("place_name", s.place_name.as_str());
        let more = [("producer_name", Some(s.producer_name.clone())), ("lot", s.lot_no.clone())];
        for (name, value) in more {
            if let Some(value) = value.filter(|v| !v.is_empty()) {
                matter = matter.fact(name, value);
            }
        }
        if !s.agency.is_empty() {
            matter.agency = Some(s.agency.clone());
        }
        let authority = Authority::System("lab.serious_result");
        let opened = flow::open_as(tx, cx, &engine, authority, "serious_risk", matter).await?;
        Ok(Some(opened.matter))
    }

    async fn contest(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &access::Principal,
        new: &NewContest<'_>,
    ) -> Result<Id, HookError> {
        let (engine, n) = (self.engine()?, new.nonconformity);
        let name = n.product_name.as_str();
        let title = match new.kind {
            ContestKind::Retest => Text::new(format!("{name}复检申请"), format!("{name}: retest")),
            ContestKind::Objection => Text::new(format!("{name}抽检异议"), format!("{name}: objection")),
        };
        let (kind, party) = (new.kind.word(), new.party.word());
        let failed: Vec<&str> = n.failures.iter().map(|f| f.analyte.as_str()).collect();
        let mut matter = NewMatter::new(county(n), format!("nonconformity:{}", n.id), title)
            .of_operator(new.applicant)
            .with_key(format!("{kind}:nonconformity:{}:{party}", n.id))
            .fact("applicant", new.name.as_str())
            .fact("product", name)
            .fact("form_no", n.form_no.as_str())
            .fact("place_name", n.place_name.as_str())
            .fact("failures", failed.join("；"))
            .fact("microbial", new.microbial);
        if let Some(laboratory) = new.first_laboratory {
            matter = matter.fact("first_laboratory", laboratory.to_string());
        }
        if let Some(until) = new.until {
            matter = matter.fact("window_until", until.to_string());
        }
        if !n.agency.is_empty() {
            matter.agency = Some(n.agency.clone());
        }
        matter.parent = n.matter;
        match flow::open(tx, cx, &engine, &self.access, who, kind, matter).await {
            Ok(opened) => Ok(opened.matter),
            Err(flow::Error::Denied(denied)) => Err(denied.into()),
            Err(other) => Err(other.into()),
        }
    }
}

/// The county whose authority deals with a failure.
fn county(n: &Nonconformity) -> String {
    n.region.parse::<RegionCode>().map_or_else(|_| n.region.clone(), |r| r.county().to_string())
}

fn title(n: &Nonconformity) -> Text {
    let (lot_zh, lot_en) = n
        .lot_no
        .as_deref()
        .map_or_else(Default::default, |lot| (format!("（批号 {lot}）"), format!(" (lot {lot})")));
    Text::new(
        format!("{}{lot_zh}不合格核查处置", n.product_name),
        format!("{}{lot_en}: disposal of nonconforming food", n.product_name),
    )
}

/// `铅：0.36 mg/kg（限量 0.2 mg/kg，GB 2762-2025 4.1 表1）`, joined.
fn failures(all: &[Failure], lang: Lang) -> String {
    let one = |f: &Failure| {
        let value = format!("{} {}", f.reported, f.unit);
        let (value, limit) = (value.trim(), f.limit.trim());
        match (lang, limit.is_empty()) {
            (Lang::Zh, true) => format!("{}：{value}", f.analyte),
            (Lang::Zh, false) => format!("{}：{value}（限量 {limit}，{}）", f.analyte, f.basis),
            (Lang::En, true) => format!("{}: {value}", english(&f.analyte)),
            (Lang::En, false) => format!("{}: {value} (limit {limit}, {})", english(&f.analyte), f.basis),
        }
    };
    all.iter().map(one).collect::<Vec<_>>().join(lang.pick("；", "; "))
}

/// The English name of an analyte where the rules know one.
fn english(analyte: &str) -> String {
    let analytes = limits::Rules::builtin().analytes();
    analytes.english(analyte).unwrap_or(analyte).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_said_in_both_languages_with_value_limit_and_basis() {
        let lead = Failure {
            result: Id(1),
            analyte: "铅(以Pb计)".to_owned(),
            reported: "0.36".to_owned(),
            unit: "mg/kg".to_owned(),
            limit: "0.2 mg/kg".to_owned(),
            basis: "GB 2762-2025 4.1 表1".to_owned(),
        };
        let plain =
            Failure {
                limit: String::new(), analyte: "性状".to_owned(), unit: String::new(), ..lead.clone()
            };
        let all = [lead, plain];
        assert_eq!(
            failures(&all, Lang::Zh),
            "铅(以Pb计)：0.36 mg/kg（限量 0.2 mg/kg，GB 2762-2025 4.1 表1）；性状：0.36"
        );
        assert!(failures(&all, Lang::En).starts_with("Lead: 0.36 mg/kg (limit 0.2 mg/kg"));
    }
}
