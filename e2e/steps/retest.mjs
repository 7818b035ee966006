// A retest of the failure: served, asked for by the shop on its own pages, drawn by the record, upheld; meanwhile not published.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Clerk, forms, textOf } from "../clerk.mjs";
import { publish } from "./enforcement.mjs";
import { PHONE, sound } from "../browser.mjs";
import { BINARY } from "../province.mjs";

const today = () => new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 10);

// Takes a step of the matter a page shows.
async function step(clerk, path, name, fields) {
  const form = forms(await clerk.page(path)).find((f) => f.action.endsWith(`/${name}`));
  assert.ok(form, `no step ${name} on ${path}`);
  const reply = await clerk.post(form, fields);
  assert.equal(reply.status, 303, `${name}: ${reply.status} ${textOf(reply.text).slice(0, 400)}`);
  return reply.location;
}

export async function retest({ tally, url, browser, facts }) {
  if (!facts.nonconformity) return;
  const path = `/desk/nonconformities/${facts.nonconformity}`;
  const officer = await Clerk.signIn(url, facts.officer);
  const desk = await Clerk.signIn(url, "desk");
  const shop = await Clerk.signIn(url, "shop");

  await tally.check("the conclusion is served; the shop sees its days on its own pages, on a phone", async () => {
    await step(officer, path, "draft_notice", {});
    const disposal = /\/desk\/matters\/([0-9A-Z*~$=]{14})"/.exec(await desk.page(path))[1];
    assert.ok((await publish(desk, disposal, "检验结果通知书")) > 0, "another person issues the notice");
    await step(officer, path, "serve", { served_on: today(), method: "direct" });
    const page = await browser.as("shop", { size: PHONE });
    await page.goto(`${url}/firm/results`);
    await sound(page, "zh");
    await page.click(`a[href="/firm/results/${facts.nonconformity}"]`);
    await sound(page, "zh");
    assert.match(await page.innerText("main"), /截止 \d{4}-\d\d-\d\d/);
  });

  let matter;
  await tally.check("the shop applies for a retest; the producer's request would be its own", async () => {
    const location = await step(shop, `/firm/results/${facts.nonconformity}`, "retest", {});
    matter = location.split("/").pop();
    await step(shop, location, "apply", { items: "铅", reason: "对结果有异议", contact: "店主 13900000000", advance: "true" });
    const shown = await shop.page(`/firm/results/${facts.nonconformity}`);
    assert.ok(!forms(shown).some((f) => f.action.endsWith("/retest")), "a retest is asked for once");
    assert.match(shown, new RegExp(`/firm/duties/${matter}`), "its own page of the application");
    assert.doesNotMatch(await shop.page(`/firm/duties/${matter}`), /desk\/nonconformities/, "no link to a page it may not open");
    const other = forms(await desk.page(path)).find((f) => f.action.endsWith("/open/retest"));
    assert.ok(other, "an officer may enter an application on paper");
    assert.match(textOf(await desk.page(path)), /办理中，暂不公布/);
  });
  if (!matter) return;

  await tally.check("the laboratory is drawn by the record, and a stranger works it out again", async () => {
    await step(desk, `/desk/matters/${matter}`, "accept", {});
    await new Promise((done) => setTimeout(done, 4000)); // the journal signs once a second
    await step(officer, `/desk/matters/${matter}`, "draw", {});
    const draw = /抽取记录编号\s*([0-9A-Z]+)/.exec(textOf(await officer.page(`/desk/matters/${matter}`)))?.[1];
    assert.ok(draw, "the matter names the record of the draw");
    const file = join(mkdtempSync(join(tmpdir(), "retest-")), "record.json");
    const record = await fetch(`${url}/draws/${draw}/record.json`);
    assert.equal(record.status, 200, "the record is public");
    const text = await record.text();
    writeFileSync(file, text);
    const out = JSON.parse(execFileSync(BINARY, ["sampling", "verify", file]).toString());
    assert.equal(out.holds, true, JSON.stringify(out));
    writeFileSync(file, text.replace(/"seed": "./, '"seed": "x'));
    assert.throws(() => execFileSync(BINARY, ["sampling", "verify", file], { stdio: "pipe" }), "a changed seed is found out");
  });

  await tally.check("the retest upholds the first result; the shop reads it", async () => {
    const at = `/desk/matters/${matter}`;
    await step(officer, at, "hand_over", { received_on: today(), seal_whole: "true" });
    await step(officer, at, "record_result", { report_no: "FJ-E2E-1", concluded_on: today(), outcome: "upheld", values: "铅 0.35 mg/kg" });
    await step(desk, at, "uphold", {});
    assert.match(textOf(await shop.page(`/firm/duties/${matter}`)), /维持初检结论/);
    assert.match(textOf(await shop.page(`/firm/results/${facts.nonconformity}`)), /已结束/);
  });
}
