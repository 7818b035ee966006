// The browser: one context an account, and what every page must hold wherever it is shown.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { PASSWORD } from "./clerk.mjs";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1280, height: 900 };
export const OUT = new URL("./out/", import.meta.url).pathname;
const PUBLIC_BYTES = 100_000;

export async function open() {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
}

// What a page said on its console, without the browser's own line about a refused document.
function watch(page) {
  const said = [];
  page.on("console", (m) => {
    if (m.type() === "error" && !/Failed to load resource: the server responded with a status of (401|403|404|409|422)/.test(m.text())) said.push(m.text());
  });
  page.on("pageerror", (e) => said.push(String(e)));
  page.said = said;
}

export class Browser {
  seats = new Map();

  constructor(chromium, url) {
    this.chromium = chromium;
    this.url = url;
  }

  // A page in a context of its own.
  async page({ lang = "zh", size = DESK, js = true, cookies = [] } = {}) {
    const context = await this.chromium.newContext({
      viewport: size,
      javaScriptEnabled: js,
      isMobile: false,
      hasTouch: size.width < 600,
      acceptDownloads: true,
      locale: lang === "zh" ? "zh-CN" : "en-GB",
      reducedMotion: "reduce",
    });
    await context.addCookies([{ name: "lang", value: lang, url: this.url }, ...cookies]);
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    watch(page);
    return page;
  }

  // A page signed in as `login` through the form.
  async as(login, options = {}) {
    const page = await this.page(options);
    await page.goto(`${this.url}/login`);
    await page.fill("#login", login);
    await page.fill("#password", PASSWORD);
    await page.click("main form button");
    const reached = new URL(page.url()).pathname;
    assert.notEqual(reached, "/login", `${login} could not sign in: ${await page.locator(".msg").innerText().catch(() => "?")}`);
    this.seats.set(login, (await page.context().cookies()).filter((c) => c.name === "shian_session").map(({ name, value }) => ({ name, value, url: this.url })));
    return page;
  }

  // A page that carries the session `login` has already.
  async again(login, options = {}) {
    if (login && !this.seats.has(login)) await (await this.as(login)).context().close();
    return this.page({ ...options, cookies: login ? this.seats.get(login) : [] });
  }
}

// What is wrong with the page as shown now; empty when nothing is.
export async function faults(page, lang) {
  const wrong = await page.evaluate((tag) => {
    const out = [];
    const root = document.documentElement;
    if (root.lang !== tag) out.push(`html lang is ${root.lang}, not ${tag}`);
    if (!document.title.trim()) out.push("no title");
    const headings = document.querySelectorAll("h1").length;
    if (headings !== 1) out.push(`${headings} h1`);
    if (root.scrollWidth > window.innerWidth) {
      const wide = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > window.innerWidth + 1 && !e.closest(".scroll, .graph")).slice(0, 3);
      out.push(`scrolls sideways: ${root.scrollWidth} > ${window.innerWidth} (${wide.map((e) => `${e.tagName.toLowerCase()}.${e.className}`).join(", ")})`);
    }
    for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
      const named = e.labels?.length || e.getAttribute("aria-label") || e.getAttribute("aria-labelledby");
      if (!named) out.push(`no label: ${e.outerHTML.slice(0, 80)}`);
    }
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    const twice = [...new Set(ids.filter((id, i) => ids.indexOf(id) !== i))];
    if (twice.length) out.push(`ids given twice: ${twice.slice(0, 5).join(" ")}`);
    if (/undefined|\[object Object\]|\bNaN\b|\{\{|facts\./.test(document.body.innerText)) out.push(`raw value shown: ${/.{20}(undefined|\[object Object\]|\bNaN\b|\{\{|facts\.).{20}/.exec(document.body.innerText)?.[0]}`);
    for (const img of document.images) if (img.complete && !img.naturalWidth && !img.src.endsWith(".svg")) out.push(`broken picture ${img.src}`);
    return out;
  }, lang === "zh" ? "zh-CN" : "en");
  return [...wrong, ...page.said.splice(0).map((s) => `console: ${s}`)];
}

// What was wrong with pages passed on the way; the step reports it at its end and goes on meanwhile.
const unsound = new Set();

export async function sound(page, lang) {
  for (const fault of await faults(page, lang)) unsound.add(`${new URL(page.url()).pathname}: ${fault}`);
}

export function allSound() {
  const wrong = [...unsound];
  unsound.clear();
  assert.deepEqual(wrong, []);
}

export async function shot(page, name, fullPage = true) {
  await page.screenshot({ path: `${OUT}${name}.png`, fullPage });
}

// Bytes over the wire for a page, without pictures.
export async function weight(page, url) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  const kinds = new Map();
  let bytes = 0;
  session.on("Network.responseReceived", (e) => kinds.set(e.requestId, e.type));
  session.on("Network.loadingFinished", (e) => {
    if (kinds.get(e.requestId) !== "Image") bytes += e.encodedDataLength;
  });
  await page.goto(url, { waitUntil: "networkidle" });
  await session.detach();
  return bytes;
}

export async function light(page, url) {
  const bytes = await weight(page, url);
  assert.ok(bytes < PUBLIC_BYTES, `${bytes} bytes`);
}

// What axe finds on the page as shown against WCAG 2.2, levels A and AA.
export async function violations(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const result = await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] });
    return result.violations
      .map((v) => {
        const [node] = v.nodes;
        return `${v.id} ×${v.nodes.length}: ${node.target.join(" ")} — ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? v.help}`;
      });
  });
}
