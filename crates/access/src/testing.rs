//! Ready principals for the tests of other crates.

use crate::{Access, Grant, Hashing, Principal, Role, Vault, account};
use base::{Date, Id};
use ledger::Context;
use store::Tx;

/// The shipped policies with a fixed vault key and the cheap password hashing.
///
/// # Panics
/// When the shipped policies do not validate.
#[must_use]
pub fn access() -> Access {
    #[allow(clippy::expect_used)] // only tests call it
    let access = Access::new(Vault::from_key([7; 32])).expect("shipped policies validate");
    access.with_hashing(Hashing::DEMO)
}

/// A principal with one grant, in force from 2020 without end, ceiling confidential for authorities and internal else.
#[must_use]
pub fn principal(account: i64, role: Role, region: &str, agency: &str, operator: Option<Id>) -> Principal {
    let ceiling = match role {
        Role::Officer | Role::Desk | Role::Leader => crate::CONFIDENTIAL,
        Role::Laboratory | Role::Firm | Role::Admin => crate::INTERNAL,
        Role::Citizen => crate::PUBLIC,
    };
    let grant = Grant {
        role,
        region: region.to_owned(),
        agency: agency.to_owned(),
        ceiling,
        from: Date::constant(2020, 1, 1),
        to: None,
    };
    Principal {
        account: Id(account),
        login: format!("{}{account}", role.code()),
        name: String::new(),
        operator,
        grants: vec![grant],
    }
}

/// Gives an account a grant that is in force: where it takes two administrators, the nation's confirms it.
///
/// # Panics
/// When the grant is refused.
#[allow(clippy::expect_used)] // only tests call it
pub async fn give(tx: &mut Tx, cx: &Context, access: &Access, by: &Principal, account: Id, grant: &Grant) {
    let id = account::add_grant(tx, cx, access, by, account, grant).await.expect("the grant");
    if grant.takes_two() {
        account::confirm_grant(tx, cx, access, &admin(""), id).await.expect("the confirmation");
    }
}

/// An officer of market supervision in a region.
#[must_use]
pub fn officer(region: &str) -> Principal {
    principal(11, Role::Officer, region, "market", None)
}

/// A deciding desk of market supervision in a region.
#[must_use]
pub fn desk(region: &str) -> Principal {
    principal(12, Role::Desk, region, "market", None)
}

/// The account of a firm.
#[must_use]
pub fn firm(operator: Id) -> Principal {
    principal(13, Role::Firm, "", "", Some(operator))
}

/// The account of a laboratory.
#[must_use]
pub fn laboratory(operator: Id) -> Principal {
    principal(14, Role::Laboratory, "", "", Some(operator))
}

/// An administrator of a region.
#[must_use]
pub fn admin(region: &str) -> Principal {
    principal(15, Role::Admin, region, "", None)
}
