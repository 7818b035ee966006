//! Registering a sample: the form is checked, its place and lot are looked up, the governing date is chosen.

use crate::sample::{Conclusion, NewSample, Sample, SampleState};
use crate::{Asked, Budget, Error, Found, Handover, Lab, Placing, Problem, Stage, names};
use access::{Principal, Resource};
use base::gs1::Gtin;
use base::{Date, Id, Text};
use ledger::{Context, Entry};
use limits::{FoodKind, Which};
use store::{Row, Tx};

impl Lab {
    /// Registers a sampling form. An unknown lot is accepted and flagged (`lot_unknown`). One that has arrived already comes with the
    /// laboratory's check.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming each wrong field (form number taken, impossible dates, no region, arrived without a check), and as
    /// [`Lab::check_in`]; [`Error::Denied`].
    pub async fn register_sample(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        new: NewSample,
    ) -> Result<Sample, Error> {
        let (arrival, received) = (new.arrival.clone(), new.received);
        if received.is_some() && arrival.is_none() {
            let text = Text::of(
                "收样须逐项验收：请先不填收样日期登记，再办理收样验收；或者同时填写验收结果（arrival）",
                "a sample is checked on arrival: register it without this date and check it in then, or give the check (`arrival`) with it",
            );
            let given = received.map(|d| d.to_string()).unwrap_or_default();
            return Err(Error::Invalid(vec![Problem::new("received", RECEIVED, given, text)]));
        }
        let sample = self.register(tx, cx, who, NewSample { received: None, ..new }, "create").await?;
        let Some(checked) = arrival else { return Ok(sample) };
        self.check_in(
            tx,
            cx,
            who,
            sample.id,
            Handover { received: checked.received.or(received), ..checked },
        )
        .await?;
        self.sample_in(tx, sample.id).await
    }

    pub(crate) async fn register(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        new: NewSample,
        action: &'static str,
    ) -> Result<Sample, Error> {
        let mut problems = check(&new, cx.now.china_date());
        let asked = Asked {
            place: new.place.clone(),
            uscc: new.uscc.clone(),
            name: new.place_name.trim().to_owned(),
        };
        let found = self.surroundings.find(tx, &asked).await.map_err(Error::Hook)?.unwrap_or_default();
        let region = new.region.clone().filter(|r| !r.is_empty()).unwrap_or_else(|| found.region.clone());
        if region.is_empty() {
            problems.push(Problem::new(
                "region",
                Text::of("所在地", "region"),
                "",
                Text::of(
                    "登记库中没有该被抽样单位，请填写所在地行政区划代码",
                    "the place sampled is not in the register; state its region code",
                ),
            ));
        }
        // the right first: who has none learns nothing of the numbers there are
        let resource = Resource::new("sample", region.clone())
            .of_agency(new.agency.clone())
            .of_operator(new.laboratory.or(found.operator));
        let permit =
            (!region.is_empty()).then(|| self.access.check(who, action, &resource, cx.now)).transpose()?;
        let taken =
            tx.query("select id from sample where form_no = $1", &[new.form_no.trim().into()]).await?;
        if !taken.is_empty() {
            problems.push(Problem::new(
                "form_no",
                FORM_NO,
                new.form_no.as_str(),
                Text::of(
                    "抽样单编号已登记；请核对编号，或打开已有样品",
                    "this form number is registered already; check it, or open that sample",
                ),
            ));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let permit = match permit {
            Some(permit) => permit,
            None => self.access.check(who, action, &resource, cx.now)?,
        };
        let mut sample = self.complete(tx, cx, who, new, found, region).await?;
        if sample.placing.task.is_none() {
            sample.placing.task = task_of(tx, &sample).await?;
        }
        insert(tx, &sample).await?;
        names::keep(tx, cx, &sample).await?;
        let entry = Entry {
            kind: "sample.registered",
            region: sample.region.clone(),
            subject: format!("sample:{}", sample.id),
            body: serde_json::json!({
                "form_no": sample.form_no,
                "kind": sample.kind.word(),
                "food": sample.food,
                "product": sample.product_name,
                "lot": sample.item,
                "lot_unknown": sample.lot_unknown,
                "place": sample.place,
                "operator": sample.operator,
                "produced": sample.produced.map(|d| d.to_string()),
                "sampled": sample.sampled.to_string(),
                "governing_on": sample.governing_on.to_string(),
                "governing_rule": sample.governing_rule,
                "laboratory": sample.laboratory,
            }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(sample)
    }

    async fn complete(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        new: NewSample,
        found: Found,
        region: String,
    ) -> Result<Sample, Error> {
        let producer = if new.producer_name.trim().is_empty() && new.producer_uscc.is_none() {
            None
        } else {
            let asked = Asked {
                place: None,
                uscc: new.producer_uscc.clone(),
                name: new.producer_name.trim().to_owned(),
            };
            self.surroundings.find(tx, &asked).await.map_err(Error::Hook)?.and_then(|f| f.operator)
        };
        let gtin = new.gtin.as_deref().and_then(|t| t.parse::<Gtin>().ok()).map(|g| g.to_string());
        let lot_no = new.lot_no.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        let item =
            new.item.filter(|t| !t.is_empty()).or_else(|| lot_key(gtin.as_deref()?, lot_no.as_deref()?));
        let lot_unknown = match &item {
            Some(key) => !self.surroundings.lot_known(tx, key).await.map_err(Error::Hook)?,
            None => true,
        };
        // Prepackaged food whose label shows no date is taken as sold loose.
        let kind = if new.prepackaged && new.produced.is_some() {
            FoodKind::Prepackaged
        } else {
            FoodKind::FarmProduce
        };
        let (governing_on, rule) = match self.rules.governing_date(kind, new.produced, Some(new.sampled)) {
            Some((date, rule)) => (date, rule.date.word()),
            None => (new.sampled, Which::Sampling.word()),
        };
        let food = new.food.trim().to_owned();
        let product_name = if new.product_name.trim().is_empty() {
            food.clone()
        } else {
            new.product_name.trim().to_owned()
        };
        Ok(Sample {
            id: cx.id(),
            version: 1,
            form_no: new.form_no.trim().to_owned(),
            report_no: None,
            kind: new.kind,
            state: if new.received.is_some() { SampleState::Received } else { SampleState::Sealed },
            food,
            product_name,
            gtin,
            lot_no,
            item,
            lot_unknown,
            place: new.place.filter(|t| !t.is_empty()).or(found.place),
            place_name: if found.name.is_empty() { new.place_name.trim().to_owned() } else { found.name },
            site: found.site,
            operator: found.operator,
            producer,
            producer_name: new.producer_name.trim().to_owned(),
            produced: new.produced,
            sampled: new.sampled,
            received: new.received,
            governing_on,
            governing_rule: rule.to_owned(),
            prepackaged: new.prepackaged,
            base_qty: new.base_qty,
            region,
            agency: new.agency,
            laboratory: new.laboratory,
            facts: new.facts,
            registered_by: Some(who.account),
            approved_by: None,
            conclusion: None,
            created: cx.now,
            approved_at: None,
            submitted_at: None,
            placing: new.placing,
            blind: false,
        })
    }

    /// The sample, which nobody else changes until this transaction ends: its results and its report are decided on what is read here.
    pub(crate) async fn sample_to_change(&self, tx: &mut Tx, id: Id) -> Result<Sample, Error> {
        tx.lock("sample", &[id]).await?;
        self.sample_in(tx, id).await
    }

    pub(crate) async fn sample_in(&self, tx: &mut Tx, id: Id) -> Result<Sample, Error> {
        let row = tx.query(BY_ID, &[id.into()]).await?.into_iter().next();
        row.as_ref().map(read).transpose()?.ok_or_else(|| Error::NotFound(format!("sample {id}")))
    }
}

/// The task of an issued plan a sample fulfils, when its class and stage are known.
async fn task_of(tx: &mut Tx, s: &Sample) -> Result<Option<Id>, Error> {
    let (Some(class), Some(stage)) = (s.placing.class.as_deref(), s.placing.stage) else { return Ok(None) };
    let row = tx
        .first(
            "select t.id from sampling_task t join sampling_plan p on p.id = t.plan where p.state = 'issued' \
             and p.year = $1 and p.kind = $2 and t.region = $3 and t.class = $4 and t.stage = $5 \
             and ($6 is null or t.budget = $6) order by t.id limit 1",
            &[
                i64::from(s.sampled.year()).into(),
                s.kind.word().into(),
                s.region.chars().take(6).collect::<String>().into(),
                class.into(),
                stage.word().into(),
                s.placing.budget.map(Budget::word).into(),
            ],
        )
        .await?;
    Ok(row.map(|r| r.id("id")).transpose()?)
}

const FORM_NO: Text = Text::of("抽样单编号", "form number");
const PRODUCED: Text = Text::of("生产日期", "production date");
const SAMPLED: Text = Text::of("抽样日期", "sampling date");
const RECEIVED: Text = Text::of("收样日期", "date received");

/// One sample by id.
pub(crate) const BY_ID: &str = "select * from sample where id = $1";

/// Canonical Digital Link of a lot; characters a Digital Link may not carry plainly are percent-encoded (as in `epcis::ident`).
pub(crate) fn lot_key(gtin14: &str, lot: &str) -> Option<String> {
    if lot.is_empty() {
        return None;
    }
    let mut key = format!("https://id.gs1.org/01/{gtin14}/10/");
    for b in lot.bytes() {
        if b.is_ascii_alphanumeric() || b"-._';=".contains(&b) {
            key.push(char::from(b));
        } else {
            key.push_str(&format!("%{b:02X}"));
        }
    }
    Some(key)
}

/// What is wrong with a form in itself: required fields, GTIN, and dates that cannot be.
pub(crate) fn check(new: &NewSample, today: Date) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |field: &str, label: Text, value: &str, zh: String, en: String| {
        problems.push(Problem::new(field, label, value, Text::new(zh, en)));
    };
    let form = new.form_no.trim();
    if form.is_empty() || form.len() > 40 || !form.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        add(
            "form_no",
            FORM_NO,
            form,
            "请填写抽样单编号，只含字母、数字和连字符，不超过 40 位".into(),
            "state the form number: letters, digits and hyphens, at most 40".into(),
        );
    }
    if new.food.trim().is_empty() {
        add(
            "food",
            Text::of("食品名称", "food"),
            "",
            "请填写食品名称，判定按该名称归类".into(),
            "state the food; it is classified by this name".into(),
        );
    }
    if new.place_name.trim().is_empty() && new.place.is_none() && new.uscc.is_none() {
        add(
            "place_name",
            Text::of("被抽样单位", "place sampled"),
            "",
            "请填写被抽样单位名称、统一社会信用代码或场所编码".into(),
            "state the place sampled by name, social credit code or location number".into(),
        );
    }
    if new.agency.trim().is_empty() {
        add(
            "agency",
            Text::of("任务来源", "ordering department"),
            "",
            "请填写部署抽检的部门".into(),
            "state the department that ordered the sample".into(),
        );
    }
    if let Some(Err(e)) = new.gtin.as_deref().filter(|t| !t.trim().is_empty()).map(str::parse::<Gtin>) {
        let text = e.text();
        add(
            "gtin",
            Text::of("商品条码", "GTIN"),
            new.gtin.as_deref().unwrap_or_default(),
            text.zh.into_owned(),
            text.en.into_owned(),
        );
    }
    if let Some(produced) = new.produced {
        if produced > new.sampled {
            add(
                "produced",
                PRODUCED,
                &produced.to_string(),
                format!("生产日期晚于抽样日期 {}，请核对", new.sampled),
                format!("the production date is after the sampling date {}; check both", new.sampled),
            );
        }
    } else if new.prepackaged {
        add(
            "produced",
            PRODUCED,
            "",
            "预包装食品须填写生产日期，用于确定适用的标准版本".into(),
            "prepackaged food needs its production date: it selects the edition of the standard".into(),
        );
    }
    if new.sampled > today {
        add(
            "sampled",
            SAMPLED,
            &new.sampled.to_string(),
            format!("抽样日期晚于今天 {today}，请核对"),
            format!("the sampling date is after today, {today}; check it"),
        );
    }
    if let Some(received) = new.received {
        problems.extend(received_problem(new.sampled, received, today));
    }
    problems
}

pub(crate) fn received_problem(sampled: Date, received: Date, today: Date) -> Vec<Problem> {
    let mut problems = Vec::new();
    if received < sampled {
        problems.push(Problem::new(
            "received",
            RECEIVED,
            received.to_string(),
            Text::new(
                format!("收样日期早于抽样日期 {sampled}，请核对"),
                format!("the date received is before the sampling date {sampled}; check both"),
            ),
        ));
    }
    if received > today {
        problems.push(Problem::new(
            "received",
            RECEIVED,
            received.to_string(),
            Text::new(
                format!("收样日期晚于今天 {today}，请核对"),
                format!("the date received is after today, {today}; check it"),
            ),
        ));
    }
    problems
}

async fn insert(tx: &mut Tx, s: &Sample) -> Result<(), Error> {
    let facts = serde_json::json!(s.facts).to_string();
    tx.insert_many(
        "insert into sample (id, version, form_no, report_no, kind, state, food, product_name, gtin, lot_no, item, \
         lot_unknown, place, place_name, site, operator, producer, producer_name, produced, sampled, received, \
         governing_on, governing_rule, prepackaged, base_qty, region, agency, laboratory, facts, registered_by, \
         approved_by, submitted_by, conclusion, created, submitted_at, task, class, stage, budget, form_tail)",
        40,
        vec![
            s.id.into(),
            s.version.into(),
            s.form_no.as_str().into(),
            s.report_no.clone().into(),
            s.kind.word().into(),
            s.state.word().into(),
            s.food.as_str().into(),
            s.product_name.as_str().into(),
            s.gtin.clone().into(),
            s.lot_no.clone().into(),
            s.item.clone().into(),
            s.lot_unknown.into(),
            s.place.clone().into(),
            s.place_name.as_str().into(),
            s.site.into(),
            s.operator.into(),
            s.producer.into(),
            s.producer_name.as_str().into(),
            s.produced.into(),
            s.sampled.into(),
            s.received.into(),
            s.governing_on.into(),
            s.governing_rule.as_str().into(),
            s.prepackaged.into(),
            s.base_qty.clone().into(),
            s.region.as_str().into(),
            s.agency.as_str().into(),
            s.laboratory.into(),
            facts.into(),
            s.registered_by.into(),
            s.approved_by.into(),
            store::Value::Int(None),
            s.conclusion.map(Conclusion::word).into(),
            s.created.into(),
            s.submitted_at.into(),
            s.placing.task.into(),
            s.placing.class.clone().into(),
            s.placing.stage.map(Stage::word).into(),
            s.placing.budget.map(Budget::word).into(),
            names::tail(&s.form_no).into(),
        ],
        "",
    )
    .await?;
    Ok(())
}

/// A stored sample.
pub(crate) fn read(row: &Row) -> Result<Sample, store::Error> {
    Ok(Sample {
        id: row.id("id")?,
        version: row.int("version")?,
        form_no: row.text("form_no")?,
        report_no: row.opt_text("report_no")?,
        kind: row.parsed("kind")?,
        state: row.parsed("state")?,
        food: row.text("food")?,
        product_name: row.text("product_name")?,
        gtin: row.opt_text("gtin")?,
        lot_no: row.opt_text("lot_no")?,
        item: row.opt_text("item")?,
        lot_unknown: row.flag("lot_unknown")?,
        place: row.opt_text("place")?,
        place_name: row.text("place_name")?,
        site: row.opt_id("site")?,
        operator: row.opt_id("operator")?,
        producer: row.opt_id("producer")?,
        producer_name: row.text("producer_name")?,
        produced: row.opt_date("produced")?,
        sampled: row.date("sampled")?,
        received: row.opt_date("received")?,
        governing_on: row.date("governing_on")?,
        governing_rule: row.text("governing_rule")?,
        prepackaged: row.flag("prepackaged")?,
        base_qty: row.opt_text("base_qty")?,
        region: row.text("region")?,
        agency: row.text("agency")?,
        laboratory: row.opt_id("laboratory")?,
        facts: row.json("facts")?,
        registered_by: row.opt_id("registered_by")?,
        approved_by: row.opt_id("approved_by")?,
        conclusion: row.opt_text("conclusion")?.and_then(|t| Conclusion::read(&t)),
        created: row.instant("created")?,
        approved_at: row.opt_instant("approved_at")?,
        submitted_at: row.opt_instant("submitted_at")?,
        placing: Placing {
            task: row.opt_id("task")?,
            class: row.opt_text("class")?,
            stage: row.opt_text("stage")?.and_then(|t| Stage::read(&t)),
            budget: row.opt_text("budget")?.and_then(|t| Budget::read(&t)),
        },
        blind: false,
    })
}
