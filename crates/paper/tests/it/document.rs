//! Documents come out complete and escaped, or not at all.

use base::Text;
use paper::document::Template;
use proptest::prelude::*;
use serde_json::json;

fn template(zh: &str, en: &str) -> Template {
    Template {
        title: Text::of("关于{{ firm.name }}的召回公告", "Recall notice: {{ firm.name }}"),
        zh: zh.into(),
        en: en.into(),
    }
}

#[test]
fn a_document_is_filled_in_both_languages_and_escaped() {
    let template = template(
        "<h1>公告</h1>\n<ul>\n{% for lot in lots %}\n<li>{{ lot }}</li>\n{% endfor %}\n</ul>\n<p>{{ day | date_zh }}</p>",
        "<p>{{ firm.name }}, {{ day | date_en }}</p>",
    );
    let data = json!({"firm": {"name": "<b>陇香</b> & 子"}, "lots": ["L1", "\"><script>"], "day": "2026-09-02T08:00:00Z"});
    let document = template.render(&data).unwrap();
    assert_eq!(document.title.zh, "关于<b>陇香</b> & 子的召回公告", "a title is plain text");
    assert_eq!(
        document.html_zh,
        "<h1>公告</h1>\n<ul>\n<li>L1</li>\n<li>&quot;&gt;&lt;script&gt;</li>\n</ul>\n<p>2026年9月2日</p>"
    );
    assert_eq!(
        document.html(base::Lang::En),
        "<p>&lt;b&gt;陇香&lt;&#x2f;b&gt; &amp; 子, 2 September 2026</p>"
    );
    assert_eq!(template.check().unwrap(), ["day", "firm.name", "lots"]);
}

#[test]
fn a_fact_without_a_value_is_a_blank_to_write_on_and_never_a_word_of_the_computer() {
    let template = template("<p>立案号 {{ case }}</p>", "<p>Case {{ case }}</p>");
    let document = template.render(&json!({"firm": {"name": "陇香"}, "case": null})).unwrap();
    assert_eq!(document.html_zh, "<p>立案号 ＿＿＿＿</p>");
    assert_eq!(document.html_en, "<p>Case ＿＿＿＿</p>");
}

#[test]
fn a_template_that_cannot_be_filled_says_where() {
    let data = json!({"firm": {"name": "陇香"}, "day": "next week", "a": "<i>"});
    for (zh, line, detail) in [
        ("<p>\n{{ missing }}", Some(2), "undefined"),
        ("{{ firm.nmae }}", Some(1), "undefined"),
        ("{{ firm.name", None, "syntax"),
        ("{{ a | safe }}", Some(1), "safe"),
        ("{% autoescape false %}{{ a }}{% endautoescape %}", Some(1), "escaping"),
        ("{{ day | date_zh }}", Some(1), "not a date"),
        ("{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}", None, "fuel"),
        ("{% include 'other' %}", None, ""),
    ] {
        let error = template(zh, "x").render(&data).unwrap_err();
        assert_eq!(error.part, "zh");
        assert!(line.is_none() || error.line == line, "{zh}: {error}");
        assert!(error.to_string().contains(detail), "{zh}: {error}");
    }
    assert!(template("{% if %}", "x").check().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_data_becomes_markup(value in "\\PC{0,40}") {
        let data = json!({"firm": {"name": &value}, "v": &value});
        let html = template("{{ v }}", "{{ v | upper }}").render(&data).unwrap();
        for text in [html.html_zh, html.html_en] {
            prop_assert!(!text.contains(['<', '>', '"', '\'']));
        }
    }
}
