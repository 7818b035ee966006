//! Finding samples by the names on their forms: each name stands once with its terms, and by the number of the form.

use crate::Error;
use crate::sample::Sample;
use base::Id;
use ledger::Context;
use std::collections::BTreeSet;
use store::words::{Found, Index, gather, like, most, pairs, words};
use store::{Sql, Tx, Value};

const NAMES: Index = Index {
    table: "sample_name_term",
    owner: "name",
    insert: "insert into sample_name_term (term, name)",
    english: false,
};
/// Signs of the end of a form's number that are kept apart.
const TAIL: usize = 6;

/// The end of a form's number as it is kept.
pub(crate) fn tail(form_no: &str) -> String {
    let folded = form_no.to_ascii_lowercase();
    let signs = folded.chars().count();
    folded.chars().skip(signs.saturating_sub(TAIL)).collect()
}

/// Keeps the names of a new sample; a name that stands already gains only the sample.
pub(crate) async fn keep(tx: &mut Tx, cx: &Context, s: &Sample) -> Result<(), Error> {
    let names: BTreeSet<String> = [
        Some(&s.food),
        Some(&s.product_name),
        Some(&s.place_name),
        Some(&s.producer_name),
        s.lot_no.as_ref(),
    ]
    .into_iter()
    .flatten()
    .map(|n| n.to_ascii_lowercase())
    .filter(|n| !n.is_empty())
    .collect();
    let known = stored(tx, &names).await?;
    let new: Vec<&String> = names.iter().filter(|n| !known.iter().any(|(_, k)| k == *n)).collect();
    let mut all: Vec<Id> = known.iter().map(|(id, _)| *id).collect();
    if !new.is_empty() {
        let made: BTreeSet<Id> = new.iter().map(|_| cx.id()).collect();
        let values: Vec<Value> =
            made.iter().zip(&new).flat_map(|(id, name)| [(*id).into(), name.as_str().into()]).collect();
        let insert = "insert into sample_name (id, name)";
        tx.insert_many(insert, 2, values, " on conflict (name) do nothing").await?;
        // another writer may have been first with a name: its terms are there then
        for (id, name) in stored(tx, &new.into_iter().cloned().collect()).await? {
            if made.contains(&id) {
                NAMES.keep(tx, id, pairs(&name)).await?;
            }
            all.push(id);
        }
    }
    let values: Vec<Value> = all.into_iter().flat_map(|name| [name.into(), s.id.into()]).collect();
    tx.insert_many("insert into sample_named (name, sample)", 2, values, "").await?;
    Ok(())
}

async fn stored(tx: &mut Tx, names: &BTreeSet<String>) -> Result<Vec<(Id, String)>, Error> {
    let mut sql = Sql::new("select id, name from sample_name where name in ");
    sql.bind_list(names.iter().map(String::as_str));
    let rows = tx.select(&sql).await?;
    Ok(rows.iter().map(|r| Ok((r.id("id")?, r.text("name")?))).collect::<Result<_, store::Error>>()?)
}

/// Appends `and` the text stands for the sample `s`: its food, or, where the reader may see them, its other names and the number of its
/// form; or its blind number.
pub(crate) fn push_text(sql: &mut Sql, text: &str, revealed: &Sql) {
    const OPEN: [&str; 1] = ["lower(s.food)"];
    const ALL: [&str; 6] = [
        "lower(s.food)",
        "lower(s.product_name)",
        "lower(s.place_name)",
        "lower(s.producer_name)",
        "lower(s.form_no)",
        "lower(coalesce(s.lot_no, ''))",
    ];
    let each = |sql: &mut Sql, columns: &[&'static str]| {
        sql.push("(1 = 1");
        for word in words(text) {
            let pattern = like(word);
            for (i, column) in columns.iter().enumerate() {
                sql.push(if i == 0 { " and (" } else { " or " }).push(column).push(" like ");
                sql.bind(pattern.as_str()).push(" escape '\\'");
            }
            sql.push(")");
        }
        sql.push(")");
    };
    sql.push(" and (");
    each(sql, &OPEN);
    sql.push(" or (").append(revealed).push(" and ");
    each(sql, &ALL);
    sql.push(")");
    if let Ok(id) = text.trim().parse::<Id>() {
        sql.push(" or s.id = ").bind(id);
    }
    sql.push(")");
}

/// The samples a text may stand for. No right is checked: the list that asks tests each by [`push_text`]. A part of a form's number other
/// than its beginning or its last six signs is looked for one by one.
pub(crate) async fn find(tx: &mut Tx, text: &str) -> Result<Found, Error> {
    let text = text.trim();
    let Some(terms) = NAMES.lead(tx, text).await? else { return Ok(Found::Many) };
    let numbered = text.is_ascii() && text.bytes().any(|b| b.is_ascii_digit());
    if numbered && text.len() < TAIL {
        return Ok(Found::Many);
    }
    let mut sql =
        Sql::new("select s.id from sample s where s.id in (select sample from sample_named where name in ");
    NAMES.push_owners(&mut sql, terms);
    sql.push(")");
    push_text(&mut sql, text, &Sql::new("1 = 1"));
    sql.push(" limit ").bind(most());
    let mut all = vec![sql];
    if numbered {
        for number in BTreeSet::from([text.to_owned(), text.to_ascii_uppercase()]) {
            let mut sql = Sql::new("select id from sample where form_no >= ");
            sql.bind(number.as_str()).push(" and form_no < ").bind(format!("{number}~"));
            sql.push(" limit ").bind(most());
            all.push(sql);
        }
        let mut sql = Sql::new("select id from sample where form_tail = ");
        sql.bind(tail(text)).push(" and lower(form_no) like ").bind(like(text)).push(" escape '\\' limit ");
        sql.bind(most());
        all.push(sql);
    }
    match gather(tx, &all, text).await? {
        Found::Few(ids) if ids.is_empty() && numbered => Ok(Found::Many),
        found => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_ends_in_six_signs_in_lower_case() {
        for (number, end) in [("XC26620102ABC123", "abc123"), ("B1", "b1"), ("", "")] {
            assert_eq!(tail(number), end);
        }
    }
}
