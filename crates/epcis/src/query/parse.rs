//! Parameters to a [`Query`]: names, values, and which go together.

use super::compare::{Relation, UnitCode};
use super::condition::{Attributed, Condition, LinkList, Match, PlaceField, WordField};
use super::field::{FieldName, FieldTest, Part};
use super::given::{Checked, Given};
use super::order::{Direction, OrderBy};
use super::pattern::Pattern;
use super::{Count, Query};
use crate::context::{Context, Syntax};
use crate::node::Node;
use crate::problem::{Problem, ProblemType, Problems};
use crate::vocabulary::{BIZ_STEP, DISPOSITION, ERROR_REASON, Vocabulary};
use base::Text;

/// The parameters with a fixed name, for the remedy when a name is mistyped.
const FIXED: Vocabulary = Vocabulary {
    base: "",
    urn: None,
    words: &[
        "eventType",
        "GE_eventTime",
        "LT_eventTime",
        "GE_recordTime",
        "LT_recordTime",
        "EQ_action",
        "EQ_bizStep",
        "EQ_disposition",
        "EQ_persistentDisposition_set",
        "EQ_persistentDisposition_unset",
        "EQ_readPoint",
        "WD_readPoint",
        "EQ_bizLocation",
        "WD_bizLocation",
        "EQ_transformationID",
        "MATCH_epc",
        "MATCH_parentID",
        "MATCH_inputEPC",
        "MATCH_outputEPC",
        "MATCH_anyEPC",
        "MATCH_epcClass",
        "MATCH_inputEPCClass",
        "MATCH_outputEPCClass",
        "MATCH_anyEPCClass",
        "EQ_quantity",
        "GT_quantity",
        "GE_quantity",
        "LT_quantity",
        "LE_quantity",
        "EQ_eventID",
        "EXISTS_errorDeclaration",
        "GE_errorDeclarationTime",
        "LT_errorDeclarationTime",
        "EQ_errorReason",
        "EQ_correctiveEventID",
        "orderBy",
        "orderDirection",
        "eventCountLimit",
        "maxEventCount",
        "EXISTS_sensorElementList",
        "GE_time",
        "LT_time",
        "GE_startTime",
        "LT_startTime",
        "GE_endTime",
        "LT_endTime",
        "EQ_type",
        "EQ_deviceID",
        "EQ_deviceMetadata",
        "EQ_rawData",
        "EQ_dataProcessingMethod",
        "EQ_microorganism",
        "EQ_chemicalSubstance",
        "EQ_bizRules",
        "EQ_stringValue",
        "EQ_booleanValue",
        "EQ_hexBinaryValue",
        "EQ_uriValue",
        "GE_percRank",
        "GT_percRank",
        "LT_percRank",
        "LE_percRank",
    ],
};

/// Sensor fields compared for equality.
const SENSOR_WORDS: [(&str, WordField); 11] = [
    ("type", WordField::Measurement),
    ("deviceID", WordField::Uri),
    ("deviceMetadata", WordField::Uri),
    ("rawData", WordField::Uri),
    ("dataProcessingMethod", WordField::Uri),
    ("microorganism", WordField::Uri),
    ("chemicalSubstance", WordField::Uri),
    ("bizRules", WordField::Uri),
    ("uriValue", WordField::Uri),
    ("stringValue", WordField::Text),
    ("hexBinaryValue", WordField::Hexadecimal),
];
const SENSOR_TIMES: [&str; 3] = ["time", "startTime", "endTime"];
const SENSOR_VALUES: [&str; 6] = ["value", "minValue", "maxValue", "meanValue", "sDev", "percValue"];

impl Query {
    /// Reads the parameters of an address, already decoded. Several values of one parameter stand between pipes (a comma
    /// is part of a value) or in repeated parameters; paging parameters are the caller's to take out.
    ///
    /// # Errors
    /// Every unusable parameter, each problem with the parameter's name as pointer.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        context: &Context,
    ) -> Result<Self, Problems> {
        let mut given: Vec<Given<'_>> = Vec::new();
        for (name, value) in pairs {
            let values = value.split('|').map(Node::text);
            match given.iter_mut().find(|g| g.name == name) {
                Some(before) => before.values.extend(values),
                None => given.push(Given {
                    name,
                    pointer: name.to_owned(),
                    values: values.collect(),
                    is_text: true,
                    context,
                }),
            }
        }
        Reader::default().read(&given)
    }

    /// Reads a named query: `{"name": …, "query": {…}}`, or what stands under `query` alone. Its own `@context` adds to
    /// `context`.
    ///
    /// # Errors
    /// [`ProblemType::QueryValidation`] when it is no object; else every unusable parameter with its JSON pointer.
    pub fn from_json(definition: &Node, context: &Context) -> Result<Self, Problems> {
        let (at, query) = match definition.get("query") {
            Some(query) => ("/query", query),
            None => ("", definition),
        };
        let Node::Object(members) = query else {
            return Err(Problem::new(
                ProblemType::QueryValidation,
                at,
                Text::of("查询应为对象 {…}。", "The query is not an object {…}."),
                Text::of(
                    "请写成 {\"name\": \"…\", \"query\": {\"eventType\": [\"ObjectEvent\"]}}。",
                    "Write {\"name\": \"…\", \"query\": {\"eventType\": [\"ObjectEvent\"]}}.",
                ),
            )
            .into());
        };
        let mut own = context.clone();
        if let Some(more) = query.get("@context") {
            own.extend(more);
        }
        let given: Vec<Given<'_>> = members
            .iter()
            .filter(|(name, _)| &**name != "@context")
            .map(|(name, value)| {
                let mut pointer = at.to_owned();
                crate::pointer::push_name(&mut pointer, name);
                let values = match value {
                    Node::Array(items) => items.clone(),
                    one => vec![one.clone()],
                };
                Given { name, pointer, values, is_text: false, context: &own }
            })
            .collect();
        Reader::default().read(&given)
    }
}

/// The prefixes a `GS1-Extensions` header declares: `prefix=namespace` pairs with commas between.
///
/// # Errors
/// When a part is no such pair.
pub fn extensions(header: &str) -> Result<Context, Box<Problem>> {
    let mut context = Context::standard(Syntax::Json);
    for part in header.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let pair = part.split_once('=').map(|(prefix, namespace)| (prefix.trim(), namespace.trim()));
        match pair.filter(|(prefix, namespace)| !prefix.is_empty() && crate::uri::is_uri(namespace)) {
            Some((prefix, namespace)) => context.declare(prefix, namespace),
            None => {
                return Err(Box::new(Problem::new(
                    ProblemType::Validation,
                    "GS1-Extensions",
                    Text::new(
                        format!("GS1-Extensions 中“{part}”不是“前缀=命名空间”。"),
                        format!("'{part}' in GS1-Extensions is not prefix=namespace."),
                    ),
                    Text::of(
                        "请写成 ex=https://example.org/ns/，多个以逗号分隔。",
                        "Write ex=https://example.org/ns/ and separate several with commas.",
                    ),
                )));
            }
        }
    }
    Ok(context)
}

#[derive(Default)]
struct Reader {
    conditions: Vec<Condition>,
    order: Option<OrderBy>,
    direction: Direction,
    first: Option<u64>,
    at_most: Option<u64>,
    problems: Vec<Problem>,
}

impl Reader {
    fn read(mut self, given: &[Given<'_>]) -> Result<Query, Problems> {
        for parameter in given {
            if let Err(problem) = self.take(parameter) {
                self.problems.push(*problem);
            }
        }
        let pointer = |name: &str| {
            given.iter().find(|g| g.name == name).map_or_else(|| name.to_owned(), |g| g.pointer.clone())
        };
        if self.first.is_some() && self.at_most.is_some() {
            self.problems.push(Problem::new(
                ProblemType::QueryParameter,
                pointer("maxEventCount"),
                Text::of(
                    "eventCountLimit 与 maxEventCount 不能同时使用。",
                    "eventCountLimit and maxEventCount exclude each other.",
                ),
                Text::of("请只保留其中一个。", "Keep one of them."),
            ));
        }
        if self.first.is_some() && !given.iter().any(|g| g.name == "orderBy") {
            self.problems.push(Problem::new(
                ProblemType::QueryParameter,
                pointer("eventCountLimit"),
                Text::of(
                    "eventCountLimit 须与 orderBy 一起使用。",
                    "eventCountLimit needs orderBy: without an order there is no first event.",
                ),
                Text::of("请加上 orderBy=eventTime。", "Add orderBy=eventTime."),
            ));
        }
        if !self.problems.is_empty() {
            return Err(Problems(self.problems));
        }
        let mut asked: Vec<(String, Vec<Node>)> =
            given.iter().map(|g| (g.name.to_owned(), g.values.clone())).collect();
        asked.sort_by(|a, b| a.0.cmp(&b.0));
        let count = self.first.map(Count::First).or(self.at_most.map(Count::AtMost));
        Ok(Query { conditions: self.conditions, order: self.order, direction: self.direction, count, asked })
    }

    fn take(&mut self, given: &Given<'_>) -> Checked<()> {
        match given.name {
            "orderBy" => self.order = Some(order(given)?),
            "orderDirection" => {
                self.direction = match given.single()? {
                    "ASC" => Direction::Ascending,
                    "DESC" => Direction::Descending,
                    _ => {
                        return Err(given.problem(
                            Text::of("orderDirection 的值不可用。", "orderDirection cannot be that."),
                            Text::of("请使用 ASC 或 DESC。", "Use ASC or DESC."),
                        ));
                    }
                }
            }
            "eventCountLimit" => self.first = Some(given.count(1)?),
            "maxEventCount" => self.at_most = Some(given.count(0)?),
            _ => self.conditions.extend(condition(given)?),
        }
        Ok(())
    }
}

fn order(given: &Given<'_>) -> Checked<OrderBy> {
    match given.single()? {
        "eventTime" => Ok(OrderBy::EventTime),
        "recordTime" => Ok(OrderBy::RecordTime),
        name if name.contains(':') => field_name(given, name).map(OrderBy::Field),
        other => Err(given.problem(
            Text::new(format!("不能按“{other}”排序。"), format!("The order cannot be by \"{other}\".")),
            Text::of(
                "请使用 eventTime、recordTime 或扩展字段（前缀:名称）。",
                "Use eventTime, recordTime or an extension field (prefix:name).",
            ),
        )),
    }
}

fn field_name(given: &Given<'_>, name: &str) -> Checked<FieldName> {
    if let Some(field) = FieldName::parse(given.context, name) {
        return Ok(field);
    }
    let Some((prefix, _)) = name.split_once(':') else { return Err(unknown(given)) };
    Err(given.problem(
        Text::new(
            format!("参数 {} 中的前缀“{prefix}”没有定义。", given.name),
            format!("The prefix '{prefix}' in the parameter {} is not defined.", given.name),
        ),
        Text::new(
            format!(
                "请在查询的 @context 中，或在请求头 GS1-Extensions 中（{prefix}=https://…/）说明该前缀。"
            ),
            format!(
                "Define it in the query's @context, or in the header GS1-Extensions: {prefix}=https://…/"
            ),
        ),
    ))
}

fn unknown(given: &Given<'_>) -> Box<Problem> {
    let near = FIXED.nearest(given.name);
    let remedy = match near {
        Some(near) => Text::new(format!("是否想写 {near}？"), format!("Did you mean {near}?")),
        None => Text::of(
            "请查阅 EPCIS 2.0 SimpleEventQuery 的参数；扩展字段须写成 EQ_前缀:名称。",
            "See the parameters of the EPCIS 2.0 SimpleEventQuery; an extension field is EQ_prefix:name.",
        ),
    };
    given.problem(
        Text::new(format!("没有参数 {}。", given.name), format!("There is no parameter {}.", given.name)),
        remedy,
    )
}

/// The condition a parameter states; none for an `EXISTS_…` that is false.
fn condition(given: &Given<'_>) -> Checked<Option<Condition>> {
    if given.name == "eventType" {
        return given.event_types().map(Condition::EventType).map(Some);
    }
    let (operator, rest) = given.name.split_once('_').ok_or_else(|| unknown(given))?;
    match operator {
        "MATCH" => {
            let what = Match::ALL.into_iter().find(|m| m.word == rest).ok_or_else(|| unknown(given))?;
            let any = given.uris()?.into_iter().map(|uri| Pattern::parse(given.context, uri)).collect();
            Ok(Some(Condition::Match(what, any)))
        }
        "WD" => {
            let field = place(rest).ok_or_else(|| unknown(given))?;
            Ok(Some(Condition::Place { field, any: given.keys()?, descendants: true }))
        }
        "EXISTS" => {
            let condition = match rest {
                "errorDeclaration" => Condition::HasErrorDeclaration,
                "sensorElementList" => Condition::HasSensorElements,
                _ => {
                    let (part, inner, name) = extension(rest).ok_or_else(|| unknown(given))?;
                    let name = field_name(given, name)?;
                    Condition::Field(FieldTest { part, inner, name, relation: None, any: Vec::new() })
                }
            };
            Ok(given.exists()?.then_some(condition))
        }
        "HASATTR" => {
            let field = attributed(given, rest)?;
            let names = given.texts()?;
            let names = names.iter().map(|name| super::key(given.context, name).into()).collect();
            Ok(Some(Condition::HasAttribute(field, names)))
        }
        "EQATTR" => attribute(given, rest).map(Some),
        "EQ" if rest.starts_with("ATTR_") => attribute(given, rest.trim_start_matches("ATTR_")).map(Some),
        _ => {
            let relation = Relation::parse(operator).ok_or_else(|| unknown(given))?;
            compared(given, relation, rest).map(Some)
        }
    }
}

fn place(word: &str) -> Option<PlaceField> {
    [PlaceField::ReadPoint, PlaceField::BizLocation].into_iter().find(|field| field.member() == word)
}

/// `EQ_`, `GT_`, `GE_`, `LT_`, `LE_` and what follows.
fn compared(given: &Given<'_>, relation: Relation, rest: &str) -> Checked<Condition> {
    let is_time = matches!(relation, Relation::Ge | Relation::Lt);
    if relation == Relation::Eq
        && let Some(condition) = equal(given, rest)
    {
        return condition;
    }
    match rest {
        "eventTime" if is_time => return Ok(Condition::EventTime(relation, given.moment()?)),
        "recordTime" if is_time => return Ok(Condition::RecordTime(relation, given.moment()?)),
        "errorDeclarationTime" | "errorDeclaration_Time" if is_time => {
            return Ok(Condition::ErrorDeclarationTime(relation, given.moment()?));
        }
        "percRank" if relation != Relation::Eq => {
            return Ok(Condition::SensorRank(relation, given.number()?));
        }
        "quantity" => return Ok(Condition::Quantity(relation, amounts(given, relation)?, None)),
        _ => {}
    }
    if let Some(field) = SENSOR_TIMES.into_iter().find(|f| *f == rest).filter(|_| is_time) {
        return Ok(Condition::SensorTime(field, relation, given.moment()?));
    }
    if let Some((name, code)) = rest.split_once('_')
        && let Some(unit) = UnitCode::parse(code)
    {
        if name == "quantity" {
            return Ok(Condition::Quantity(relation, amounts(given, relation)?, Some(unit)));
        }
        let field = SENSOR_VALUES.into_iter().find(|field| *field == name);
        if let Some(field) = field.filter(|f| relation != Relation::Eq || *f == "value") {
            return Ok(Condition::SensorValue { field, relation, any: amounts(given, relation)?, unit });
        }
    }
    let (part, inner, name) = extension(rest).ok_or_else(|| unknown(given))?;
    let name = field_name(given, name)?;
    let any = if relation == Relation::Eq { given.equals()? } else { vec![given.bound()?] };
    Ok(Condition::Field(FieldTest { part, inner, name, relation: Some(relation), any }))
}

/// Several numbers for equality, one for every other relation.
fn amounts(given: &Given<'_>, relation: Relation) -> Checked<Vec<base::Decimal>> {
    if relation == Relation::Eq { given.numbers() } else { given.number().map(|n| vec![n]) }
}

/// The `EQ_…` parameters with names of their own; `None` for the others.
fn equal(given: &Given<'_>, rest: &str) -> Option<Checked<Condition>> {
    if let Some((field, form)) = SENSOR_WORDS.into_iter().find(|(field, _)| *field == rest) {
        let any = match form {
            WordField::Uri => given.keys(),
            WordField::Measurement => given.words(&crate::vocabulary::MEASUREMENT),
            WordField::Text | WordField::Hexadecimal => {
                given.texts().map(|texts| texts.iter().map(|text| form.form(given.context, text)).collect())
            }
        };
        return Some(any.map(|any| Condition::SensorWord(field, form, any)));
    }
    if let Some(field) = place(rest) {
        return Some(given.keys().map(|any| Condition::Place { field, any, descendants: false }));
    }
    let ids = |make: fn(Vec<Box<str>>) -> Condition| {
        given.uris().map(|uris| make(uris.into_iter().map(Into::into).collect()))
    };
    Some(match rest {
        "action" => given.actions().map(Condition::Action),
        "bizStep" => given.words(&BIZ_STEP).map(Condition::BizStep),
        "disposition" => given.words(&DISPOSITION).map(Condition::Disposition),
        "persistentDisposition_set" => {
            given.words(&DISPOSITION).map(|any| Condition::PersistentDisposition(true, any))
        }
        "persistentDisposition_unset" => {
            given.words(&DISPOSITION).map(|any| Condition::PersistentDisposition(false, any))
        }
        "transformationID" => given.keys().map(Condition::TransformationId),
        "eventID" => ids(Condition::EventId),
        "errorReason" => given.words(&ERROR_REASON).map(Condition::ErrorReason),
        "correctiveEventID" => ids(Condition::CorrectiveEventId),
        "booleanValue" => given.boolean().map(Condition::SensorBoolean),
        _ => {
            let lists = [LinkList::BizTransaction, LinkList::Source, LinkList::Destination];
            let (list, kind) = lists.into_iter().find_map(|list| {
                let kind = rest.strip_prefix(list.word())?.strip_prefix('_')?;
                (!kind.is_empty()).then_some((list, kind))
            })?;
            let kind = super::word(given.context, list.types(), kind).into();
            given.keys().map(|any| Condition::Link { list, kind, any })
        }
    })
}

/// Where an extension field stands, whether inside others, and its name.
fn extension(rest: &str) -> Option<(Part, bool, &str)> {
    let (inner, rest) = match rest.strip_prefix("INNER_") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (part, name) = Part::WORDS
        .into_iter()
        .find_map(|(word, part)| Some((part, rest.strip_prefix(word)?)))
        .unwrap_or((Part::Event, rest));
    name.contains(':').then_some((part, inner, name))
}

fn attributed(given: &Given<'_>, field: &str) -> Checked<Attributed> {
    match Attributed::STANDARD.into_iter().find(|name| *name == field) {
        Some(name) => Ok(Attributed::Standard(name)),
        None => field_name(given, field).map(Attributed::Extension),
    }
}

/// `field_attribute`: the field ends at the first underscore after it, the rest is the attribute.
fn attribute(given: &Given<'_>, rest: &str) -> Checked<Condition> {
    let standard = Attributed::STANDARD
        .into_iter()
        .find_map(|name| Some((name, rest.strip_prefix(name)?.strip_prefix('_')?)));
    let (field, attribute) = match standard {
        Some((name, attribute)) => (name, attribute),
        None => rest.split_once('_').ok_or_else(|| unknown(given))?,
    };
    if attribute.is_empty() {
        return Err(unknown(given));
    }
    let field = attributed(given, field)?;
    let attribute = super::key(given.context, attribute).into();
    Ok(Condition::Attribute(field, attribute, given.texts()?))
}
