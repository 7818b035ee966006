// The main pages in both languages, at phone and desk width, in the dark, in large type, printed; and an accessibility pass.

import assert from "node:assert/strict";
import { DESK, PHONE, accessible, faults, shot } from "../browser.mjs";

// name → [login or null, path]
export function pages(facts) {
  const known = {
    portal: [null, "/"],
    notices: [null, "/notices"],
    notice: [null, facts.notice],
    lot: [null, facts.lotPage ?? "/lot"],
    shops: [null, "/shops"],
    shop: [null, facts.shop],
    limits: [null, "/limits"],
    verify: [null, "/verify"],
    api: [null, "/api"],
    login: [null, "/login"],
    "lab-samples": ["lab", "/lab/samples"],
    "lab-sample": ["lab", facts.sample && `/lab/samples/${facts.sample}`],
    "lab-import": ["lab", "/lab/import"],
    firm: ["firm", "/firm"],
    "firm-lots": ["firm", "/firm/lots"],
    "firm-lot": ["firm", facts.firmLot],
    "firm-upload": ["firm", "/firm/upload"],
    "firm-captures": ["firm", "/firm/captures"],
    "firm-duties": ["firm", "/firm/duties"],
    "firm-tokens": ["firm", facts.tokensPage],
    today: [facts.officer, "/desk/tasks?whose=all&state=any"],
    task: [facts.officer, facts.tasks?.length && `/desk/tasks/${(facts.tasks.find((t) => t.region.startsWith(facts.county)) ?? facts.tasks[0]).task}`],
    nonconformities: [facts.officer, "/desk/nonconformities"],
    nonconformity: [facts.officer, facts.nonconformity && `/desk/nonconformities/${facts.nonconformity}`],
    matters: [facts.officer, "/desk/matters?running=all"],
    matter: [facts.officer, facts.matter && `/desk/matters/${facts.matter}`],
    recall: [facts.officer, facts.recall && `/desk/matters/${facts.recall}`],
    samples: [facts.officer, "/desk/samples"],
    "sample-new": [facts.officer, "/desk/samples/new"],
    trace: [facts.officer, "/desk/trace"],
    operators: [facts.officer, "/desk/operators"],
    operator: [facts.officer, facts.operator],
    journal: [facts.officer, "/desk/journal"],
    situation: ["leader", "/desk/situation"],
    items: ["leader", "/desk/items"],
    accounts: ["admin", "/desk/accounts"],
    jobs: ["admin", "/desk/jobs"],
    password: [facts.officer, "/password"],
  };
  return Object.entries(known).filter(([, [, path]]) => path);
}

async function look(browser, url, [name, [login, path]], lang, size, suffix, cookies = []) {
  const page = await browser.again(login, { lang, size });
  try {
    if (cookies.length) await page.context().addCookies(cookies.map((c) => ({ ...c, url })));
    const reply = await page.goto(url + path, { waitUntil: "load" });
    assert.equal(reply.status(), 200, `${path}: ${reply.status()}`);
    assert.notEqual(new URL(page.url()).pathname === "/login" && name !== "login", true, "sent to the login page");
    await shot(page, `${name}${suffix}`);
    assert.deepEqual(await faults(page, lang), []);
    return await page.evaluate(() => ({ theme: document.documentElement.dataset.theme, size: document.documentElement.dataset.size, ground: getComputedStyle(document.body).backgroundColor, type: getComputedStyle(document.body).fontSize }));
  } finally {
    await page.context().close();
  }
}

export async function gallery({ tally, url, browser, facts }) {
  const all = pages(facts);
  const first = await browser.as("leader").catch(() => null);
  facts.operator ??= await first
    ?.goto(`${url}/desk/operators`)
    .then(() => first.locator('main a[href^="/desk/operators/"]').evaluateAll((links) => links.map((a) => a.getAttribute("href")).find((h) => /\/\d+/.test(h))))
    .catch(() => null);
  await first?.context().close();
  for (const entry of pages(facts)) {
    await tally.check(`page ${entry[0]}: sound in both languages at both widths`, async () => {
      const wrong = [];
      for (const [lang, size, suffix] of [["zh", DESK, "-zh-1280"], ["en", DESK, "-en-1280"], ["zh", PHONE, "-zh-390"], ["en", PHONE, "-en-390"]]) {
        await look(browser, url, entry, lang, size, suffix).catch((e) => wrong.push(`${suffix}: ${e.message.split("\n").slice(0, 12).join(" ")}`));
      }
      assert.deepEqual(wrong, []);
    });
  }
  for (const entry of all.filter(([name]) => ["portal", "notice", "today", "task", "nonconformity", "situation", "lab-sample"].includes(name))) {
    await tally.check(`page ${entry[0]}: dark and large type at 390 px`, async () => {
      const dark = await look(browser, url, entry, "zh", PHONE, "-dark-large", [{ name: "theme", value: "dark" }, { name: "size", value: "large" }]);
      assert.equal(dark.theme, "dark");
      assert.equal(dark.size, "large");
      assert.equal(dark.type, "20px");
      const [r, g, b] = dark.ground.match(/\d+/g).map(Number);
      assert.ok(r + g + b < 150, `ground is ${dark.ground}`);
    });
  }
  for (const entry of pages(facts)) {
    await tally.check(`page ${entry[0]}: no serious or critical accessibility finding`, async () => {
      const page = await browser.again(entry[1][0]);
      await page.goto(url + entry[1][1], { waitUntil: "load" });
      await accessible(page);
      await page.context().close();
    });
  }
  await tally.check("dark theme keeps its contrast", async () => {
    for (const [, [login, path]] of all.filter(([name]) => ["notice", "situation", "nonconformity"].includes(name))) {
      const page = await browser.again(login);
      await page.context().addCookies([{ name: "theme", value: "dark", url }]);
      await page.goto(url + path, { waitUntil: "load" });
      await accessible(page);
      await page.context().close();
    }
  });
  await tally.check("the buttons for language, type size and theme work without script", async () => {
    const page = await browser.page({ js: false });
    await page.goto(`${url}/notices`);
    await page.click('button[name="lang"]');
    assert.equal(await page.getAttribute("html", "lang"), "en");
    await page.click('button[name="size"]');
    assert.equal(await page.getAttribute("html", "data-size"), "large");
    await page.click('button[name="theme"]');
    assert.equal(await page.getAttribute("html", "data-theme"), "dark");
    assert.equal(new URL(page.url()).pathname, "/notices");
    await page.context().close();
  });
  await tally.check("the notice prints", async () => {
    const page = await browser.page();
    await page.goto(url + (facts.notice ?? "/"));
    await page.emulateMedia({ media: "print" });
    await shot(page, "notice-print");
    await page.context().close();
  });
}
