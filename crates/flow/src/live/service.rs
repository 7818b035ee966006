//! The day a paper was served, put right: the paper bears it, and the times that count from the service follow.

use super::Live;
use crate::{Engine, Error};
use base::{Date, Id, Instant, Text};
use ledger::Context;
use serde_json::{Value as Json, json};
use store::Tx;

impl Live {
    /// Puts the day of service right of the newest paper of a name that was served. Who served it does not correct it.
    pub(crate) async fn correct_service(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        name: &str,
        day: Date,
        why: &Text,
    ) -> Result<(), Error> {
        let procedure = self.procedure.clone();
        let d = &procedure.definition;
        let row = tx
            .first(
                "select id, published_at, published_by, created_at, served_on from document \
                 where matter = $1 and name = $2 and status in ('published', 'ended') order by id desc limit 1",
                &[self.draft.id.into(), name.into()],
            )
            .await?;
        let fact = d.document(name).and_then(|p| p.served.as_deref());
        let unserved = || Error::refused("该文书尚未送达", "this paper is not served yet");
        let (was, by) = match (fact, &row) {
            (Some(fact), _) => {
                let entered = self.draft.facts.get(fact).and_then(Json::as_str);
                let was: Date = entered.and_then(|t| t.parse().ok()).ok_or_else(unserved)?;
                (was, self.entered_by(tx, fact).await?)
            }
            (None, Some(row)) => {
                let issued = row.opt_instant("published_at")?.ok_or_else(unserved)?.china_date();
                (row.opt_date("served_on")?.unwrap_or(issued), row.opt_id("published_by")?)
            }
            (None, None) => return Err(unserved()),
        };
        if by.is_some() && by == cx.actor.account {
            return Err(Error::refused(
                "该文书由您本人送达，请由他人更正（双人制约）",
                "you served this paper; another person must correct its day (four eyes)",
            ));
        }
        if day == was {
            return Err(Error::refused(
                "与现有送达日期相同，无需更正",
                "it is this day already; nothing to correct",
            ));
        }
        let drafted = row.as_ref().map(|r| r.instant("created_at")).transpose()?.map(Instant::china_date);
        if let Some(drafted) = drafted.filter(|d| day < *d) {
            return Err(Error::Refused(Text::new(
                format!("送达日期不能早于文书制作日期 {drafted}"),
                format!("it cannot have been served before it was drafted on {drafted}"),
            )));
        }
        if let Some(fact) = fact {
            self.draft.set(fact, json!(day.to_string()));
        }
        let document: Option<Id> = row.as_ref().map(|r| r.id("id")).transpose()?;
        if let Some(id) = document {
            let sql = "update document set served_on = $2, version = version + 1 where id = $1";
            tx.exec_one(sql, &[id.into(), day.into()]).await?;
        }
        let list = self.done.entry("served").or_insert_with(|| json!([]));
        if let Json::Array(list) = list {
            list.push(
                json!({"document": document, "name": name, "was": was.to_string(), "is": day.to_string()}),
            );
        }
        let title = d
            .document(name)
            .map_or_else(|| Text::new(name, name), |p| crate::paper::plain(&p.title, &p.kind));
        let reason = Text::new(
            format!("{}：“{}”送达日期由 {was} 改为 {day}，重新计算", why.zh, title.zh),
            format!("{}: service of \"{}\" {was} became {day}, counted anew", why.en, title.en),
        );
        let start = if day == cx.now.china_date() { cx.now } else { Instant::china(day, 12, 0) };
        let event = format!("document:{name}");
        for row in self.standing(tx).await? {
            // a time that counts since a fact follows the fact
            let counts = |r: &&crate::ClockUse| r.start == event && r.since.is_none();
            let Some(rule) = d.clock(&row.rule).filter(counts) else { continue };
            self.replace_clock(tx, cx, engine, row, (rule, start, true), &reason).await?;
        }
        Ok(())
    }

    /// Who last took a step that enters a fact.
    async fn entered_by(&self, tx: &mut Tx, fact: &str) -> Result<Option<Id>, Error> {
        let procedure = self.procedure.clone();
        for t in procedure.definition.transitions.iter().filter(|t| t.sets.iter().any(|s| s == fact)) {
            if let Some(by) = self.taken_by(tx, Some(&t.id)).await? {
                return Ok(Some(by));
            }
        }
        Ok(None)
    }
}
