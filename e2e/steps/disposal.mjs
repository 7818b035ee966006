// The disposal to its end: the producer's place told, correction ordered and checked, the recall evaluated, cause found, a second person closes.

import assert from "node:assert/strict";
import { six } from "../logins.mjs";
import { Clerk, csv, forms, textOf } from "../clerk.mjs";
import { PHONE, shot, sound } from "../browser.mjs";
import { publish } from "./enforcement.mjs";
import { take } from "./licence.mjs";

const day = (n) => new Date(Date.now() + 8 * 3600_000 + n * 86_400_000).toISOString().slice(0, 10);
const today = () => day(0);

export async function disposal({ tally, url, browser, facts, logins }) {
  if (!facts.matter) return;
  const [officer, desk, second] = [await Clerk.signIn(url, facts.officer), await Clerk.signIn(url, "desk"), await Clerk.signIn(url, "desk2")];
  const path = `/desk/matters/${facts.matter}`;
  const offered = async (clerk, name) => forms(await clerk.page(path)).some((f) => f.action.endsWith(`/${facts.matter}/${name}`));

  await tally.check("the authority of the producer's place is told upstream, and its answer is on record", async () => {
    assert.equal(await offered(officer, "origin_reply"), false, "nobody answers a letter that was not written");
    await take(officer, facts.matter, "notify_origin", { origin_authority: "虚构省虚构县市场监督管理局", note: "请核查原料来源和生产记录" });
    assert.match(textOf(await officer.page(path)), /不合格食品情况通报函/);
    await take(officer, facts.matter, "origin_reply", { origin_answer: "已核查：原料小麦产地土壤铅超标，已责令停用该批原料" });
    assert.match(textOf(await officer.page(path)), /产地土壤铅超标/);
  });

  await tally.check("the places that hold the goods were told downstream: a task each, all reported", async () => {
    const items = csv(await desk.page(`/desk/items?region=62&matter=${facts.matter}&format=csv`));
    assert.ok(items.length > 0);
    assert.equal(csv(await desk.page(`/desk/tasks?whose=all&matter=${facts.matter}&format=csv`)).length, 0, "no task is open");
  });

  await tally.check("correction is ordered, found wanting, ordered to go on, and found done", async () => {
    await take(officer, facts.matter, "order_correction", { correction: "更换原料供货者，逐批检验铅", correct_by: day(15) });
    assert.ok((await publish(second, facts.matter)) > 0, "the order is served by another person");
    assert.equal(await offered(officer, "conclude"), false, "nothing is concluded while a correction waits");
    const page = await browser.as(facts.officer, { size: PHONE });
    await page.goto(url + path);
    await sound(page, "zh");
    await shot(page, "disposal-waits-390");
    assert.match(await page.innerText("main"), /还有任务或整改复查未完成/, "the officer reads what is missing");
    await page.context().close();
    await take(officer, facts.matter, "recheck", { recheck: "failed", checked_on: today(), note: "检验记录不全" });
    assert.equal(await offered(officer, "conclude"), false, "what was found wanting is checked again");
    await take(officer, facts.matter, "recheck", { recheck: "passed", checked_on: today(), note: "已逐批检验，记录齐全" });
    assert.equal(await offered(officer, "recheck"), false, "a correction found done is not checked again");
  });

  await tally.check("cause and measures are found by the officer; who found them does not close", async () => {
    await take(officer, facts.matter, "conclude", { cause: "原料小麦受产地土壤污染", responsible: "production", measures: "召回、销毁、更换供货者", case_opened: "false" });
    assert.match(textOf(await officer.page(path)), /核查完毕待审/);
    assert.equal(await offered(officer, "close"), false, "four eyes");
    assert.equal(await offered(desk, "close"), false, "the recall is not finished");
    assert.match(textOf(await desk.page(path)), /召回尚未办结或任务未完成/);
  });

  await tally.check("the recall is planned, announced, summed up, checked for its effect and closed", async () => {
    const line = csv(await desk.page("/desk/matters?format=csv")).find((m) => m.matter === facts.recall);
    const own = await Clerk.signIn(url, logins.get(six(line.region)) ?? facts.officer);
    await take(own, facts.recall, "record_plan", {
      stopped: "true", areas: "甘肃省内", quantity: "100", unit: "kg", quantity_why: "按库存估算，尚未汇总", procedure: "通知下游下架、登记、退回", goods: "destroy", ends_on: day(6), contact: "虚构联系人", contact_phone: "0931-0000000",
    });
    await take(own, facts.recall, "assess");
    assert.ok((await publish(second, facts.recall)) > 0, "the recall is announced");
    await take(own, facts.recall, "record_outcome", { firm_recovered: "0", firm_disposed: "0", missing: "0", gap_why: "由各县就地召回、销毁", note: "由各县就地召回、销毁" });
    assert.equal(forms(await desk.page(`/desk/matters/${facts.recall}`)).some((f) => f.action.endsWith(`/${facts.recall}/close`)), false, "not before its effect was checked");
    await take(own, facts.recall, "effect_check", { checked_on: today(), checked_places: "3", told: "3", still_on_sale: "0" });
    await take(desk, facts.recall, "close", { evaluation: "召回有效", open_ends: "各县就地处置，余量已说明" });
  });

  await tally.check("a second person closes; the failure is settled and the outcome public", async () => {
    await take(desk, facts.matter, "close", { note: "同意办结" });
    const row = csv(await desk.page("/desk/nonconformities?format=csv")).find((r) => r.id === facts.nonconformity);
    assert.equal(row.state, "已办结");
    assert.ok((await publish(second, facts.matter)) > 0, "the outcome is published");
    const citizen = await browser.page();
    await citizen.goto(`${url}/notices`);
    await sound(citizen, "zh");
    assert.match(await citizen.innerText("main"), /核查处置情况公示/);
    await citizen.context().close();
    const page = await browser.as("desk");
    await page.goto(url + path);
    await sound(page, "zh");
    await shot(page, "disposal-closed");
    assert.match(await page.innerText("main"), /已办结/);
    await page.context().close();
  });
}
