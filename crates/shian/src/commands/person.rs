//! In whose name a command acts: the account named, or the seat whose work it is.

use crate::out;
use crate::province::{Province, now};
use access::{Principal, Role};
use anyhow::bail;
use base::Lang;
use ledger::Context;

/// The account of `--as`, else the first active one with a seat of the roles, the widest region first.
pub(crate) async fn acting(
    province: &Province,
    login: Option<&str>,
    roles: &[Role],
) -> anyhow::Result<Principal> {
    let app = &province.app;
    let login = match login {
        Some(login) => login.to_owned(),
        None => usual(province, roles).await?,
    };
    let who = access::account::principal_by_login(&app.store, &app.access, &login, now()).await?;
    match who {
        Some(who) => Ok(who),
        None => bail!("--as {login}: there is no active account of this login"),
    }
}

/// What a writing function needs besides its input.
pub(crate) fn context(province: &Province, who: &Principal) -> Context {
    Context { now: now(), ids: province.app.ids.clone(), actor: who.actor(), lang: Lang::Zh }
}

async fn usual(province: &Province, roles: &[Role]) -> anyhow::Result<String> {
    let today = now().china_date();
    for role in roles {
        if let Some(login) = access::login_with_role(&province.app.store, *role, today).await? {
            out::note(&format!("acting as {login}; name another account with --as"));
            return Ok(login);
        }
    }
    let names: Vec<&str> = roles.iter().map(|r| r.code()).collect();
    bail!(
        "no account has the role {}; create one in the pages, or name an account with --as",
        names.join(" or ")
    )
}
