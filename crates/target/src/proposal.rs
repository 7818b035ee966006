//! A proposal: frozen with its random share to be drawn, drawn by a public value, decided by a second person, handed to a plan.

use crate::audit::{AuditDrawn, AuditRecord, FORMAT};
use crate::hook::Delivery;
use crate::proposals::{items_in, proposal_in};
use crate::{Aim, Error, Reason, State, Target, Why, agency_of};
use access::Principal;
use base::{Id, Instant, Text};
use ledger::{Context, Entry, Permit};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};
use store::{Row, Sql, Tx};

/// The smallest share of a proposal that is drawn at random.
pub const LEAST_SHARE: f64 = risk::target::proposal::LEAST_AUDIT;
/// Most lines of one proposal.
const MOST: u32 = 500;

/// A proposal to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewProposal {
    /// What is proposed.
    pub aim: Aim,
    /// Region code.
    pub region: String,
    /// Only of this business or food class; empty: all.
    pub kind: String,
    /// How many lines.
    pub take: u32,
    /// Share of them drawn at random, at least [`LEAST_SHARE`].
    pub share: f64,
    /// Samples of each line; not used for inspections.
    pub quota: u32,
    /// The public source of randomness: `双色球第2026135期红球`, `drand quicknet round 15000000`.
    pub source: String,
    /// When its value becomes known.
    pub source_due: Instant,
}

/// A scored subject of the list.
struct Listed {
    subject: String,
    operator: Option<Id>,
    name: String,
    region: String,
    kind: String,
    stage: String,
    chance: f64,
    reasons: Vec<Reason>,
}

fn listed(row: &Row) -> Result<Listed, store::Error> {
    Ok(Listed {
        subject: row.text("subject")?,
        operator: row.opt_id("operator")?,
        name: row.text("name")?,
        region: row.text("region")?,
        kind: row.text("kind")?,
        stage: row.text("stage")?,
        chance: row.real("chance")?,
        reasons: row.json("reasons")?,
    })
}

fn sealed(proposal: Id) -> String {
    format!("targeting.audit:{proposal}")
}

fn vault(e: access::Error) -> Error {
    Error::Store(store::Error::Setup(format!("a sealed value: {e}")))
}

fn not_now(state: State) -> Error {
    let label = state.label();
    Error::State(Text::new(
        format!("该提案{}，不能进行此操作", label.zh),
        format!("the proposal does not allow this now ({})", label.en),
    ))
}

fn reason_of(text: &str) -> Result<&str, Error> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 1000 {
        return Err(Error::invalid(
            "reason",
            "请说明理由（1000 字以内）",
            "give the reason, at most 1000 characters",
        ));
    }
    Ok(text)
}

fn examine(new: &NewProposal, now: Instant) -> Result<(), Error> {
    if new.region.parse::<base::region::RegionCode>().is_err() {
        return Err(Error::invalid("region", "请选择地区", "choose a region"));
    }
    if new.take < 2 || new.take > MOST {
        return Err(Error::invalid("take", format!("请填 2 至 {MOST}"), format!("give 2 to {MOST}")));
    }
    if !(LEAST_SHARE - 1e-9..=1.0).contains(&new.share) {
        return Err(Error::invalid(
            "share",
            "随机份额不得低于 5%，最高 100%：否则真实比率无法估计",
            "the random share is 5 % at least and 100 % at most: without it the true rate cannot be estimated",
        ));
    }
    if new.aim == Aim::Sample && !(1..=1000).contains(&new.quota) {
        return Err(Error::invalid("quota", "每项批次请填 1 至 1000", "give 1 to 1000 samples of each line"));
    }
    let source = new.source.trim();
    if source.is_empty() || source.chars().count() > 200 {
        return Err(Error::invalid(
            "source",
            "请写明将采用的公开随机来源及期号",
            "name the public source of randomness and its round",
        ));
    }
    if new.source_due <= now {
        return Err(Error::invalid(
            "source_due",
            "公布时间必须晚于现在：种子须在名单固定之后才产生",
            "it must be known later than now: the list is frozen before the seed exists",
        ));
    }
    Ok(())
}

impl Target {
    /// Freezes a proposal from the newest scores: the highest chances, and the list everybody else is drawn from at random. Needs
    /// `create` on matters (inspections) or samples of the region.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field; [`Error::State`] without a model; [`Error::Denied`].
    pub async fn propose(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        new: NewProposal,
    ) -> Result<Id, Error> {
        examine(&new, cx.now)?;
        let agency = agency_of(who, &new.region);
        let permit =
            self.access.check(who, "create", &Self::resource(new.aim, &new.region, &agency), cx.now)?;
        let model = tx
            .first(
                "select id, recipe from target_model where aim = $1 order by made desc, id desc limit 1",
                &[new.aim.word().into()],
            )
            .await?;
        let Some(model) = model else {
            return Err(Error::state(
                "还没有模型：记录足够后每夜自动训练，也可先导入历史检查结果",
                "there is no model yet: it is learnt at night once the record suffices; past results can be imported",
            ));
        };
        let (model, recipe) = (model.id("id")?, model.text("recipe")?);
        let mut sql = Sql::new("select * from target_score s where s.model = ");
        sql.bind(model).push(" and s.region >= ").bind(new.region.as_str());
        sql.push(" and s.region < ").bind(format!("{}:", new.region));
        if !new.kind.is_empty() {
            sql.push(" and s.kind = ").bind(new.kind.as_str());
        }
        sql.push(" order by s.place");
        let all: Vec<Listed> = tx.select(&sql).await?.iter().map(listed).collect::<Result<_, _>>()?;
        let take = usize::try_from(new.take).unwrap_or(usize::MAX);
        if all.len() < take {
            return Err(Error::invalid(
                "take",
                format!("该范围内只有 {} 个对象", all.len()),
                format!("there are only {} subjects there", all.len()),
            ));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of at most 500")]
        let audit = ((new.share * f64::from(new.take) - 1e-9).ceil() as usize).clamp(1, take);
        let (top, rest) = all.split_at(take - audit);
        let mean = |list: &[Listed]| list.iter().map(|l| l.chance).sum::<f64>() / list.len().max(1) as f64;
        let expected = top.iter().map(|l| l.chance).sum::<f64>() + audit as f64 * mean(rest);
        let by_chance = take as f64 * mean(&all);
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret)
            .map_err(|_| Error::Store(store::Error::Setup("the system gives no randomness".to_owned())))?;
        let id = cx.id();
        let subjects = |list: &[Listed]| list.iter().map(|l| l.subject.clone()).collect();
        let record = AuditRecord {
            format: FORMAT.to_owned(),
            proposal: id,
            recipe,
            region: new.region.clone(),
            frozen: cx.now,
            take: u32::try_from(audit).unwrap_or(MOST),
            source: new.source.trim().to_owned(),
            source_due: new.source_due,
            commitment: hex::encode(Sha256::digest(secret)),
            chosen: subjects(top),
            rest: subjects(rest),
            root: String::new(),
            drawn: None,
        }
        .freeze();
        let secret = self.access.vault().seal_bytes(&sealed(id), &secret).map_err(vault)?;
        let quota = if new.aim == Aim::Sample { new.quota } else { 1 };
        tx.exec(
            "insert into target_proposal (id, version, aim, model, region, agency, kind, state, take, audit, quota, record, secret, \
             source_due, expected, by_chance, proposed_by, proposed) values ($1, 1, $2, $3, $4, $5, $6, 'frozen', $7, $8, $9, $10, \
             $11, $12, $13, $14, $15, $16)",
            &[
                id.into(),
                new.aim.word().into(),
                model.into(),
                new.region.as_str().into(),
                agency.as_str().into(),
                new.kind.as_str().into(),
                i64::from(new.take).into(),
                i64::from(record.take).into(),
                i64::from(quota).into(),
                json!(record).to_string().into(),
                secret.into(),
                record.source_due.into(),
                expected.into(),
                by_chance.into(),
                who.account.into(),
                cx.now.into(),
            ],
        )
        .await?;
        put(tx, id, top, Why::Score, 1.0).await?;
        let body = json!({
            "aim": new.aim.word(), "model": model, "recipe": record.recipe, "root": record.root,
            "commitment": record.commitment, "source": record.source, "source_due": record.source_due.rfc3339(),
            "take": take, "audit": audit, "listed": all.len(), "expected": expected, "by_chance": by_chance,
        });
        write(tx, cx, &permit, &new.region, id, "targeting.proposed", body).await?;
        Ok(id)
    }

    /// Draws the random share with the value the source gave, once only. Needs `act` on matters or samples of the region.
    ///
    /// # Errors
    /// [`Error::Invalid`] before the source is due or without a value; [`Error::State`] when drawn before; [`Error::Denied`].
    pub async fn draw_audit(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        id: Id,
        public: &str,
    ) -> Result<AuditRecord, Error> {
        let (p, mut record) = proposal_in(tx, id).await?;
        let permit = self.access.check(who, "act", &Self::resource(p.aim, &p.region, &p.agency), cx.now)?;
        if p.state != State::Frozen {
            return Err(not_now(p.state));
        }
        let public = public.trim();
        if public.is_empty() || public.chars().count() > 500 {
            return Err(Error::invalid(
                "public",
                "请填写公开来源公布的值（500 字以内）",
                "give the value the public source announced, at most 500 characters",
            ));
        }
        if cx.now < record.source_due {
            let due = record.source_due.china_minute();
            return Err(Error::invalid(
                "public",
                format!("该来源 {due} 才公布，届时再抽取"),
                format!("the source speaks at {due}; draw then"),
            ));
        }
        let stored = tx.one("select secret, model from target_proposal where id = $1", &[id.into()]).await?;
        let secret = self.access.vault().open_bytes(&sealed(id), &stored.bytes("secret")?).map_err(vault)?;
        let seed = record.seed(public, &secret);
        let picks = record.draw(&seed);
        let mut sql = Sql::new("select * from target_score s where s.model = ");
        sql.bind(stored.id("model")?).push(" and s.subject in ").bind_list(picks.iter().map(String::as_str));
        let scores: Vec<Listed> = tx.select(&sql).await?.iter().map(listed).collect::<Result<_, _>>()?;
        let mut known: HashMap<String, Listed> = scores.into_iter().map(|l| (l.subject.clone(), l)).collect();
        // scores of an older model are gone: the name then comes from nobody but the key
        let drawn: Vec<Listed> = picks
            .iter()
            .map(|subject| known.remove(subject).unwrap_or_else(|| gone(subject, &p.region)))
            .collect();
        put(tx, id, &drawn, Why::Audit, record.inclusion()).await?;
        record.drawn =
            Some(AuditDrawn { public: public.to_owned(), secret: hex::encode(secret), seed, picks });
        tx.exec_one(
            "update target_proposal set state = 'drawn', secret = null, record = $1, version = version + 1 \
             where id = $2 and version = $3",
            &[json!(record).to_string().into(), id.into(), p.version.into()],
        )
        .await?;
        let drawn = record.drawn.as_ref();
        let body = json!({
            "root": record.root, "public": public, "seed": drawn.map(|d| d.seed.as_str()),
            "picks": drawn.map_or(0, |d| d.picks.len()),
            "sha256": hex::encode(Sha256::digest(json!(drawn.map(|d| &d.picks)).to_string().as_bytes())),
        });
        write(tx, cx, &permit, &p.region, id, "targeting.audit_drawn", body).await?;
        Ok(record)
    }

    /// Accepts a drawn proposal in whole or in part and hands it to `plan`; who proposed does not accept. `keep`: the lines
    /// chosen by score that are accepted; the random part is always kept whole, for a random part somebody chose from is none.
    /// `source` and `source_due` name the public value that draws the officers of inspections. Needs `decide`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a line the proposal does not have, or without a reason when lines are dropped; [`Error::State`] before
    /// the draw, or what the plan refuses; [`Error::Denied`], also for the proposer.
    #[allow(clippy::too_many_arguments)]
    pub async fn decide(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        id: Id,
        keep: &[String],
        plan: Id,
        (source, source_due): (&str, Instant),
        reason: &str,
    ) -> Result<Id, Error> {
        let (p, _) = proposal_in(tx, id).await?;
        let mut resource = Self::resource(p.aim, &p.region, &p.agency);
        resource.submitter = p.proposed_by;
        let permit = self.access.check(who, "decide", &resource, cx.now)?;
        if p.state != State::Drawn {
            return Err(not_now(p.state));
        }
        let items = items_in(tx, id).await?;
        let keep: BTreeSet<&str> = keep.iter().map(String::as_str).collect();
        if keep.iter().any(|k| !items.iter().any(|i| i.subject == **k)) {
            return Err(Error::invalid(
                "keep",
                "所选项目不在该提案中，请刷新后重试",
                "a line chosen is not in the proposal; reload and repeat",
            ));
        }
        let chosen: Vec<_> =
            items.iter().filter(|i| i.why == Why::Audit || keep.contains(i.subject.as_str())).collect();
        let dropped = items.len() - chosen.len();
        if dropped > 0 {
            reason_of(reason)?;
        }
        let delivery = Delivery {
            aim: p.aim,
            proposal: id,
            region: p.region.clone(),
            plan,
            chosen: chosen.iter().map(|i| (i.subject.clone(), i.operator)).collect(),
            quota: u32::try_from(p.quota).unwrap_or(1),
            source: source.trim().to_owned(),
            source_due,
        };
        let fed = self.ground.deliver(tx, cx, who, &delivery).await.map_err(Error::of_hook)?;
        tx.exec("update target_item set accepted = 0 where proposal = $1", &[id.into()]).await?;
        let mut sql = Sql::new("update target_item set accepted = 1 where proposal = ");
        sql.bind(id).push(" and subject in ").bind_list(chosen.iter().map(|i| i.subject.as_str()));
        tx.execute(&sql).await?;
        tx.exec_one(
            "update target_proposal set state = 'accepted', decided_by = $1, decided = $2, reason = $3, into_plan = $4, delivery = $5, \
             version = version + 1 where id = $6 and version = $7",
            &[
                who.account.into(),
                cx.now.into(),
                reason.trim().into(),
                plan.into(),
                fed.into(),
                id.into(),
                p.version.into(),
            ],
        )
        .await?;
        let body = json!({
            "accepted": chosen.len(), "dropped": dropped, "plan": plan, "delivery": fed, "reason": reason.trim(),
        });
        write(tx, cx, &permit, &p.region, id, "targeting.accepted", body).await?;
        Ok(fed)
    }

    /// Declines a drawn proposal with a reason. Needs `decide`; who proposed does not decline.
    ///
    /// # Errors
    /// [`Error::State`] before the draw or after a decision; [`Error::Denied`].
    pub async fn decline(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        id: Id,
        reason: &str,
    ) -> Result<(), Error> {
        let (p, _) = proposal_in(tx, id).await?;
        let mut resource = Self::resource(p.aim, &p.region, &p.agency);
        resource.submitter = p.proposed_by;
        let permit = self.access.check(who, "decide", &resource, cx.now)?;
        if p.state != State::Drawn {
            return Err(not_now(p.state));
        }
        self.end(tx, cx, who, &permit, (id, &p.region, p.version), State::Declined, reason_of(reason)?).await
    }

    /// Gives a proposal up before its random share can be drawn, with a reason; it stays on record. Needs `act`.
    ///
    /// # Errors
    /// [`Error::State`] once the source is due: then it must be drawn; [`Error::Denied`].
    pub async fn cancel(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        id: Id,
        reason: &str,
    ) -> Result<(), Error> {
        let (p, record) = proposal_in(tx, id).await?;
        let permit = self.access.check(who, "act", &Self::resource(p.aim, &p.region, &p.agency), cx.now)?;
        if p.state != State::Frozen {
            return Err(not_now(p.state));
        }
        if cx.now >= record.source_due {
            return Err(Error::state(
                "公开随机数已经公布，提案不能再撤销，请按公布的值抽取后再决定",
                "the public value is known already: draw with it, then decide",
            ));
        }
        self.end(tx, cx, who, &permit, (id, &p.region, p.version), State::Cancelled, reason_of(reason)?).await
    }

    #[allow(clippy::too_many_arguments)]
    async fn end(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        permit: &Permit,
        (id, region, version): (Id, &str, i64),
        state: State,
        reason: &str,
    ) -> Result<(), Error> {
        tx.exec_one(
            "update target_proposal set state = $1, secret = null, decided_by = $2, decided = $3, reason = $4, version = version + 1 \
             where id = $5 and version = $6",
            &[
                state.word().into(),
                who.account.into(),
                cx.now.into(),
                reason.into(),
                id.into(),
                version.into(),
            ],
        )
        .await?;
        let kind = if state == State::Declined { "targeting.declined" } else { "targeting.cancelled" };
        write(tx, cx, permit, region, id, kind, json!({ "reason": reason })).await
    }
}

/// A subject whose score is gone.
fn gone(subject: &str, region: &str) -> Listed {
    Listed {
        subject: subject.to_owned(),
        operator: subject.strip_prefix("operator:").and_then(|id| id.parse().ok()),
        name: subject.to_owned(),
        region: region.to_owned(),
        kind: String::new(),
        stage: String::new(),
        chance: 0.0,
        reasons: Vec::new(),
    }
}

async fn put(tx: &mut Tx, proposal: Id, list: &[Listed], why: Why, inclusion: f64) -> Result<(), Error> {
    let mut values = Vec::with_capacity(list.len() * 11);
    for l in list {
        values.extend([
            proposal.into(),
            l.subject.as_str().into(),
            l.operator.into(),
            l.name.as_str().into(),
            l.region.as_str().into(),
            l.kind.as_str().into(),
            l.stage.as_str().into(),
            l.chance.into(),
            why.word().into(),
            inclusion.into(),
            json!(l.reasons).to_string().into(),
        ]);
    }
    tx.insert_many(
        "insert into target_item (proposal, subject, operator, name, region, kind, stage, chance, why, inclusion, reasons)",
        11,
        values,
        "",
    )
    .await?;
    Ok(())
}

async fn write(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    region: &str,
    proposal: Id,
    kind: &'static str,
    body: serde_json::Value,
) -> Result<(), Error> {
    let entry = Entry {
        kind,
        region: region.to_owned(),
        subject: format!("proposal:{proposal}"),
        body,
        private: None,
    };
    ledger::append(tx, cx, permit, entry).await?;
    Ok(())
}
