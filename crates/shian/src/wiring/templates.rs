//! Documents of procedures, rendered by the templates of `paper`.

use base::Text;
use flow::{DocumentSource, EffectError, Render};
use paper::document::Template;
use serde_json::Value as Json;

/// Renders through [`paper::document`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Templates;

impl Render for Templates {
    fn render(&self, source: &DocumentSource<'_>, context: &Json) -> Result<(Text, Text), EffectError> {
        let template =
            Template { title: source.title.clone(), zh: source.zh.to_owned(), en: source.en.to_owned() };
        let document = template.render(context)?;
        Ok((document.title, Text::new(document.html_zh, document.html_en)))
    }

    fn text(&self, html: &str) -> String {
        paper::letter::text(html)
    }

    fn html(&self, text: &str) -> String {
        paper::letter::html(text)
    }
}
