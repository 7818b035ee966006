//! Registers, procedures, samples and trade behind targeting (`target::Ground`), and its nightly learning.

use super::background::repeat;
use super::business;
use access::Principal;
use async_trait::async_trait;
use base::{Date, Id, IdGen, Instant, Lang, RegionCode, Regions};
use field::{Field, NewDraw};
use lab::{Book, Lab, Stage};
use ledger::{Actor, Context};
use registry::OperatorKind;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use store::{Store, Tx, lease};
use target::{Aim, Delivery, Done, Facts, Ground, HookError, Learnt, Refused, Seen, Subject};

/// How often the nightly learning looks whether it is due.
const LOOK: Duration = Duration::from_secs(600);
/// How long one process keeps the learning, unless it looks again.
const LEASE_SECONDS: i64 = 3600;
/// The procedure of inspections.
const INSPECTION: &str = "inspection";

/// The province's records, asked for targeting.
#[derive(Clone)]
pub struct Targeting {
    store: Store,
    lab: Lab,
    field: Field,
}

/// The key of an operator among subjects.
fn key(operator: Id) -> String {
    format!("operator:{operator}")
}

/// The six digits of the county of a region.
fn county(region: &str) -> String {
    region.parse::<RegionCode>().map_or_else(|_| region.to_owned(), |c| c.county().six())
}

/// The key of a class of food at a stage in a county.
fn slot(region: &str, class: &str, stage: &str) -> String {
    format!("{}~{class}~{stage}", county(region))
}

/// A grade as a number: A is 1.
fn grade(letter: &str) -> Option<f64> {
    let first = letter.trim().chars().next()?;
    let place = "ABCDE".find(first.to_ascii_uppercase())?;
    u32::try_from(place).ok().map(|n| f64::from(n) + 1.0)
}

impl Targeting {
    /// Over a province.
    #[must_use]
    pub const fn new(store: Store, lab: Lab, field: Field) -> Self {
        Self { store, lab, field }
    }

    /// Results of inspections: matter, operator, day, key and general points failed, whether something was found.
    async fn inspected(&self) -> Result<Vec<(Id, Seen)>, HookError> {
        let leads: HashMap<Id, Id> = field::leads(&self.store).await?.into_iter().collect();
        let mut out = Vec::new();
        for (matter, operator, opened, facts) in flow::view::facts_of(&self.store, INSPECTION).await? {
            let text = |name: &str| facts.get(name).and_then(serde_json::Value::as_str);
            let Some(result) = text("result") else { continue };
            let points = |name: &str| {
                let value = facts.get(name)?;
                let n = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
                u32::try_from(n).ok()
            };
            let on = text("checked_on").and_then(|d| d.parse().ok()).unwrap_or_else(|| opened.china_date());
            let seen = Seen {
                id: format!("matter:{matter}"),
                subject: key(operator),
                on,
                found: matches!(result, "correct" | "investigate"),
                key_points: points("key_failed"),
                general_points: points("general_failed"),
                who: leads.get(&matter).map_or(String::new(), |o| format!("officer:{o}")),
            };
            out.push((matter, seen));
        }
        Ok(out)
    }

    async fn to_inspect(&self, region: &str) -> Result<Facts, HookError> {
        let known = registry::known_operators(&self.store, region).await?;
        let mut subjects: Vec<Subject> = Vec::with_capacity(known.len());
        let mut at: HashMap<Id, usize> = HashMap::new();
        let mut of_gln: HashMap<String, usize> = HashMap::new();
        let left_out =
            [OperatorKind::Farm, OperatorKind::Laboratory, OperatorKind::Carrier, OperatorKind::Platform];
        for k in known {
            let food = OperatorKind::ALL.iter().any(|o| k.kinds.has(*o) && !left_out.contains(o));
            let grades = |kind: &str| -> Vec<(Date, f64)> {
                k.grades.iter().filter(|g| g.0 == kind).filter_map(|g| Some((g.1, grade(&g.2)?))).collect()
            };
            at.insert(k.id, subjects.len());
            of_gln.extend(k.glns.iter().map(|g| (format!("https://id.gs1.org/414/{g}"), subjects.len())));
            subjects.push(Subject {
                key: key(k.id),
                operator: Some(k.id),
                kind: business(k.kinds).to_owned(),
                active: k.active && food,
                at: k.at,
                licensed: k.licensed,
                risk: grades("risk"),
                credit: grades("credit"),
                penalties: k.penalties,
                name: k.name,
                region: k.region,
                ..Subject::default()
            });
        }
        for (_, operator, opened) in flow::view::complained_of(&self.store).await? {
            if let Some(i) = operator.and_then(|o| at.get(&o)) {
                subjects[*i].complaints.push(opened.china_date());
            }
        }
        for sample in lab::concluded(&self.store, region).await?.iter().filter(|s| s.failed) {
            let parties: BTreeSet<Id> = sample.operator.into_iter().chain(sample.producer).collect();
            for i in parties.iter().filter_map(|o| at.get(o)) {
                subjects[*i].failures.push(sample.sampled);
            }
        }
        let mut first: HashMap<(usize, usize), Date> = HashMap::new();
        for p in supply::partnerships(&self.store).await? {
            let (Some(a), Some(b)) = (of_gln.get(&p.from), of_gln.get(&p.to)) else { continue };
            if a != b {
                let day = p.since.china_date();
                let known = first.entry((*a.min(b), *a.max(b))).or_insert(day);
                *known = day.min(*known);
            }
        }
        let mut pairs: Vec<_> = first.into_iter().collect();
        pairs.sort_unstable();
        for ((a, b), day) in pairs {
            subjects[a].partners.push(day);
            subjects[b].partners.push(day);
        }
        let visits = self.inspected().await?.into_iter().map(|(_, seen)| seen).collect();
        Ok(Facts { subjects, visits })
    }

    async fn to_sample(&self, region: &str) -> Result<Facts, HookError> {
        // counties with somebody in business, and where their middle is
        let mut counties: HashMap<String, (f64, f64, f64)> = HashMap::new();
        for k in registry::known_operators(&self.store, region).await?.iter().filter(|k| k.active) {
            let sum = counties.entry(county(&k.region)).or_default();
            if let Some((lat, lon)) = k.at {
                *sum = (sum.0 + lat, sum.1 + lon, sum.2 + 1.0);
            }
        }
        let mut complaints: HashMap<String, Vec<Date>> = HashMap::new();
        for (at, _, opened) in flow::view::complained_of(&self.store).await? {
            complaints.entry(county(&at)).or_default().push(opened.china_date());
        }
        let mut names: Vec<(&String, &(f64, f64, f64))> = counties.iter().collect();
        names.sort_by_key(|c| c.0);
        let mut subjects = Vec::new();
        for (county, (lat, lon, n)) in names {
            let code = county.parse::<RegionCode>().ok();
            let place =
                code.and_then(|c| Regions::builtin().get(&c)).map_or(county.as_str(), |r| r.name.zh.as_ref());
            for class in Book::builtin().classes() {
                for stage in &class.stages {
                    subjects.push(Subject {
                        key: slot(county, &class.code, stage.word()),
                        name: format!("{place} · {} · {}", class.name.zh, stage.label().zh),
                        region: county.clone(),
                        kind: class.code.clone(),
                        stage: stage.word().to_owned(),
                        at: (*n > 0.0).then(|| (lat / n, lon / n)),
                        active: true,
                        complaints: complaints.get(county).cloned().unwrap_or_default(),
                        ..Subject::default()
                    });
                }
            }
        }
        let seen = |s: lab::Concluded| Seen {
            id: format!("sample:{}", s.sample),
            subject: slot(&s.region, &s.class, &s.stage),
            on: s.sampled,
            found: s.failed,
            key_points: None,
            general_points: None,
            who: s.laboratory.map_or(String::new(), |l| format!("laboratory:{l}")),
        };
        let visits = lab::concluded(&self.store, region).await?.into_iter().map(seen).collect();
        Ok(Facts { subjects, visits })
    }
}

impl std::fmt::Debug for Targeting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Targeting").finish_non_exhaustive()
    }
}

#[async_trait]
impl Ground for Targeting {
    async fn facts(&self, aim: Aim, region: &str, _today: Date) -> Result<Facts, HookError> {
        match aim {
            Aim::Inspect => self.to_inspect(region).await,
            Aim::Sample => self.to_sample(region).await,
        }
    }

    async fn operators(
        &self,
        tx: &mut Tx,
        codes: &[String],
    ) -> Result<HashMap<String, (Id, String)>, HookError> {
        Ok(registry::operators_by_code(tx, codes).await?)
    }

    async fn deliver(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        delivery: &Delivery,
    ) -> Result<Id, HookError> {
        match delivery.aim {
            Aim::Inspect => {
                let only: Vec<Id> = delivery.chosen.iter().filter_map(|c| c.1).collect();
                let new = NewDraw {
                    plan: delivery.plan,
                    region: delivery.region.clone(),
                    business: Vec::new(),
                    count: u32::try_from(only.len()).unwrap_or(u32::MAX),
                    source: delivery.source.clone(),
                    source_due: delivery.source_due,
                    officers: Vec::new(),
                    only,
                };
                self.field.freeze_draw(tx, cx, who, new).await.map_err(|e| match e {
                    field::Error::Denied(denied) => denied.into(),
                    e @ (field::Error::Store(_) | field::Error::Ledger(_) | field::Error::Hook(_)) => {
                        e.into()
                    }
                    e => Refused(e.text()).into(),
                })
            }
            Aim::Sample => {
                let slots: Vec<(String, String, Stage)> = delivery
                    .chosen
                    .iter()
                    .filter_map(|(subject, _)| {
                        let mut parts = subject.split('~');
                        let (region, class) = (parts.next()?, parts.next()?);
                        let region: RegionCode = region.parse().ok()?;
                        Some((region.as_str().to_owned(), class.to_owned(), Stage::read(parts.next()?)?))
                    })
                    .collect();
                let plan = delivery.plan;
                let added = self.lab.add_batches(tx, cx, who, plan, &slots, delivery.quota).await;
                added.map(|_| plan).map_err(|e| match e {
                    lab::Error::Denied(denied) => denied.into(),
                    e @ (lab::Error::State(_) | lab::Error::Invalid(_) | lab::Error::NotFound(_)) => {
                        Refused(e.text()).into()
                    }
                    e => e.into(),
                })
            }
        }
    }

    async fn done(&self, aim: Aim, delivery: Id) -> Result<Vec<Done>, HookError> {
        let mut sums: HashMap<String, (u32, u32)> = HashMap::new();
        let mut add = |subject: String, found: bool| {
            let sum = sums.entry(subject).or_default();
            *sum = (sum.0 + 1, sum.1 + u32::from(found));
        };
        match aim {
            Aim::Inspect => {
                let opened: BTreeSet<Id> =
                    field::opened_by(&self.store, delivery).await?.into_iter().map(|o| o.0).collect();
                for (matter, seen) in self.inspected().await? {
                    if opened.contains(&matter) {
                        add(seen.subject, seen.found);
                    }
                }
            }
            Aim::Sample => {
                for ((region, class, stage), failed) in lab::concluded_of_plan(&self.store, delivery).await? {
                    add(slot(&region, &class, &stage), failed);
                }
            }
        }
        let mut out: Vec<Done> =
            sums.into_iter().map(|(subject, (done, found))| Done { subject, done, found }).collect();
        out.sort_by(|a, b| a.subject.cmp(&b.subject));
        Ok(out)
    }
}

/// Learns each night, until `stop` turns true; one process at a time, by lease.
pub(crate) async fn learn_on(app: Arc<web::App>, holder: String, stop: tokio::sync::watch::Receiver<bool>) {
    repeat("targeting", LOOK, app, holder, stop, look).await;
}

async fn look(app: &web::App, holder: &str) -> anyhow::Result<()> {
    let now = app.now();
    for aim in Aim::ALL {
        if !app.target.is_due(&app.store, *aim, now).await? {
            continue;
        }
        let Some(_lease) = lease::acquire(&app.store, "target", holder, LEASE_SECONDS, now).await? else {
            return Ok(());
        };
        let learnt = learn(app, *aim, now).await?;
        tracing::info!(aim = aim.word(), ?learnt, "targeting learnt from the record");
    }
    Ok(())
}

/// Learns an aim now, as the system.
pub(crate) async fn learn(app: &web::App, aim: Aim, now: Instant) -> anyhow::Result<Learnt> {
    let cx = system(&app.ids, now);
    Ok(app.target.learn(&app.store, &cx, aim).await?)
}

fn system(ids: &Arc<IdGen>, now: Instant) -> Context {
    Context { now, ids: ids.clone(), actor: Actor::system("targeting"), lang: Lang::Zh }
}
