//! Which of several links a request means: by link type, level, context, language and media type.

use super::{JSON_LD, LINKSET, LinkView, VOCABULARY};
use crate::ui;
use axum::http::{HeaderMap, header};
use base::Lang;

/// The link type only this server answers.
const OFFICIAL: &str = "gs1:recallStatus";

/// What a request asks for beside the code.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wish {
    /// All links, not one.
    pub(super) linkset: bool,
    /// With the context that makes it JSON-LD inside.
    pub(super) json_ld: bool,
    /// `gs1:pip` …; other namespaces as given.
    pub(super) link_type: Option<String>,
    /// For whom or what.
    context: Option<String>,
    /// Languages by preference.
    languages: Vec<String>,
    /// Media ranges by preference.
    accept: Vec<(String, u16)>,
    /// Query parameters that are passed on, as they came.
    passed: Vec<String>,
}

impl Wish {
    pub(super) fn read(query: Option<&str>, headers: &HeaderMap, lang: Lang) -> Self {
        let (mut link_type, mut context) = (None, None);
        let mut asked_lang = false;
        let mut passed = Vec::new();
        for pair in query.unwrap_or_default().split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // some writers of queries escape names, too, or spell them in lower case
            let name = ui::decode(name);
            match &*name {
                _ if name.eq_ignore_ascii_case("linkType") => {
                    link_type = Some(curie(ui::decode(value).trim())).filter(|kind| !kind.is_empty());
                }
                _ => {
                    asked_lang |= name == "lang";
                    if name == "context" {
                        context = Some(ui::decode(value)).filter(|text| !text.trim().is_empty());
                    }
                    passed.push(pair.to_owned());
                }
            }
        }
        let accept = ranges(text(headers, header::ACCEPT));
        let languages = if asked_lang {
            vec![lang.pick("zh", "en").to_owned()]
        } else {
            ranges(text(headers, header::ACCEPT_LANGUAGE)).into_iter().map(|(tag, _)| tag).collect()
        };
        let named = matches!(link_type.as_deref(), Some("linkset" | "all"));
        // `application/json` asks for the linkset, too, unless a page would do as well
        let wants = |media: &str| prefers(&accept, media, "text/html");
        let json_ld = wants(JSON_LD) && !prefers(&accept, LINKSET, JSON_LD);
        let typed = link_type.is_none() && (wants(LINKSET) || wants("application/json") || wants(JSON_LD));
        let link_type = link_type.filter(|_| !named);
        Self { linkset: named || typed, json_ld, link_type, context, languages, accept, passed }
    }

    /// The one link type asked for; `None` for the page everybody gets.
    pub(super) fn wanted(&self) -> Option<&str> {
        self.link_type.as_deref().filter(|kind| *kind != "gs1:defaultLink")
    }

    /// Whether the links must be looked up to answer.
    pub(super) fn asks_links(&self) -> bool {
        self.linkset || self.wanted().is_some()
    }

    /// The address with the parameters of the request that are not for the resolver.
    pub(super) fn passed_on(&self, href: &str) -> String {
        if self.passed.is_empty() {
            return href.to_owned();
        }
        let (address, fragment) = match href.split_once('#') {
            Some((address, fragment)) => (address, format!("#{fragment}")),
            None => (href, String::new()),
        };
        let sign = if address.contains('?') { '&' } else { '?' };
        format!("{address}{sign}{}{fragment}", self.passed.join("&"))
    }

    /// How well a language fits: smaller is better.
    fn language_rank(&self, lang: &str) -> usize {
        if lang.is_empty() {
            // good for everybody, but a link in the very language is better
            return self.languages.len() * 2 + 1;
        }
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        match self.languages.iter().position(|t| primary(t) == lang) {
            Some(at) => at * 2,
            None => usize::MAX,
        }
    }

    /// How well a context fits: the one asked for, then what is for everybody, then the others.
    fn context_rank(&self, context: &str) -> usize {
        match &self.context {
            Some(asked) if asked.trim().eq_ignore_ascii_case(context) => 0,
            _ if context.is_empty() => 1,
            _ => 2,
        }
    }

    /// How much a media type is wanted, in thousandths, negative so that less is better.
    fn media_rank(&self, media: &str) -> i32 {
        -i32::from(quality(&self.accept, media))
    }
}

/// `gs1:pip` for every spelling of the GS1 namespace.
fn curie(text: &str) -> String {
    let spaces = [
        VOCABULARY,
        "https://ref.gs1.org/voc/",
        "https://www.gs1.org/voc/",
        "http://gs1.org/voc/",
        "http://www.gs1.org/voc/",
    ];
    spaces
        .iter()
        .find_map(|space| text.strip_prefix(space))
        .map_or_else(|| text.to_owned(), |name| format!("gs1:{name}"))
}

/// The links that fit a type best: of the finest level that has one, in the best context, language and media type. One as a
/// rule; several when nothing tells them apart.
pub(super) fn best<'l>(links: &'l [LinkView], wanted: &str, wish: &Wish) -> Vec<&'l LinkView> {
    let fits = |l: &&LinkView| l.link_type == wanted;
    // what a firm says of its product comes before our page, but whether a lot is recalled is not for the firm to say
    let first = wanted == OFFICIAL;
    let level = links.iter().filter(fits).find(|l| l.is_ours() == first).or_else(|| links.iter().find(fits));
    let Some((level, ours)) = level.map(|l| (l.anchor.as_str(), l.is_ours())) else { return Vec::new() };
    let here: Vec<&LinkView> =
        links.iter().filter(fits).filter(|l| l.anchor == level && l.is_ours() == ours).collect();
    let rank = |l: &LinkView| {
        (wish.context_rank(&l.context), wish.language_rank(&l.lang), wish.media_rank(&l.media))
    };
    let least = here.iter().map(|l| rank(l)).min();
    let mut out: Vec<&LinkView> = here.into_iter().filter(|l| Some(rank(l)) == least).collect();
    out.dedup_by(|a, b| a.href == b.href);
    // of our own pages in languages nobody asked for, the first will do: the page negotiates again
    if out.first().is_some_and(|l| l.is_ours()) {
        out.truncate(1);
    }
    out
}

/// Whether a person opens the address in a browser, rather than a program, a script or a test of resolvers: browsers say so
/// (Fetch Metadata), older ones are known by what they ask for.
pub(super) fn is_opened(headers: &HeaderMap) -> bool {
    match text(headers, header::HeaderName::from_static("sec-fetch-mode")) {
        "" => {
            let accept = ranges(text(headers, header::ACCEPT));
            let page = accept.first().is_some_and(|(range, _)| range == "text/html");
            page && text(headers, header::USER_AGENT).starts_with("Mozilla/")
        }
        mode => mode == "navigate",
    }
}

/// Whether a page would be read.
pub(super) fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = ranges(text(headers, header::ACCEPT));
    !prefers(&accept, "application/json", "text/html") && !prefers(&accept, LINKSET, "text/html")
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
}

/// The members of an `Accept` header and their quality in thousandths, the best first; those of quality 0 last.
fn ranges(header: &str) -> Vec<(String, u16)> {
    let mut out: Vec<(String, u16)> = header
        .split(',')
        .filter_map(|part| {
            let mut pieces = part.split(';').map(str::trim);
            let name = pieces.next().filter(|n| !n.is_empty())?.to_ascii_lowercase();
            let q = pieces.find_map(|p| p.strip_prefix("q="));
            Some((name, q.map_or(1000, thousandths)))
        })
        .collect();
    out.sort_by_key(|(_, q)| std::cmp::Reverse(*q));
    out
}

/// `0.75` → 750.
fn thousandths(q: &str) -> u16 {
    let (whole, part) = q.split_once('.').unwrap_or((q, ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    let value = whole.parse::<u16>().unwrap_or(0).saturating_mul(1000) + part.parse::<u16>().unwrap_or(0);
    value.min(1000)
}

/// The quality a media type has: of the most precise range that takes it in. No header wants everything.
fn quality(accept: &[(String, u16)], media: &str) -> u16 {
    if accept.is_empty() {
        return 1000;
    }
    let kind = media.split('/').next().unwrap_or_default();
    let of = |range: &str| accept.iter().find(|(r, _)| r == range).map(|(_, q)| *q);
    of(media).or_else(|| of(&format!("{kind}/*"))).or_else(|| of("*/*")).unwrap_or(0)
}

/// Whether one media type is named and wanted more than another; where both are wanted alike, the one that is named
/// counts before the one that only a wildcard takes in.
fn prefers(accept: &[(String, u16)], one: &str, other: &str) -> bool {
    let named = |media: &str| accept.iter().find(|(range, _)| range == media).map(|(_, q)| *q);
    let (Some(wanted), instead) = (named(one), quality(accept, other)) else { return false };
    wanted > instead || (wanted == instead && wanted > 0 && named(other).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Text;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.clone(), v.parse().unwrap())).collect()
    }

    fn link(anchor: &str, kind: &str, lang: &str, media: &str) -> LinkView {
        LinkView {
            anchor: anchor.to_owned(),
            link_type: kind.to_owned(),
            href: format!("https://firm.example{anchor}/{kind}/{lang}/{media}"),
            title: Text::of("一", "one"),
            lang: lang.to_owned(),
            media: media.to_owned(),
            context: String::new(),
            by: Some(base::Id(1)),
        }
    }

    #[test]
    fn a_context_that_is_asked_for_wins_and_one_that_is_not_asked_for_waits() {
        let of = |context: &str| LinkView {
            context: context.to_owned(),
            href: format!("https://firm.example/{context}"),
            ..link("/01/a", "gs1:pip", "", "text/html")
        };
        for (has, query, expected) in [
            (&["CN", "", "FR"][..], "context=cn", "CN"),
            (&["CN", "", "FR"], "context=DE", ""),
            (&["CN", "", "FR"], "", ""),
            (&["CN"], "", "CN"),
        ] {
            let all: Vec<LinkView> = has.iter().map(|c| of(c)).collect();
            let wish = Wish::read(Some(query), &HeaderMap::new(), Lang::Zh);
            let found = best(&all, "gs1:pip", &wish);
            assert_eq!(found.iter().map(|l| l.context.as_str()).collect::<Vec<_>>(), [expected], "{query}");
            let to = if query.is_empty() { String::new() } else { format!("?{query}") };
            assert_eq!(wish.passed_on("https://a.example/"), format!("https://a.example/{to}"));
        }
    }

    #[test]
    fn the_linkset_is_asked_for_by_type_or_by_media_type() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (query, accept, linkset) in [
            (Some("linkType=linkset"), browser, true),
            (Some("linkType=all"), "", true),
            (None, LINKSET, true),
            (None, "application/linkset+json, application/json;q=0.9", true),
            (None, "application/json", true),
            (None, "application/json, */*;q=0.1", true),
            (None, "application/ld+json", true),
            (None, browser, false),
            (None, "*/*", false),
            (None, "", false),
            (None, "text/html;q=0.5, application/json;q=0.4", false),
            (Some("linkType=gs1:pip"), LINKSET, false),
        ] {
            let headers =
                if accept.is_empty() { HeaderMap::new() } else { headers(&[(header::ACCEPT, accept)]) };
            assert_eq!(Wish::read(query, &headers, Lang::Zh).linkset, linkset, "{query:?} {accept}");
        }
    }

    #[test]
    fn only_a_person_at_a_browser_opens_an_address() {
        let mode = header::HeaderName::from_static("sec-fetch-mode");
        let (browser, page) = ("Mozilla/5.0 (Linux; Android 9)", "text/html,application/xhtml+xml,*/*;q=0.8");
        for (given, opened) in [
            (&[(mode.clone(), "navigate"), (header::ACCEPT, page)][..], true),
            (&[(mode.clone(), "cors"), (header::USER_AGENT, browser), (header::ACCEPT, page)], false),
            (&[(mode, "no-cors"), (header::USER_AGENT, browser)], false),
            (&[(header::USER_AGENT, browser), (header::ACCEPT, page)], true),
            (&[(header::USER_AGENT, browser), (header::ACCEPT, "*/*")], false),
            (&[(header::USER_AGENT, "curl/8.5.0"), (header::ACCEPT, page)], false),
            (&[(header::ACCEPT, page)], false),
            (&[], false),
        ] {
            assert_eq!(is_opened(&headers(given)), opened, "{given:?}");
        }
    }

    #[test]
    fn link_types_of_every_spelling_are_one() {
        for text in [
            "gs1:pip",
            "https://gs1.org/voc/pip",
            "http://www.gs1.org/voc/pip",
            "https://ref.gs1.org/voc/pip",
        ] {
            assert_eq!(curie(text), "gs1:pip");
        }
        assert_eq!(curie("https://schema.org/review"), "https://schema.org/review");
    }

    #[test]
    fn the_query_goes_along_and_the_instruction_to_the_resolver_stays() {
        let wish = Wish::read(Some("utm=1&linkType=gs1:pip&17=261231"), &HeaderMap::new(), Lang::Zh);
        assert_eq!(wish.link_type.as_deref(), Some("gs1:pip"));
        assert_eq!(wish.passed_on("https://a.example/p"), "https://a.example/p?utm=1&17=261231");
        assert_eq!(wish.passed_on("https://a.example/p?x#way"), "https://a.example/p?x&utm=1&17=261231#way");
        for (query, kind, passed) in [
            ("linktype=gs1:pip&utm=1", Some("gs1:pip"), "?utm=1"),
            ("utm=1&link%54ype=gs1%3Apip", Some("gs1:pip"), "?utm=1"),
            ("17=261231&linkType=", None, "?17=261231"),
            ("linkType=gs1:defaultLink&a=b", None, "?a=b"),
        ] {
            let wish = Wish::read(Some(query), &HeaderMap::new(), Lang::Zh);
            assert_eq!((wish.wanted(), &*wish.passed_on("")), (kind, passed), "{query}");
        }
    }

    #[test]
    fn the_finest_level_wins_then_language_then_media_type() {
        let all = [
            link("/01/a/10/l", "gs1:certificationInfo", "", "application/pdf"),
            link("/01/a", "gs1:certificationInfo", "", "text/html"),
            link("/01/a", "gs1:pip", "zh", "text/html"),
            link("/01/a", "gs1:pip", "en", "text/html"),
            link("/01/a", "gs1:pip", "en", "application/pdf"),
            link("/01/a", "gs1:pip", "", "text/html"),
            link("/01/a", "gs1:recipeInfo", "", "text/html"),
            link("/01/a", "gs1:recipeInfo", "", "text/html"),
        ];
        let mut all = all.to_vec();
        all[7].href.push_str("/2");
        for (kind, language, accept, expected) in [
            ("gs1:certificationInfo", "zh", "*/*", &[0][..]),
            ("gs1:pip", "zh-CN,zh;q=0.9,en;q=0.5", "text/html", &[2]),
            ("gs1:pip", "en-GB", "text/html", &[3]),
            ("gs1:pip", "en-GB", "application/pdf", &[4]),
            ("gs1:pip", "fr", "text/html", &[5]),
            ("gs1:recipeInfo", "zh", "text/html", &[6, 7]),
            ("gs1:promotion", "zh", "text/html", &[]),
        ] {
            let headers = headers(&[(header::ACCEPT_LANGUAGE, language), (header::ACCEPT, accept)]);
            let wish = Wish::read(None, &headers, Lang::Zh);
            let found = best(&all, kind, &wish);
            let expected: Vec<&LinkView> = expected.iter().map(|i| &all[*i]).collect();
            assert_eq!(found, expected, "{kind} {language} {accept}");
        }
    }
}
