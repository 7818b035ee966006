// The login of each county's officer: its English name without the word for its kind, as the demo gives them.

import { readFileSync } from "node:fs";
import { csv } from "./clerk.mjs";

// A region code as six digits: Jiayuguan, a city without counties, is 6202 in normal form and 620200 in tables.
export const six = (code) => code.padEnd(6, "0").slice(0, 6);

export function countyLogins() {
  const regions = csv(readFileSync(new URL("../rulebook/cn/regions/gansu.csv", import.meta.url), "utf8"));
  const parents = new Set(regions.map((r) => r.parent_code));
  const taken = new Set(["lab", "lab2", "desk", "desk2", "leader", "firm", "shop", "admin", "exchange"]);
  const logins = new Map();
  for (const r of regions) {
    if (r.level === "province" || (r.level === "prefecture" && parents.has(r.code))) continue;
    let login = r.name_en.split(" ")[0].replace(/[^A-Za-z0-9]/g, "").toLowerCase();
    const short = r.level === "prefecture" ? r.code.slice(0, 4) : r.code;
    if (login.length < 3 || taken.has(login)) login += short;
    taken.add(login);
    logins.set(six(r.code), login);
  }
  return logins;
}
