//! Official documents: a template of the rulebook and data become safe HTML in both languages.

use base::{Date, Text};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, escape_formatter};
use serde::{Deserialize, Serialize};

/// A template as the rulebook holds it. The three texts use the syntax of Jinja; what stands in `{{ }}` is always escaped.
///
/// A fact without a value (`null`) is printed as a blank to be filled in by hand; one the data do not have at all is an error.
///
/// Filters beside the usual ones: `date_zh` (2026年9月2日) and `date_en` (2 September 2026) for ISO dates. There is no way to
/// switch escaping off and none to read other files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The title, as template text without markup.
    pub title: Text,
    /// The body in Chinese, HTML.
    pub zh: String,
    /// The body in English, HTML.
    pub en: String,
}

/// A document made from a template: fragments for the body of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The title, plain text: escape it where it is shown.
    pub title: Text,
    /// The body in Chinese, safe HTML.
    pub html_zh: String,
    /// The body in English, safe HTML.
    pub html_en: String,
}

impl Document {
    /// The body in a language.
    #[must_use]
    pub fn html(&self, lang: base::Lang) -> &str {
        lang.pick(&self.html_zh, &self.html_en)
    }
}

/// Why a document cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct DocumentError {
    /// Which text: `title.zh`, `title.en`, `zh`, `en`.
    pub part: &'static str,
    /// The line in that text, from 1, where known.
    pub line: Option<usize>,
    /// What is wrong, for the author of the template.
    pub detail: String,
}

impl DocumentError {
    /// The message for the person who asked for the document.
    #[must_use]
    pub fn text(&self) -> Text {
        let Self { part, line, detail } = self;
        let at = line.map_or(String::new(), |l| format!(":{l}"));
        Text::new(
            format!("文书模板（{part}{at}）无法生成：{detail}。请补全数据或修改规则库模板"),
            format!(
                "the document template ({part}{at}) cannot be filled in: {detail}. Complete the data or correct the template in the rulebook"
            ),
        )
    }
}

/// How many steps of the engine one text may take: enough for a list of tens of thousands of rows, and an end to a loop gone wrong.
const FUEL: u64 = 2_000_000;

/// What stands where a fact has no value: the blank of a printed form.
const BLANK: &str = "＿＿＿＿";

fn environment(escape: AutoEscape) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    let default = escape.clone();
    env.set_auto_escape_callback(move |_| default.clone());
    env.set_fuel(Some(FUEL));
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    env.set_syntax(syntax.unwrap_or_default());
    env.remove_filter("safe");
    // `{% autoescape false %}` is refused where it takes effect
    env.set_formatter(move |out, state, value| {
        if *state.auto_escape() != escape {
            return Err(Error::new(ErrorKind::InvalidOperation, "escaping may not be switched off"));
        }
        // a paper never shows a computer's word: what is not known is a line to write on
        if value.is_none() {
            return out.write_str(BLANK).map_err(Error::from);
        }
        escape_formatter(out, state, value)
    });
    env.add_filter("date_zh", |text: String| {
        Ok::<_, Error>(iso(&text)?.strftime("%Y年%-m月%-d日").to_string())
    });
    env.add_filter("date_en", |text: String| Ok::<_, Error>(iso(&text)?.strftime("%-d %B %Y").to_string()));
    env
}

/// The date of an ISO date or date-time text.
fn iso(text: &str) -> Result<Date, Error> {
    let day = text.get(..10).unwrap_or(text);
    let wrong =
        |_| Error::new(ErrorKind::InvalidOperation, format!("'{text}' is not a date such as 2026-09-02"));
    day.parse().map_err(wrong)
}

impl Template {
    const fn parts(&self) -> [(&'static str, AutoEscape); 4] {
        [
            ("title.zh", AutoEscape::None),
            ("title.en", AutoEscape::None),
            ("zh", AutoEscape::Html),
            ("en", AutoEscape::Html),
        ]
    }

    fn source(&self, part: &str) -> &str {
        match part {
            "title.zh" => &self.title.zh,
            "title.en" => &self.title.en,
            "zh" => &self.zh,
            _ => &self.en,
        }
    }

    /// Checks the syntax of all texts and returns the names of the data they use (`firm.name`), sorted: for the check of
    /// the rulebook at load.
    ///
    /// # Errors
    /// At the first text that is no template.
    pub fn check(&self) -> Result<Vec<String>, DocumentError> {
        let mut names = std::collections::BTreeSet::new();
        for (part, escape) in self.parts() {
            let env = environment(escape);
            let template = env.template_from_str(self.source(part)).map_err(|e| problem(part, &e))?;
            // functions and loop variables are declared; what is left is data
            names.extend(template.undeclared_variables(true));
        }
        Ok(names.into_iter().collect())
    }

    /// Fills the template in.
    ///
    /// # Errors
    /// When a text is no template, the data lack what it uses, or it runs too long.
    pub fn render(&self, data: &impl Serialize) -> Result<Document, DocumentError> {
        let value = Value::from(Serde(data));
        let fill = |(part, escape): (&'static str, AutoEscape)| {
            let env = environment(escape);
            env.render_str(self.source(part), value.clone()).map_err(|e| problem(part, &e))
        };
        let [title_zh, title_en, zh, en] = self.parts();
        Ok(Document {
            title: Text::new(fill(title_zh)?, fill(title_en)?),
            html_zh: fill(zh)?,
            html_en: fill(en)?,
        })
    }
}

fn problem(part: &'static str, error: &Error) -> DocumentError {
    let detail = match (error.kind(), error.detail()) {
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    DocumentError { part, line: error.line(), detail }
}
