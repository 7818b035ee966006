//! The links of a code: those a firm entered for it or for a coarser key of it, and those of this server.

use crate::fault::Answer;
use crate::layout::Viewer;
use crate::state::App;
use crate::ui;
use base::{Id, Lang, Text};
use epcis::ident::{DigitalLink, item_key};
use registry::link_type_text;

/// A link as the resolver gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkView {
    /// Path of the Digital Link it belongs to.
    pub(crate) anchor: String,
    /// `gs1:pip` …
    pub(crate) link_type: String,
    /// Where it leads, absolute.
    pub(crate) href: String,
    /// What it says.
    pub(crate) title: Text,
    /// Language of the target, empty for any.
    pub(crate) lang: String,
    /// Media type of the target.
    pub(crate) media: String,
    /// For whom or what it is meant, empty for everybody.
    pub(crate) context: String,
    /// The firm that entered it; none for a page of this server.
    pub(crate) by: Option<Id>,
}

impl LinkView {
    /// A page of this server.
    pub(super) const fn is_ours(&self) -> bool {
        self.by.is_none()
    }

    /// The host it leads to.
    pub(crate) fn host(&self) -> &str {
        let rest = self.href.split_once("://").map_or(self.href.as_str(), |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().unwrap_or_default()
    }

    /// The language its title is given in.
    pub(super) fn language(&self) -> Lang {
        if self.lang == "en" { Lang::En } else { Lang::Zh }
    }
}

/// Those firms entered for the code itself or a coarser key, the finest level first.
pub(crate) async fn registered(app: &App, link: &DigitalLink) -> Answer<Vec<LinkView>> {
    let levels = link.levels();
    let mut found = registry::links_at(&app.store, &levels).await?;
    found.sort_by_key(|l| levels.iter().position(|level| *level == l.anchor));
    Ok(found
        .into_iter()
        .map(|l| LinkView {
            anchor: l.anchor,
            link_type: l.link_type,
            href: l.href,
            title: l.title,
            lang: l.lang,
            media: l.media,
            context: l.context,
            by: Some(l.operator),
        })
        .collect())
}

/// The links of a code for which nobody can enter any: its page here, in both languages.
pub(super) fn of_page(origin: &str, path: &str) -> Vec<LinkView> {
    let page = |kind: &str, lang: Lang| {
        let code = lang.pick("zh", "en").to_owned();
        LinkView {
            anchor: path.to_owned(),
            link_type: kind.to_owned(),
            href: format!("{origin}/lot{path}?lang={code}"),
            title: link_type_text(kind).cloned().unwrap_or(Text::of("链接", "link")),
            lang: code,
            media: "text/html".to_owned(),
            context: String::new(),
            by: None,
        }
    };
    let kinds = ["gs1:defaultLink", "gs1:pip"];
    kinds.iter().flat_map(|kind| [Lang::Zh, Lang::En].map(|lang| page(kind, lang))).collect()
}

/// All links of a code; none when nothing is known of it.
pub(super) async fn of(app: &App, viewer: &Viewer, link: &DigitalLink) -> Answer<Vec<LinkView>> {
    let mut found = registered(app, link).await?;
    let (gtin, gln) = match link.key {
        "01" => (Some(link.value.as_str()), None),
        "8006" => (link.value.get(..14), None),
        "414" | "417" => (None, Some(link.value.as_str())),
        _ => (None, None),
    };
    let product = match gtin {
        Some(gtin) => registry::products_by_gtin(&app.store, &[gtin]).await?.remove(gtin),
        None => None,
    };
    let site = match gln {
        Some(gln) => registry::sites_by_gln(&app.store, &[gln]).await?.remove(gln),
        None => None,
    };
    let path = link.path();
    let key = item_key(&format!("{}{path}", epcis::ident::DOMAIN));
    let trace = app.supply.public_lot(&viewer.who, app.now(), &key.uri).await?;
    if found.is_empty() && product.is_none() && site.is_none() && trace.is_none() {
        return Ok(found);
    }
    let own = |kind: &str, href: String, title: Option<&str>, lang: Lang, media: &str| LinkView {
        anchor: path.clone(),
        link_type: kind.to_owned(),
        href,
        title: {
            let words = link_type_text(kind).cloned().unwrap_or(Text::of("链接", "link"));
            title.map_or(words, |t| Text::new(t.to_owned(), t.to_owned()))
        },
        lang: lang.pick("zh", "en").to_owned(),
        media: media.to_owned(),
        context: String::new(),
        by: None,
    };
    let page = format!("{}/lot{path}", app.origin);
    let name = product.as_ref().map(|p| p.name.as_str()).or(site.as_ref().map(|s| s.name.as_str()));
    for lang in [Lang::Zh, Lang::En] {
        let code = lang.pick("zh", "en");
        let html = "text/html";
        found.push(own("gs1:defaultLink", format!("{page}?lang={code}"), name, lang, html));
        found.push(own("gs1:pip", format!("{page}?lang={code}"), name, lang, html));
        if product.is_some() || trace.is_some() {
            found.push(own("gs1:recallStatus", format!("{page}?lang={code}#recall"), None, lang, html));
        }
        if trace.is_some() {
            found.push(own("gs1:traceability", format!("{page}?lang={code}#way"), None, lang, html));
        }
        if let Some(site) = &site {
            let href = format!("{}/shops/{}?lang={code}", app.origin, site.operator);
            found.push(own("gs1:locationInfo", href, name, lang, html));
        }
    }
    for certificate in app.supply.certificates_of_lot(&key.uri).await?.iter().filter(|c| c.is_valid()) {
        for lang in [Lang::Zh, Lang::En] {
            let href = format!("{}/cert/{}?lang={}", app.origin, certificate.number, lang.pick("zh", "en"));
            found.push(own("gs1:certificationInfo", href, None, lang, "text/html"));
        }
    }
    if trace.is_some() {
        let asked = if key.kind == epcis::ident::ItemKind::Lot || key.kind == epcis::ident::ItemKind::Class {
            "MATCH_anyEPCClass"
        } else {
            "MATCH_anyEPC"
        };
        let href = format!("{}/epcis/events?{asked}={}", app.origin, ui::encode(&key.uri));
        let link = own("gs1:epcis", href, None, Lang::Zh, "application/ld+json");
        found.push(LinkView { lang: String::new(), ..link });
    }
    Ok(found)
}
