// The main pages in both languages, at phone and desk width, in the dark, in large type, printed; and an accessibility pass.

import assert from "node:assert/strict";
import { DESK, PHONE, faults, shot, violations } from "../browser.mjs";

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
    "firm-records": ["firm", "/firm/records"],
    "firm-record-new": ["firm", "/firm/records/materials/new"],
    "firm-batch": ["firm", "/firm/batch"],
    "firm-batches": ["firm", "/firm/batches"],
    "firm-certificates": ["firm", "/firm/certificates"],
    "firm-certificate-new": ["firm", "/firm/certificates/new"],
    "firm-certificate": ["firm", facts.certificate && `/firm/certificates/${facts.certificate}`],
    certificate: [null, facts.certificate && `/cert/${facts.certificate}`],
    "certificate-check": [null, "/cert"],
    ledgers: [facts.officer, "/desk/ledgers"],
    certificates: [facts.officer, "/desk/certificates"],
    "firm-captures": ["firm", "/firm/captures"],
    "firm-duties": ["firm", "/firm/duties"],
    "firm-tokens": ["firm", facts.tokensPage],
    inspections: ["chengguan", "/desk/inspections"],
    "inspection-devices": ["chengguan", "/desk/inspections/devices"],
    "inspection-missing": ["desk", "/desk/inspections/missing"],
    "inspection-draws": [null, "/draws/inspections"],
    "retest-draws": [null, "/draws/retests"],
    field: ["chengguan", "/field/app"],
    today: [facts.officer, "/desk/tasks?whose=all&state=any"],
    task: [facts.officer, facts.tasks?.length && `/desk/tasks/${(facts.tasks.find((t) => t.region.startsWith(facts.county)) ?? facts.tasks[0]).task}`],
    nonconformities: [facts.officer, "/desk/nonconformities"],
    nonconformity: [facts.officer, facts.nonconformity && `/desk/nonconformities/${facts.nonconformity}`],
    matters: [facts.officer, "/desk/matters?running=all"],
    matter: [facts.officer, facts.matter && `/desk/matters/${facts.matter}`],
    recall: ["firm", facts.recall && `/firm/duties/${facts.recall}`],
    samples: [facts.officer, "/desk/samples"],
    "sample-new": [facts.officer, "/desk/samples/new"],
    trace: [facts.officer, "/trace"],
    "trace-scope": [facts.officer, facts.traceScope],
    "trace-source": [facts.officer, "/trace/source"],
    "trace-event": ["desk", facts.eventPage],
    plans: ["desk", "/desk/sampling"],
    plan: ["desk", facts.plan],
    progress: ["desk", "/desk/sampling/progress"],
    statistics: ["desk", "/desk/sampling/statistics"],
    draws: ["desk", "/desk/sampling/draws"],
    clocks: ["desk", "/desk/sampling/clocks"],
    bulletins: ["desk", "/desk/sampling/bulletins"],
    "sample-taken": ["chengguan", facts.taken],
    results: [null, "/results"],
    "results-list": [null, facts.results],
    "draws-public": [null, "/draws"],
    operators: [facts.officer, "/desk/operators"],
    operator: [facts.officer, facts.operator],
    journal: [facts.officer, "/desk/journal"],
    situation: ["leader", "/desk/situation"],
    places: ["leader", "/desk/places"],
    supervised: ["leader", "/desk/supervised"],
    items: ["leader", "/desk/items"],
    "situation-map": ["leader", "/desk/situation/map"],
    document: [facts.officer, facts.document && facts.document.replace(/\/publish$/, "")],
    rulebook: [facts.officer, "/desk/rulebook"],
    accounts: ["admin", "/desk/accounts"],
    jobs: ["admin", "/desk/jobs"],
    password: [facts.officer, "/password"],
  };
  return Object.entries(known).filter(([, [, path]]) => path);
}

const WAYS = [
  { lang: "zh", size: DESK, suffix: "-zh-1280", axe: true },
  { lang: "en", size: DESK, suffix: "-en-1280" },
  { lang: "zh", size: PHONE, suffix: "-zh-390" },
  { lang: "en", size: PHONE, suffix: "-en-390" },
  { lang: "zh", size: PHONE, suffix: "-dark-large", axe: true, dark: true, cookies: { theme: "dark", size: "large" } },
];
// Shown dark and large too: one page of each kind.
const DARK = ["portal", "notice", "lot", "today", "task", "nonconformity", "matter", "situation", "lab-sample", "firm"];

// One page one way; gives back what is wrong with it.
async function look(page, url, name, path, way) {
  const wrong = [];
  try {
    const reply = await page.goto(url + path, { waitUntil: "load" });
    if (reply.status() !== 200) wrong.push(`status ${reply.status()}`);
    if (new URL(page.url()).pathname !== path.split("?")[0]) wrong.push(`led to ${page.url()}`);
    await shot(page, `${name}${way.suffix}`);
    wrong.push(...(await faults(page, way.lang)));
    if (way.dark) {
      const { theme, size, ground, type } = await page.evaluate(() => ({
        ...document.documentElement.dataset,
        ground: getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number),
        type: getComputedStyle(document.body).fontSize,
      }));
      if (theme !== "dark" || ground[0] + ground[1] + ground[2] > 150) wrong.push(`not dark: ${theme} ${ground}`);
      if (size !== "large" || type !== "20px") wrong.push(`not large: ${size} ${type}`);
    }
    if (way.axe) wrong.push(...(await violations(page)).map((v) => `axe ${v}`));
  } catch (error) {
    wrong.push(String(error.message).split("\n")[0]);
  }
  return wrong.map((w) => `${way.suffix}: ${w}`);
}

export async function gallery({ tally, url, browser, facts }) {
  await tally.check("an operator's page is found by searching", async () => {
    const page = await browser.again(facts.officer ?? "leader");
    await page.goto(`${url}/desk/operators`);
    await page.locator("main form.filters input").first().fill("便民超市");
    await page.click("main form.filters button");
    const links = await page.locator('main a[href^="/desk/operators/"]').evaluateAll((all) => all.map((a) => a.getAttribute("href")));
    facts.operator = links.find((h) => /^\/desk\/operators\/\d[^/?]*$/.test(h));
    assert.ok(facts.operator, links.join(" "));
    await page.context().close();
  });
  const all = pages(facts);
  const found = new Map(all.map(([name]) => [name, []]));
  const seats = new Map();
  for (const [name, [login, path]] of all) seats.set(login, [...(seats.get(login) ?? []), [name, path]]);
  for (const way of WAYS) {
    for (const [login, own] of seats) {
      const page = await browser.again(login, way);
      await page.context().addCookies(Object.entries(way.cookies ?? {}).map(([name, value]) => ({ name, value, url })));
      for (const [name, path] of own) {
        if (!way.dark || DARK.includes(name)) found.get(name).push(...(await look(page, url, name, path, way)));
      }
      await page.context().close();
    }
  }
  for (const [name, wrong] of found) {
    await tally.check(`page ${name}: sound and accessible, both languages, both widths${DARK.includes(name) ? ", dark and large" : ""}`, () => assert.deepEqual(wrong, []));
  }

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
  await tally.check("the notice prints without the frame of the site", async () => {
    const page = await browser.page();
    await page.goto(url + (facts.notice ?? "/"));
    await page.emulateMedia({ media: "print" });
    await shot(page, "notice-print");
    assert.equal(await page.locator("header.top").isVisible(), false);
    await page.context().close();
  });
}
