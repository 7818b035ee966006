// A shop gets its licence: applied for on the firm's pages, checked, granted by another level, and verified by a citizen and a platform.

import assert from "node:assert/strict";
import { PHONE, sound } from "../browser.mjs";
import { Clerk, forms, textOf } from "../clerk.mjs";
import { photograph } from "../picture.mjs";

// Takes a step of a matter as a clerk would, with the form the page offers; gives the page it leads to.
export async function take(clerk, matter, action, fields = {}) {
  const form = forms(await clerk.page(`/desk/matters/${matter}`)).find((f) => f.action.endsWith(`/${matter}/${action}`));
  assert.ok(form, `the page offers ${action}`);
  const reply = await clerk.post(form, fields);
  assert.equal(reply.status, 303, `${action}: ${textOf(reply.text).slice(0, 400)}`);
  return clerk.page(`/desk/matters/${matter}`);
}

// The county of a matter, by its number on a page of a person who sees them all.
async function officerOf(desk, matter, logins) {
  const page = textOf(await desk.page(`/desk/matters/${matter}`));
  for (const [code, login] of logins) {
    const clerk = await Clerk.signIn(desk.url, login).catch(() => null);
    if (clerk && (await clerk.get(`/desk/matters/${matter}`)).status === 200) return { clerk, code };
  }
  throw new Error(`no county sees ${matter}: ${page.slice(0, 200)}`);
}

export async function licence({ tally, url, browser, facts, logins }) {
  const page = await browser.as("shop", { size: PHONE });
  await tally.check("a shopkeeper applies on a phone, and is told what is missing before anything is sent", async () => {
    await page.goto(`${url}/firm/matters/new?procedure=licence_operation`);
    await sound(page, "zh");
    await page.check("[name=request][value=new]");
    await page.fill("[name=site_name]", "虚构便民超市");
    await page.fill("[name=address]", "虚构路1号");
    await page.check("[name=class_code][value='1']");
    await page.fill("[name=items]", "散装和预包装食品销售");
    await page.check("[name=track][value=ordinary]");
    await page.setInputFiles("[name=papers]", { name: "papers.png", mimeType: "image/png", buffer: photograph() });
    await page.click("main form button:has-text('提交')");
    assert.match(new URL(page.url()).pathname, /^\/firm\/duties\//);
    await sound(page, "zh");
    facts.licensing = new URL(page.url()).pathname.split("/").pop();
  });
  if (!facts.licensing) return;

  const desk = await Clerk.signIn(url, "desk");
  await tally.check("the county accepts it, two officers look at the shop, another level grants, and the certificate bears a number", async () => {
    const county = [...logins].find(([code]) => code.startsWith("620102"));
    const first = await Clerk.signIn(url, county[1]);
    const seen = (await first.get(`/desk/matters/${facts.licensing}`)).status === 200;
    const clerk = seen ? first : (await officerOf(desk, facts.licensing, logins)).clerk;
    await take(clerk, facts.licensing, "accept");
    await take(clerk, facts.licensing, "send_check", { "examiners.1.name": "甲", "examiners.2.name": "乙" });
    await take(clerk, facts.licensing, "check", { check_on: new Date().toISOString().slice(0, 10), check_result: "pass" });
    await take(desk, facts.licensing, "grant");
    const issued = textOf(await take(clerk, facts.licensing, "issue"));
    facts.licenceNumber = /JY\d{14}/.exec(issued)?.[0];
    assert.ok(facts.licenceNumber, issued.slice(0, 400));
    // the number leads to the holder from every search of the house
    for (const list of ["/desk/operators", "/desk/matters?running=all", "/desk/inbox?whose=all"]) {
      const found = await desk.get(`${list}${list.includes("?") ? "&" : "?"}q=${facts.licenceNumber}`);
      const said = `${list}, ${facts.licenceNumber}: ${found.status} ${textOf(found.text).slice(-600)}`;
      assert.equal(found.status, 200, said);
      if (!list.includes("inbox")) assert.match(found.text, list.includes("operators") ? /\/desk\/operators\/[0-9]/ : new RegExp(facts.licensing), said);
    }
  });
  if (!facts.licenceNumber) return;

  await tally.check("a citizen finds the licence by its number, and a platform verifies it over the API", async () => {
    const citizen = await browser.page({ size: PHONE });
    await citizen.goto(`${url}/licences?q=${facts.licenceNumber}`);
    await sound(citizen, "zh");
    assert.match(await citizen.innerText("main"), new RegExp(facts.licenceNumber));
    await citizen.goto(`${url}/licences/${facts.licenceNumber}`);
    await sound(citizen, "zh");
    assert.match(await citizen.innerText("main"), /有效/);
    await citizen.context().close();
    const asked = async (number) => (await fetch(`${url}/api/v1/licences/verify?number=${number}`)).json();
    assert.equal((await asked(facts.licenceNumber)).matches, true);
    const wrong = facts.licenceNumber.slice(0, -1) + ((Number(facts.licenceNumber.at(-1)) + 1) % 10);
    assert.equal((await asked(wrong)).matches, false, "one digit off is no licence");
  });
}
