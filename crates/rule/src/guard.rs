//! CEL expressions over declared facts; the only module that knows the CEL library.

use crate::{Error, functions};
use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};
use cel::{Context, Program, Value};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Longest expression taken.
const LONGEST: usize = 2000;

/// A compiled expression. Declared facts that are absent read as `null`, so `facts.level != null` asks whether a
/// fact is there; `dec("0.05")` or `dec(form.weight)` gives whole millionths for exact comparison and sums
/// (`dec(null)` is 0).
#[derive(Debug)]
pub struct Guard {
    text: String,
    program: Program,
    paths: Vec<Vec<String>>,
}

impl Guard {
    /// Compiles `text`; every name in it must be one of the dotted paths of `declared` or lie below one.
    ///
    /// # Errors
    /// [`Error::Syntax`], [`Error::Undeclared`] naming the path, [`Error::Forbidden`] for `has()`, unknown
    /// functions and binary floats.
    pub fn compile<'a>(text: &str, declared: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let syntax = |problem: String| Error::Syntax { text: text.to_owned(), problem };
        if text.len() > LONGEST {
            return Err(syntax(format!("longer than {LONGEST} bytes; split the rule")));
        }
        let program = catch_unwind(AssertUnwindSafe(|| Program::compile(text)))
            .map_err(|_| syntax("the parser gave up".into()))?
            .map_err(|e| syntax(e.to_string().lines().next().unwrap_or_default().to_owned()))?;
        let declared: BTreeSet<&str> = declared.into_iter().collect();
        let mut walk = Walk { text, declared: &declared, locals: Vec::new(), paths: BTreeSet::new() };
        walk.visit(program.expression())?;
        let paths = walk.paths.iter().map(|p| p.split('.').map(ToOwned::to_owned).collect()).collect();
        Ok(Self { text: text.to_owned(), program, paths })
    }

    /// The expression as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The declared paths the expression reads, in order.
    pub fn reads(&self) -> impl Iterator<Item = String> {
        self.paths.iter().map(|p| p.join("."))
    }

    /// Whether the facts satisfy the expression.
    ///
    /// # Errors
    /// [`Error::Facts`] when a fact is missing or of another kind than the expression needs, or the result is not
    /// true or false.
    pub fn allows(&self, facts: &Json) -> Result<bool, Error> {
        match self.evaluate(facts)? {
            Value::Bool(b) => Ok(b),
            other => Err(self.facts(format!("the result is {:?}, not true or false", other.type_of()))),
        }
    }

    /// The whole number the expression gives.
    ///
    /// # Errors
    /// As [`Guard::allows`].
    pub fn number(&self, facts: &Json) -> Result<i64, Error> {
        match self.evaluate(facts)? {
            Value::Int(n) => Ok(n),
            other => Err(self.facts(format!("the result is {:?}, not a whole number", other.type_of()))),
        }
    }

    /// What the expression gives: a whole number, a text, true or false, or null.
    ///
    /// # Errors
    /// As [`Guard::allows`], and for lists and maps.
    pub fn value(&self, facts: &Json) -> Result<Json, Error> {
        match self.evaluate(facts)? {
            Value::Null => Ok(Json::Null),
            Value::Bool(b) => Ok(Json::Bool(b)),
            Value::Int(n) => Ok(Json::from(n)),
            Value::String(s) => Ok(Json::from(s.as_str())),
            other => Err(self.facts(format!("the result is {:?}, not a single value", other.type_of()))),
        }
    }

    /// The numbers written in the expression that the law must give: every whole number and `dec("…")` but 0, 1, 100, the million of
    /// millionths and the places of `round`.
    #[must_use]
    pub fn numbers(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut before = "";
        for (n, part) in self.text.split('"').enumerate() {
            if n % 2 == 1 {
                // a text outside dec() is a code
                if before.trim_end().ends_with("dec(") && part.parse::<base::Decimal>().is_ok() {
                    found.push(part.to_owned());
                }
                continue;
            }
            before = part;
            let places = part.contains("round(") || part.trim_start().starts_with(')');
            let part = if places { without_places(part) } else { part.to_owned() };
            let words = part.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.')));
            found.extend(words.filter(|w| w.parse::<u64>().is_ok()).map(ToOwned::to_owned));
        }
        found.retain(|n| !matches!(n.as_str(), "0" | "1" | "100" | "1000000"));
        found
    }

    fn facts(&self, problem: String) -> Error {
        Error::Facts { text: self.text.clone(), problem }
    }

    fn evaluate(&self, facts: &Json) -> Result<Value, Error> {
        let mut roots: Map<String, Json> = Map::new();
        for path in &self.paths {
            let root = &path[0];
            if !roots.contains_key(root) {
                roots.insert(root.clone(), facts.get(root).cloned().unwrap_or(Json::Null));
            }
            if let Some(value) = roots.get_mut(root) {
                fill(value, &path[1..]);
            }
        }
        catch_unwind(AssertUnwindSafe(|| {
            let mut context = Context::default();
            functions::add(&mut context).map_err(|e| self.facts(e))?;
            for (name, value) in &roots {
                context.add_variable_from_value(name.as_str(), to_cel(value));
            }
            self.program.execute(&context).map_err(|e| self.facts(e.to_string()))
        }))
        .map_err(|_| self.facts("the evaluator gave up".into()))?
    }
}

/// Without the second argument of `round`: one digit between a comma and a bracket.
fn without_places(part: &str) -> String {
    let mut out = part.to_owned();
    for places in '0'..='6' {
        out = out.replace(&format!(", {places})"), ")");
    }
    out
}

/// Puts `null` where a declared path is absent.
fn fill(value: &mut Json, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    if value.is_null() {
        *value = Json::Object(Map::new());
    }
    if let Json::Object(map) = value {
        fill(map.entry(first.clone()).or_insert(Json::Null), rest);
    }
}

fn to_cel(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        // a number that is not whole stays as reported: `dec()` reads it, nothing else can
        Json::Number(n) => n.as_i64().map_or_else(|| Value::from(n.to_string()), Value::Int),
        Json::String(s) => Value::from(s.as_str()),
        Json::Array(a) => Value::List(Arc::new(a.iter().map(to_cel).collect())),
        Json::Object(o) => {
            Value::from(o.iter().map(|(k, v)| (k.clone(), to_cel(v))).collect::<HashMap<String, Value>>())
        }
    }
}

struct Walk<'a> {
    text: &'a str,
    declared: &'a BTreeSet<&'a str>,
    locals: Vec<String>,
    paths: BTreeSet<String>,
}

impl Walk<'_> {
    fn forbidden(&self, what: impl Into<String>, remedy: &'static str) -> Error {
        Error::Forbidden { text: self.text.to_owned(), what: what.into(), remedy }
    }

    fn visit(&mut self, node: &IdedExpr) -> Result<(), Error> {
        match &node.expr {
            Expr::Unspecified => Err(Error::Syntax { text: self.text.into(), problem: "empty part".into() }),
            Expr::Literal(LiteralValue::Double(_)) => {
                Err(self.forbidden("a binary floating-point number", "write dec(\"0.5\")"))
            }
            Expr::Literal(_) => Ok(()),
            Expr::Struct(_) => Err(self.forbidden("a structure literal", "name declared facts only")),
            Expr::Ident(_) | Expr::Select(_) => self.path(node),
            Expr::Call(call) => {
                let name = call.func_name.as_str();
                let operator = name.starts_with(['_', '!', '-', '@']);
                if !operator && !functions::NAMES.contains(&name) {
                    return Err(self.forbidden(
                        format!("the function `{name}`"),
                        "use size, contains, startsWith, endsWith, int, string, dec, mul, div, min, max, round, sum or days",
                    ));
                }
                call.target.as_deref().map_or(Ok(()), |t| self.visit(t))?;
                call.args.iter().try_for_each(|a| self.visit(a))
            }
            Expr::List(list) => list.elements.iter().try_for_each(|e| self.visit(e)),
            Expr::Map(map) => map.entries.iter().try_for_each(|e| match &e.expr {
                EntryExpr::MapEntry(m) => self.visit(&m.key).and_then(|()| self.visit(&m.value)),
                EntryExpr::StructField(f) => self.visit(&f.value),
            }),
            Expr::Comprehension(c) => {
                self.visit(&c.iter_range)?;
                self.visit(&c.accu_init)?;
                let depth = self.locals.len();
                self.locals.push(c.iter_var.clone());
                self.locals.push(c.accu_var.clone());
                self.locals.extend(c.iter_var2.clone());
                let inner =
                    [&c.loop_cond, &c.loop_step, &c.result].into_iter().try_for_each(|e| self.visit(e));
                self.locals.truncate(depth);
                inner
            }
        }
    }

    /// An identifier or a chain of selections on one.
    fn path(&mut self, node: &IdedExpr) -> Result<(), Error> {
        let mut names = Vec::new();
        let mut at = node;
        loop {
            match &at.expr {
                Expr::Select(select) => {
                    if select.test {
                        return Err(self.forbidden("has()", "absent facts are null: write x != null"));
                    }
                    names.push(select.field.as_str());
                    at = &select.operand;
                }
                Expr::Ident(name) => {
                    names.push(name.as_str());
                    break;
                }
                _ => return self.visit(at),
            }
        }
        names.reverse();
        if names[0].starts_with('@') || self.locals.iter().any(|l| l == names[0]) {
            return Ok(());
        }
        let mut prefix = String::new();
        for name in &names {
            if !prefix.is_empty() {
                prefix.push('.');
            }
            prefix.push_str(name);
            if self.declared.contains(prefix.as_str()) {
                self.paths.insert(prefix);
                return Ok(());
            }
        }
        let known = self.declared.iter().take(12).copied().collect::<Vec<_>>().join(", ");
        Err(Error::Undeclared { text: self.text.to_owned(), name: prefix, known })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const DECLARED: &[&str] = &["facts.level", "facts.items", "form.found", "form.sealed", "tasks.open"];

    fn guard(text: &str) -> Result<Guard, Error> {
        Guard::compile(text, DECLARED.iter().copied())
    }

    #[test]
    fn guards_read_declared_facts() {
        let facts = json!({
            "facts": {"level": "1", "items": [{"q": 2}, {"q": 0}]},
            "form": {"found": "12.50", "sealed": 10},
            "tasks": {"open": 0},
        });
        for (text, want) in [
            ("facts.level == \"1\" && tasks.open == 0", true),
            ("dec(form.found) >= dec(form.sealed) + dec(\"2.5\")", true),
            ("dec(form.found) > dec(form.sealed) + dec(\"2.5\")", false),
            ("facts.level in [\"1\", \"2\"]", true),
            ("facts.items.exists(i, i.q > 1)", true),
            ("facts.items.all(i, i.q > 1)", false),
            ("size(facts.items) == 2", true),
            ("!(facts.level == null)", true),
        ] {
            assert_eq!(guard(text).and_then(|g| g.allows(&facts)), Ok(want), "{text}");
        }
    }

    #[test]
    fn arithmetic_is_exact_and_rounds_half_up() {
        let facts = json!({
            "facts": {"items": [{"q": "2.5"}, {"q": "0.25"}]},
            "form": {"found": "12.50", "sealed": "3"},
        });
        for (text, want) in [
            ("mul(dec(form.found), dec(\"0.05\"))", 625_000),
            ("div(dec(form.found), dec(form.sealed))", 4_166_667),
            ("round(div(dec(form.found), dec(form.sealed)), 2)", 4_170_000),
            ("round(dec(\"-0.125\"), 2)", -130_000),
            ("min(dec(form.found), dec(\"500000\"))", 12_500_000),
            ("max(tasks.open == null ? 0 : 1, 3)", 3),
            ("sum(facts.items.map(i, dec(i.q)))", 2_750_000),
            ("sum(facts.level)", 0),
            ("days(\"2026-02-20\", \"2026-03-01\")", 9),
            ("days(\"2026-03-01\", \"2026-02-20\")", -9),
        ] {
            assert_eq!(guard(text).unwrap().number(&facts), Ok(want), "{text}");
        }
        for text in
            ["div(1, 0)", "mul(form.found, 2)", "days(form.found, \"2026-01-01\")", "round(1, 7)", "sum(3)"]
        {
            assert!(matches!(guard(text).unwrap().number(&facts), Err(Error::Facts { .. })), "{text}");
        }
        let text = guard("tasks.open == 0 ? \"none\" : facts.level").unwrap();
        assert_eq!(text.value(&json!({"tasks": {"open": 0}})), Ok(json!("none")));
        assert_eq!(text.value(&json!({"tasks": {"open": 2}})), Ok(json!(null)));
    }

    #[test]
    fn numbers_of_law_are_seen_and_names_with_digits_are_not() {
        for (text, want) in [
            ("facts.level == \"2\" && tasks.open == 0", vec![]),
            ("dec(form.found) <= dec(\"500000\")", vec!["500000"]),
            ("round(dec(form.found), 2) > 0", vec![]),
            ("round(mul(dec(form.found), dec(\"0.05\")), 2) > 0", vec!["0.05"]),
            ("tasks.open >= 3 && facts.level in [\"a2\"]", vec!["3"]),
        ] {
            assert_eq!(guard(text).unwrap().numbers(), want, "{text}");
        }
    }

    #[test]
    fn an_absent_fact_reads_as_null() {
        assert_eq!(guard("facts.level == null").unwrap().allows(&json!({})), Ok(true));
        assert_eq!(guard("dec(form.found) == 0").unwrap().allows(&json!({"form": {}})), Ok(true));
    }

    #[test]
    fn undeclared_names_and_unsafe_parts_are_refused_at_load() {
        assert!(
            matches!(guard("facts.levle == 1"), Err(Error::Undeclared { name, .. }) if name == "facts.levle")
        );
        assert!(matches!(guard("other > 1"), Err(Error::Undeclared { name, .. }) if name == "other"));
        assert!(
            matches!(guard("facts.items.exists(i, j.q > 1)"), Err(Error::Undeclared { name, .. }) if name == "j.q")
        );
        for text in
            ["has(facts.level)", "tasks.open > 0.5", "tasks.open.matches(\"a\")", "timestamp(\"x\") == 1"]
        {
            assert!(matches!(guard(text), Err(Error::Forbidden { .. })), "{text}: {:?}", guard(text));
        }
        for text in ["", "facts.level ==", "((((", "a b"] {
            assert!(matches!(guard(text), Err(Error::Syntax { .. })), "{text}");
        }
    }

    #[test]
    fn facts_of_another_kind_are_an_error_not_a_panic() {
        for (text, facts) in [
            ("tasks.open > 0", json!({"tasks": {"open": "many"}})),
            ("tasks.open > 0", json!({"tasks": 3})),
            ("tasks.open + 1", json!({"tasks": {"open": i64::MAX}})),
            ("tasks.open", json!({"tasks": {"open": 1}})),
            ("dec(form.found) > 0", json!({"form": {"found": "zwölf"}})),
            ("1 / tasks.open == 1", json!({"tasks": {"open": 0}})),
            ("facts.items[3] == 1", json!({"facts": {"items": []}})),
        ] {
            let got = guard(text).unwrap().allows(&facts);
            assert!(matches!(got, Err(Error::Facts { .. })), "{text}: {got:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_text_makes_the_compiler_panic(text in "[a-z0-9 .()\\[\\]{}\"'&|=<>!+*/?:,-]{0,40}") {
            let _ = guard(&text);
        }
    }
}
