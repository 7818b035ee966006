//! What people and programs do all day: clients that repeat a request until it is answered and write down every
//! answer they were given.

use crate::http::{Answer, Ask, Client};
use crate::random::Random;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Something the server said it had done.
#[derive(Debug, Clone)]
pub(crate) enum Acknowledged {
    /// A capture job with the events of its document.
    Capture { job: String, events: Vec<Value> },
    /// One event.
    Event { event: Value },
    /// A sample in a state.
    Sample { id: String, form_no: String, state: &'static str },
    /// Results with their verdicts, as answered.
    Results { judged: Value },
    /// A matter.
    Opened { matter: String },
    /// A step of a matter.
    Step { matter: String, journal: String, version: i64, state: String },
    /// A report on a place.
    Report { item: String, journal: String, version: i64, form: Value },
    /// An attachment.
    Attachment { sha256: String, size: usize },
}

/// The accounts' tokens.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) desk: String,
    pub(crate) second_desk: String,
    pub(crate) lab: String,
    pub(crate) second_lab: String,
}

impl Tokens {
    pub(crate) fn of(at: SocketAddr) -> Self {
        let token = |login| crate::province::token(at, login);
        Self {
            desk: token("desk"),
            second_desk: token("desk2"),
            lab: token("lab"),
            second_lab: token("lab2"),
        }
    }
}

/// What the clients share.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) tokens: Tokens,
    /// The sample of the demo whose lot the new samples are of.
    pub(crate) waiting: Value,
    address: Mutex<Option<SocketAddr>>,
    stop: AtomicBool,
    acknowledged: Mutex<Vec<Acknowledged>>,
    wrong: Mutex<Vec<String>>,
    matters: Mutex<VecDeque<String>>,
    /// Requests nobody answered; each was repeated.
    pub(crate) unanswered: AtomicUsize,
}

impl Field {
    pub(crate) fn new(at: SocketAddr) -> Self {
        let tokens = Tokens::of(at);
        // a laboratory does not find a sample by the number of its form
        let bearer = format!("Bearer {}", tokens.desk);
        let headers = [("authorization", bearer.as_str())];
        let path = "/api/v1/samples?q=GC62000000000009999";
        let asked = Ask { method: "GET", path, headers: &headers, body: b"" };
        let answer = Client::default().send(at, asked).expect("the server answers");
        let waiting = answer.json()["rows"][0]["sample"].clone();
        assert!(waiting["item"].is_string(), "the waiting sample: {}", answer.shown());
        Self {
            tokens,
            waiting,
            address: Mutex::new(Some(at)),
            stop: AtomicBool::new(false),
            acknowledged: Mutex::default(),
            wrong: Mutex::default(),
            matters: Mutex::default(),
            unanswered: AtomicUsize::new(0),
        }
    }

    /// Where the server is now; `None` while it is down.
    pub(crate) fn set_address(&self, at: Option<SocketAddr>) {
        *self.address.lock().expect("unpoisoned") = at;
    }

    pub(crate) fn end(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    pub(crate) fn acknowledged(&self) -> Vec<Acknowledged> {
        self.acknowledged.lock().expect("unpoisoned").clone()
    }

    /// Answers nobody expected.
    pub(crate) fn wrong(&self) -> Vec<String> {
        self.wrong.lock().expect("unpoisoned").clone()
    }

    fn keep(&self, what: Acknowledged) {
        self.acknowledged.lock().expect("unpoisoned").push(what);
    }

    fn unexpected(&self, what: &str, answer: &Answer) {
        self.wrong.lock().expect("unpoisoned").push(format!("{what}: {}", answer.shown()));
    }
}

/// One client.
#[derive(Debug)]
pub(crate) struct Worker<'a> {
    field: &'a Field,
    client: Client,
    random: Random,
    name: u64,
    count: u64,
    /// Whether the last answer came at the first try.
    at_once: bool,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(field: &'a Field, seed: u64, name: u64) -> Self {
        let random = Random::new(seed ^ name.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self { field, client: Client::default(), random, name, count: 0, at_once: true }
    }

    /// Asks until there is an answer; `None` when the test ends.
    fn ask(&mut self, token: &str, method: &str, path: &str, kind: &str, body: &[u8]) -> Option<Answer> {
        self.count += 1;
        self.at_once = true;
        let (bearer, key) = (format!("Bearer {token}"), format!("k-{}-{}", self.name, self.count));
        let headers =
            [("authorization", bearer.as_str()), ("content-type", kind), ("idempotency-key", key.as_str())];
        loop {
            if self.field.stop.load(Ordering::SeqCst) {
                return None;
            }
            let at = *self.field.address.lock().expect("unpoisoned");
            match at.map(|at| self.client.send(at, Ask { method, path, headers: &headers, body })) {
                Some(Ok(answer)) => return Some(answer),
                Some(Err(_)) => {
                    self.at_once = false;
                    self.field.unanswered.fetch_add(1, Ordering::Relaxed);
                }
                None => {}
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn post(&mut self, token: &str, path: &str, body: &Value, good: u16) -> Option<Value> {
        let answer = self.ask(token, "POST", path, "application/json", body.to_string().as_bytes())?;
        if answer.status != good {
            self.field.unexpected(path, &answer);
            return None;
        }
        Some(answer.json())
    }

    fn get(&mut self, token: &str, path: &str) -> Option<Value> {
        let answer = self.ask(token, "GET", path, "application/json", b"")?;
        if answer.status != 200 {
            self.field.unexpected(path, &answer);
            return None;
        }
        Some(answer.json())
    }

    fn rest(&mut self, most: u64) {
        std::thread::sleep(Duration::from_millis(self.random.below(most) + 1));
    }

    fn ended(&self) -> bool {
        self.field.stop.load(Ordering::SeqCst)
    }

    fn event(&mut self) -> Value {
        self.count += 1;
        let (name, n) = (self.name, self.count);
        json!({
            "type": "ObjectEvent",
            "eventID": format!("urn:uuid:{name:08x}-0000-4000-8000-{n:012x}"),
            "eventTime": format!("2026-10-{:02}T{:02}:{:02}:00.000+08:00", n % 28 + 1, n / 28 % 24, n / 672 % 60),
            "eventTimeZoneOffset": "+08:00",
            "action": "ADD",
            "bizStep": "commissioning",
            "readPoint": { "id": "urn:epc:id:sgln:6999999.88888.0" },
            "bizLocation": { "id": "urn:epc:id:sgln:6999999.88888.0" },
            "quantityList": [{
                "epcClass": format!("urn:epc:class:lgtin:6999999.012345.K{name}X{n}"),
                "quantity": self.random.below(900) + 1,
                "uom": "KGM",
            }],
            "ilmd": { "cbvmda:lotNumber": format!("K{name}X{n}"), "cbvmda:itemExpirationDate": "2027-10-01" },
        })
    }

    /// Documents of events, most of them small.
    pub(crate) fn capture(mut self) {
        while !self.ended() {
            let count = if self.random.below(12) == 0 { 60 } else { self.random.below(8) + 1 };
            let events: Vec<Value> = (0..count).map(|_| self.event()).collect();
            let document = json!({
                "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
                "type": "EPCISDocument",
                "schemaVersion": "2.0",
                "creationDate": "2026-11-01T00:00:00.000Z",
                "epcisBody": { "eventList": events },
            });
            let (token, body) = (self.field.tokens.desk.clone(), document.to_string());
            let Some(answer) =
                self.ask(&token, "POST", "/epcis/capture", "application/json", body.as_bytes())
            else {
                return;
            };
            match answer.header("location").and_then(|l| l.strip_prefix("/epcis/capture/")) {
                Some(job) if answer.status == 202 => {
                    self.field.keep(Acknowledged::Capture { job: job.to_owned(), events });
                }
                _ => self.field.unexpected("capture", &answer),
            }
            self.rest(40);
        }
    }

    /// Single events.
    pub(crate) fn events(mut self) {
        while !self.ended() {
            let mut event = self.event();
            let bare = event.clone();
            event["@context"] = json!("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld");
            let (token, body) = (self.field.tokens.desk.clone(), event.to_string());
            let Some(answer) = self.ask(&token, "POST", "/epcis/events", "application/json", body.as_bytes())
            else {
                return;
            };
            // a repeated request may find that the first one was stored
            if answer.status == 201 || answer.status == 409 && !self.at_once {
                self.field.keep(Acknowledged::Event { event: bare });
            } else {
                self.field.unexpected("event", &answer);
            }
            self.rest(40);
        }
    }

    /// A laboratory: sample, result, approval by a second person, report; one in three conforms.
    pub(crate) fn laboratory(mut self) {
        while !self.ended() {
            let _ = self.one_sample();
            self.rest(30);
        }
    }

    fn one_sample(&mut self) -> Option<()> {
        let tokens = self.field.tokens.clone();
        self.count += 1;
        let form_no = format!("KILL{}N{}", self.name, self.count);
        let mut form =
            json!({ "form_no": form_no, "kind": "supervision", "agency": "market", "prepackaged": true });
        for name in [
            "food",
            "gtin",
            "lot_no",
            "place",
            "place_name",
            "producer_name",
            "produced",
            "sampled",
            "laboratory",
        ] {
            form[name] = self.field.waiting[name].clone();
        }
        form["received"] = self.field.waiting["received"].clone();
        form["arrival"] = json!({ "checks": { "seal": true, "form": true, "quantity": true, "condition": true, "time": true } });
        let sample = self.post(&tokens.desk, "/api/v1/samples", &form, 201)?;
        let id = sample["id"].as_str()?.to_owned();
        let kept = |state| Acknowledged::Sample { id: id.clone(), form_no: form_no.clone(), state };
        self.field.keep(kept("received"));
        let level = if self.count.is_multiple_of(3) { "0.05" } else { "0.36" };
        let result =
            json!([{ "analyte": "铅(以Pb计)", "reported": level, "unit": "mg/kg", "method": "GB 5009.12" }]);
        let judged = self.post(&tokens.lab, &format!("/api/v1/samples/{id}/results"), &result, 201)?;
        self.field.keep(Acknowledged::Results { judged });
        let report = json!({ "report_no": format!("R{form_no}") });
        self.post(&tokens.second_lab, &format!("/api/v1/samples/{id}/approve"), &report, 200)?;
        self.field.keep(kept("approved"));
        let done = self.post(&tokens.second_lab, &format!("/api/v1/samples/{id}/submit"), &json!({}), 200)?;
        self.field.keep(kept("submitted"));
        match done["nonconformity"]["matter"].as_str() {
            Some(matter) => self.field.matters.lock().expect("unpoisoned").push_back(matter.to_owned()),
            None if level == "0.36" => {
                self.field.wrong.lock().expect("unpoisoned").push(format!("no matter for {form_no}: {done}"));
            }
            None => {}
        }
        Some(())
    }

    /// Officers: launch what the laboratory found, report every place, conclude.
    pub(crate) fn officers(mut self) {
        while !self.ended() {
            let next = self.field.matters.lock().expect("unpoisoned").pop_front();
            if let Some(matter) = next {
                let _ = self.one_matter(&matter);
            }
            self.rest(10);
        }
    }

    fn one_matter(&mut self, matter: &str) -> Option<()> {
        let token = self.field.tokens.desk.clone();
        self.step(&token, matter, "launch", &json!({ "harm": "serious" }))?;
        let view = self.get(&token, &format!("/api/v1/matters/{matter}"))?;
        for task in view["tasks"].as_array()? {
            let path = format!("/api/v1/tasks/{}", task["id"].as_str()?);
            for item in self.get(&token, &path)?["items"].as_array()? {
                let form = match task["kind"].as_str()? {
                    "source_inquiry" => {
                        json!({ "outcome": "confirmed", "note": format!("查 {}", self.count) })
                    }
                    _ => {
                        json!({ "outcome": "open", "found": "3", "sealed": "1", "recovered": "2", "note": format!("核 {}", self.count) })
                    }
                };
                let (id, version) = (item["id"].as_str()?, item["version"].as_i64()?);
                let body = json!({ "version": version, "form": form });
                let done = self.post(&token, &format!("/api/v1/task-items/{id}/report"), &body, 200)?;
                self.field.keep(Acknowledged::Report {
                    item: id.to_owned(),
                    journal: done["journal"].as_str()?.to_owned(),
                    version: done["version"].as_i64()?,
                    form,
                });
            }
        }
        let findings = json!({ "cause": "原料", "responsible": "production", "measures": "已整改", "case_opened": false });
        self.step(&token, matter, "conclude", &findings)
    }

    /// Clerks: complaints opened and worked off, with a pause of the period in between.
    pub(crate) fn clerks(mut self) {
        while !self.ended() {
            let _ = self.one_complaint();
            self.rest(30);
        }
    }

    fn one_complaint(&mut self) -> Option<()> {
        let token = self.field.tokens.desk.clone();
        let form = json!({
            "respondent": format!("虚构店 {}", self.count), "respondent_address": "城关区示例路", "county": "620102",
            "what": "买到过期食品", "claim": "refund",
            "living": true, "elsewhere": false,
        });
        let opened =
            self.post(&token, "/api/v1/procedures/complaint/matters", &json!({ "form": form }), 201)?;
        let matter = opened["matter"].as_str()?.to_owned();
        self.field.keep(Acknowledged::Opened { matter: matter.clone() });
        let steps = [
            ("accept", json!({})),
            ("test", json!({ "reason": "送检" })),
            ("tested", json!({})),
            ("terminate", json!({ "ground": "no_agreement", "explanation": "分歧较大" })),
            ("told", json!({})),
        ];
        // some stay half-way
        let last = usize::try_from(self.random.below(6)).unwrap_or(5);
        for (step, form) in &steps[..last] {
            if *step == "told" {
                self.serve(&matter, "termination")?;
            }
            self.step(&token, &matter, step, form)?;
        }
        Some(())
    }

    /// Publishes a paper of a matter, by another person than drafted it.
    fn serve(&mut self, matter: &str, name: &str) -> Option<()> {
        let token = self.field.tokens.second_desk.clone();
        let view = self.get(&token, &format!("/api/v1/matters/{matter}"))?;
        let papers = view["documents"].as_array().expect("documents");
        let paper = papers.iter().find(|paper| paper["name"] == name).expect("drafted by the step before");
        let path = format!("/api/v1/documents/{}/publish", paper["id"].as_str()?);
        self.post(&token, &path, &json!({ "version": paper["version"], "form": {} }), 200)?;
        Some(())
    }

    fn step(&mut self, token: &str, matter: &str, step: &str, form: &Value) -> Option<()> {
        let view = self.get(token, &format!("/api/v1/matters/{matter}"))?;
        let body = json!({ "version": view["version"], "form": form });
        let done = self.post(token, &format!("/api/v1/matters/{matter}/{step}"), &body, 200)?;
        self.field.keep(Acknowledged::Step {
            matter: matter.to_owned(),
            journal: done["journal"].as_str()?.to_owned(),
            version: done["version"].as_i64()?,
            state: done["state"].as_str()?.to_owned(),
        });
        Some(())
    }

    /// Photographs.
    pub(crate) fn attachments(mut self) {
        while !self.ended() {
            let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
            let size = self.random.below(60_000) + 64;
            bytes.extend((0..size).map(|_| self.random.byte()));
            let token = self.field.tokens.lab.clone();
            let Some(answer) = self.ask(&token, "POST", "/api/v1/attachments", "image/png", &bytes) else {
                return;
            };
            let sha256 = hex::encode(Sha256::digest(&bytes));
            if answer.status == 201 && answer.json()["sha256"] == sha256.as_str() {
                self.field.keep(Acknowledged::Attachment { sha256, size: bytes.len() });
            } else {
                self.field.unexpected("attachment", &answer);
            }
            self.rest(120);
        }
    }
}
