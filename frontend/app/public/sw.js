// @ts-check
/**
 * Serves one release of the page from this device, offline too.
 *
 * The page registers sw.js?release=R, R being the first 16 hex digits of the SHA-256 of build.json, which lists every file
 * of the site with its SHA-256. Installing brings all of R's files that a visit needs, each checked, or fails as a whole:
 * releases are never mixed. A newer release installs beside this one and waits until the visitor asks for it.
 */

const worker = /** @type {any} */ (self);
const scope = worker.registration.scope;
const release = new URL(worker.location.href).searchParams.get('release') ?? '';
const PREFIX = 'digitlens-release-';
const NAME = PREFIX + release;
const LIST = 'build.json';
/** Photos that the page has not fetched yet, see src/app/intake.ts. */
const SHARED = 'shared-photos';
/** Never needed to read a photo. */
const UNNEEDED =
  /^(404\.html|robots\.txt|sw\.js|preview\.png|.*\.LEGAL\.txt|3rdpartylicenses\.txt|icons\/.*)$/;
/** What the recognizer keeps by itself, by what it contains: see recognizer/src/loading/store.ts. */
const MODEL = /^model\/(?!manifest\.json$)/;
const MODEL_STORE = `recognizer ${scope}model/manifest.json`;
/** Parts of the recognizer that most devices don't load: kept where this one has. */
const OPTIONAL = /^recognizer\/(webgpu|webgl|cpu|.*\.wasm$)/;

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(removeOld()));
worker.addEventListener('message', (event) => {
  if (event.data === 'take over') worker.skipWaiting();
});
worker.addEventListener('fetch', (event) => {
  if (isShared(event.request)) {
    event.respondWith(takeShared(event.request));
    return;
  }
  const path = pathOf(event.request);
  if (path !== undefined) event.respondWith(answer(event.request, path));
});

// The page lists every request; those of this worker are not in its own record.
const channel = new BroadcastChannel('service-worker-requests');
new PerformanceObserver((list) => {
  for (const { name, transferSize } of /** @type {any[]} */ (list.getEntries())) {
    channel.postMessage({ name, transferSize });
  }
}).observe({ type: 'resource', buffered: true });

/** Whether another program gives photos to the installed page, see manifest.webmanifest. */
function isShared({ method, url }) {
  return method === 'POST' && url === `${scope}share`;
}

/** Leaves the photos where the page finds them, and shows the page. They go no further. */
async function takeShared(request) {
  const form = await request.formData();
  await caches.delete(SHARED);
  const cache = await caches.open(SHARED);
  const files = form.getAll('photos').filter((file) => file instanceof File);
  await Promise.all(
    files.map((file, index) => {
      const headers = { 'content-type': file.type || 'application/octet-stream' };
      const key = `shared/${String(index)}/${encodeURIComponent(file.name || 'shared.jpg')}`;
      return cache.put(key, new Response(file, { headers }));
    }),
  );
  return Response.redirect(`${scope}?shared`, 303);
}

/** The path of a request that this release may answer. */
function pathOf(request) {
  if (request.method !== 'GET' || !request.url.startsWith(scope)) return undefined;
  // Part of a file that is on its way already.
  if (request.headers.has('range')) return undefined;
  const url = new URL(request.url);
  const path = url.pathname.slice(new URL(scope).pathname.length);
  if (request.mode === 'navigate')
    return ['', 'index.html'].includes(path) ? 'index.html' : undefined;
  return path === LIST || path === 'sw.js' || MODEL.test(path) ? undefined : path;
}

async function answer(request, path) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(path);
  if (kept) return kept;
  const list = await cache.match(LIST);
  const file = list && (await list.json()).files.find((entry) => entry.path === path);
  // A tab that shows the release before asks for that one's files, whose names carry their hashes.
  if (!file) return (await caches.match(request)) ?? fetch(request);
  const response = await fetch(request);
  if (!response.ok) return response;
  if ((await sha256(await response.clone().arrayBuffer())) !== file.sha256) return Response.error();
  await cache.put(path, response.clone()).catch(() => undefined);
  return response;
}

async function install() {
  try {
    const before = await pathsOfOthers();
    const cache = await caches.open(NAME);
    const list = await fetch(LIST, { cache: 'no-store' });
    const bytes = await list.clone().arrayBuffer();
    if (!(await sha256(bytes)).startsWith(release))
      throw new Error(`${LIST} is of another release`);
    const { files } = await list.clone().json();
    await Promise.all(
      files.filter(({ path }) => !UNNEEDED.test(path)).map((file) => keep(cache, file, before)),
    );
    await cache.put(LIST, list);
  } catch (error) {
    await caches.delete(NAME);
    throw error;
  }
}

/** Files that the visit has fetched are taken from the browser's cache: nothing is fetched twice. */
async function keep(own, { path, sha256: expected }, before) {
  const isModel = MODEL.test(path);
  const cache = isModel ? await caches.open(MODEL_STORE) : own;
  const key = isModel ? `model/recognizer-store/${expected}` : path;
  if (await cache.match(key)) return;
  const response = (await cached(path)) ?? (isWanted(path, before) ? await fetch(path) : undefined);
  if (!response) return;
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  if ((await sha256(await response.clone().arrayBuffer())) !== expected) {
    throw new Error(`${path} is of another release`);
  }
  await cache.put(key, response);
}

/** From the browser's cache; only names with a hash are sure to be current. */
async function cached(path) {
  if (!/[-.][0-9A-Za-z]{8,16}\.\w+$/.test(path)) return undefined;
  try {
    const response = await fetch(path, { cache: 'only-if-cached', mode: 'same-origin' });
    return response.ok ? response : undefined;
  } catch {
    return undefined;
  }
}

function isWanted(path, before) {
  return !OPTIONAL.test(path) || before.has(stemOf(path));
}

/** The name without its hash, which changes from release to release. */
function stemOf(path) {
  return path.replace(/-[0-9A-Za-z]{8,16}(?=\.\w+$)/, '');
}

async function pathsOfOthers() {
  const stems = new Set();
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX)) continue;
    for (const { url } of await (await caches.open(name)).keys()) {
      stems.add(stemOf(url.slice(scope.length)));
    }
  }
  return stems;
}

/** All but this release and the one before, which other tabs may still show. */
async function removeOld() {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME);
  await Promise.all(names.slice(0, -1).map((name) => caches.delete(name)));
}

async function sha256(bytes) {
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
