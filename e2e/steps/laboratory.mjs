// Step 2: the laboratory enters what it found; it is judged at once; a second person approves.

import assert from "node:assert/strict";
import { Clerk, forms, textOf } from "../clerk.mjs";
import { shot, sound } from "../browser.mjs";

export const FORM = "GC62000000000009999";
// The day GB 2762-2025 took effect: food made before is judged by the edition before.
const GB2762_2025 = "2026-09-02";
const HEADER = "抽样单编号,检验项目,检验结果,结果单位,检出限,检验方法\n";

const sheet = (name, rows) => ({ name, mimeType: "text/csv", buffer: Buffer.from(HEADER + rows.join("\n") + "\n") });

async function upload(page, url, file) {
  await page.goto(`${url}/lab/import`);
  await page.setInputFiles("input[type=file]", file);
  await page.click("main form button");
}

export async function laboratory({ tally, url, browser, facts }) {
  const lab = await tally.check("lab signs in and lands on its samples", async () => {
    const page = await browser.as("lab");
    assert.equal(new URL(page.url()).pathname, "/lab/samples");
    return page;
  });
  if (!lab) return;

  facts.sample = await tally.check("the waiting dried-noodle sample is found by its blind number; whose it is stays hidden", async () => {
    const desk = await Clerk.signIn(url, "desk");
    const id = /\/desk\/samples\/([0-9A-Z*~$=]{14})"/.exec(await desk.page(`/desk/samples?q=${FORM}`))[1];
    await lab.fill("#q", FORM);
    await lab.click("form.filters button");
    assert.match(await lab.innerText("main"), /没有符合条件的样品/, "the form number tells the bench nothing");
    await lab.fill("#q", id);
    await lab.click("form.filters button");
    await sound(lab, "zh");
    await lab.click(`tbody a:has-text("${id}")`);
    await sound(lab, "zh");
    const text = await lab.innerText("main");
    assert.match(text, /挂面/);
    assert.match(text, /盲样/);
    assert.match(text, /尚无检验结果/);
    assert.ok(!text.includes(FORM), "a blind sample has no form number");
    return new URL(lab.url()).pathname.split("/").pop();
  });
  if (!facts.sample) return;
  const path = `${url}/lab/samples/${facts.sample}`;

  await tally.check("a results file with one bad row: the row is named, nothing is imported", async () => {
    await upload(lab, url, sheet("bad.csv", [`${FORM},镉,0.021,mg/kg,0.001,GB 5009.15`, `${FORM},总砷,不少,mg/kg,0.001,GB 5009.11`]));
    await sound(lab, "zh");
    await shot(lab, "lab-import-refused");
    const text = await lab.innerText("main");
    assert.match(text, /不少/);
    assert.match(text, /未导入|没有导入|未予导入|整份/);
    assert.match(await lab.locator("tbody tr").first().innerText(), /3/);
    await lab.goto(path);
    assert.match(await lab.innerText("main"), /尚无检验结果/);
  });

  await tally.check("a good results file is imported and judged", async () => {
    await upload(lab, url, sheet("good.csv", [`${FORM},镉,0.021,mg/kg,0.001,GB 5009.15`]));
    assert.match(await lab.innerText("main"), /已导入\s*1/);
    await lab.goto(path);
    assert.match(await lab.innerText("main"), /镉/);
  });

  await tally.check("a form with a value that is no number is refused and keeps what was typed", async () => {
    await lab.goto(path);
    await lab.fill('#enter [name="analyte.0"]', "铅");
    await lab.fill('#enter [name="reported.0"]', "很多");
    await lab.fill('#enter [name="unit.0"]', "mg/kg");
    await lab.click("#enter button");
    await sound(lab, "zh");
    assert.equal(await lab.inputValue('#enter [name="reported.0"]'), "很多");
    assert.equal(await lab.inputValue('#enter [name="analyte.0"]'), "铅");
    assert.match(await lab.innerText("[role=alert] >> nth=0"), /很多/);
  });

  await tally.check("lead 0.36 mg/kg fails at once, with limit, standard, edition, clause, row and reasons", async () => {
    await lab.fill('#enter [name="analyte.0"]', "铅");
    await lab.fill('#enter [name="reported.0"]', "0.36");
    await lab.fill('#enter [name="unit.0"]', "mg/kg");
    await lab.click("#enter button");
    await sound(lab, "zh");
    await shot(lab, "lab-verdict");
    const card = await lab.locator(".card", { hasText: "0.36" }).filter({ hasText: "判定过程" }).first().innerText();
    const made = /生产日期\s*(\d{4}-\d\d-\d\d)/.exec(await lab.innerText("main"))[1];
    const edition = made >= GB2762_2025 ? "2025" : "2022";
    for (const part of [/不合格/, /0\.2/, new RegExp(`GB 2762-${edition}`), /4\.\d|表\s*\d/, new RegExp(`\\(gb2762-${edition}[^)]*\\)`, "i"), /判定过程/]) assert.match(card, part);
    assert.ok((await lab.locator(".card ol li").count()) >= 2, "reasons are listed");
  });

  await tally.check("the verdict reads in English too", async () => {
    const page = await browser.again("lab", { lang: "en" });
    await page.goto(path);
    await sound(page, "en");
    await shot(page, "lab-verdict-en");
    assert.match(await page.innerText("main"), /Does not conform/);
    await page.context().close();
  });

  await tally.check("who entered a result cannot approve the report (four eyes)", async () => {
    await lab.goto(path);
    assert.equal(await lab.locator('form[action$="/approve"]').count(), 0);
    assert.match(await lab.innerText("main"), /另一人/);
    const clerk = await Clerk.signIn(url, "lab");
    const [form] = forms(await clerk.page(`/lab/samples/${facts.sample}`)).filter((f) => f.action.endsWith("/results"));
    const reply = await clerk.post({ ...form, action: form.action.replace(/results$/, "approve") }, { report_no: "X" });
    assert.equal(reply.status, 403);
    assert.match(textOf(reply.text), /四眼|另一人|他人/);
  });

  const second = await browser.as("lab2");
  await tally.check("lab2 approves the report", async () => {
    await second.goto(path);
    await second.fill("#report_no", "R-E2E-0001");
    await second.click('form[action$="/approve"] button');
    await sound(second, "zh");
    assert.match(await second.innerText("main"), /报送报告/);
  });
  await tally.check("the approved report is a page to print, and so are the labels", async () => {
    await second.goto(`${path}/papers/report`);
    await sound(second, "zh");
    assert.match(await second.innerText("main"), /R-E2E-0001[\s\S]*不合格/);
    await second.goto(`${path}/papers/label`);
    await sound(second, "zh");
    assert.doesNotMatch(await second.innerText("main"), /虚构|商店/, "a label names no firm");
    await second.goto(path);
  });
  await tally.check("lab2 submits it; the failing report opens a disposal", async () => {
    const started = Date.now();
    await second.click('form[action$="/submit"] button');
    await sound(second, "zh");
    console.log(`      submit took ${Date.now() - started} ms`);
    assert.match(await second.innerText("main"), /已转核查处置/);
    assert.equal(await second.locator("#enter").count(), 0, "results no longer change");
  });
  await tally.check("the report is a PDF too, linked on the sample's page, and the same bytes each time it is asked for", async () => {
    await second.goto(path);
    const href = await second.locator('a[href$="/papers/report.pdf"]').getAttribute("href");
    const [first, again] = [await second.request.get(`${url}${href}`), await second.request.get(`${url}${href}`)];
    assert.equal(first.status(), 200, "a machine with a Chinese font gives the PDF");
    assert.equal(first.headers()["content-type"], "application/pdf");
    const bytes = await first.body();
    assert.equal(bytes.subarray(0, 5).toString(), "%PDF-");
    assert.ok(bytes.equals(await again.body()), "a paper that is final is issued once");
  });
  await second.context().close();
  await lab.context().close();
}
