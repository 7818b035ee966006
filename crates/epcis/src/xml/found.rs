//! What is found wrong with the elements of an event, a frame or a job.

use super::element::Element;
use crate::problem::{Problem, ProblemType};
use base::Text;

/// Problems of one part of a document, told with its JSON pointer and the line and column of the element concerned.
pub(super) struct Found<'p> {
    pointer: &'p str,
    problems: Vec<Problem>,
}

impl<'p> Found<'p> {
    /// Nothing yet, of the part a pointer leads to.
    pub(super) const fn at(pointer: &'p str) -> Self {
        Self { pointer, problems: Vec::new() }
    }

    /// Adds what is wrong with an element, and what to do about it.
    pub(super) fn add(&mut self, element: &Element, detail: Text, remedy: Text) {
        self.add_below(element, "", detail, remedy);
    }

    /// The same for a member of the part.
    pub(super) fn add_below(&mut self, element: &Element, member: &str, detail: Text, remedy: Text) {
        let pointer = match member {
            "" => self.pointer.to_owned(),
            member => format!("{}/{member}", self.pointer),
        };
        self.problems.push(Problem::new(ProblemType::Validation, pointer, detail, remedy).at(element.at));
    }

    /// Whether nothing is wrong so far.
    pub(super) const fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// All of it, in the order found.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}
