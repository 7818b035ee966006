//! Who keeps away from one matter (回避), by the decision of whoever decides in it or by their own word. Who keeps away from an operator
//! altogether is another domain's: [`crate::Recusals`].

use crate::effect::Authority;
use crate::live::{Live, Step, permit};
use crate::{Engine, Error};
use access::{Access, Principal};
use base::{Id, Text};
use ledger::{Appended, Context};
use serde_json::json;
use store::Tx;

/// The relation of a matter to an account that keeps away from it; its label is the ground.
const RECUSED: &str = "recused";
const GROUND: usize = 500;

/// Keeps an officer away from one matter from now on: every step of it is refused to them, and it is nobody's where it was theirs. Needs
/// `decide` on the matter, about oneself `act`.
///
/// # Errors
/// [`Error::Conflict`] when the matter is no longer at `expected`; [`Error::Denied`]; [`Error::Refused`] without a ground, for an account
/// that works for no authority, and for who keeps away already.
#[allow(clippy::too_many_arguments)] // the house shape of a writing function plus matter, version, account and ground
pub async fn recuse(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    matter: Id,
    expected: i64,
    (account, ground): (Id, &str),
) -> Result<Appended, Error> {
    let mut live = Live::lock(tx, engine, matter).await?;
    let action = if account == who.account { "act" } else { "decide" };
    let permit = permit(Authority::Person { access, who }, action, &live.resource("matter"), cx.now)?;
    if live.version != expected {
        return Err(live.conflict(tx, who, None, expected).await?);
    }
    let ground = ground.trim();
    if ground.is_empty() || ground.chars().count() > GROUND {
        return Err(Error::refused(
            "请填写回避理由（不超过 500 字）",
            "give the ground of the recusal, no more than 500 characters",
        ));
    }
    let person = access::rights_of(tx, account, cx.now).await.map_err(Error::Vault)?;
    if person.is_none_or(|p| p.operator.is_some()) {
        return Err(Error::refused("请选择监管部门的在用账号", "choose an active account of the authority"));
    }
    if live.recused(tx, account).await?.is_some() {
        return Err(Error::refused("该人员已回避本件", "this person keeps away from the matter already"));
    }
    live.link(tx, cx, RECUSED, &target(account), ground).await?;
    if live.assigned == Some(account) {
        tx.exec_one("update matter set assigned = null where id = $1", &[matter.into()]).await?;
    }
    tx.exec(
        "update task set assigned = null, version = version + 1 where matter = $1 and assigned = $2 and state = 'open'",
        &[matter.into(), account.into()],
    )
    .await?;
    live.touch(tx).await?;
    live.done.insert("recused".to_owned(), json!(account));
    let version = live.version;
    let step = Step {
        kind: "recuse",
        name: "recusal",
        from: None,
        to: None,
        form: None,
        target: None,
        note: Some(ground),
        version,
    };
    live.record(tx, cx, &permit, "matter.recused", step, None).await
}

fn target(account: Id) -> String {
    format!("account:{account}")
}

impl Live {
    /// The ground on which an account keeps away from this matter alone.
    async fn recused(&self, tx: &mut Tx, account: Id) -> Result<Option<String>, Error> {
        let row = tx
            .first(
                "select label from matter_link where matter = $1 and kind = $2 and target = $3",
                &[self.draft.id.into(), RECUSED.into(), target(account).into()],
            )
            .await?;
        Ok(row.map(|r| r.text("label")).transpose()?)
    }

    /// Why an account takes no step in this matter, said instead of it: it keeps away from the matter, or from the operator concerned.
    pub(crate) async fn kept_away(
        &self,
        tx: &mut Tx,
        engine: &Engine,
        account: Id,
    ) -> Result<Option<Text>, Error> {
        if let Some(ground) = self.recused(tx, account).await? {
            return Ok(Some(Text::new(
                format!("已决定回避本件（{ground}），不得办理，请转交他人"),
                format!("kept away from this matter ({ground}); the work goes to somebody else"),
            )));
        }
        engine.kept_away(tx, account, self.draft.operator).await
    }
}
