//! Typed validation in one pass: everything the official JSON schema enforces, and the rules it cannot express.
//!
//! Where the official artefacts part, each syntax is held to its own schema: `persistentDisposition` on aggregation,
//! transaction and association events is refused in JSON and taken in XML; combinations that only the JSON schema
//! demands (something named, `ilmd` only with `ADD`) are advice in XML; a report may have `exception` instead of `type`
//! only in XML; an object event with an empty `epcList` passes both schemas and gets advice. Rules that official example
//! documents themselves break (the same attribute in metadata and report, a measurement after its event) are advice
//! unless [`Limits::strict`] is set. A unit has 2 or 3 characters in events.

mod event;
mod field;
mod header;
mod sensor;

use crate::context::{Context, Syntax};
use crate::limits::Limits;
use crate::node::Node;
use crate::pointer::Path;
use crate::problem::{Problem, ProblemType, Severity, keep};
use base::Text;

pub(crate) use header::{Shape, shape};

/// Collects findings about one document.
pub(crate) struct Checker<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) context: &'a Context,
    pub(crate) problems: Vec<Problem>,
    pub(crate) errors: usize,
}

impl<'a> Checker<'a> {
    pub(crate) const fn new(limits: &'a Limits, context: &'a Context) -> Self {
        Self { limits, context, problems: Vec::new(), errors: 0 }
    }

    /// The same collector for a part with a context of its own.
    pub(crate) fn within<'b>(&mut self, context: &'b Context, check: impl FnOnce(&mut Checker<'b>))
    where
        'a: 'b,
    {
        let mut inner = Checker {
            limits: self.limits,
            context,
            problems: std::mem::take(&mut self.problems),
            errors: self.errors,
        };
        check(&mut inner);
        self.problems = inner.problems;
        self.errors = inner.errors;
    }

    fn is_xml(&self) -> bool {
        self.context.syntax == Syntax::Xml
    }

    /// Takes over an error found elsewhere.
    pub(crate) fn add(&mut self, problem: Problem) {
        self.errors += 1;
        keep(&mut self.problems, problem, self.limits.problems);
    }

    pub(crate) fn error(&mut self, path: &Path<'_>, detail: Text, remedy: Text) {
        self.add(Problem::new(ProblemType::Validation, path.render(), clip(detail), remedy));
    }

    /// A rule that official examples themselves break: an error only in strict mode.
    fn advise(&mut self, path: &Path<'_>, detail: Text, remedy: Text) {
        if self.limits.strict {
            self.error(path, detail, remedy);
        } else {
            let mut problem = Problem::new(ProblemType::Validation, path.render(), clip(detail), remedy);
            problem.severity = Severity::Advice;
            keep(&mut self.problems, problem, self.limits.problems);
        }
    }

    fn missing(&mut self, path: &Path<'_>, name: &str, example_zh: &str, example_en: &str) {
        self.error(
            &path.name(name),
            Text::new(format!("缺少必填字段 {name}。"), format!("The required field {name} is missing.")),
            Text::new(format!("请填写{example_zh}。"), format!("Give {example_en}.")),
        );
    }

    /// A combination the JSON schema demands and the XSD leaves open.
    fn incomplete(&mut self, path: &Path<'_>, detail: Text, remedy: Text) {
        if self.is_xml() {
            self.advise(path, detail, remedy);
        } else {
            self.error(path, detail, remedy);
        }
    }

    fn wrong_sort(&mut self, path: &Path<'_>, node: &Node, wanted: &Text) {
        let found = node.sort();
        self.error(
            path,
            Text::new(
                format!("此处应为{}，实为{}。", wanted.zh, found.zh),
                format!("Expected {}, found {}.", wanted.en, found.en),
            ),
            Text::new(format!("请改为{}。", wanted.zh), format!("Write {}.", wanted.en)),
        );
    }

    /// A field name outside the standard's list: must be a URI or prefixed name whose prefix is defined.
    fn extension_name(&mut self, path: &Path<'_>, name: &str) {
        if self.is_xml() && !name.contains(':') {
            return; // the order of elements has been checked; 1.2 allows names without namespace
        }
        if !crate::uri::is_uri(name) {
            self.error(
                &path.name(name),
                Text::new(format!("标准中没有字段“{name}”。"), format!("The standard has no field \"{name}\" here.")),
                Text::of(
                    "请检查拼写；自定义字段须写成“前缀:名称”，并在 @context 中定义前缀。",
                    "Check the spelling; an extension field is written prefix:name with the prefix defined in @context.",
                ),
            );
        } else if !self.context.knows(name) {
            let prefix = name.split(':').next().unwrap_or_default();
            self.error(
                &path.name(name),
                Text::new(
                    format!("前缀“{prefix}”没有定义。"),
                    format!("The prefix \"{prefix}\" is not defined."),
                ),
                Text::new(
                    format!("请在 @context 中加入 {{\"{prefix}\": \"https://…/\"}}。"),
                    format!("Add {{\"{prefix}\": \"https://…/\"}} to @context."),
                ),
            );
        }
    }
}

/// A detail that quotes a very long value, cut.
fn clip(detail: Text) -> Text {
    const LONGEST: usize = 400;
    let cut = |text: &str| text.chars().take(LONGEST).chain(['…']).collect::<String>();
    if detail.zh.len() <= LONGEST && detail.en.len() <= LONGEST {
        return detail;
    }
    Text::new(cut(&detail.zh), cut(&detail.en))
}

const OBJECT: Text = Text::of("对象 {…}", "an object {…}");
const ARRAY: Text = Text::of("数组 […]", "an array […]");
const TEXT: Text = Text::of("带引号的文本", "a quoted text");
const NUMBER: Text = Text::of("不带引号的数字", "a number without quotes");
const BOOLEAN: Text = Text::of("true 或 false", "true or false");
