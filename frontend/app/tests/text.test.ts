import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const folder = new URL('../src/', import.meta.url);
const files = ['app', 'desk'].flatMap((part) =>
  readdirSync(new URL(part, folder)).map((name) => `${part}/${name}`),
);
const templates = files.filter((name) => name.endsWith('.html'));
const code = files.filter(
  (name) => name.endsWith('.ts') && !['app/text.ts', 'desk/words.ts'].includes(name),
);

/** What workers, canvases and developers read. */
const NOT_READ = [
  'take over',
  'no canvas',
  'px sans-serif',
  'bold ',
  'en-GB',
  ' · ',
  'AVI ',
  '(min-width: 60rem)',
  'input, select, textarea, dialog',
  'button, summary, a, select',
  'button, summary',
];

/** Texts in code that hold words with spaces around them, or name a language. */
function textsIn(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isStringLiteralLike(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddleOrTemplateTail(node)
    ) {
      found.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('code.ts', source, ts.ScriptTarget.ES2022));
  return found.filter((text) =>
    /\p{Letter}{2}.*\s|\s.*\p{Letter}{2}|^[a-z]{2}-[A-Z]{2}$/u.test(text),
  );
}

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

describe('figures and names', () => {
  // Translators of browsers put elements of their own in the place of texts, which Angular then no longer reaches.
  it.each(templates)('%s binds what changes to elements of its own', (name) => {
    const template = readFileSync(new URL(name, folder), 'utf8');
    const bound = [...template.matchAll(/\{\{\s*(.*?)\s*\}\}/gs)].map(
      ([, expression]) => expression,
    );
    const constant =
      /^(?:text|words|page|keep|each|closeText|retryText|none|name|term|device|paragraph|stage)(?:\.\w+)*$/;
    expect(bound.filter((expression) => !constant.test(expression))).toEqual([]);
  });
});

describe('code', () => {
  it.each(code)('%s holds no words either', (name) => {
    const left = textsIn(readFileSync(new URL(name, folder), 'utf8'));
    expect(left.filter((text) => !NOT_READ.includes(text))).toEqual([]);
  });
});
