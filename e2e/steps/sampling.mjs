// The sampling system: a draw verified as an outsider, a sampler on a phone, the way to the laboratory, a published list a citizen finds.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PHONE, shot, sound } from "../browser.mjs";
import { BINARY } from "../province.mjs";

export async function sampling({ tally, url, browser, facts }) {
  const desk = await browser.as("desk");
  await tally.check("the plan of the year is issued, shared by population, and its figures open their records", async () => {
    await desk.goto(`${url}/desk/sampling`);
    await sound(desk, "zh");
    await desk.click("table a[href^='/desk/sampling/plans/']");
    facts.plan = new URL(desk.url()).pathname;
    assert.match(await desk.innerText("main"), /每千人/);
    await sound(desk, "zh");
    await desk.goto(`${url}/desk/sampling/progress`);
    await sound(desk, "zh");
    const taken = desk.locator("table a[href*='reached=taken']").first();
    const n = Number(await taken.innerText());
    await taken.click();
    assert.ok(n > 0 && (await desk.locator("tbody tr").count()) > 0, `${n} taken`);
  });

  // one of the two samplers of a place that waits, on a phone
  let page;
  await tally.check("a sampler finds the place the draw sends to, and no other", async () => {
    for (const login of ["chengguan", "chengguan2"]) {
      page = await browser.as(login, { size: PHONE });
      await page.goto(`${url}/desk/sampling/mine`);
      await sound(page, "zh");
      if ((await page.locator("ul.tasks a[href^='/desk/sampling/targets/']").count()) > 0) break;
    }
    await page.locator("ul.tasks a[href^='/desk/sampling/targets/']").first().click();
    facts.target = new URL(page.url()).pathname;
    await sound(page, "zh");
  });
  if (!facts.target) return;

  await tally.check("the product is picked at random once, and the form names what is missing", async () => {
    await page.fill("textarea[name=products]", "挂面\n大米\n小麦粉");
    await page.click("text=登记并随机选定");
    assert.match(await page.innerText("main"), /随机选定的产品/);
    await page.evaluate(() => document.querySelectorAll("[required]").forEach((e) => e.removeAttribute("required")));
    await page.click("text=完成抽样并封样");
    assert.match(await page.innerText("[role=alert]"), /封条编号/);
    await shot(page, "sampling-form-390");
    for (const [name, value] of [["quantity", "2"], ["backup", "1"], ["unit", "kg"], ["paid", "18.6"], ["seal_no", "F-77"]]) await page.fill(`[name=${name}]`, value);
    await page.uncheck("[name=prepackaged]");
    await page.check("[name=notice_shown]");
    await page.check("[name=signed]");
    await page.click("text=完成抽样并封样");
    await page.waitForURL(/\/desk\/samples\//);
    facts.taken = new URL(page.url()).pathname;
    assert.match(await page.innerText("main"), /SC\d{17}/, "a number of the official pattern");
    await sound(page, "zh");
  });

  await tally.check("the sample is sent, checked in by the laboratory, and its clocks run", async () => {
    await page.click("text=登记寄送或交接");
    await page.fill("[name=party]", "顺达冷链");
    await page.click("button:has-text('登记')");
    assert.match(await page.innerText("main"), /已寄送/);
    const lab = await browser.as("lab");
    await lab.goto(url + facts.taken.replace("/desk/", "/lab/"));
    for (const box of await lab.locator("input[type=radio][value='1']").all()) await box.check();
    await lab.click("text=完成验收");
    const text = await lab.innerText("main");
    assert.match(text, /已收样/);
    assert.match(text, /出具检验报告/, "the clock of the report runs");
  });

  await tally.check("a draw is public and a stranger's machine works it out again", async () => {
    const citizen = await browser.page();
    await citizen.goto(`${url}/draws`);
    await sound(citizen, "zh");
    await citizen.click("table a[href^='/draws/']");
    assert.match(await citizen.innerText("main"), /名单依法保密|名录以主体编号列出/);
    await citizen.context().close();
    const officer = await browser.as("desk");
    await officer.goto(`${url}/desk/sampling/draws`);
    await officer.click("table a[href^='/desk/sampling/draws/']");
    const record = await officer.request.get(`${officer.url()}/record.json`);
    const file = join(mkdtempSync(join(tmpdir(), "draw-")), "record.json");
    writeFileSync(file, await record.body());
    const out = JSON.parse(execFileSync(BINARY, ["sampling", "verify", file]).toString());
    assert.equal(out.holds, true, JSON.stringify(out));
    const broken = JSON.parse(await record.text());
    broken.targets.pop();
    writeFileSync(file, JSON.stringify(broken));
    assert.throws(() => execFileSync(BINARY, ["sampling", "verify", file], { stdio: "pipe" }), "a shortened list is found out");
  });

  await tally.check("a citizen finds a published failure with what it means, and its proof", async () => {
    const citizen = await browser.page({ size: PHONE });
    await citizen.goto(`${url}/results?result=unqualified`);
    await sound(citizen, "zh");
    assert.match(await citizen.innerText("ul.tasks"), /风险解读/);
    await shot(citizen, "results-390");
    await citizen.click("ul.tasks a[href^='/results/']");
    facts.results = new URL(citizen.url()).pathname;
    assert.match(await citizen.innerText("main"), /SHA-256/);
    const rows = await citizen.request.get(`${url}${facts.results}/rows.json`);
    assert.ok((await rows.json()).length > 0);
    await citizen.context().close();
  });
}
