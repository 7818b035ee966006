// The workbench of the science: exposure from the province's own results, an assumption beside the present, the file that repeats it; a sample size.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PHONE, shot, sound } from "../browser.mjs";
import { BINARY } from "../province.mjs";

export async function assessment({ tally, url, browser }) {
  const desk = await browser.as("desk");
  await tally.check("exposure to lead follows the province's results, and a limit moves it beside the present", async () => {
    await desk.goto(`${url}/desk/exposure?substance=lead&replicates=10`);
    await sound(desk, "zh");
    assert.match(await desk.innerText("main"), /演示调查/);
    await desk.goto(`${url}/desk/exposure?substance=lead&replicates=10&limit=0.02&limit_mode=at`);
    assert.match(await desk.innerText("main"), /→/);
    await shot(desk, "exposure");
  });
  await tally.check("the model file gives the same figures on the command line", async () => {
    const [download] = await Promise.all([desk.waitForEvent("download"), desk.click('a[href^="/desk/exposure/model.json"]')]);
    const file = join(mkdtempSync(join(tmpdir(), "exposure-")), "model.json");
    await download.saveAs(file);
    assert.ok(readFileSync(file, "utf8").includes("shian-exposure-1"));
    const told = JSON.parse(execFileSync(BINARY, ["risk", "exposure", "--model", file], { encoding: "utf8", maxBuffer: 1 << 26 }));
    assert.ok((await desk.textContent("main")).includes(told.recipe), "the page names the recipe that the command prints");
  });
  await desk.context().close();
  const phone = await browser.as("desk", { size: PHONE });
  await tally.check("the designer sizes a sample on a phone and says the command", async () => {
    await phone.goto(`${url}/desk/design?aim=detect&prevalence=0.01`);
    await sound(phone, "zh");
    assert.match(await phone.innerText("main"), /299/);
    assert.match(await phone.innerText("main"), /shian sampling size/);
  });
  await phone.context().close();
}
