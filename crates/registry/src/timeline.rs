//! Everything known of an operator in time order: what the journal says of it and of all that belongs to it, and the dates of
//! its licences.

use crate::{Error, licence, operator};
use access::{Access, Principal};
use base::{Id, Instant, Text};
use store::{Sql, Store};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Instant,
    /// What, as `noun.verb`.
    pub kind: String,
    /// What it is about, as `kind:id`.
    pub subject: String,
    /// What, in words.
    pub text: Text,
    /// Who did it; empty for dates.
    pub actor: String,
    /// The journal entry, for its proof; `None` for dates that follow from a record.
    pub entry: Option<Id>,
}

/// Most journal entries gathered.
const MAX_ENTRIES: u32 = 1000;

/// The timeline of an operator, latest first. `more` are subjects that other parts of the house know to concern it
/// (`matter:…`, `sample:…`, `capture:…`).
///
/// # Errors
/// [`Error::Denied`] without the right to see the operator; [`Error::NotFound`].
pub async fn operator_timeline(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    id: Id,
    more: &[String],
) -> Result<Vec<Moment>, Error> {
    let operator = operator::operator(store, id).await?.ok_or_else(operator::missing)?;
    access.check(who, "view", &operator.resource(), now)?;
    let mut subjects = vec![operator::subject(id)];
    for (kind, sql) in [
        ("site", "select id from site where operator = $1"),
        ("licence", "select id from licence where operator = $1"),
        ("product", "select id from product where operator = $1"),
        ("person", "select id from person where operator = $1"),
    ] {
        for row in store.query(sql, &[id.into()]).await? {
            subjects.push(format!("{kind}:{}", row.id("id")?));
        }
    }
    subjects.extend(more.iter().cloned());

    let mut moments = Vec::new();
    for part in subjects.chunks(800) {
        let mut sql = Sql::new("select id, at, kind, subject, actor from journal where subject in ");
        sql.bind_list(part.iter().map(String::as_str)).push(" order by id desc limit ").bind(MAX_ENTRIES);
        for row in store.select(&sql).await? {
            let kind = row.text("kind")?;
            moments.push(Moment {
                at: row.instant("at")?,
                text: words(&kind),
                kind,
                subject: row.text("subject")?,
                actor: row.text("actor")?,
                entry: Some(row.id("id")?),
            });
        }
    }
    if !moments.iter().any(|m| m.kind == "operator.created") {
        // entered by an import, whose one entry stands for all its rows
        moments.push(fact(
            operator.created_at,
            "operator.imported",
            operator::subject(id),
            words("operator.imported"),
        ));
    }
    for l in licence::licences_of(store, id).await? {
        let subject = format!("licence:{}", l.id);
        if let Some(day) = l.issued {
            let text = Text::new(format!("许可证 {} 发证", l.number), format!("licence {} issued", l.number));
            moments.push(fact(Instant::china(day, 0, 0), "licence.issued", subject.clone(), text));
        }
        if let Some(day) = l.expires.filter(|day| Instant::china(*day, 0, 0) <= now) {
            let text =
                Text::new(format!("许可证 {} 到期", l.number), format!("licence {} expired", l.number));
            moments.push(fact(Instant::china(day, 0, 0), "licence.expired", subject, text));
        }
    }
    moments.sort_by_key(|m| (std::cmp::Reverse(m.at), std::cmp::Reverse(m.entry)));
    Ok(moments)
}

fn fact(at: Instant, kind: &str, subject: String, text: Text) -> Moment {
    Moment { at, kind: kind.to_owned(), subject, text, actor: String::new(), entry: None }
}

/// The words of the registry's own entries; others keep their kind.
fn words(kind: &str) -> Text {
    match kind {
        "operator.created" => Text::of("登记", "entered in the registry"),
        "operator.imported" => Text::of("批量导入登记", "entered by an import"),
        "operator.changed" => Text::of("登记信息变更", "registry data changed"),
        "operator.identity_seen" => Text::of("查看证件号码", "identity number looked at"),
        "site.created" => Text::of("新增场所", "site added"),
        "site.changed" => Text::of("场所信息变更", "site changed"),
        "licence.created" => Text::of("登记许可证", "licence entered"),
        "licence.status" => Text::of("许可证状态变更", "state of the licence changed"),
        "product.created" => Text::of("新增产品", "product added"),
        "product.changed" => Text::of("产品信息变更", "product changed"),
        "person.created" => Text::of("新增人员", "person added"),
        "person.ended" => Text::of("人员离任", "person left"),
        other => Text::new(other, other),
    }
}
