// The field pages: a day of inspections without signal. What is taken along lies encrypted on the phone (AES-GCM under a
// number code and a share of the server's); every entry is a link of a chain signed with the phone's own key.
(() => {
  const zh = document.documentElement.lang.startsWith("zh");
  const t = (a, b) => (zh ? a : b);
  const root = document.getElementById("field");
  const line = document.getElementById("line");
  const utf8 = new TextEncoder();
  const ROUNDS = 310000;
  const PIECE = 131072;
  const RESULTS = [["pass", t("符合", "conforms")], ["minor", t("基本符合", "basically conforms")], ["fail", t("不符合", "does not conform")], ["na", t("合理缺项", "does not apply")]];

  const b64 = (bytes) => { let s = ""; for (const b of new Uint8Array(bytes)) s += String.fromCharCode(b); return btoa(s); };
  const raw = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const hex = (bytes) => [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, "0")).join("");
  const sha = async (data) => hex(await crypto.subtle.digest("SHA-256", typeof data === "string" ? utf8.encode(data) : data));

  // Elements without markup in strings: nothing taken from data is ever parsed as HTML.
  const el = (tag, props = {}, ...inside) => {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(props)) {
      if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
      else if (k in e && k !== "list") e[k] = v;
      else e.setAttribute(k, v);
    }
    e.append(...inside.filter((x) => x != null && x !== false));
    return e;
  };
  let ids = 0;
  const labelled = (text, input) => { input.id ||= `f${++ids}`; return el("div", { className: "field" }, el("label", { htmlFor: input.id }, text), input); };
  const say = (text, bad) => { root.querySelector(".msg")?.remove(); if (text) root.prepend(el("div", { className: `msg ${bad ? "bad" : "ok"}`, role: bad ? "alert" : "status" }, el("p", {}, text))); };

  // --- storage: `meta` holds the device, `box` everything encrypted -----------------------------------------------------
  let db;
  const open = () => new Promise((done, fail) => {
    const q = indexedDB.open("shian-field", 1);
    q.onupgradeneeded = () => { q.result.createObjectStore("meta"); q.result.createObjectStore("box"); };
    q.onsuccess = () => done(q.result);
    q.onerror = () => fail(q.error);
  });
  const run = (mode, work) => new Promise((done, fail) => {
    const tx = db.transaction(["meta", "box"], mode);
    let out;
    work(tx.objectStore("meta"), tx.objectStore("box"), (v) => { out = v; });
    tx.oncomplete = () => done(out);
    tx.onerror = tx.onabort = () => fail(tx.error);
  });
  const get = (store, key) => run("readonly", (meta, box, give) => { const q = (store === "meta" ? meta : box).get(key); q.onsuccess = () => give(q.result); });
  const keysOf = (prefix) => run("readonly", (meta, box, give) => { const q = box.getAllKeys(IDBKeyRange.bound(prefix, prefix + "\uffff")); q.onsuccess = () => give(q.result); });
  const wipe = async () => {
    db?.close();
    key = me = null;
    await new Promise((done) => { const q = indexedDB.deleteDatabase("shian-field"); q.onsuccess = q.onerror = q.onblocked = () => done(); });
    db = await open();
  };

  // --- keys ----------------------------------------------------------------------------------------------------------
  let me; // the device: id, account, sign, share, salt, check, seq, last
  let key; // AES-GCM, in memory only
  const derive = async (code, share, salt) => {
    const base = await crypto.subtle.importKey("raw", utf8.encode(code), "PBKDF2", false, ["deriveBits"]);
    const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS }, base, 256);
    const mixed = await crypto.subtle.sign("HMAC", share, bits);
    return crypto.subtle.importKey("raw", mixed, "AES-GCM", false, ["encrypt", "decrypt"]);
  };
  const seal = async (data, k = key) => {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const bytes = data instanceof ArrayBuffer ? data : utf8.encode(JSON.stringify(data));
    return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, k, bytes) };
  };
  const bytesOf = (s, k = key) => crypto.subtle.decrypt({ name: "AES-GCM", iv: s.iv }, k, s.data);
  const unseal = async (s, k = key) => JSON.parse(new TextDecoder().decode(await bytesOf(s, k)));

  // --- the server ------------------------------------------------------------------------------------------------------
  let token = "";
  const ask = async (path, body, media = "application/json") => {
    const options = body === undefined ? {} : { method: "POST", headers: { "content-type": media, "x-csrf-token": token }, body };
    const reply = await fetch(path, { credentials: "same-origin", redirect: "manual", ...options, headers: { accept: "application/json", ...options.headers } });
    if (reply.type === "opaqueredirect" || reply.status === 401) throw new Error(t("请先登录，再同步：/login", "Sign in first, then synchronise: /login"));
    if (reply.status === 204) return {};
    const text = await reply.text();
    let data = {};
    try { data = JSON.parse(text); } catch { /* a page: said below */ }
    if (!reply.ok) throw Object.assign(new Error(data[zh ? "detail_zh" : "detail_en"] ?? data.detail ?? `${reply.status}`), { status: reply.status });
    return data;
  };
  const session = async () => {
    const who = await ask("/desk/field/me");
    token = who.csrf;
    const off = Math.round((Date.now() - who.now) / 60000);
    if (Math.abs(off) >= 5) say(t(`本机时钟与服务器相差 ${off} 分钟，请先校准：记录以本机时间为准`, `The clock of this phone is ${off} minutes off; set it first: entries carry its time`), true);
    if (!me) return who;
    if (who.account !== me.account) throw new Error(t("本机数据属于另一名检查人员，请用其账号登录", "What is on this phone is another officer's; sign in as that officer"));
    const mine = who.devices.find((d) => d.id === me.id);
    if (!mine || mine.revoked) {
      await wipe();
      throw new Error(t("本设备已停用，数据已清除", "This phone was revoked; its data are wiped"));
    }
    return who;
  };

  // --- the log -----------------------------------------------------------------------------------------------------------
  let where = "unavailable";
  const watch = () => navigator.geolocation?.watchPosition(
    (p) => { where = { lat: p.coords.latitude.toFixed(6), lon: p.coords.longitude.toFixed(6), accuracy: Math.round(p.coords.accuracy) }; },
    (e) => { if (typeof where === "string") where = e.code === 1 ? "refused" : "unavailable"; },
    { enableHighAccuracy: true, maximumAge: 60000 },
  );
  const pad = (n) => String(n).padStart(9, "0");
  let turn = Promise.resolve();
  // Entries are written one after another: each names the hash of the one before.
  const write = (matter, kind, body) => {
    const one = turn.then(async () => {
      const seq = me.seq + 1;
      const text = JSON.stringify({ v: 1, device: me.id, seq, prev: me.last, matter, kind, at: Date.now(), place: where, body });
      const signature = b64(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, me.sign, utf8.encode(text)));
      const next = { ...me, seq, last: await sha(text) };
      const box = await seal({ text, signature, kind, body });
      await run("readwrite", (meta, store) => { meta.put(next, "device"); store.put({ ...box, matter, sent: false }, `log:${pad(seq)}`); });
      me = next;
      return seq;
    });
    turn = one.catch(() => {});
    return one;
  };
  const logOf = async (matter) => {
    const out = [];
    for (const k of await keysOf("log:")) {
      const s = await get("box", k);
      if (s.matter === matter) out.push({ seq: Number(k.slice(4)), ...(await unseal(s)) });
    }
    return out;
  };
  const keepPhoto = async (matter, blob) => {
    const bytes = await blob.arrayBuffer();
    const name = await sha(bytes);
    const box = await seal(bytes);
    await run("readwrite", (_, store) => store.put({ ...box, matter, size: bytes.byteLength, sent: false }, `photo:${name}`));
    await write(matter, "photo", { sha256: name, size: bytes.byteLength });
    return name;
  };
  const smaller = async (file) => {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, 1600 / Math.max(picture.width, picture.height));
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.82));
  };

  // --- synchronising -------------------------------------------------------------------------------------------------------
  const forget = async (matter) => {
    const keys = [`sheet:${matter}`];
    for (const k of [...(await keysOf("log:")), ...(await keysOf("photo:"))]) {
      const s = await get("box", k);
      if (s.matter === matter && s.sent) keys.push(k);
    }
    await run("readwrite", (_, store) => keys.forEach((k) => store.delete(k)));
  };
  const told = [];
  const settled = async (list = []) => {
    for (const s of list) {
      if (s.state === "recorded" || s.state === "over") await forget(s.matter);
      if (s.state === "recorded") told.push(t("检查已记录", "The inspection is recorded"));
      if (s.state === "obstacle") told.push(s.text[zh ? "zh" : "en"]);
    }
  };
  const unsent = async (prefix) => {
    const out = [];
    for (const k of await keysOf(prefix)) { const s = await get("box", k); if (!s.sent) out.push([k, s]); }
    return out;
  };
  const sync = async () => {
    await session();
    told.length = 0;
    let waiting = await unsent("log:");
    do {
      const part = waiting.splice(0, 200);
      const entries = [];
      for (const [, s] of part) { const { text, signature } = await unseal(s); entries.push({ text, signature }); }
      const reply = await ask(`/desk/field/log/${me.id}`, JSON.stringify({ head: me.seq, entries }));
      await run("readwrite", (_, store) => part.forEach(([k, s], i) => {
        const a = reply.answers[i];
        // what does not follow yet, or whose time is yet to come, is sent again; what was refused for good is not
        if (a.state !== "later" && (a.state !== "refused" || a.wrong !== "chain")) store.put({ ...s, sent: true, wrong: a.wrong }, k);
      }));
      for (const a of reply.answers) if (a.text) told.push(`${a.seq}: ${a.text[zh ? "zh" : "en"]}`);
      await settled(reply.settled);
    } while (waiting.length);
    for (const [k, s] of await unsent("photo:")) {
      const bytes = await bytesOf(s);
      try {
        for (let at = 0; at < bytes.byteLength; at += PIECE) {
          const reply = await ask(`/desk/field/photos/${me.id}/${k.slice(6)}/${at}`, bytes.slice(at, at + PIECE), "application/octet-stream");
          if (reply.settled) await settled(reply.settled);
        }
      } catch (e) {
        // a photo whose entry was not taken (yet) holds up no other
        if (e.status !== 404) throw e;
        told.push(t("一张照片的记录尚未被接收，照片仍在手机中", "The entry of a photo was not taken yet; the photo stays on the phone"));
        continue;
      }
      if (await get("box", k)) await run("readwrite", (_, store) => store.put({ ...s, sent: true }, k));
    }
    // a matter may have been recorded while its last photo was still marked unsent
    const sheets = new Set((await keysOf("sheet:")).map((k) => k.slice(6)));
    for (const prefix of ["log:", "photo:"]) for (const k of await keysOf(prefix)) {
      const s = await get("box", k);
      if (s.sent && !sheets.has(s.matter)) await run("readwrite", (_, store) => store.delete(k));
    }
  };
  const take = async () => {
    await sync();
    const { taken } = await ask(`/desk/field/take/${me.id}`, "{}");
    const boxes = [];
    for (const x of taken) boxes.push([`sheet:${x.matter}`, { ...(await seal(x.sheet)), until: x.until }]);
    const stale = (await keysOf("sheet:")).filter((k) => !boxes.some(([b]) => b === k));
    await run("readwrite", (_, store) => { boxes.forEach(([k, b]) => store.put(b, k)); stale.forEach((k) => store.delete(k)); });
  };
  const expire = async () => {
    for (const k of await keysOf("sheet:")) {
      if ((await get("box", k)).until < Date.now()) await run("readwrite", (_, store) => store.delete(k));
    }
  };

  // --- pages ---------------------------------------------------------------------------------------------------------------
  const busy = (button, work, after) => button.addEventListener("click", async () => {
    button.disabled = true;
    say("");
    try { await work(); await after?.(); } catch (e) { say(e.message, true); } finally { button.disabled = false; }
  });
  const button = (text, work, after, plain) => { const b = el("button", { type: "button", className: plain ? "plain" : "" }, text); busy(b, work, after); return b; };
  const show = (...parts) => { root.replaceChildren(...parts); };

  const enrolPage = async () => {
    const name = el("input", { maxLength: 60, value: t("我的手机", "My phone") });
    const code = el("input", { type: "password", inputMode: "numeric", autocomplete: "new-password", minLength: 6 });
    const go = async () => {
      if (!/^\d{6,12}$/.test(code.value)) throw new Error(t("口令须为 6 至 12 位数字", "The code has 6 to 12 digits"));
      const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
      const who = await session();
      const point = b64(await crypto.subtle.exportKey("raw", pair.publicKey));
      const { device, secret } = await ask("/desk/field/devices", JSON.stringify({ name: name.value, key: point }));
      const share = await crypto.subtle.importKey("raw", raw(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
      const salt = crypto.getRandomValues(new Uint8Array(16));
      const k = await derive(code.value, share, salt);
      const next = { id: device, account: who.account, name: name.value, sign: pair.privateKey, share, salt, check: await seal("ok", k), seq: 0, last: await sha(`shian-field-1|${device}`) };
      await run("readwrite", (meta) => meta.put(next, "device"));
      me = next;
      key = k;
    };
    show(el("p", {}, t("登录后登记本机：生成只在本机的签名密钥，并用口令加密本机数据。口令忘记后无法找回，未同步的记录会丢失。", "Sign in, then enrol this phone: it makes a key of its own and encrypts what it keeps under your code. A forgotten code cannot be found again, and entries not yet synchronised are lost with it.")),
      el("section", { className: "card" }, labelled(t("设备名称", "Name of the phone"), name), labelled(t("口令（6 至 12 位数字）", "Code (6 to 12 digits)"), code), button(t("登记本机", "Enrol this phone"), go, home)),
      el("p", {}, el("a", { href: "/login?next=/field/app" }, t("登录", "Sign in"))));
  };

  const unlockPage = () => {
    const code = el("input", { type: "password", inputMode: "numeric", autocomplete: "current-password" });
    const go = async () => {
      const k = await derive(code.value, me.share, me.salt);
      try { await unseal(me.check, k); } catch { throw new Error(t("口令不对", "That is not the code")); }
      key = k;
      await expire();
    };
    const b = button(t("解锁", "Unlock"), go, home);
    const form = el("form", { className: "card", onsubmit: (e) => { e.preventDefault(); b.click(); } }, labelled(t("口令", "Code"), code), b);
    show(form, el("p", {}, button(t("清除本机数据", "Wipe this phone"), async () => {
      if (!confirm(t("未同步的记录会丢失。确定清除？", "Entries not synchronised are lost. Wipe?"))) return;
      await wipe();
    }, start, true)));
    code.focus();
  };

  const home = async () => {
    watch.done ??= (watch(), true);
    const cards = [];
    for (const k of await keysOf("sheet:")) {
      const s = await get("box", k);
      const sheet = await unseal(s);
      const done = (await logOf(k.slice(6))).some((e) => e.kind === "finish");
      cards.push(el("li", {}, el("h2", {}, el("button", { type: "button", className: "plain", onclick: () => visit(k.slice(6)) }, sheet.title[zh ? "zh" : "en"])),
        el("p", { className: "small soft" }, `${sheet.facts.address ?? ""} · ${t("本机保留至 ", "kept until ")}${new Date(s.until).toLocaleString()}${done ? t(" · 已完成，待同步", " · finished, to be synchronised") : ""}`)));
    }
    const open = (await unsent("log:")).length + (await unsent("photo:")).length;
    const after = async () => { await home(); if (told.length) say(told.join("\n"), told.some((x) => /^\d+:/.test(x))); else say(t("已同步", "Synchronised")); };
    show(el("p", { id: "unsent" }, t(`待同步 ${open} 项`, `${open} item(s) to synchronise`)),
      el("p", {}, button(t("领取检查", "Take my inspections along"), take, after), " ", button(t("同步", "Synchronise"), sync, after)),
      cards.length ? el("ul", { className: "tasks" }, ...cards) : el("p", {}, t("本机没有检查。联网时点“领取检查”。", "Nothing on this phone. Take your inspections along while there is signal.")),
      el("p", {}, button(t("退出并清除本机", "Sign out and wipe"), async () => {
        if (open && !confirm(t(`还有 ${open} 项未同步，清除后丢失。确定？`, `${open} item(s) are not synchronised and would be lost. Go on?`))) return;
        await wipe();
      }, start, true)));
  };

  // What this phone has entered for a point: the last finding, which a change cites.
  const standing = (log, item) => log.filter((e) => e.kind === "finding" && e.body.item === item).at(-1);

  const point = (matter, item, n, log) => {
    const now = standing(log, item.id)?.body ?? { result: "", note: "", photos: [] };
    const state = { result: now.result, note: now.note, photos: [...now.photos] };
    const why = el("p", { className: "why" });
    const note = el("textarea", { rows: 2, maxLength: 1000, value: state.note });
    const count = el("span", { className: "small soft" }, state.photos.length ? t(` 照片 ${state.photos.length} 张`, ` ${state.photos.length} photo(s)`) : "");
    let saved = JSON.stringify(state);
    const save = async () => {
      state.note = note.value.trim();
      if (!state.result) return;
      const needs = (state.result === "minor" || state.result === "fail") && !state.note;
      why.textContent = needs ? t("请写明发现的问题", "Say what was found") : "";
      if (needs || JSON.stringify(state) === saved) return;
      const before = standing(log, item.id);
      const body = { item: item.id, ...state, photos: [...state.photos], corrects: before ? { device: me.id, seq: before.seq } : null };
      saved = JSON.stringify(state);
      log.push({ seq: await write(matter, "finding", body), kind: "finding", body });
    };
    const choices = RESULTS.map(([code, words]) => el("label", { className: "choice" }, el("input", { type: "radio", name: `p-${item.id}`, value: code, checked: state.result === code, onchange: () => { state.result = code; return save(); } }), words));
    const file = el("input", { type: "file", accept: "image/*", capture: "environment", onchange: async () => {
      for (const f of file.files) if (state.photos.length < 9) state.photos.push(await keepPhoto(matter, await smaller(f)));
      file.value = "";
      count.textContent = t(` 照片 ${state.photos.length} 张`, ` ${state.photos.length} photo(s)`);
      await save();
    } });
    note.addEventListener("change", save);
    const basis = (item.basis ?? []).map((b) => `${b.document} ${b.clause}${b.status === "verified" ? "" : t("（待核）", " (unverified)")}`).join(t("；", "; "));
    return el("fieldset", { className: "field" }, el("legend", {}, `${n + 1} ${item.title[zh ? "zh" : "en"]}`, item.key ? el("strong", {}, t("（重点项）", " (key item)")) : null),
      basis ? el("p", { className: "hint" }, basis) : null, ...choices, labelled(t("说明", "Note"), note), labelled(t("照片", "Photo"), file), count, why);
  };

  const strokes = () => {
    const canvas = el("canvas", { width: 600, height: 200, role: "img", "aria-label": t("签名处", "Place to sign"), className: "sign" });
    const pen = canvas.getContext("2d");
    pen.lineWidth = 4;
    pen.lineCap = "round";
    let drawn = false;
    const at = (e) => { const r = canvas.getBoundingClientRect(); return [((e.clientX - r.left) * canvas.width) / r.width, ((e.clientY - r.top) * canvas.height) / r.height]; };
    canvas.addEventListener("pointerdown", (e) => { canvas.setPointerCapture(e.pointerId); pen.beginPath(); pen.moveTo(...at(e)); drawn = true; });
    canvas.addEventListener("pointermove", (e) => { if (e.buttons) { pen.lineTo(...at(e)); pen.stroke(); } });
    return { canvas, image: () => (drawn ? new Promise((done) => canvas.toBlob(done, "image/png")) : null) };
  };

  const sign = (matter, side, title, log, again) => {
    const done = log.filter((e) => e.kind === "signature" && e.body.side === side);
    const pad = strokes();
    const name = el("input", { maxLength: 60 });
    const refused = el("input", { maxLength: 200 });
    const go = async () => {
      const [n, r] = [name.value.trim(), side === "firm" ? refused.value.trim() : ""];
      if (!n === !r) throw new Error(t("请填写签名人姓名，或拒签理由", "Give the name of who signs, or why it was refused"));
      const picture = n ? await pad.image() : null;
      const image = picture ? await keepPhoto(matter, picture) : null;
      await write(matter, "signature", { side, name: n, image, refused: r });
    };
    return el("section", { className: "card" }, el("h2", {}, title), ...done.map((e) => el("p", {}, e.body.name || t(`拒签：${e.body.refused}`, `refused: ${e.body.refused}`))),
      labelled(t("姓名", "Name"), name), pad.canvas, side === "firm" ? labelled(t("拒签理由", "Or why it was refused"), refused) : null, button(t("签名", "Sign"), go, again));
  };

  const visit = async (matter) => {
    const kept = await get("box", `sheet:${matter}`);
    if (!kept) return home();
    const sheet = await unseal(kept);
    const log = await logOf(matter);
    const again = () => visit(matter);
    const has = (kind) => log.filter((e) => e.kind === kind);
    const f = sheet.facts;
    const fact = (label, value) => (value ? [el("dt", {}, label), el("dd", {}, value)] : []);
    const words = el("textarea", { rows: 3, maxLength: 1000 });
    const remark = el("textarea", { rows: 2, maxLength: 1000 });
    const text = (area, kind) => async () => {
      if (!area.value.trim()) throw new Error(t("请先填写内容", "Write something first"));
      await write(matter, kind, { text: area.value.trim() });
    };
    const finish = async () => {
      const open = sheet.items.filter((i) => !standing(log, i.id));
      if (open.length) throw new Error(t(`还有 ${open.length} 项未填：${open[0].title.zh}`, `${open.length} point(s) are open: ${open[0].title.en}`));
      for (const [side, who] of [["officer", t("检查人员", "the officers")], ["firm", t("被检查单位", "the firm")]]) {
        if (!log.some((e) => e.kind === "signature" && e.body.side === side)) throw new Error(t(`缺少${who}签名`, `The signature of ${who} is missing`));
      }
      if (!has("departure").length) await write(matter, "departure", {});
      await write(matter, "finish", {});
    };
    const times = [...has("arrival"), ...has("departure")].map((e) => `${e.kind === "arrival" ? t("到达", "arrived") : t("离开", "left")} ${new Date(JSON.parse(e.text).at).toLocaleTimeString()}`);
    const over = has("finish").length > 0;
    show(el("p", {}, button(t("返回", "Back"), home, null, true)),
      el("section", { className: "card" }, el("h2", {}, sheet.title[zh ? "zh" : "en"]),
        el("dl", { className: "facts" }, ...fact(t("地址", "Address"), f.address), ...fact(t("许可", "Licences"), (f.licences ?? []).join(t("；", "; "))), ...fact(t("风险等级", "Grade"), f.grade),
          ...fact(t("以往", "Earlier"), (f.earlier ?? []).map((x) => `${x.on} ${x.text}`).join(t("；", "; ")))),
        times.length ? el("p", {}, times.join(" · ")) : null,
        has("arrival").length ? null : button(t("到达", "Arrived"), () => write(matter, "arrival", {}), again), " ",
        log.length ? null : button(t("退回，不由本机办理", "Give it back"), async () => {
          await session();
          await ask(`/desk/field/back/${me.id}/${matter}`, "{}");
          await forget(matter);
        }, home, true)),
      over ? el("p", {}, t("已完成。联网后点“同步”。", "Finished. Synchronise when there is signal.")) : el("section", { className: "checklist" }, ...sheet.items.map((i, n) => point(matter, i, n, log))),
      el("section", { className: "card" }, el("h2", {}, t("被检查单位意见", "What the firm says")), ...has("reply").map((e) => el("p", {}, e.body.text)), over ? null : labelled(t("意见", "Its words"), words), over ? null : button(t("记录意见", "Enter"), text(words, "reply"), again)),
      el("section", { className: "card" }, el("h2", {}, t("其他问题", "Anything else found")), ...has("note").map((e) => el("p", {}, e.body.text)), over ? null : labelled(t("记录", "Note"), remark), over ? null : button(t("添加记录", "Add"), text(remark, "note"), again)),
      over ? "" : sign(matter, "officer", t("检查人员签名", "Officers"), log, again),
      over ? "" : sign(matter, "firm", t("被检查单位签名", "The firm"), log, again),
      over ? "" : el("p", {}, button(t("完成检查", "Finish"), finish, again)));
    scrollTo(0, 0);
  };

  const start = async () => {
    me = await get("meta", "device");
    if (!me) await enrolPage();
    else if (key) await home();
    else unlockPage();
  };
  const signal = () => { line.textContent = navigator.onLine ? t("联网", "on line") : t("无信号", "no signal"); };
  addEventListener("online", signal);
  addEventListener("offline", signal);
  signal();
  if (!crypto.subtle || !("indexedDB" in window)) {
    show(el("p", {}, t("浏览器过旧，或未用安全连接打开，不能离线工作。", "This browser is too old, or the connection is not secure; it cannot work without signal.")));
    return;
  }
  navigator.serviceWorker?.register("/field/sw.js", { scope: "/field/" }).catch(() => {});
  open().then((d) => { db = d; return start(); }).catch((e) => say(e.message, true));
})();
