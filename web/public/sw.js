/**
 * Keeps the page and its files on the device, so that it opens without a network. It keeps nothing of what
 * people wrote: the page itself does that, and forgets it when they sign out.
 */
const name = "plaza-1";
/** How long a slow network may take before the kept page is shown. */
const patienceMs = 4_000;

self.addEventListener("install", (event) => {
  event.waitUntil(keepAll().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

/** The page says that it came from the network. Then there may be new files. */
self.addEventListener("message", (event) => {
  if (event.data === "keep") event.waitUntil(keepAll());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (url.pathname.startsWith("/assets/") || url.pathname === "/icon.svg")
    event.respondWith(file(request));
});

/** The newest page, or the kept one. Every address has the same page. */
async function page(request) {
  const kept = caches.match("/");
  try {
    return await fetch(request, (await kept) && { signal: AbortSignal.timeout(patienceMs) });
  } catch (error) {
    const answer = await kept;
    if (answer) return answer;
    throw error;
  }
}

/** Files have their hash in the name, so a kept one is right. */
async function file(request) {
  return (await caches.match(request)) ?? fetch(request);
}

/** Keeps the page and every file of this build, and drops those of earlier builds. */
async function keepAll() {
  const cache = await caches.open(name);
  const [answer, list] = await Promise.all([
    fetch("/", { cache: "no-cache" }),
    fetch("/files.json", { cache: "no-cache" }),
  ]);
  if (!answer.ok || !list.ok) return;
  const wanted = Object.values(await list.json()).flatMap(({ file, css = [] }) => [file, ...css]);
  const paths = new Set([
    "/icon.svg",
    ...wanted.map((path) => `/${path}`).filter((path) => path.startsWith("/assets/")),
  ]);
  const known = new Map((await cache.keys()).map((request) => [new URL(request.url).pathname, request]));
  await cache.addAll([...paths].filter((path) => !known.has(path)));
  await cache.put("/", answer);
  for (const [path, request] of known) if (path !== "/" && !paths.has(path)) await cache.delete(request);
}
