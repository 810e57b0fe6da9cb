import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const folder = new URL('../src/app/', import.meta.url);
const templates = readdirSync(folder).filter((name) => name.endsWith('.html'));

/** What is left of a template without control flow, comments, bindings and tags: what a visitor would read as it is. */
function wordsIn(template: string): string {
  return template
    .replace(/<!--.*?-->/gs, '')
    .replace(/\{\{.*?\}\}/gs, '')
    .replace(/<[^>]*?"[^"]*>[^"]*"[^>]*>/gs, '')
    .replace(/<[a-z/](?:"[^"]*"|[^">])*>/gs, '')
    .replace(/@\w+(?: if)?\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*\{|@\w+\s*\{|\}/gs, '')
    .trim();
}

describe('templates', () => {
  it.each(templates)('%s holds no words: they are in text.ts', (name) => {
    const left = wordsIn(readFileSync(new URL(name, folder), 'utf8'));
    expect(left.match(/\p{Letter}{2,}/gu) ?? []).toEqual([]);
  });

  it.each(templates)('%s labels nothing with fixed words', (name) => {
    const template = readFileSync(new URL(name, folder), 'utf8');
    expect(template.match(/\s(?:aria-label|alt|title|placeholder)="[^"]+"/g) ?? []).toEqual([]);
  });
});
