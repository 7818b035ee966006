// The trace workbench: an officer who reads only the page goes from the failed sample to its sources, the shelves it lies on
// and the files for the counties.

import assert from "node:assert/strict";
import { Clerk, csv } from "../clerk.mjs";
import { PHONE, shot, sound } from "../browser.mjs";

const number = (text) => Number(text.replace(/[^\d.]/g, ""));

export async function trace({ tally, url, browser, facts }) {
  if (!facts.item) return;
  const lot = decodeURIComponent(/\/10\/([^/?]+)/.exec(facts.item)[1]);
  const page = await browser.as(facts.officer, { js: false });
  const clerk = await Clerk.signIn(url, facts.officer);
  const summary = async () => (await page.innerText(".summary")).trim();

  await tally.check("the empty workbench says how an incident is worked and offers the latest failure", async () => {
    await page.goto(`${url}/desk/tasks`);
    await page.click('header nav a[href="/trace"]');
    await sound(page, "zh");
    await shot(page, "trace-empty");
    assert.ok((await page.locator("ol.guide li").count()) >= 5);
    assert.ok((await page.locator("nav.tabs a").count()) >= 10, "every question is a link");
    assert.ok(await page.locator("#latest-scope").count(), "the failed sample is at hand");
  });

  await tally.check("the lot number alone finds the lot; the answer is a sentence, counties, graph and table", async () => {
    await page.fill("#lot", lot);
    await page.selectOption("#ask", "scope");
    await page.click("form.ask button");
    await sound(page, "zh");
    await shot(page, "trace-scope");
    const told = await summary();
    console.log(`      ${told}`);
    assert.equal(Number(/ (\d+) 处场所/.exec(told)[1]), number(facts.scope["涉及场所"]), "the same scope as the failure's page");
    assert.ok((await page.locator(".graph img").count()) === 1);
    assert.ok((await page.locator("#rows tbody tr").count()) >= 3);
    facts.traceScope = new URL(page.url()).pathname + new URL(page.url()).search;
  });

  await tally.check("the table sorts, filters and pages by links; a county leads to its rows", async () => {
    await page.locator("#rows thead a", { hasText: "应在库" }).click();
    assert.match(page.url(), /sort=on(_|%5F)hand/);
    await page.locator("section table").first().locator("tbody tr a").first().click();
    assert.match(page.url(), /within=\d{6}/);
    const counties = await page.locator('#rows td[data-label="县区"]').allInnerTexts();
    assert.equal(new Set(counties).size, 1, counties.join());
  });

  await tally.check("origins: the same lots, one click on; the page names where the records begin", async () => {
    await page.goto(url + facts.traceScope);
    await page.click('nav.tabs a[href^="/trace/origins"]');
    await sound(page, "zh");
    await shot(page, "trace-origins");
    console.log(`      ${await summary()}`);
    assert.match(await summary(), /查到 [1-9]\d* 个源头批次/);
    facts.originPlaces = await page.locator("#rows tbody tr", { hasText: "源头" }).locator('td[data-label="场所"]').allInnerTexts();
    assert.ok(facts.originPlaces.length);
  });

  await tally.check("common source: a ticked failure and a shop where people fell ill lead to one suspect with reasons", async () => {
    const rows = csv(await clerk.page(`${facts.traceScope}&format=csv`));
    const shop = rows.find((r) => r.role === "可能仍有" && Number(r.received) > 0);
    await page.goto(`${url}/trace/source`);
    await sound(page, "zh");
    await page.locator('input[name="nc"]').first().check();
    await page.fill("#case", `${lot} | ${shop.place_key} | | | 餐桌二`);
    await page.click("form.ask button");
    await sound(page, "zh");
    await shot(page, "trace-source");
    console.log(`      ${await summary()}`);
    assert.match(await summary(), /可解释 2 个病例中的 2 个/);
    const first = page.locator("#rows tbody tr").first();
    assert.match(await first.innerText(), /其货物可到达 2 个病例中的 2 个/);
    const suspect = await first.locator('td[data-label="嫌疑场所"]').innerText();
    const chain = csv(await clerk.page(`${facts.traceScope.replace("/scope", "/origins")}&format=csv`)).map((r) => r.place);
    assert.ok(chain.includes(suspect), `${suspect} stands in the chain of the lot`);
    const fcl = await clerk.get(new URL(page.url()).pathname + new URL(page.url()).search + "&format=fcl");
    assert.ok(JSON.parse(fcl.text).data.stations.data.length > 2, "the case goes on in FoodChain-Lab");
  });

  await tally.check("the chain between the lot and a shelf, each step with its event, and the event itself", async () => {
    const rows = csv(await clerk.page(`${facts.traceScope}&format=csv`));
    const shop = rows.find((r) => r.role === "可能仍有" && Number(r.received) > 0);
    await page.goto(`${url}/trace/path?lot=${encodeURIComponent(facts.item)}&to=${encodeURIComponent(shop.place_key)}`);
    await sound(page, "zh");
    assert.match(await summary(), /最短链条 [1-9]\d* 步/);
    const [id] = /\/trace\/event\/[0-9A-Z*~$=]+/.exec(await page.content());
    facts.eventPage = id;
  });

  for (const [name, path] of [
    ["gaps", `/trace/gaps?region=${facts.county}`],
    ["mixing", `/trace/mixing?lot=${encodeURIComponent(facts.item)}`],
    ["records", `/trace/records?lot=${encodeURIComponent(facts.item)}`],
    ["changes", `/trace/changes?lot=${encodeURIComponent(facts.item)}&since=0`],
    ["hop", `/trace/hop?lot=${encodeURIComponent(facts.item)}`],
    ["spread", `/trace/spread?lot=${encodeURIComponent(facts.item)}`],
  ]) {
    await tally.check(`question ${name}: a sentence, and the same rows as CSV, XLSX, Parquet and JSON`, async () => {
      await page.goto(url + path);
      await sound(page, "zh");
      console.log(`      ${await summary()}`);
      const rows = csv(await clerk.page(`${path}&format=csv`));
      const json = JSON.parse((await clerk.get(`/api/v1${path}&limit=50000`)).text);
      assert.equal(json.total, rows.length);
      assert.equal(json.rows.length, rows.length);
      assert.ok(json.engine_us >= 0 && json.bounds.max_nodes > 0 && json.truncated === false);
      if (name === "spread") console.log(`      engine ${json.engine_us} µs for ${json.regions.reduce((n, r) => n + r.places, 0)} places`);
      for (const [format, magic] of [["xlsx", "PK"], ["parquet", "PAR1"]]) {
        const reply = await clerk.get(`${path}&format=${format}`);
        assert.equal(reply.status, 200);
        assert.ok(reply.text.startsWith(magic), format);
      }
    });
  }

  await tally.check("what is not known or not clear is asked back, and old links go on working", async () => {
    await page.goto(`${url}/trace/forward?lot=${encodeURIComponent("没有这个")}`);
    assert.match(await page.innerText("main"), /没有找到/);
    await page.goto(`${url}/trace/forward?lot=${encodeURIComponent("挂面")}`);
    assert.match(await page.innerText("main"), /请选择/);
    await page.locator("ul.choices a").first().click();
    assert.match(await summary(), /到过/);
    await page.goto(`${url}/desk/trace?item=${encodeURIComponent(facts.item)}`);
    assert.match(page.url(), /\/trace\/scope\?/);
  });

  await tally.check("the workbench holds on a phone", async () => {
    const phone = await browser.again(facts.officer, { size: PHONE });
    for (const [name, path] of [["trace-scope-phone", facts.traceScope], ["trace-empty-phone", "/trace"]]) {
      await phone.goto(url + path);
      await sound(phone, "zh");
      await shot(phone, name);
    }
    await phone.context().close();
  });
  await page.context().close();
}
