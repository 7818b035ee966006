// Step 5: the leader watches the loop; every figure is the sum of its records and opens them.

import assert from "node:assert/strict";
import { Clerk, csv } from "../clerk.mjs";
import { DESK, PHONE, shot, sound } from "../browser.mjs";
import { stats } from "./officer.mjs";

const sum = (rows, column) => rows.reduce((total, r) => total + Math.round(Number(r[column] || 0) * 1e6), 0) / 1e6;
// "12.5 kg + 3 L" → {kg: 12.5, L: 3}
const quantities = (text) => Object.fromEntries([...text.matchAll(/([\d.]+)\s*([^\d\s+]+)/g)].map(([, n, unit]) => [unit, Number(n)]));

export async function leader({ tally, url, browser, facts }) {
  const page = await browser.as("leader");
  const clerk = await Clerk.signIn(url, "leader");
  await tally.check("a leader lands on the situation page", async () => {
    assert.equal(new URL(page.url()).pathname, "/desk/situation");
    await sound(page, "zh");
    await shot(page, "situation");
  });

  const figures = await stats(page);
  console.log(`      ${JSON.stringify(figures)}`);
  await tally.check("the figures count running cases; ended ones are a choice away", async () => {
    assert.equal((await page.locator(".tabs a[aria-current]").innerText()).trim(), "在办");
    const all = await clerk.page("/desk/situation?cases=all");
    assert.ok(Number(/<b>(\d+)<\/b><span>涉及场所/.exec(all)[1]) >= Number(figures["涉及场所"]));
  });

  // Every figure and the list it opens, on the whole and in a region of the table.
  const opens = async (label, shown, href) => {
    const html = await clerk.page(href);
    const rows = csv(await clerk.page(`${href}${href.includes("?") ? "&" : "?"}format=csv`));
    const column = { 已召回: "recovered", 已封存: "sealed", 已售出: "sold" }[label];
    if (column) {
      for (const [unit, n] of Object.entries(quantities(shown))) assert.equal(sum(rows.filter((r) => r.unit === unit), column), n, `${label} ${unit}`);
      assert.ok(rows.every((r) => Number(r[column]) > 0), `${label}: only places that have some`);
    } else {
      assert.equal(rows.length, Number(shown), `${label} ${href}`);
    }
    assert.ok(rows.length === 0 || /<tbody>|class="tasks"/.test(html), `${label} opens a list`);
  };
  await tally.check("every figure opens exactly its records", async () => {
    const links = await page.locator(".stats a").evaluateAll((all) => all.map((a) => [a.querySelector("span").textContent.trim(), a.querySelector("b").textContent.trim(), a.getAttribute("href")]));
    assert.equal(links.length, await page.locator(".stats li").count(), "each figure is a link");
    for (const link of links) await opens(...link);
    assert.equal(Number(figures["已核查"]) + Number(figures["待核查"]), Number(figures["涉及场所"]), "reached and waiting are all places");
    const cells = await page.locator("main table").first().locator("tbody tr").first().locator("td.num a").evaluateAll((all) => all.map((a) => [a.closest("td").dataset.label, a.textContent.trim(), a.getAttribute("href")]));
    for (const [label, shown, href] of cells) await opens(label, shown, href);
  });
  await tally.check("a place is counted once a case", async () => {
    const rows = csv(await clerk.page("/desk/places?region=62&cases=all&format=csv"));
    assert.equal(new Set(rows.map((r) => `${r.case} ${r.place_key}`)).size, rows.length);
  });

  await tally.check("the regions add up to the whole, and each opens its own", async () => {
    const rows = csv(await clerk.page("/desk/situation?format=csv"));
    assert.equal(sum(rows, "places"), Number(figures["涉及场所"]));
    assert.equal(sum(rows, "reached"), Number(figures["已核查"]));
    const region = rows.find((r) => Number(r.places) > 0);
    await page.goto(`${url}/desk/situation?region=${region.region}`);
    await sound(page, "zh");
    assert.equal((await stats(page))["涉及场所"], region.places);
    await shot(page, "situation-prefecture");
  });

  await tally.check("every count of supervision is as long as the list it opens", async () => {
    await page.goto(`${url}/desk/supervised`);
    await sound(page, "zh");
    const cells = await page.locator("main td.num a").evaluateAll((all) => all.map((a) => [a.textContent.trim(), a.getAttribute("href")]));
    assert.ok(cells.length > 0, "the demo was supervised");
    for (const [n, href] of cells) assert.equal(csv(await clerk.page(`${href}&format=csv`)).length, Number(n), href);
    await page.goto(`${url}/desk/situation`);
  });

  await tally.check("a county on the map opens that county", async () => {
    await page.goto(`${url}/desk/situation`);
    await page.locator(".island").scrollIntoViewIfNeeded();
    await page.waitForSelector(".island svg path.county");
    assert.ok((await page.locator(".island figcaption .key li").count()) >= 2, "the legend of its shades");
    const href = await page.locator("svg a").first().getAttribute("href");
    const reply = await page.goto(url + href);
    assert.equal(reply.status(), 200);
    await sound(page, "zh");
  });

  await tally.check("a leader looks but does not act", async () => {
    await page.goto(`${url}/desk/matters/${facts.matter}`);
    await sound(page, "zh");
    assert.equal(await page.locator('form[action*="/desk/matters/"], form[action$="/publish"]').count(), 0);
  });

  for (const [lang, size, name] of [["zh", PHONE, "situation-phone"], ["en", DESK, "situation-en"], ["en", PHONE, "situation-phone-en"]]) {
    await tally.check(`the situation page holds at ${size.width} px in ${lang}`, async () => {
      const other = await browser.again("leader", { lang, size });
      await other.goto(`${url}/desk/situation`);
      await sound(other, lang);
      await shot(other, name);
      await other.context().close();
    });
  }
  await page.context().close();
}
