//! The values given for one parameter, from an address or a JSON body, and reading them as what the parameter takes.

use super::compare::{Scalar, number};
use super::name::{key, word};
use crate::context::Context;
use crate::event::Action;
use crate::node::Node;
use crate::problem::{Problem, ProblemType};
use crate::time::Moment;
use crate::vocabulary::Vocabulary;
use base::{Decimal, Text};

pub(super) type Checked<T> = Result<T, Box<Problem>>;

/// One parameter as it was given.
pub(super) struct Given<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Where it stands, for problems.
    pub(super) pointer: String,
    /// Its values: the parts between pipes, or the items of a JSON array.
    pub(super) values: Vec<Node>,
    /// From an address, where everything is text.
    pub(super) is_text: bool,
    /// What prefixes mean.
    pub(super) context: &'a Context,
}

impl Given<'_> {
    /// The refusal of this parameter.
    pub(super) fn problem(&self, detail: Text, remedy: Text) -> Box<Problem> {
        Box::new(Problem::new(ProblemType::QueryParameter, self.pointer.clone(), detail, remedy))
    }

    /// The refusal of one value.
    fn wrong(&self, value: &Node, remedy: Text) -> Box<Problem> {
        let shown = value.as_str().map_or_else(|| value.to_json(), str::to_owned);
        let shown: String = shown.chars().take(200).collect();
        self.problem(
            Text::new(
                format!("参数 {} 的值“{shown}”不可用。", self.name),
                format!("The parameter {} cannot be '{shown}'.", self.name),
            ),
            remedy,
        )
    }

    /// The only value.
    fn one(&self) -> Checked<&Node> {
        match &*self.values {
            [one] => Ok(one),
            [] => Err(self.empty()),
            _ => Err(self.problem(
                Text::new(
                    format!("参数 {} 只能有一个值。", self.name),
                    format!("The parameter {} takes one value.", self.name),
                ),
                Text::of("请只保留一个值。", "Give it once, without a pipe."),
            )),
        }
    }

    fn empty(&self) -> Box<Problem> {
        self.problem(
            Text::new(
                format!("参数 {} 没有值。", self.name),
                format!("The parameter {} has no value.", self.name),
            ),
            Text::of("请至少填写一个值，或去掉该参数。", "Give at least one value, or leave it out."),
        )
    }

    /// Each value through `read`; at least one.
    fn each<T>(&self, read: impl Fn(&Node) -> Checked<T>) -> Checked<Vec<T>> {
        if self.values.is_empty() {
            return Err(self.empty());
        }
        self.values.iter().map(read).collect()
    }

    fn text<'n>(&self, value: &'n Node) -> Checked<&'n str> {
        value.as_str().filter(|text| !text.is_empty()).ok_or_else(|| {
            self.wrong(value, Text::of("请填写带引号的非空文本。", "Give a text that is not empty."))
        })
    }

    /// Texts, letter by letter.
    pub(super) fn texts(&self) -> Checked<Vec<Box<str>>> {
        self.each(|value| self.text(value).map(Into::into))
    }

    /// One text.
    pub(super) fn single(&self) -> Checked<&str> {
        self.text(self.one()?)
    }

    /// A URI with its prefix expanded, as written otherwise.
    fn full_uri<'n>(&'n self, value: &'n Node) -> Checked<&'n str> {
        let text = self.text(value)?;
        if crate::uri::is_uri(&self.context.expand_value(text)) {
            return Ok(text);
        }
        Err(self.wrong(
            value,
            Text::of(
                "请使用完整的 URI，如 https://id.gs1.org/01/09521141012345/21/2017 或 urn:epc:id:…；多个值用 | 分隔。",
                "Use a full URI such as https://id.gs1.org/01/09521141012345/21/2017 or urn:epc:id:…; separate several \
                 with a pipe.",
            ),
        ))
    }

    /// URIs in the form they are compared in.
    pub(super) fn keys(&self) -> Checked<Vec<Box<str>>> {
        self.each(|value| self.full_uri(value).map(|text| key(self.context, text).into()))
    }

    /// URIs as they are written.
    pub(super) fn uris(&self) -> Checked<Vec<&str>> {
        if self.values.is_empty() {
            return Err(self.empty());
        }
        self.values.iter().map(|value| self.full_uri(value)).collect()
    }

    /// Terms of a vocabulary: its words in any spelling, or other URIs.
    pub(super) fn words(&self, vocabulary: &Vocabulary) -> Checked<Vec<Box<str>>> {
        self.each(|value| {
            let text = self.text(value)?;
            let term = word(self.context, vocabulary, text);
            if term.contains(':') || vocabulary.words.contains(&&*term) {
                return Ok(term.into());
            }
            let near = vocabulary.nearest(text);
            Err(self.wrong(value, suggestion(near.as_deref(), vocabulary.words.first().copied())))
        })
    }

    /// Names of event types.
    pub(super) fn event_types(&self) -> Checked<Vec<Box<str>>> {
        const TYPES: Vocabulary = Vocabulary {
            base: "https://ref.gs1.org/epcis/",
            urn: None,
            words: &[
                "ObjectEvent",
                "AggregationEvent",
                "TransactionEvent",
                "TransformationEvent",
                "AssociationEvent",
            ],
        };
        self.words(&TYPES)
    }

    /// Actions.
    pub(super) fn actions(&self) -> Checked<Vec<Action>> {
        self.each(|value| {
            value.as_str().and_then(Action::parse).ok_or_else(|| {
                self.wrong(value, Text::of("请使用 ADD、OBSERVE 或 DELETE。", "Use ADD, OBSERVE or DELETE."))
            })
        })
    }

    fn read_number(&self, value: &Node) -> Checked<Decimal> {
        super::compare::decimal(value)
            .ok_or_else(|| self.wrong(value, Text::of("请填写数字，如 8.5。", "Give a number such as 8.5.")))
    }

    /// One number.
    pub(super) fn number(&self) -> Checked<Decimal> {
        self.read_number(self.one()?)
    }

    /// Numbers.
    pub(super) fn numbers(&self) -> Checked<Vec<Decimal>> {
        self.each(|value| self.read_number(value))
    }

    /// The moment a text says. In an address a plus sign that nobody encoded has become a space.
    fn as_moment(&self, text: &str) -> Option<Moment> {
        let plus = if self.is_text { text.replace(' ', "+") } else { text.to_owned() };
        Moment::parse(&plus)
    }

    /// One date-time.
    pub(super) fn moment(&self) -> Checked<Moment> {
        let value = self.one()?;
        value.as_str().and_then(|text| self.as_moment(text)).ok_or_else(|| {
            self.wrong(
                value,
                Text::of(
                    "请使用带时区的时间，如 2026-11-21T08:00:00+08:00（网址中加号须编码为 %2B）。",
                    "Use a time with its zone, like 2026-11-21T08:00:00+08:00 (in an address write the plus as %2B).",
                ),
            )
        })
    }

    /// Values to compare for equality: texts, numbers, date-times.
    pub(super) fn equals(&self) -> Checked<Vec<Scalar>> {
        self.each(|value| match value {
            Node::String(text) => Ok(match self.as_moment(text) {
                Some(moment) => Scalar::Time(moment),
                None => Scalar::Text(key(self.context, text).into()),
            }),
            Node::Bool(value) => Ok(Scalar::Text(value.to_string().into())),
            Node::Number(_) => self.read_number(value).map(Scalar::Number),
            other => Err(self
                .wrong(other, Text::of("请填写文本、数字或时间。", "Give a text, a number or a date-time."))),
        })
    }

    /// One number or date-time: nothing else can be greater or less.
    pub(super) fn bound(&self) -> Checked<Scalar> {
        let value = self.one()?;
        if let Some(number) = super::compare::decimal(value) {
            return Ok(Scalar::Number(number));
        }
        value.as_str().and_then(|text| self.as_moment(text)).map(Scalar::Time).ok_or_else(|| {
            self.wrong(
                value,
                Text::of(
                    "大小比较只用于数字和带时区的时间。",
                    "Greater and less compare only numbers and date-times with a zone.",
                ),
            )
        })
    }

    /// A boolean.
    pub(super) fn boolean(&self) -> Checked<bool> {
        match self.one()? {
            Node::Bool(value) => Ok(*value),
            Node::String(text) if &**text == "true" => Ok(true),
            Node::String(text) if &**text == "false" => Ok(false),
            other => Err(self.wrong(other, Text::of("请使用 true 或 false。", "Use true or false."))),
        }
    }

    /// Whether an `EXISTS_…` restricts: a boolean, a number, null or nothing at all.
    pub(super) fn exists(&self) -> Checked<bool> {
        match &*self.values {
            [] | [Node::Null] => Ok(true),
            [Node::Number(digits)] => Ok(number(digits) != Some(Decimal::ZERO)),
            [Node::String(text)] if text.is_empty() => Ok(true),
            [Node::String(text)] if number(text).is_some() => Ok(number(text) != Some(Decimal::ZERO)),
            _ => self.boolean(),
        }
    }

    /// A whole number, `least` or more.
    pub(super) fn count(&self, least: u64) -> Checked<u64> {
        let value = self.one()?;
        let read = match value {
            Node::Number(digits) => digits.parse().ok(),
            Node::String(text) => text.parse().ok(),
            _ => None,
        };
        read.filter(|count| *count >= least).ok_or_else(|| {
            self.wrong(
                value,
                Text::new(
                    format!("请填写不小于 {least} 的整数。"),
                    format!("Use a whole number, {least} or more."),
                ),
            )
        })
    }
}

/// The remedy for a mistyped word.
pub(super) fn suggestion(near: Option<&str>, example: Option<&str>) -> Text {
    match near {
        Some(near) => Text::new(
            format!("是否想写“{near}”？非标准值请使用完整 URI。"),
            format!("Did you mean '{near}'? A value outside the standard is a full URI."),
        ),
        None => {
            let example = example.unwrap_or_default();
            Text::new(
                format!("请使用标准词（如 {example}）或完整 URI。"),
                format!("Use a word of the standard such as {example}, or a full URI."),
            )
        }
    }
}
