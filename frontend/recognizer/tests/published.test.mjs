/** The package as npm publishes it, in an empty project: its types, its files, its entry for Node. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const released = fileURLToPath(new URL('../../../models/digits/web_model', import.meta.url));
const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'));
let project;
let installed;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'project-'));
  installed = join(project, 'node_modules/@digitlens/recognizer');
  await mkdir(installed, { recursive: true });
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', project], {
    cwd: root,
  });
  const [{ filename }] = JSON.parse(stdout);
  await run('tar', ['-xzf', join(project, filename), '-C', installed, '--strip-components=1']);
  await writeFile(join(project, 'package.json'), '{"type": "module"}');
}, 60_000);

afterAll(() => rm(project, { recursive: true }));

/** What a module prints that is run in the project. */
async function printed(module) {
  await writeFile(join(project, 'main.js'), module);
  const { stdout } = await run(process.execPath, ['main.js'], { cwd: project });
  return stdout.trim();
}

const CALLER = `
  import { createRecognizer, ImageError, type PhotoSource, type Recognition } from '@digitlens/recognizer';
  import { createRecognizer as inNode } from '@digitlens/recognizer/node';
  import '@digitlens/recognizer/element';

  export async function read(photo: PhotoSource, signal?: AbortSignal): Promise<string> {
    const recognizer = await createRecognizer({
      modelUrl: new URL('model/manifest.json', 'https://site/'),
      onProgress: ({ loaded, total }) => console.log(loaded / total),
      ...(signal && { signal }),
    });
    const recognition: Recognition = await recognizer.recognize(photo, { minScore: 0.5, looks: 1 });
    // @ts-expect-error: a type that is any in silence would take it
    const wrong: boolean = recognition.detections;
    const pixels = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 as const };
    const { numbers } = await (await inNode({ model: 'model' })).recognize(pixels);
    return [...recognition.numbers, ...numbers].map(({ text }) => text).join(String(wrong));
  }
  export const reasonOf = (error: ImageError): string | undefined => error.format ?? error.reason;
  export const element: HTMLElementTagNameMap['digit-reader'] = document.createElement('digit-reader');
`;

describe('the published package', () => {
  it.each(['nodenext', 'node16', 'bundler'])(
    'has types under %s, strict',
    async (resolution) => {
      await writeFile(join(project, 'caller.ts'), CALLER);
      const options = {
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        skipDefaultLibCheck: true,
        noEmit: true,
        target: 'es2022',
        lib: ['es2022', 'dom', 'dom.iterable'],
        module: resolution === 'bundler' ? 'esnext' : resolution,
        moduleResolution: resolution,
        types: [],
      };
      const config = { compilerOptions: options, files: ['caller.ts'] };
      await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config));
      const report = await run(process.execPath, [tsc], { cwd: project }).catch((error) => error);
      expect(report.stdout).toBe('');
    },
    60_000,
  );

  it('needs no other, and brings its licence', async () => {
    const text = await readFile(join(installed, 'package.json'), 'utf8');
    const { dependencies, exports, repository } = JSON.parse(text);
    expect(dependencies).toBeUndefined();
    // Where it comes from is written by `./inv project.rename --repository`, and invented nowhere.
    expect(repository?.directory ?? 'frontend/recognizer').toBe('frontend/recognizer');
    expect(exports['./package.json']).toBe('./package.json');
    const licence = fileURLToPath(new URL('../../../LICENSE', import.meta.url));
    expect(await readFile(join(installed, 'LICENSE'), 'utf8')).toBe(
      await readFile(licence, 'utf8'),
    );
  });

  it('copies what a site serves, over an earlier version and over nothing else', async () => {
    const copy = (folder) =>
      run(process.execPath, [join(installed, 'bin/files.mjs'), folder], { cwd: project });
    await copy('public/worker');
    await copy('public/worker/');
    const { worker } = JSON.parse(await readFile(join(installed, 'dist/assets.json'), 'utf8'));
    const files = await readdir(join(project, 'public/worker'));
    expect(files).toEqual(await readdir(join(installed, 'dist/worker')));
    expect(await readFile(join(project, 'public/worker/worker.js'), 'utf8')).toContain(worker);
    await expect(copy('public')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('holds other files'),
    });
    await expect(copy('--help')).rejects.toMatchObject({ code: 2 });
  });

  it('says in Node which entry is meant', async () => {
    const message = await printed(`
      import { createRecognizer } from '@digitlens/recognizer';
      createRecognizer({ modelUrl: 'model/manifest.json' }).catch((error) => console.log(error.name, error.message));
    `);
    expect(message).toMatch(/^RequestError .*@digitlens\/recognizer\/node/);
  });

  it('reads pixels in Node', async () => {
    const [found, refused] = JSON.parse(
      await printed(`
        import { createRecognizer } from '@digitlens/recognizer/node';
        const recognizer = await createRecognizer({ model: ${JSON.stringify(released)} });
        const [width, height] = [64, 48];
        const data = new Uint8Array(width * height * 4).fill(200);
        const found = await recognizer.recognize({ data, width, height, channels: 4 }, { looks: 1 });
        const wrong = [
          () => recognizer.recognize({ data, width, height, channels: 3 }),
          () => recognizer.recognize(),
          () => recognizer.recognize({ data, width, height, channels: 4 }, { minScore: 5 }),
          () => createRecognizer({ model: 'nowhere' }),
          () => createRecognizer({}),
          () => createRecognizer({ modell: 'x' }),
        ];
        const refused = [];
        for (const call of wrong) refused.push(await call().catch(({ name, message }) => name + ': ' + message));
        recognizer.close();
        console.log(JSON.stringify([found, refused]));
      `),
    );
    expect(found).toMatchObject({ detections: [], numbers: [], looks: 1 });
    expect(refused).toEqual([
      expect.stringMatching(/^RequestError: Pixels are/),
      expect.stringMatching(/^RequestError: Pixels are/),
      expect.stringMatching(/^RequestError: recognize: minScore is 5/),
      expect.stringMatching(/^DownloadError: nowhere.manifest.json can't be read/),
      expect.stringMatching(/^RequestError: model is missing/),
      expect.stringMatching(/^RequestError: createRecognizer has no option modell; it takes model/),
    ]);
  });
});
