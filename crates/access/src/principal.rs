//! Who acts: an account with its current grants.

use base::{Date, Id, Text};
use serde::{Deserialize, Serialize};

/// What a grant makes of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Works in a region and department: inspects, samples, answers, builds cases.
    Officer,
    /// Decides, publishes, plans and supervises, at county, prefecture or province.
    Desk,
    /// Answers for a region: sees, does not act.
    Leader,
    /// Reports results on the samples assigned to it.
    Laboratory,
    /// A producer or seller: its own records and duties.
    Firm,
    /// Looks after accounts, agencies and jobs.
    Admin,
    /// Everybody, without an account.
    Citizen,
}

impl Role {
    /// Every role, in the order of the golden table.
    pub const ALL: [Self; 7] =
        [Self::Officer, Self::Desk, Self::Leader, Self::Laboratory, Self::Firm, Self::Admin, Self::Citizen];

    /// The code used in storage and policies.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Desk => "desk",
            Self::Leader => "leader",
            Self::Laboratory => "laboratory",
            Self::Firm => "firm",
            Self::Admin => "admin",
            Self::Citizen => "citizen",
        }
    }

    /// The name on screen.
    #[must_use]
    pub const fn label(self) -> Text {
        match self {
            Self::Officer => Text::of("监管人员", "officer"),
            Self::Desk => Text::of("业务主管", "desk"),
            Self::Leader => Text::of("领导", "leader"),
            Self::Laboratory => Text::of("检验机构", "laboratory"),
            Self::Firm => Text::of("生产经营者", "operator"),
            Self::Admin => Text::of("系统管理员", "administrator"),
            Self::Citizen => Text::of("公众", "citizen"),
        }
    }
}

impl std::str::FromStr for Role {
    type Err = crate::Error;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|r| r.code() == code)
            .ok_or_else(|| crate::Error::invalid("role", "没有这个角色", "there is no such role"))
    }
}

/// One seat of an account: a role in a region and department, up to a classification, between dates.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Region code prefix of 0, 2, 4, 6, 9 or 12 digits: `""` the nation, `62`, `6201`, `620102`, ….
    pub region: String,
    /// Department code (`market`, `agri`, `health`, `grain`, `customs`, `edu`, `police`, `office`), `""` where the role has none.
    pub agency: String,
    /// Highest classification the seat may touch: 0 public, 1 internal, 2 confidential.
    pub ceiling: u8,
    /// First day, in China.
    pub from: Date,
    /// Last day, in China; `None` without end.
    pub to: Option<Date>,
}

impl Grant {
    /// Whether the grant is in force on a day.
    #[must_use]
    pub fn is_current(&self, today: Date) -> bool {
        self.from <= today && self.to.is_none_or(|to| today <= to)
    }

    /// Whether it is in force only when a second administrator has confirmed it: it decides, or opens what is confidential.
    #[must_use]
    pub const fn takes_two(&self) -> bool {
        matches!(self.role, Role::Desk | Role::Leader | Role::Admin) || self.ceiling >= crate::CONFIDENTIAL
    }
}

/// An account as it acts: who, for which operator, under which grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account; [`Principal::NOBODY`] for the citizen.
    pub account: Id,
    /// Login name; empty for the citizen.
    pub login: String,
    /// Display name: personal data, for the screen only.
    pub name: String,
    /// The operator a firm's or laboratory's account acts for.
    pub operator: Option<Id>,
    /// Grants in force when the principal was loaded.
    pub grants: Vec<Grant>,
}

impl Principal {
    /// The account id of everybody who is not logged in.
    pub const NOBODY: Id = Id(0);

    /// The citizen: no account, sees what is public.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            account: Self::NOBODY,
            login: String::new(),
            name: String::new(),
            operator: None,
            grants: Vec::new(),
        }
    }

    /// Whether nobody is logged in.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.account == Self::NOBODY
    }

    /// Whether one of the grants has the role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.grants.iter().any(|g| g.role == role)
    }

    /// The actor for the journal.
    #[must_use]
    pub fn actor(&self) -> ledger::Actor {
        if self.is_anonymous() {
            return ledger::Actor { account: None, login: "anonymous".to_owned() };
        }
        ledger::Actor { account: Some(self.account), login: self.login.clone() }
    }
}
