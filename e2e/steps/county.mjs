// Step 4: the officers of the counties do their tasks, place by place, until the recall's mass balance closes.

import assert from "node:assert/strict";
import { six } from "../logins.mjs";
import { Clerk, csv, forms, textOf } from "../clerk.mjs";
import { PHONE, shot, sound } from "../browser.mjs";
import { photograph } from "../picture.mjs";

// What an officer reports at a place that should account for `expected`: half of it still there.
function quantities(expected) {
  const micro = Math.round(Number(expected || 0) * 1e6);
  const found = Math.floor(micro / 2);
  const sealed = Math.floor(found / 4);
  const text = (m) => String(m / 1e6);
  return { found: text(found), sealed: text(sealed), recovered: text(found - sealed), sold: text(micro - found) };
}

const expectedOf = (card) => (/(?:记录数量（收货减转出）|less passed on\))\s*([\d.]+)/.exec(card) ?? [, "0"])[1];

// Reports an item through the form its task page offers; gives back the reply.
async function report(clerk, form, card, extra = {}) {
  const source = form.names.has("materials.1.material");
  const fields = source
    ? { outcome: "confirmed", note: "来源属实，凭证齐全", "materials.1.material": "小麦", "materials.1.supplier": "示例农户" }
    : { outcome: "open", note: "", ...quantities(expectedOf(textOf(card))) };
  return clerk.post(form, { ...fields, ...extra });
}

export async function county({ tally, url, browser, facts, logins }) {
  if (!facts.matter) throw new Error("nothing was launched");
  const measured = facts.tasks.filter((t) => !/溯源/.test(t.kind));
  const task = measured.find((t) => six(t.region) !== facts.county && Number(t.places) >= 2) ?? measured.find((t) => six(t.region) !== facts.county) ?? measured[0];
  const login = logins.get(six(task.region));
  console.log(`      on the phone: ${login}, ${task.kind}, ${task.places} places`);

  const phone = await browser.as(login, { size: PHONE });
  await tally.check("a county officer's list opens on a phone, ordered by clock", async () => {
    assert.equal(new URL(phone.url()).pathname, "/desk/inbox", "officers land where their duties are");
    await phone.goto(`${url}/desk/tasks`);
    await sound(phone, "zh");
    await shot(phone, "today-phone");
    const due = await phone.locator("ul.tasks time").evaluateAll((all) => all.map((t) => t.dateTime));
    assert.deepEqual(due, due.toSorted());
    assert.ok(due.length >= 1);
    await phone.click(`a[href="/desk/tasks/${task.task}"]`);
    await sound(phone, "zh");
    await shot(phone, "task-phone");
  });

  const item = phone.locator("section.card", { has: phone.locator('form[action^="/desk/items/"]') }).first();
  await tally.check("text in a quantity gives the field's error and keeps everything typed", async () => {
    assert.equal(await item.locator('[name="found"]').isVisible(), false, "quantities wait for the answer");
    await item.locator('input[name="outcome"][value="closed"]').check();
    assert.equal(await item.locator('[name="found"]').isVisible(), false, "none at a closed shop");
    await item.locator('input[name="outcome"][value="open"]').check();
    await item.locator('[name="found"]').fill("十来箱");
    await item.locator('[name="note"]').fill("库房在后院");
    await item.locator("form button").last().click();
    await sound(phone, "zh");
    await shot(phone, "task-phone-error");
    assert.equal(await phone.locator('[name="found"]').first().inputValue(), "十来箱");
    assert.equal(await phone.locator('[name="note"]').first().inputValue(), "库房在后院");
    assert.equal(await phone.locator('[name="found"]').first().getAttribute("aria-invalid"), "true");
    assert.ok((await phone.locator(".field.error .why").count()) >= 1, "the error stands at its field");
  });

  await tally.check("more sealed than found is refused with the reason", async () => {
    await phone.locator('[name="found"]').first().fill("1");
    await phone.locator('[name="sealed"]').first().fill("2");
    await phone.locator('form[action^="/desk/items/"]').first().locator("button").last().click();
    assert.match(await phone.innerText("main"), /不得超过现场发现数量/);
  });

  let reported;
  await tally.check("one place reported with quantities and a photo", async () => {
    await phone.goto(`${url}/desk/tasks/${task.task}`);
    const card = phone.locator("section.card", { has: phone.locator('form[action^="/desk/items/"]') }).first();
    const q = quantities(expectedOf(await card.innerText()));
    reported = await card.locator("form").getAttribute("action");
    await card.locator('input[name="outcome"][value="open"]').check();
    for (const [name, value] of Object.entries(q)) await card.locator(`[name="${name}"]`).fill(value);
    await card.locator('[name="photos"]').setInputFiles({ name: "shelf.png", mimeType: "image/png", buffer: photograph() });
    await card.locator("form button").last().click();
    await sound(phone, "zh");
    await shot(phone, "task-phone-reported");
    const shown = phone.locator(`[id="i${reported.split("/").pop()}"]`);
    assert.match(await shown.innerText(), /已上报/);
    const picture = shown.locator("dl.facts img");
    assert.equal(await picture.count(), 1, "the photo is shown");
    await picture.scrollIntoViewIfNeeded();
    await phone.waitForFunction(() => document.querySelector("dl.facts img").naturalWidth > 0);
  });

  await tally.check("two officers finishing the same place: the second is told, nothing is overwritten", async () => {
    const [a, b] = [await Clerk.signIn(url, login), await Clerk.signIn(url, login)];
    const find = async (clerk) => forms(await clerk.page(`/desk/tasks/${task.task}`)).find((f) => f.action === reported);
    const [first, second] = [await find(a), await find(b)];
    const good = await a.post(first, { outcome: "open", ...quantities("2"), note: "先到" });
    assert.equal(good.status, 303, textOf(good.text).slice(0, 300));
    const late = await b.post(second, { outcome: "closed", note: "后到" });
    assert.equal(late.status, 409);
    assert.match(textOf(late.text), /他人|刚被|已被/);
    const now = await b.page(`/desk/tasks/${task.task}`);
    assert.match(now, /先到/);
    assert.doesNotMatch(now, /后到/);
    // and back to the figures that balance
    const card = /<section class="card" id="i[^"]*"[\s\S]*?<\/section>/g;
    const own = [...now.matchAll(card)].map((m) => m[0]).find((c) => c.includes(reported));
    const done = await report(b, forms(own).find((f) => f.action === reported), own);
    assert.equal(done.status, 303, textOf(done.text).slice(0, 300));
  });

  await tally.check("an officer of another county gets a clear refusal, on the page and on the form", async () => {
    const involved = new Set(facts.tasks.map((t) => six(t.region)));
    const [, stranger] = [...logins].find(([region]) => !involved.has(region) && region.length === 6);
    const page = await browser.as(stranger);
    const reply = await page.goto(`${url}/desk/tasks/${task.task}`);
    assert.equal(reply.status(), 403);
    await sound(page, "zh");
    await shot(page, "refused");
    assert.match(await page.innerText("h1"), /没有权限/);
    assert.ok((await page.innerText("[role=alert]")).length > 10, "says why");
    await page.context().close();
    const clerk = await Clerk.signIn(url, stranger);
    const own = forms(await clerk.page("/desk/tasks")).find((f) => f.hidden.csrf);
    const posted = await clerk.post({ action: reported, hidden: { csrf: own.hidden.csrf } }, { task: task.task, version: "1", outcome: "closed" });
    assert.equal(posted.status, 403);
  });

  await tally.check("a form without its token is refused", async () => {
    const clerk = await Clerk.signIn(url, login);
    const reply = await clerk.post({ action: reported, hidden: {} }, { task: task.task, version: "1", outcome: "closed" });
    assert.equal(reply.status, 403);
  });

  await tally.check("without script a place is reported all the same", async () => {
    const open = csv(await (await Clerk.signIn(url, "desk")).page(`/desk/tasks?whose=all&matter=${facts.matter}&format=csv`)).find((t) => !/溯源/.test(t.kind));
    if (!open) return;
    const page = await browser.as(logins.get(six(open.region)), { size: PHONE, js: false });
    await page.goto(`${url}/desk/tasks/${open.task}`);
    const card = page.locator("section.card", { has: page.locator('form[action^="/desk/items/"]') }).filter({ hasText: "待上报" }).first();
    const id = (await card.locator("form").getAttribute("action")).split("/").pop();
    const q = quantities(expectedOf(await card.innerText()));
    await card.locator('input[name="outcome"][value="open"]').check();
    for (const [name, value] of Object.entries(q)) await card.locator(`[name="${name}"]`).fill(value);
    await card.locator("form button").last().click();
    assert.match(await page.locator(`[id="i${id}"]`).innerText(), /已上报/);
    await page.context().close();
  });

  await tally.check("leader's page shows a part reached, a part waiting", async () => {
    const page = await browser.as("leader");
    await page.goto(`${url}/desk/situation`);
    await sound(page, "zh");
    await shot(page, "situation-midway");
    await page.context().close();
  });

  await tally.check("the second report on a place begins with the first", async () => {
    const kinds = (kind) => facts.tasks.filter((t) => t.kind === kind);
    const [seal, check] = kinds("封存").flatMap((s) => kinds("召回核查").filter((c) => c.region === s.region).map((c) => [s, c])).at(-1);
    const login = logins.get(six(seal.region));
    const clerk = await Clerk.signIn(url, login);
    const cards = async (t) => [...(await clerk.page(`/desk/tasks/${t.task}`)).matchAll(/<section class="card" id="i[^"]*"[\s\S]*?<\/section>/g)].map((m) => m[0]);
    const name = (card) => /<h2>([^<]*)/.exec(card)[1].trim();
    const waiting = (await cards(check)).filter((c) => !/已上报/.test(c)).map(name);
    const card = (await cards(seal)).find((c) => waiting.includes(name(c)));
    if (!/已上报/.test(card)) {
      const done = await report(clerk, forms(card).find((f) => f.action.startsWith("/desk/items/")), card);
      assert.equal(done.status, 303, textOf(done.text).slice(0, 300));
    }
    const page = await browser.as(login, { size: PHONE });
    await page.goto(`${url}/desk/tasks/${check.task}`);
    await sound(page, "zh");
    await shot(page, "task-phone-same");
    const second = page.locator("section.card", { hasText: name(card) }).first();
    assert.match(await second.innerText(), /与封存时相同/);
    assert.ok(await second.locator('input[name="outcome"][value="open"]').isChecked());
    const found = await second.locator('[name="found"]').inputValue();
    assert.notEqual(found, "");
    await second.locator("form button").last().click();
    assert.match(await page.locator("section.card", { hasText: name(card) }).first().innerText(), /已上报/);
    await page.context().close();
  });

  let posts = 0;
  await tally.check("the officers of all counties finish their tasks", async () => {
    const regions = [...new Set(facts.tasks.map((t) => six(t.region)))];
    for (const region of regions) {
      const clerk = await Clerk.signIn(url, logins.get(region) ?? assert.fail(`no login for ${region}`));
      for (const t of facts.tasks.filter((x) => six(x.region) === region)) {
        const html = await clerk.page(`/desk/tasks/${t.task}`);
        for (const [card] of html.matchAll(/<section class="card" id="i[^"]*"[\s\S]*?<\/section>/g)) {
          if (/已上报/.test(card)) continue;
          const form = forms(card).find((f) => f.action.startsWith("/desk/items/"));
          assert.ok(form, `no form in ${t.kind} for ${clerk.url}`);
          const reply = await report(clerk, form, card);
          assert.equal(reply.status, 303, `${t.kind}: ${reply.status} ${textOf(reply.text).slice(0, 400)}`);
          posts += 1;
        }
      }
    }
    console.log(`      ${posts} places reported in ${regions.length} counties`);
    const desk = await Clerk.signIn(url, "desk");
    const left = csv(await desk.page(`/desk/tasks?whose=all&matter=${facts.matter}&format=csv`));
    assert.equal(left.length, 0, "no task is open");
  });

  await tally.check("the mass balance closes", async () => {
    const page = await browser.as(facts.officer);
    await page.goto(`${url}/desk/matters/${facts.matter}`);
    await sound(page, "zh");
    await shot(page, "balance");
    const text = await page.innerText("main");
    console.log(`      ${/应追回[^\n]*/.exec(text)?.[0]} ${(await page.locator("ul.key").first().innerText()).replace(/\n/g, " ")}`);
    assert.match(text, /平衡闭合/);
    await page.context().close();
  });
  await phone.context().close();
}
