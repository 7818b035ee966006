// A report that becomes a case, a transfer to the police, a fine, a ban, a line in the credit file and a reward.

import assert from "node:assert/strict";
import { PHONE, sound } from "../browser.mjs";
import { Clerk, forms, textOf } from "../clerk.mjs";
import { take } from "./licence.mjs";

const today = () => new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 10);
const OFFICERS = { "officers.1.name": "甲", "officers.1.certificate": "1", "officers.2.name": "乙", "officers.2.certificate": "2" };

// The matter of a procedure that follows from another, by the links of its page.
async function child(clerk, matter, words) {
  const html = await clerk.page(`/desk/matters/${matter}`);
  const found = [...html.matchAll(/<a href="\/desk\/matters\/([^"/]+)">([^<]*)<\/a>/g)].find(([, id, text]) => id !== matter && words.test(text));
  assert.ok(found, `${matter} leads to ${words}`);
  return found[1];
}

// Publishes the drafts of a matter that a person may publish, or those of one title.
export async function publish(clerk, matter, title = "") {
  const html = await clerk.page(`/desk/matters/${matter}`);
  const named = (f) => {
    const before = html.slice(0, html.indexOf(f.action));
    return before.lastIndexOf(title) > before.lastIndexOf("/publish");
  };
  const all = forms(html).filter((f) => /^\/desk\/documents\/[^/]+\/publish$/.test(f.action) && (!title || named(f)));
  for (const form of all) assert.equal((await clerk.post(form, {})).status, 303, form.action);
  return all.length;
}

export async function enforcement({ tally, url, browser, facts }) {
  const [officer, desk, second] = [await Clerk.signIn(url, "chengguan"), await Clerk.signIn(url, "desk"), await Clerk.signIn(url, "desk2")];
  await tally.check("a citizen reports without an account and is given a number and a code", async () => {
    const page = await browser.page({ size: PHONE });
    await page.goto(`${url}/petitions/report`);
    await sound(page, "zh");
    await page.fill("[name=respondent]", "虚构黑作坊");
    await page.selectOption("[name=county]", "620102");
    await page.fill("[name=what]", "无证加工，使用工业明胶");
    await page.check("[name=named][value=false]");
    await page.click("main form button:has-text('提交')");
    facts.report = (await page.innerText("#number")).trim();
    facts.reportCode = (await page.innerText("#code")).trim();
    await sound(page, "zh");
    await page.context().close();
  });
  if (!facts.report) return;

  await tally.check("the report becomes a case; its party is found by a part of the name", async () => {
    await take(desk, facts.report, "open_case", { outcome: "涉嫌无证生产" });
    facts.case = await child(desk, facts.report, /案件|处罚|虚构黑作坊/);
    await take(officer, facts.report, "tell_opened");
    await take(desk, facts.case, "file", { reason: "涉嫌违法", ...OFFICERS });
    // the island offers what the text may mean; the form takes what was chosen
    const offers = (await officer.get(`/lookup/operator?q=${encodeURIComponent("城关")}`)).text;
    const [, id, name] = /data-value="([^"]+)" data-text="([^"]+)"/.exec(offers) ?? [];
    assert.ok(id, `城关 is offered: ${offers.slice(0, 200)}`);
    facts.party = id;
    await take(officer, facts.case, "name_party", { operator: name, "operator.pick": id, "operator.for": name });
    // without a choice the officer is asked which one is meant, and nothing is written
    const form = forms(await officer.page(`/desk/matters/${facts.case}`)).find((f) => f.action.endsWith("/name_party"));
    const asked = await officer.post(form, { operator: "城关" });
    assert.equal(asked.status, 422);
    assert.match(asked.text, /operator\.pick/);
    const page = await browser.as("chengguan");
    await page.goto(`${url}/desk/matters/${facts.case}`);
    const box = page.locator("[data-lookup=operator] input").first();
    await page.locator("details:has([data-lookup=operator]) summary").first().click();
    await box.pressSequentially("城关");
    await page.waitForSelector("ul.offers li");
    await box.press("ArrowDown");
    await box.press("Enter");
    assert.equal(await page.locator("input[name='operator.pick']").count(), 1);
    await sound(page, "zh");
    await page.context().close();
  });
  if (!facts.party) return;

  await tally.check("signs of a crime go to the police first; what they decline comes back", async () => {
    await take(officer, facts.case, "assess", { article: "a122_1", goods_value: "5000", illegal_gain: "0", serious: "harm", crime_signs: "true", small_producer: "false" });
    const early = forms(await officer.page(`/desk/matters/${facts.case}`)).find((f) => f.action.endsWith("/report"));
    assert.equal(early, undefined, "no penalty is proposed before the transfer");
    await take(officer, facts.case, "to_police", { reason: "涉嫌生产有毒有害食品" });
    const transfer = await child(desk, facts.case, /移送/);
    await take(desk, transfer, "approve");
    await take(officer, transfer, "deliver", { delivered_on: today(), copied: "true" });
    const police = await Clerk.signIn(url, "police");
    await take(police, transfer, "sign", { police_no: "城公受字1号", manifest_matches: "true", signer: "虚构民警" });
    await take(police, transfer, "decline", { police_reason: "数额未达追诉标准" });
    await take(desk, transfer, "accept_refusal");
    assert.match(textOf(await desk.page(`/desk/matters/${transfer}`)), /退回|不予立案/);
  });

  await tally.check("fine, ban and revocation are decided by another person, published, served and paid", async () => {
    await take(officer, facts.case, "evidence", { "items.1.name": "现场笔录", "items.1.kind": "scene" });
    await take(officer, facts.case, "report", {
      reason_text: "现场检查和检验证实", discretion: "normal", discretion_why: "一般情节", fine: "80000", confiscated: "0", measure: "revoke",
    });
    await take(desk, facts.case, "notice");
    const unserved = forms(await officer.page(`/desk/matters/${facts.case}`)).find((f) => f.action.endsWith("/no_hearing"));
    assert.equal(unserved, undefined, "nobody is past the hearing before the notice is served");
    assert.ok((await publish(second, facts.case)) > 0, "the notice is served");
    const early = textOf(await officer.page(`/desk/matters/${facts.case}`));
    assert.match(early, /期满后方可办理此步/, "nobody is past the five days of the party either");
    await take(officer, facts.case, "record_hearing", { answer: "要求听证" });
    const far = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
    await take(officer, facts.case, "call_hearing", { hearing_on: far, place: "虚构听证室", chair: "虚构丙" });
    assert.ok((await publish(second, facts.case)) > 0, "the call is served");
    const waits = textOf(await officer.page(`/desk/matters/${facts.case}`));
    assert.match(waits, /该日之前不能办理“听证结束”/, "nobody is heard before the day the party was told");
    await take(desk, facts.case, "end_hearing", { ground: "withdrawn", reason: "当事人书面撤回听证要求" });
    await take(desk, facts.case, "decide", { decided_on: today(), outcome: "罚款八万元，吊销许可", review: "陈述申辩已复核，不予采纳", collective: "true", legal_review: "true" });
    await take(desk, facts.case, "bans", { reason: "吊销许可" });
    await take(officer, facts.case, "serve", { served_on: today(), method: "direct" });
    await take(officer, facts.case, "pay", { paid: "80000" });
    assert.ok((await publish(second, facts.case)) > 0, "a second person publishes");
    await take(desk, facts.case, "close");
    const party = textOf(await desk.page(`/desk/operators/${facts.party}`));
    assert.match(party, /从业禁止/);
    assert.match(party, /行政处罚/);
    assert.match(party, /信用等级 [BCD]/);
  });

  await tally.check("the reporter is rewarded by the scheme, and follows it with number and code alone", async () => {
    await take(officer, facts.report, "reward");
    const reward = await child(officer, facts.report, /奖励/);
    await take(officer, reward, "assess", {
      in_scope: "true", concrete: "true", unknown_before: "true", verified: "true", excluded: "none", scheme: "national", level: "2", fine: "80000", case_no: facts.case,
    });
    await take(desk, reward, "approve");
    await take(officer, reward, "tell");
    const paid = textOf(await take(officer, reward, "pay", { paid_on: today(), how: "code" }));
    assert.match(paid, /3000/, "three per cent of 80,000 yuan is below the floor of its level");
    const page = await browser.page({ size: PHONE });
    await page.goto(`${url}/follow`);
    await page.fill("[name=number]", facts.report);
    await page.fill("[name=code]", facts.reportCode);
    await page.click("main form button");
    await sound(page, "zh");
    assert.match(await page.innerText("main"), /虚构黑作坊|已|结/);
    await page.context().close();
  });
}
