//! The components every page is built from. Functions from data to markup; they know no record of the domain.

use base::{Lang, Text};
use maud::{Markup, html};

/// How a badge or message is meant; always shown with a word, never by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Done, conforming.
    Ok,
    /// Soon due, near a limit.
    Warn,
    /// Overdue, nonconforming, failed.
    Bad,
    /// In progress, informative.
    Info,
    /// Closed, void, not applicable.
    Idle,
}

impl Tone {
    /// The CSS class.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
            Self::Idle => "idle",
        }
    }
}

/// A pill with a word.
pub(crate) fn badge(tone: Tone, text: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (text) } }
}

/// A message box; errors are announced to screen readers.
pub(crate) fn message(tone: Tone, body: &Markup) -> Markup {
    let role = if tone == Tone::Bad { "alert" } else { "status" };
    html! { div class={ "msg " (tone.class()) } role=(role) { (body) } }
}

/// What a list shows when it has nothing, and what to do about it.
pub(crate) fn empty(title: &str, hint: &str) -> Markup {
    html! { div.empty { p { strong { (title) } } p { (hint) } } }
}

/// Name–value pairs.
pub(crate) fn facts(lang: Lang, rows: &[(Text, Markup)]) -> Markup {
    html! { dl.facts { @for (name, value) in rows { dt { (name.get(lang)) } dd { (value) } } } }
}

/// One figure of a dashboard; `href` opens the records behind it.
#[derive(Debug)]
pub(crate) struct Stat {
    /// The figure as shown.
    pub(crate) figure: String,
    /// What it counts.
    pub(crate) label: String,
    /// The records behind it.
    pub(crate) href: Option<String>,
    /// Emphasis.
    pub(crate) tone: Tone,
}

/// A row of figures.
pub(crate) fn stats(items: &[Stat]) -> Markup {
    html! { ul.stats { @for s in items { li class=(s.tone.class()) {
        @if let Some(href) = &s.href { a href=(href) { b { (figure(&s.figure)) } span { (s.label) } } }
        @else { div { b { (figure(&s.figure)) } span { (s.label) } } }
    } } } }
}

/// A figure with its unit set smaller.
fn figure(text: &str) -> Markup {
    match text.split_once(' ') {
        Some((number, unit)) => html! { (number) small { " " (unit) } },
        None => html! { (text) },
    }
}

/// A figure with its unit and label as a bar of parts (mass balance, progress by state).
pub(crate) fn stack(parts: &[(String, f64, &'static str, String)]) -> Markup {
    let total: f64 = parts.iter().map(|p| p.1.max(0.0)).sum();
    html! {
        div.stack aria-hidden="true" {
            @for (_, share, class, _) in parts { @if total > 0.0 && *share > 0.0 {
                i class=(class) style={ "width:" (format!("{:.2}%", share / total * 100.0)) } {}
            } }
        }
        ul.key { @for (name, _, class, shown) in parts { li { i class=(class) {} (name) " " b { (shown) } } } }
    }
}

/// A progress bar with its numbers in words beside it.
pub(crate) fn meter(done: i64, of: i64) -> Markup {
    let share = if of > 0 { (done * 100 / of).clamp(0, 100) } else { 0 };
    html! { span.nowrap { (done) " / " (of) } span.meter role="progressbar" aria-valuenow=(share) aria-valuemin="0" aria-valuemax="100" aria-label={ (done) " / " (of) } { i style={ "width:" (share) "%" } {} } }
}

/// A column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    /// Heading.
    pub(crate) title: Text,
    /// Sort key in the query string; `None` when the list cannot sort by it.
    pub(crate) sort: Option<&'static str>,
    /// Numbers are set right.
    pub(crate) num: bool,
}

impl Column {
    /// A text column that does not sort.
    pub(crate) const fn text(zh: &'static str, en: &'static str) -> Self {
        Self { title: Text::of(zh, en), sort: None, num: false }
    }
    /// A number column that does not sort.
    pub(crate) const fn num(zh: &'static str, en: &'static str) -> Self {
        Self { title: Text::of(zh, en), sort: None, num: true }
    }
    /// The same column, sorting by `key`.
    pub(crate) const fn by(mut self, key: &'static str) -> Self {
        self.sort = Some(key);
        self
    }
}

/// A table with headings; on a phone each row becomes a card with the headings as labels, without the cells that are empty.
pub(crate) fn table(
    lang: Lang,
    caption: &str,
    columns: &[Column],
    rows: &[Vec<Markup>],
    list: Option<&ListLinks>,
) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label=(caption) { table.cards {
        caption { (caption) }
        thead { tr { @for c in columns { (heading(lang, c, list)) } } }
        tbody { @for row in rows { tr { @for (cell, c) in row.iter().zip(columns) {
            td class=[class(c, cell)] data-label=(c.title.get(lang)) { @if !cell.0.trim().is_empty() { (cell) } }
        } } } }
    } } }
}

/// Numbers to the right; what is short (a date, a code, a count) stays on one line, names may break.
fn class(c: &Column, cell: &Markup) -> Option<&'static str> {
    const SHORT: usize = 24;
    match (c.num, cell.0.len() <= SHORT && !cell.0.contains('<')) {
        (true, _) => Some("num"),
        (false, true) => Some("nowrap"),
        (false, false) => None,
    }
}

fn heading(lang: Lang, c: &Column, list: Option<&ListLinks>) -> Markup {
    let class = c.num.then_some("num");
    match (c.sort, list) {
        (Some(key), Some(list)) => {
            let active = list.sort == key;
            let aria = active.then_some(if list.desc { "descending" } else { "ascending" });
            let arrow = if !active {
                ""
            } else if list.desc {
                " ↓"
            } else {
                " ↑"
            };
            html! { th scope="col" class=[class] aria-sort=[aria] {
                a href=(list.with(&[("sort", key), ("dir", if active && !list.desc { "desc" } else { "asc" }), ("after", "")])) { (c.title.get(lang)) (arrow) }
            } }
        }
        _ => html! { th scope="col" class=[class] { (c.title.get(lang)) } },
    }
}

/// The links a list needs to sort, page, filter and export itself while keeping what was chosen.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListLinks {
    /// Path of the list.
    pub(crate) path: String,
    /// Chosen query parameters in order.
    pub(crate) query: Vec<(String, String)>,
    /// Sort key in force.
    pub(crate) sort: String,
    /// Descending order.
    pub(crate) desc: bool,
}

impl ListLinks {
    /// From the path and raw query string.
    pub(crate) fn read(path: &str, raw: Option<&str>, default_sort: &str) -> Self {
        let query: Vec<(String, String)> = raw
            .unwrap_or_default()
            .split('&')
            .filter_map(|p| p.split_once('='))
            .map(|(k, v)| (decode(k), decode(v)))
            .filter(|(_, v)| !v.is_empty())
            .collect();
        let get = |name: &str| query.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
        let sort = get("sort").unwrap_or_else(|| default_sort.to_owned());
        let desc = get("dir").as_deref() == Some("desc");
        Self { path: path.to_owned(), query, sort, desc }
    }

    /// A parameter as chosen.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }

    /// The same list with some parameters changed (an empty value removes one).
    pub(crate) fn with(&self, changes: &[(&str, &str)]) -> String {
        let mut query = self.query.clone();
        for (k, v) in changes {
            query.retain(|(name, _)| name != k);
            if !v.is_empty() {
                query.push(((*k).to_owned(), (*v).to_owned()));
            }
        }
        let parts: Vec<String> = query.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        if parts.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, parts.join("&")) }
    }
}

/// What a row of a short list is sorted by.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub(crate) enum SortKey {
    /// A figure; what is missing sorts first.
    Number(f64),
    /// A code or a name.
    Text(String),
}

impl SortKey {
    /// A count.
    #[expect(clippy::cast_precision_loss, reason = "only the order is asked for")]
    pub(crate) const fn count(n: i64) -> Self {
        Self::Number(n as f64)
    }

    /// A share; nothing to share sorts first.
    pub(crate) const fn share(part: i64, of: i64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "only the order is asked for")]
        Self::Number(if of == 0 { -1.0 } else { part as f64 / of as f64 })
    }
}

/// Sorts a list that is held whole by the column its links name; a column of another table of the page, or none, leaves it as it is.
pub(crate) fn sort_rows<T>(links: &ListLinks, rows: &mut [T], key: impl Fn(&T, &str) -> Option<SortKey>) {
    if rows.first().is_none_or(|row| key(row, &links.sort).is_none()) {
        return;
    }
    rows.sort_by(|a, b| {
        let order = key(a, &links.sort).partial_cmp(&key(b, &links.sort));
        let order = order.unwrap_or(std::cmp::Ordering::Equal);
        if links.desc { order.reverse() } else { order }
    });
}

/// Percent-encodes a query component.
pub(crate) fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Resolves a query component.
pub(crate) fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// The line under a list: how many, next page, export.
pub(crate) fn pager(
    lang: Lang,
    list: &ListLinks,
    shown: usize,
    total: Option<i64>,
    next: Option<&str>,
    export: bool,
) -> Markup {
    let first = list.get("after").is_some();
    html! { div.pager {
        span { @match total {
            Some(t) => { (lang.pick("共", "Total")) " " b { (t) } " · " (lang.pick("本页", "this page")) " " (shown) }
            None => { (lang.pick("本页", "This page")) " " (shown) }
        } }
        span.end {
            @if export { a href=(list.with(&[("format", "csv"), ("after", "")])) download { (lang.pick("导出 CSV", "Export CSV")) }
                a href=(list.with(&[("format", "xlsx"), ("after", "")])) download { (lang.pick("导出 XLSX", "Export XLSX")) }
                a href=(list.with(&[("format", "parquet"), ("after", "")])) download { "Parquet" } }
            @if first { a href=(list.with(&[("after", "")])) { (lang.pick("« 首页", "« First page")) } }
            @if let Some(next) = next { a rel="next" href=(list.with(&[("after", next)])) { (lang.pick("下一页 »", "Next page »")) } }
        }
    } }
}

/// The code that stands on figures, with what it is for: the term for those who repeat them, a plain word for everybody.
pub(crate) fn recipe(lang: Lang, code: &str) -> Markup {
    html! { details.small.soft { summary { (lang.pick("复算校验码", "Code for repeating these figures")) }
        p { (lang.pick("用同样的数据、设置和软件版本重算，应得到同一校验码；不同则说明其中有改动。", "The same data, settings and version of the software give the same code; another code means that one of them changed.")) }
        p { code.break { (code) } }
    } }
}

/// A labelled input with hint and error.
#[derive(Debug, Default)]
pub(crate) struct Field<'a> {
    /// Name in the form data.
    pub(crate) name: &'a str,
    /// Id on the page, where several forms have a field of this name; the name when empty.
    pub(crate) id: &'a str,
    /// Label.
    pub(crate) label: &'a str,
    /// Help shown before the input.
    pub(crate) hint: &'a str,
    /// Current value.
    pub(crate) value: &'a str,
    /// What is wrong with it.
    pub(crate) error: Option<&'a str>,
    /// Must be filled.
    pub(crate) required: bool,
    /// HTML input type.
    pub(crate) kind: &'a str,
    /// `autocomplete` token, where one fits.
    pub(crate) autocomplete: Option<&'a str>,
    /// Id of the `datalist` that offers values; none when empty.
    pub(crate) list: &'a str,
}

impl Field<'_> {
    /// Id of the control on the page.
    pub(crate) const fn id(&self) -> &str {
        if self.id.is_empty() { self.name } else { self.id }
    }
}

/// A text-like input.
pub(crate) fn input(f: &Field<'_>) -> Markup {
    let kind = if f.kind.is_empty() { "text" } else { f.kind };
    let id = f.id();
    let described = match (f.error.is_some(), f.hint.is_empty()) {
        (true, _) => Some(format!("{id}-why")),
        (false, false) => Some(format!("{id}-hint")),
        _ => None,
    };
    wrap(
        f,
        &html! {
            @if kind == "textarea" {
                textarea id=(id) name=(f.name) required[f.required] aria-invalid=[f.error.map(|_| "true")] aria-describedby=[described] { (f.value) }
            } @else {
                input id=(id) name=(f.name) type=(kind) value=(f.value) required[f.required] aria-invalid=[f.error.map(|_| "true")]
                    aria-describedby=[described] autocomplete=[f.autocomplete] list=[(!f.list.is_empty()).then_some(f.list)] inputmode=[(kind == "decimal").then_some("decimal")];
            }
        },
    )
}

/// A choice from a list of (value, label).
pub(crate) fn select(f: &Field<'_>, options: &[(String, String)]) -> Markup {
    wrap(
        f,
        &html! {
            select id=(f.id()) name=(f.name) required[f.required] aria-invalid=[f.error.map(|_| "true")] {
                @for (value, label) in options { option value=(value) selected[value == f.value] { (label) } }
            }
        },
    )
}

fn wrap(f: &Field<'_>, control: &Markup) -> Markup {
    html! { div class={ "field" @if f.error.is_some() { " error" } } {
        label for=(f.id()) class=[f.required.then_some("req")] { (f.label) }
        @if !f.hint.is_empty() { p.hint id={ (f.id()) "-hint" } { (f.hint) } }
        (control)
        @if let Some(why) = f.error { p.why id={ (f.id()) "-why" } { (why) } }
    } }
}

/// A part of the page that loads when it comes into view; without script, a link to the same as a page.
pub(crate) fn island(lang: Lang, src: &str, what: &str) -> Markup {
    html! { div.island data-island=(src) { p { a href=(src) { (lang.pick("打开", "Open the ")) (what) } } } }
}

/// A time line of dated happenings.
pub(crate) fn timeline(items: &[(String, Markup)]) -> Markup {
    html! { ol.timeline { @for (when, what) in items { li { time { (when) } (what) } } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_sorts_by_the_column_its_links_name_and_by_no_column_of_another_table() {
        let mut rows = vec![("b", 2), ("a", 10), ("c", 2)];
        let key = |r: &(&str, i64), column: &str| match column {
            "of.name" => Some(SortKey::Text(r.0.to_owned())),
            "of.n" => Some(SortKey::count(r.1)),
            _ => None,
        };
        let mut sorted = |query: &str| {
            sort_rows(&ListLinks::read("/x", Some(query), ""), &mut rows, key);
            rows.iter().map(|r| r.0).collect::<String>()
        };
        assert_eq!(sorted("sort=other.n"), "bac");
        assert_eq!(sorted("sort=of.name&dir=desc"), "cba");
        assert_eq!(sorted("sort=of.n"), "cba", "equal figures keep their order");
        assert_eq!(sorted("sort=of.n&dir=desc"), "acb");
    }

    #[test]
    fn a_list_keeps_its_filters_when_it_sorts_and_pages() {
        let list = ListLinks::read("/desk/tasks", Some("q=%E5%85%B0%E5%B7%9E&after=9&empty="), "due");
        assert_eq!(list.get("q"), Some("兰州"));
        assert_eq!(list.with(&[("sort", "due"), ("after", "")]), "/desk/tasks?q=%E5%85%B0%E5%B7%9E&sort=due");
    }

    #[test]
    fn what_a_user_typed_is_escaped() {
        let shown =
            input(&Field { name: "x", label: "<b>", value: "\"><script>", ..Field::default() }).into_string();
        assert!(!shown.contains("<script>") && !shown.contains("<b>"), "{shown}");
    }

    #[test]
    fn a_cell_with_nothing_to_say_is_left_out_of_a_card() {
        let rows = [vec![html! { "a" }, html! { " " }], vec![html! { "b" }, html! { "c" }]];
        let shown = table(Lang::Zh, "t", &[Column::text("甲", "A"), Column::text("乙", "B")], &rows, None);
        // the style sheet hides `td:empty` where rows are cards
        assert_eq!(shown.0.matches("></td>").count(), 1, "{}", shown.0);
    }
}
