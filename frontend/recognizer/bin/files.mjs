#!/usr/bin/env node
/**
 * `npx recognizer-files FOLDER` copies what a site serves as it is, the worker and all that it loads, into FOLDER, in place
 * of an earlier version: files keep their names, since they name each other.
 */
import { cp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const worker = fileURLToPath(new URL('../dist/worker', import.meta.url));
const [folder, ...rest] = process.argv.slice(2);

/** Whether a folder may be replaced: it isn't there, it is empty, or it holds another version of the same. */
async function isOurs(path) {
  try {
    const names = await readdir(path);
    if (names.length === 0) return true;
    return /^import '\.\/worker-\w+\.js';/.test(await readFile(join(path, 'worker.js'), 'utf8'));
  } catch (error) {
    return error.code === 'ENOENT' && !error.path.endsWith('worker.js');
  }
}

if (folder === undefined || folder.startsWith('-') || rest.length > 0) {
  process.stderr.write(
    'usage: recognizer-files FOLDER, one that your site serves, such as public/recognizer\n',
  );
  process.exitCode = 2;
} else if (!(await isOurs(folder))) {
  process.stderr.write(
    `error: ${folder} holds other files: name a folder of its own for the worker's\n`,
  );
  process.exitCode = 2;
} else {
  const partial = `${folder.replace(/[\\/]+$/, '')}.partial`;
  await rm(partial, { recursive: true, force: true });
  await cp(worker, partial, { recursive: true });
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
  process.stdout.write(
    `${folder}: the worker; give createRecognizer the address of its worker.js as workerUrl\n`,
  );
}
