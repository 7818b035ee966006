// The script of every page but the field's own. Every page works without it; it adds nine comforts:
// a menu that closes by itself, fragments that load when they come into view, figures that move while their assumptions are changed,
// fields that show with the answer they depend on, names offered while somebody types, pictures made smaller before upload, barcodes read by the camera,
// tables that sort, and a guard against double submits.
(() => {
  // The open menu closes with Escape, and when something else is pressed.
  const more = document.querySelector(".top .more");
  addEventListener("keydown", (e) => { if (e.key === "Escape" && more?.open) { more.open = false; more.querySelector("summary").focus(); } });
  addEventListener("pointerdown", (e) => { if (more?.open && !more.contains(e.target)) more.open = false; });

  const load = async (el) => {
    el.setAttribute("aria-busy", "true");
    try {
      const reply = await fetch(el.dataset.island, { headers: { "X-Fragment": "1" }, credentials: "same-origin" });
      if (reply.ok) el.innerHTML = await reply.text();
    } finally {
      el.removeAttribute("aria-busy");
    }
  };
  const seen = new IntersectionObserver((entries) => {
    for (const e of entries) if (e.isIntersecting) { seen.unobserve(e.target); load(e.target); }
  }, { rootMargin: "200px" });
  document.querySelectorAll("[data-island]").forEach((el) => seen.observe(el));

  // A form of assumptions moves the figures as it is filled in; a question that is overtaken by the next is dropped.
  document.querySelectorAll("form[data-moves]").forEach((form) => {
    let waiting, asked;
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(async () => {
        const target = document.querySelector(form.dataset.moves);
        if (!target) return;
        asked?.abort();
        const mine = asked = new AbortController();
        target.setAttribute("aria-busy", "true");
        try {
          const reply = await fetch(form.dataset.from + "?" + new URLSearchParams(new FormData(form)), { headers: { "X-Fragment": "1" }, credentials: "same-origin", signal: mine.signal });
          if (reply.ok) target.innerHTML = await reply.text();
        } catch { /* overtaken, or no signal: the figures stay as they were */ } finally {
          if (asked === mine) target.removeAttribute("aria-busy");
        }
      }, 150);
    });
  });

  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (form.dataset.sent) return e.preventDefault();
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
    setTimeout(() => { delete form.dataset.sent; form.removeAttribute("aria-busy"); }, 8000);
  });

  // A field that depends on an answer shows with that answer only; the server ignores it otherwise.
  const depend = (form) => {
    const given = new FormData(form);
    for (const el of form.querySelectorAll("[data-when]")) {
      const [name, answer] = el.dataset.when.split("=");
      el.hidden = !given.getAll(name).includes(answer);
    }
  };
  const depending = new Set([...document.querySelectorAll("[data-when]")].map((el) => el.closest("form")));
  for (const form of depending) {
    depend(form);
    form.addEventListener("change", () => depend(form));
  }

  // A field that names an operator, a lot, a product or a colleague offers what the typed text may mean. Without script the
  // server looks the text up when the form is sent.
  document.querySelectorAll("[data-lookup]").forEach((box) => {
    const input = box.querySelector("input:not([type=hidden]):not([type=radio])");
    const list = Object.assign(document.createElement("ul"), { className: "offers", hidden: true, id: `${input.id}-offers` });
    list.setAttribute("role", "listbox");
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]])
      input.setAttribute(name, value);
    input.after(list);
    let wait, asked = 0, at = -1;
    const show = (open) => { list.hidden = !open; input.setAttribute("aria-expanded", String(open)); if (!open) mark(-1); };
    const mark = (n) => {
      at = n;
      [...list.children].forEach((li, i) => li.setAttribute("aria-selected", String(i === n)));
      if (n < 0) input.removeAttribute("aria-activedescendant");
      else { input.setAttribute("aria-activedescendant", list.children[n].id); list.children[n].scrollIntoView({ block: "nearest" }); }
    };
    const forget = () => box.querySelectorAll("fieldset, input[type=hidden]").forEach((el) => el.remove());
    const choose = (li) => {
      input.value = li.dataset.text;
      forget();
      if (li.dataset.value) for (const [part, value] of [["pick", li.dataset.value], ["for", input.value]])
        box.append(Object.assign(document.createElement("input"), { type: "hidden", name: `${input.name}.${part}`, value }));
      show(false);
    };
    const ask = async () => {
      const mine = ++asked;
      const reply = await fetch(`/lookup/${box.dataset.lookup}?q=${encodeURIComponent(input.value.trim())}`, { credentials: "same-origin" }).catch(() => null);
      if (!reply?.ok || mine !== asked) return;
      list.innerHTML = await reply.text();
      [...list.children].forEach((li, i) => { li.id = `${list.id}-${i}`; });
      show(list.children.length > 0);
    };
    input.addEventListener("input", () => {
      forget();
      clearTimeout(wait);
      if (input.value.trim().length < 2) { asked++; show(false); } else wait = setTimeout(ask, 200);
    });
    input.addEventListener("keydown", (e) => {
      if (list.hidden) return;
      const n = list.children.length;
      if (e.key === "ArrowDown") mark((at + 1) % n);
      else if (e.key === "ArrowUp") mark(at > 0 ? at - 1 : n - 1);
      else if (e.key === "Enter" && at >= 0) choose(list.children[at]);
      else if (e.key === "Escape") show(false);
      else return;
      e.preventDefault();
    });
    list.addEventListener("pointerdown", (e) => { const li = e.target.closest("li"); if (li) { e.preventDefault(); choose(li); } });
    input.addEventListener("blur", () => show(false));
  });

  // A phone photograph of 5 MB becomes about 300 kB: 1600 pixels are enough to read a label. Other files go up as they are.
  const smaller = async (file) => {
    if (!file.type.startsWith("image/") || file.size < 500000) return file;
    try {
      const picture = await createImageBitmap(file);
      const scale = Math.min(1, 1600 / Math.max(picture.width, picture.height));
      const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.82));
      return blob ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }) : file;
    } catch { return file; /* the original goes up instead */ }
  };
  document.addEventListener("change", async (e) => {
    const input = e.target;
    if (!(input instanceof HTMLInputElement) || input.type !== "file" || !input.dataset.shrink) return;
    const chosen = [...input.files];
    const sent = await Promise.all(chosen.map(smaller));
    if (sent.every((file, i) => file === chosen[i])) return;
    const list = new DataTransfer();
    sent.forEach((file) => list.items.add(file));
    input.files = list.files;
  });

  // A table that is on the page with all its rows sorts by any column; lists of several pages are sorted by the server.
  const paged = document.querySelector('a[rel="next"]') || /[?&]after=/.test(location.search);
  const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const sortable = (table) => {
    const body = table.tBodies[0], heads = [...(table.tHead?.rows[0]?.cells ?? [])];
    if (!body || body.rows.length < 3 || heads.some((th) => th.querySelector("a"))) return;
    heads.forEach((th, at) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "sort" });
      button.append(...th.childNodes);
      th.append(button);
      button.addEventListener("click", () => {
        const down = th.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        th.setAttribute("aria-sort", down ? "descending" : "ascending");
        const text = (row) => row.cells[at]?.innerText.trim() ?? "";
        const rows = [...body.rows].sort((a, b) => order.compare(text(a), text(b)));
        body.append(...(down ? rows.reverse() : rows));
      });
    });
  };
  if (!paged) document.querySelectorAll("main table.cards").forEach(sortable);

  document.querySelectorAll("[data-geolocate]").forEach((button) => {
    button.hidden = !navigator.geolocation;
    button.addEventListener("click", () => navigator.geolocation.getCurrentPosition((p) => {
      const target = document.getElementById(button.dataset.geolocate);
      target.value = p.coords.latitude.toFixed(5) + "," + p.coords.longitude.toFixed(5);
    }));
  });

  // The camera reads a code into a field; where a button follows that reads it on the server, that is pressed.
  document.querySelectorAll("[data-scan]").forEach((button) => {
    button.hidden = !("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia;
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.scan);
      const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
      const stop = (stream) => { stream?.getTracks().forEach((t) => t.stop()); video.remove(); button.disabled = false; };
      let stream;
      try {
        button.disabled = true;
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
        video.srcObject = stream;
        video.className = "scanner";
        button.after(video);
        await video.play();
        const detector = new BarcodeDetector();
        const until = Date.now() + 60000;
        while (Date.now() < until && video.isConnected) {
          const [code] = await detector.detect(video);
          if (code) {
            field.value = code.rawValue;
            field.form.querySelector('button[name="do"][value="read"]')?.click();
            break;
          }
          await new Promise((next) => setTimeout(next, 150));
        }
      } catch { field.focus(); } finally { stop(stream); }
    });
  });
})();
