//! The engine's own effects: what procedures do to facts, clocks, tasks and their family without a line of Rust.

use super::{Effect, EffectCx, EffectOut, MatterDraft, NewItem, NewLink, NewMatter, NewTask};
use crate::effect::ClockChange;
use crate::{EffectError, Error};
use async_trait::async_trait;
use base::clock::{Clock, Rules};
use base::{Id, RegionCode, Text};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use store::Tx;

/// The engine's own effects.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Own {
    /// Sets facts: parameters are names and values.
    SetFacts,
    /// `clock`, `cause`.
    Suspend,
    /// `clock`.
    Resume,
    /// `clock`, and `field` (a number field of the form) or `amount`.
    Extend,
    /// `procedure`, `facts` (names): every running child of the procedure gets these facts as they stand here.
    TellChildren,
    /// `transition`: taken in the parent matter, when there is one.
    StepParent,
    /// `procedure`, `transition`: taken in every running child of the procedure.
    StepChildren,
    /// `procedure`, `state`, `transition`, `when` (fact = value): where these facts hold, the step is taken in the operator's running matters of
    /// the procedure that stand in the state and are held by the same organ. Held by another organ alone, this step is refused: who
    /// decided undoes it.
    StepSame,
    /// `procedure`; `facts` (names taken over), `as` (child fact = own fact), `set` (child fact = value), `again` (true: a new one each
    /// time), `region` (`up`: the level above), `agency` (department that holds it). Opens a child on the same subject and operator.
    OpenMatter,
    /// `kind`; `region` (fact with a region code), `label` (fact with the item's name), `operator` (true: the operator does it).
    /// Creates a task of one item.
    CreateTask,
    /// `field` (of type operator): the matter concerns that operator from now on.
    SetOperator,
    /// `fact`, `pattern` with `{organ}`, `{year}`, `{region}` and `{n}` or `{n:4}`: the next number of the series the pattern makes for
    /// year and region; kept when the fact has one.
    Number,
    /// `what`, `fact`: what the fact names is this matter's alone; a second matter that claims it is refused (one reward a case).
    Claim,
    /// `field` (number of another matter of the same procedure that was not merged itself): the two are linked, this one follows it.
    MergeInto,
    /// The links of [`Own::MergeInto`] are taken back.
    Unmerge,
    /// `fact` (number of another matter of the operator concerned, or what `by` holds there: a case number), `procedure`, `by`, `states`: the
    /// other is found, linked and named by its `by`; where there is none, the step is refused.
    Refer,
    /// `fact`, `law` (row of the table of clocks), `from` (fact with a date; today when absent): the last day of the period.
    SetDate,
    /// The form's `document`, and where its `result` is `corrected` its `served_on`: the paper was served on that day.
    CorrectService,
}

impl Own {
    pub(crate) const ALL: [(&'static str, Self); 18] = [
        ("flow.set_facts", Self::SetFacts),
        ("flow.suspend_clock", Self::Suspend),
        ("flow.resume_clock", Self::Resume),
        ("flow.extend_clock", Self::Extend),
        ("flow.tell_children", Self::TellChildren),
        ("flow.step_parent", Self::StepParent),
        ("flow.step_children", Self::StepChildren),
        ("flow.step_same", Self::StepSame),
        ("flow.open_matter", Self::OpenMatter),
        ("flow.create_task", Self::CreateTask),
        ("flow.set_operator", Self::SetOperator),
        ("flow.number", Self::Number),
        ("flow.claim", Self::Claim),
        ("flow.merge_into", Self::MergeInto),
        ("flow.unmerge", Self::Unmerge),
        ("flow.refer", Self::Refer),
        ("flow.set_date", Self::SetDate),
        ("flow.correct_service", Self::CorrectService),
    ];
}

#[async_trait]
impl Effect for Own {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        let text = |name: &str| -> Result<String, Error> {
            params.get(name).and_then(Json::as_str).map(ToOwned::to_owned).ok_or_else(|| {
                Error::Procedure(format!("step {}: the effect needs the text parameter `{name}`", cx.step))
            })
        };
        let mut out = EffectOut::default();
        match self {
            Self::SetFacts => out.facts.extend(params.iter().map(|(k, v)| (k.clone(), v.clone()))),
            Self::Suspend => {
                out.clocks.push(ClockChange::Suspend { clock: text("clock")?, cause: text("cause")? });
            }
            Self::Resume => out.clocks.push(ClockChange::Resume { clock: text("clock")? }),
            Self::Extend => {
                let clock = text("clock")?;
                let value = match params.get("field").and_then(Json::as_str) {
                    Some(field) => cx.form.get(field),
                    None => params.get("amount"),
                };
                let amount = value.and_then(|v| match v {
                    Json::String(s) => s.parse().ok(),
                    other => other.as_u64().and_then(|n| u32::try_from(n).ok()),
                });
                let amount = amount.ok_or_else(|| {
                    Error::refused(
                        "请填写延长的天数（整数）",
                        "give the number of days to extend by (a whole number)",
                    )
                })?;
                out.clocks.push(ClockChange::Extend { clock, amount });
            }
            Self::StepParent => {
                let transition = text("transition")?;
                out.steps.extend(matter.parent.map(|parent| (parent, transition)));
            }
            Self::StepChildren => {
                let (procedure, transition) = (text("procedure")?, text("transition")?);
                let children = running_children(tx, matter.id, &procedure).await?;
                out.steps.extend(children.into_iter().map(|id| (id, transition.clone())));
            }
            Self::Refer => {
                let (fact, by) = (text("fact")?, text("by")?);
                let (number, link) = referred(tx, matter, params, (&fact, &by), &text("procedure")?).await?;
                matter.set(&fact, number);
                out.links.push(link);
            }
            Self::StepSame => {
                let mut when = params.get("when").and_then(Json::as_object).into_iter().flatten();
                if when.all(|(fact, value)| matter.facts.get(fact) == Some(value)) {
                    let (procedure, state) = (text("procedure")?, text("state")?);
                    let same = same_organ(tx, matter, &procedure, &state).await?;
                    let transition = text("transition")?;
                    out.steps.extend(same.into_iter().map(|id| (id, transition.clone())));
                }
            }
            Self::CorrectService => {
                let field = |name: &str| cx.form.get(name).and_then(Json::as_str);
                let day = field("served_on").filter(|_| field("result") == Some("corrected"));
                if let (Some(document), Some(day)) = (field("document"), day.and_then(|d| d.parse().ok())) {
                    out.served.push((document.to_owned(), day));
                }
            }
            Self::OpenMatter => out.matters.push(child(cx, matter, params, text("procedure")?)),
            Self::CreateTask => out.tasks.push(task(matter, params, text("kind")?)),
            Self::SetOperator => {
                let named = cx.form.get(&text("field")?).and_then(Json::as_str);
                // a code the register does not know names nobody
                if let Some(id) = named.and_then(|n| n.parse().ok()) {
                    matter.operator = Some(id);
                }
            }
            Self::Number => {
                let (fact, pattern) = (text("fact")?, text("pattern")?);
                if matter.fact(&fact).is_empty() {
                    let number =
                        crate::number::next(tx, cx.context.now, &matter.region, &matter.agency, &pattern)
                            .await?;
                    out.facts.insert(fact, json!(number));
                }
            }
            Self::MergeInto => {
                let named = cx.form.get(&text("field")?).and_then(Json::as_str).unwrap_or_default();
                merge_into(tx, cx, matter, named).await?;
            }
            Self::Unmerge => {
                let sql = "delete from matter_link where (matter = $1 and kind = 'merged_into') or (kind = 'merged' and target = $2)";
                tx.exec(sql, &[matter.id.into(), format!("matter:{}", matter.id).into()]).await?;
            }
            Self::Claim => claim(tx, matter, &text("what")?, &text("fact")?).await?,
            Self::SetDate => {
                let fact = text("fact")?;
                let from = match params.get("from").and_then(Json::as_str) {
                    Some(name) => matter.fact(name).parse().map_err(|_| {
                        Error::Procedure(format!("step {}: the fact `{name}` holds no date", cx.step))
                    })?,
                    None => cx.context.now.china_date(),
                };
                let law = text("law")?;
                let row = Rules::builtin()
                    .get(&law)
                    .ok_or_else(|| Error::Procedure(format!("rulebook/cn/clocks has no row `{law}`")))?;
                let start = base::Instant::china(from, 12, 0);
                let due = Clock::start(row.rule.clone(), start).due(cx.engine.calendar());
                if let Some(due) = due {
                    out.facts.insert(fact, json!(due.date.to_string()));
                }
            }
            Self::TellChildren => {
                let names = params.get("facts").and_then(Json::as_array).into_iter().flatten();
                let facts: Map<String, Json> = names
                    .filter_map(|n| Some((n.as_str()?.to_owned(), matter.facts.get(n.as_str()?)?.clone())))
                    .collect();
                let children = running_children(tx, matter.id, &text("procedure")?).await?;
                out.told.extend(children.into_iter().map(|id| (id, facts.clone())));
            }
        }
        Ok(out)
    }
}

/// Links a matter with the one it is merged into, both ways, so that each page leads to the other.
async fn merge_into(
    tx: &mut Tx,
    cx: &EffectCx<'_>,
    matter: &MatterDraft,
    named: &str,
) -> Result<(), EffectError> {
    let unfit = || {
        Error::refused(
            "没有可以并入的办件：请填写同一程序、尚未并入他件的另一办件编号",
            "no such matter to merge into: give the number of another matter of the same procedure that was not merged itself",
        )
    };
    let other: Id = named.trim().parse().map_err(|_| unfit())?;
    let sql = "select title_zh from matter m where id = $1 and procedure = $2 and not exists (select 1 from matter_link l \
               where l.matter = m.id and l.kind = 'merged_into')";
    let row = tx.first(sql, &[other.into(), matter.procedure.as_str().into()]).await?;
    let row = row.filter(|_| other != matter.id).ok_or_else(unfit)?;
    let pairs = [
        (matter.id, "merged_into", other, row.text("title_zh")?),
        (other, "merged", matter.id, matter.title.zh.to_string()),
    ];
    for (from, kind, to, label) in pairs {
        tx.exec(
            "insert into matter_link (matter, kind, target, label, at) values ($1, $2, $3, $4, $5)",
            &[from.into(), kind.into(), format!("matter:{to}").into(), label.into(), cx.context.now.into()],
        )
        .await?;
    }
    Ok(())
}

/// Takes what a fact names for this matter alone.
async fn claim(tx: &mut Tx, matter: &MatterDraft, what: &str, fact: &str) -> Result<(), EffectError> {
    let value: String = matter.fact(fact).chars().filter(|c| !c.is_whitespace()).collect();
    if value.is_empty() {
        return Err(
            Error::Procedure(format!("`{what}` is claimed by the fact `{fact}`, which is empty")).into()
        );
    }
    tx.exec(
        "insert into flow_claim (what, value, matter) values ($1, $2, $3) on conflict (what, value) do nothing",
        &[what.into(), value.as_str().into(), matter.id.into()],
    )
    .await?;
    let sql = "select matter from flow_claim where what = $1 and value = $2";
    let holder = tx.one(sql, &[what.into(), value.as_str().into()]).await?.id("matter")?;
    if holder == matter.id {
        return Ok(());
    }
    Err(Error::Refused(Text::new(
        format!("“{value}”已由办件 {holder} 办理过，同一事项不重复办理；请核对，或者退回"),
        format!("`{value}` was dealt with in matter {holder} already and is not dealt with twice; check it, or send this back"),
    ))
    .into())
}

async fn running_children(tx: &mut Tx, matter: Id, procedure: &str) -> Result<Vec<Id>, EffectError> {
    let rows = tx
        .query(
            "select id from matter where parent = $1 and procedure = $2 and closed_at is null order by id",
            &[matter.into(), procedure.into()],
        )
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        found.push(row.id("id")?);
    }
    Ok(found)
}

/// The operator's matters of a procedure that stand in a state and are held by the organ of this one.
async fn same_organ(
    tx: &mut Tx,
    matter: &MatterDraft,
    procedure: &str,
    state: &str,
) -> Result<Vec<Id>, EffectError> {
    let sql = "select id, region, agency, title_zh, title_en from matter where operator = $1 and procedure = $2 and state = $3 \
               and closed_at is null order by id";
    let rows = tx.query(sql, &[matter.operator.into(), procedure.into(), state.into()]).await?;
    let mut same = Vec::new();
    for row in &rows {
        if row.text("region")? == matter.region && row.text("agency")? == matter.agency {
            same.push(row.id("id")?);
        }
    }
    if let (true, Some(other)) = (same.is_empty(), rows.first()) {
        return Err(Error::Refused(Text::new(
            format!(
                "“{}”由另一机关决定，应当由作出决定的机关办理此步，请转请该机关",
                other.text("title_zh")?
            ),
            format!(
                "\"{}\" was decided by another organ; that organ takes this step",
                other.text("title_en")?
            ),
        ))
        .into());
    }
    Ok(same)
}

/// The matter of the same operator a fact names by its number or by the fact `by` there.
async fn referred(
    tx: &mut Tx,
    matter: &MatterDraft,
    params: &BTreeMap<String, Json>,
    (fact, by): (&str, &str),
    procedure: &str,
) -> Result<(String, NewLink), EffectError> {
    let said = matter.fact(fact).trim().to_owned();
    let states = params.get("states").and_then(Json::as_array).cloned().unwrap_or_default();
    let sql = "select id, state, title_zh, facts from matter where operator = $1 and procedure = $2 order by id desc";
    for row in tx.query(sql, &[matter.operator.into(), procedure.into()]).await? {
        let (id, facts) = (row.id("id")?, row.text("facts")?);
        let facts: Json = serde_json::from_str(&facts).unwrap_or_default();
        let number = facts[by].as_str().unwrap_or_default();
        let meant = said == id.to_string() || (!number.is_empty() && number == said);
        if meant && states.iter().any(|s| s.as_str() == row.text("state").ok().as_deref()) {
            let number = if number.is_empty() { id.to_string() } else { number.to_owned() };
            let target = format!("matter:{id}");
            return Ok((number, NewLink { kind: "refers".to_owned(), target, label: row.text("title_zh")? }));
        }
    }
    let none = Text::new(
        format!("没有找到该当事人已作出决定的案件“{said}”，请核对立案号或者办件编号"),
        format!("this party has no decided case `{said}`; check the case number or the number of the matter"),
    );
    Err(Error::Refused(none).into())
}

/// The child `flow.open_matter` asks for.
fn child(
    cx: &EffectCx<'_>,
    matter: &MatterDraft,
    params: &BTreeMap<String, Json>,
    procedure: String,
) -> (String, NewMatter) {
    let title = cx
        .engine
        .procedure_in(&procedure, &matter.region)
        .map_or_else(|_| Text::new(procedure.as_str(), procedure.as_str()), |p| p.definition.title.clone());
    let title =
        Text::new(format!("{}：{}", title.zh, matter.title.zh), format!("{}: {}", title.en, matter.title.en));
    let again = params.get("again").and_then(Json::as_bool) == Some(true);
    let key = if again {
        format!("child:{}:{procedure}:{}", matter.id, cx.context.id())
    } else {
        format!("child:{}:{procedure}", matter.id)
    };
    let own = matter.region.parse::<RegionCode>().ok();
    let up = params.get("region").and_then(Json::as_str) == Some("up");
    let above = own.filter(|_| up).and_then(|c| c.county().parent()).filter(|c| !c.as_str().is_empty());
    let region = above.map_or_else(|| matter.region.clone(), |c| c.as_str().to_owned());
    let mut new =
        NewMatter::new(region, matter.subject.as_str(), title).of_operator(matter.operator).with_key(key);
    new.agency = params.get("agency").and_then(Json::as_str).map(ToOwned::to_owned);
    let names = params.get("facts").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let renamed = params.get("as").and_then(Json::as_object).into_iter().flatten();
    let pairs = names.map(|n| (n, n)).chain(renamed.filter_map(|(k, v)| Some((k.as_str(), v.as_str()?))));
    for (theirs, own) in pairs {
        if let Some(value) = matter.facts.get(own) {
            new = new.fact(theirs, value.clone());
        }
    }
    for (name, value) in params.get("set").and_then(Json::as_object).into_iter().flatten() {
        new = new.fact(name, value.clone());
    }
    (procedure, new)
}

/// The task `flow.create_task` asks for: one item, on the matter's subject.
fn task(matter: &MatterDraft, params: &BTreeMap<String, Json>, kind: String) -> NewTask {
    let fact = |name: &str| {
        params.get(name).and_then(Json::as_str).map(|n| matter.fact(n)).filter(|v| !v.is_empty())
    };
    let region = fact("region").unwrap_or(&matter.region).to_owned();
    let by_operator = params.get("operator").and_then(Json::as_bool) == Some(true);
    let item = NewItem {
        subject: matter.subject.clone(),
        site: None,
        label: fact("label").unwrap_or(matter.title.zh.as_ref()).to_owned(),
        region: region.clone(),
        expected: None,
        unit: String::new(),
    };
    let operator = if by_operator { matter.operator } else { None };
    NewTask { kind, region, operator, assigned: None, items: vec![item] }
}
