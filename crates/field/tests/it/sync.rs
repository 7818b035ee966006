//! What phones hand in: each refusal by its reason, replays, gaps, late pieces, revoked phones, and the step it becomes.

use crate::log::text;
use crate::office::{MATTER, REGION, Yard, now, officer};
use access::{Principal, testing};
use base::{Id, Text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use field::{Error, Received, Settled, Signed, Wrong, genesis, hash_of};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// A phone with its key and what it has written.
struct Phone {
    who: Principal,
    id: Id,
    key: EcdsaKeyPair,
    seq: u32,
    last: String,
}

fn keys() -> EcdsaKeyPair {
    let rng = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &rng).unwrap()
}

impl Phone {
    /// Enrolled, with what its officer is sent to.
    async fn new(y: &Yard, who: Principal) -> Self {
        let key = keys();
        let mut tx = y.store.begin().await.unwrap();
        let cx = y.cx(&who, now());
        let (id, secret) =
            y.field.enrol(&mut tx, &cx, &who, "虚构手机", key.public_key().as_ref()).await.unwrap();
        assert_ne!(secret, [0; 32]);
        y.field.take(&mut tx, &cx, &who, id).await.unwrap();
        tx.commit().await.unwrap();
        Self { who, id, key, seq: 0, last: genesis(id) }
    }

    fn sign(&self, text: String) -> Signed {
        let signature = self.key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        Signed { text, signature: STANDARD.encode(signature.as_ref()) }
    }

    fn write(&mut self, kind: &str, body: Json) -> Signed {
        self.seq += 1;
        let text = text(self.id.0, self.seq, &self.last, kind, body);
        self.last = hash_of(&text);
        self.sign(text)
    }

    fn found(&mut self, item: &str, result: &str) -> Signed {
        self.write("finding", json!({"item": item, "result": result, "note": "虚构"}))
    }

    async fn send(&self, y: &Yard, entries: &[Signed]) -> Result<Received, Error> {
        let mut tx = y.store.begin().await.unwrap();
        let cx = y.cx(&self.who, now().plus_seconds(3600));
        let out = y.field.receive(&mut tx, &cx, &self.who, self.id, self.seq, entries).await;
        match &out {
            Ok(_) => tx.commit().await.unwrap(),
            Err(_) => tx.rollback().await.unwrap(),
        }
        out
    }

    async fn settle(&self, y: &Yard) -> Settled {
        let cx = y.cx(&self.who, now().plus_seconds(3600));
        y.field.settle(&y.store, &cx, &self.who, MATTER).await.unwrap()
    }
}

fn states(r: &Received) -> Vec<(&'static str, Option<Wrong>)> {
    r.answers.iter().map(|a| (a.state, a.wrong)).collect()
}

#[tokio::test]
async fn every_refusal_has_its_reason_and_stores_nothing() {
    for (name, y) in Yard::all().await {
        y.send(1).await;
        let mut phone = Phone::new(&y, officer(1)).await;
        let (first, second) = (phone.write("arrival", json!({})), phone.found("staff", "pass"));
        let r = phone.send(&y, &[first.clone(), second.clone()]).await.unwrap();
        assert_eq!(states(&r), [("stored", None), ("stored", None)], "{name}");
        let table: Vec<(&str, Signed, Wrong)> = vec![
            ("not an entry", phone.sign("{}".to_owned()), Wrong::Format),
            (
                "changed after signing",
                Signed { text: second.text.replace("pass", "fail"), ..second.clone() },
                Wrong::Signature,
            ),
            (
                "another's key",
                Signed { signature: STANDARD.encode([7_u8; 64]), ..second.clone() },
                Wrong::Signature,
            ),
            (
                "another device's",
                phone.sign(text(99, 3, &phone.last, "note", json!({"text": "x"}))),
                Wrong::Device,
            ),
            (
                "a broken chain",
                phone.sign(text(phone.id.0, 3, &"1".repeat(64), "note", json!({"text": "x"}))),
                Wrong::Chain,
            ),
            (
                "a second entry of one number",
                phone.sign(text(phone.id.0, 2, &hash_of(&first.text), "note", json!({"text": "x"}))),
                Wrong::Fork,
            ),
        ];
        for (case, sent, wrong) in table {
            let r = phone.send(&y, &[sent]).await.unwrap();
            assert_eq!(states(&r), [("refused", Some(wrong))], "{name}: {case}");
            assert_eq!(r.stored, 0, "{name}: {case}");
        }
        // an inspection of somebody else: its content is dropped, the chain goes on
        let other = text(phone.id.0, 3, &phone.last, "note", json!({"text": "秘密"}))
            .replace(&MATTER.to_string(), &Id(MATTER.0 + 5).to_string());
        let (seq, last) = (3, hash_of(&other));
        let r = phone.send(&y, &[phone.sign(other)]).await.unwrap();
        assert_eq!(states(&r), [("refused", Some(Wrong::Unassigned))], "{name}");
        (phone.seq, phone.last) = (seq, last);
        let next = phone.found("label", "pass");
        assert_eq!(states(&phone.send(&y, &[next]).await.unwrap()), [("stored", None)], "{name}");
        let row = y
            .store
            .one("select text from field_event where device = $1 and seq = 3", &[phone.id.into()])
            .await;
        assert_eq!(row.unwrap().text("text").unwrap(), "", "{name}");
        let odd = |phone: &Phone, shift: i64| {
            let odd = text(phone.id.0, phone.seq + 1, &phone.last, "note", json!({"text": "过期食品"}));
            let mut value: Json = serde_json::from_str(&odd).unwrap();
            value["at"] = json!(value["at"].as_i64().unwrap() + shift);
            phone.sign(value.to_string())
        };
        let kept = async |seq: u32| {
            let sql = "select text from field_event where device = $1 and seq = $2";
            let row = y.store.first(sql, &[phone.id.into(), i64::from(seq).into()]).await.unwrap();
            row.map(|r| r.text("text").unwrap())
        };
        // a fast clock: nothing is kept, so that the phone keeps it, and it is taken once its time has come
        let fast = odd(&phone, 86_400_000);
        assert_eq!(
            states(&phone.send(&y, std::slice::from_ref(&fast)).await.unwrap()),
            [("later", Some(Wrong::Time))],
            "{name}"
        );
        assert_eq!(kept(phone.seq + 1).await, None, "{name}");
        // a slow clock, before it was taken along: no part of the record, but not lost, and the second answer is the first
        let slow = odd(&phone, -86_400_000);
        for _ in 0..2 {
            let answer = phone.send(&y, std::slice::from_ref(&slow)).await.unwrap();
            assert_eq!(states(&answer), [("refused", Some(Wrong::Time))], "{name}");
        }
        assert_eq!(kept(phone.seq + 1).await.as_deref(), Some(slow.text.as_str()), "{name}");
        phone.seq += 1;
        phone.last = hash_of(&slow.text);
        // another officer's session, and a phone that was lost
        let mut stranger = Phone::new(&y, officer(3)).await;
        let mine = phone.found("storage", "pass");
        (stranger.id, stranger.seq) = (phone.id, phone.seq);
        assert!(
            matches!(stranger.send(&y, std::slice::from_ref(&mine)).await, Err(Error::NotFound(_))),
            "{name}"
        );
        let mut tx = y.store.begin().await.unwrap();
        let desk = testing::desk(REGION);
        y.field.revoke(&mut tx, &y.cx(&desk, now()), &desk, phone.id, "遗失").await.unwrap();
        tx.commit().await.unwrap();
        assert!(matches!(phone.send(&y, &[mine]).await, Err(Error::State(_))), "{name}: revoked");
    }
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_any_order_gives_the_same_state() {
    for (name, y) in Yard::all().await {
        y.send(1).await;
        let mut phone = Phone::new(&y, officer(1)).await;
        let all: Vec<Signed> = vec![
            phone.write("arrival", json!({})),
            phone.found("staff", "pass"),
            phone.found("label", "minor"),
            phone.write("reply", json!({"text": "照改"})),
            phone.write("departure", json!({})),
        ];
        // the end first: it is kept, and waits
        let r = phone.send(&y, &all[3..]).await.unwrap();
        assert_eq!(r.stored, 2, "{name}");
        let log = y.field.visit(&y.store, MATTER).await.unwrap();
        assert!(log.lines.iter().all(|l| l.waits) && log.visit.replies.is_empty(), "{name}");
        let desk = testing::desk(REGION);
        let gaps = y.field.gaps(&y.store, &desk, now()).await.unwrap();
        assert_eq!(gaps[0].missing, [(1, 3)], "{name}");
        phone.send(&y, &all[1..2]).await.unwrap();
        let gaps = y.field.gaps(&y.store, &desk, now()).await.unwrap();
        assert_eq!(gaps[0].missing, [(1, 1), (3, 3)], "{name}");
        let r = phone.send(&y, &all).await.unwrap();
        let want = ["stored", "known", "stored", "known", "known"];
        assert_eq!(r.answers.iter().map(|a| a.state).collect::<Vec<_>>(), want, "{name}");
        let batches = y.journal("field.batch").await;
        assert_eq!(phone.send(&y, &all).await.unwrap().stored, 0, "{name}: a replay");
        assert_eq!(y.journal("field.batch").await, batches, "{name}: and no entry for it");
        let log = y.field.visit(&y.store, MATTER).await.unwrap();
        assert_eq!(log.visit.findings.len(), 2, "{name}");
        assert_eq!(log.visit.replies, ["照改"], "{name}");
        assert_eq!(y.field.gaps(&y.store, &desk, now()).await.unwrap()[0].missing, [], "{name}");
        // an entry the phone says it has and never sends
        phone.seq += 2;
        phone.send(&y, &[]).await.unwrap();
        assert_eq!(y.field.gaps(&y.store, &desk, now()).await.unwrap()[0].missing, [(6, 7)], "{name}");
    }
}

#[tokio::test]
async fn work_is_recorded_when_every_phone_has_finished_and_every_photo_has_come() {
    for (name, y) in Yard::all().await {
        y.send(2).await;
        let (mut one, mut two) = (Phone::new(&y, officer(1)).await, Phone::new(&y, officer(2)).await);
        let picture = b"\xff\xd8\xff\xe0 fictitious picture".repeat(9);
        let sha = hex::encode(Sha256::digest(&picture));
        let batch = [
            one.write("arrival", json!({})),
            one.write("photo", json!({"sha256": sha, "size": picture.len()})),
            one.write("finding", json!({"item": "staff", "result": "fail", "note": "无证", "photos": [sha]})),
            one.write("finish", json!({})),
        ];
        one.send(&y, &batch).await.unwrap();
        assert_eq!(one.settle(&y).await, Settled::Waits, "{name}: the other phone");
        let batch = [two.found("staff", "pass"), two.write("finish", json!({}))];
        two.send(&y, &batch).await.unwrap();
        assert_eq!(two.settle(&y).await, Settled::Waits, "{name}: the photo");
        // the photo in two pieces, the second first; a foreign and an unknown one are refused
        let cx = y.cx(&one.who, now().plus_seconds(3600));
        let mut tx = y.store.begin().await.unwrap();
        let f = &y.field;
        let unknown = f.put_piece(&mut tx, &cx, &one.who, one.id, &"ee".repeat(32), 0, b"x").await;
        assert!(matches!(unknown, Err(Error::NotFound(_))), "{name}");
        let foreign = f.put_piece(&mut tx, &cx, &two.who, one.id, &sha, 0, b"x").await;
        assert!(matches!(foreign, Err(Error::NotFound(_))), "{name}");
        let past = f.put_piece(&mut tx, &cx, &one.who, one.id, &sha, 1, &picture).await;
        assert!(matches!(past, Err(Error::Invalid { field: "start", .. })), "{name}");
        let half = picture.len() / 2;
        let start = i64::try_from(half).unwrap();
        assert_eq!(
            f.put_piece(&mut tx, &cx, &one.who, one.id, &sha, start, &picture[half..]).await.unwrap(),
            None
        );
        let whole =
            f.put_piece(&mut tx, &cx, &one.who, one.id, &sha, 0, &picture[..half]).await.unwrap().unwrap();
        assert_eq!(
            (whole.bytes, whole.matter, whole.officers),
            (picture, MATTER, vec![Id(21), Id(22)]),
            "{name}"
        );
        f.photo_kept(&mut tx, &cx, one.id, &sha).await.unwrap();
        tx.commit().await.unwrap();
        // the procedure may still say no: noted for the desk, and tried again
        *y.desk.refusal.lock().unwrap() = Some(Text::of("缺少签名", "a signature is missing"));
        assert!(matches!(two.settle(&y).await, Settled::Obstacle(_)), "{name}");
        assert!(y.field.visit(&y.store, MATTER).await.unwrap().obstacle.is_some(), "{name}");
        *y.desk.refusal.lock().unwrap() = None;
        assert_eq!(two.settle(&y).await, Settled::Recorded, "{name}");
        assert_eq!(two.settle(&y).await, Settled::Over, "{name}: once");
        let recorded = y.desk.recorded.lock().unwrap().clone();
        assert_eq!(recorded.len(), 1);
        assert_eq!(recorded[0].1["catering"][0]["result"], "fail", "{name}: the worse of the two, both kept");
        assert!(y.field.visit(&y.store, MATTER).await.unwrap().obstacle.is_none(), "{name}");
        // what was taken along and not begun can be given back, what was begun cannot
        let mut tx = y.store.begin().await.unwrap();
        let begun = f.give_back(&mut tx, &cx, &one.who, one.id, MATTER).await;
        assert!(matches!(begun, Err(Error::State(_))), "{name}");
        f.give_back(&mut tx, &cx, &one.who, one.id, Id(MATTER.0 + 1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_phone_takes_along_only_what_its_officer_is_sent_to() {
    for (name, y) in Yard::all().await {
        y.send(2).await;
        for (n, want) in [(1, 2), (3, 0)] {
            let who = officer(n);
            let key = keys();
            let mut tx = y.store.begin().await.unwrap();
            let cx = y.cx(&who, now());
            let (id, _) = y.field.enrol(&mut tx, &cx, &who, "虚构", key.public_key().as_ref()).await.unwrap();
            let taken = y.field.take(&mut tx, &cx, &who, id).await.unwrap();
            assert_eq!(taken.len(), want, "{name}: officer {n}");
            assert!(taken.iter().all(|t| t.until > now()));
            let other = officer(4);
            assert!(
                matches!(y.field.take(&mut tx, &cx, &other, id).await, Err(Error::NotFound(_))),
                "{name}"
            );
            let bad = y.field.enrol(&mut tx, &cx, &who, "虚构", &[1; 65]).await;
            assert!(matches!(bad, Err(Error::Invalid { field: "key", .. })), "{name}");
        }
        let firm = testing::firm(Id(1));
        let mut tx = y.store.begin().await.unwrap();
        let out =
            y.field.enrol(&mut tx, &y.cx(&firm, now()), &firm, "虚构", keys().public_key().as_ref()).await;
        assert!(matches!(out, Err(Error::Denied(_))), "{name}: a firm has no such phone");
    }
}
