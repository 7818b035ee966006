// Keeps the shell of the field pages on the phone. It stores no data and answers nothing outside /field/ but the hashed
// assets of the shell.
const FILES = __FILES__;
const CACHE = "field-" + FILES.filter((f) => f.startsWith("/assets/")).join("|");

self.addEventListener("install", (e) => {
  e.waitUntil(caches.open(CACHE).then((c) => c.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (e) => {
  const old = (names) => Promise.all(names.filter((n) => n.startsWith("field-") && n !== CACHE).map((n) => caches.delete(n)));
  e.waitUntil(caches.keys().then(old).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (e) => {
  const at = new URL(e.request.url);
  if (e.request.method !== "GET" || at.origin !== location.origin || !FILES.includes(at.pathname)) return;
  const kept = () => caches.match(at.pathname, { cacheName: CACHE });
  // hashed files never change; the shell is asked for first, so that a new version arrives when there is signal
  if (at.pathname.startsWith("/assets/")) e.respondWith(kept().then((r) => r ?? fetch(e.request)));
  else e.respondWith(fetch(e.request).then((r) => {
    if (r.ok) { const copy = r.clone(); e.waitUntil(caches.open(CACHE).then((c) => c.put(at.pathname, copy))); }
    return r;
  }).catch(() => kept().then((r) => r ?? Response.error())));
});
