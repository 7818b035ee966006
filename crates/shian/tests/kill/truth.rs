//! What must hold of the record at any moment: everything acknowledged is there with its content, and nothing is half
//! done.

use crate::work::Acknowledged;
use base::Id;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;
use store::{Error, Row, Store};

/// Opens the database of a data directory beside the running server.
pub(crate) async fn open(data: &Path) -> Store {
    Store::sqlite(&data.join("shian.db")).await.expect("the database opens")
}

fn id(text: &str) -> Id {
    text.parse().unwrap_or_else(|_| panic!("{text} is no id"))
}

/// What is missing or different of what the server acknowledged.
pub(crate) async fn missing(store: &Store, data: &Path, all: &[Acknowledged]) -> Vec<String> {
    let mut faults = Vec::new();
    for a in all {
        let fault = match a {
            Acknowledged::Capture { job, events } => capture(store, job, events).await,
            Acknowledged::Event { event } => stored_once(store, event).await,
            Acknowledged::Sample { id, form_no, state } => sample(store, id, form_no, state).await,
            Acknowledged::Results { judged } => results(store, judged).await,
            Acknowledged::Opened { matter } => opened(store, matter).await,
            Acknowledged::Step { matter, journal, version, state } => {
                step(store, matter, journal, *version, state).await
            }
            Acknowledged::Report { item, journal, version, form } => {
                report(store, item, journal, *version, form).await
            }
            Acknowledged::Attachment { sha256, size } => attachment(store, data, sha256, *size).await,
        };
        if let Some(fault) = fault.expect("the database answers") {
            faults.push(format!("{fault} ({a:?})"));
        }
    }
    faults
}

type Fault = Result<Option<String>, Error>;

async fn first(store: &Store, sql: &'static str, key: Id) -> Result<Option<Row>, Error> {
    store.first(sql, &[key.into()]).await
}

async fn capture(store: &Store, job: &str, events: &[Value]) -> Fault {
    let row =
        first(store, "select events, stored + duplicates as kept, state from capture where id = $1", id(job));
    let Some(row) = row.await? else { return Ok(Some("the capture is gone".to_owned())) };
    let count = i64::try_from(events.len()).unwrap_or(-1);
    if row.int("events")? != count || row.int("kept")? != count || row.text("state")? != "stored" {
        return Ok(Some("the capture differs".to_owned()));
    }
    for event in events {
        if let Some(fault) = stored_once(store, event).await? {
            return Ok(Some(fault));
        }
    }
    Ok(None)
}

async fn stored_once(store: &Store, event: &Value) -> Fault {
    let name = event["eventID"].as_str().unwrap_or_default();
    let rows = store
        .query("select e.id, e.body, e.items from event e where e.event_id = $1", &[name.into()])
        .await?;
    let [row] = rows.as_slice() else { return Ok(Some(format!("{name} is stored {} times", rows.len()))) };
    let body: Value = row.json("body")?;
    let differs =
        ["eventTime", "bizStep", "quantityList", "readPoint"].into_iter().find(|f| body[f] != event[f]);
    let quantity = event["quantityList"][0]["quantity"].to_string();
    if let Some(field) = differs {
        return Ok(Some(format!("{name}: {field} is {}", body[field])));
    }
    let items = row.text("items")?;
    let fields: Vec<&str> = items.split(' ').collect();
    let [_, kept, _, item] = *fields else { return Ok(Some(format!("{name} has the items {items}"))) };
    let named = supply::events_naming(store, item).await.map_err(|e| Error::Setup(e.to_string()))?;
    let whole = kept == quantity && named.contains(&row.id("id")?);
    Ok((!whole).then(|| format!("{name}: its items differ")))
}

async fn sample(store: &Store, sample: &str, form_no: &str, state: &str) -> Fault {
    let row = first(store, "select form_no, state from sample where id = $1", id(sample)).await?;
    let Some(row) = row else { return Ok(Some("the sample is gone".to_owned())) };
    let order = ["sealed", "received", "testing", "approved", "submitted"];
    let at = |s: &str| order.iter().position(|o| *o == s);
    let holds = row.text("form_no")? == form_no && at(&row.text("state")?) >= at(state);
    Ok((!holds).then(|| format!("the sample is {}", row.text("state").unwrap_or_default())))
}

async fn results(store: &Store, judged: &Value) -> Fault {
    for result in judged.as_array().map(Vec::as_slice).unwrap_or_default() {
        let verdict = &result["verdicts"][0];
        let row = store
            .first(
                "select r.reported, v.outcome from result r join verdict v on v.result = r.id \
                 where r.id = $1 and v.id = $2",
                &[
                    id(result["id"].as_str().unwrap_or_default()).into(),
                    id(verdict["id"].as_str().unwrap_or_default()).into(),
                ],
            )
            .await?;
        let Some(row) = row else { return Ok(Some("the result or its verdict is gone".to_owned())) };
        if result["reported"] != row.text("reported")?
            || verdict["verdict"]["verdict"] != row.text("outcome")?
        {
            return Ok(Some("the result or its verdict differs".to_owned()));
        }
    }
    Ok(None)
}

async fn opened(store: &Store, matter: &str) -> Fault {
    let sql = "select count(*) as n from matter_step s join journal j on j.id = s.journal and j.kind = 'matter.opened' \
               where s.matter = $1 and s.kind = 'open'";
    let n = first(store, sql, id(matter)).await?.map(|r| r.int("n")).transpose()?;
    Ok((n != Some(1)).then(|| "the matter or its opening is gone".to_owned()))
}

async fn step(store: &Store, matter: &str, journal: &str, version: i64, state: &str) -> Fault {
    let row = store
        .first(
            "select m.version, s.to_state, m.state from matter m join matter_step s on s.matter = m.id \
             join journal j on j.id = s.journal where m.id = $1 and j.id = $2 and s.kind = 'transition'",
            &[id(matter).into(), id(journal).into()],
        )
        .await?;
    let Some(row) = row else { return Ok(Some("the step or its journal entry is gone".to_owned())) };
    let now = row.int("version")?;
    let holds = row.opt_text("to_state")?.as_deref() == Some(state)
        && now >= version
        && (now > version || row.text("state")? == state);
    Ok((!holds).then(|| "the matter went back".to_owned()))
}

async fn report(store: &Store, item: &str, journal: &str, version: i64, form: &Value) -> Fault {
    let row = store
        .first(
            "select i.version, f.body, (select count(*) from matter_step s join journal j on j.id = s.journal \
             where s.target = i.id and j.id = $2) as entries \
             from task_item i join form_entry f on f.id = i.report where i.id = $1 and i.reported_at is not null",
            &[id(item).into(), id(journal).into()],
        )
        .await?;
    let Some(row) = row else { return Ok(Some("the report is gone".to_owned())) };
    let body: Value = row.json("body")?;
    let same = form.as_object().is_some_and(|f| f.iter().all(|(k, v)| body[k] == *v));
    let holds = row.int("version")? == version && row.int("entries")? == 1 && same;
    Ok((!holds).then(|| format!("the report differs: version {:?}, {body}", row.int("version"))))
}

async fn attachment(store: &Store, data: &Path, sha256: &str, size: usize) -> Fault {
    let row = store.first("select size from attachment where sha256 = $1", &[sha256.into()]).await?;
    if row.is_none() {
        return Ok(Some("the attachment has no row".to_owned()));
    }
    let path = data.join("attachments").join(&sha256[..2]).join(&sha256[2..]);
    let Ok(bytes) = std::fs::read(&path) else { return Ok(Some(format!("no file {}", path.display()))) };
    let holds = bytes.len() == size && hex::encode(Sha256::digest(&bytes)) == sha256;
    Ok((!holds).then(|| "the file is damaged".to_owned()))
}

/// What is half done: each line counts records that break the rule of its name, in one statement and so at one moment.
const HALF_DONE: &[(&str, &str)] = &[
    (
        "a capture has the events it says",
        "select count(*) as n from capture c where c.stored <> (select count(*) from event e where e.capture = c.id) + (select coalesce(sum(p.stored), 0) from capture p where p.part_of = c.id)",
    ),
    (
        "the leaves of a capture are numbered without gaps",
        "select count(*) as n from (select capture from event group by capture having max(leaf) + 1 <> count(*)) as t",
    ),
    (
        "the segments of terms tell of every event once",
        "select abs((select coalesce(sum(events), 0) from term_segment) - (select count(*) from event)) as n",
    ),
    (
        "every segment of terms has its blocks, and no block is left over",
        "select (select count(*) from term_segment s where not exists (select 1 from term_block b where b.segment = s.id)) + (select count(*) from term_block b where not exists (select 1 from term_segment s where s.id = b.segment)) as n",
    ),
    (
        "the lot of an event is known",
        "select count(*) as n from event e where e.event_id like 'urn:uuid:0000%' and not exists (select 1 from lot l where l.item = substr(e.items, instr(e.items, 'https://')))",
    ),
    (
        "a capture has its journal entry",
        "select count(*) as n from capture c where not exists (select 1 from journal j where j.id = c.journal and (j.kind in ('capture.accepted', 'capture.refused') or c.document is not null and j.kind in ('capture.received', 'capture.finished')))",
    ),
    (
        "a capture's entry has its capture",
        "select count(*) as n from journal j where j.kind in ('capture.accepted', 'capture.refused') and not exists (select 1 from capture c where c.journal = j.id)",
    ),
    (
        "positions of captures have no gaps",
        "select count(*) as n from capture_position p where p.last <> (select count(distinct position) from capture) or p.last <> (select coalesce(max(position), 0) from capture)",
    ),
    (
        "a result has one verdict in force",
        "select count(*) as n from result r where (select count(*) from verdict v where v.result = r.id and v.superseded_by is null) <> 1",
    ),
    (
        "a sample under test has results",
        "select count(*) as n from sample s where s.state in ('testing', 'approved', 'submitted') and not exists (select 1 from result r where r.sample = s.id)",
    ),
    (
        "a report is complete",
        "select count(*) as n from sample s where s.state = 'submitted' and (s.submitted_at is null or s.conclusion is null or s.approved_by is null or s.report_no is null)",
    ),
    (
        "a failed report has its nonconformity",
        "select count(*) as n from sample s where s.state = 'submitted' and s.kind = 'supervision' and (case when s.conclusion = 'unqualified' then 1 else 0 end) <> (select count(*) from nonconformity c where c.sample = s.id)",
    ),
    (
        "a nonconformity has its matter",
        "select count(*) as n from nonconformity c where not exists (select 1 from matter m where m.id = c.matter)",
    ),
    (
        "a registered sample has its entry",
        "select count(*) as n from sample s where s.form_no like 'KILL%' and not exists (select 1 from journal j where j.kind = 'sample.registered' and j.at = s.created)",
    ),
    (
        "a step has its journal entry",
        "select count(*) as n from matter_step s where not exists (select 1 from journal j where j.id = s.journal)",
    ),
    (
        "a matter begins with its opening",
        "select count(*) as n from matter m where (select count(*) from matter_step s where s.matter = m.id and s.kind = 'open') <> 1",
    ),
    (
        "a matter stands where its last transition led",
        "select count(*) as n from matter m where m.state <> (select s.to_state from matter_step s where s.matter = m.id and s.to_state is not null order by s.id desc limit 1)",
    ),
    (
        "a launched matter has tasks, a recall and a draft",
        "select count(*) as n from matter m where m.procedure = 'disposal' and m.state in ('tracking', 'concluded') and (not exists (select 1 from task t where t.matter = m.id) or not exists (select 1 from matter r where r.parent = m.id and r.procedure = 'recall') or not exists (select 1 from document d where d.matter = m.id))",
    ),
    (
        "a matter not launched has none",
        "select count(*) as n from matter m where m.procedure = 'disposal' and m.state = 'received' and (exists (select 1 from task t where t.matter = m.id) or exists (select 1 from matter r where r.parent = m.id))",
    ),
    (
        "a task counts its items",
        "select count(*) as n from task t where t.items_total <> (select count(*) from task_item i where i.task = t.id) or t.items_done <> (select count(*) from task_item i where i.task = t.id and i.reported_at is not null)",
    ),
    (
        "a task is done when its last item is",
        "select count(*) as n from task t where t.items_total > 0 and t.state <> 'void' and (t.state = 'done') <> (t.items_done = t.items_total)",
    ),
    (
        "a concluded matter has no open task",
        "select count(*) as n from matter m join task t on t.matter = m.id where m.state = 'concluded' and t.state = 'open'",
    ),
    (
        "the clock of a done task is met",
        "select count(*) as n from clock c join task t on t.id = c.task where t.state = 'done' and c.met_at is null and c.void_at is null",
    ),
    (
        "a reported item has its report",
        "select count(*) as n from task_item i where (i.reported_at is null) <> (i.report is null) or i.report is not null and not exists (select 1 from form_entry f where f.id = i.report)",
    ),
    (
        "a matter's first due is that of its running clocks",
        "select count(*) as n from matter m where m.next_due <> coalesce((select min(c.due) from clock c where c.matter = m.id and c.task is null and c.met_at is null and c.void_at is null), 9223372036854775807)",
    ),
    (
        "an ended matter has neither a clock nor a task left",
        "select count(*) as n from matter m where m.closed_at is not null and (exists (select 1 from clock c where c.matter = m.id and c.met_at is null and c.void_at is null) or exists (select 1 from task t where t.matter = m.id and t.state = 'open'))",
    ),
    (
        "a clock runs once",
        "select count(*) as n from (select matter, task, rule from clock where met_at is null and void_at is null group by matter, task, rule having count(*) > 1) as t",
    ),
    (
        "a matter counts its changes",
        "select count(*) as n from matter m where m.version <> 1 + (select count(*) from matter_step s where s.matter = m.id and s.kind not in ('open', 'clock'))",
    ),
    (
        "an entry of a matter is a step of it",
        "select count(*) as n from journal j where j.kind in ('matter.opened', 'matter.transition') and not exists (select 1 from matter_step s where s.journal = j.id)",
    ),
    (
        "a form a step names is kept",
        "select count(*) as n from matter_step s where s.form is not null and not exists (select 1 from form_entry f where f.id = s.form and f.matter = s.matter)",
    ),
    (
        "a document is one of its versions",
        "select count(*) as n from document d where not exists (select 1 from document_version v where v.document = d.id and v.sha256 = d.sha256)",
    ),
    (
        "a published document has its entry",
        "select count(*) as n from document d where d.published_at is not null and not exists (select 1 from journal j where j.id = d.journal and j.kind = 'document.published')",
    ),
    (
        "a complaint that was accepted has its decision, and its mediation runs or is over",
        "select count(*) as n from matter m where m.procedure = 'complaint' and m.state = 'mediating' and (not exists (select 1 from document d where d.matter = m.id and d.name = 'acceptance') or not exists (select 1 from clock c where c.matter = m.id and c.rule = 'mediate'))",
    ),
    (
        "a job that ended says when, and one at work who has it",
        "select count(*) as n from job where (state in ('done', 'dead') and finished_at is null) or (state = 'running' and holder is null)",
    ),
    (
        "positions of the journal have no gaps",
        "select count(*) as n from (select count(position) as c, coalesce(max(position), -1) as m from journal) as t where t.c <> t.m + 1",
    ),
    (
        "the newest checkpoint covers every position",
        "select count(*) as n from (select coalesce(max(size), 0) as s from log_checkpoint) as t where t.s <> (select count(position) from journal)",
    ),
    ("a request answered has its answer kept", "select count(*) as n from idempotency where status = 0"),
];

/// The rules that do not hold.
pub(crate) async fn half_done(store: &Store) -> Vec<String> {
    let mut faults = Vec::new();
    for (rule, sql) in HALF_DONE {
        let n =
            store.one(sql, &[]).await.and_then(|r| r.int("n")).unwrap_or_else(|e| panic!("{rule}: {e:?}"));
        if n != 0 {
            faults.push(format!("{rule}: {n} do not"));
        }
    }
    faults
}
