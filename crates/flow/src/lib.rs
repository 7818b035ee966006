//! Procedures as data: matters, tasks, clocks, forms and documents, moved by one engine.
//!
//! Main types: [`Definition`] (a procedure as written in the rulebook), [`load`] and [`check`] (strict reading and
//! proof of each file), [`Engine`] (compiled procedures, effects, calendar), [`Effect`] (a consequence). Invariants: every
//! change is one transaction that authorises, checks, runs the effects, writes state, tasks and clocks and appends
//! the journal entry; a due date is computed, never typed; a running matter keeps the procedure it began under;
//! no task is open in a finished matter. It must never know what a lot, a sample or a recall is: that is data and effects.

mod assessed;
mod check;
mod definition;
mod draw;
mod drill;
mod effect;
mod engine;
mod error;
mod files;
mod form;
mod guards;
mod ladder;
mod live;
mod load;
mod merged;
mod migrate;
mod number;
mod opening;
mod paper;
mod peek;
mod people;
mod procedure;
mod publish;
mod recusal;
mod report;
mod revise;
mod step;
mod timing;
pub mod view;
mod wait;
mod whatif;
mod words;
mod xlsform;

pub use assessed::fill_assessed;
pub use check::{Finding, Vocabulary, check, check_overlay};
pub use definition::{
    After, Assessed, AssessedOutcome, BalanceRule, ClockUse, Compute, Computed, Definition, DocumentRule,
    Earliest, EffectUse, Extension, Fact, Opening, PaperRule, PartyFacts, Pause, PublicFor, Publication,
    Remedy, Rung, RungAct, Side, State, TaskRule, Transition,
};
pub use draw::draw;
pub use effect::{
    Authority, ClockChange, DocumentSource, Effect, EffectCx, EffectOut, Effects, MatterDraft, NewDocument,
    NewItem, NewLink, NewMatter, NewTask, Render,
};
pub use engine::{Engine, Party, Recusals, Register};
pub use error::{Change, EffectError, Error};
pub use files::{FileView, may_read_file, record_file};
pub use form::{
    Check, CheckItem, Choice, Field, FieldError, FieldType, Form, Lift, Offer, RESULTS, SheetColumn,
};
pub use ladder::{SweepFault, Swept, sweep, sweep_faults, sweep_faults_counted};
pub use load::{LoadError, changed, load, load_all, read_folder, shipped};
pub use merged::{follow_merge, undo_follow_merge};
pub use migrate::migrate;
pub use number::{OrganSign, organ_sign, organ_signs, set_organ_sign};
pub use opening::{Request, open_by_form};
pub use paper::PaperView;
pub use peek::{Standing, last_linked, peek, standing};
pub use people::{Absence, HandedOver, absences, assign_matter, begin_absence, end_absence, hand_over};
pub use procedure::Procedure;
pub use publish::{Published, publish_document, withdraw_document};
pub use recusal::recuse;
pub use report::{ItemOutcome, assign_task, report_item};
pub use revise::{Revision, revise_document};
pub use rule::Basis;
pub use step::{Opened, Outcome, open, open_as, transition, transition_as_system};
pub use timing::{extend_clock, resume_clock, suspend_clock};
pub use whatif::{Changed, Span, Tally, WhatIf, whatif};
pub use xlsform::{Converted, SheetRow, xlsform};
