//! The OpenAPI 3.1 document, made from the catalogue; a test compares it with the committed `openapi.json`.

use super::catalogue::{Endpoint, Right, chapter};
use super::endpoints::endpoints;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::sync::LazyLock;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, Content, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem, PathsBuilder,
    Ref, RefOr, Required, ResponseBuilder, Schema,
};

const PROBLEM: &str = "application/problem+json";

static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut text = build().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
});

/// The document as text, pretty and stable: same program, same bytes.
#[must_use]
pub fn openapi() -> &'static str {
    &DOCUMENT
}

/// `GET /api/openapi.json`. Public.
pub(super) async fn serve() -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")], openapi())
        .into_response()
}

fn build() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for e in endpoints() {
        let method = match e.method {
            "POST" => HttpMethod::Post,
            "DELETE" => HttpMethod::Delete,
            "OPTIONS" => HttpMethod::Options,
            _ => HttpMethod::Get,
        };
        paths = paths.path(e.path, PathItem::new(method, operation(e)));
    }
    let mut tags: Vec<&str> = Vec::new();
    for e in endpoints() {
        if !tags.contains(&e.tag) {
            tags.push(e.tag);
        }
    }
    let tags =
        tags.iter().map(|t| TagBuilder::new().name(*t).description(Some(chapter(t).to_string())).build());
    let bearer = SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "访问令牌 / an access token, made on the page Access tokens; no CSRF token needed",
            ))
            .build(),
    );
    let session = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
        "shian_session",
        "网页会话；写请求须来自本站页面 / a session of the site; a change must come from a page of the same origin",
    )));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("食安 Shian API")
                .version("1")
                .description(Some(
                    "食品安全监管平台的程序接口；权限与网页相同，错误均为 application/problem+json。\n\nThe interface of the \
                     food-safety platform for programs: the same functions and rights as the pages; every error is a \
                     problem document (RFC 9457).",
                ))
                .license(Some(LicenseBuilder::new().name("Apache-2.0").build()))
                .build(),
        )
        .paths(paths.build())
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme("token", bearer)
                .security_scheme("session", session)
                .schema("Problem", problem())
                .build(),
        ))
        .tags(Some(tags))
        .build()
}

fn operation(e: &Endpoint) -> Operation {
    let right = e.right.text();
    let mut op = OperationBuilder::new()
        .tag(e.tag)
        .operation_id(Some(name(e)))
        .summary(Some(format!("{} / {}", e.text.0, e.text.1)))
        .description(Some(format!("权限：{}\n\nRight: {}", right.zh, right.en)));
    for part in e.path.split('/').filter_map(|p| p.strip_prefix('{')?.strip_suffix('}')) {
        op = op.parameter(parameter(part, ParameterIn::Path, true, ""));
    }
    for p in e.query {
        let text = format!("{} / {}", p.text.0, p.text.1);
        op = op.parameter(parameter(p.name, ParameterIn::Query, p.required, &text));
    }
    if e.keyed {
        let text = "同键重发得到同一回答，不重复办理（保留七天）/ a repeat under the same key gets the same answer and changes nothing (kept seven days)";
        op = op.parameter(parameter("Idempotency-Key", ParameterIn::Header, false, text));
    }
    if !e.body.0.is_empty() {
        let body =
            RequestBodyBuilder::new().content(e.body.0, content(e.body.1)).required(Some(Required::True));
        op = op.request_body(Some(body.build()));
    }
    let mut done = ResponseBuilder::new().description("完成 / done");
    if !e.answer.1.is_empty() {
        done = done.content("application/json", content(e.answer.1));
    }
    if matches!(e.answer.0, 201 | 202) {
        let text = HeaderBuilder::new()
            .description(Some("新记录的地址 / address of the new record"))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        done = done.header("Location", text.build());
    }
    let status = if e.method == "DELETE" { 204 } else { e.answer.0 };
    op = op.response(status.to_string(), done);
    for (status, text) in refusals(e) {
        let body = Content::new(Some(RefOr::<Schema>::Ref(Ref::from_schema_name("Problem"))));
        op = op.response(status, ResponseBuilder::new().description(text).content(PROBLEM, body));
    }
    match e.right {
        Right::Public => op.securities(Some([SecurityRequirement::default()])).build(),
        _ => {
            let scopes: [&str; 0] = [];
            let either =
                [SecurityRequirement::new("token", scopes), SecurityRequirement::new("session", scopes)];
            op.securities(Some(either)).build()
        }
    }
}

/// What a caller must be ready for.
fn refusals(e: &Endpoint) -> Vec<(&'static str, &'static str)> {
    let mut all = Vec::new();
    if e.path.starts_with("/epcis") {
        all.extend([
            ("400", "数据或参数不正确 / the data or a parameter is wrong"),
            ("406", "无可接受的格式 / no acceptable format"),
        ]);
        if e.method == "POST" {
            all.extend([
                ("413", "超出上限 / too much at once"),
                ("415", "不支持的格式 / unsupported format"),
            ]);
        }
        if matches!(e.path, "/epcis/events" | "/epcis/queries") && e.method == "POST" {
            all.push(("409", "已存在 / it exists"));
        }
    } else {
        all.push((
            "422",
            "字段或参数不正确，field 指明是哪个 / a field or parameter is wrong; `field` names it",
        ));
        if e.method == "POST" {
            all.push(("409", "已被他人修改或环节不符 / changed by somebody else, or out of order"));
        }
    }
    if e.right != Right::Public {
        all.extend([
            ("401", "缺少或无效的令牌 / no token, or not a valid one"),
            ("403", "没有权限 / not permitted"),
        ]);
    }
    if e.path.contains('{') && e.method != "OPTIONS" {
        all.push(("404", "不存在或无权查看 / does not exist or may not be seen"));
    }
    all
}

/// `get_api_v1_samples_id`.
fn name(e: &Endpoint) -> String {
    let path: String = e.path.chars().filter(|c| !matches!(c, '{' | '}')).collect();
    format!("{}{}", e.method.to_lowercase(), path.replace(['/', '-'], "_"))
}

fn parameter(name: &str, at: ParameterIn, required: bool, text: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(at)
        .required(if required { Required::True } else { Required::False })
        .description((!text.is_empty()).then_some(text))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn content(example: &str) -> Content {
    match serde_json::from_str::<Value>(example) {
        Ok(value) => ContentBuilder::new().schema(Some(shape(&value))).example(Some(value)).build(),
        Err(_) => {
            let bytes = ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
            ContentBuilder::new().schema(Some(bytes)).build()
        }
    }
}

/// The members and types an example shows; further members may be there.
fn shape(value: &Value) -> RefOr<Schema> {
    let plain = |kind: Type| RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(kind).build()));
    match value {
        Value::Null => {
            RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(SchemaType::AnyValue).build()))
        }
        Value::Bool(_) => plain(Type::Boolean),
        Value::Number(n) if n.is_i64() || n.is_u64() => plain(Type::Integer),
        Value::Number(_) => plain(Type::Number),
        Value::String(_) => plain(Type::String),
        Value::Array(items) => {
            let item = items.first().map_or_else(
                || RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(SchemaType::AnyValue).build())),
                shape,
            );
            RefOr::T(Schema::Array(ArrayBuilder::new().items(item).build()))
        }
        Value::Object(members) => {
            let mut object = ObjectBuilder::new().schema_type(Type::Object);
            for (name, member) in members {
                object = object.property(name, shape(member));
            }
            RefOr::T(Schema::Object(object.build()))
        }
    }
}

/// RFC 9457 with both languages.
fn problem() -> Schema {
    let text = |about: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(about)).build();
    let object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("RFC 9457"))
        .property("type", text("about:blank, or epcisException:… below /epcis"))
        .property("title", text("问题种类 / what sort of problem"))
        .property("status", ObjectBuilder::new().schema_type(Type::Integer))
        .property("detail", text("所用语言的说明与办法（lang 参数或 Accept-Language）/ what is wrong and the remedy, in the caller's language"))
        .property("field", text("有误的字段 / the field at fault"))
        .property("pointer", text("EPCIS：JSON 指针 / EPCIS: JSON pointer"))
        .property("errors", ArrayBuilder::new().items(ObjectBuilder::new().schema_type(SchemaType::AnyValue)))
        .required("type")
        .required("status")
        .required("detail");
    Schema::Object(object.build())
}
