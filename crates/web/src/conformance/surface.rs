//! The surface: discovery, top-level resources and their members, headers and negotiation.

use super::{Ask, PLACE, Walk, body, encoded, events, problem};
use crate::outbound::Reply;

/// Path, its `OPTIONS`, its `GET`, `OPTIONS` and `GET` of a member, `OPTIONS` and `GET` of its events.
type Row = (&'static str, [&'static str; 6]);

const ROWS: [Row; 6] = [
    (
        "eventTypes",
        [
            "OPTIONS /eventTypes",
            "GET /eventTypes",
            "OPTIONS /eventTypes/{eventType}",
            "GET /eventTypes/{eventType}",
            "OPTIONS /eventTypes/{eventType}/events",
            "GET /eventTypes/{eventType}/events",
        ],
    ),
    (
        "epcs",
        [
            "OPTIONS /epcs",
            "GET /epcs",
            "OPTIONS /epcs/{epc}",
            "GET /epcs/{epc}",
            "OPTIONS /epcs/{epc}/events",
            "GET /epcs/{epc}/events",
        ],
    ),
    (
        "bizSteps",
        [
            "OPTIONS /bizSteps",
            "GET /bizSteps",
            "OPTIONS /bizSteps/{bizStep}",
            "GET /bizSteps/{bizStep}",
            "OPTIONS /bizSteps/{bizStep}/events",
            "GET /bizSteps/{bizStep}/events",
        ],
    ),
    (
        "bizLocations",
        [
            "OPTIONS /bizLocations",
            "GET /bizLocations",
            "OPTIONS /bizLocations/{bizLocation}",
            "GET /bizLocations/{bizLocation}",
            "OPTIONS /bizLocations/{bizLocation}/events",
            "GET /bizLocations/{bizLocation}/events",
        ],
    ),
    (
        "readPoints",
        [
            "OPTIONS /readPoints",
            "GET /readPoints",
            "OPTIONS /readPoints/{readPoint}",
            "GET /readPoints/{readPoint}",
            "OPTIONS /readPoints/{readPoint}/events",
            "GET /readPoints/{readPoint}/events",
        ],
    ),
    (
        "dispositions",
        [
            "OPTIONS /dispositions",
            "GET /dispositions",
            "OPTIONS /dispositions/{disposition}",
            "GET /dispositions/{disposition}",
            "OPTIONS /dispositions/{disposition}/events",
            "GET /dispositions/{disposition}/events",
        ],
    ),
];

/// The `OPTIONS` that are not among [`ROWS`], with the methods each must allow.
const OTHERS: [(&str, &str, &str); 8] = [
    ("OPTIONS /", "", "OPTIONS, GET"),
    ("OPTIONS /capture/{captureID}", "/capture/1", "OPTIONS, GET"),
    ("OPTIONS /events", "/events", "OPTIONS, GET, POST"),
    ("OPTIONS /queries", "/queries", "OPTIONS, GET, POST"),
    ("OPTIONS /queries/{queryName}", "/queries/x", "OPTIONS, GET, DELETE"),
    ("OPTIONS /queries/{queryName}/events", "/queries/x/events", "OPTIONS, GET"),
    ("OPTIONS /queries/{queryName}/subscriptions", "/queries/x/subscriptions", "OPTIONS, GET, POST"),
    (
        "OPTIONS /queries/{queryName}/subscriptions/{subscriptionID}",
        "/queries/x/subscriptions/1",
        "OPTIONS, DELETE, GET",
    ),
];

/// Versions and formats, and the methods allowed.
fn announces(allow: &'static str) -> impl Fn(&Reply) -> Result<(), String> + Sync {
    move |reply| {
        for (name, value) in [
            ("gs1-epcis-version", "2.0.0"),
            ("gs1-epcis-min", "2.0.0"),
            ("gs1-epcis-max", "2.0.0"),
            ("allow", allow),
        ] {
            if reply.header(name) != value {
                return Err(format!("{name}: {}", reply.header(name)));
            }
        }
        if reply.headers.contains_key("gs1-extensions") {
            Ok(())
        } else {
            Err("no gs1-extensions".to_owned())
        }
    }
}

fn members(reply: &Reply) -> Vec<String> {
    let list = body(reply)["member"].as_array().cloned().unwrap_or_default();
    list.iter().filter_map(|m| m.as_str().map(str::to_owned)).collect()
}

/// A collection that holds a member.
fn holds(wanted: String) -> impl Fn(&Reply) -> Result<(), String> + Sync {
    move |reply| {
        let found = members(reply);
        let is = body(reply);
        if is["type"] != "Collection" || is.get("@context").is_none() {
            return Err("no Collection with @context".to_owned());
        }
        if found.contains(&wanted) { Ok(()) } else { Err(format!("{} members without it", found.len())) }
    }
}

impl Walk<'_> {
    pub(super) async fn surface(&mut self) {
        for (operation, path, allow) in OTHERS {
            let test = announces(allow);
            self.line(
                "OPTIONS announces versions and methods",
                operation,
                Ask::of(path),
                204,
                Some(("versions, Allow", &test)),
            )
            .await;
        }
        let nine = |reply: &Reply| {
            let found = members(reply);
            let all = [
                "events",
                "eventTypes",
                "epcs",
                "bizSteps",
                "bizLocations",
                "readPoints",
                "dispositions",
                "capture",
                "queries",
            ];
            match all.iter().find(|name| !found.iter().any(|f| f == *name)) {
                None => Ok(()),
                Some(missing) => Err(format!("{missing} is missing")),
            }
        };
        self.line(
            "the top-level resources are listed",
            "GET /",
            Ask::of(""),
            200,
            Some(("the nine of the standard", &nine)),
        )
        .await;
        for row in ROWS {
            self.collection(row).await;
        }
        let second =
            |reply: &Reply| match (members(reply).len(), reply.header("link").contains("rel=\"next\"")) {
                (1, true) if !reply.header("gs1-next-page-token-expires").is_empty() => Ok(()),
                (n, next) => Err(format!("{n} members, next {next}")),
            };
        let ask = Ask::of("/eventTypes?perPage=1");
        self.line(
            "collections come in pages",
            "GET /eventTypes",
            ask,
            200,
            Some(("one member, rel=next, expiry", &second)),
        )
        .await;
        self.negotiation().await;
    }

    async fn collection(&mut self, (name, [discover, list, discover_one, show, discover_events, find]): Row) {
        let value = match name {
            "eventTypes" => "ObjectEvent".to_owned(),
            "epcs" => self.lot("A"),
            "bizSteps" => "storing".to_owned(),
            "dispositions" => "in_progress".to_owned(),
            _ => PLACE.to_owned(),
        };
        let member = format!("/{name}/{}", encoded(&value));
        for (operation, path) in [
            (discover, format!("/{name}")),
            (discover_one, member.clone()),
            (discover_events, format!("{member}/events")),
        ] {
            let test = announces("OPTIONS, GET");
            self.line(
                "OPTIONS announces versions and methods",
                operation,
                Ask::of(path),
                204,
                Some(("versions, Allow", &test)),
            )
            .await;
        }
        // the walk's own value may be on a later page
        let mut path = format!("/{name}?perPage=1000");
        for _ in 0..1000 {
            match self.send("GET", &Ask::of(path.clone())).await {
                Ok(reply) if !members(&reply).contains(&value) => {
                    let Some(next) = next_of(&reply) else { break };
                    path = self.below(&next);
                }
                _ => break,
            }
        }
        let test = holds(value.clone());
        self.line(
            "a resource lists its members",
            list,
            Ask::of(path),
            200,
            Some(("Collection with the walk's value", &test)),
        )
        .await;
        let test = holds("events".to_owned());
        self.line(
            "a member lists its sub-resources",
            show,
            Ask::of(member.clone()),
            200,
            Some(("at least events", &test)),
        )
        .await;
        let some = |reply: &Reply| if events(reply).is_empty() { Err("no event".to_owned()) } else { Ok(()) };
        let ask = Ask::of(format!("{member}/events?perPage=5"));
        self.line(
            "a member gives its events",
            find,
            ask,
            200,
            Some(("EPCISQueryDocument with events", &some)),
        )
        .await;
        let test = problem("NoSuchNameException");
        let ask = Ask::of(format!("/{name}/https%3A%2F%2Fexample.org%2Fnothing"));
        self.line("a member nobody names is not found", show, ask, 404, Some(("NoSuchNameException", &test)))
            .await;
    }

    /// An address the server gave, below the base.
    pub(super) fn below(&self, link: &str) -> String {
        let rest = |url: &str| -> String {
            url.split_once("://")
                .and_then(|(_, r)| r.find('/').map(|i| r[i..].to_owned()))
                .unwrap_or_default()
        };
        let path = if link.contains("://") { rest(link) } else { link.to_owned() };
        let base = rest(&self.base);
        path.strip_prefix(&base).unwrap_or(&path).to_owned()
    }

    async fn negotiation(&mut self) {
        let one = || Ask::of("/events?perPage=1");
        let test = problem("NotAcceptableException");
        for (name, value) in [
            ("accept", "text/html"),
            ("gs1-epcis-min", "3.0.0"),
            ("gs1-epcis-max", "1.0.0"),
            ("gs1-cbv-min", "3.0.0"),
            ("gs1-epc-format", "Sometimes"),
        ] {
            let requirement = format!("{name}: {value} cannot be met and is refused");
            self.line(
                &requirement,
                "GET /events",
                one().with(name, value),
                406,
                Some(("NotAcceptableException", &test)),
            )
            .await;
        }
        let xml = |reply: &Reply| {
            let text = String::from_utf8_lossy(&reply.body);
            let media = reply.header("content-type");
            if media == "application/xml" && text.contains("EPCISQueryDocument") {
                Ok(())
            } else {
                Err(media.to_owned())
            }
        };
        let test = ("EPCISQueryDocument in XML", &xml as &(dyn Fn(&Reply) -> _ + Sync));
        self.line(
            "events are given in XML",
            "GET /events",
            one().with("accept", "application/xml"),
            200,
            Some(test),
        )
        .await;
        let item = format!("urn:epc:id:sgtin:9521321.000001.{}X", self.run);
        let path = format!("/events?MATCH_epc={}", encoded(&item));
        let starts = |wanted: &'static str| {
            move |reply: &Reply| {
                let found = events(reply);
                let epc = found.first().and_then(|e| e["epcList"][0].as_str()).unwrap_or_default().to_owned();
                if epc.starts_with(wanted) { Ok(()) } else { Err(format!("{} events, {epc}", found.len())) }
            }
        };
        let (urn, link) = (starts("urn:epc:id:sgtin:"), starts("https://id.gs1.org/01/"));
        for (format, test) in [
            ("Always_GS1_Digital_Link", &link as &(dyn Fn(&Reply) -> _ + Sync)),
            ("Always_EPC_URN", &urn),
            ("Never_Translates", &urn),
            ("No_Preference", &urn),
        ] {
            let requirement = format!("GS1-EPC-Format {format} is honoured");
            let ask = Ask::of(path.clone()).with("gs1-epc-format", format);
            self.line(&requirement, "GET /events", ask, 200, Some(("the identifier in that form", test)))
                .await;
        }
        let ask = Ask::of(path.clone());
        let words = "Digital Link when the header is absent";
        self.line("identifiers are Digital Links unless said", "GET /events", ask, 200, Some((words, &link)))
            .await;
        for (format, wanted) in [
            ("Always_URN", "urn:epcglobal:cbv:bizstep:storing"),
            ("Always_Web_URI", "https://ref.gs1.org/cbv/BizStep-storing"),
        ] {
            let test = move |reply: &Reply| {
                let text = String::from_utf8_lossy(&reply.body);
                if text.contains(wanted) { Ok(()) } else { Err(text.chars().take(100).collect()) }
            };
            let requirement = format!("GS1-CBV-XML-Format {format} is honoured");
            let ask =
                Ask::of(path.clone()).with("accept", "application/xml").with("gs1-cbv-xml-format", format);
            self.line(&requirement, "GET /events", ask, 200, Some((wanted, &test))).await;
        }
        let test = problem("SecurityException");
        let nobody = one().by_nobody();
        self.line(
            "events are shown to nobody without credentials",
            "GET /events",
            nobody,
            401,
            Some(("SecurityException", &test)),
        )
        .await;
    }
}

/// The address of the next page.
pub(super) fn next_of(reply: &Reply) -> Option<String> {
    let link = reply.header("link");
    link.contains("rel=\"next\"")
        .then(|| link.strip_prefix('<')?.split('>').next().map(str::to_owned))
        .flatten()
}
