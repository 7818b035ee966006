//! The policies: loaded, validated strictly, and asked.

use crate::memory::{self, Answer, Memory};
use crate::{ACTIONS, Denied, Error, Grant, KINDS, Principal, Resource, Role, denial, scope::Cubes};
use base::{Date, Id, Instant};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy, PolicyId,
    PolicySet, Request, RestrictedExpression, Schema, ValidationMode, Validator,
};
use ledger::Permit;
use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::RwLock;

/// The schema shipped with the product.
const SCHEMA: &str = include_str!("../../../rulebook/cn/policies/schema.cedarschema");
/// The policies shipped with the product: file name and text.
const POLICIES: [(&str, &str); 8] = [
    ("forbid.cedar", include_str!("../../../rulebook/cn/policies/forbid.cedar")),
    ("officer.cedar", include_str!("../../../rulebook/cn/policies/officer.cedar")),
    ("desk.cedar", include_str!("../../../rulebook/cn/policies/desk.cedar")),
    ("leader.cedar", include_str!("../../../rulebook/cn/policies/leader.cedar")),
    ("laboratory.cedar", include_str!("../../../rulebook/cn/policies/laboratory.cedar")),
    ("firm.cedar", include_str!("../../../rulebook/cn/policies/firm.cedar")),
    ("admin.cedar", include_str!("../../../rulebook/cn/policies/admin.cedar")),
    ("citizen.cedar", include_str!("../../../rulebook/cn/policies/citizen.cedar")),
];
/// What every policy must say of itself.
const ANNOTATIONS: [&str; 5] = ["id", "basis", "status", "zh", "en"];

/// One policy as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyCard {
    /// Policy id, as in journal entries.
    pub id: String,
    /// Document and clause.
    pub basis: String,
    /// `verified` or `unverified`.
    pub status: String,
    /// What it says.
    pub text: base::Text,
}

/// The policy engine.
#[derive(Debug)]
pub(crate) struct Policies {
    authorizer: Authorizer,
    set: PolicySet,
    names: Names,
    cards: Vec<PolicyCard>,
    pub(crate) cubes: RwLock<HashMap<(Seat, &'static str, &'static str), Cubes>>,
    memory: Memory,
}

/// Entity names parsed once.
#[derive(Debug)]
struct Names {
    seat: EntityUid,
    region: EntityTypeName,
    role: HashMap<Role, EntityUid>,
    action: HashMap<&'static str, EntityUid>,
    record: HashMap<&'static str, EntityUid>,
}

/// An account acting under one grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Seat {
    pub(crate) account: Id,
    pub(crate) operator: Option<Id>,
    pub(crate) grant: Grant,
}

impl Policies {
    /// The policies shipped with the product.
    pub(crate) fn shipped() -> Result<Self, Error> {
        Self::load(SCHEMA, &POLICIES)
    }

    /// Loads and validates: every policy annotated and named once, strict types, every kind and action known.
    pub(crate) fn load(schema: &str, files: &[(&str, &str)]) -> Result<Self, Error> {
        let setup = |file: &str, e: &dyn std::fmt::Display| Error::Setup(format!("{file}: {e}"));
        let (schema, _warnings) =
            Schema::from_cedarschema_str(schema).map_err(|e| setup("schema.cedarschema", &e))?;
        let mut set = PolicySet::new();
        let mut cards = Vec::new();
        for (file, text) in files {
            let parsed = PolicySet::from_str(text).map_err(|e| setup(file, &e))?;
            for policy in parsed.policies() {
                let json = policy.to_json().map_err(|e| setup(file, &e))?;
                if memory::holds_large_number(&json) {
                    let id = policy.id();
                    return Err(setup(
                        file,
                        &format!("policy {id} must not name an account, operator or day by number"),
                    ));
                }
                let card = card(policy)
                    .map_err(|missing| setup(file, &format!("policy {} has no @{missing}", policy.id())))?;
                let named = Policy::new_id(policy, PolicyId::new(&card.id));
                set.add(named).map_err(|e| setup(file, &e))?;
                cards.push(card);
            }
        }
        let names = Names::new(&schema)?;
        let result = Validator::new(schema).validate(&set, ValidationMode::Strict);
        if let Some(e) = result.validation_errors().next() {
            return Err(setup("policies", e));
        }
        cards.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self {
            authorizer: Authorizer::new(),
            set,
            names,
            cards,
            cubes: RwLock::default(),
            memory: Memory::default(),
        })
    }

    pub(crate) fn cards(&self) -> &[PolicyCard] {
        &self.cards
    }

    /// The answer for one principal: the first seat that allows it.
    pub(crate) fn check(
        &self,
        who: &Principal,
        action: &str,
        res: &Resource,
        now: Instant,
    ) -> Result<Permit, Denied> {
        let today = now.china_date();
        for seat in seats(who) {
            if let Some(policies) = self.ask(&seat, action, res, today) {
                let permit = Permit::new(action, policies.to_vec());
                return Ok(permit.about(res.agency.as_str(), res.classification));
            }
        }
        Err(denial::explain(self, who, action, res, today))
    }

    /// The bare answer, without words or permit.
    pub(crate) fn allows(&self, who: &Principal, action: &str, res: &Resource, now: Instant) -> bool {
        let today = now.china_date();
        seats(who).any(|seat| self.ask(&seat, action, res, today).is_some())
    }

    /// Asks for one seat: the ids of the permitting policies, or `None` when it is not allowed.
    pub(crate) fn ask(&self, seat: &Seat, action: &str, res: &Resource, today: Date) -> Answer {
        self.memory.answer(seat, action, res, today, || self.decide(seat, action, res, today).map(Into::into))
    }

    fn decide(&self, seat: &Seat, action: &str, res: &Resource, today: Date) -> Option<Vec<String>> {
        let (request, entities) = self.question(seat, action, res, today)?;
        let response = self.authorizer.is_authorized(&request, &self.set, &entities);
        if let Some(e) = response.diagnostics().errors().next() {
            // deny by default: a policy that cannot be evaluated is a fault, never a permit
            tracing::error!(action, kind = res.kind, error = %e, "policy evaluation failed");
            return None;
        }
        (response.decision() == Decision::Allow)
            .then(|| response.diagnostics().reason().map(ToString::to_string).collect())
    }

    fn question(
        &self,
        seat: &Seat,
        action: &str,
        res: &Resource,
        today: Date,
    ) -> Option<(Request, Entities)> {
        let action = self.names.action.get(action)?.clone();
        let record = self.names.record.get(res.kind)?.clone();
        let long = |n: i64| RestrictedExpression::new_long(n);
        let text = |t: &str| RestrictedExpression::new_string(t.to_owned());

        let grant = &seat.grant;
        let mut a = HashMap::with_capacity(8);
        a.insert("account".to_owned(), long(seat.account.0));
        let role = self.names.role.get(&grant.role)?.clone();
        a.insert("role".to_owned(), RestrictedExpression::new_entity_uid(role));
        a.insert("region".to_owned(), RestrictedExpression::new_entity_uid(self.names.region(&grant.region)));
        a.insert("agency".to_owned(), text(&grant.agency));
        a.insert("ceiling".to_owned(), long(grant.ceiling.into()));
        a.insert("from".to_owned(), long(day_number(grant.from)));
        if let Some(to) = grant.to {
            a.insert("to".to_owned(), long(day_number(to)));
        }
        if let Some(operator) = seat.operator {
            a.insert("operator".to_owned(), long(operator.0));
        }

        let mut r = HashMap::with_capacity(5);
        r.insert("agency".to_owned(), text(&res.agency));
        r.insert("classification".to_owned(), long(res.classification.into()));
        if let Some(operator) = res.operator {
            r.insert("operator".to_owned(), long(operator.0));
        }
        r.insert(
            "recused".to_owned(),
            RestrictedExpression::new_set(res.recused.iter().map(|id| long(id.0))),
        );
        if let Some(submitter) = res.submitter {
            r.insert("submitter".to_owned(), long(submitter.0));
        }
        let above: HashSet<EntityUid> = prefixes(&res.region).map(|p| self.names.region(p)).collect();

        let principal = Entity::new(self.names.seat.clone(), a, HashSet::new()).ok()?;
        let resource = Entity::new(record.clone(), r, above).ok()?;
        let entities = Entities::from_entities([principal, resource], None).ok()?;
        let today = ("today".to_owned(), long(day_number(today)));
        let context = Context::from_pairs([today]).ok()?;
        let request = Request::new(self.names.seat.clone(), action, record, context, None).ok()?;
        Some((request, entities))
    }
}

impl Names {
    fn new(schema: &Schema) -> Result<Self, Error> {
        let name = |t: &str| EntityTypeName::from_str(t).map_err(|e| Error::Setup(format!("{t}: {e}")));
        let uid =
            |t: &str, id: &str| Ok::<_, Error>(EntityUid::from_type_name_and_id(name(t)?, EntityId::new(id)));
        let mut role = HashMap::new();
        for r in Role::ALL {
            role.insert(r, uid("Role", r.code())?);
        }
        let known: HashSet<String> = schema.actions().map(|a| a.id().unescaped().to_owned()).collect();
        let mut action = HashMap::new();
        for (code, ..) in ACTIONS {
            if !known.contains(code) {
                return Err(Error::Setup(format!("schema.cedarschema has no action {code}")));
            }
            action.insert(code, uid("Action", code)?);
        }
        let types: HashSet<String> = schema.entity_types().map(ToString::to_string).collect();
        let mut record = HashMap::new();
        for (code, entity, ..) in KINDS {
            if !types.contains(entity) {
                return Err(Error::Setup(format!(
                    "schema.cedarschema has no entity type {entity} for kind {code}"
                )));
            }
            record.insert(code, uid(entity, "this")?);
        }
        Ok(Self { seat: uid("Seat", "this")?, region: name("Region")?, role, action, record })
    }

    fn region(&self, code: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(self.region.clone(), EntityId::new(code))
    }
}

fn card(policy: &Policy) -> Result<PolicyCard, &'static str> {
    for name in ANNOTATIONS {
        if policy.annotation(name).is_none_or(str::is_empty) {
            return Err(name);
        }
    }
    let get = |name: &str| policy.annotation(name).unwrap_or_default().to_owned();
    if !matches!(get("status").as_str(), "verified" | "unverified") {
        return Err("status (verified or unverified)");
    }
    Ok(PolicyCard {
        id: get("id"),
        basis: get("basis"),
        status: get("status"),
        text: base::Text::new(get("zh"), get("en")),
    })
}

/// The seats of a principal: one a grant, and the citizen's that everybody has.
pub(crate) fn seats(who: &Principal) -> impl Iterator<Item = Seat> {
    let everybody = Grant {
        role: Role::Citizen,
        region: String::new(),
        agency: String::new(),
        ceiling: crate::PUBLIC,
        from: Date::constant(2000, 1, 1),
        to: None,
    };
    who.grants.iter().cloned().chain(std::iter::once(everybody)).map(|grant| Seat {
        account: who.account,
        operator: who.operator,
        grant,
    })
}

/// The prefixes of a region code that name a region: the nation, province, prefecture, county, township, village.
pub(crate) fn prefixes(code: &str) -> impl Iterator<Item = &str> {
    [0, 2, 4, 6, 9, 12].into_iter().filter_map(|n| code.get(..n))
}

/// `YYYYMMDD`.
fn day_number(date: Date) -> i64 {
    i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
}
