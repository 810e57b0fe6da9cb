/** Builds identity.mjs in the folder that is named, from app/: in Node, a manifest on stdin to what its page calls itself on stdout, as JSON. */
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const [folder] = process.argv.slice(2);

await build({
  stdin: {
    contents: `
      import { text as all } from 'node:stream/consumers';
      import { identityOf } from './identity';
      process.stdout.write(JSON.stringify(identityOf(JSON.parse(await all(process.stdin)))));
    `,
    resolveDir: at('../src/app'),
    loader: 'ts',
  },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  outfile: at(`../${folder}/identity.mjs`),
  logLevel: 'warning',
});
