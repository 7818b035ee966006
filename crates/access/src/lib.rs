//! Who may do what: accounts and sessions, grants, Cedar policies, and lists cut to what a person may see.
//!
//! Main types: [`Principal`] (an account with its [`Grant`]s), [`Resource`] (the facts of a record that decide),
//! [`Access`] ([`Access::check`] before every write, [`Access::scope`] for every list), [`Vault`] (personal data at
//! rest), [`session::login`]. Invariants: what no policy permits is refused; the check happens inside the function
//! that writes and its decision goes into the journal entry; passwords, tokens and codes are never stored or logged
//! in the clear; names and phones are sealed.

pub mod account;
pub mod api_token;
mod denial;
pub mod erasure;
mod error;
mod grant;
mod lookup;
mod memory;
pub mod one_time;
pub mod password;
mod policy;
mod principal;
mod recent;
mod resource;
mod scope;
mod secret;
pub mod session;
pub mod testing;
pub mod throttle;
mod vault;

pub use account::{Account, NewAccount, rights_of};
pub use error::{Denied, Error, Reason};
pub use lookup::{
    Person, account_named, any_account, colleagues_of, login_with_role, officers_for, people_behind,
    totp_state,
};
pub use password::{Hashed, Hashing};
pub use policy::PolicyCard;
pub use principal::{Grant, Principal, Role};
pub use recent::Recent;
pub use resource::{ACTIONS, CONFIDENTIAL, INTERNAL, KINDS, PUBLIC, Resource, action_label, kind_label};
pub use scope::Scope;
pub use secret::{csrf_matches, csrf_token};
pub use session::{Session, Visit};
pub use vault::Vault;

use base::Instant;
use ledger::Permit;
use std::sync::Arc;

/// The authority of the process: policies and the vault. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Access {
    policies: Arc<policy::Policies>,
    vault: Vault,
    hashing: Hashing,
}

impl Access {
    /// The policies shipped with the product, validated strictly.
    ///
    /// # Errors
    /// When the policies do not validate.
    pub fn new(vault: Vault) -> Result<Self, Error> {
        Ok(Self { policies: Arc::new(policy::Policies::shipped()?), vault, hashing: Hashing::STANDARD })
    }

    /// Other policies: the text of a schema and of named policy files.
    ///
    /// # Errors
    /// When one does not parse, is not annotated (`@id @basis @status @zh @en`) or does not validate; the file is named.
    pub fn with_policies(vault: Vault, schema: &str, files: &[(&str, &str)]) -> Result<Self, Error> {
        Ok(Self {
            policies: Arc::new(policy::Policies::load(schema, files)?),
            vault,
            hashing: Hashing::STANDARD,
        })
    }

    /// Whether the principal may do the action on the resource at that time: the permit for the journal, or the words why
    /// not. Cedar decides; an action or kind it does not know is refused.
    ///
    /// # Errors
    /// [`Denied`]: what right is missing and who could do it.
    pub fn check(
        &self,
        who: &Principal,
        action: &str,
        res: &Resource,
        now: Instant,
    ) -> Result<Permit, Denied> {
        self.policies.check(who, action, res, now)
    }

    /// The bare answer of [`Access::check`], for showing or hiding a button. A write must use the check.
    #[must_use]
    pub fn allows(&self, who: &Principal, action: &str, res: &Resource, now: Instant) -> bool {
        self.policies.allows(who, action, res, now)
    }

    /// The rows of a kind on which the principal may do the action.
    #[must_use]
    pub fn scope(&self, who: &Principal, action: &str, kind: &str, now: Instant) -> Scope {
        Scope::of(&self.policies, who, action, kind, now)
    }

    /// Another cost of password hashing.
    #[must_use]
    pub const fn with_hashing(mut self, hashing: Hashing) -> Self {
        self.hashing = hashing;
        self
    }

    /// The cost of password hashing.
    #[must_use]
    pub const fn hashing(&self) -> Hashing {
        self.hashing
    }

    /// Checks the rules for a new password and hashes it. Takes tens of milliseconds of processor time: call it before the
    /// transaction, on a blocking thread.
    ///
    /// # Errors
    /// [`Error::Invalid`] on field `password`, saying what to change.
    pub fn hash_password(&self, login: &str, password: &str) -> Result<Hashed, Error> {
        password::hash(self.hashing, login, password)
    }

    /// Where personal data is sealed and opened.
    #[must_use]
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The policies as people read them, by id.
    #[must_use]
    pub fn policies(&self) -> &[PolicyCard] {
        self.policies.cards()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_shipped_policies_validate_strictly() {
        let access = crate::testing::access();
        assert!(access.policies().len() >= 15);
    }
}
