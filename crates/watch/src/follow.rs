//! Follow-up: assigned, commented, closed with an outcome, tied to matters.

use crate::query::Status;
use crate::{Error, Watch};
use access::Principal;
use base::Id;
use ledger::{Context, Entry, Permit};
use serde_json::{Value as Json, json};
use store::Tx;

/// Longest comment, in characters.
const LONGEST: usize = 4000;

/// One step of the follow-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// The version that was read.
    pub version: i64,
    /// Status after the step; that of before for a mere comment.
    pub status: Status,
    /// Who looks into it: account and name. Only with [`Status::Assigned`]; the person who assigns when absent.
    pub assignee: Option<(Id, String)>,
    /// What was found or is asked. Needed to close and to open again.
    pub comment: String,
}

impl Watch {
    /// Takes a step. Needs `act` on a signal of one of its places. Gives the new version.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`]; [`Error::Invalid`] for a step that does not follow or a comment that is missing;
    /// [`store::Error::Stale`] when somebody was quicker.
    pub async fn follow_up(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        id: Id,
        step: FollowUp,
    ) -> Result<i64, Error> {
        let (permit, region, status) = self.touch(tx, cx, who, id).await?;
        let comment = step.comment.trim();
        if comment.chars().count() > LONGEST {
            return Err(Error::invalid("comment", "说明不超过 4000 字", "at most 4,000 characters"));
        }
        if !status.leads_to(step.status) {
            return Err(Error::invalid(
                "status",
                format!("“{}”的信号不能改为“{}”", status.label().zh, step.status.label().zh),
                format!("a signal that is {} cannot become {}", status.label().en, step.status.label().en),
            ));
        }
        let needs = step.status.is_closed()
            || status.is_closed()
            || step.status == status && status != Status::Assigned;
        if needs && comment.is_empty() {
            return Err(Error::invalid(
                "comment",
                "请写明核实情况和依据",
                "say what was found and on what ground",
            ));
        }
        let assignee = match step.status {
            Status::Assigned => Some(step.assignee.unwrap_or((who.account, who.name.clone()))),
            _ => None,
        };
        let changed = tx
            .exec(
                "update watch_signal set version = version + 1, status = $3, \
                 assigned = case when $4 = '' then assigned else $5 end, \
                 assigned_name = case when $4 = '' then assigned_name else $4 end, \
                 changed_at = $6, closed_at = $7 where id = $1 and version = $2",
                &[
                    id.into(),
                    step.version.into(),
                    step.status.word().into(),
                    assignee.as_ref().map_or("", |a| a.1.as_str()).into(),
                    assignee.as_ref().map(|a| a.0).into(),
                    cx.now.into(),
                    step.status.is_closed().then_some(cx.now).into(),
                ],
            )
            .await?;
        if changed == 0 {
            return Err(store::Error::Stale.into());
        }
        tx.exec_one(
            "insert into watch_note (id, signal, at, account, name, status, body) values ($1, $2, $3, $4, $5, $6, $7)",
            &[
                cx.id().into(),
                id.into(),
                cx.now.into(),
                who.account.into(),
                who.name.as_str().into(),
                step.status.word().into(),
                comment.into(),
            ],
        )
        .await?;
        let body = json!({
            "from": status.word(), "to": step.status.word(), "assignee": assignee.as_ref().map(|a| a.0),
            "comment": !comment.is_empty(),
        });
        journal(tx, cx, &permit, "signal.followed", region, id, body).await?;
        Ok(step.version + 1)
    }

    /// Ties a matter that was opened because of the signal to it. Needs `act` on a signal of one of its places.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`]; storage.
    pub async fn link_matter(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        id: Id,
        matter: Id,
    ) -> Result<(), Error> {
        let (permit, region, _) = self.touch(tx, cx, who, id).await?;
        tx.exec(
            "insert into watch_signal_matter (signal, matter) values ($1, $2) on conflict (signal, matter) do nothing",
            &[id.into(), matter.into()],
        )
        .await?;
        journal(tx, cx, &permit, "signal.matter", region, id, json!({ "matter": matter })).await
    }

    async fn touch(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        id: Id,
    ) -> Result<(Permit, String, Status), Error> {
        let row = tx.first("select region, status from watch_signal where id = $1", &[id.into()]).await?;
        let Some(row) = row else { return Err(Error::NotFound) };
        let places = tx
            .query("select place from watch_signal_place where signal = $1 order by place", &[id.into()])
            .await?
            .iter()
            .map(|r| r.text("place"))
            .collect::<Result<Vec<_>, _>>()?;
        let permit = self.permit(who, "act", &places, cx.now)?;
        Ok((permit, row.text("region")?, row.parsed("status")?))
    }
}

async fn journal(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    kind: &'static str,
    region: String,
    id: Id,
    body: Json,
) -> Result<(), Error> {
    let entry = Entry { kind, region, subject: format!("signal:{id}"), body, private: None };
    ledger::append(tx, cx, permit, entry).await?;
    Ok(())
}
