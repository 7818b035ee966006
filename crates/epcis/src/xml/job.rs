//! An `EPCISCaptureJob` in XML: what the XSD 2.0 says of it.

use super::element::Element;
use super::found::Found;
use super::{hollow, stray};
use crate::job::ErrorBehaviour;
use crate::problem::Problem;
use crate::time::Moment;
use base::Text;

/// Parts of a job and of a problem in their order, with whether they must be there.
const JOB: [(&str, bool); 5] = [
    ("captureErrorBehaviour", true),
    ("createdAt", false),
    ("finishedAt", false),
    ("errors", false),
    ("errorFile", false),
];
const ERROR: [(&str, bool); 5] =
    [("type", true), ("title", true), ("status", false), ("detail", false), ("instance", false)];

/// What is wrong with a capture job.
pub(super) fn check(job: &Element) -> Vec<Problem> {
    let mut found = Found::at("");
    for name in ["running", "success", "captureID"] {
        match job.attribute(name) {
            None => found.add_below(
                job,
                name,
                Text::new(format!("缺少属性 {name}。"), format!("The attribute {name} is missing.")),
                Text::of("请填写。", "Give it."),
            ),
            Some(value) if name != "captureID" && !["true", "false", "1", "0"].contains(&value) => {
                found.add_below(
                    job,
                    name,
                    Text::new(format!("“{value}”不是布尔值。"), format!("\"{value}\" is not a boolean.")),
                    Text::of("请写 true 或 false。", "Write true or false."),
                );
            }
            Some(_) => {}
        }
    }
    sequence(job, &JOB, &mut found);
    hollow::typed(job, &mut found);
    for part in job.children.iter().filter(|part| part.namespace.is_none()) {
        let text = part.text.trim();
        match &*part.local {
            "captureErrorBehaviour" if ErrorBehaviour::parse(text).is_none() => found.add_below(
                part,
                &part.local,
                Text::new(format!("“{text}”不是可用的值。"), format!("\"{text}\" is not an allowed value.")),
                Text::of("请写 rollback 或 proceed。", "Use one of: rollback, proceed."),
            ),
            "createdAt" | "finishedAt" if Moment::parse(text).is_none() => found.add_below(
                part,
                &part.local,
                Text::new(
                    format!("“{text}”不是带时区的时间。"),
                    format!("\"{text}\" is not a time with its zone."),
                ),
                Text::of(
                    "请写成 2026-09-02T08:00:00+08:00 的形式。",
                    "Write it like 2026-09-02T08:00:00+08:00.",
                ),
            ),
            "errors" => {
                hollow::bare(part, &mut found);
                for error in &part.children {
                    sequence(error, &ERROR, &mut found);
                    hollow::bare(error, &mut found);
                    error.children.iter().for_each(|field| plain(field, &mut found));
                }
            }
            _ => {}
        }
        if &*part.local != "errors" {
            plain(part, &mut found);
        }
    }
    found.into_problems()
}

/// A value: text without elements or attributes.
fn plain(part: &Element, found: &mut Found<'_>) {
    hollow::value(part, found);
    stray::attributes(part, &[], found);
}

/// The known children once, in order, the required ones among them; those of other namespaces at the end.
fn sequence(parent: &Element, parts: &[(&str, bool)], found: &mut Found<'_>) {
    let mut reached = 0;
    for child in parent.children.iter().filter(|child| child.namespace.is_none()) {
        let place = parts.iter().skip(reached).position(|(name, _)| *name == &*child.local);
        let Some(place) = place else {
            let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
            return found.add_below(
                child,
                &child.local,
                Text::new(
                    format!("元素 {} 不属于此处，或位置不对、重复。", child.local),
                    format!("The element {} does not belong here, is out of order or repeated.", child.local),
                ),
                Text::new(
                    format!("顺序为：{}。", names.join("、")),
                    format!("The order is: {}.", names.join(", ")),
                ),
            );
        };
        reached += place + 1;
    }
    for (name, _) in parts.iter().filter(|(name, required)| *required && parent.child(name).is_none()) {
        found.add_below(
            parent,
            name,
            Text::new(format!("缺少元素 {name}。"), format!("The element {name} is missing.")),
            Text::of("请补上。", "Add it."),
        );
    }
}
