#!/usr/bin/env python3
"""Peers of the trace engine: igraph, SQLite, DuckDB and PostgreSQL answer the questions of `shian chain bench --export DIR`.

    shian chain bench --links 1000000 --json --export DIR > DIR/ours.json
    python3 benches/peers/trace.py DIR [--postgres URL] [--budget SECONDS] [--only igraph,sqlite,duckdb,postgres]

Needs igraph, duckdb and numpy; psycopg for PostgreSQL (a database one may create tables in). Every peer works on the split
graph, where plain reachability is the time rule: that preparation is ours and a gift to them. SQL peers have covering
indexes both ways that carry place and "nothing leads on", so that ends are not looked up. Every answer is compared with
ours by number of rows and checksum; a wrong one voids the peer's time. Prints one JSON line for each class: wall times,
mean processor time (of the backend for PostgreSQL), and both as ratios to our median, which is nearly processor time
because our questions are shorter than a slice of the scheduler. On a busy machine only `ratio_cpu` is fair.
"""

import argparse
import json
import pathlib
import resource
import sqlite3
import statistics
import time

import numpy as np

NONE = 0xFFFFFFFF
MASK = (1 << 64) - 1


def mix(rows):
    """Sum of a 64-bit hash of every row, as in chain::bench."""
    z = np.asarray(rows, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return int(np.sum(z ^ (z >> np.uint64(31)), dtype=np.uint64)) & MASK


class Network:
    def __init__(self, folder):
        folder = pathlib.Path(folder)
        slots = np.fromfile(folder / "slots.bin", dtype="<u4").reshape(-1, 2)
        self.item, self.place = slots[:, 0].copy(), slots[:, 1].copy()
        self.links = np.fromfile(folder / "links.bin", dtype="<u4").reshape(-1, 2)
        self.count = len(slots)
        self.leaf = np.ones(self.count, dtype=bool)
        self.leaf[self.links[:, 0]] = False
        self.origin = np.ones(self.count, dtype=bool)
        self.origin[self.links[:, 1]] = False
        self.questions = json.loads((folder / "questions.json").read_text())

    def origins(self, slots):
        slots = slots[self.origin[slots] & (self.item[slots] != NONE)]
        return (self.item[slots].astype(np.uint64) << np.uint64(32)) | self.place[slots]

    def places(self, slots):
        places = np.unique(self.place[slots])
        return places[places != NONE].astype(np.uint64)

    @staticmethod
    def best(counts):
        """Top 50 of {place: cases}, as rows."""
        ranked = sorted(counts.items(), key=lambda c: (-c[1], c[0]))[:50]
        return np.array([place << 32 | count for place, count in ranked], dtype=np.uint64)


class Local:
    """A peer that works in this process."""

    @staticmethod
    def cpu():
        return time.thread_time()


class Igraph(Local):

    def __init__(self, net, _):
        import igraph

        self.net, self.name = net, f"igraph {igraph.__version__}"
        self.graph = igraph.Graph(n=net.count, edges=net.links, directed=True)

    def reach(self, starts, mode):
        found = [np.array(self.graph.subcomponent(s, mode=mode), dtype=np.int64) for s in starts]
        return found[0] if len(found) == 1 else np.unique(np.concatenate(found))

    def ask(self, q):
        net, starts = self.net, q["starts"]
        if q["query"] == "Q1":
            return net.origins(self.reach(starts[0], "in"))
        if q["query"] == "Q2":
            # starts that follow from another start add nothing but time
            return net.places(self.reach(starts[0], "out"))
        if q["query"] == "Q3":
            counts = {}
            for case in starts:
                for place in net.places(self.reach(case, "in")).tolist():
                    counts[place] = counts.get(place, 0) + 1
            return net.best(counts)
        near = [n for s in starts[0] for mode in ("in", "out") for n in self.graph.neighbors(s, mode=mode)]
        return np.array(near, dtype=np.uint64)


FORWARD = """with recursive r(n, last, place) as ({starts} union
 select f.b, f.last, f.place from r join fwd f on f.a = r.n where r.last = 0)
 select distinct place from r where place >= 0"""
BACK = """with recursive r(n, last, item, place) as ({starts} union
 select f.a, f.last, f.item, f.place from r join back f on f.b = r.n where r.last = 0)
 select item, place from r where last = 1 and item >= 0"""
CASES = """with recursive r(c, n, last, place) as ({starts} union
 select r.c, f.a, f.last, f.place from r join back f on f.b = r.n where r.last = 0)
 select place, count(distinct c) from r where place >= 0 group by place order by 2 desc, 1 limit 50"""
HOP = "select b from fwd where a = {p} union all select a from back where b = {p}"


class Sql:
    """What both SQL peers share: the questions. A start is never cut off, so `last` of a start that is an origin
    itself is set by hand."""

    def rows(self, q):
        net, starts = self.net, q["starts"]
        signed = lambda n: -1 if n == NONE else int(n)
        if q["query"] == "Q1":
            first = [(s, int(net.origin[s]), signed(net.item[s]), signed(net.place[s])) for s in starts[0]]
            found = self.run(BACK, first)
            return np.array([i << 32 | p for i, p in found], dtype=np.uint64)
        if q["query"] == "Q2":
            first = [(s, int(net.leaf[s]), signed(net.place[s])) for s in starts[0]]
            return np.array([p for (p,) in self.run(FORWARD, first)], dtype=np.uint64)
        if q["query"] == "Q3":
            first = [
                (c, s, int(net.origin[s]), signed(net.place[s])) for c, case in enumerate(starts) for s in case
            ]
            return np.array([p << 32 | n for p, n in self.run(CASES, first)], dtype=np.uint64)
        near = [n for s in starts[0] for (n,) in self.hop(s)]
        return np.array(near, dtype=np.uint64)

    ask = rows


def tables(net):
    """Rows of fwd(a, b, last, place) and back(b, a, last, item, place)."""
    a, b = net.links[:, 0].astype(np.int64), net.links[:, 1].astype(np.int64)
    sign = lambda column: np.where(column == NONE, -1, column.astype(np.int64))
    item, place = sign(net.item), sign(net.place)
    fwd = (a, b, net.leaf[b].astype(np.int64), place[b])
    order = np.lexsort((a, b))
    a, b = a[order], b[order]
    back = (b, a, net.origin[a].astype(np.int64), item[a], place[a])
    return fwd, back


def chunks(columns, size=200_000):
    for at in range(0, len(columns[0]), size):
        yield list(zip(*(column[at : at + size].tolist() for column in columns)))


class Sqlite(Sql, Local):
    def __init__(self, net, args):
        self.net, self.name = net, f"SQLite {sqlite3.sqlite_version}"
        file = pathlib.Path(args.folder) / "peer.sqlite"
        file.unlink(missing_ok=True)
        self.db = db = sqlite3.connect(file, isolation_level=None)
        for pragma in ("page_size=8192", "journal_mode=off", "synchronous=off", "cache_size=-2000000",
                       "mmap_size=30000000000", "temp_store=memory"):
            db.execute("pragma " + pragma)
        db.execute("create table fwd(a int, b int, last int, place int, primary key(a, b)) without rowid")
        db.execute("create table back(b int, a int, last int, item int, place int, primary key(b, a)) without rowid")
        fwd, back = tables(net)
        db.execute("begin")
        for rows in chunks(fwd):
            db.executemany("insert into fwd values(?,?,?,?)", rows)
        for rows in chunks(back):
            db.executemany("insert into back values(?,?,?,?,?)", rows)
        db.execute("commit")
        db.execute("analyze")

    def run(self, sql, starts):
        row = "(" + ",".join("?" * len(starts[0])) + ")"
        values = "values" + ",".join([row] * len(starts))
        return self.db.execute(sql.format(starts=values), [v for s in starts for v in s]).fetchall()

    def hop(self, slot):
        return self.db.execute(HOP.format(p="?"), (slot, slot)).fetchall()


class Duckdb(Sql):
    """Two tables, each sorted by the end it is entered at; in memory, on two threads."""

    def __init__(self, net, args):
        import duckdb

        self.net, self.name = net, f"DuckDB {duckdb.__version__}"
        self.db = db = duckdb.connect()
        db.execute("set threads = 2")
        fwd, back = tables(net)
        for table, names, columns in (("fwd", "a b last place", fwd), ("back", "b a last item place", back)):
            data = {name: column.astype(np.int32) for name, column in zip(names.split(), columns)}
            db.execute(f"create table {table} as select * from data")

    @staticmethod
    def cpu():
        return time.process_time()

    def run(self, sql, starts):
        row = "(" + ",".join("?" * len(starts[0])) + ")"
        values = "values" + ",".join([row] * len(starts))
        return self.db.execute(sql.format(starts=values), [v for s in starts for v in s]).fetchall()

    def hop(self, slot):
        return self.db.execute(HOP.format(p="?"), (slot, slot)).fetchall()


class Postgres(Sql):
    def __init__(self, net, args):
        import psycopg

        self.net = net
        self.db = db = psycopg.connect(args.postgres, autocommit=True)
        self.name = "PostgreSQL " + str(db.info.server_version // 10000) + "." + str(db.info.server_version % 10000)
        db.execute("drop schema if exists trace_peer cascade")
        db.execute("create schema trace_peer")
        db.execute("set search_path = trace_peer")
        db.execute("create unlogged table fwd(a int, b int, last int, place int)")
        db.execute("create unlogged table back(b int, a int, last int, item int, place int)")
        fwd, back = tables(net)
        for table, columns in (("fwd", fwd), ("back", back)):
            with db.cursor().copy(f"copy {table} from stdin") as copy:
                for rows in chunks(columns):
                    copy.write("\n".join("\t".join(map(str, row)) for row in rows) + "\n")
        db.execute("create index on fwd(a) include (b, last, place)")
        db.execute("create index on back(b) include (a, last, item, place)")
        db.execute("vacuum analyze fwd")
        db.execute("vacuum analyze back")
        # the recursive step must be an index-only nested loop: anything else reads the whole table in each round
        for setting in ("jit", "enable_hashjoin", "enable_mergejoin", "enable_seqscan", "enable_bitmapscan"):
            db.execute(f"set {setting} = off")
        db.execute("set work_mem = '512MB'")
        db.execute("set max_parallel_workers_per_gather = 0")

    def run(self, sql, starts):
        columns = [list(column) for column in zip(*starts)]
        unnest = "select * from unnest(" + ",".join(["%s::int[]"] * len(columns)) + ")"
        return self.db.execute(sql.format(starts=unnest), columns, prepare=True).fetchall()

    def hop(self, slot):
        return self.db.execute(HOP.format(p="%s"), (slot, slot), prepare=True).fetchall()

    def cpu(self):
        """Processor seconds of the backend, which must run on this machine, and of this client."""
        busy = pathlib.Path(f"/proc/{self.db.info.backend_pid}/schedstat").read_text().split()[0]
        return int(busy) / 1e9 + time.thread_time()

    def close(self):
        self.db.execute("drop schema trace_peer cascade")


def measure(peer, net, args, ours):
    classes = {}
    for q in net.questions:
        classes.setdefault((q["query"], q["stratum"]), []).append(q)
    for (query, stratum), questions in classes.items():
        wrong, spent, times = 0, time.perf_counter(), []
        peer.ask(questions[0])
        busy = peer.cpu()
        for q in questions:
            start = time.perf_counter()
            rows = peer.ask(q)
            times.append((time.perf_counter() - start) * 1e3)
            wrong += (len(rows), mix(rows)) != (q["rows"], q["checksum"])
            if time.perf_counter() - spent > args.budget:
                break
        busy = (peer.cpu() - busy) * 1e3 / len(times)
        times.sort()
        p50 = statistics.median(times)
        mine = ours.get((query, stratum))
        line = {
            "peer": peer.name, "query": query, "stratum": stratum, "asked": len(times), "wrong": wrong,
            "p50_ms": round(p50, 4), "p95_ms": round(times[(len(times) - 1) * 95 // 100], 4),
            "cpu_ms": round(busy, 4),
        }
        if mine:
            line |= {"ours_p50_ms": round(mine, 4)}
            line |= {"ratio_wall": round(p50 / mine, 1), "ratio_cpu": round(busy / mine, 1)}
        print(json.dumps(line), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--postgres", metavar="URL")
    parser.add_argument("--budget", type=float, default=6.0, help="seconds for each class")
    parser.add_argument("--only", default="igraph,sqlite,duckdb,postgres")
    args = parser.parse_args()
    net = Network(args.folder)
    report = pathlib.Path(args.folder) / "ours.json"
    ours = {}
    if report.exists():
        queries = json.loads(report.read_text())["queries"]
        ours = {(q["query"], q["stratum"]): q["times"]["p50"] / 1e3 for q in queries if not q["delta"]}
    peers = {"igraph": Igraph, "sqlite": Sqlite, "duckdb": Duckdb, "postgres": Postgres}
    for name in args.only.split(","):
        if name == "postgres" and not args.postgres:
            continue
        start = time.perf_counter()
        peer = peers[name](net, args)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        load = round(time.perf_counter() - start, 1)
        print(json.dumps({"peer": peer.name, "load_s": load, "peak_mb": memory}), flush=True)
        measure(peer, net, args, ours)
        if hasattr(peer, "close"):
            peer.close()


if __name__ == "__main__":
    main()
