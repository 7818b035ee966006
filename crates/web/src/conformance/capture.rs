//! Capture: jobs, both error behaviours, formats, limits, refusals, single events.

use super::{Ask, CONTEXT, Walk, body, events, problem};
use crate::outbound::Reply;
use serde_json::{Value, json};
use std::time::Duration;

const XML: &str = "application/xml";

impl Walk<'_> {
    pub(super) async fn capture(&mut self) {
        self.capture_discovery().await;
        self.capture_jobs().await;
        self.capture_refusals().await;
        self.single_events().await;
    }

    async fn capture_discovery(&mut self) {
        let announced = |reply: &Reply| {
            for name in [
                "gs1-epcis-version",
                "gs1-epcis-min",
                "gs1-epcis-max",
                "gs1-cbv-version",
                "gs1-cbv-min",
                "gs1-cbv-max",
                "gs1-epc-format",
                "gs1-cbv-xml-format",
                "gs1-vendor-version",
                "gs1-epcis-capture-limit",
                "gs1-epcis-capture-file-size-limit",
            ] {
                if reply.header(name).is_empty() {
                    return Err(format!("no {name}"));
                }
            }
            match (reply.header("gs1-capture-error-behaviour"), reply.header("allow")) {
                ("all", "OPTIONS, POST, GET") => Ok(()),
                (behaviour, allow) => Err(format!("behaviour {behaviour}, allow {allow}")),
            }
        };
        let test = (
            "versions, formats, both limits, behaviour all, Allow",
            &announced as &(dyn Fn(&Reply) -> _ + Sync),
        );
        self.line(
            "the capture interface announces its settings",
            "OPTIONS /capture",
            Ask::of("/capture"),
            204,
            Some(test),
        )
        .await;
    }

    /// Sends a document and waits for the end of its job.
    async fn job(
        &mut self,
        requirement: &str,
        ask: Ask,
        expected: &str,
        fits: &(dyn Fn(&Value) -> bool + Sync),
    ) {
        let located = |reply: &Reply| match reply.header("location") {
            "" => Err("no Location".to_owned()),
            _ => Ok(()),
        };
        let reply =
            self.line(requirement, "POST /capture", ask, 202, Some(("Location of the job", &located))).await;
        let Some(location) = reply.map(|r| r.header("location").to_owned()).filter(|l| !l.is_empty()) else {
            return;
        };
        let path = self.path_of(&location);
        let mut job = Value::Null;
        for _ in 0..300 {
            if let Ok(reply) = self.send("GET", &Ask::of(path.clone())).await {
                job = body(&reply);
                if job["running"] == false {
                    break;
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let text: String = job.to_string().chars().take(200).collect();
        let pass = fits(&job)
            && job["running"] == false
            && job["createdAt"].is_string()
            && job["finishedAt"].is_string();
        self.note(
            &format!("{requirement}: its job"),
            "GET /capture/{captureID}",
            format!("GET {path}"),
            format!("200; finished, {expected}"),
            text,
            pass,
        );
    }

    /// The path of a Location below the base.
    fn path_of(&self, location: &str) -> String {
        let path = location
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').map(|i| &rest[i..]))
            .unwrap_or(location);
        let base = self
            .base
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').map(|i| &rest[i..]))
            .unwrap_or("");
        path.strip_prefix(base).unwrap_or(path).to_owned()
    }

    async fn capture_jobs(&mut self) {
        let success =
            |job: &Value| job["success"] == true && job["errors"].as_array().is_some_and(Vec::is_empty);
        let good = self.document(&[self.event("A"), self.event("B")]);
        self.job(
            "an EPCISDocument in JSON is captured",
            Ask::of("/capture").json(&good),
            "success",
            &success,
        )
        .await;
        let query = json!({
            "@context": [CONTEXT], "type": "EPCISQueryDocument", "schemaVersion": "2.0",
            "creationDate": "2026-01-02T03:04:05Z",
            "epcisBody": { "queryResults": { "queryName": "SimpleEventQuery",
                "resultsBody": { "eventList": [self.event("Q")] } } },
        });
        self.job("an EPCISQueryDocument is captured", Ask::of("/capture").json(&query), "success", &success)
            .await;
        let ask = Ask { body: self.xml("X"), ..Ask::of("/capture").with("content-type", XML) };
        self.job("an EPCISDocument in XML 2.0 is captured", ask, "success", &success).await;
        let ask = Ask { body: self.xml_1_2("Y"), ..Ask::of("/capture").with("content-type", XML) };
        self.job("an EPCISDocument in XML 1.2 is captured", ask, "success", &success).await;

        let mut bad = self.event("D");
        bad["action"] = "EAT".into();
        let mixed = self.document(&[self.event("C"), bad]);
        let names = |job: &Value| {
            job["errors"].as_array().is_some_and(|e| !e.is_empty() && e.iter().all(|p| p["type"].is_string()))
        };
        let refused =
            |job: &Value| job["success"] == false && job["captureErrorBehaviour"] == "rollback" && names(job);
        self.job(
            "rollback: one bad event refuses all",
            Ask::of("/capture").json(&mixed),
            "no success, errors named",
            &refused,
        )
        .await;
        let rest = Ask::of(format!("/events?MATCH_anyEPCClass={}", super::encoded(&self.lot("C"))));
        self.line(
            "rollback leaves nothing",
            "GET /events",
            rest.clone(),
            200,
            Some(("no event", &super::count(0))),
        )
        .await;
        let part =
            |job: &Value| job["success"] == false && job["captureErrorBehaviour"] == "proceed" && names(job);
        let ask = Ask::of("/capture").json(&mixed).with("gs1-capture-error-behaviour", "proceed");
        self.job("proceed: the bad event is reported", ask, "no success, errors named", &part).await;
        self.line(
            "proceed keeps the good event",
            "GET /events",
            rest,
            200,
            Some(("one event", &super::count(1))),
        )
        .await;

        let listed = |reply: &Reply| match body(reply).as_array() {
            Some(jobs) if jobs.len() == 2 && reply.header("link").contains("rel=\"next\"") => Ok(()),
            _ => Err(format!("{} link {}", String::from_utf8_lossy(&reply.body).len(), reply.header("link"))),
        };
        let ask = Ask::of("/capture?perPage=2");
        self.line(
            "capture jobs are listed in pages",
            "GET /capture",
            ask,
            200,
            Some(("two jobs and a next page", &listed)),
        )
        .await;
        let xml = |reply: &Reply| {
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            if text.contains("EPCISCaptureJob") { Ok(()) } else { Err(text.chars().take(100).collect()) }
        };
        let ask = Ask::of("/capture?perPage=1").with("accept", XML);
        self.line("capture jobs are given in XML", "GET /capture", ask, 200, Some(("EPCISCaptureJob", &xml)))
            .await;
    }

    async fn capture_refusals(&mut self) {
        let good = self.document(&[self.event("Z")]);
        let ask = || Ask::of("/capture").json(&good);
        let plain = Ask { body: good.to_string(), ..Ask::of("/capture").with("content-type", "text/plain") };
        let broken =
            Ask { body: "{".to_owned(), ..Ask::of("/capture").with("content-type", "application/json") };
        for (requirement, ask, status, kind) in [
            ("a capture without credentials is refused", ask().by_nobody(), 401, "SecurityException"),
            ("a format nobody reads is refused", plain, 415, "UnsupportedMediaTypeException"),
            ("a document that cannot be read is refused", broken, 400, "ValidationException"),
            (
                "an answer nobody can give is refused",
                ask().with("accept", "image/png"),
                406,
                "NotAcceptableException",
            ),
            (
                "an unknown version is refused",
                ask().with("gs1-epcis-version", "9.0.0"),
                406,
                "NotAcceptableException",
            ),
            (
                "an unknown error behaviour is refused",
                ask().with("gs1-capture-error-behaviour", "ignore"),
                400,
                "ValidationException",
            ),
        ] {
            let test = problem(kind);
            self.line(requirement, "POST /capture", ask, status, Some((kind, &test))).await;
        }
        let test = problem("NoSuchNameException");
        let ask = Ask::of("/capture/nothing");
        self.line(
            "an unknown job is not found",
            "GET /capture/{captureID}",
            ask,
            404,
            Some(("NoSuchNameException", &test)),
        )
        .await;
        let xml = |reply: &Reply| match reply.header("content-type") {
            media if media.starts_with("application/problem+xml") => Ok(()),
            media => Err(media.to_owned()),
        };
        let ask = Ask::of("/capture/nothing").with("accept", XML);
        let test = ("application/problem+xml", &xml as &(dyn Fn(&Reply) -> _ + Sync));
        self.line("problems are given in XML", "GET /capture/{captureID}", ask, 404, Some(test)).await;
    }

    async fn single_events(&mut self) {
        let mut event = self.event("E");
        event["@context"] = json!([CONTEXT]);
        let id = event["eventID"].as_str().unwrap_or_default().to_owned();
        let ask = Ask::of("/events").json(&event);
        let made =
            |reply: &Reply| match (reply.header("location").is_empty(), body(reply)["eventID"].as_str()) {
                (false, Some(found)) if found == id => Ok(()),
                (_, found) => Err(format!("location {}, eventID {found:?}", reply.header("location"))),
            };
        self.line(
            "one event is captured at once",
            "POST /events",
            ask.clone(),
            201,
            Some(("Location and the event", &made)),
        )
        .await;
        let mut other = event.clone();
        other["bizStep"] = "shipping".into();
        let test = problem("ResourceAlreadyExistsException");
        let test = ("ResourceAlreadyExistsException", &test as &(dyn Fn(&Reply) -> _ + Sync));
        self.line(
            "an event id is taken once",
            "POST /events",
            Ask::of("/events").json(&other),
            409,
            Some(test),
        )
        .await;
        let test = problem("ValidationException");
        let test = ("ValidationException", &test as &(dyn Fn(&Reply) -> _ + Sync));
        let ask = Ask::of("/events").json(&json!({ "type": "ObjectEvent" }));
        self.line("an event that breaks the rules is refused", "POST /events", ask, 400, Some(test)).await;
        // an error declaration repeats the event and adds the declaration
        event["errorDeclaration"] =
            json!({ "declarationTime": "2026-01-03T00:00:00Z", "reason": "incorrect_data" });
        self.line(
            "an error declaration is captured",
            "POST /events",
            Ask::of("/events").json(&event),
            201,
            None,
        )
        .await;
        let both = |reply: &Reply| {
            let found = events(reply);
            let declared = found.iter().filter(|e| e.get("errorDeclaration").is_some()).count();
            if found.len() == 2 && declared == 1 {
                Ok(())
            } else {
                Err(format!("{} events, {declared} declared", found.len()))
            }
        };
        let path = format!("/events/{}", super::encoded(&id));
        let test = ("the event and its declaration", &both as &(dyn Fn(&Reply) -> _ + Sync));
        self.line(
            "an event is found by its id, with its declarations",
            "GET /events/{eventID}",
            Ask::of(path.clone()),
            200,
            Some(test),
        )
        .await;
        self.line(
            "the event endpoint announces itself",
            "OPTIONS /events/{eventID}",
            Ask::of(path),
            204,
            None,
        )
        .await;
        let test = problem("NoSuchNameException");
        let test = ("NoSuchNameException", &test as &(dyn Fn(&Reply) -> _ + Sync));
        let ask = Ask::of("/events/urn%3Auuid%3Anothing");
        self.line("an unknown event is not found", "GET /events/{eventID}", ask, 404, Some(test)).await;
    }

    fn xml_event(&self, name: &str) -> String {
        let thing = format!("urn:epc:id:sgtin:9521321.000001.{}{name}", self.run);
        format!(
            "<ObjectEvent><eventTime>2026-01-02T03:04:05.000Z</eventTime><eventTimeZoneOffset>+08:00</eventTimeZoneOffset>\
             <epcList><epc>{thing}</epc></epcList><action>OBSERVE</action><bizStep>urn:epcglobal:cbv:bizstep:storing</bizStep>\
             <readPoint><id>urn:epc:id:sgln:9521321.00001.0</id></readPoint></ObjectEvent>"
        )
    }

    fn xml(&self, name: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><epcis:EPCISDocument xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\" schemaVersion=\"2.0\" \
             creationDate=\"2026-01-02T03:04:05Z\"><EPCISBody><EventList>{}</EventList></EPCISBody></epcis:EPCISDocument>",
            self.xml_event(name)
        )
    }

    fn xml_1_2(&self, name: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><epcis:EPCISDocument xmlns:epcis=\"urn:epcglobal:epcis:xsd:1\" schemaVersion=\"1.2\" \
             creationDate=\"2026-01-02T03:04:05Z\"><EPCISBody><EventList>{}</EventList></EPCISBody></epcis:EPCISDocument>",
            self.xml_event(name)
        )
    }
}
