// A double-random inspection: the draw verified by a stranger, a day without signal on a phone, handed in, published, found.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PHONE, shot, sound } from "../browser.mjs";
import { Clerk, forms, textOf } from "../clerk.mjs";
import { photograph } from "../picture.mjs";
import { BINARY } from "../province.mjs";

const CODE = "246810";

// Takes a step of a matter as a clerk would, with the form the page offers.
async function step(clerk, matter, action, fields = {}) {
  const form = forms(await clerk.page(`/desk/matters/${matter}`)).find((f) => f.action.endsWith(`/${action}`));
  assert.ok(form, `the page offers ${action}`);
  const reply = await clerk.post(form, fields);
  assert.equal(reply.status, 303, textOf(reply.text).slice(0, 300));
}

async function unlock(page) {
  await page.fill("input[type=password]", CODE);
  await page.click("button:has-text('解锁')");
  await page.waitForSelector("text=领取检查");
}

export async function inspection({ tally, url, browser, facts }) {
  const desk = await browser.as("chengguan");
  await tally.check("a plan of the year runs, a list is frozen from it, and may be given up only with a reason", async () => {
    await desk.goto(`${url}/desk/inspections`);
    await sound(desk, "zh");
    await desk.click("a[href^='/desk/inspections/plans/']");
    await sound(desk, "zh");
    await desk.fill("[name=count]", "2");
    await desk.fill("[name=source]", "测试公开随机数");
    await desk.click("text=固定名录并存证");
    assert.match(await desk.innerText("main"), /名录已固定/);
    await desk.click("summary:has-text('撤销')");
    await desk.fill("[name=reason]", "演示撤销");
    await desk.click("button:has-text('撤销')");
    assert.match(await desk.innerText("main"), /已撤销/);
    await sound(desk, "zh");
  });

  await tally.check("a draw is public, and a stranger's machine works it out again", async () => {
    const citizen = await browser.page({ size: PHONE });
    await citizen.goto(`${url}/draws/inspections`);
    await sound(citizen, "zh");
    await citizen.click("tr:has-text('双色球') a[href^='/draws/']");
    assert.match(await citizen.innerText("main"), /全部一致/);
    await sound(citizen, "zh");
    const record = await citizen.request.get(`${citizen.url()}/record.json`);
    const file = join(mkdtempSync(join(tmpdir(), "draw-")), "record.json");
    writeFileSync(file, await record.body());
    assert.equal(JSON.parse(execFileSync(BINARY, ["sampling", "verify", file]).toString()).holds, true);
    const forged = await record.json();
    forged.drawn.picks.reverse();
    forged.drawn.picks[0].samplers.reverse();
    writeFileSync(file, JSON.stringify(forged));
    assert.throws(() => execFileSync(BINARY, ["sampling", "verify", file], { stdio: "pipe" }), "another outcome is found out");
    await citizen.context().close();
  });

  const page = await browser.as("chengguan", { size: PHONE });
  const context = page.context();
  await tally.check("the officer enrols a phone and takes along what is assigned", async () => {
    await page.goto(`${url}/desk/inspections/mine`);
    await sound(page, "zh");
    await page.locator("ul.tasks a[href^='/desk/matters/']").first().click();
    facts.inspection = new URL(page.url()).pathname.split("/").pop();
    await page.goto(`${url}/field/app`);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await page.fill("input[type=password]", CODE);
    await sound(page, "zh");
    await page.click("button:has-text('登记本机')");
    await page.click("button:has-text('领取检查')");
    await page.waitForSelector("ul.tasks li");
    await sound(page, "zh");
    // nothing readable lies on the phone
    const kept = await page.evaluate(() => new Promise((done) => {
      const open = indexedDB.open("shian-field");
      open.onsuccess = () => {
        const all = open.result.transaction("box").objectStore("box").getAll();
        all.onsuccess = () => { open.result.close(); done(all.result.map((b) => new TextDecoder("latin1").decode(b.data)).join("")); };
      };
    }));
    assert.ok(kept.length > 100 && !/items|checklist|title/.test(kept), "the store is sealed");
  });
  if (!facts.inspection) return;

  await tally.check("a whole inspection without signal: checklist, photo, reply, signatures, and a reload in the middle", async () => {
    await context.setOffline(true);
    await page.reload();
    await unlock(page);
    // the inspection chosen before, by its place in the list
    const title = await page.locator("ul.tasks li button").first().innerText();
    await page.locator("ul.tasks li button").first().click();
    await page.click("button:has-text('到达')");
    await page.waitForSelector("text=到达 ");
    await page.locator("fieldset").first().locator("input[type=file]").setInputFiles({ name: "shelf.png", mimeType: "image/png", buffer: photograph() });
    await page.waitForSelector("text=照片 1 张");
    const points = page.locator("section.checklist fieldset");
    const n = await points.count();
    for (let i = 0; i < n; i++) await points.nth(i).locator("input[value=pass]").check();
    // a finding asks what was found, and a changed one cites the one before
    await points.nth(1).locator("input[value=minor]").check();
    assert.match(await points.nth(1).innerText(), /请写明发现的问题/);
    await points.nth(1).locator("textarea").fill("价签不清");
    await points.nth(1).locator("textarea").blur();
    await page.waitForTimeout(300);
    await sound(page, "zh");
    await shot(page, "field-390");
    await page.reload();
    await unlock(page);
    await page.locator("ul.tasks li button").first().click();
    await page.waitForSelector("section.checklist");
    assert.equal(await page.locator("section.checklist input:checked").count(), n, "everything entered is there after a reload");
    assert.equal(await points.nth(1).locator("input[value=minor]").isChecked(), true);
    await page.locator("section.card:has-text('被检查单位意见') textarea").fill("同意，马上整改");
    await page.click("button:has-text('记录意见')");
    await page.waitForSelector("p:has-text('同意，马上整改')");
    for (const who of ["检查人员签名", "被检查单位签名"]) {
      const card = page.locator(`section.card:has(h2:text-is("${who}"))`);
      await card.locator("input").first().fill(who === "检查人员签名" ? "演示甲" : "演示负责人");
      const box = await card.locator("canvas").boundingBox();
      await card.locator("canvas").scrollIntoViewIfNeeded();
      const at = (await card.locator("canvas").boundingBox()) ?? box;
      await page.mouse.move(at.x + 20, at.y + 20);
      await page.mouse.down();
      await page.mouse.move(at.x + 120, at.y + 60);
      await page.mouse.up();
      await card.locator("button:has-text('签名')").click();
      await page.waitForSelector(`section.card:has(h2:text-is("${who}")) p:has-text("演示")`);
    }
    await page.click("button:has-text('完成检查')");
    await page.waitForSelector("text=已完成。联网后点");
    assert.ok(title.length > 3);
  });

  await tally.check("signal again: it is handed in, recorded once, and wiped from the phone", async () => {
    await context.setOffline(false);
    await page.click("button:has-text('返回')");
    await page.waitForSelector("ul.tasks li");
    const before = await page.locator("ul.tasks li").count();
    await page.click("button:has-text('同步')");
    await page.waitForSelector("text=检查已记录");
    assert.equal(await page.locator("ul.tasks li").count(), before - 1, "what was recorded is gone from the phone");
    assert.match(await page.innerText("#unsent"), /待同步 0 项/);
    const clerk = await Clerk.signIn(url, "chengguan");
    const html = await clerk.page("/desk/matters?procedure=inspection&running=1");
    const ids = [...html.matchAll(/\/desk\/matters\/([0-9A-Z]{10,})"/g)].map((m) => m[1]);
    for (const id of [...new Set(ids)]) {
      const log = textOf(await clerk.page(`/desk/inspections/log/${id}`));
      if (/价签不清/.test(log)) facts.inspection = id;
    }
    const log = textOf(await clerk.page(`/desk/inspections/log/${facts.inspection}`));
    assert.match(log, /更正第 \d+/, "the correction cites the entry before");
    assert.match(textOf(await clerk.page(`/desk/matters/${facts.inspection}`)), /已记录，待送达/);
    const sheet = await desk.goto(`${url}/desk/inspections/sheet/${facts.inspection}/record`);
    assert.equal(sheet.status(), 200);
    assert.match(await desk.innerText("main"), /同意，马上整改/);
    await sound(desk, "zh");
    await desk.goto(`${url}/desk/inspections/log/${facts.inspection}`);
    await sound(desk, "zh");
    const photo = desk.locator("a[href*='/photos/']").first();
    const picture = await desk.request.get(url + (await photo.getAttribute("href")));
    assert.match(picture.headers()["content-type"], /^image\//);
  });

  await tally.check("a changed entry is refused, and a number that never came stands on the supervisor's page", async () => {
    const [device, refused] = await page.evaluate(async () => {
      const me = await (await fetch("/desk/field/me")).json();
      const id = me.devices[0].id;
      const send = (body, token = me.csrf) => fetch(`/desk/field/log/${id}`, { method: "POST", headers: { "content-type": "application/json", "x-csrf-token": token }, body: JSON.stringify(body) });
      const text = JSON.stringify({ v: 1, device: id, seq: 1, prev: "0".repeat(64), matter: id, kind: "note", at: Date.now(), place: "refused", body: { text: "forged" } });
      const answer = await (await send({ head: 0, entries: [{ text, signature: btoa("x".repeat(64)) }] })).json();
      const forged = await send({ head: 0, entries: [] }, "0000");
      await send({ head: me.devices[0].head + 2, entries: [] });
      return [me.devices[0].name, [answer.answers[0].wrong, forged.status]];
    });
    assert.deepEqual(refused, ["signature", 403]);
    const supervisor = await browser.as("desk");
    await supervisor.goto(`${url}/desk/inspections/missing`);
    const text = await supervisor.innerText("main");
    assert.match(text, new RegExp(device));
    assert.match(text, /\d+–\d+/, "the missing numbers");
    await sound(supervisor, "zh");
  });

  await tally.check("the result is told, published by another person, and a citizen finds it", async () => {
    const [officer, first, second] = [await Clerk.signIn(url, "chengguan"), await Clerk.signIn(url, "desk"), await Clerk.signIn(url, "desk2")];
    await step(officer, facts.inspection, "serve", { handling: "on_spot" });
    await step(first, facts.inspection, "publish");
    const form = forms(await second.page(`/desk/matters/${facts.inspection}`)).find((f) => /\/desk\/documents\/.*\/publish$/.test(f.action) && f.names.has("version"));
    for (const f of forms(await second.page(`/desk/matters/${facts.inspection}`)).filter((x) => /\/publish$/.test(x.action) && x.action.includes("/documents/"))) {
      const reply = await second.post(f, {});
      assert.ok([303, 422, 403].includes(reply.status), String(reply.status));
    }
    assert.ok(form);
    const citizen = await browser.page({ size: PHONE });
    await citizen.goto(`${url}/notices`);
    await citizen.locator("a[href^='/notices/']:has-text('监督检查结果公示')").first().click();
    assert.match(await citizen.innerText("main"), /基本符合/);
    await sound(citizen, "zh");
    await citizen.context().close();
  });
  await page.context().close();
}
