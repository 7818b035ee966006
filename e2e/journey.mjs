// The product as its users meet it: a firm, a laboratory, officers, a leader and a citizen walk the loop from a failed
// sample to a verified notice, in a browser, on a demo province of their own. Prints a line a check and the sum at the end.
//   node journey.mjs            SHIAN_BIN=… tries another binary

import { Browser, allSound, open } from "./browser.mjs";
import { Province } from "./province.mjs";
import { Tally } from "./tally.mjs";
import { countyLogins } from "./logins.mjs";
import { firm } from "./steps/firm.mjs";
import { laboratory } from "./steps/laboratory.mjs";
import { officer } from "./steps/officer.mjs";
import { trace } from "./steps/trace.mjs";
import { county } from "./steps/county.mjs";
import { leader } from "./steps/leader.mjs";
import { citizen, journal } from "./steps/citizen.mjs";
import { sampling } from "./steps/sampling.mjs";
import { signals } from "./steps/signals.mjs";
import { inspection } from "./steps/inspection.mjs";
import { contests } from "./steps/contests.mjs";
import { disposal } from "./steps/disposal.mjs";
import { retest } from "./steps/retest.mjs";
import { licence } from "./steps/licence.mjs";
import { enforcement } from "./steps/enforcement.mjs";
import { assessment } from "./steps/assessment.mjs";
import { gallery } from "./steps/gallery.mjs";

const tally = new Tally();
let province;
let chromium;
const end = async () => {
  await chromium?.close().catch(() => {});
  await province?.stop();
};
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await end();
    process.exit(1);
  });
}

let passed = false;
try {
  province = await Province.start();
  console.log(`province ready after ${province.seconds.toFixed(1)} s at ${province.url}`);
  chromium = await open();
  const stage = { tally, province, url: province.url, browser: new Browser(chromium, province.url), facts: {}, logins: countyLogins() };
  for (const [title, walk] of [
    ["1 a firm and its software", firm],
    ["2 a laboratory", laboratory],
    ["3 the officer whose sample failed", officer],
    ["3b the trace workbench", trace],
    ["3c the retest", retest],
    ["4 the officers of the counties", county],
    ["5 a leader", leader],
    ["6 a citizen", citizen],
    ["6b the disposal to its end", disposal],
    ["7 sampling, from the plan to the citizen", sampling],
    ["7b the workbench of the science", assessment],
    ["8 surveillance, from the alarm to the scorecard", signals],
    ["8b an inspection without signal", inspection],
    ["8c a shop gets its licence", licence],
    ["8d from a report to a reward", enforcement],
    ["8e what is refused and what is put right", contests],
    ["every page, every way", gallery],
    ["the record", journal],
  ]) {
    await tally.step(title, () => walk(stage));
    await tally.check(`pages passed were sound: language, heading, labels, width, console (${title})`, allSound);
  }
} catch (error) {
  tally.failures.push("the journey");
  console.log(`FAIL  the journey stopped: ${error?.stack ?? error}`);
} finally {
  await end();
  passed = tally.sum();
}
process.exitCode = passed ? 0 : 1;
