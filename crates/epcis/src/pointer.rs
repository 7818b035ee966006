//! JSON pointers (RFC 6901), built only when a problem is found.

use std::fmt::Write;

/// Appends `/name`, escaping `~` and `/`.
pub(crate) fn push_name(pointer: &mut String, name: &str) {
    pointer.push('/');
    for c in name.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// Appends `/index`.
pub(crate) fn push_index(pointer: &mut String, index: usize) {
    // writing to a String cannot fail
    let _ = write!(pointer, "/{index}");
}

/// One step on the way from the root to the value under examination; lives on the call stack.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'a> {
    Root,
    Fixed(&'static str),
    Name(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    pub(crate) const fn name(&'a self, name: &'a str) -> Path<'a> {
        Path::Name(self, name)
    }

    pub(crate) const fn index(&'a self, index: usize) -> Path<'a> {
        Path::Index(self, index)
    }

    /// The pointer as text.
    pub(crate) fn render(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Root => {}
            Self::Fixed(text) => out.push_str(text),
            Self::Name(up, name) => {
                up.write(out);
                push_name(out, name);
            }
            Self::Index(up, index) => {
                up.write(out);
                push_index(out, *index);
            }
        }
    }
}
