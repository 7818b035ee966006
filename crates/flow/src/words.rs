//! Finding matters and tasks by words: by their titles, and the places of a task, through terms kept beside them, by number, by
//! subject, and by operators the caller knows.

use crate::Error;
use base::{Id, Text};
use std::collections::BTreeSet;
use store::words::{Index, gather, is_key, like, most, pairs, token, triples, words};
use store::{Sql, Tx};

pub(crate) use store::words::Found;

const MATTERS: Index = Index {
    table: "matter_term",
    owner: "matter",
    insert: "insert into matter_term (term, matter)",
    english: true,
};
const TASKS: Index =
    Index { table: "task_term", owner: "task", insert: "insert into task_term (term, task)", english: true };

/// The terms a title is found by.
fn terms(title: &Text) -> BTreeSet<String> {
    let mut all = pairs(&title.zh);
    all.extend(triples(&title.en));
    all
}

/// Keeps the terms of a new matter.
pub(crate) async fn keep(tx: &mut Tx, matter: Id, title: &Text) -> Result<(), Error> {
    Ok(MATTERS.keep(tx, matter, terms(title)).await?)
}

/// Keeps the terms of a matter whose title is another now.
pub(crate) async fn renew(tx: &mut Tx, matter: Id, title: &Text) -> Result<(), Error> {
    tx.exec("delete from matter_term where matter = $1", &[matter.into()]).await?;
    keep(tx, matter, title).await
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
        all.append(&mut pairs(label));
        all.insert(token(key));
    }
    Ok(TASKS.keep(tx, task, all).await?)
}

/// Appends `and` every word of the text stands in a title of `m`.
pub(crate) fn push_titles(sql: &mut Sql, text: &str) {
    for word in words(text) {
        let pattern = like(word);
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

/// Appends `and` every word of the text stands in a title of `t` or in the name of one of its places.
fn push_task_titles(sql: &mut Sql, text: &str) {
    for word in words(text) {
        let pattern = like(word);
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

/// `select … where …` with the operators and the limit, when there are operators.
fn of_operators(select: &'static str, operators: &[Id]) -> Option<Sql> {
    let mut sql = Sql::new(select);
    sql.bind_list(operators.iter().copied()).push(" limit ").bind(most());
    (!operators.is_empty()).then_some(sql)
}

/// The tasks a text stands for. No right is checked, as in [`find`].
pub(crate) async fn find_tasks(tx: &mut Tx, text: &str, operators: &[Id]) -> Result<Found, Error> {
    let Some(terms) = TASKS.lead(tx, text).await? else { return Ok(Found::Many) };
    let mut sql = Sql::new("select t.id from task t where t.id in ");
    TASKS.push_owners(&mut sql, terms);
    push_task_titles(&mut sql, text);
    sql.push(" limit ").bind(most());
    let mut all = vec![sql];
    // the key of a place, whole
    let key = token(text.trim());
    if is_key(&key) {
        let mut sql = Sql::new("select task as id from task_term where term = ");
        sql.bind(key).push(" limit ").bind(most());
        all.push(sql);
    }
    all.extend(of_operators(
        "select t.id from matter m join task t on t.matter = m.id where m.operator in ",
        operators,
    ));
    Ok(gather(tx, &all, text).await?)
}

/// The matters a text stands for. No right is checked: the list that asks cuts them to what its reader may see.
pub(crate) async fn find(tx: &mut Tx, text: &str, operators: &[Id]) -> Result<Found, Error> {
    let Some(terms) = MATTERS.lead(tx, text).await? else { return Ok(Found::Many) };
    let mut sql = Sql::new("select m.id from matter m where m.id in ");
    MATTERS.push_owners(&mut sql, terms);
    push_titles(&mut sql, text);
    sql.push(" limit ").bind(most());
    let mut subject = Sql::new("select id from matter where subject = ");
    subject.bind(text.trim()).push(" limit ").bind(most());
    let mut all = vec![sql, subject];
    all.extend(of_operators("select id from matter where operator in ", operators));
    Ok(gather(tx, &all, text).await?)
}
