//! Finding matters by words: by their titles through terms kept beside them, by number, by subject, and by operators the caller knows.

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
    /// These matters and no others.
    Few(Vec<Id>),
    /// Too many to name: the list tests each title as it goes.
    Many,
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

/// The words of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().take(WORDS)
}

/// How many matters have a term, counted no further than needed.
async fn rarity(tx: &mut Tx, term: &str) -> Result<i64, Error> {
    let sql = "select count(*) as n from (select matter from matter_term where term = $1 limit $2) few";
    Ok(tx.one(sql, &[term.into(), (READ + 1).into()]).await?.int("n")?)
}

/// The rarest of some terms with the number of its matters.
async fn rarest(tx: &mut Tx, of: BTreeSet<String>) -> Result<Option<(i64, String)>, Error> {
    let mut best: Option<(i64, String)> = None;
    for term in of {
        let n = rarity(tx, &term).await?;
        if best.as_ref().is_none_or(|(least, _)| n < *least) {
            best = Some((n, term));
        }
        if n == 0 {
            break;
        }
    }
    Ok(best)
}

/// The terms one of which every title with the word has, and how many matters have them; `None` for words shorter than a term.
async fn leading(tx: &mut Tx, word: &str) -> Result<Option<(i64, Vec<String>)>, Error> {
    let pair = rarest(tx, windows(word, PAIR)).await?;
    if !word.is_ascii() {
        return Ok(pair.map(|(n, term)| (n, vec![term])));
    }
    let triple = rarest(tx, windows(word, TRIPLE)).await?;
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

/// The matters a text stands for. No right is checked: the list that asks cuts them to what its reader may see.
pub(crate) async fn find(tx: &mut Tx, text: &str, operators: &[Id]) -> Result<Found, Error> {
    let mut lead: Option<(i64, Vec<String>)> = None;
    for word in words(text) {
        if let Some(found) = leading(tx, word).await?
            && lead.as_ref().is_none_or(|(least, _)| found.0 < *least)
        {
            lead = Some(found);
        }
    }
    let Some((_, terms)) = lead.filter(|(n, _)| *n <= READ) else { return Ok(Found::Many) };
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
    Ok(if ids.len() > FEW { Found::Many } else { Found::Few(ids.into_iter().collect()) })
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
