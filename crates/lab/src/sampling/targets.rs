//! Places drawn: whose they are, which product the seed picks there, and why nothing was taken.

use super::Placing;
use super::form::{FormFields, NewForm, store_form};
use super::freeze::{draw_in, json};
use super::numbers::next_form;
use super::plan::{resource, task_in};
use crate::query::{Page, limit, page, prefix};
use crate::sample::words;
use crate::{Error, Lab, NewSample, Problem, Sample};
use access::Principal;
use base::{Id, Instant, Text};
use ledger::draw::pick_product;
use ledger::{Context, Entry};
use serde::Serialize;
use store::{Row, Sql, Store, Tx};

words! {
    /// Where a place drawn stands.
    TargetState {
        /// To be visited.
        Waiting = "waiting", "待抽样", "To be visited";
        /// A sample was taken.
        Sampled = "sampled", "已抽样", "Sampled";
        /// Nothing could be taken; says why.
        NotSampled = "not_sampled", "未抽到", "Nothing taken";
    }
}

/// A place drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Record id.
    pub id: Id,
    /// Optimistic lock.
    pub version: i64,
    /// The draw.
    pub draw: Id,
    /// The task.
    pub task: Id,
    /// Number in the draw.
    pub seq: i64,
    /// The operator.
    pub operator: Id,
    /// Trace key of the place.
    pub place: Option<String>,
    /// Name.
    pub label: String,
    /// Region code.
    pub region: String,
    /// Department.
    pub agency: String,
    /// Who takes the sample, and with whom.
    pub samplers: [Id; 2],
    /// Where it stands.
    pub state: TargetState,
    /// Products as found on the spot.
    pub products: Vec<String>,
    /// Which of them the seed picked.
    pub chosen: Option<usize>,
    /// Why nothing was taken.
    pub reason: Option<String>,
    /// The sample.
    pub sample: Option<Id>,
    /// Time it was finished.
    pub done: Option<Instant>,
    /// Food class of the task.
    pub class: String,
    /// Stage of the task.
    pub stage: String,
    /// Last day of the task.
    pub until: Option<base::Date>,
}

/// Why nothing was taken, as stored, with what is shown.
pub static REASONS: [(&str, Text); 4] = [
    ("closed", Text::of("停业、注销或查无此处", "closed, or no such place")),
    ("none", Text::of("无该类食品在售", "no such food on sale")),
    ("short", Text::of("样品量不足", "too little for a sample")),
    (
        "refused",
        Text::of("拒绝抽样（食品安全法第一百三十三条）", "sampling was refused (Food Safety Law art. 133)"),
    ),
];

impl Lab {
    /// Places drawn that the reader may see; `mine`: those the reader is sent to.
    ///
    /// # Errors
    /// Storage.
    #[expect(clippy::too_many_arguments, reason = "the filters of the list")]
    pub async fn targets(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        draw: Option<Id>,
        mine: bool,
        state: Option<TargetState>,
        region: Option<&str>,
        after: Option<&str>,
        rows: u32,
    ) -> Result<Page<Target>, Error> {
        let scope = self.access.scope(who, "view", "sample", now);
        let mut sql = Sql::new(TARGET);
        sql.push(" where ").append(&scope.sql("g.region", None, None));
        if let Some(draw) = draw {
            sql.push(" and g.draw = ").bind(draw);
        }
        if mine {
            sql.push(" and (g.sampler = ")
                .bind(who.account)
                .push(" or g.partner = ")
                .bind(who.account)
                .push(")");
        }
        if let Some(state) = state {
            sql.push(" and g.state = ").bind(state.word());
        }
        if let Some(region) = region {
            prefix(&mut sql, " and g.region", region);
        }
        if let Some(after) = after.and_then(|t| t.parse::<Id>().ok()) {
            sql.push(" and g.id > ").bind(after);
        }
        let rows = limit(rows);
        sql.push(" order by g.id limit ").bind(i64::from(rows) + 1);
        let found: Vec<Target> = store.select(&sql).await?.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page(found, rows, |t| t.id.to_string()))
    }

    /// One place drawn.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see.
    pub async fn target(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        id: Id,
    ) -> Result<Target, Error> {
        let scope = self.access.scope(who, "view", "sample", now);
        let mut sql = Sql::new(TARGET);
        sql.push(" where g.id = ").bind(id).push(" and ").append(&scope.sql("g.region", None, None));
        let row = store.select(&sql).await?.into_iter().next();
        row.as_ref().map(read).transpose()?.ok_or_else(|| Error::NotFound(format!("target {id}")))
    }

    /// Writes down what is on sale at the place, once, and lets the seed of the draw pick one.
    ///
    /// # Errors
    /// [`Error::Invalid`] without products; [`Error::State`] when they were written down before; [`Error::Denied`].
    pub async fn list_products(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        target: Id,
        products: Vec<String>,
    ) -> Result<usize, Error> {
        let t = self.sent_to(tx, cx, who, target).await?;
        let mut products: Vec<String> =
            products.into_iter().map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect();
        products.dedup();
        if t.chosen.is_some() {
            return Err(Error::State(Text::of(
                "在售产品已登记并随机选定，不能重选",
                "the products were written down and one was picked; there is no second throw",
            )));
        }
        if products.is_empty() || products.len() > 200 {
            let text = Text::of(
                "请逐行填写在售的该类产品（1 至 200 种）",
                "list the products of the class on sale, one a line (1 to 200)",
            );
            return Err(Error::Invalid(vec![Problem::new("products", PRODUCTS, "", text)]));
        }
        let (_, record) = draw_in(tx, t.draw).await?;
        let seed = record.drawn.map(|d| d.seed).unwrap_or_default();
        let chosen = pick_product(&seed, t.operator, &products);
        tx.exec_one(
            "update sampling_target set products = $1, chosen = $2, version = version + 1 where id = $3 and version = $4",
            &[
                json(&products)?.into(),
                i64::try_from(chosen).unwrap_or(0).into(),
                target.into(),
                t.version.into(),
            ],
        )
        .await?;
        let permit = self.access.check(who, "act", &resource(&t.region, &t.agency, None), cx.now)?;
        let entry = Entry {
            kind: "sampling.product_picked",
            region: t.region.clone(),
            subject: format!("draw:{}", t.draw),
            body: serde_json::json!({ "target": t.operator, "products": products, "chosen": chosen }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(chosen)
    }

    /// Records that nothing could be taken; `reason` is one of [`REASONS`], a refusal needs a witness in the note.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field; [`Error::State`]; [`Error::Denied`].
    pub async fn miss_target(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        target: Id,
        reason: &str,
        note: &str,
    ) -> Result<(), Error> {
        let t = self.sent_to(tx, cx, who, target).await?;
        let permit = self.access.check(who, "act", &resource(&t.region, &t.agency, None), cx.now)?;
        if !REASONS.iter().any(|(word, _)| *word == reason) {
            let text = Text::of("请选择未抽到的原因", "choose why nothing was taken");
            return Err(Error::Invalid(vec![Problem::new("reason", WHY, reason, text)]));
        }
        if reason == "refused" && note.trim().is_empty() {
            let text =
                Text::of("拒绝抽样须记录经过和见证人", "a refusal needs what happened and who witnessed it");
            return Err(Error::Invalid(vec![Problem::new("note", Text::of("说明", "note"), "", text)]));
        }
        let kept = format!("{reason}|{}", if reason == "refused" { "" } else { note.trim() });
        finish(tx, &t, TargetState::NotSampled, Some(&kept), None, cx.now).await?;
        let entry = Entry {
            kind: "sampling.not_taken",
            region: t.region.clone(),
            subject: format!("draw:{}", t.draw),
            body: serde_json::json!({ "target": t.operator, "reason": reason }),
            private: (!note.trim().is_empty()).then(|| serde_json::json!({ "note": note.trim() })),
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(())
    }

    /// Takes the sample: registers it under a number of the official pattern, with its form and the seal.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming each wrong field; [`Error::State`]; [`Error::Denied`] to anybody not sent there.
    pub async fn take_sample(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        target: Id,
        new: NewForm,
    ) -> Result<Sample, Error> {
        let t = self.sent_to(tx, cx, who, target).await?;
        let task = task_in(tx, t.task).await?;
        let problems = new.check(task.kind);
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let form_no = next_form(tx, task.task.budget, cx.now.china_date(), &t.region).await?;
        let NewForm {
            food,
            product_name,
            gtin,
            lot_no,
            item,
            producer_name,
            producer_uscc,
            produced,
            prepackaged,
            base_qty,
            fields,
            contact,
        } = new;
        let sample = NewSample {
            form_no,
            kind: task.kind,
            food,
            product_name,
            gtin,
            lot_no,
            item,
            place: t.place.clone(),
            place_name: t.label.clone(),
            uscc: None,
            producer_name,
            producer_uscc,
            produced,
            sampled: cx.now.china_date(),
            received: None,
            arrival: None,
            prepackaged,
            base_qty,
            region: Some(t.region.clone()),
            agency: t.agency.clone(),
            laboratory: task.task.laboratory,
            facts: limits::Facts::default(),
            placing: Placing {
                task: Some(t.task),
                class: Some(task.task.class.clone()),
                stage: Some(task.task.stage),
                budget: Some(task.task.budget),
            },
        };
        let mut sample = self.register_sample(tx, cx, who, sample).await?;
        if sample.operator.is_none() {
            tx.exec("update sample set operator = $1 where id = $2", &[t.operator.into(), sample.id.into()])
                .await?;
            sample.operator = Some(t.operator);
        }
        let fields = FormFields { samplers: t.samplers.to_vec(), ..fields };
        store_form(self, tx, cx, who, &sample, &fields, contact).await?;
        finish(tx, &t, TargetState::Sampled, None, Some(sample.id), cx.now).await?;
        Ok(sample)
    }

    /// The place, locked, if it waits and this person was sent there.
    async fn sent_to(&self, tx: &mut Tx, cx: &Context, who: &Principal, id: Id) -> Result<Target, Error> {
        let mut sql = Sql::new(TARGET);
        sql.push(" where g.id = ").bind(id);
        let row = tx.select(&sql).await?.into_iter().next();
        let t = row.as_ref().map(read).transpose()?.ok_or_else(|| Error::NotFound(format!("target {id}")))?;
        self.access.check(who, "act", &resource(&t.region, &t.agency, None), cx.now)?;
        if !t.samplers.contains(&who.account) {
            return Err(Error::State(Text::of(
                "该处由随机抽取的两名抽样人员办理，您不在其中",
                "two samplers were drawn for this place and you are not one of them",
            )));
        }
        if t.state != TargetState::Waiting {
            let label = t.state.label();
            return Err(Error::State(Text::new(
                format!("该处已办结：{}", label.zh),
                format!("this place is finished: {}", label.en),
            )));
        }
        Ok(t)
    }
}

const PRODUCTS: Text = Text::of("在售产品", "products on sale");
const WHY: Text = Text::of("原因", "reason");

async fn finish(
    tx: &mut Tx,
    t: &Target,
    state: TargetState,
    reason: Option<&str>,
    sample: Option<Id>,
    now: Instant,
) -> Result<(), Error> {
    tx.exec_one(
        "update sampling_target set state = $1, reason = $2, sample = $3, done = $4, version = version + 1 \
         where id = $5 and version = $6",
        &[state.word().into(), reason.into(), sample.into(), now.into(), t.id.into(), t.version.into()],
    )
    .await?;
    Ok(())
}

pub(super) const TARGET: &str =
    "select g.*, t.class, t.stage, t.until from sampling_target g join sampling_task t on t.id = g.task";

pub(super) fn read(row: &Row) -> Result<Target, store::Error> {
    let products = match row.opt_text("products")? {
        Some(_) => row.json("products")?,
        None => Vec::new(),
    };
    Ok(Target {
        id: row.id("id")?,
        version: row.int("version")?,
        draw: row.id("draw")?,
        task: row.id("task")?,
        seq: row.int("seq")?,
        operator: row.id("operator")?,
        place: row.opt_text("place")?,
        label: row.text("label")?,
        region: row.text("region")?,
        agency: row.text("agency")?,
        samplers: [row.id("sampler")?, row.id("partner")?],
        state: row.parsed("state")?,
        products,
        chosen: row.opt_int("chosen")?.and_then(|n| usize::try_from(n).ok()),
        reason: row.opt_text("reason")?,
        sample: row.opt_id("sample")?,
        done: row.opt_instant("done")?,
        class: row.text("class")?,
        stage: row.text("stage")?,
        until: row.opt_date("until")?,
    })
}
