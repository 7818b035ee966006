// Step 3: the officer whose sample failed sees the whole scope and launches the disposal with one press.

import assert from "node:assert/strict";
import { six } from "../logins.mjs";
import { Clerk, csv, forms } from "../clerk.mjs";
import { DESK, PHONE, shot, sound } from "../browser.mjs";
import { FORM } from "./laboratory.mjs";

const number = (text) => Number(text.replace(/[^\d.]/g, ""));

// The figures of a row of stats by label.
export async function stats(page) {
  return Object.fromEntries(
    await page.locator(".stats li").evaluateAll((all) => all.map((li) => [li.querySelector("span").textContent.trim(), li.querySelector("b").textContent.trim()])),
  );
}

export async function officer({ tally, url, browser, facts, logins }) {
  const desk = await Clerk.signIn(url, "desk");
  await tally.check("the nonconformity is on record in the county where the sample was taken", async () => {
    const rows = csv(await desk.page("/desk/nonconformities?format=csv"));
    const found = rows.find((r) => r.form_no === FORM);
    assert.ok(found, JSON.stringify(rows));
    facts.nonconformity = found.id;
    facts.county = six(found.region);
    facts.officer = logins.get(facts.county);
    assert.ok(facts.officer, `no officer login for ${found.region}`);
    console.log(`      sampled in ${found.region} (${facts.officer}): ${found.failure}`);
  });
  if (!facts.nonconformity) return;

  const page = await browser.as(facts.officer);
  await tally.check("the officer's work list or list of failures leads to it", async () => {
    await page.goto(`${url}/desk/nonconformities`);
    await sound(page, "zh");
    await page.click(`a[href="/desk/nonconformities/${facts.nonconformity}"]`);
    assert.match(await page.innerText("h1"), /挂面/);
  });

  await tally.check("one step shows the scope: figures, map, graph, table with quantities", async () => {
    const started = Date.now();
    await page.goto(`${url}/desk/nonconformities/${facts.nonconformity}`);
    console.log(`      scope page took ${Date.now() - started} ms`);
    await sound(page, "zh");
    facts.scope = await stats(page);
    console.log(`      ${JSON.stringify(facts.scope)}`);
    assert.ok(number(facts.scope["涉及场所"]) >= 3, "several places");
    assert.ok(number(facts.scope["涉及县区"]) >= 1);
    assert.match(facts.scope["该批总量"], /\d+(\.\d+)?\s*\S+/, "a quantity with its unit");
    // the map follows when it comes into view; the table stands first
    await page.locator(".island").first().scrollIntoViewIfNeeded();
    await page.waitForSelector(".island svg path.county");
    assert.ok((await page.locator("svg path.county").count()) >= 86, "the map has every county");
    assert.ok((await page.locator(".island figcaption .key li").count()) >= 2, "the legend of its shades");
    const tinted = await page.locator("svg a path.county").count();
    assert.ok(tinted >= 1, "counties concerned are tinted");
    const graph = page.locator(".graph img");
    await graph.scrollIntoViewIfNeeded();
    await page.waitForFunction(() => document.querySelector(".graph img").naturalWidth > 100);
    const shown = await page.locator("table").last().locator("tbody tr").count();
    assert.ok(shown >= number(facts.scope["涉及场所"]), `${shown} rows`);
    await shot(page, "scope");
  });

  await tally.check("the scope exports as a spreadsheet with the same places", async () => {
    const clerk = await Clerk.signIn(url, facts.officer);
    const rows = csv(await clerk.page(`/desk/nonconformities/${facts.nonconformity}?format=csv`));
    const places = new Set(rows.map((r) => r.place_key).filter(Boolean));
    assert.equal(places.size, number(facts.scope["涉及场所"]));
    facts.item = rows.find((r) => r.suspect_lot === "true").item_key;
  });

  await tally.check("one press launches: harm chosen, tasks made, recall opened, notice drafted", async () => {
    await page.goto(`${url}/desk/nonconformities/${facts.nonconformity}`);
    await page.check('input[name="harm"][value="general"]');
    const started = Date.now();
    await page.click('form[action$="/launch"] button');
    console.log(`      launch took ${Date.now() - started} ms`);
    await sound(page, "zh");
    const at = new URL(page.url()).pathname;
    assert.match(at, /^\/desk\/matters\/[^/]+$/);
    facts.matter = at.split("/").pop();
    await shot(page, "matter");
    const text = await page.innerText("main");
    assert.match(text, /核查处置中/);
    assert.match(text, /关于不合格食品挂面的风险提示/);
    assert.match(text, /草稿/);
  });
  if (!facts.matter) return;

  await tally.check("every county of the scope has its tasks", async () => {
    facts.tasks = csv(await desk.page(`/desk/tasks?whose=all&state=any&matter=${facts.matter}&format=csv`));
    assert.ok(facts.tasks.length > 0);
    const kinds = new Set(facts.tasks.map((t) => t.kind));
    assert.ok(kinds.size >= 2, [...kinds].join());
    const items = csv(await desk.page(`/desk/items?region=62&matter=${facts.matter}&format=csv`));
    facts.items = items;
    const wanted = new Set(items.map((i) => six(i.region)));
    const have = new Set(facts.tasks.map((t) => six(t.region)));
    assert.deepEqual([...wanted].filter((r) => !have.has(r)), []);
    assert.ok(facts.tasks.every((t) => t.due), "every task has its clock");
    console.log(`      ${facts.tasks.length} tasks (${[...kinds].join(", ")}), ${items.length} items in ${have.size} counties`);
  });

  await tally.check("the firm's recall duty is open, with its statutory clock", async () => {
    const matters = csv(await desk.page("/desk/matters?format=csv"));
    facts.recall = matters.find((m) => /召回/.test(m.procedure) && m.title.includes(/10\/([^/?]+)/.exec(facts.item)[1])).matter;
    const seat = await browser.as("firm");
    await seat.goto(`${url}/firm/duties/${facts.recall}`);
    await sound(seat, "zh");
    await shot(seat, "recall");
    assert.match(await seat.innerText("main"), /召回级别\s*2/);
    assert.ok((await seat.locator(".badge.clock").count()) >= 1, "a clock runs");
    assert.match(await seat.innerText("main"), /食品召回管理办法/);
    await seat.context().close();
  });

  await tally.check("no link on the officer's own matter leads to a refusal", async () => {
    const clerk = await Clerk.signIn(url, facts.officer);
    const links = new Set([...(await clerk.page(`/desk/matters/${facts.matter}`)).matchAll(/<main[\s\S]*<\/main>/g)][0][0].match(/href="\/desk\/[^"?#]+/g).map((h) => h.slice(6)));
    const refused = [];
    for (const path of links) {
      const { status } = await clerk.get(path);
      if (status !== 200) refused.push(`${path}: ${status}`);
    }
    assert.equal(refused.join(", "), "");
  });

  await tally.check("the officer who drafted the notice may not publish it", async () => {
    await page.goto(`${url}/desk/matters/${facts.matter}`);
    assert.equal(await page.locator('form[action$="/publish"]').count(), 0);
    const [form] = forms(await desk.page(`/desk/matters/${facts.matter}`)).filter((f) => f.action.endsWith("/publish"));
    assert.ok(form, "the provincial desk may");
    facts.document = form.action;
    const clerk = await Clerk.signIn(url, facts.officer);
    const own = forms(await clerk.page(`/desk/matters/${facts.matter}`)).find((f) => f.hidden.csrf);
    const reply = await clerk.post({ action: form.action, hidden: { csrf: own.hidden.csrf, version: form.hidden.version } }, {});
    assert.equal(reply.status, 403, reply.text.slice(0, 300));
  });

  await tally.check("launching twice is refused, not done twice", async () => {
    const clerk = await Clerk.signIn(url, facts.officer);
    const own = forms(await clerk.page(`/desk/matters/${facts.matter}`)).find((f) => f.hidden.csrf);
    const reply = await clerk.post({ action: `/desk/matters/${facts.matter}/launch`, hidden: own.hidden }, { version: "1", harm: "general" });
    assert.ok([403, 409, 422].includes(reply.status), `${reply.status}`);
  });

  await tally.check("without script the map is a page of its own, with its table", async () => {
    const plain = await browser.again(facts.officer, { js: false });
    await plain.goto(`${url}/desk/nonconformities/${facts.nonconformity}`);
    await plain.click(".island a");
    assert.ok((await plain.locator("svg path.county").count()) >= 86);
    assert.ok((await plain.locator("table tbody tr").count()) >= 1);
    await plain.context().close();
  });

  await tally.check("the officer puts the draft into better words; every version stays", async () => {
    const path = facts.document.replace(/\/publish$/, "");
    await page.goto(url + path);
    await sound(page, "zh");
    await page.click("details:has(form.long) > summary");
    const before = await page.inputValue("#body_zh");
    assert.match(before, /\| 食品名称 \| /, "the text of the draft, its table as lines");
    await page.fill("#body_zh", " ");
    await page.click("form.long button");
    assert.equal(await page.getAttribute("#body_zh", "aria-invalid"), "true", "an empty text is named at its field");
    await page.fill("#body_zh", `${before}\n\n<b>退货</b>请带小票。`);
    await page.fill("#note", "补充退货办法");
    await page.click("form.long button");
    await sound(page, "zh");
    await shot(page, "document");
    assert.match(await page.innerText("article.doc"), /<b>退货<\/b>请带小票/, "what was typed is text");
    assert.equal(await page.locator("details.card").count(), 2, "both versions");
    const clerk = await Clerk.signIn(url, facts.officer);
    const own = forms(await clerk.page(path)).find((f) => f.action.endsWith("/revise"));
    const late = await clerk.post(own, { version: "1", title_zh: "旧", title_en: "old", body_zh: "旧", body_en: "old" });
    assert.equal(late.status, 409, "an old version is not written over the new one");
  });

  for (const [lang, size, name] of [["zh", PHONE, "scope-phone"], ["en", DESK, "scope-en"]]) {
    await tally.check(`the scope page holds at ${size.width} px in ${lang}`, async () => {
      const other = await browser.again(facts.officer, { lang, size });
      await other.goto(`${url}/desk/nonconformities/${facts.nonconformity}`);
      await sound(other, lang);
      await shot(other, name);
      await other.context().close();
    });
  }
  await page.context().close();
}
