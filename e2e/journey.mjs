// The product as its users meet it: a firm, a laboratory, officers, a leader and a citizen walk the loop from a failed
// sample to a verified notice, in a browser, on a demo province of their own. Prints a line a check and the sum at the end.
//   node journey.mjs            SHIAN_BIN=… tries another binary

import { Browser, open } from "./browser.mjs";
import { Province } from "./province.mjs";
import { Tally } from "./tally.mjs";
import { countyLogins } from "./logins.mjs";
import { firm } from "./steps/firm.mjs";
import { laboratory } from "./steps/laboratory.mjs";
import { officer } from "./steps/officer.mjs";
import { county } from "./steps/county.mjs";
import { leader } from "./steps/leader.mjs";
import { citizen, journal } from "./steps/citizen.mjs";
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
  await tally.step("1 a firm and its software", () => firm(stage));
  await tally.step("2 a laboratory", () => laboratory(stage));
  await tally.step("3 the officer whose sample failed", () => officer(stage));
  await tally.step("4 the officers of the counties", () => county(stage));
  await tally.step("5 a leader", () => leader(stage));
  await tally.step("6 a citizen", () => citizen(stage));
  await tally.step("every page, every way", () => gallery(stage));
  await tally.step("the record", () => journal(stage));
} catch (error) {
  tally.failures.push("the journey");
  console.log(`FAIL  the journey stopped: ${error?.stack ?? error}`);
} finally {
  await end();
  passed = tally.sum();
}
process.exitCode = passed ? 0 : 1;
