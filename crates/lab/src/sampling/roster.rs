//! The roster of a draw: who can be drawn with which chances, what is wrong with the order, and the places that come out.

use super::freeze::{Draw, NewDraw};
use super::plan::Task;
use super::strata::{FAILED, NEW, OTHER, Strata};
use super::{Book, Stage};
use crate::query::prefix;
use crate::{Error, Found, Problem};
use base::{Id, Instant, Text};
use ledger::Context;
use ledger::draw::{Entry as Target, Record};
use std::collections::{HashMap, HashSet};
use store::{Sql, Tx};

pub(super) fn examine(
    new: &NewDraw,
    task: &Task,
    roster: usize,
    samplers: usize,
    now: Instant,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let left = i64::from(task.task.quota) - task.taken;
    if new.count == 0 || i64::from(new.count) > left.max(0) {
        problems.push(Problem::new(
            "count",
            Text::of("抽取数量", "how many"),
            new.count.to_string(),
            Text::new(
                format!("请填 1 至 {}（任务剩余批次）", left.max(0)),
                format!("1 to {}: what the task still lacks", left.max(0)),
            ),
        ));
    }
    if new.source.trim().is_empty() {
        let text = Text::of(
            "请写明将采用的公开随机来源及期号",
            "name the public source of randomness and its round",
        );
        problems.push(Problem::new("source", Text::of("随机来源", "source"), "", text));
    }
    if new.source_due <= now {
        let text = Text::of(
            "公布时间必须晚于现在：种子须在名录固定之后才产生",
            "it must be known later than now: the list is frozen before the seed exists",
        );
        problems.push(Problem::new(
            "source_due",
            Text::of("公布时间", "when it is known"),
            new.source_due.china_minute(),
            text,
        ));
    }
    if roster == 0 {
        let text = Text::of(
            "登记库中该地区没有这一环节的主体",
            "the register has nobody at this stage in this region",
        );
        problems.push(Problem::new("task", Text::of("任务", "task"), task.task.region.as_str(), text));
    }
    let least = Book::builtin().bounds().samplers;
    if samplers < least {
        let text = Text::new(
            format!("至少需要 {least} 名抽样人员，现有 {samplers} 名；请先为该地区开设监管人员账号"),
            format!(
                "at least {least} samplers are needed and there are {samplers}; give officers of the region accounts first"
            ),
        );
        problems.push(Problem::new("samplers", Text::of("抽样人员", "samplers"), samplers.to_string(), text));
    }
    problems
}

/// The roster as entries: chances doubled for a failure in the last two years, excluded when sampled often enough this year.
pub(super) async fn entries(
    tx: &mut Tx,
    task: &Task,
    roster: &[Found],
    by: Option<Strata>,
    now: Instant,
) -> Result<Vec<Target>, Error> {
    let today = now.china_date();
    let mut sql =
        Sql::new("select operator, count(*) as n from sample where operator is not null and sampled >= ");
    sql.bind(base::Date::constant(today.year(), 1, 1));
    prefix(&mut sql, " and region", &task.task.region);
    sql.push(" group by operator");
    let mut often: HashMap<Id, i64> = HashMap::new();
    for row in tx.select(&sql).await? {
        often.insert(row.id("operator")?, row.int("n")?);
    }
    let mut sql = Sql::new(
        "select distinct operator from nonconformity where operator is not null and state <> 'overturned' and created >= ",
    );
    sql.bind(now.plus_seconds(-2 * 365 * 86_400));
    prefix(&mut sql, " and region", &task.task.region);
    let mut failed = Vec::new();
    for row in tx.select(&sql).await? {
        failed.push(row.id("operator")?);
    }
    let mut sampled = HashSet::new();
    if by == Some(Strata::Risk) {
        let mut sql =
            Sql::new("select distinct operator from sample where operator is not null and sampled >= ");
        sql.bind(now.plus_seconds(-2 * 365 * 86_400).china_date());
        prefix(&mut sql, " and region", &task.task.region);
        for row in tx.select(&sql).await? {
            sampled.insert(row.id("operator")?);
        }
    }
    let bounded = task.task.stage == Stage::Circulation;
    let most = Book::builtin().bounds().per_unit;
    let mut out: Vec<Target> = roster
        .iter()
        .filter_map(|f| {
            let id = f.operator?;
            let full = bounded && often.get(&id).is_some_and(|n| *n >= most);
            Some(Target {
                id,
                stratum: match by {
                    None => task.task.region.clone(),
                    Some(Strata::Region) => below(&task.task.region, &f.region),
                    Some(Strata::Risk) if failed.contains(&id) => FAILED.to_owned(),
                    Some(Strata::Risk) if sampled.contains(&id) => OTHER.to_owned(),
                    Some(Strata::Risk) => NEW.to_owned(),
                    Some(Strata::Scale) if f.kind.is_empty() => OTHER.to_owned(),
                    Some(Strata::Scale) => f.kind.clone(),
                },
                weight: if failed.contains(&id) { 2 } else { 1 },
                excluded: full.then(|| "per_unit".to_owned()),
            })
        })
        .collect();
    out.sort_by_key(|t| t.id);
    out.dedup_by_key(|t| t.id);
    Ok(out)
}

/// The region one level below that of a task in which a place lies: a county, or a town of the county.
fn below(task: &str, place: &str) -> String {
    let digits = if task.len() < 6 { 6 } else { 9 };
    place.get(..digits).unwrap_or(place).to_owned()
}

pub(super) async fn store_targets(
    tx: &mut Tx,
    cx: &Context,
    row: &Draw,
    record: &Record,
    roster: &[Found],
) -> Result<(), Error> {
    let by: HashMap<Id, &Found> = roster.iter().filter_map(|f| Some((f.operator?, f))).collect();
    let mut values = Vec::new();
    for (seq, pick) in record.drawn.iter().flat_map(|d| &d.picks).enumerate() {
        let found = by.get(&pick.target);
        let [sampler, partner] = pick.samplers;
        values.extend([
            cx.id().into(),
            1_i64.into(),
            row.id.into(),
            row.task.into(),
            i64::try_from(seq + 1).unwrap_or(i64::MAX).into(),
            pick.target.into(),
            found.and_then(|f| f.site).into(),
            found.and_then(|f| f.place.clone()).into(),
            found.map_or("", |f| f.name.as_str()).into(),
            found.map_or(row.region.as_str(), |f| f.region.as_str()).into(),
            row.agency.as_str().into(),
            sampler.into(),
            partner.into(),
            "waiting".into(),
        ]);
    }
    tx.insert_many(
        "insert into sampling_target (id, version, draw, task, seq, operator, site, place, label, region, agency, sampler, \
         partner, state)",
        14,
        values,
        "",
    )
    .await?;
    Ok(())
}
