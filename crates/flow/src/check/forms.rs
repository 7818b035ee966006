//! Forms: every field is what its type needs, and every number cites where it comes from.

use super::Report;
use crate::form::{Field, FieldType, Lift, OPENED, Offer, STATE};
use base::Decimal;

impl Report<'_> {
    pub(super) fn forms(&mut self) {
        for form in &self.d.forms {
            let place = format!("form.{}", form.id);
            let used = self.d.transitions.iter().any(|t| t.form.as_ref() == Some(&form.id))
                || self.d.tasks.iter().any(|t| t.form == form.id)
                || self.d.opening.as_ref().is_some_and(|o| o.form.as_ref() == Some(&form.id));
            if !used {
                self.say(&place, "nothing uses it; remove it");
            }
            let mut names: Vec<&str> = form.leaves().iter().map(|f| f.id.as_str()).collect();
            parts(&form.fields, &mut names);
            self.unique(&place, &names);
            for field in &form.fields {
                self.field(&format!("{place}.{}", field.id), field, false);
            }
            for field in form.leaves().into_iter().filter(|f| !f.is_private()) {
                let row = field.fields.iter().filter(|_| field.kind == FieldType::Group);
                for asked in std::iter::once(field).chain(row).filter(|f| asks_for_a_name(f)) {
                    let text = "it asks for somebody's name, which would stand in the journal: make it private, a person or a signature";
                    self.say(format!("{place}.{}", asked.id), text);
                }
            }
            for check in form.checks.iter().filter(|c| form.field(&c.field).is_none()) {
                self.say(&place, format!("a check names no field: `{}`", check.field));
            }
        }
    }

    fn field(&mut self, place: &str, field: &Field, inner: bool) {
        let kind = field.kind;
        if (field.unit.is_some() || field.decimals.is_some()) && kind != FieldType::Number {
            self.say(place, "unit and decimals belong to a number");
        }
        if (field.min.is_some() || field.max.is_some())
            && !matches!(kind, FieldType::Number | FieldType::Money)
        {
            self.say(place, "min and max belong to a number or money");
        }
        let plain = |n: &Decimal| [Decimal::ZERO, Decimal::ONE, Decimal::ONE_HUNDRED].contains(n);
        let of_law = [&field.min, &field.max].into_iter().flatten().any(|n| !plain(n));
        if of_law && !field.basis.iter().any(rule::Basis::is_named) {
            self.say(place, "its smallest or largest number cites no clause; add basis");
        }
        if field.past && (kind != FieldType::Date || inner) {
            self.say(place, "only a date of the form itself lies in the past");
        }
        if let Some(fact) = field.from.as_ref().filter(|f| inner || self.d.fact(f).is_none()) {
            self.say(place, format!("a field of the form itself opens with a fact; `{fact}` is none"));
        }
        if field.ahead && (kind != FieldType::Date || inner || field.past) {
            self.say(place, "only a date of the form itself that is not in the past lies ahead");
        }
        if let Some(since) = &field.since {
            if kind != FieldType::Date || inner {
                self.say(place, "only a date of the form itself follows another");
            }
            let fact = self.d.fact(since).is_some();
            if !fact && !matches!(since.as_str(), OPENED | STATE) {
                self.say(place, format!("since names `{OPENED}`, `{STATE}` or a fact; `{since}` is none"));
            }
        }
        if let Some(column) = &field.distinct {
            let plain =
                |f: &Field| matches!(f.kind, FieldType::Text | FieldType::Select | FieldType::Operator);
            if kind != FieldType::Group || !field.fields.iter().any(|f| f.id == *column && plain(f)) {
                self.say(
                    place,
                    format!("distinct names a column of a group with plain values; `{column}` is none"),
                );
            }
        }
        let chosen = matches!(kind, FieldType::Select | FieldType::Multi);
        if chosen == field.options.is_empty() {
            self.say(place, "a select has options, and only a select or multi does");
        }
        if matches!(kind, FieldType::Group | FieldType::Part) == field.fields.is_empty() {
            self.say(place, "a group has fields, and only a group or part does");
        }
        if (kind == FieldType::Checklist) == field.items.is_empty() {
            self.say(place, "a checklist has items, and only a checklist does");
        }
        for (n, item) in field.items.iter().enumerate() {
            if item.id.is_empty() || item.id.contains(char::is_whitespace) {
                self.say(place, format!("item {} needs a number without blanks", n + 1));
            }
            if field.items[..n].iter().any(|i| i.id == item.id) {
                self.say(place, format!("the item `{}` stands twice", item.id));
            }
        }
        let codes: Vec<&str> = field.options.iter().map(|o| o.id.as_str()).collect();
        if codes.iter().enumerate().any(|(n, c)| codes[..n].contains(c)) {
            self.say(place, "an option stands twice");
        }
        let lifted = match field.lift {
            None => true,
            Some(Lift::Answer) => kind == FieldType::Select,
            Some(_) => kind == FieldType::Number,
        };
        if !lifted {
            self.say(place, "lift needs a number (answer: a select)");
        }
        let deep =
            matches!(kind, FieldType::Group | FieldType::Part | FieldType::Checklist | FieldType::Person);
        if inner && (deep || field.when.is_some() || field.lift.is_some()) {
            self.say(place, "a row of a group holds plain fields only");
        }
        if kind == FieldType::Part && (field.required || field.private) {
            self.say(place, "a part is only a section; say required and private of its fields");
        }
        for row in &field.fields {
            self.field(&format!("{place}.{}", row.id), row, kind == FieldType::Group);
        }
    }
}

/// Whether the heading of a free text asks for a name. Officers act under theirs.
fn asks_for_a_name(field: &Field) -> bool {
    const WORDS: [&str; 6] = ["姓名", "签名", "签收人", "联系人", "负责人", "法定代表人"];
    matches!(field.kind, FieldType::Text | FieldType::LongText)
        && field.offer != Some(Offer::Officer)
        && WORDS.iter().any(|w| field.title.zh.contains(w))
}

/// The ids of parts, which share the names of the form.
fn parts<'a>(fields: &'a [Field], names: &mut Vec<&'a str>) {
    for field in fields.iter().filter(|f| f.kind == FieldType::Part) {
        names.push(&field.id);
        parts(&field.fields, names);
    }
}
