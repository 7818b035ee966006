//! Consequences: the closed set of named functions a procedure may call, and what they may ask of the engine.

mod own;

pub(crate) use own::Own;

use crate::{EffectError, Engine};
use access::{Access, Principal};
use async_trait::async_trait;
use base::{Date, Decimal, Id, Text};
use ledger::Context;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::Tx;

/// In whose right something is done.
#[derive(Debug, Clone, Copy)]
pub enum Authority<'a> {
    /// A person's, checked against the policies.
    Person {
        /// The policies.
        access: &'a Access,
        /// Who.
        who: &'a Principal,
    },
    /// The system's own: a consequence of something already allowed; the reason goes into the journal.
    System(&'a str),
}

impl<'a> Authority<'a> {
    /// The person, if one acts.
    #[must_use]
    pub const fn who(&self) -> Option<&'a Principal> {
        match self {
            Self::Person { who, .. } => Some(*who),
            Self::System(_) => None,
        }
    }
}

/// Where an effect runs.
#[derive(Debug, Clone, Copy)]
pub struct EffectCx<'a> {
    /// Time, ids, actor.
    pub context: &'a Context,
    /// In whose right the step is taken.
    pub authority: Authority<'a>,
    /// The engine, for opening matters by other means than [`EffectOut::matters`].
    pub engine: &'a Engine,
    /// The transition, or `task:KIND` for the effects of a finished task.
    pub step: &'a str,
    /// The form of the step, checked.
    pub form: &'a Map<String, Json>,
}

/// The matter as an effect sees it; changes to `facts` and `title` are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct MatterDraft {
    /// Id.
    pub id: Id,
    /// Procedure.
    pub procedure: String,
    /// State before the step.
    pub state: String,
    /// Region code.
    pub region: String,
    /// Department code.
    pub agency: String,
    /// `kind:id`.
    pub subject: String,
    /// The operator concerned.
    pub operator: Option<Id>,
    /// The matter this one follows from.
    pub parent: Option<Id>,
    /// 0 public, 1 internal, 2 confidential.
    pub classification: u8,
    /// On screen.
    pub title: Text,
    /// Facts by name; only declared ones are accepted.
    pub facts: Map<String, Json>,
}

impl MatterDraft {
    /// A fact as text; empty when absent.
    #[must_use]
    pub fn fact(&self, name: &str) -> &str {
        self.facts.get(name).and_then(Json::as_str).unwrap_or_default()
    }

    /// Sets a fact.
    pub fn set(&mut self, name: &str, value: impl Into<Json>) {
        self.facts.insert(name.to_owned(), value.into());
    }
}

/// One thing to do in a task.
#[derive(Debug, Clone, PartialEq)]
pub struct NewItem {
    /// What it is about: a place key. One item for each in a matter and kind.
    pub subject: String,
    /// The site, where the register knows it.
    pub site: Option<Id>,
    /// Name shown (of the place; not personal data).
    pub label: String,
    /// Region code.
    pub region: String,
    /// Quantity expected there.
    pub expected: Option<Decimal>,
    /// Its unit (`kg`, `件`, …); empty when none.
    pub unit: String,
}

/// Work for one agency or operator. Items whose subject the matter already has under this kind are not doubled; items are
/// added to an open task of the same kind, region and operator when there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// Kind, declared in the procedure and in the transition's `tasks`.
    pub kind: String,
    /// Region code of the agency.
    pub region: String,
    /// The operator who does it, instead of the agency.
    pub operator: Option<Id>,
    /// The account it is given to.
    pub assigned: Option<Id>,
    /// Its parts.
    pub items: Vec<NewItem>,
}

impl NewTask {
    /// One task for each county (or region above it, where an item has only that), in order of region.
    #[must_use]
    pub fn by_county(kind: &str, items: Vec<NewItem>) -> Vec<Self> {
        let mut by: BTreeMap<String, Vec<NewItem>> = BTreeMap::new();
        for item in items {
            by.entry(item.region.chars().take(6).collect()).or_default().push(item);
        }
        let task =
            |(region, items)| Self { kind: kind.to_owned(), region, operator: None, assigned: None, items };
        by.into_iter().map(task).collect()
    }
}

/// A matter to open.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMatter {
    /// Region code of the agency that holds it.
    pub region: String,
    /// Department; the procedure's when absent.
    pub agency: Option<String>,
    /// What it is about, `kind:id`.
    pub subject: String,
    /// On screen.
    pub title: Text,
    /// Facts; only declared ones.
    pub facts: Map<String, Json>,
    /// The operator concerned.
    pub operator: Option<Id>,
    /// The matter it follows from.
    pub parent: Option<Id>,
    /// The procedure's when absent.
    pub classification: Option<u8>,
    /// Idempotency key: a second opening with it gives the first one's matter.
    pub key: Option<String>,
}

impl NewMatter {
    /// A matter on a subject in a region.
    #[must_use]
    pub fn new(region: impl Into<String>, subject: impl Into<String>, title: Text) -> Self {
        Self {
            region: region.into(),
            agency: None,
            subject: subject.into(),
            title,
            facts: Map::new(),
            operator: None,
            parent: None,
            classification: None,
            key: None,
        }
    }

    /// Adds a fact.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    /// Names the operator concerned.
    #[must_use]
    pub const fn of_operator(mut self, operator: Option<Id>) -> Self {
        self.operator = operator;
        self
    }

    /// Makes the opening repeatable.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
}

/// A document to draft.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDocument {
    /// Name declared in the procedure.
    pub name: String,
    /// Heading; the declared title when absent.
    pub title: Option<Text>,
    /// Body as HTML in both languages.
    pub html: Text,
}

/// A link to another record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    /// Relation: `product`, `lot`, `sample`, ….
    pub kind: String,
    /// `kind:id`.
    pub target: String,
    /// Shown.
    pub label: String,
}

/// A change to a clock of the matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClockChange {
    /// Stands still from now.
    Suspend {
        /// Clock rule.
        clock: String,
        /// A cause declared for it.
        cause: String,
    },
    /// Runs on from now.
    Resume {
        /// Clock rule.
        clock: String,
    },
    /// Lengthened by so much of its extension unit.
    Extend {
        /// Clock rule.
        clock: String,
        /// How much.
        amount: u32,
    },
}

/// What an effect asks of the engine, done after it returns, in the same transaction.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EffectOut {
    /// Facts to set.
    pub facts: Map<String, Json>,
    /// Tasks to create or widen.
    pub tasks: Vec<NewTask>,
    /// Matters to open, by procedure; parent and link are set by the engine. One that was opened before under the same key
    /// has its facts brought up to date instead.
    pub matters: Vec<(String, NewMatter)>,
    /// Documents to draft.
    pub documents: Vec<NewDocument>,
    /// Links to add.
    pub links: Vec<NewLink>,
    /// Clock changes.
    pub clocks: Vec<ClockChange>,
    /// Papers whose day of service is put right, by name.
    pub served: Vec<(String, Date)>,
    /// Facts to bring up to date in other matters that still run; decisions and clocks there follow them.
    pub told: Vec<(Id, Map<String, Json>)>,
    /// Steps to take in other matters as the system: matter, transition.
    pub steps: Vec<(Id, String)>,
}

/// A consequence. It may read and write through `tx`; what it returns the engine does. It is called again for every step
/// that names it, so it must be repeatable (widening a scope calls it anew).
#[async_trait]
pub trait Effect: Send + Sync {
    /// Runs inside the transaction of the step; an error rolls everything back.
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError>;
}

/// The registry, closed once the engine is made.
#[derive(Clone, Default)]
pub struct Effects(BTreeMap<String, Arc<dyn Effect>>);

impl Effects {
    /// The engine's own, `flow.…`: rulebook/cn/procedures/README.md lists them.
    #[must_use]
    pub fn builtin() -> Self {
        let mut effects = Self::default();
        for (name, own) in Own::ALL {
            effects.register(name, Arc::new(own));
        }
        effects
    }

    /// Adds or replaces one.
    pub fn register(&mut self, name: &str, effect: Arc<dyn Effect>) -> &mut Self {
        self.0.insert(name.to_owned(), effect);
        self
    }

    /// The one of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Effect>> {
        self.0.get(name)
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl std::fmt::Debug for Effects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A document to be rendered: template texts of the procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentSource<'a> {
    /// Heading.
    pub title: &'a Text,
    /// Body in Chinese.
    pub zh: &'a str,
    /// Body in English.
    pub en: &'a str,
}

/// Turns the template texts of a procedure and a context into a heading and HTML; `shian` wires `paper` in.
pub trait Render: Send + Sync {
    /// Renders both languages: heading and body. `context` holds `matter` (`id`, `title_zh`, `title_en`, `region_zh`, `region_en`,
    /// `agency_zh`, `agency_en`, `office_zh`, `office_en`: the organ that signs, `subject`, `opened`), `facts` (every declared one, null when absent), `words` (of facts with
    /// options: `zh`, `en`) and `today`.
    ///
    /// # Errors
    /// When a template cannot be rendered, in words.
    fn render(&self, source: &DocumentSource<'_>, context: &Json) -> Result<(Text, Text), EffectError>;

    /// The body of a document as text a person can edit.
    fn text(&self, html: &str) -> String;

    /// Safe HTML from such a text: nothing typed becomes markup.
    fn html(&self, text: &str) -> String;
}
