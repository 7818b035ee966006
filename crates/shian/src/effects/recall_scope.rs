//! `supply.recall_scope`: from one failed lot to every place that holds or sold it, and to the firm that must recall it.
//!
//! Called by *launch* and again by *widen*: tasks grow by the places that are new, what was reported stays.

use super::scope_items::{Home, Work, caveat, work};
use super::{permit, text};
use async_trait::async_trait;
use base::{Id, RegionCode, Text};
use chain::Role;
use flow::{Effect, EffectCx, EffectError, EffectOut, MatterDraft, NewItem, NewLink, NewMatter, NewTask};
use registry::Operator;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use store::Tx;
use supply::{ScopeOptions, ScopeReport, Supply};

pub(crate) const NAME: &str = "supply.recall_scope";

/// Parameters `seal`, `check`, `source`: the task kinds; `recall`: the procedure of the producer's duty.
#[derive(Debug, Clone)]
pub struct RecallScope {
    supply: Supply,
}

impl RecallScope {
    /// Over the trace part of a province.
    #[must_use]
    pub const fn new(supply: Supply) -> Self {
        Self { supply }
    }

    /// The scope of the matter's lot; `None` when no event names it.
    async fn draw(&self, matter: &MatterDraft) -> Result<Option<ScopeReport>, supply::Error> {
        let place = Some(matter.fact("place")).filter(|p| !p.is_empty());
        let drawn = self.supply.draw_scope(matter.fact("item"), place, None, ScopeOptions::default()).await;
        match drawn {
            Ok(report) => Ok(Some(report)),
            Err(supply::Error::NotFound(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Who made it: as the report says, else as the trace record shows.
    async fn producer(
        &self,
        matter: &MatterDraft,
        report: Option<&ScopeReport>,
    ) -> Result<Option<Operator>, EffectError> {
        let stated = matter.fact("producer").parse::<Id>().ok();
        let recorded = report.and_then(|report| {
            let made = report.rows.iter().find(|r| r.culprit && r.role == Role::Origin)?;
            report.legend.places.get(&made.place)?.operator
        });
        match stated.or(recorded) {
            Some(id) => Ok(registry::operator(&self.supply.store, id).await?),
            None => Ok(None),
        }
    }
}

#[async_trait]
impl Effect for RecallScope {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        let kind = |name: &str| text(params, NAME, name);
        let report = self.draw(matter).await?;
        let mut out = EffectOut::default();
        let work = match &report {
            None => {
                matter.set("truncated", unknown_lot().to_string());
                place_sampled(matter)
            }
            Some(report) => {
                let permit = permit(matter, cx);
                let frozen = self.supply.freeze(tx, cx.context, &permit, &matter.region, report).await?;
                matter.set("scope", frozen.id.to_string());
                out.links.push(NewLink {
                    kind: "scope".to_owned(),
                    target: format!("scope:{}", frozen.id),
                    label: cx.context.now.china_minute(),
                });
                out.links.push(NewLink {
                    kind: "lot".to_owned(),
                    target: format!("lot:{}", report.item),
                    label: matter.fact("product").to_owned(),
                });
                let work = work(report, Home { region: &matter.region });
                match caveat(report, &work) {
                    Some(words) => matter.set("truncated", words.to_string()),
                    None => drop(matter.facts.remove("truncated")),
                }
                work
            }
        };
        state(matter, cx, &work);
        for (kind, items) in
            [(kind("seal")?, &work.seal), (kind("check")?, &work.check), (kind("source")?, &work.source)]
        {
            out.tasks.extend(NewTask::by_county(kind, items.clone()));
        }
        if let Some(producer) = self.producer(matter, report.as_ref()).await? {
            out.matters.push((kind("recall")?.to_owned(), recall(matter, &producer)));
        }
        Ok(out)
    }
}

fn unknown_lot() -> Text {
    Text::of(
        "追溯记录中没有该批次，仅对抽样场所开展核查",
        "no trace record names this lot; only the place sampled is checked",
    )
}

/// The facts a scope gives.
fn state(matter: &mut MatterDraft, cx: &EffectCx<'_>, work: &Work) {
    matter.set("scope_at", cx.context.now.china_minute());
    matter.set("places", work.places());
    matter.set("counties", work.counties());
    if !work.check.is_empty() && work.unit.is_empty() {
        return; // an unknown lot has no quantities
    }
    matter.set("unit", work.unit);
    matter.set("shipped", work.total.to_string());
    if let Some(produced) = work.produced {
        matter.set("produced", produced.to_string());
    }
}

/// The work on a lot no event names: the place it was taken from, sealed, checked and asked for its supplier.
fn place_sampled(matter: &MatterDraft) -> Work {
    let (place, name) = (matter.fact("place"), matter.fact("place_name"));
    let subject =
        if place.is_empty() { format!("urn:shian:place-of:{}", matter.subject) } else { place.to_owned() };
    let item = NewItem {
        label: if name.is_empty() { subject.clone() } else { name.to_owned() },
        subject,
        site: None,
        region: matter.region.clone(),
        expected: None,
        unit: String::new(),
    };
    Work { seal: vec![item.clone()], check: vec![item.clone()], source: vec![item], ..Work::default() }
}

/// The recall duty of the producer, once for each nonconformity.
fn recall(matter: &MatterDraft, producer: &Operator) -> NewMatter {
    let region = producer
        .region
        .parse::<RegionCode>()
        .map_or_else(|_| producer.region.clone(), |r| r.county().to_string());
    let inside = region.get(..2).is_some() && region.get(..2) == matter.region.get(..2);
    let (product, lot) = (matter.fact("product"), matter.fact("lot"));
    let (lot_zh, lot_en) = if lot.is_empty() {
        Default::default()
    } else {
        (format!("（批号 {lot}）"), format!(" (lot {lot})"))
    };
    let title = Text::new(format!("{product}{lot_zh}召回"), format!("{product}{lot_en}: recall"));
    // a producer elsewhere is followed by the county that holds the matter
    let region = if inside { region } else { matter.region.clone() };
    let mut new = NewMatter::new(region, format!("lot:{}", matter.fact("item")), title)
        .of_operator(Some(producer.id))
        .with_key(format!("recall:{}", matter.subject))
        .fact("firm_name", producer.name.as_str());
    let same = ["product", "lot", "item", "harm", "scope", "produced", "shipped", "unit"].map(|n| (n, n));
    for (from, to) in same.into_iter().chain([("failures", "reason"), ("failures_en", "reason_en")]) {
        if let Some(value) = matter.facts.get(from) {
            new = new.fact(to, value.clone());
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matter(facts: Json) -> MatterDraft {
        MatterDraft {
            id: Id(1),
            procedure: "disposal".to_owned(),
            state: "received".to_owned(),
            region: "620102".to_owned(),
            agency: "market".to_owned(),
            subject: format!("nonconformity:{}", Id(5)),
            operator: None,
            parent: None,
            classification: 1,
            title: Text::of("题", "title"),
            facts: facts.as_object().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn a_lot_no_event_names_is_checked_where_it_was_sampled() {
        let named = place_sampled(&matter(
            json!({"place": "https://id.gs1.org/414/6901234500004", "place_name": "某超市"}),
        ));
        assert_eq!((named.seal.len(), named.check.len(), named.source.len()), (1, 1, 1));
        assert_eq!(named.check[0].label, "某超市");
        assert_eq!(named.check[0].region, "620102");
        let nameless = place_sampled(&matter(json!({})));
        assert!(nameless.check[0].subject.starts_with("urn:shian:place-of:nonconformity:"));
    }

    #[test]
    fn the_recall_belongs_to_the_producers_county_or_to_ours_when_it_is_elsewhere() {
        let producer = |region: &str| Operator {
            id: Id(9),
            version: 1,
            code: String::new(),
            natural: false,
            name: "某面业".to_owned(),
            name_en: String::new(),
            kinds: registry::Kinds::default(),
            region: region.to_owned(),
            status: registry::Status::Active,
            created_at: base::Instant(0),
            updated_at: base::Instant(0),
        };
        let m = matter(json!({"item": "i", "product": "挂面", "harm": "general", "failures": "铅"}));
        let here = recall(&m, &producer("620723001"));
        assert_eq!((here.region.as_str(), here.operator), ("620723", Some(Id(9))));
        assert_eq!(here.key.as_deref(), Some(format!("recall:{}", m.subject).as_str()));
        assert_eq!(here.facts["reason"], "铅");
        assert_eq!(recall(&m, &producer("370102")).region, "620102");
    }
}
