//! Links of a firm's products and places: where somebody who scans their code is sent.

use crate::{Error, owner};
use access::{Access, Principal, Resource};
use base::{Id, Instant, Text};
use ledger::{Context, Entry, append};
use serde::Serialize;
use serde_json::{Value as Json, json};
use store::{Row, Sql, Store, Tx};

/// Links of one key at most.
const OF_ONE_KEY: i64 = 60;
/// Longest address.
const LONGEST: usize = 1_000;

/// Link types of the GS1 Web Vocabulary that a firm may use: name after `gs1:`, in words.
pub const LINK_TYPES: &[(&str, Text)] = &[
    ("pip", Text::of("产品介绍", "product information")),
    ("certificationInfo", Text::of("认证与合格证", "certification")),
    ("recallStatus", Text::of("召回状态", "recall status")),
    ("traceability", Text::of("追溯信息", "traceability")),
    ("epcis", Text::of("追溯事件库（EPCIS）", "EPCIS repository")),
    ("hasRetailers", Text::of("在哪里买", "retailers")),
    ("nutritionalInfo", Text::of("营养成分", "nutrition")),
    ("ingredientsInfo", Text::of("配料", "ingredients")),
    ("allergenInfo", Text::of("致敏物质", "allergens")),
    ("instructions", Text::of("食用与储存方法", "instructions")),
    ("recipeInfo", Text::of("菜谱", "recipes")),
    ("safetyInfo", Text::of("安全提示", "safety")),
    ("sustainabilityInfo", Text::of("可持续性与包装回收", "sustainability and recycling")),
    ("masterData", Text::of("主数据", "master data")),
    ("locationInfo", Text::of("场所介绍", "location")),
    ("support", Text::of("客户服务", "support")),
    ("faqs", Text::of("常见问题", "questions and answers")),
    ("relatedVideo", Text::of("视频", "video")),
    ("promotion", Text::of("促销", "promotion")),
    ("brandHomepage", Text::of("品牌主页", "brand")),
];

/// The words of a link type given as `gs1:name`; `None` when it is none of [`LINK_TYPES`].
#[must_use]
pub fn link_type_text(link_type: &str) -> Option<&'static Text> {
    let name = link_type.strip_prefix("gs1:")?;
    LINK_TYPES.iter().find(|(known, _)| *known == name).map(|(_, text)| text)
}

/// What a link is entered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    /// Path of a checked Digital Link: `/01/06901234567892`, with `/10/LOT` or `/21/SERIAL`, or `/414/{gln}`.
    pub anchor: String,
    /// `gs1:pip` …
    pub link_type: String,
    /// Where it leads: an `https` address.
    pub href: String,
    /// What the link says.
    pub title: Text,
    /// Language of the target: `zh`, `en`, empty for any.
    pub lang: String,
    /// Media type of the target; `text/html` when empty.
    pub media: String,
    /// For whom or what it is meant, such as `CN` or `recycling`: at most 40 letters, digits and `-._`; empty for everybody.
    pub context: String,
}

impl Default for NewLink {
    fn default() -> Self {
        let empty = String::new;
        Self {
            anchor: empty(),
            link_type: empty(),
            href: empty(),
            title: Text::new(empty(), empty()),
            lang: empty(),
            media: empty(),
            context: empty(),
        }
    }
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResolverLink {
    /// The record.
    pub id: Id,
    /// For optimistic updates.
    pub version: i64,
    /// Whose.
    pub operator: Id,
    /// Path of the Digital Link it belongs to.
    pub anchor: String,
    /// `gs1:pip` …
    pub link_type: String,
    /// Where it leads.
    pub href: String,
    /// What it says.
    pub title: Text,
    /// Language of the target, empty for any.
    pub lang: String,
    /// Media type of the target.
    pub media: String,
    /// For whom or what it is meant; empty for everybody.
    pub context: String,
    /// When it was last changed.
    pub updated_at: Instant,
}

impl ResolverLink {
    fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.id("id")?,
            version: row.int("version")?,
            operator: row.id("operator")?,
            anchor: row.text("anchor")?,
            link_type: row.text("link_type")?,
            href: row.text("href")?,
            title: Text::new(row.text("title_zh")?, row.text("title_en")?),
            lang: row.text("lang")?,
            media: row.text("media")?,
            context: row.text("context")?,
            updated_at: row.instant("updated_at")?,
        })
    }
}

impl NewLink {
    /// Checks and normalises.
    fn checked(mut self) -> Result<Self, Error> {
        let words = link_type_text(self.link_type.trim()).ok_or_else(|| {
            Error::invalid(
                "link_type",
                "请选择一种链接类型（如 gs1:pip）",
                "choose one of the link types, such as gs1:pip",
            )
        })?;
        self.link_type = self.link_type.trim().to_owned();
        self.href = href(self.href.trim())?;
        let (zh, en) = (self.title.zh.trim().to_owned(), self.title.en.trim().to_owned());
        if zh.chars().count() > 100 || en.chars().count() > 100 {
            return Err(Error::invalid(
                "title",
                "链接文字至多 100 个字",
                "the words of a link have at most 100 characters",
            ));
        }
        let en = if en.is_empty() { words.en.to_string() } else { en };
        self.title = Text::new(if zh.is_empty() { words.zh.to_string() } else { zh }, en);
        if !matches!(self.lang.as_str(), "" | "zh" | "en") {
            return Err(Error::invalid("lang", "语言为 zh、en 或留空", "the language is zh, en or empty"));
        }
        let media = self.media.trim().to_ascii_lowercase();
        self.media = if media.is_empty() { "text/html".to_owned() } else { media };
        let simple = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b))
        };
        if !self.media.split_once('/').is_some_and(|(kind, sub)| simple(kind) && simple(sub)) {
            return Err(Error::invalid(
                "media",
                "媒体类型应如 text/html",
                "a media type looks like text/html",
            ));
        }
        self.context = self.context.trim().to_owned();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        if self.context.len() > 40 || !self.context.bytes().all(plain) {
            return Err(Error::invalid(
                "context",
                "适用对象至多 40 个字母、数字或 - . _，如 CN",
                "a context has at most 40 letters, digits or - . _, such as CN",
            ));
        }
        Ok(self)
    }
}

/// An address others are sent to: absolute, `https`, a host, no user and no control characters.
fn href(text: &str) -> Result<String, Error> {
    let wrong = || {
        Error::invalid(
            "href",
            "请填写 https:// 开头的完整网址，不含用户名和空格，至多 1000 个字符",
            "give a whole address that begins with https://, without user name or spaces, of at most 1000 characters",
        )
    };
    let rest = text.strip_prefix("https://").ok_or_else(wrong)?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = host.split(':').next().unwrap_or_default();
    let plain = text.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b));
    if text.len() > LONGEST || !plain || !name.contains('.') || name.starts_with('.') || host.contains('@') {
        return Err(wrong());
    }
    Ok(text.to_owned())
}

/// Whose the thing named by an anchor is, and the region: a registered product's or place's.
async fn owner_of(tx: &mut Tx, anchor: &str) -> Result<(Id, String), Error> {
    let mut steps = anchor.split('/').skip(1);
    let (key, value) = (steps.next().unwrap_or_default(), steps.next().unwrap_or_default());
    let row = match key {
        "01" => tx.first("select operator from product where gtin = $1", &[value.into()]).await?,
        // the trade item a piece belongs to
        "8006" => {
            let gtin = value.get(..14).unwrap_or_default();
            tx.first("select operator from product where gtin = $1", &[gtin.into()]).await?
        }
        "414" | "417" => tx.first("select operator from site where gln = $1", &[value.into()]).await?,
        _ => None,
    };
    let row = row.ok_or_else(|| {
        Error::invalid(
            "anchor",
            "只能为已登记的产品（/01/商品条码）或场所（/414/位置码）设置链接，请先登记",
            "links belong to a registered product (/01/GTIN) or place (/414/GLN); register it first",
        )
    })?;
    owner::one(tx, row.id("operator")?.into()).await
}

fn entry(kind: &'static str, region: String, id: Id, body: Json) -> Entry {
    Entry { kind, region, subject: format!("resolver_link:{id}"), body, private: None }
}

/// Enters a link; the anchor must be the path of a checked Digital Link.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] for a bad field, an unregistered product or place, or too many links.
pub async fn create_link(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    new: NewLink,
) -> Result<Id, Error> {
    let new = new.checked()?;
    let (operator, region) = owner_of(tx, &new.anchor).await?;
    let resource = Resource::new("product", &*region).of_operator(Some(operator));
    let permit = access.check(who, "act", &resource, cx.now)?;
    let count = tx
        .one(
            "select count(*) as n from resolver_link where anchor = $1 and status = 'active'",
            &[new.anchor.as_str().into()],
        )
        .await?
        .int("n")?;
    if count >= OF_ONE_KEY {
        return Err(Error::invalid(
            "anchor",
            "同一编码至多 60 条链接，请先删除不用的",
            "one code has at most 60 links; remove some first",
        ));
    }
    let id = cx.id();
    tx.exec(
        "insert into resolver_link (id, version, operator, anchor, link_type, href, title_zh, title_en, lang, media, \
         context, status, created_at, updated_at) values ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'active', $11, $11)",
        &[
            id.into(),
            operator.into(),
            new.anchor.as_str().into(),
            new.link_type.as_str().into(),
            new.href.as_str().into(),
            (&*new.title.zh).into(),
            (&*new.title.en).into(),
            new.lang.as_str().into(),
            new.media.as_str().into(),
            new.context.as_str().into(),
            cx.now.into(),
        ],
    )
    .await?;
    let body = json!({
        "link": id, "operator": operator, "anchor": new.anchor, "type": new.link_type, "href": new.href,
        "title": new.title, "lang": new.lang, "media": new.media, "context": new.context,
    });
    append(tx, cx, &permit, entry("resolver_link.created", region, id, body)).await?;
    Ok(id)
}

/// Takes a link away, read at `version`.
///
/// # Errors
/// [`Error::Denied`]; [`Error::NotFound`]; [`store::Error::Stale`] when somebody else changed it.
pub async fn remove_link(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    id: Id,
    version: i64,
) -> Result<(), Error> {
    let row = tx
        .first(
            "select l.*, o.region from resolver_link l join operator o on o.id = l.operator \
             where l.id = $1 and l.status = 'active'",
            &[id.into()],
        )
        .await?
        .ok_or_else(|| Error::not_found("没有这条链接", "there is no such link"))?;
    let (link, region) = (ResolverLink::read(&row)?, row.text("region")?);
    let resource = Resource::new("product", &*region).of_operator(Some(link.operator));
    let permit = access.check(who, "act", &resource, cx.now)?;
    tx.exec_one(
        "update resolver_link set version = version + 1, status = 'removed', updated_at = $3 \
         where id = $1 and version = $2",
        &[id.into(), version.into(), cx.now.into()],
    )
    .await?;
    let body = json!({ "link": id, "operator": link.operator, "anchor": link.anchor, "type": link.link_type,
        "href": link.href });
    append(tx, cx, &permit, entry("resolver_link.removed", region, id, body)).await?;
    Ok(())
}

/// The links of an operator's things, newest first, at most `limit`, before the record given. No right is checked here.
///
/// # Errors
/// Storage.
pub async fn links_of(
    store: &Store,
    operator: Id,
    anchor: Option<&str>,
    before: Option<Id>,
    limit: usize,
) -> Result<Vec<ResolverLink>, Error> {
    let mut sql = Sql::new("select * from resolver_link where status = 'active' and operator = ");
    sql.bind(operator);
    if let Some(anchor) = anchor {
        sql.push(" and anchor = ").bind(anchor);
    }
    if let Some(id) = before {
        sql.push(" and id < ").bind(id);
    }
    sql.push(" order by id desc limit ").bind(i64::try_from(limit).unwrap_or(1_000));
    Ok(store.select(&sql).await?.iter().map(ResolverLink::read).collect::<Result<_, _>>()?)
}

/// The links at these anchors, in the order of entry. Links are public: no right is checked.
///
/// # Errors
/// Storage.
pub async fn links_at<S: AsRef<str>>(store: &Store, anchors: &[S]) -> Result<Vec<ResolverLink>, Error> {
    let mut sql = Sql::new("select * from resolver_link where status = 'active' and anchor in ");
    sql.bind_list(anchors.iter().map(AsRef::as_ref)).push(" order by id limit 2000");
    Ok(store.select(&sql).await?.iter().map(ResolverLink::read).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(href: &str) -> NewLink {
        NewLink { link_type: "gs1:pip".to_owned(), href: href.to_owned(), ..NewLink::default() }
    }

    #[test]
    fn a_link_leads_to_an_https_address_and_nowhere_else() {
        for (text, fits) in [
            ("https://firm.example/p?x=1#y", true),
            ("https://firm.example:8443/", true),
            ("http://firm.example/", false),
            ("//firm.example/", false),
            ("javascript:alert(1)", false),
            ("https://user:word@firm.example/", false),
            ("https://localhost/", false),
            ("https:///x", false),
            ("https://firm.example/ a", false),
            ("https://firm.example/\u{4e2d}", false),
            ("https://firm.example/\r\nSet-Cookie:x", false),
            ("", false),
        ] {
            assert_eq!(new(text).checked().is_ok(), fits, "{text}");
        }
        assert!(new(&format!("https://firm.example/{}", "a".repeat(1_000))).checked().is_err());
    }

    #[test]
    fn what_is_not_said_takes_the_words_of_the_link_type() {
        let link = new("https://firm.example/").checked().unwrap();
        assert_eq!(
            (&*link.title.zh, &*link.title.en, link.media.as_str()),
            ("产品介绍", "product information", "text/html")
        );
        for wrong in [
            NewLink { link_type: "gs1:defaultLink".to_owned(), ..new("https://firm.example/") },
            NewLink { lang: "de".to_owned(), ..new("https://firm.example/") },
            NewLink { media: "html".to_owned(), ..new("https://firm.example/") },
        ] {
            assert!(wrong.checked().is_err());
        }
    }
}
