// Starts a small demo province on a free port in a directory of its own, and always ends it.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const BINARY = resolve(process.env.SHIAN_BIN ?? new URL("../target/debug/shian", import.meta.url).pathname);
const OPERATORS = process.env.SHIAN_E2E_OPERATORS ?? "600";
const START_MS = 600_000;

function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

export class Province {
  output = "";

  // A province that answers /healthz.
  static async start() {
    const p = new Province();
    p.dir = mkdtempSync(join(tmpdir(), "shian-e2e-"));
    p.port = await freePort();
    p.url = `http://127.0.0.1:${p.port}`;
    const args = ["demo", "--operators", OPERATORS, "--data", join(p.dir, "data"), "--listen", `127.0.0.1:${p.port}`];
    p.process = spawn(BINARY, args, { stdio: ["ignore", "pipe", "pipe"] });
    const keep = (chunk) => {
      p.output = (p.output + chunk).slice(-200_000);
    };
    p.process.stdout.on("data", keep);
    p.process.stderr.on("data", keep);
    let ended = null;
    p.process.once("exit", (code, signal) => {
      ended = `ended with ${code ?? signal}`;
    });
    p.process.once("error", (error) => {
      ended = String(error);
    });
    const started = Date.now();
    for (;;) {
      if (ended) throw new Error(`${BINARY} ${ended}:\n${p.output.slice(-2000)}`);
      if (Date.now() - started > START_MS) throw new Error(`the demo did not answer in ${START_MS} ms:\n${p.output.slice(-2000)}`);
      try {
        if ((await fetch(`${p.url}/healthz`)).ok) break;
      } catch {
        // not listening yet
      }
      await new Promise((r) => setTimeout(r, 250));
    }
    p.seconds = (Date.now() - started) / 1000;
    return p;
  }

  // Ends the process this started, and removes its directory.
  async stop() {
    const { process: child } = this;
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((r) => child.once("exit", r));
      child.kill("SIGTERM");
      const slow = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await gone;
      clearTimeout(slow);
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
