//! A procedure as written in the rulebook: states, transitions, clocks, tasks, forms and documents, all as data.

mod opening;
mod paper;
mod remedy;

pub use opening::{After, Compute, Computed, Opening, PartyFacts, PublicFor, Rung, RungAct};
pub use paper::PaperRule;
pub use remedy::Remedy;

use crate::form::{Choice, Form};
use base::clock::Unit;
use base::{Date, Lang, Text};
use rule::Basis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A fact a matter may carry; guards, tables, effects and templates may name only these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// Name under `facts.`.
    pub id: String,
    /// What it means.
    pub title: Text,
    /// Shown on the matter page.
    #[serde(default = "yes")]
    pub shown: bool,
    /// The words of the codes a table or an effect writes here; a code chosen in a form has its words there: [`Definition::words`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
}

/// Where a matter can stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Name.
    pub id: String,
    /// On screen.
    pub title: Text,
    /// A matter begins here; exactly one.
    #[serde(default)]
    pub initial: bool,
    /// A matter ends here.
    #[serde(default)]
    pub r#final: bool,
    /// No clock of law runs here: says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_ended: Option<Text>,
    /// The operator concerned does not see the matter while it is here: a drawn inspection before the officers stand at the door, a
    /// clue before a case is filed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unseen: bool,
}

/// Who takes a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The authority that holds the matter.
    #[default]
    Agency,
    /// The operator the matter concerns.
    Operator,
    /// Anybody, without an account; only for openings.
    Citizen,
    /// Only the system, as a consequence of something else.
    System,
}

impl Side {
    #[allow(clippy::trivially_copy_pass_by_ref)] // the shape serde calls
    fn is_agency(&self) -> bool {
        *self == Self::Agency
    }
}

/// An effect with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffectUse {
    /// Registered name, `part.verb`.
    pub run: String,
    /// Parameters, as the effect documents them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, serde_json::Value>,
}

/// A step from one state to another (or staying in it).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// Name.
    pub id: String,
    /// The words on its button.
    pub title: Text,
    /// States it leaves.
    pub from: Vec<String>,
    /// State it enters; the same as before when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Action asked of the access policies: `act`, `decide` or `publish`.
    pub action: String,
    /// Who takes it.
    #[serde(default)]
    pub by: Side,
    /// Department that takes it where it is not the one that holds the matter (the police accept a transfer); that department
    /// sees the matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// It is taken by the level above the region of the matter: who is supervised does not clear it. Where there is nobody above (the
    /// province), by its own region; `not_by` keeps the eyes apart there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub above: bool,
    /// The clock whose time must be over before the step: the days in which somebody may answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_clock: Option<String>,
    /// Where the numbers in the guard come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basis: Vec<Basis>,
    /// Must be taken by another person than the one who took this earlier step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_by: Option<String>,
    /// What must be on file before the step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<PaperRule>,
    /// Condition; absent: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<String>,
    /// Said when the guard refuses: what is missing and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Text>,
    /// Form to fill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// It sends back what the operator concerned submitted: that operator reads its form.
    #[serde(default, skip_serializing_if = "is_false")]
    pub returns: bool,
    /// Its form opens as it was last filled in by that side: the step corrects what stands.
    #[serde(default, skip_serializing_if = "is_false")]
    pub refills: bool,
    /// Form fields copied into facts of the same name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
    /// Facts computed after the form, before the tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub computes: Vec<Compute>,
    /// Decision tables applied after the form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decides: Vec<String>,
    /// Effects, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<EffectUse>,
    /// Documents drafted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
    /// Kinds of task its effects may create.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// Procedures its effects may open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opens: Vec<String>,
    /// Documents whose publication ends with this step; they stay in the file and in the journal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdraws: Vec<String>,
    /// Open tasks are void afterwards (always so on entering a final state).
    #[serde(default)]
    pub voids_tasks: bool,
    /// Nobody waits for it: offered where it is possible, left out of pictures and of what is said to be next.
    #[serde(default, skip_serializing_if = "is_false")]
    pub quiet: bool,
}

/// Why a clock may stand still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// Name of the cause.
    pub cause: String,
    /// On screen.
    pub title: Text,
}

/// How a clock may be lengthened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Longest single extension, in `unit`.
    pub at_most: u32,
    /// Unit of extensions.
    pub unit: Unit,
    /// How often; absent: no number in the law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Who approves it, in the words of the law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<Text>,
    /// The clause that allows it.
    pub basis: Basis,
}

/// A statutory clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockUse {
    /// Name.
    pub id: String,
    /// Name effects and lists may use for several clocks of which one runs (`finish` for three levels).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Row of `rulebook/cn/clocks` it restates; the check proves that they agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<String>,
    /// On screen: what must be done.
    pub title: Text,
    /// Whose time it is: the authority's, or the operator's who is to pay, answer or correct.
    #[serde(default, skip_serializing_if = "Side::is_agency")]
    pub by: Side,
    /// Step the system takes when the time is over and the duty was not met (逾期视为受理).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapse: Option<String>,
    /// Where the number comes from.
    pub basis: Basis,
    /// Start event: `enter:STATE`, `transition:ID`, `document:NAME` (served or published; served anew, it counts anew), or `task:created`
    /// with `task`.
    pub start: String,
    /// Fact with the date it counts from, where the law counts from another day than that of the event (the day of service); it may not
    /// lie in the future. Absent, or the fact empty: from the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Events that meet it: `enter:STATE`, `transition:ID`, `task:done`, `document:KIND` (published).
    pub stop: Vec<String>,
    /// Task kind, for clocks of a task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Runs only when this holds at the start event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Fact with the last day, where a person sets it (责令改正期限) and not the law; the clock ends with that day. `amount` is then the
    /// longest the law allows, counted from the start; 0: the law names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Length in `unit`; needed unless `until` gives the end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub amount: u32,
    /// Fact with the day somebody plans to be done by: a step that sets it is refused where it lies after the end of the clock, as it
    /// runs or, before it began, as it would run from today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<String>,
    /// Unit of the length.
    pub unit: Unit,
    /// A last day that is a holiday moves the end to the next working day.
    #[serde(default = "yes")]
    pub roll_over: bool,
    /// Causes that suspend it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Pause>,
    /// How it may be lengthened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
    /// The clause by which an overlay may give more time than the nation's rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loosens: Option<Basis>,
    /// Its own ladder of reminders instead of the procedure's.
    #[serde(default, rename = "rung", skip_serializing_if = "Vec::is_empty")]
    pub rungs: Vec<Rung>,
}

/// A day that may not come sooner than so long after something: the hearing not before the party was told seven working days ahead. Both
/// days lie clear of the period. The step that sets the day counts from its own day; the paper counts from its service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Earliest {
    /// Name.
    pub id: String,
    /// On screen: what lies between the two.
    pub title: Text,
    /// Row of `rulebook/cn/clocks` it restates; the check proves that they agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<String>,
    /// Where the number comes from.
    pub basis: Basis,
    /// Fact with the day; every step that sets it is refused while the day comes too soon.
    pub fact: String,
    /// The paper that tells of the day: served later than so long before, it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Steps that may not be taken before the day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// Length in `unit`.
    pub amount: u32,
    /// Unit of the length: days or working days.
    pub unit: Unit,
}

/// A kind of work handed to an agency or operator, done item by item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskRule {
    /// Name of the kind.
    pub id: String,
    /// On screen.
    pub title: Text,
    /// Department that does it.
    pub agency: String,
    /// Form of each item.
    pub form: String,
    /// Effects when the last item is reported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_done: Vec<EffectUse>,
    /// No clock of law: says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_ended: Option<Text>,
}

/// Who may read a document once it is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Publication {
    /// Everybody.
    Public,
    /// Served on the operator concerned.
    Party,
    /// The file only.
    Internal,
}

/// A document the procedure makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentRule {
    /// Name.
    pub id: String,
    /// Heading, a template text like the body.
    pub title: Text,
    /// Group for public lists: `recall_notice`, `sampling_notice`, `decision`, ….
    pub kind: String,
    /// Template name; `templates/NAME.zh.html` and `templates/NAME.en.html`.
    pub template: String,
    /// Who may read it once published.
    pub publication: Publication,
    /// Pattern of the number it bears once it is issued (文号): `{organ}检告〔{year}〕{n}号`; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// How long it stays public; absent: without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<PublicFor>,
    /// Fact with the day it was served, where a step enters it; absent: a paper for the party is served as it is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<String>,
    /// Transition the publication brings about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_published: Option<String>,
}

/// Where the total of a mass balance stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceRule {
    /// Fact with the quantity that went out.
    pub total: String,
    /// Fact with its unit.
    pub unit: String,
}

/// An outcome an assessment counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssessedOutcome {
    /// Name in addresses and files.
    pub id: String,
    /// On screen.
    pub title: Text,
    /// The final state it is reached in.
    pub state: String,
    /// Facts it asks for besides.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: BTreeMap<String, String>,
    /// Counts against who is assessed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub late: bool,
}

/// How an assessment (评议考核) counts the matters of a procedure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessed {
    /// Fact with the region code of who is assessed; absent or empty: the region of the matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What an ended matter counts as: the first that fits.
    #[serde(rename = "outcome")]
    pub outcomes: Vec<AssessedOutcome>,
}

/// A procedure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Name, the same as its folder.
    pub id: String,
    /// On screen.
    pub title: Text,
    /// Clauses it rests on.
    pub basis: Vec<Basis>,
    /// First day it applies.
    pub valid_from: Date,
    /// Last day it applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
    /// Region code of the jurisdiction whose overlay this is; empty: the nation.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub jurisdiction: String,
    /// Kind of its subject (`nonconformity`, `lot`, `operator`, …).
    pub subject: String,
    /// Department that holds its matters.
    pub agency: String,
    /// 0 public, 1 internal, 2 confidential.
    pub classification: u8,
    /// The operator concerned never sees its matters; a state may say so of itself alone.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unseen: bool,
    /// The facts the operator concerned sees. Besides them it sees its own steps and forms, the states the matter came to, its own
    /// tasks, the clocks, and the papers served on it or published; never how a case is made. Absent: of the facts none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_sees: Option<Vec<String>>,
    /// Mass balance over the items of its tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<BalanceRule>,
    /// Facts.
    #[serde(default, rename = "fact")]
    pub facts: Vec<Fact>,
    /// The fact whose `true` at the opening makes a matter an exercise (演练); absent: the procedure is never exercised by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<String>,
    /// How an assessment counts its matters; absent: none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessed: Option<Assessed>,
    /// Decision tables applied when a matter opens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decides: Vec<String>,
    /// How a person opens a matter; absent: only a consequence does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Opening>,
    /// What who opened a matter may do about its outcome.
    #[serde(default, rename = "remedy", skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Remedy>,
    /// Who opened the matter it comes from follows it with the same receipt: a reward follows from a report.
    #[serde(default, skip_serializing_if = "is_false")]
    pub followed: bool,
    /// The ladder of reminders its clocks climb.
    #[serde(default, rename = "rung", skip_serializing_if = "Vec::is_empty")]
    pub rungs: Vec<Rung>,
    /// States.
    #[serde(rename = "state")]
    pub states: Vec<State>,
    /// Transitions.
    #[serde(rename = "transition")]
    pub transitions: Vec<Transition>,
    /// Clocks.
    #[serde(default, rename = "clock")]
    pub clocks: Vec<ClockUse>,
    /// Days that may not come too soon.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earliest: Vec<Earliest>,
    /// Task kinds.
    #[serde(default, rename = "task")]
    pub tasks: Vec<TaskRule>,
    /// Documents.
    #[serde(default, rename = "document")]
    pub documents: Vec<DocumentRule>,
    /// Decision tables.
    #[serde(default, rename = "table")]
    pub tables: Vec<rule::TableData>,
    /// Forms; written in `forms.toml`.
    #[serde(default, rename = "form")]
    pub forms: Vec<Form>,
    /// Template texts by file name; read from `templates/`.
    #[serde(default)]
    pub templates: BTreeMap<String, String>,
}

const fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the shape serde calls
const fn is_zero(amount: &u32) -> bool {
    *amount == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the shape serde calls
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Definition {
    /// The state of that name.
    #[must_use]
    pub fn state(&self, id: &str) -> Option<&State> {
        self.states.iter().find(|s| s.id == id)
    }
    /// The state a matter begins in.
    #[must_use]
    pub fn initial(&self) -> Option<&State> {
        self.states.iter().find(|s| s.initial)
    }
    /// The transition of that name.
    #[must_use]
    pub fn transition(&self, id: &str) -> Option<&Transition> {
        self.transitions.iter().find(|t| t.id == id)
    }
    /// The clock of that name.
    #[must_use]
    pub fn clock(&self, id: &str) -> Option<&ClockUse> {
        self.clocks.iter().find(|c| c.id == id)
    }
    /// The task kind of that name.
    #[must_use]
    pub fn task(&self, id: &str) -> Option<&TaskRule> {
        self.tasks.iter().find(|t| t.id == id)
    }
    /// The form of that name.
    #[must_use]
    pub fn form(&self, id: &str) -> Option<&Form> {
        self.forms.iter().find(|f| f.id == id)
    }
    /// The document of that name.
    #[must_use]
    pub fn document(&self, id: &str) -> Option<&DocumentRule> {
        self.documents.iter().find(|d| d.id == id)
    }
    /// The fact of that name.
    #[must_use]
    pub fn fact(&self, id: &str) -> Option<&Fact> {
        self.facts.iter().find(|f| f.id == id)
    }
    /// A fact's value in words: those the fact has itself, else those of the field of its name in a form, where it was chosen; of
    /// several chosen, one after the other.
    #[must_use]
    pub fn words(&self, fact: &Fact, value: &serde_json::Value) -> Option<Text> {
        if let Some(several) = value.as_array().filter(|a| !a.is_empty()) {
            let words = several.iter().map(|v| self.words(fact, v)).collect::<Option<Vec<Text>>>()?;
            let join = |lang: Lang| {
                words.iter().map(|t| t.get(lang)).collect::<Vec<_>>().join(lang.pick("、", ", "))
            };
            return Some(Text::new(join(Lang::Zh), join(Lang::En)));
        }
        let code = value.as_str()?;
        let fields = self.forms.iter().filter_map(|f| f.field(&fact.id)).flat_map(|f| &f.options);
        fact.options.iter().chain(fields).find(|o| o.id == code).map(|o| o.title.clone())
    }
    /// Whether a name is a clock or a group of clocks.
    pub(crate) fn clocks_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a ClockUse> {
        self.clocks.iter().filter(move |c| c.id == name || c.group.as_deref() == Some(name))
    }
    /// The ladder a clock climbs.
    #[must_use]
    pub fn rungs_of<'a>(&'a self, clock: &'a ClockUse) -> &'a [Rung] {
        if clock.rungs.is_empty() { &self.rungs } else { &clock.rungs }
    }
    /// States that wait for the operator alone: no clock of law runs for anybody, and the operator has a step.
    pub(crate) fn awaiting_operator(&self) -> impl Iterator<Item = &State> {
        let steps = |s: &State| self.leaving(&s.id).any(|t| t.by == Side::Operator && !t.quiet);
        self.states.iter().filter(move |s| s.open_ended.is_some() && steps(s))
    }
    /// Departments other than its own that take a step.
    pub fn guests(&self) -> impl Iterator<Item = &str> {
        self.transitions.iter().filter_map(|t| t.agency.as_deref()).filter(|a| *a != self.agency)
    }
    /// Transitions that leave a state, as written.
    pub fn leaving<'a>(&'a self, state: &'a str) -> impl Iterator<Item = &'a Transition> {
        self.transitions.iter().filter(move |t| t.from.iter().any(|f| f == state))
    }
}
