import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BuildError, lean } from '../scripts/lean.mjs';
import { calledFrom, shrunk } from '../scripts/wasm.mjs';

const wasm = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));

describe('the build', () => {
  it('names an operation that TensorFlow.js does not have', () => {
    expect(() => lean(['AddV2', 'Dance', 'Sing'], [])).toThrow(BuildError);
    expect(() => lean(['AddV2', 'Dance', 'Sing'], [])).toThrow(/Dance, Sing/);
  });

  it('keeps of a WebAssembly file what the kernels call, and little else', async () => {
    const bytes = await readFile(`${wasm}/tfjs-backend-wasm-simd.wasm`);
    const called = await calledFrom(`${wasm}/kernels`, ['FusedConv2D', 'GatherV2']);
    const less = shrunk(bytes, called);
    const module = new WebAssembly.Module(less);
    const names = WebAssembly.Module.exports(module).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['FusedConv2D', 'Gather', 'malloc', 'memory']));
    expect(names).not.toContain('MaxPool');
    expect(less.length).toBeLessThan(bytes.length * 0.7);
  }, 60_000);
});
