//! What is written as PDF can be read back: text, pages, heads, code.

use base::Date;
use paper::pdf::{Face, Paper, write};
use std::process::Command;

const HTML: &str = "<p>你单位被抽检的“挂面”经检验不合格：铅 0.36 mg/kg，限量 ≤0.2 mg/kg。</p><h2>一、说明</h2>\
    <table><tr><th>检验项目</th><td>结果</td></tr><tr><th>铅(以Pb计)</th><td>0.36</td></tr></table>\
    <p class=\"seal\">城关区市场监督管理局<br>2026年9月28日</p>";

fn paper(html: &str) -> Paper<'_> {
    Paper {
        title: "不合格检验结果通知书",
        html,
        footer: "SHA-256 00 · https://example.test/notices/1",
        link: "",
        language: "zh-CN",
        date: Date::constant(2026, 9, 28),
    }
}

/// The font of this machine; without one there is nothing to test.
fn face() -> Option<Face> {
    let face = Face::find(None).ok();
    if face.is_none() {
        println!("no font with Chinese signs here: nothing was written");
    }
    face
}

/// The text of each page as another program reads it, white space left out: where lines break is not what is tested.
/// `None` when poppler's `pdftotext` is not installed.
fn pages(pdf: &[u8]) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("paper.pdf");
    std::fs::write(&file, pdf).unwrap();
    let read = Command::new("pdftotext").args(["-layout", "-enc", "UTF-8"]).arg(&file).arg("-").output();
    let Ok(read) = read else {
        println!("pdftotext (poppler-utils) is not here: nothing was read back");
        return None;
    };
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let text = String::from_utf8(read.stdout).unwrap();
    let mut pages: Vec<String> = text.split('\u{c}').map(bare).collect();
    pages.pop();
    Some(pages)
}

fn bare(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn the_text_of_a_document_is_read_back_as_it_was_written() {
    let Some(face) = face() else { return };
    let pdf = write(&face, &paper(HTML)).unwrap();
    let Some(read) = pages(&pdf) else { return };
    assert_eq!(read.len(), 1);
    for part in [
        "不合格检验结果通知书",
        "你单位被抽检的“挂面”经检验不合格：铅 0.36 mg/kg，限量 ≤0.2 mg/kg。",
        "一、说明",
        "检验项目",
        "铅(以Pb计)",
        "城关区市场监督管理局",
        "2026年9月28日",
        "https://example.test/notices/1",
        "1 / 1",
    ] {
        assert!(read[0].contains(&bare(part)), "{part} is not in: {}", read[0]);
    }
    let english = Paper {
        title: "Notice of a failed test",
        html: "<p>The noodles sampled at your shop failed: lead 0.36 mg/kg.</p>",
        language: "en",
        ..paper("")
    };
    let read = pages(&write(&face, &english).unwrap()).unwrap();
    assert!(read[0].contains("Noticeofafailedtest") && read[0].contains("Thenoodles"), "{read:?}");
}

#[test]
fn a_document_has_the_same_bytes_each_time_and_only_the_signs_it_uses() {
    let Some(face) = face() else { return };
    let bytes = write(&face, &paper(HTML)).unwrap();
    assert!(bytes.starts_with(b"%PDF-1.7"));
    assert_eq!(bytes, write(&face, &paper(HTML)).unwrap());
    assert!(bytes.len() < 200_000, "{} bytes: the font is not cut down", bytes.len());
}

#[test]
fn a_long_table_goes_over_pages_and_each_page_has_its_head_and_number() {
    let Some(face) = face() else { return };
    let rows: String = (1..=120)
        .map(|n| format!("<tr><th>项目{n}</th><td>0.0{n}</td><td>≤0.2</td><td>合格</td></tr>"))
        .collect();
    let html =
        format!("<table><tr><th>检验项目</th><td>结果</td><td>限量</td><td>判定</td></tr>{rows}</table>");
    let Some(read) = pages(&write(&face, &paper(&html)).unwrap()) else { return };
    assert!(read.len() > 2, "{} pages", read.len());
    for (n, page) in read.iter().enumerate() {
        assert_eq!(page.matches("检验项目").count(), 1, "page {}: {page}", n + 1);
        assert!(page.contains(&format!("{}/{}", n + 1, read.len())), "{page}");
        assert!(page.contains("SHA-25600"), "{page}");
    }
    let all = read.concat();
    assert!((1..=120).all(|n| all.contains(&format!("项目{n}0.0{n}≤0.2合格"))));
    // a cell longer than a page loses nothing either
    let long = format!(
        "<table><tr><th>a</th><td>b</td><td>c</td></tr><tr><th>x</th><td>{}</td><td>z</td></tr></table>",
        "长".repeat(4000)
    );
    let read = pages(&write(&face, &paper(&long)).unwrap()).unwrap();
    assert_eq!(read.concat().matches('长').count(), 4000);
}

#[test]
fn a_sign_the_font_lacks_is_a_box_and_its_text_remains() {
    let Some(face) = face() else { return };
    let pdf = write(&face, &paper("<p>经办人 乙\u{10ffff}甲</p>")).unwrap();
    let Some(read) = pages(&pdf) else { return };
    assert!(read[0].contains('甲') && read[0].contains('乙'), "{read:?}");
}

#[test]
fn an_address_too_long_for_a_code_is_refused() {
    let Some(face) = face() else { return };
    let short = Paper { link: "https://example.test/notices/1", ..paper(HTML) };
    assert!(write(&face, &short).unwrap().len() > write(&face, &paper(HTML)).unwrap().len());
    let long = "x".repeat(3000);
    assert!(write(&face, &Paper { link: &long, ..paper(HTML) }).is_err());
}
