// Step 8: the desk finds the outbreak the watch raised, gives it to somebody, it proves real, and the methods' record says so.

import assert from "node:assert/strict";
import { Clerk, csv } from "../clerk.mjs";
import { PHONE, shot, sound } from "../browser.mjs";

const verified = (rows) => Object.fromEntries(rows.map((r) => [r.method, Number(r.verified)]));

export async function signals({ tally, url, browser }) {
  const page = await browser.as("desk");
  const clerk = await Clerk.signIn(url, "desk");
  let address;
  await tally.check("the injected outbreak is a signal of neighbouring counties, on the list and on the map", async () => {
    await page.goto(`${url}/desk/signals?hazard=salmonella`);
    await sound(page, "zh");
    const row = page.locator("tbody tr", { hasText: "沙门氏菌" }).first();
    assert.match(await row.innerText(), /城关/);
    await page.locator(".island").scrollIntoViewIfNeeded();
    await page.waitForSelector(".island svg path.county");
    await shot(page, "signals");
    await row.locator("a").first().click();
    address = page.url();
    await sound(page, "zh");
  });
  await tally.check("it says why, shows the series with its bounds, and the numbers stand beside the picture", async () => {
    assert.match(await page.innerText("main"), /错误发现率/);
    assert.ok((await page.locator("svg.chart .mark").count()) > 0, "a mark on the alarm");
    assert.ok((await page.locator("svg.chart").count()) >= 3, "three methods");
    const rows = csv(await clerk.page(`${new URL(address).pathname}?format=csv`));
    assert.ok(rows.length > 200 && rows.some((r) => r.above_bound === "true"));
    await shot(page, "signal");
  });
  const before = verified(csv(await clerk.page("/desk/signals/methods?format=csv")));
  await tally.check("it is assigned and found real; the record of its methods changes", async () => {
    await page.locator("form:has(select[name=assignee]) button").click();
    assert.match(await page.innerText("main"), /核实中/);
    await page.locator("form:has(select[name=status]) select").selectOption("verified");
    await page.locator("form:has(select[name=status]) textarea").fill("现场核实：同一供餐单位，26 人发病");
    await page.locator("form:has(select[name=status]) button").click();
    assert.match(await page.innerText("main"), /属实/);
    await sound(page, "zh");
    const after = verified(csv(await clerk.page("/desk/signals/methods?format=csv")));
    assert.ok(Object.keys(after).some((m) => after[m] === (before[m] ?? 0) + 1), JSON.stringify({ before, after }));
    await page.goto(`${url}/desk/signals/methods`);
    await sound(page, "zh");
  });
  await tally.check("an incident is opened from it with what is known", async () => {
    await page.goto(address);
    await page.locator("a[href*='procedure=incident']").click();
    assert.match(await page.inputValue("[name=place]"), /城关/);
    await sound(page, "zh");
  });
  await tally.check("the list and the signal hold on a phone, in English", async () => {
    const phone = await browser.again("desk", { lang: "en", size: PHONE });
    for (const path of ["/desk/signals?status=all", new URL(address).pathname, "/desk/signals/texts?days=730", "/desk/signals/counts"]) {
      await phone.goto(url + path);
      await sound(phone, "en");
    }
    await shot(phone, "signal-phone-en");
    await phone.context().close();
  });
  await page.context().close();
}
