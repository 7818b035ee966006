//! Finding matters and tasks by words: by their titles, and the places of a task, through terms kept beside them, by number, by
//! subject, and by operators the caller knows.

use crate::Error;
use base::{Id, Text};
use std::collections::BTreeSet;
use store::{Sql, Tx, Value};

/// Signs of a term of a Chinese title.
const PAIR: usize = 2;
/// Signs of a term of an English title.
const TRIPLE: usize = 3;
/// Words of a text looked for; further ones are left out.
const WORDS: usize = 6;
/// Matters of a term that are still read one by one.
const READ: i64 = 20_000;
/// Matters found that are still put in order by their numbers; beyond, the list is walked in its own order.
const FEW: usize = 1_000;

/// What a text finds.
pub(crate) enum Found {
    /// These and no others.
    Few(Vec<Id>),
    /// Too many to name: the list tests each title as it goes.
    Many,
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// Matters.
    Matter,
    /// Tasks.
    Task,
}

/// `text` in lower case as the terms have it.
fn folded(text: &str) -> Vec<char> {
    text.chars().map(|c| c.to_ascii_lowercase()).collect()
}

fn windows(text: &str, signs: usize) -> BTreeSet<String> {
    folded(text).windows(signs).map(|w| w.iter().collect()).collect()
}

/// The terms a title is found by.
fn terms(title: &Text) -> BTreeSet<String> {
    let mut all = windows(&title.zh, PAIR);
    all.extend(windows(&title.en, TRIPLE));
    all
}

/// Keeps the terms of a new matter.
pub(crate) async fn keep(tx: &mut Tx, matter: Id, title: &Text) -> Result<(), Error> {
    let values: Vec<Value> = terms(title).into_iter().flat_map(|t| [t.into(), matter.into()]).collect();
    tx.insert_many("insert into matter_term (term, matter)", 2, values, "").await?;
    Ok(())
}

/// Keeps the terms of a new task: of its title, and of its places by name and key.
pub(crate) async fn keep_task<'a>(
    tx: &mut Tx,
    task: Id,
    title: &Text,
    places: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), Error> {
    let mut all = terms(title);
    for (label, key) in places {
        all.append(&mut windows(label, PAIR));
        all.insert(token(key));
    }
    let values: Vec<Value> = all.into_iter().flat_map(|t| [t.into(), task.into()]).collect();
    tx.insert_many("insert into task_term (term, task)", 2, values, "").await?;
    Ok(())
}

/// The last part of a key, as the terms have it whole.
fn token(key: &str) -> String {
    folded(key.rsplit('/').next().unwrap_or(key)).into_iter().collect()
}

/// The words of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().take(WORDS)
}

/// How many have a term, counted no further than needed.
async fn rarity(tx: &mut Tx, of: Of, term: &str) -> Result<i64, Error> {
    let sql = match of {
        Of::Matter => {
            "select count(*) as n from (select matter from matter_term where term = $1 limit $2) few"
        }
        Of::Task => "select count(*) as n from (select task from task_term where term = $1 limit $2) few",
    };
    Ok(tx.one(sql, &[term.into(), (READ + 1).into()]).await?.int("n")?)
}

/// The rarest of some terms with the number of those that have it.
async fn rarest(tx: &mut Tx, of: Of, terms: BTreeSet<String>) -> Result<Option<(i64, String)>, Error> {
    let mut best: Option<(i64, String)> = None;
    for term in terms {
        let n = rarity(tx, of, &term).await?;
        if best.as_ref().is_none_or(|(least, _)| n < *least) {
            best = Some((n, term));
        }
        if n == 0 {
            break;
        }
    }
    Ok(best)
}

/// The terms one of which every title with the word has, and how many have them; `None` for words shorter than a term.
async fn leading(tx: &mut Tx, of: Of, word: &str) -> Result<Option<(i64, Vec<String>)>, Error> {
    let pair = rarest(tx, of, windows(word, PAIR)).await?;
    if !word.is_ascii() {
        return Ok(pair.map(|(n, term)| (n, vec![term])));
    }
    let triple = rarest(tx, of, windows(word, TRIPLE)).await?;
    Ok(pair.zip(triple).map(|((n, pair), (m, triple))| (n + m, vec![pair, triple])))
}

/// Appends `and` every word of the text stands in a title of `m`.
pub(crate) fn push_titles(sql: &mut Sql, text: &str) {
    for word in words(text) {
        let pattern = crate::view::like(word);
        sql.push(" and (lower(m.title_zh) like ").bind(pattern.as_str());
        sql.push(" escape '\\' or lower(m.title_en) like ").bind(pattern).push(" escape '\\')");
    }
}

/// Appends `and` the text stands for the matter `m`: by its titles, its number, its subject or its operator.
pub(crate) fn push_walked(sql: &mut Sql, text: &str, operators: &[Id]) {
    sql.push(" and ((1 = 1");
    push_titles(sql, text);
    sql.push(") or m.subject = ").bind(text.trim());
    if let Ok(id) = text.trim().parse::<Id>() {
        sql.push(" or m.id = ").bind(id);
    }
    if !operators.is_empty() {
        sql.push(" or m.operator in ").bind_list(operators.iter().copied());
    }
    sql.push(")");
}

/// The terms of the word of a text that the fewest have; `None` when they are still too many to be read one by one.
async fn lead(tx: &mut Tx, of: Of, text: &str) -> Result<Option<Vec<String>>, Error> {
    let mut lead: Option<(i64, Vec<String>)> = None;
    for word in words(text) {
        if let Some(found) = leading(tx, of, word).await?
            && lead.as_ref().is_none_or(|(least, _)| found.0 < *least)
        {
            lead = Some(found);
        }
    }
    Ok(lead.filter(|(n, _)| *n <= READ).map(|(_, terms)| terms))
}

/// Found ids, unless they are too many to be named.
fn few(ids: BTreeSet<Id>) -> Found {
    if ids.len() > FEW { Found::Many } else { Found::Few(ids.into_iter().collect()) }
}

/// Appends `and` every word of the text stands in a title of `t` or in the name of one of its places.
fn push_task_titles(sql: &mut Sql, text: &str) {
    for word in words(text) {
        let pattern = crate::view::like(word);
        sql.push(" and (lower(t.title_zh) like ").bind(pattern.as_str());
        sql.push(" escape '\\' or lower(t.title_en) like ").bind(pattern.as_str());
        sql.push(
            " escape '\\' or exists (select 1 from task_item i where i.task = t.id and lower(i.label) like ",
        );
        sql.bind(pattern).push(" escape '\\'))");
    }
}

/// Appends `and` the text stands for the task `t` of the matter `m`: by its titles, its places, its number or its operator.
pub(crate) fn push_tasks_walked(sql: &mut Sql, text: &str, operators: &[Id]) {
    sql.push(" and ((1 = 1");
    push_task_titles(sql, text);
    sql.push(") or exists (select 1 from task_term w where w.task = t.id and w.term = ")
        .bind(token(text.trim()));
    sql.push(")");
    if let Ok(id) = text.trim().parse::<Id>() {
        sql.push(" or t.id = ").bind(id);
    }
    if !operators.is_empty() {
        sql.push(" or m.operator in ").bind_list(operators.iter().copied());
    }
    sql.push(")");
}

/// The tasks a text stands for. No right is checked, as in [`find`].
pub(crate) async fn find_tasks(tx: &mut Tx, text: &str, operators: &[Id]) -> Result<Found, Error> {
    let Some(terms) = lead(tx, Of::Task, text).await? else { return Ok(Found::Many) };
    let most = i64::try_from(FEW).unwrap_or(i64::MAX) + 1;
    let mut sql =
        Sql::new("select t.id from task t where t.id in (select task from task_term where term in ");
    sql.bind_list(terms).push(")");
    push_task_titles(&mut sql, text);
    sql.push(" limit ").bind(most);
    let mut found = tx.select(&sql).await?;
    // the key of a place, whole
    let key = token(text.trim());
    if key.chars().count() > TRIPLE {
        let mut sql = Sql::new("select task as id from task_term where term = ");
        sql.bind(key).push(" limit ").bind(most);
        found.extend(tx.select(&sql).await?);
    }
    if !operators.is_empty() {
        let mut sql =
            Sql::new("select t.id from matter m join task t on t.matter = m.id where m.operator in ");
        sql.bind_list(operators.iter().copied()).push(" limit ").bind(most);
        found.extend(tx.select(&sql).await?);
    }
    let mut ids = found.iter().map(|r| r.id("id")).collect::<Result<BTreeSet<_>, _>>()?;
    ids.extend(text.trim().parse::<Id>());
    Ok(few(ids))
}

/// The matters a text stands for. No right is checked: the list that asks cuts them to what its reader may see.
pub(crate) async fn find(tx: &mut Tx, text: &str, operators: &[Id]) -> Result<Found, Error> {
    let Some(terms) = lead(tx, Of::Matter, text).await? else { return Ok(Found::Many) };
    let most = i64::try_from(FEW).unwrap_or(i64::MAX) + 1;
    let mut sql =
        Sql::new("select m.id from matter m where m.id in (select matter from matter_term where term in ");
    sql.bind_list(terms).push(")");
    push_titles(&mut sql, text);
    sql.push(" limit ").bind(most);
    let mut found = tx.select(&sql).await?;
    let mut sql = Sql::new("select id from matter where subject = ");
    sql.bind(text.trim()).push(" limit ").bind(most);
    found.extend(tx.select(&sql).await?);
    if !operators.is_empty() {
        let mut sql = Sql::new("select id from matter where operator in ");
        sql.bind_list(operators.iter().copied()).push(" limit ").bind(most);
        found.extend(tx.select(&sql).await?);
    }
    let mut ids = found.iter().map(|r| r.id("id")).collect::<Result<BTreeSet<_>, _>>()?;
    ids.extend(text.trim().parse::<Id>());
    Ok(few(ids))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_cut_into_pairs_of_chinese_and_triples_of_english_signs() {
        let all = terms(&Text::of("核查A8：面条", "Noodles"));
        let has = |t: &str| all.contains(t);
        assert!(["核查", "查a", "a8", "面条", "noo", "les"].iter().all(|t| has(t)), "{all:?}");
        assert!(!has("no") && !has("Noo") && !has("核"));
    }
}
