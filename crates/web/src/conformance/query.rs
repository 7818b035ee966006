//! Queries: parameters of the language, paging, refusals.

use super::surface::next_of;
use super::{Ask, PLACE, Walk, body, count, encoded, events, problem};
use crate::outbound::Reply;
use serde_json::json;

impl Walk<'_> {
    pub(super) async fn query(&mut self) {
        self.rich_event().await;
        self.parameters().await;
        self.pages().await;
        self.refused_queries().await;
        self.named().await;
    }

    /// One event with what the parameters ask for.
    async fn rich_event(&mut self) {
        let mut event = self.event("R");
        event["@context"] = json!([super::CONTEXT, { "ex": "https://example.org/" }]);
        event["bizStep"] = "inspecting".into();
        event["bizTransactionList"] =
            json!([{ "type": "po", "bizTransaction": format!("urn:example:po:{}", self.run) }]);
        event["sourceList"] =
            json!([{ "type": "owning_party", "source": "https://id.gs1.org/417/9521321000010" }]);
        event["sensorElementList"] = json!([{
            "sensorMetadata": { "time": "2026-01-02T03:04:05.000+08:00", "deviceID": "urn:example:device:1" },
            "sensorReport": [{ "type": "Temperature", "value": 26.0, "uom": "CEL" }],
        }]);
        event["ex:shift"] = self.run.as_str().into();
        event["ex:nested"] = json!({ "ex:inner": 7 });
        let ask = Ask::of("/events").json(&event);
        self.line("an event with sensors and extensions is captured", "POST /events", ask, 201, None).await;
    }

    async fn parameters(&mut self) {
        let lot = encoded(&self.lot("R"));
        let own = format!("MATCH_anyEPCClass={lot}");
        let (run, place) = (self.run.clone(), encoded(PLACE));
        let id = encoded(&format!("urn:uuid:{}", self.uuid("R")));
        // each parameter beside the one that names this run's event: it is found, or it is not
        for (parameter, found) in [
            ("eventType=ObjectEvent|AggregationEvent".to_owned(), 1),
            ("eventType=AggregationEvent".to_owned(), 0),
            (
                "GE_eventTime=2026-01-02T03:04:05%2B08:00&LT_eventTime=2026-01-02T03:04:06%2B08:00"
                    .to_owned(),
                1,
            ),
            ("LT_eventTime=2026-01-02T03:04:05%2B08:00".to_owned(), 0),
            ("GE_recordTime=2020-01-01T00:00:00Z".to_owned(), 1),
            ("LT_recordTime=2020-01-01T00:00:00Z".to_owned(), 0),
            ("EQ_action=OBSERVE".to_owned(), 1),
            ("EQ_bizStep=inspecting|shipping".to_owned(), 1),
            ("EQ_bizStep=https%3A%2F%2Fref.gs1.org%2Fcbv%2FBizStep-inspecting".to_owned(), 1),
            ("EQ_disposition=in_progress".to_owned(), 1),
            ("EQ_disposition=destroyed".to_owned(), 0),
            (format!("EQ_readPoint={place}"), 1),
            (format!("WD_readPoint={place}"), 1),
            (format!("EQ_bizLocation={place}"), 1),
            (format!("WD_bizLocation={place}"), 1),
            (format!("EQ_bizTransaction_po=urn%3Aexample%3Apo%3A{run}"), 1),
            ("EQ_source_owning_party=https%3A%2F%2Fid.gs1.org%2F417%2F9521321000010".to_owned(), 1),
            (format!("MATCH_epcClass={lot}"), 1),
            (format!("MATCH_anyEPCClass=urn%3Aepc%3Aclass%3Algtin%3A9521321.000001.{run}R"), 1),
            (format!("MATCH_inputEPCClass={lot}"), 0),
            ("EQ_quantity=10".to_owned(), 1),
            ("GT_quantity=10".to_owned(), 0),
            ("GE_quantity_GRM=10000".to_owned(), 1),
            (format!("EQ_eventID={id}"), 1),
            ("EXISTS_errorDeclaration=true".to_owned(), 0),
            ("EXISTS_sensorElementList=true".to_owned(), 1),
            ("EQ_type=Temperature".to_owned(), 1),
            ("EQ_deviceID=urn%3Aexample%3Adevice%3A1".to_owned(), 1),
            ("GE_value_KEL=299.15".to_owned(), 1),
            ("GT_value_KEL=299.15".to_owned(), 0),
            ("GE_value_CEL=20&LE_value_CEL=30".to_owned(), 1),
            (format!("EQ_ex:shift={run}"), 1),
            ("EXISTS_ex:shift=true".to_owned(), 1),
            ("GE_INNER_ex:inner=7".to_owned(), 1),
            ("GT_INNER_ex:inner=7".to_owned(), 0),
            ("orderBy=eventTime&orderDirection=ASC&eventCountLimit=1".to_owned(), 1),
            ("maxEventCount=5".to_owned(), 1),
        ] {
            let name = parameter.split('=').next().unwrap_or_default().to_owned();
            let test = count(found);
            let ask = Ask::of(format!("/events?{own}&{parameter}"))
                .with("gs1-extensions", "ex=https://example.org/");
            let says = format!("{found} event");
            self.line(
                &format!("the query parameter {name} is understood"),
                "GET /events",
                ask,
                200,
                Some((&says, &test)),
            )
            .await;
        }
    }

    async fn pages(&mut self) {
        let lots: Vec<_> = (0..5).map(|i| self.event(&format!("P{i}"))).collect();
        let document = self.document(&lots);
        let reply = self.send("POST", &Ask::of("/capture").json(&document)).await;
        if let Ok(reply) = reply {
            let path = self.below(reply.header("location"));
            for _ in 0..100 {
                match self.send("GET", &Ask::of(path.clone())).await {
                    Ok(job) if body(&job)["running"] == true => {
                        tokio::time::sleep(std::time::Duration::from_millis(100)).await
                    }
                    _ => break,
                }
            }
        }
        let any: Vec<String> = (0..5).map(|i| encoded(&self.lot(&format!("P{i}")))).collect();
        let mut path = format!("/events?perPage=2&MATCH_anyEPCClass={}", any.join("%7C"));
        let (mut seen, mut pages) = (Vec::new(), 0);
        while let Ok(reply) = self.send("GET", &Ask::of(path.clone())).await {
            pages += 1;
            seen.extend(events(&reply).iter().map(|e| e["eventID"].to_string()));
            // what arrives between two pages must not move them
            let mut late = self.event(&format!("P{}late", pages));
            late["@context"] = json!([super::CONTEXT]);
            let _ = self.send("POST", &Ask::of("/events").json(&late)).await;
            match next_of(&reply) {
                Some(next) if pages < 10 => path = self.below(&next),
                _ => break,
            }
        }
        let total = seen.len();
        seen.sort();
        seen.dedup();
        self.note(
            "pages hold each event once while events arrive; the last has no rel=next",
            "GET /events",
            "GET /events?perPage=2&…, following Link".to_owned(),
            "5 events in 3 pages".to_owned(),
            format!("{total} events, {} different, in {pages} pages", seen.len()),
            total == 5 && seen.len() == 5 && pages == 3,
        );
        let ask = Ask::of("/nextPageToken/anything");
        self.line("a page token is released", "DELETE /nextPageToken/{token}", ask, 204, None).await;
    }

    async fn refused_queries(&mut self) {
        for (requirement, query, status, kind) in [
            ("an unknown parameter is refused", "EQ_color=red", 400, "QueryParameterException"),
            ("a value that is no time is refused", "GE_eventTime=yesterday", 400, "QueryParameterException"),
            ("perPage below one is refused", "perPage=0", 400, "QueryParameterException"),
            ("a page token nobody gave is refused", "nextPageToken=x", 400, "QueryParameterException"),
            (
                "eventCountLimit and maxEventCount exclude each other",
                "orderBy=eventTime&eventCountLimit=1&maxEventCount=1",
                400,
                "QueryParameterException",
            ),
            ("more than maxEventCount is refused", "maxEventCount=0", 413, "QueryTooLargeException"),
        ] {
            let test = problem(kind);
            let ask = Ask::of(format!("/events?{query}"));
            self.line(requirement, "GET /events", ask, status, Some((kind, &test))).await;
        }
        let test = problem("URITooLongException");
        let ask = Ask::of(format!("/events?EQ_eventID={}", "x".repeat(20_000)));
        self.line(
            "an address that is too long is refused",
            "GET /events",
            ask,
            414,
            Some(("URITooLongException", &test)),
        )
        .await;
    }

    async fn named(&mut self) {
        let name = format!("conformance-{}", self.run);
        let definition = json!({ "name": name, "query": { "MATCH_anyEPCClass": [self.lot("R")], "EQ_action": ["OBSERVE"] } });
        let ask = Ask::of("/queries").json(&definition);
        let located = |reply: &Reply| {
            if reply.header("location").is_empty() { Err("no Location".to_owned()) } else { Ok(()) }
        };
        self.line(
            "a query is kept under a name",
            "POST /queries",
            ask.clone(),
            201,
            Some(("Location", &located)),
        )
        .await;
        for (requirement, ask, status, kind) in [
            ("a name is taken once", ask, 409, "ResourceAlreadyExistsException"),
            (
                "a definition with an unknown parameter is refused",
                Ask::of("/queries").json(&json!({ "name": "x", "query": { "EQ_color": ["red"] } })),
                400,
                "QueryParameterException",
            ),
            (
                "a definition without query is refused",
                Ask::of("/queries").json(&json!({ "name": "x" })),
                400,
                "QueryValidationException",
            ),
        ] {
            let test = problem(kind);
            self.line(requirement, "POST /queries", ask, status, Some((kind, &test))).await;
        }
        let listed = |reply: &Reply| {
            let found = body(reply);
            let all = found.as_array().map(Vec::as_slice).unwrap_or_default();
            if all.iter().any(|q| q["name"] == *name && q["query"].is_object()) {
                Ok(())
            } else {
                Err("not listed".to_owned())
            }
        };
        let ask = Ask::of("/queries?perPage=1000");
        self.line("named queries are listed", "GET /queries", ask, 200, Some(("name and query", &listed)))
            .await;
        let same =
            |reply: &Reply| if body(reply) == definition { Ok(()) } else { Err(body(reply).to_string()) };
        let path = format!("/queries/{name}");
        let ask = Ask::of(path.clone());
        self.line(
            "a named query gives its definition",
            "GET /queries/{queryName}",
            ask,
            200,
            Some(("as it was given", &same)),
        )
        .await;
        let test = count(1);
        let ask = Ask::of(format!("{path}/events"));
        let operation = "GET /queries/{queryName}/events";
        self.line("a named query gives its events", operation, ask, 200, Some(("one event", &test))).await;
        let test = problem("NoSuchNameException");
        let ask = Ask::of("/queries/nothing/events");
        self.line("an unknown query is not found", operation, ask, 404, Some(("NoSuchNameException", &test)))
            .await;
        self.line("a query is deleted", "DELETE /queries/{queryName}", Ask::of(path.clone()), 204, None)
            .await;
        let ask = Ask::of(path);
        self.line(
            "a deleted query is gone",
            "GET /queries/{queryName}",
            ask,
            404,
            Some(("NoSuchNameException", &test)),
        )
        .await;
    }
}
