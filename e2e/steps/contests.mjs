// What is refused and what is put right: a result outside the laboratory's scope, no retest of microbes nor of a spoiled backup nor after
// its days, a report its laboratory corrects; and a sample from a school canteen.

import assert from "node:assert/strict";
import { Clerk, csv, forms, textOf } from "../clerk.mjs";
import { six } from "../logins.mjs";
import { PHONE, shot, sound } from "../browser.mjs";
import { publish } from "./enforcement.mjs";
import { take } from "./licence.mjs";

const today = () => new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 10);
const done = (reply, what) => assert.equal(reply.status, 303, `${what}: ${reply.status} ${textOf(reply.text).slice(0, 500)}`);

export async function contests({ tally, url, browser, logins }) {
  const [desk, second, lab, lab2] = [await Clerk.signIn(url, "desk"), await Clerk.signIn(url, "desk2"), await Clerk.signIn(url, "lab"), await Clerk.signIn(url, "lab2")];
  const at = async (clerk, path, end) => forms(await clerk.page(path)).find((f) => f.action.endsWith(end)) ?? assert.fail(`${path} offers no ${end}`);

  // A sample registered for a laboratory at a place the register finds, and checked in.
  const laboratories = Object.fromEntries(
    [...(await at(desk, "/desk/samples/new", "/samples/new")).body.match(/<select[^>]*name="laboratory"[\s\S]*?<\/select>/)[0].matchAll(/value="([^"]+)"[^>]*>([^<]+)/g)].map(([, id, name]) => [name, id]),
  );
  const bench = Object.keys(laboratories).find((name) => /甘肃示例食品检验中心/.test(name));
  async function received(form_no, food, place, fields = {}) {
    const form = await at(desk, "/desk/samples/new", "/samples/new");
    const look = await desk.post(form, { place_name: place, do: "look" });
    const chosen = /name="chosen" value="([^"]+)"/.exec(look.text)?.[1] ?? assert.fail(`no place like ${place}`);
    const made = await desk.post(form, {
      form_no, kind: "supervision", agency: "market", laboratory: laboratories[bench], place_name: place, chosen, food, sampled: today(), stage: "circulation", do: "save", ...fields,
    });
    done(made, "register");
    const id = made.location.split("/").pop();
    const check = await at(lab, `/lab/samples/${id}`, "/check_in");
    const answers = Object.fromEntries([...check.names].filter((n) => n.startsWith("check.")).map((n) => [n, "1"]));
    done(await lab.post(check, { ...answers, temperature: "4" }), "check in");
    return { id, county: six(chosen.split("|")[2]) };
  }
  async function failed(form_no, food, place, result, fields) {
    const sample = await received(form_no, food, place, fields);
    const entered = Object.fromEntries(Object.entries(result).map(([k, v]) => [`${k}.0`, v]));
    done(await lab.post(await at(lab, `/lab/samples/${sample.id}`, "/results"), entered), "results");
    for (const step of ["approve", "submit"]) done(await lab2.post(await at(lab2, `/lab/samples/${sample.id}`, `/${step}`), {}), step);
    const row = csv(await desk.page("/desk/nonconformities?format=csv")).find((r) => r.form_no === form_no);
    assert.ok(row, `${form_no} failed`);
    const officer = await Clerk.signIn(url, logins.get(sample.county));
    return { ...sample, failure: row.id, officer, login: logins.get(sample.county) };
  }
  // The authority enters an application on paper; gives the matter.
  async function onPaper(f, items) {
    const opened = await f.officer.post(await at(f.officer, `/desk/nonconformities/${f.failure}`, "/open/retest"), { party: "sampled" });
    done(opened, "open");
    const matter = opened.location.split("/").pop();
    await take(f.officer, matter, "record_application", { received_on: today(), items, reason: "对结论有异议", contact: "店主 13900000000", advance: "true" });
    return matter;
  }

  const canteen = await tally.check("a canteen of a school is sampled: the officer of its county finds it, the food is judged as it is eaten", async () => {
    const sample = await received("XTST0001", "大米", "食堂", { stage: "catering" });
    done(await lab.post(await at(lab, `/lab/samples/${sample.id}`, "/results"), { "analyte.0": "镉", "reported.0": "0.05mg/kg" }), "a unit written with the value is read");
    for (const step of ["approve", "submit"]) done(await lab2.post(await at(lab2, `/lab/samples/${sample.id}`, `/${step}`), {}), step);
    const page = await browser.as(logins.get(sample.county), { size: PHONE });
    await page.goto(`${url}/desk/samples/${sample.id}`);
    await sound(page, "zh");
    await shot(page, "canteen-sample-390");
    const text = await page.innerText("main");
    assert.match(text, /学校食堂/);
    assert.match(text, /0\.05 mg\/kg/, "value and unit stand apart");
    assert.match(text, /合格/);
    await page.context().close();
    return sample;
  });
  if (!canteen) return;

  await tally.check("failures of microbes have no retest: the officer reads why, and refuses in writing", async () => {
    const f = await failed("XTWS0001", "干酪", "超市", { analyte: "金黄色葡萄球菌", reported: "20000|20000|20000|10|10", unit: "CFU/g", method: "GB 4789.10" });
    const matter = await onPaper(f, "金黄色葡萄球菌");
    const page = await browser.as("desk");
    await page.goto(`${url}/desk/matters/${matter}`);
    await sound(page, "zh");
    await shot(page, "retest-microbes");
    assert.equal(await page.locator(`form[action$="/${matter}/accept"]`).count(), 0, "it is not accepted");
    assert.match(await page.innerText("main"), /微生物项目不合格或逾期申请的，不予受理/);
    await page.context().close();
    const after = await take(desk, matter, "refuse", { ground: "microbial", explanation: "金黄色葡萄球菌不合格" });
    assert.match(textOf(after), /不予受理/);
    assert.ok((await publish(second, matter)) > 0, "the refusal is given in writing");
  });

  const lead = { analyte: "铅", reported: "0.36", unit: "mg/kg", method: "GB 5009.12" };
  const spoiled = await tally.check("a backup whose seal is broken is not tested again; the retest ends and says why", async () => {
    const f = await failed("XTBF0001", "挂面", "超市", lead);
    const matter = await onPaper(f, "铅");
    await take(desk, matter, "accept");
    await new Promise((end) => setTimeout(end, 4000)); // the journal signs once a second
    await take(f.officer, matter, "draw");
    const draw = /抽取记录编号\s*([0-9A-Z*~$=]+)/.exec(textOf(await f.officer.page(`/desk/matters/${matter}`)))[1];
    const citizen = await browser.page({ size: PHONE });
    await citizen.goto(`${url}/draws/retests`);
    await sound(citizen, "zh");
    await citizen.goto(`${url}/draws/${draw}`);
    await sound(citizen, "zh");
    await shot(citizen, "retest-draw-390");
    assert.match(await citizen.innerText("main"), /已重新计算：名录、承诺、检查点、种子和抽取结果全部一致/);
    assert.equal(await citizen.locator("tbody .badge").count(), 1, "one laboratory is drawn");
    await citizen.context().close();
    const form = await at(f.officer, `/desk/matters/${matter}`, `/${matter}/hand_over`);
    const broken = await f.officer.post(form, { received_on: today(), seal_whole: "false" });
    assert.equal(broken.status, 422, textOf(broken.text).slice(0, 300));
    assert.match(textOf(broken.text), /请选择“备份样品不能使用”/);
    const after = await take(desk, matter, "unusable", { ground: "unusable", explanation: "备份样品封条破损、变质" });
    assert.match(textOf(after), /不予受理/);
    assert.match(textOf(await desk.page(`/desk/nonconformities/${f.failure}`)), /已结束/, "the failure stands, nothing holds its publication but its days");
    return f;
  });

  await tally.check("an application after its seven working days is on record as late and is not accepted", async () => {
    const rows = csv(await desk.page("/desk/nonconformities?format=csv&state=open"));
    for (const row of rows.toReversed()) {
      if (!/期限已满/.test(textOf(await desk.page(`/desk/nonconformities/${row.id}`)))) continue;
      const officer = await Clerk.signIn(url, logins.get(six(row.region)));
      const matter = await onPaper({ officer, failure: row.id }, "铅");
      assert.equal(forms(await desk.page(`/desk/matters/${matter}`)).some((f) => f.action.endsWith(`/${matter}/accept`)), false);
      assert.match(textOf(await take(desk, matter, "refuse", { ground: "late" })), /不予受理/);
      return;
    }
    console.log("      no open failure of the demo is older than its days today");
  });
  if (!spoiled) return;

  await tally.check("a result is not recorded as served while its notice is a draft: the page says what comes first", async () => {
    const path = `/desk/nonconformities/${spoiled.failure}`;
    assert.ok(!forms(await spoiled.officer.page(path)).some((f) => f.action.endsWith("/serve")), "nothing to serve yet");
    done(await spoiled.officer.post(await at(spoiled.officer, path, "/draft_notice"), {}), "draft");
    const matter = /\/desk\/matters\/([0-9A-Z*~$=]{14})"/.exec(await desk.page(path))[1];
    const page = await browser.as(spoiled.login, { size: PHONE });
    await page.goto(`${url}/desk/matters/${matter}`);
    await sound(page, "zh");
    await shot(page, "serve-waits-390");
    assert.match(await page.innerText("main"), /检验结果通知书[\s\S]*已起草，尚未送达或公开/);
    await page.context().close();
    assert.ok((await publish(second, matter)) > 0, "another person issues it");
    await take(spoiled.officer, matter, "serve", { served_on: today(), method: "direct" });
    spoiled.matter = matter;
  });

  await tally.check("the laboratory corrects its report: another person issues it, the old one stays marked, the disposal hears of it", async () => {
    const path = `/lab/samples/${spoiled.id}`;
    const page = await browser.as("lab");
    await page.goto(url + path);
    await page.click("text=更正这份报告");
    await page.fill('#corrections [name="reported.0"]', "0.10");
    await page.fill('#corrections [name="reason"]', "读数录入有误，原始记录为 0.10");
    await page.click("text=提交更正，待审核签发");
    await sound(page, "zh");
    await shot(page, "correction-proposed");
    assert.match(await page.innerText("#corrections"), /须由另一人审核签发/);
    assert.equal(await page.locator('form[action$="/issue_correction"]').count(), 0, "four eyes");
    const other = await browser.as("lab2");
    await other.goto(url + path);
    await other.click("button:has-text('签发更正报告')");
    await sound(other, "zh");
    await shot(other, "correction-issued");
    assert.match(await other.innerText("#corrections"), /由更正报告/);
    await other.goto(`${url}${path}/papers/report`);
    await sound(other, "zh");
    assert.match(await other.innerText("main"), /本报告为更正报告，替代报告/);
    await other.goto(`${url}${path}/papers/report-1`);
    await sound(other, "zh");
    await shot(other, "report-replaced");
    assert.match(await other.innerText("main"), /本报告已作废[\s\S]*0\.36/);
    const pdf = await other.request.get(`${url}${path}/papers/original-1.pdf`);
    assert.equal(pdf.status(), 200);
    for (const p of [page, other]) await p.context().close();
    const desk390 = await browser.as(spoiled.login, { size: PHONE });
    await desk390.goto(`${url}/desk/nonconformities/${spoiled.failure}`);
    await sound(desk390, "zh");
    await shot(desk390, "correction-at-desk-390");
    assert.match(await desk390.innerText("main"), /检验报告已更正/);
    await desk390.context().close();
    assert.ok((await publish(second, spoiled.matter)) > 0, "the parties are told");
    const after = await take(desk, spoiled.matter, "end_corrected", { note: "更正后合格" });
    assert.match(textOf(after), /不合格结论已推翻/);
  });

  await tally.check("a result outside the laboratory's scope is refused, and nothing of it is stored", async () => {
    const sample = await received("XTSC0001", "大米", "超市");
    const annex = "检验项目,检验方法,食品大类,资质,证书编号,有效期起,有效期止\n铅,GB 5009.12,,CMA,CMA-1,2020-01-01,2099-12-31\n";
    const form = forms(await desk.page(`/desk/laboratories/${laboratories[bench]}`)).find((f) => f.names.has("file")) ?? assert.fail("the desk loads the annex");
    const loaded = await desk.post({ ...form, action: `/desk/laboratories/${laboratories[bench]}` }, { file: new File([annex], "annex.csv", { type: "text/csv" }) });
    assert.ok([200, 303].includes(loaded.status), textOf(loaded.text).slice(0, 300));
    const page = await browser.as("lab", { size: PHONE });
    await page.goto(`${url}/lab/samples/${sample.id}`);
    for (const [name, value] of [["analyte", "镉"], ["reported", "0.05"], ["unit", "mg/kg"], ["method", "GB 5009.15"]]) await page.fill(`#enter [name="${name}.0"]`, value);
    await page.click("#enter form button");
    await sound(page, "zh");
    await shot(page, "out-of-scope-390");
    assert.match(await page.innerText("[role=alert] >> nth=0"), /能力附表/);
    assert.match(await page.innerText("main"), /尚无检验结果/, "nothing was stored");
    await page.context().close();
  });
}
