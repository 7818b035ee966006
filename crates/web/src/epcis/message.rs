//! The message around the data: media types, encodings, size, paging headers.

use super::refusal::{Refusal, Refused};
use crate::state::App;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base::{Instant, Text};
use epcis::{Problem, ProblemType};
use supply::{ErrorBehaviour, Format};

/// How long a page token is promised to work, in seconds.
const TOKEN_SECONDS: i64 = 24 * 3600;

fn text(headers: &HeaderMap, name: impl axum::http::header::AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|v| v.to_str().ok())
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
    if let Some(charset) = charset.filter(|c| !matches!(*c, "utf-8" | "utf8" | "us-ascii")) {
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

/// Refuses a client that takes no JSON.
pub(crate) fn takes_json(headers: &HeaderMap) -> Result<(), Refused> {
    let Some(accept) = text(headers, header::ACCEPT) else { return Ok(()) };
    let fits = accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let refused = parts.any(|p| matches!(p, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        let json =
            ["*/*", "application/*", "application/json", "application/ld+json", "application/problem+json"];
        !refused && json.contains(&media.as_str())
    });
    if fits {
        return Ok(());
    }
    Err(Problem::new(
        ProblemType::NotAcceptable,
        "",
        Text::new(format!("无法以“{accept}”回答。"), format!("There is no answer in '{accept}'.")),
        Text::of("请在 Accept 中加入 application/json。", "Add application/json to Accept."),
    )
    .into())
}

/// The body, no longer than one capture may be.
pub(crate) async fn read(app: &App, body: Body) -> Result<Vec<u8>, Refused> {
    let limit = app.supply.limits.bytes;
    match axum::body::to_bytes(body, limit).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(_) => {
            let too_long = Problem::new(
                ProblemType::CaptureLimitExceeded,
                "",
                Text::new(
                    format!("内容超过 {limit} 字节，或传输中断。"),
                    format!("The body has more than {limit} bytes, or broke off."),
                ),
                Text::of("请分成几个较小的文件提交。", "Send it in several smaller documents."),
            );
            Err(Refusal::new(vec![too_long]).with(|h| super::limits(h, app)).into())
        }
    }
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
