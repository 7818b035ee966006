//! The message around the data: media types, versions, formats, size, paging headers.

use super::refusal::{Refusal, Refused};
use crate::state::App;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base::{Instant, Text};
use epcis::{Problem, ProblemType};
use futures::StreamExt;
use store::attachments::Spool;
use supply::{ErrorBehaviour, Format};

/// How long a page token is promised to work, in seconds.
const TOKEN_SECONDS: i64 = 24 * 3600;
/// Bytes of a document that is dealt with before the answer; a longer one is spooled and becomes a job.
pub(crate) const AT_ONCE: usize = 1 << 20;

pub(crate) fn text(headers: &HeaderMap, name: impl axum::http::header::AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

/// What the caller wants to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Json,
    Xml,
}

impl Wanted {
    /// An answer of this kind.
    pub(crate) fn answer(self, body: String) -> Response {
        let media = match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
        };
        ([(header::CONTENT_TYPE, media)], body).into_response()
    }
}

fn unsupported(detail: Text, remedy: Text) -> Refused {
    Problem::new(ProblemType::UnsupportedMediaType, "", detail, remedy).into()
}

/// The syntax of the body, by its media type.
pub(crate) fn format(headers: &HeaderMap, xml: bool) -> Result<Format, Refused> {
    if let Some(coding) = text(headers, header::CONTENT_ENCODING).filter(|c| *c != "identity") {
        return Err(unsupported(
            Text::new(
                format!("不支持压缩的请求体（{coding}）。"),
                format!("A compressed body ({coding}) is not read."),
            ),
            Text::of("请发送未压缩的内容。", "Send it uncompressed."),
        ));
    }
    let sent = text(headers, header::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    let mut parts = sent.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let charset = parts.find_map(|p| p.strip_prefix("charset=")).map(|c| c.trim_matches('"'));
    // every processor of XML reads UTF-16 (XML 1.0 §4.3.3); which of the two it is the text itself tells
    let wide = xml && media.ends_with("/xml");
    let reads = |c: &str| matches!(c, "utf-8" | "utf8" | "us-ascii") || wide && c == "utf-16";
    if let Some(charset) = charset.filter(|c| !reads(c)) {
        return Err(unsupported(
            Text::new(
                format!("不支持字符编码 {charset}。"),
                format!("The character set {charset} is not read."),
            ),
            Text::of("请以 UTF-8 编码发送。", "Send UTF-8."),
        ));
    }
    match media {
        "application/json" | "application/ld+json" => Ok(Format::Json),
        "application/xml" | "text/xml" if xml => Ok(Format::Xml),
        _ => Err(unsupported(
            Text::new(
                format!("不支持内容类型“{media}”。"),
                format!("The content type '{media}' is not read here."),
            ),
            if xml {
                Text::of(
                    "请使用 application/json、application/ld+json 或 application/xml。",
                    "Use application/json, application/ld+json or application/xml.",
                )
            } else {
                Text::of(
                    "请使用 application/json 或 application/ld+json。",
                    "Use application/json or application/ld+json.",
                )
            },
        )),
    }
}

/// The weight of a media range, in thousandths; `None` when it is none of ours.
fn weight(range: &str) -> Option<(Wanted, u32, bool)> {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let q = parts
        .find_map(|p| p.strip_prefix("q="))
        .map_or(Some(1.0), |q| q.parse::<f64>().ok())
        .filter(|q| (0.0..=1.0).contains(q))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    let q = (q * 1000.0).round() as u32;
    match media.as_str() {
        "*/*" | "application/*" => Some((Wanted::Json, q, true)),
        "application/json" | "application/ld+json" | "application/problem+json" => {
            Some((Wanted::Json, q, false))
        }
        "application/xml" | "text/xml" | "application/problem+xml" => Some((Wanted::Xml, q, false)),
        _ => None,
    }
}

/// Whether JSON will do only under the name of JSON-LD.
pub(crate) fn names_linked_data(headers: &HeaderMap) -> bool {
    let accepted = |names: &[&str]| {
        text(headers, header::ACCEPT).unwrap_or_default().split(',').any(|range| {
            let media = range.split(';').next().unwrap_or_default().trim();
            names.iter().any(|name| media.eq_ignore_ascii_case(name))
        })
    };
    accepted(&["application/ld+json"]) && !accepted(&["application/json", "application/*", "*/*"])
}

/// What the caller prefers of JSON and XML; `None` when neither will do.
pub(crate) fn preferred(headers: &HeaderMap) -> Option<Wanted> {
    let Some(accept) = text(headers, header::ACCEPT) else { return Some(Wanted::Json) };
    let of = |wanted: Wanted| {
        let named = |any: bool| {
            accept
                .split(',')
                .filter_map(weight)
                .find(|(w, _, a)| *a == any && (any || *w == wanted))
                .map(|(_, q, _)| q)
        };
        named(false).or_else(|| named(true)).unwrap_or(0)
    };
    match (of(Wanted::Json), of(Wanted::Xml)) {
        (0, 0) => None,
        (json, xml) if json >= xml => Some(Wanted::Json),
        _ => Some(Wanted::Xml),
    }
}

/// The form of the answer.
pub(crate) fn wanted(headers: &HeaderMap) -> Result<Wanted, Refused> {
    preferred(headers).ok_or_else(|| {
        not_acceptable(
            "Accept",
            text(headers, header::ACCEPT).unwrap_or_default(),
            Text::of(
                "请在 Accept 中加入 application/json 或 application/xml。",
                "Add application/json or application/xml to Accept.",
            ),
        )
    })
}

/// Refuses a client that takes no JSON, where there is nothing else.
pub(crate) fn takes_json(headers: &HeaderMap) -> Result<(), Refused> {
    let Some(accept) = text(headers, header::ACCEPT) else { return Ok(()) };
    if accept.split(',').filter_map(weight).any(|(w, q, _)| w == Wanted::Json && q > 0) {
        return Ok(());
    }
    Err(not_acceptable(
        "Accept",
        accept,
        Text::of("请在 Accept 中加入 application/json。", "Add application/json to Accept."),
    ))
}

fn not_acceptable(name: &str, value: &str, remedy: Text) -> Refused {
    Problem::new(
        ProblemType::NotAcceptable,
        "",
        Text::new(
            format!("无法满足 {name}: {value}。"),
            format!("What {name}: {value} asks for is not available."),
        ),
        remedy,
    )
    .into()
}

/// A version's numbers; trailing zeros do not count.
fn version(text: &str) -> Option<Vec<u32>> {
    let mut parts: Vec<u32> = text.trim().split('.').map(|p| p.parse().ok()).collect::<Option<_>>()?;
    while parts.last() == Some(&0) {
        parts.pop();
    }
    Some(parts)
}

/// Whether the versions the caller asks for are spoken here: EPCIS 2.0 and CBV 2.0; documents of 1.2 are read.
pub(crate) fn speaks(headers: &HeaderMap, reads: bool) -> Result<(), Refused> {
    let remedy = || {
        Text::of(
            "本接口支持 EPCIS 2.0.0 与 CBV 2.0.0（XML 采集亦可为 1.2）。",
            "EPCIS 2.0.0 and CBV 2.0.0 are spoken here (captured XML may be 1.2).",
        )
    };
    let own = vec![2];
    for kind in ["epcis", "cbv"] {
        for (end, fits) in [("version", None), ("min", Some(true)), ("max", Some(false))] {
            let name = format!("gs1-{kind}-{end}");
            let Some(value) = text(headers, &name) else { continue };
            let asked = version(value);
            let good = asked.is_some_and(|asked| match fits {
                None => {
                    asked == own || (asked.len() == 3 && asked[..2] == [2, 0]) || (reads && asked == [1, 2])
                }
                Some(true) => asked <= vec![2, 0, u32::MAX],
                Some(false) => asked >= own,
            });
            if !good {
                return Err(not_acceptable(&name, value, remedy()));
            }
        }
    }
    Ok(())
}

/// A body taken in.
pub(crate) enum Taken {
    /// Short enough to be dealt with at once.
    Whole(Vec<u8>),
    /// On disk.
    Spooled(Spool),
}

/// Takes the body in, no longer than one capture may be; what is longer than [`AT_ONCE`] goes to disk as it comes.
pub(crate) async fn take(app: &App, headers: &HeaderMap, body: Body) -> Result<Taken, Refused> {
    let limit = app.supply.upload;
    let declared: Option<u64> = text(headers, header::CONTENT_LENGTH).and_then(|v| v.parse().ok());
    if declared.is_some_and(|n| n > limit) {
        return Err(too_long(app));
    }
    let mut stream = body.into_data_stream();
    let mut head = Vec::new();
    let mut spool: Option<Spool> = None;
    while let Some(part) = stream.next().await {
        let part = part.map_err(|_| broke_off())?;
        spool = match spool {
            None if head.len() + part.len() <= AT_ONCE => {
                head.extend_from_slice(&part);
                continue;
            }
            None => {
                let spool = app.attachments.spool().await.map_err(crate::fault::Fault::from)?;
                let spool =
                    spool.write(std::mem::take(&mut head)).await.map_err(crate::fault::Fault::from)?;
                Some(spool.write(part).await.map_err(crate::fault::Fault::from)?)
            }
            Some(spool) => Some(spool.write(part).await.map_err(crate::fault::Fault::from)?),
        };
        if spool.as_ref().is_some_and(|s| s.size() > limit) {
            return Err(too_long(app));
        }
    }
    match spool {
        Some(spool) => Ok(Taken::Spooled(spool)),
        None if head.len() as u64 > limit => Err(too_long(app)),
        None => Ok(Taken::Whole(head)),
    }
}

/// A short body: an event, a query.
pub(crate) async fn read(app: &App, body: Body) -> Result<Vec<u8>, Refused> {
    match axum::body::to_bytes(body, app.supply.limits.bytes.min(16 * AT_ONCE)).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(_) => Err(too_long(app)),
    }
}

fn broke_off() -> Refused {
    Problem::new(
        ProblemType::Validation,
        "",
        Text::of("传输中断，未收到完整内容。", "The transfer broke off; the body is not complete."),
        Text::of("请重新发送。", "Send it again."),
    )
    .into()
}

fn too_long(app: &App) -> Refused {
    let limit = app.supply.upload;
    let problem = Problem::new(
        ProblemType::CaptureLimitExceeded,
        "",
        Text::new(format!("内容超过 {limit} 字节。"), format!("The body has more than {limit} bytes.")),
        Text::of("请分成几个较小的文件提交。", "Send it in several smaller documents."),
    );
    Refusal::new(vec![problem]).with(|h| super::limits(h, app)).into()
}

/// `GS1-Capture-Error-Behaviour`.
pub(crate) fn behaviour(headers: &HeaderMap) -> Result<ErrorBehaviour, Refused> {
    let Some(word) = text(headers, "gs1-capture-error-behaviour") else {
        return Ok(ErrorBehaviour::default());
    };
    word.parse().map_err(|_| {
        Problem::new(
            ProblemType::Validation,
            "",
            Text::new(
                format!("GS1-Capture-Error-Behaviour 的值“{word}”不正确。"),
                format!("GS1-Capture-Error-Behaviour is '{word}'."),
            ),
            Text::of("请填写 rollback 或 proceed。", "Use rollback or proceed."),
        )
        .into()
    })
}

/// The link to the next page and until when it works.
pub(crate) fn next_page(
    headers: &mut HeaderMap,
    path: &str,
    query: &[(String, String)],
    token: &str,
    now: Instant,
) {
    let mut parts: Vec<String> = query
        .iter()
        .filter(|(name, _)| name != "nextPageToken")
        .map(|(name, value)| format!("{}={}", crate::ui::encode(name), crate::ui::encode(value)))
        .collect();
    parts.push(format!("nextPageToken={}", crate::ui::encode(token)));
    if let Ok(value) = HeaderValue::from_str(&format!("<{path}?{}>; rel=\"next\"", parts.join("&"))) {
        headers.insert(header::LINK, value);
    }
    if let Ok(value) = HeaderValue::from_str(&now.plus_seconds(TOKEN_SECONDS).rfc3339()) {
        headers.insert(HeaderName::from_static("gs1-next-page-token-expires"), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn the_answer_is_in_the_form_the_caller_prefers() {
        for (accept, wanted) in [
            ("*/*", Some(Wanted::Json)),
            ("application/xml", Some(Wanted::Xml)),
            ("text/xml;q=0.9, application/json;q=0.8", Some(Wanted::Xml)),
            ("application/xml, application/json", Some(Wanted::Json)),
            ("application/json;q=0, */*", Some(Wanted::Xml)),
            ("application/ld+json", Some(Wanted::Json)),
            ("text/html", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(preferred(&with("accept", accept)), wanted, "{accept}");
        }
        assert_eq!(preferred(&HeaderMap::new()), Some(Wanted::Json));
        for (accept, linked) in [
            ("application/ld+json", true),
            ("Application/LD+JSON;q=0.9, application/xml;q=0.1", true),
            ("application/ld+json, application/json", false),
            ("application/ld+json, */*;q=0.1", false),
            ("application/json", false),
        ] {
            assert_eq!(names_linked_data(&with("accept", accept)), linked, "{accept}");
        }
        assert!(!names_linked_data(&HeaderMap::new()));
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        for (name, value, reads, fits) in [
            ("gs1-epcis-version", "2.0.0", false, true),
            ("gs1-epcis-version", "2.0", false, true),
            ("gs1-epcis-version", "2.0.1", false, true),
            ("gs1-epcis-version", "1.2", true, true),
            ("gs1-epcis-version", "1.2", false, false),
            ("gs1-epcis-version", "3.0.0", true, false),
            ("gs1-epcis-min", "1.0.0", false, true),
            ("gs1-epcis-min", "2.1.0", false, false),
            ("gs1-epcis-max", "2.0.0", false, true),
            ("gs1-epcis-max", "1.2.0", false, false),
            ("gs1-cbv-version", "two", false, false),
        ] {
            assert_eq!(speaks(&with(name, value), reads).is_ok(), fits, "{name}: {value}");
        }
    }
}
