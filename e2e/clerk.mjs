// A user without a browser: keeps cookies, follows redirects, posts the forms a page offers with their hidden fields.

import assert from "node:assert/strict";

export const PASSWORD = "Shian-demo-2026";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };
export const unescape = (text) => text.replace(/&(amp|lt|gt|quot|#39);/g, (e) => ENTITIES[e]);
export const textOf = (html) => unescape(html.replace(/<(script|style)[\s\S]*?<\/\1>/g, " ").replace(/<[^>]+>/g, " ")).replace(/\s+/g, " ");

const attribute = (tag, name) => {
  const m = new RegExp(`\\s${name}(?:="([^"]*)")?(?=[\\s>])`).exec(tag);
  return m ? unescape(m[1] ?? "") : undefined;
};

// The forms of a page: action, field names, hidden values.
export function forms(html) {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head, body]) => {
    const hidden = {};
    const names = new Set();
    for (const [tag] of body.matchAll(/<(?:input|select|textarea|button)\b[^>]*>/g)) {
      const name = attribute(tag, "name");
      if (!name) continue;
      names.add(name);
      if (attribute(tag, "type") === "hidden") hidden[name] = attribute(tag, "value") ?? "";
    }
    return { action: attribute(`<form${head}>`, "action") ?? "", hidden, names, body };
  });
}

export class Clerk {
  cookies = new Map();

  constructor(url, lang = "zh") {
    this.url = url;
    this.cookies.set("lang", lang);
  }

  static async signIn(url, login, lang = "zh") {
    const clerk = new Clerk(url, lang);
    const reply = await clerk.send("/login", { method: "POST", body: new URLSearchParams({ login, password: PASSWORD, next: "" }) });
    assert.equal(reply.status, 303, `sign in as ${login}: ${reply.status} ${textOf(reply.text).slice(0, 300)}`);
    return clerk;
  }

  async send(path, options = {}) {
    const cookie = [...this.cookies].map(([k, v]) => `${k}=${v}`).join("; ");
    const reply = await fetch(new URL(path, this.url), { redirect: "manual", ...options, headers: { cookie, ...options.headers } });
    for (const line of reply.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      this.cookies.set(name, value);
    }
    return { status: reply.status, headers: reply.headers, location: reply.headers.get("location"), text: await reply.text() };
  }

  // A page, redirects followed.
  async get(path) {
    let reply = await this.send(path);
    for (let hops = 0; hops < 5 && reply.status >= 300 && reply.status < 400; hops++) reply = await this.send(reply.location);
    return reply;
  }

  async page(path) {
    const reply = await this.get(path);
    assert.equal(reply.status, 200, `${path}: ${reply.status} ${textOf(reply.text).slice(0, 300)}`);
    return reply.text;
  }

  // Posts a form's hidden fields with `fields`; a Blob value is a file.
  async post(form, fields) {
    const body = new FormData();
    for (const [k, v] of Object.entries({ ...form.hidden, ...fields })) {
      if (v instanceof File) body.append(k, v, v.name);
      else body.append(k, v);
    }
    return this.send(form.action, { method: "POST", body });
  }
}

// Rows of a CSV text as objects.
export function csv(text) {
  const rows = [[]];
  let cell = "";
  let quoted = false;
  const source = text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  for (let i = 0; i < source.length; i++) {
    const c = source[i];
    if (quoted) {
      if (c === '"' && source[i + 1] === '"') (cell += '"', i++);
      else if (c === '"') quoted = false;
      else cell += c;
    } else if (c === '"') quoted = true;
    else if (c === ",") (rows.at(-1).push(cell), (cell = ""));
    else if (c === "\n") (rows.at(-1).push(cell), (cell = ""), rows.push([]));
    else cell += c;
  }
  if (cell || rows.at(-1).length) rows.at(-1).push(cell);
  const [header, ...data] = rows.filter((r) => r.length);
  return data.map((r) => Object.fromEntries(header.map((h, i) => [h, r[i] ?? ""])));
}
