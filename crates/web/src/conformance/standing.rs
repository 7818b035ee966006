//! Standing queries: subscriptions by webhook and WebSocket. The receiver listens on this machine; a server that calls no
//! private addresses is told so in the report.

use super::{Ask, WAIT, Walk, body, problem};
use crate::outbound::Reply;
use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const SECRET: &str = "13df38d8275b13f05704629e5f1cf3d45d6132d5";

type Got = Arc<Mutex<Vec<(HeaderMap, Vec<u8>)>>>;

/// A receiver on this machine; its address and what it got.
async fn receiver() -> std::io::Result<(String, Got)> {
    let got = Got::default();
    let kept = got.clone();
    let take = move |headers: HeaderMap, body: Bytes| {
        let kept = kept.clone();
        async move { kept.lock().unwrap_or_else(PoisonError::into_inner).push((headers, body.to_vec())) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let at = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(post(take))).await });
    Ok((format!("http://{at}/hook"), got))
}

impl Walk<'_> {
    pub(super) async fn standing(&mut self) {
        let name = format!("standing-{}", self.run);
        let lots: Vec<String> = ["W0", "W1", "W2", "S0"].iter().map(|n| self.lot(n)).collect();
        let definition = json!({ "name": name, "query": { "MATCH_anyEPCClass": lots } });
        let _ = self.send("POST", &Ask::of("/queries").json(&definition)).await;
        self.controls(&name).await;
        self.webhook(&name).await;
        self.socket(&name).await;
    }

    async fn controls(&mut self, name: &str) {
        let path = format!("/queries/{name}/subscriptions");
        let dest = "https://example.org/hook";
        for (requirement, body, kind) in [
            (
                "a subscription without stream or schedule is refused",
                json!({ "dest": dest }),
                "SubscriptionControlsException",
            ),
            (
                "stream and schedule exclude each other",
                json!({ "dest": dest, "stream": true, "schedule": { "hour": "1" } }),
                "SubscriptionControlsException",
            ),
            (
                "a schedule no clock can show is refused",
                json!({ "dest": dest, "schedule": { "hour": "24" } }),
                "SubscriptionControlsException",
            ),
            ("a subscription without receiver is refused", json!({ "stream": true }), "ValidationException"),
        ] {
            let test = problem(kind);
            let ask = Ask::of(path.clone()).json(&body);
            self.line(requirement, "POST /queries/{queryName}/subscriptions", ask, 400, Some((kind, &test)))
                .await;
        }
    }

    async fn webhook(&mut self, name: &str) {
        let Ok((dest, got)) = receiver().await else { return };
        let path = format!("/queries/{name}/subscriptions");
        let create = "POST /queries/{queryName}/subscriptions";
        let made = |reply: &Reply| {
            let found = body(reply);
            let whole = found["subscriptionID"].is_string()
                && found["createdAt"].is_string()
                && found["dest"].is_string();
            let silent = !found.to_string().contains(SECRET);
            let located = reply.header("location").ends_with(found["subscriptionID"].as_str().unwrap_or("?"));
            if whole && silent && located { Ok(()) } else { Err(found.to_string()) }
        };
        let scheduled = json!({ "dest": dest, "signatureToken": SECRET, "reportIfEmpty": true, "schedule": { "second": "0/2" } });
        let test = ("id, Location, and not the secret", &made as &(dyn Fn(&Reply) -> _ + Sync));
        let ask = Ask::of(path.clone()).json(&scheduled);
        let reply = self.line("a schedule is subscribed to", create, ask, 201, Some(test)).await;
        self.until(&got, 1).await;
        let first = got.lock().unwrap_or_else(PoisonError::into_inner).first().cloned();
        let empty = first.is_some_and(|(_, body)| lots_of(&body).is_empty());
        self.note(
            "reportIfEmpty tells that there is nothing",
            create,
            "a schedule every two seconds".to_owned(),
            "an empty EPCISQueryDocument".to_owned(),
            if empty { "it came".to_owned() } else { "none came".to_owned() },
            empty,
        );
        if let Some(id) = reply.map(|r| body(&r)["subscriptionID"].clone()) {
            let _ =
                self.send("DELETE", &Ask::of(format!("{path}/{}", id.as_str().unwrap_or_default()))).await;
        }
        // a message may be on its way
        tokio::time::sleep(Duration::from_secs(3)).await;
        got.lock().unwrap_or_else(PoisonError::into_inner).clear();

        let stream = json!({ "dest": dest, "signatureToken": SECRET, "stream": true });
        let ask = Ask::of(path.clone()).json(&stream);
        let reply = self.line("a stream is subscribed to", create, ask, 201, Some(test)).await;
        let id = reply
            .map(|r| body(&r)["subscriptionID"].as_str().unwrap_or_default().to_owned())
            .unwrap_or_default();
        for n in 0..3 {
            let document = self.document(&[self.event(&format!("W{n}"))]);
            let _ = self.send("POST", &Ask::of("/capture").json(&document)).await;
        }
        self.until(&got, 3).await;
        let messages = got.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let found: Vec<String> = messages.iter().flat_map(|(_, body)| lots_of(body)).collect();
        let wanted: Vec<String> = (0..3).map(|n| self.lot(&format!("W{n}"))).collect();
        self.note(
            "a stream tells each event once, in the order of capture",
            create,
            "three captures".to_owned(),
            "three events".to_owned(),
            format!("{} events in {} messages", found.len(), messages.len()),
            found == wanted,
        );
        let signed = !messages.is_empty() && messages.iter().all(|(headers, body)| is_signed(headers, body));
        self.note(
            "messages are signed with the signatureToken",
            create,
            "GS1-Signature of each message".to_owned(),
            "HMAC-SHA-256 of the body".to_owned(),
            if signed { "as expected".to_owned() } else { "missing or wrong".to_owned() },
            signed,
        );
        self.subscription(&path, &id).await;
    }

    async fn subscription(&mut self, path: &str, id: &str) {
        let one = format!("{path}/{id}");
        let listed = |reply: &Reply| match body(reply).as_array() {
            Some(all) if all.iter().any(|s| s["subscriptionID"] == *id && s["stream"] == true) => Ok(()),
            _ => Err(body(reply).to_string()),
        };
        let ask = Ask::of(path);
        self.line(
            "subscriptions are listed",
            "GET /queries/{queryName}/subscriptions",
            ask,
            200,
            Some(("the stream", &listed)),
        )
        .await;
        let told = |reply: &Reply| {
            let found = body(reply);
            if found["lastNotifiedAt"].is_string() && found["minRecordTime"].is_string() {
                Ok(())
            } else {
                Err(found.to_string())
            }
        };
        let operation = "GET /queries/{queryName}/subscriptions/{subscriptionID}";
        self.line(
            "a subscription tells when it was last told",
            operation,
            Ask::of(one.clone()),
            200,
            Some(("lastNotifiedAt, minRecordTime", &told)),
        )
        .await;
        let min = |reply: &Reply| match reply.header("gs1-query-min-record-time") {
            "" => Err("absent".to_owned()),
            _ => Ok(()),
        };
        let operation = "OPTIONS /queries/{queryName}/subscriptions/{subscriptionID}";
        self.line(
            "a subscription announces its record time",
            operation,
            Ask::of(one.clone()),
            204,
            Some(("GS1-Query-Min-Record-Time", &min)),
        )
        .await;
        let operation = "DELETE /queries/{queryName}/subscriptions/{subscriptionID}";
        self.line("a subscription is ended", operation, Ask::of(one.clone()), 204, None).await;
        let test = problem("NoSuchNameException");
        let operation = "GET /queries/{queryName}/subscriptions/{subscriptionID}";
        self.line(
            "an ended subscription is gone",
            operation,
            Ask::of(one),
            404,
            Some(("NoSuchNameException", &test)),
        )
        .await;
    }

    async fn until(&self, got: &Got, messages: usize) {
        for _ in 0..150 {
            if got.lock().unwrap_or_else(PoisonError::into_inner).len() >= messages {
                // the last message must have been noted by the server
                tokio::time::sleep(Duration::from_millis(500)).await;
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn socket(&mut self, name: &str) {
        let operation = "GET /queries/{queryName}/events";
        let base = self.base.replacen("http", "ws", 1);
        let bearer = self.bearer.clone();
        let headers = [("authorization", bearer.as_str())];
        let url = format!("{base}/queries/{name}/events?stream=true");
        let request = format!("GET /queries/{name}/events?stream=true, Upgrade: websocket");
        let opened = self.client.socket(&url, &headers, WAIT).await;
        let (got, pass) = match &opened {
            Ok((_, reply)) => (reply.status.to_string(), reply.status.as_u16() == 101),
            Err(error) => (error.to_string(), false),
        };
        self.note(
            "a query is followed over a WebSocket",
            operation,
            request.clone(),
            "101".to_owned(),
            got,
            pass,
        );
        let Ok((mut socket, _)) = opened else { return };
        let document = self.document(&[self.event("S0")]);
        let _ = self.send("POST", &Ask::of("/capture").json(&document)).await;
        let message = socket.next(Duration::from_secs(20)).await;
        let found = match &message {
            Ok(Some(text)) => lots_of(text.as_bytes()),
            _ => Vec::new(),
        };
        let pass = found == [self.lot("S0")];
        self.note(
            "a socket tells what is captured",
            operation,
            request.clone(),
            "one event".to_owned(),
            format!("{} events", found.len()),
            pass,
        );
        let refused =
            self.client.socket(&format!("{base}/queries/{name}/events"), &headers, WAIT).await.is_err();
        self.note(
            "a socket without stream or schedule is refused",
            operation,
            format!("GET /queries/{name}/events, Upgrade: websocket"),
            "no upgrade".to_owned(),
            if refused { "no upgrade".to_owned() } else { "101".to_owned() },
            refused,
        );
        let ask = Ask::of(format!("/queries/{name}"));
        self.line("a query with a socket is deleted", "DELETE /queries/{queryName}", ask, 204, None).await;
        let closed = matches!(socket.next(Duration::from_secs(20)).await, Ok(None));
        self.note(
            "deleting a query closes its sockets",
            "DELETE /queries/{queryName}",
            request,
            "closed".to_owned(),
            if closed { "closed".to_owned() } else { "open".to_owned() },
            closed,
        );
    }
}

fn lots_of(body: &[u8]) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let list =
        body["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().cloned().unwrap_or_default();
    list.iter().filter_map(|e| e["quantityList"][0]["epcClass"].as_str().map(str::to_owned)).collect()
}

fn is_signed(headers: &HeaderMap, body: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) else { return false };
    mac.update(body);
    let given = headers.get("gs1-signature").and_then(|v| v.to_str().ok()).unwrap_or_default();
    hex::decode(given).is_ok_and(|tag| mac.verify_slice(&tag).is_ok())
}
