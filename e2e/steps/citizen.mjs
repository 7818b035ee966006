// Step 6: the desk publishes; a citizen without an account reads, looks up, and checks the proof, offline too.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PHONE, light, shot, sound } from "../browser.mjs";
import { BINARY } from "../province.mjs";

// The same receipt with one character of the record changed.
function tampered(receipt) {
  const forged = JSON.parse(JSON.stringify(receipt));
  const at = forged.entry.search(/[a-f0-9]{8}/);
  forged.entry = forged.entry.slice(0, at) + (forged.entry[at] === "0" ? "1" : "0") + forged.entry.slice(at + 1);
  assert.notEqual(forged.entry, receipt.entry);
  return forged;
}

export async function citizen({ tally, url, browser, facts, province }) {
  await tally.check("the provincial desk publishes the notice (four eyes)", async () => {
    const page = await browser.as("desk");
    await page.goto(`${url}/desk/matters/${facts.matter}`);
    await sound(page, "zh");
    await page.click(`form[action="${facts.document}"] button`);
    await sound(page, "zh");
    facts.notice = new URL(page.url()).pathname;
    assert.match(facts.notice, /^\/notices\/[^/]+$/);
    await page.context().close();
  });
  if (!facts.notice) return;

  const page = await browser.page({ size: PHONE });
  await tally.check("the portal opens without login and leads to the notice", async () => {
    await page.goto(url);
    await sound(page, "zh");
    await shot(page, "portal-phone");
    await page.goto(`${url}/notices`);
    await sound(page, "zh");
    await page.click(`a[href="${facts.notice}"]`);
    await sound(page, "zh");
    await shot(page, "notice-phone");
    const text = await page.innerText("main");
    assert.match(text, /挂面/);
    assert.match(text, /铅/);
    assert.match(text, /SHA-256/);
  });

  let receipt;
  const file = join(province.dir, "receipt.json");
  const forgedFile = join(province.dir, "forged.json");
  await tally.check("the receipt downloads", async () => {
    await page.waitForTimeout(1500); // the sequencer signs a new head every second
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(`a[href="${facts.notice}/receipt.json"]`)]);
    await download.saveAs(file);
    receipt = JSON.parse(readFileSync(file, "utf8"));
    for (const field of ["checkpoint", "key", "entry", "index", "proof"]) assert.ok(field in receipt, field);
    writeFileSync(forgedFile, JSON.stringify(tampered(receipt)));
  });
  if (!receipt) return;

  await tally.check("the receipt's record carries the hash of exactly the text that downloads", async () => {
    const body = new Uint8Array(await (await fetch(`${url}${facts.notice}/body.html`)).arrayBuffer());
    const digest = Buffer.from(await crypto.subtle.digest("SHA-256", body)).toString("hex");
    assert.ok(receipt.entry.includes(digest), "the hash of the text is in the record");
    await page.goto(url + facts.notice);
    assert.match(await page.innerText("main"), new RegExp(digest));
  });

  const onPage = async (text) => {
    await page.goto(`${url}/verify`);
    await page.fill("#receipt", text);
    await page.click("main form button");
    await sound(page, "zh");
    return page.innerText("main");
  };
  await tally.check("/verify accepts the receipt", async () => {
    assert.match(await onPage(readFileSync(file, "utf8")), /已验证|验证通过|未被改动/);
    await shot(page, "verify-phone");
  });
  await tally.check("/verify refuses the tampered receipt", async () => {
    assert.match(await onPage(readFileSync(forgedFile, "utf8")), /未通过|不符|被改动|无效/);
    await shot(page, "verify-refused-phone");
  });
  await tally.check("/verify says what to do with something that is no receipt", async () => {
    assert.match(await onPage("这不是回执"), /回执/);
  });

  const cli = (path) => spawnSync(BINARY, ["journal", "verify", "--receipt", path], { encoding: "utf8" });
  await tally.check("the command line accepts the receipt", () => {
    const { status, stdout, stderr } = cli(file);
    assert.equal(status, 0, stdout + stderr);
  });
  await tally.check("the command line refuses the tampered receipt", () => {
    const { status, stdout, stderr } = cli(forgedFile);
    assert.equal(status, 1, stdout + stderr);
  });

  await tally.check("the offline page from a file, without a network, accepts and refuses", async () => {
    const saved = join(province.dir, "shian-verify.html");
    writeFileSync(saved, await (await fetch(`${url}/verify.html`)).text());
    const context = await browser.chromium.newContext({ viewport: PHONE });
    await context.setOffline(true);
    const alone = await context.newPage();
    const said = [];
    alone.on("pageerror", (e) => said.push(String(e)));
    alone.on("request", (r) => r.url().startsWith("file:") || r.url().startsWith("data:") || said.push(`asked for ${r.url()}`));
    await alone.goto(pathToFileURL(saved).href);
    const result = async (path) => {
      await alone.setInputFiles("#file", path);
      await alone.waitForFunction((start) => document.getElementById("text").value.startsWith(start), readFileSync(path, "utf8").slice(0, 20));
      await alone.waitForTimeout(100);
      await alone.click("#go");
      await alone.waitForFunction(() => document.getElementById("result").textContent !== "");
      await alone.waitForTimeout(300);
      return alone.getAttribute("#result", "class");
    };
    assert.equal(await result(file), "ok", await alone.innerText("#result"));
    await shot(alone, "verify-offline");
    assert.equal(await result(forgedFile), "bad", await alone.innerText("#result"));
    await alone.fill("#key", receipt.key.replace(/.$/, (c) => (c === "A" ? "B" : "A")));
    assert.equal(await result(file), "bad", "another key is not trusted");
    assert.ok((await alone.evaluate(() => document.documentElement.scrollWidth)) <= PHONE.width, "no sideways scrolling");
    assert.deepEqual(said, []);
    await context.close();
  });

  await tally.check("a citizen looks up the lot under recall", async () => {
    const [, gtin, lot] = /\/01\/(\d{14})\/10\/([^/?]+)/.exec(facts.item);
    await page.goto(`${url}/lot`);
    await page.fill("#gtin", gtin);
    await page.fill("#lot", decodeURIComponent(lot));
    await page.click("main form button");
    facts.lotPage = new URL(page.url()).pathname;
    assert.equal(facts.lotPage, `/lot/01/${gtin}/10/${lot}`, "the path of its GS1 Digital Link");
    await sound(page, "zh");
    await shot(page, "lot-phone");
    assert.match(await page.innerText("main"), /召回|风险提示|公告/);
    await page.click(`main a[href="${facts.notice}"]`);
    await page.click(`main a[href="${facts.lotPage}"]`);
    assert.equal(new URL(page.url()).pathname, facts.lotPage, "from the lot to its notice and back");
  });

  await tally.check("a citizen looks up a shop", async () => {
    await page.goto(`${url}/shops`);
    await sound(page, "zh");
    await page.locator("main form input[type=search], main form input[type=text]").first().fill("便民超市");
    await page.locator("main form button").first().click();
    await sound(page, "zh");
    await shot(page, "shops-phone");
    const first = page.locator('main a[href^="/shops/"]').first();
    facts.shop = await first.getAttribute("href");
    await first.click();
    await sound(page, "zh");
    await shot(page, "shop-phone");
    assert.doesNotMatch(await page.innerText("main"), /(?<![\dA-Z])1[3-9]\d{9}(?!\d)/, "no personal telephone");
  });

  facts.public = ["/", "/notices", facts.notice, facts.lotPage ?? "/lot", "/shops", ...(facts.shop ? [facts.shop] : []), "/limits", "/verify", "/api"];
  for (const path of facts.public) {
    await tally.check(`${path.replace(facts.notice, "the notice").replace(facts.shop ?? "-", "the shop")} weighs less than 100 kB without pictures`, async () => {
      const fresh = await browser.page({ size: PHONE });
      await light(fresh, url + path);
      await fresh.context().close();
    });
  }

  await tally.check("without script: notice, receipt, verification", async () => {
    const plain = await browser.page({ size: PHONE, js: false });
    await plain.goto(`${url}/notices`);
    await plain.click(`a[href="${facts.notice}"]`);
    assert.match(await plain.innerText("main"), /挂面/);
    await plain.goto(`${url}/verify`);
    await plain.fill("#receipt", readFileSync(file, "utf8"));
    await plain.click("main form button");
    assert.match(await plain.innerText("main"), /已验证|验证通过|未被改动/);
    await plain.context().close();
  });

  await tally.check("what the citizen may not see stays closed", async () => {
    for (const path of ["/desk/tasks", "/desk/situation", `/desk/matters/${facts.matter}`, "/firm", "/lab/samples", "/desk/accounts"]) {
      await page.goto(url + path);
      assert.equal(new URL(page.url()).pathname, "/login", path);
    }
    const reply = await page.goto(`${url}/nothing-here`);
    assert.equal(reply.status(), 404);
    await sound(page, "zh");
  });
  await page.context().close();
}

// The whole journal, as its keeper checks it.
export function journal({ tally, province }) {
  return tally.check("the whole journal verifies: every entry, the tree, every checkpoint", () => {
    const out = execFileSync(BINARY, ["journal", "verify", "--data", join(province.dir, "data")], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    console.log(`      ${out.trim().split("\n").at(-1).slice(0, 200)}`);
  });
}
