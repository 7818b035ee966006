//! A draw of operators and officers: the list frozen and journalled, the seed from a source named beforehand, no second throw.

use crate::drawn::{Draw, DrawState, Named, draw_in};
use crate::{Candidate, Error, Field, Plan, resource, roster};
use access::Principal;
use base::{Id, Instant, Text};
use ledger::draw::{Drawn, FORMAT, Record, draw};
use ledger::{Context, Entry, Permit};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use store::Tx;

/// Most operators of one draw.
const MOST: u32 = 500;

/// A draw to be frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDraw {
    /// The yearly plan it serves.
    pub plan: Id,
    /// Region within the plan's; empty: all of it.
    pub region: String,
    /// Businesses drawn from; empty: all.
    pub business: Vec<String>,
    /// How many operators.
    pub count: u32,
    /// The public source of randomness: `双色球第2026135期红球`, `drand quicknet round 15000000`.
    pub source: String,
    /// When its value becomes known.
    pub source_due: Instant,
    /// Accounts of the officers who can be sent; empty: everybody.
    pub officers: Vec<Id>,
    /// Exactly these operators, as an accepted proposal names them: all who can be inspected are taken and only the officers are
    /// left to chance; empty: operators are drawn from the whole list.
    pub only: Vec<Id>,
}

/// How often the operators of a risk grade and a credit class are visited, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Frequency {
    /// Risk grade; empty when not graded.
    pub grade: String,
    /// Credit class; empty when none was reckoned.
    pub credit: String,
    /// How many operators.
    pub operators: u32,
    /// Visits a year of the plan for the grade; `None` without a grade.
    pub by_grade: Option<f64>,
    /// What the class multiplies them by; `None` without a class.
    pub times: Option<f64>,
    /// Visits a year that follow.
    pub visits: f64,
}

fn sealed(draw: Id) -> String {
    format!("inspection.draw:{draw}")
}

pub(crate) fn candidates_by(all: Vec<Candidate>) -> BTreeMap<Id, Candidate> {
    all.into_iter().map(|c| (c.operator, c)).collect()
}

impl Field {
    pub(crate) async fn plan_in(&self, tx: &mut Tx, matter: Id) -> Result<Plan, Error> {
        let plan = self.office.plan(tx, matter).await.map_err(Error::of_hook)?;
        plan.ok_or(Error::NotFound(Text::of("年度检查计划", "yearly inspection plan")))
    }

    /// How often each part of a plan's operators is visited: by risk grade and credit class, the most often visited first. Needs
    /// `view` on matters of the region.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::NotFound`].
    pub async fn frequencies(
        &self,
        tx: &mut Tx,
        who: &Principal,
        now: Instant,
        plan: Id,
    ) -> Result<Vec<Frequency>, Error> {
        let plan = self.plan_in(tx, plan).await?;
        self.access.check(who, "view", &resource(&plan.region, &plan.agency), now)?;
        let mut counts: BTreeMap<(String, String), u32> = BTreeMap::new();
        for c in self.office.roster(tx, &plan.region, now).await.map_err(Error::of_hook)? {
            *counts.entry((c.grade, c.credit)).or_default() += 1;
        }
        let mut all: Vec<Frequency> = counts
            .into_iter()
            .map(|((grade, credit), operators)| Frequency {
                by_grade: plan.visits.get(&grade).copied(),
                times: plan.times.get(&credit).copied(),
                visits: plan.visits_of(&grade, &credit),
                grade,
                credit,
                operators,
            })
            .collect();
        all.sort_by(|a, b| b.visits.total_cmp(&a.visits));
        Ok(all)
    }

    /// Freezes the list of a draw: every operator in business in the region, who is excluded and why, who can be sent and
    /// from whom each keeps away. The root goes into the journal before the source of the seed is known. Needs `create`
    /// on matters of the region.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field; [`Error::State`] while another draw of the plan and region waits or the plan does not
    /// run; [`Error::Denied`].
    pub async fn freeze_draw(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        new: NewDraw,
    ) -> Result<Id, Error> {
        let plan = self.plan_in(tx, new.plan).await?;
        let region = if new.region.is_empty() { plan.region.clone() } else { new.region.clone() };
        if !region.starts_with(&plan.region) {
            return Err(Error::invalid(
                "region",
                "所选地区不在计划地区之内",
                "the region lies outside that of the plan",
            ));
        }
        let permit = self.access.check(who, "create", &resource(&region, &plan.agency), cx.now)?;
        if !plan.running {
            return Err(Error::state(
                "计划尚未公布实施；批准并公布后方可抽取",
                "the plan does not run yet; approve and publish it first",
            ));
        }
        let waits = tx
            .first(
                "select id from inspection_draw where plan = $1 and region = $2 and state = 'frozen'",
                &[plan.matter.into(), region.as_str().into()],
            )
            .await?;
        if waits.is_some() {
            return Err(waits_already());
        }
        let mut candidates = self.office.roster(tx, &region, cx.now).await.map_err(Error::of_hook)?;
        candidates.retain(|c| new.business.is_empty() || new.business.contains(&c.business));
        candidates.retain(|c| new.only.is_empty() || new.only.contains(&c.operator));
        candidates.sort_by_key(|c| c.operator);
        candidates.dedup_by_key(|c| c.operator);
        let mut able = self
            .office
            .officers(tx, &region, &plan.agency, cx.now.china_date())
            .await
            .map_err(Error::of_hook)?;
        able.retain(|(id, _)| new.officers.is_empty() || new.officers.contains(id));
        examine(&new, candidates.len(), able.len(), cx.now)?;
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret)
            .map_err(|_| Error::Store(store::Error::Setup("the system gives no randomness".to_owned())))?;
        let id = cx.id();
        let targets = roster::targets(&candidates, cx.now);
        let accounts: Vec<Id> = able.iter().map(|(id, _)| *id).collect();
        let declared = self.office.recused(tx, &accounts).await.map_err(Error::of_hook)?;
        let officers = roster::officers(tx, &accounts, &declared, &candidates, cx.now).await?;
        let record = Record {
            format: FORMAT.to_owned(),
            draw: id,
            region: region.clone(),
            frozen: cx.now,
            by: Some(roster::STRATA.to_owned()),
            take: if new.only.is_empty() {
                roster::take(new.count, &targets, &plan)
            } else {
                roster::everybody(&targets)
            },
            source: new.source.trim().to_owned(),
            source_due: new.source_due,
            commitment: hex::encode(Sha256::digest(secret)),
            targets,
            samplers: officers,
            root: String::new(),
            drawn: None,
        }
        .freeze();
        let names: BTreeMap<String, Named> = candidates
            .into_iter()
            .map(|c| {
                let named = Named {
                    name: c.name,
                    region: c.region,
                    business: c.business,
                    grade: c.grade,
                    credit: c.credit,
                };
                (c.operator.to_string(), named)
            })
            .collect();
        let secret = self.access.vault().seal_bytes(&sealed(id), &secret).map_err(vault)?;
        tx.exec(
            "insert into inspection_draw (id, version, plan, region, agency, state, count, root, record, names, secret, source, \
             source_due, frozen_by, frozen, open) values ($1, 1, $2, $3, $4, 'frozen', $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)",
            &[
                id.into(),
                plan.matter.into(),
                region.as_str().into(),
                plan.agency.as_str().into(),
                i64::from(record.take.values().sum::<u32>()).into(),
                record.root.as_str().into(),
                json!(record).to_string().into(),
                json!(names).to_string().into(),
                secret.into(),
                record.source.as_str().into(),
                record.source_due.into(),
                who.account.into(),
                cx.now.into(),
            ],
        )
        .await
        // somebody froze one since it was asked
        .map_err(|e| if matches!(e, store::Error::Conflict { .. }) { waits_already() } else { e.into() })?;
        let body = json!({
            "plan": plan.matter,
            "root": record.root,
            "commitment": record.commitment,
            "source": record.source,
            "source_due": record.source_due.rfc3339(),
            "take": record.take,
            "targets": record.targets.len(),
            "excluded": record.targets.iter().filter(|t| t.excluded.is_some()).count(),
            "officers": record.samplers.len(),
        });
        write(tx, cx, &permit, &region, id, "inspection.draw_frozen", body).await?;
        Ok(id)
    }

    /// Draws with the value the source gave, once only, and opens an inspection for each operator drawn with the two officers
    /// drawn for it. Needs `act` on matters of the region.
    ///
    /// # Errors
    /// [`Error::Invalid`] before the source is due or without a value; [`Error::State`] when drawn before; [`Error::Denied`].
    pub async fn perform_draw(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        draw_id: Id,
        public: &str,
    ) -> Result<Record, Error> {
        let (row, mut record) = draw_in(tx, draw_id).await?;
        let permit = self.access.check(who, "act", &resource(&row.region, &row.agency), cx.now)?;
        waiting(&row)?;
        let public = public.trim();
        if public.is_empty() || public.chars().count() > 500 {
            return Err(Error::invalid(
                "public",
                "请填写公开来源公布的值（500 字以内）",
                "give the value the public source announced, at most 500 characters",
            ));
        }
        if cx.now < row.source_due {
            let due = row.source_due.china_minute();
            let text = Text::new(
                format!("该来源 {due} 才公布，届时再抽取"),
                format!("the source speaks at {due}; draw then"),
            );
            return Err(Error::Invalid { field: "public", text });
        }
        let plan = self.plan_in(tx, row.plan).await?;
        let stored =
            tx.one("select secret, names from inspection_draw where id = $1", &[draw_id.into()]).await?;
        let secret =
            self.access.vault().open_bytes(&sealed(draw_id), &stored.bytes("secret")?).map_err(vault)?;
        let seed = record.seed(public, &secret);
        let picks = draw(&record, &seed);
        tx.exec_one(
            "update inspection_draw set state = 'drawn', secret = null, drawn = $1, version = version + 1 \
             where id = $2 and version = $3",
            &[cx.now.into(), draw_id.into(), row.version.into()],
        )
        .await?;
        let known = candidates_by(self.office.roster(tx, &row.region, cx.now).await.map_err(Error::of_hook)?);
        let names: BTreeMap<String, Named> = stored.json("names")?;
        for pick in &picks {
            let Some(candidate) = known.get(&pick.target).cloned().or_else(|| gone(&names, pick.target))
            else {
                continue;
            };
            let drawn = (&candidate, draw_id, &pick.samplers[..]);
            let matter = self.office.open(tx, cx, who, &plan, drawn).await.map_err(Error::of_hook)?;
            let inspection = self.inspection_in(tx, matter).await?;
            self.put_officers(tx, cx, who, &inspection, Some(draw_id), &pick.samplers).await?;
        }
        record.drawn = Some(Drawn {
            public: public.to_owned(),
            secret: hex::encode(secret),
            seed,
            picks,
            replaced: Vec::new(),
            substituted: Vec::new(),
        });
        tx.exec_one(
            "update inspection_draw set record = $1 where id = $2",
            &[json!(record).to_string().into(), draw_id.into()],
        )
        .await?;
        let drawn = record.drawn.as_ref();
        let body = json!({
            "root": record.root,
            "public": drawn.map(|d| d.public.as_str()),
            "seed": drawn.map(|d| d.seed.as_str()),
            "picks": drawn.map_or(0, |d| d.picks.len()),
            "sha256": hex::encode(Sha256::digest(json!(drawn.map(|d| &d.picks)).to_string().as_bytes())),
        });
        write(tx, cx, &permit, &row.region, draw_id, "inspection.draw_done", body).await?;
        Ok(record)
    }

    /// Gives a draw up before its seed is known, with the reason; it stays on record and is counted. Needs `act`.
    ///
    /// # Errors
    /// [`Error::State`] once the source is due: then it must be drawn; [`Error::Denied`].
    pub async fn cancel_draw(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        draw_id: Id,
        reason: &str,
    ) -> Result<(), Error> {
        let (row, record) = draw_in(tx, draw_id).await?;
        let permit = self.access.check(who, "act", &resource(&row.region, &row.agency), cx.now)?;
        waiting(&row)?;
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(Error::invalid("reason", "请填写撤销理由", "say why it is cancelled"));
        }
        if cx.now >= row.source_due {
            return Err(Error::state(
                "公开随机数已经公布，名录不能再撤销，请按公布的值抽取",
                "the public value is known already: the draw can no longer be cancelled, draw with it",
            ));
        }
        tx.exec_one(
            "update inspection_draw set state = 'cancelled', secret = null, reason = $1, version = version + 1 \
             where id = $2 and version = $3",
            &[reason.into(), draw_id.into(), row.version.into()],
        )
        .await?;
        let body = json!({ "root": record.root, "reason": reason });
        write(tx, cx, &permit, &row.region, draw_id, "inspection.draw_cancelled", body).await
    }

    /// Makes the whole record of a performed draw public. Needs `publish` on matters of the region.
    ///
    /// # Errors
    /// [`Error::State`] before the draw; [`Error::Denied`].
    pub async fn open_draw(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        draw_id: Id,
    ) -> Result<(), Error> {
        let (row, record) = draw_in(tx, draw_id).await?;
        let permit = self.access.check(who, "publish", &resource(&row.region, &row.agency), cx.now)?;
        if row.state != DrawState::Drawn || row.open {
            return Err(Error::state(
                "抽取后方可公开，且只公开一次",
                "a draw is made public once, after it was performed",
            ));
        }
        tx.exec(
            "update inspection_draw set open = 1, version = version + 1 where id = $1",
            &[draw_id.into()],
        )
        .await?;
        let body = json!({ "root": record.root });
        write(tx, cx, &permit, &row.region, draw_id, "inspection.draw_opened", body).await
    }
}

/// An operator that has left the register since the list was frozen.
pub(crate) fn gone(names: &BTreeMap<String, Named>, operator: Id) -> Option<Candidate> {
    names.get(&operator.to_string()).map(|n| Candidate {
        operator,
        name: n.name.clone(),
        region: n.region.clone(),
        business: n.business.clone(),
        grade: n.grade.clone(),
        credit: n.credit.clone(),
        marked: false,
        inspected: None,
        busy: false,
    })
}

fn examine(new: &NewDraw, candidates: usize, officers: usize, now: Instant) -> Result<(), Error> {
    if new.count == 0 || new.count > MOST {
        let text = Text::new(format!("请填 1 至 {MOST}"), format!("give 1 to {MOST}"));
        return Err(Error::Invalid { field: "count", text });
    }
    if new.source.trim().is_empty() || new.source.chars().count() > 200 {
        return Err(Error::invalid(
            "source",
            "请写明将采用的公开随机来源及期号",
            "name the public source of randomness and its round",
        ));
    }
    if new.source_due <= now {
        return Err(Error::invalid(
            "source_due",
            "公布时间必须晚于现在：种子须在名录固定之后才产生",
            "it must be known later than now: the list is frozen before the seed exists",
        ));
    }
    if candidates == 0 {
        return Err(Error::invalid(
            "business",
            "登记库中该地区没有所选业态的在业主体",
            "the register has nobody in business of this kind in the region",
        ));
    }
    if officers < 2 {
        let text = Text::new(
            format!("至少需要 2 名检查人员，现有 {officers} 名；请先为该地区开设监管人员账号"),
            format!(
                "two officers at least are needed and there are {officers}; give officers of the region accounts first"
            ),
        );
        return Err(Error::Invalid { field: "officer", text });
    }
    Ok(())
}

fn waits_already() -> Error {
    Error::state(
        "该计划在本地区已有一次名录待抽取；每次固定名录都必须抽取或说明理由撤销",
        "a frozen list of this plan and region waits already: every list is drawn, or cancelled with a reason",
    )
}

fn vault(e: access::Error) -> Error {
    Error::Store(store::Error::Setup(format!("a sealed value: {e}")))
}

fn waiting(row: &Draw) -> Result<(), Error> {
    if row.state == DrawState::Frozen {
        return Ok(());
    }
    let label = row.state.label();
    Err(Error::State(Text::new(
        format!("本次抽取{}，不能重复操作", label.zh),
        format!("this draw is finished ({}); there is no second throw", label.en),
    )))
}

pub(crate) async fn write(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    region: &str,
    draw: Id,
    kind: &'static str,
    body: serde_json::Value,
) -> Result<(), Error> {
    let entry =
        Entry { kind, region: region.to_owned(), subject: format!("draw:{draw}"), body, private: None };
    ledger::append(tx, cx, permit, entry).await?;
    Ok(())
}
