//! What changed in a file since somebody looked: every change raises the version of the matter, and who approves what they saw before is told.

use super::{Live, step_title};
use crate::Error;
use crate::definition::Transition;
use crate::error::Change;
use access::Principal;
use base::{Id, Text};
use store::Tx;

impl Live {
    /// Raises the version of the matter where its row is not written anyway: something of its file changed, and who approves what they
    /// saw before is told.
    pub(crate) async fn touch(&mut self, tx: &mut Tx) -> Result<(), Error> {
        self.version += 1;
        let sql = "update matter set version = $2 where id = $1";
        tx.exec_one(sql, &[self.draft.id.into(), self.version.into()]).await?;
        Ok(())
    }

    /// Whether a step is no longer of what its taker saw. An approval is of the whole file, its papers and reports among it; any other
    /// step is of the matter itself.
    pub(crate) async fn outrun(&self, tx: &mut Tx, t: &Transition, expected: i64) -> Result<bool, Error> {
        if self.version == expected {
            return Ok(false);
        }
        if t.action != "act" {
            return Ok(true);
        }
        let row = tx
            .first(
                "select target from matter_step where matter = $1 and matter_version > $2 \
                 order by case when target is null then 0 else 1 end limit 1",
                &[self.draft.id.into(), expected.into()],
            )
            .await?;
        Ok(row.map(|r| r.opt_id("target")).transpose()?.flatten().is_none())
    }

    /// The conflict to report: what happened to the matter (its papers and items among it), or to one of its parts, after `expected`. A
    /// party is told what it sees of it.
    pub(crate) async fn conflict(
        &self,
        tx: &mut Tx,
        who: &Principal,
        target: Option<Id>,
        expected: i64,
    ) -> Result<Error, Error> {
        let rows = tx
            .query(
                "select at, login, kind, name, from_state, to_state, account, note from matter_step \
                 where matter = $1 and ((target = $3 and version > $2) or ($3 is null and matter_version > $2)) order by id",
                &[self.draft.id.into(), expected.into(), target.into()],
            )
            .await?;
        let mut changes = Vec::new();
        for row in rows {
            let (kind, to) = (row.text("kind")?, row.opt_text("to_state")?);
            let own = row.opt_id("account")? == Some(who.account);
            let moved = to.is_some() && to != row.opt_text("from_state")?;
            let mut what = step_title(&self.procedure, &kind, &row.text("name")?, to.as_deref());
            let mut login = row.text("login")?;
            if who.operator.is_some() && !own {
                if !moved && target.is_none() {
                    continue;
                }
                login.clear();
            } else if let Some(note) = row.opt_text("note")?.filter(|_| kind == "document") {
                what = Text::new(format!("{}（{note}）", what.zh), format!("{} ({note})", what.en));
            }
            changes.push(Change { at: row.instant("at")?, login, what });
        }
        Ok(Error::Conflict { changes })
    }
}
