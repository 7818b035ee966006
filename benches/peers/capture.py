#!/usr/bin/env python3
"""Captures generated EPCIS events over HTTP, and stores the same events in bare SQLite and PostgreSQL, in one run.

    target/release/shian serve --data DIR &
    benches/peers/capture.py --url http://127.0.0.1:8620 --data DIR [--pg DSN] [--events 20000]

Signs in as the demo's `exchange` (--login, --password) for a token. The peers do less on purpose, so they are a lower bound: SQLite gets the very rows our capture wrote, into the same tables and indexes, without reading, checks, event
hash, rights, journal or trace index; PostgreSQL gets the raw JSON with GIN indexes on its identifiers and a b-tree on its time.
All are durable (WAL with synchronous=FULL; synchronous_commit=on). Processor time: ours from /proc/PID of the server, the
peers' of the process or backend that stores. Needs Python 3.11; psycopg 3 for --pg.
"""
import argparse
import http.client
import http.cookiejar
import json
import os
import random
import sqlite3
import tempfile
import time
import urllib.parse
import urllib.request

TICK = os.sysconf("SC_CLK_TCK")


def check(body):
    digits = [int(c) for c in reversed(body)]
    return str(-sum(d * (3 if i % 2 == 0 else 1) for i, d in enumerate(digits)) % 10)


def gln(n):
    body = f"6980000{n % 4000:05d}"
    return body + check(body)


def gtin(n):
    body = f"0698{n % 900:09d}"
    return body + check(body)


def event(n, rng):
    """A shipment of one to five lots or cases of plainly fictitious goods, about 1 kB, as official examples look."""
    sender, taker = gln(rng.randrange(4000)), gln(rng.randrange(4000))
    minute = n % 60
    things = [
        {"epcClass": f"https://id.gs1.org/01/{gtin(rng.randrange(900))}/10/P{n}{i}", "quantity": rng.randrange(1, 900), "uom": "KGM"}
        for i in range(rng.randrange(1, 4))
    ]
    cases = [f"https://id.gs1.org/01/{gtin(rng.randrange(900))}/21/{n}{i}" for i in range(rng.randrange(1, 3))]
    return {
        "type": "ObjectEvent",
        "eventTime": f"2026-{1 + n % 9:02d}-{1 + n % 28:02d}T{n % 24:02d}:{minute:02d}:{n // 60 % 60:02d}.{n % 1000:03d}+08:00",
        "eventTimeZoneOffset": "+08:00",
        "epcList": cases,
        "quantityList": things,
        "action": "OBSERVE",
        "bizStep": "shipping",
        "disposition": "in_transit",
        "readPoint": {"id": f"https://id.gs1.org/414/{sender}"},
        "bizLocation": {"id": f"https://id.gs1.org/414/{sender}"},
        "bizTransactionList": [{"type": "desadv", "bizTransaction": f"urn:epcglobal:cbv:bt:{sender}:D{n}"}],
        "sourceList": [{"type": "location", "source": f"https://id.gs1.org/414/{sender}"}],
        "destinationList": [{"type": "location", "destination": f"https://id.gs1.org/414/{taker}"}],
    }


def document(events):
    return json.dumps({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-10-01T08:00:00.000+08:00",
        "epcisBody": {"eventList": events},
    }).encode()


def cpu(pid):
    """Seconds of processor a process has used, its threads included."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def server_pid(port):
    """The process that listens on a port."""
    wanted = f"{port:04X}"
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as f:
            for row in list(f)[1:]:
                cols = row.split()
                if cols[3] == "0A" and cols[1].rsplit(":", 1)[1] == wanted:
                    inodes.add(f"socket:[{cols[9]}]")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{fd}") in inodes:
                    return int(pid)
        except OSError:
            continue
    raise SystemExit(f"nothing listens on port {port}")


def row(who, batch, count, wall, used, waits):
    waits.sort()
    p50, p95 = (waits[len(waits) * p // 100] * 1000 for p in (50, 95))
    per_cpu = count / used if used > 0 else float("nan")
    print(f"| {who} | {batch} | {count} | {count / wall:,.0f} | {per_cpu:,.0f} | {p50:.1f} / {p95:.1f} |", flush=True)


def token(args):
    """An access token of the account, made as a person makes one on the site."""
    jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    site = urllib.request.build_opener(jar)
    form = urllib.parse.urlencode({"login": args.login, "password": args.password, "next": ""})
    site.open(f"{args.url}/login", form.encode()).read()
    ask = urllib.request.Request(
        f"{args.url}/api/v1/tokens",
        json.dumps({"name": "benchmark", "password": args.password, "days": 1}).encode(),
        {"Content-Type": "application/json", "Origin": args.url},
    )
    return json.load(site.open(ask))["token"]


def ours(args, batches, total):
    url = urllib.parse.urlsplit(args.url)
    pid = server_pid(url.port)
    link = http.client.HTTPConnection(url.hostname, url.port)
    head = {"Authorization": f"Bearer {token(args)}", "Content-Type": "application/json", "GS1-Capture-Error-Behaviour": "rollback"}
    number = int(time.time()) * 1_000_000
    rng = random.Random(1)
    first = None
    for batch in batches:
        count = min(total, batch * 400)
        bodies = []
        for _ in range(0, count, batch):
            bodies.append(document([event(number + i, rng) for i in range(batch)]))
            number += batch
        waits, used, start = [], cpu(pid), time.perf_counter()
        for body in bodies:
            one = time.perf_counter()
            link.request("POST", "/epcis/capture", body, head)
            answer = link.getresponse()
            text = answer.read()
            if answer.status != 202:
                raise SystemExit(f"{answer.status}: {text[:400]}")
            job = answer.headers["Location"]
            first = first or job
            waits.append(time.perf_counter() - one)
        # a capture counts when its job has ended: wait for the last one
        while True:
            link.request("GET", urllib.parse.urlsplit(job).path, headers=head)
            state = json.loads(link.getresponse().read())
            if not state["running"]:
                break
            time.sleep(0.02)
        if not state["success"]:
            raise SystemExit(f"the last capture failed: {state}")
        wall = time.perf_counter() - start
        row("Shian over HTTP", batch, len(bodies) * batch, wall, cpu(pid) - used, waits)
    return sum(len(b) for b in bodies) / (len(bodies) * batches[-1])


def sqlite_peer(args, batches, total):
    source = sqlite3.connect(f"file:{args.rows or args.data + '/shian.db'}?mode=ro", uri=True)
    events = source.execute("select * from event order by id desc limit ?", (total,)).fetchall()[::-1]
    # as many bytes of blocks as the terms of so many events take, in the order they were written
    blocks = source.execute("select * from term_block order by rowid limit ?", (total // 8,)).fetchall()
    per_event = sum(e for (e,) in source.execute("select events from term_segment"))
    per_event = source.execute("select count(*) from term_block").fetchone()[0] / max(per_event, 1)
    ddl = [s for (s,) in source.execute(
        "select sql from sqlite_master where tbl_name in ('event', 'term_block') and sql is not null order by type desc")]
    widths = {t: len(source.execute(f"select * from {t} limit 1").description) for t in ["event", "term_block"]}
    put = {t: f"insert into {t} values ({','.join('?' * widths[t])})" for t in widths}
    for batch in batches:
        with tempfile.TemporaryDirectory(dir=args.data or os.path.dirname(os.path.abspath(args.rows))) as folder:
            db = sqlite3.connect(f"{folder}/peer.db", isolation_level=None)
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = full")
            for statement in ddl:
                db.execute(statement)
            count = min(total, batch * 400, len(events)) // batch * batch
            waits, used, start = [], time.process_time(), time.perf_counter()
            for at in range(0, count, batch):
                one = time.perf_counter()
                db.execute("begin immediate")
                db.executemany(put["event"], events[at:at + batch])
                few = blocks[int(at * per_event):int((at + batch) * per_event) or 1]
                db.executemany(put["term_block"], [(at, first, n, body) for n, (_, first, _, body) in enumerate(few)])
                db.execute("commit")
                waits.append(time.perf_counter() - one)
            row("SQLite, same rows, bare", batch, count, time.perf_counter() - start, time.process_time() - used, waits)
            db.close()


def postgres_peer(args, batches, total):
    import psycopg

    with psycopg.connect(args.pg, autocommit=True) as db:
        db.execute("drop table if exists peer_event")
        db.execute("create table peer_event (id bigint generated always as identity primary key, doc jsonb not null)")
        db.execute("create index on peer_event using gin ((doc -> 'epcList'))")
        db.execute("create index on peer_event using gin ((doc -> 'quantityList'))")
        db.execute("create index on peer_event ((doc ->> 'eventTime'))")
        db.execute("set synchronous_commit = on")
        pid = db.info.backend_pid
        rng = random.Random(1)
        number = 1
        for batch in batches:
            count = min(total, batch * 400) // batch * batch
            parts = []
            for _ in range(0, count, batch):
                parts.append([json.dumps(event(number + i, rng)) for i in range(batch)])
                number += batch
            put = "insert into peer_event (doc) values " + ",".join(["(%s::jsonb)"] * batch)
            waits, used, start = [], cpu(pid), time.perf_counter()
            for part in parts:
                one = time.perf_counter()
                db.execute(put, part)
                waits.append(time.perf_counter() - one)
            row("PostgreSQL, raw JSON + GIN", batch, count, time.perf_counter() - start, cpu(pid) - used, waits)
        db.execute("drop table peer_event")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="the server; without one only the peers run")
    parser.add_argument("--rows", help="a database file of `cargo run --release -p supply --example capture`, instead of --data")
    parser.add_argument("--login", default="exchange")
    parser.add_argument("--password", default="Shian-demo-2026")
    parser.add_argument("--print-token", action="store_true", help="only print a token, for capture.lua")
    parser.add_argument("--data", help="the server's data directory")
    parser.add_argument("--pg", help="DSN of a PostgreSQL with fsync on")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--batches", type=lambda s: [int(n) for n in s.split(",")], default=[1, 100, 500, 1500])
    args = parser.parse_args()
    if args.print_token:
        print(token(args))
        return
    print("| who | events a request | events | events/s | events per CPU-second | p50 / p95 ms |")
    print("|---|---|---|---|---|---|")
    size = ours(args, args.batches, args.events) if args.url else None
    if args.rows or args.data:
        sqlite_peer(args, args.batches, args.events)
    if args.pg:
        postgres_peer(args, args.batches, args.events)
    if size:
        print(f"\nmean size of an event: {size:.0f} bytes", flush=True)


if __name__ == "__main__":
    main()
