/**
 * What Firebase Hosting puts before a site and its emulator doesn't: TLS, HTTP/2, and the smallest of identity, gzip and
 * brotli that the browser takes, for files of any type (a maintainer's words in firebase-tools, issue 4119).
 *
 *     node front.mjs ORIGIN CHAIN.pem DESCRIPTOR
 *
 * Listens on the socket that it inherits as DESCRIPTOR. Prints {}, then a line per answer: {"path", "status", "encoding",
 * "raw", "sent", "start"}, bytes of the body on disk and as sent, seconds since 1970. Files are compressed once, as they
 * lie ready at the real service.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const [origin, chain, descriptor] = process.argv.slice(2);
const pem = readFileSync(chain);

/** Which quality Hosting uses isn't published: gzip as its client uploads it, brotli below its best. */
const CODINGS = {
  br: promisify((data, done) =>
    zlib.brotliCompress(data, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 9 } }, done),
  ),
  gzip: promisify((data, done) => zlib.gzip(data, { level: 9 }, done)),
};
/** HTTP/2 has none of these; the lengths and codings are ours. */
const NOT_FORWARDED = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'transfer-encoding',
]);
const compressed = new Map();

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function smallest(body, accepted) {
  const names = Object.keys(CODINGS).filter((name) => accepted.split(/[\s,]+/).includes(name));
  const hash = createHash('sha256').update(body).digest('hex');
  let best = { encoding: 'identity', data: body };
  for (const name of names) {
    const key = `${name} ${hash}`;
    if (!compressed.has(key)) compressed.set(key, CODINGS[name](body));
    const data = await compressed.get(key);
    if (data.length < best.data.length) best = { encoding: name, data };
  }
  return best;
}

function fetched(request) {
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(
      ([name]) => !name.startsWith(':') && name !== 'accept-encoding',
    ),
  );
  return new Promise((resolve, reject) => {
    const asked = http.request(
      origin + request.url,
      { method: request.method, headers: { ...headers, host: new URL(origin).host }, agent: false },
      (answer) => {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('end', () => resolve({ answer, body: Buffer.concat(chunks) }));
        answer.on('error', reject);
      },
    );
    asked.on('error', reject);
    request.pipe(asked);
  });
}

async function serve(request, response) {
  const start = Date.now() / 1000;
  const { answer, body } = await fetched(request);
  const { encoding, data } = await smallest(body, String(request.headers['accept-encoding'] ?? ''));
  response.statusCode = answer.statusCode;
  for (const [name, value] of Object.entries(answer.headers)) {
    if (!NOT_FORWARDED.has(name)) response.setHeader(name, value);
  }
  response.setHeader('vary', 'accept-encoding');
  if (encoding !== 'identity') response.setHeader('content-encoding', encoding);
  if (answer.statusCode !== 304) response.setHeader('content-length', data.length);
  // Before the browser can have it: who waits for the page knows every answer.
  say({
    path: request.url,
    status: answer.statusCode,
    encoding,
    raw: body.length,
    sent: data.length,
    start,
  });
  response.end(data);
}

const server = http2.createSecureServer(
  { key: pem, cert: pem, allowHTTP1: true },
  (request, response) => {
    serve(request, response).catch((error) => {
      process.stderr.write(`${request.url}: ${error.message}\n`);
      response.statusCode = 502;
      response.end();
    });
  },
);
server.listen({ fd: Number(descriptor) }, () => say({}));
process.on('SIGTERM', () => process.exit());
