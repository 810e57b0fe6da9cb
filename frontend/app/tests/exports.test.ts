import type { Recognition } from '@digitlens/recognizer';
import { describe, expect, it } from 'vitest';
import { fileOf, fileOfAll, type Read } from '../src/app/exports';

const box = { xmin: 1.23456, ymin: 2, xmax: 3, ymax: 4 };
const findings = {
  detections: [{ class: '7', score: 0.5, box }],
  lines: ['7'],
  numbers: [{ text: '7', score: 0.5, box }],
  rows: [],
};
const model = { classes: ['7'], reading: 'lines' as const };
const recognition = { width: 20, height: 10 } as Recognition;
const HEAD = 'filename,width,height,class,xmin,ymin,xmax,ymax\r\n';

function readOn(filename: string): Read {
  return { filename, recognition, findings };
}

async function textOf(kind: 'json' | 'csv', filename: string): Promise<string> {
  return (await fileOf(kind, new File([], filename), readOn(filename), model)).text();
}

describe('exports', () => {
  it('writes the columns that training reads', async () => {
    expect(await textOf('csv', 'a.jpg')).toBe(`${HEAD}a.jpg,20,10,7,1.2346,2,3,4\r\n`);
  });

  it.each([
    ['a,"b".jpg', '"a,""b"".jpg"'],
    ['=1+1.jpg', "'=1+1.jpg"],
    ['+a.jpg', "'+a.jpg"],
    ['-1.jpg', "'-1.jpg"],
    ['@a.jpg', "'@a.jpg"],
    ["'=a.jpg", "''=a.jpg"],
    ["'a.jpg", "'a.jpg"],
  ])('writes the file name %s as %s', async (name, cell) => {
    expect((await textOf('csv', name)).startsWith(`${HEAD}${cell},20`)).toBe(true);
  });

  it('leaves a class that is a single sign as it is', async () => {
    const minus = { ...findings, detections: [{ class: '-', score: 0.5, box }] };
    const table = fileOfAll('csv', [{ filename: 'a.jpg', recognition, findings: minus }]);
    expect(await table.text()).toBe(`${HEAD}a.jpg,20,10,-,1.2346,2,3,4\r\n`);
  });

  it('gives a photo without finds a row whose last five fields are empty', async () => {
    const nothing = {
      filename: 'b.jpg',
      recognition,
      findings: { lines: [], detections: [], numbers: [], rows: [] },
    };
    const table = fileOfAll('csv', [readOn('a.jpg'), nothing]);
    const rows = 'a.jpg,20,10,7,1.2346,2,3,4\r\nb.jpg,20,10,,,,,\r\n';
    expect(await table.text()).toBe(HEAD + rows);
  });

  const { lines, detections, numbers } = findings;
  const written = { width: 20, height: 10, lines, detections, numbers };

  it('writes JSON with lines, numbers and detections', async () => {
    expect(JSON.parse(await textOf('json', 'a.jpg'))).toEqual({ filename: 'a.jpg', ...written });
  });

  it('names a file after its photo', async () => {
    const made = await fileOf(
      'json',
      new File([], 'front.door.jpeg'),
      readOn('front.door.jpeg'),
      model,
    );
    expect([made.name, made.type]).toEqual(['front.door.json', 'application/json']);
  });

  it('does not take a name that is nothing but an ending for one', async () => {
    const made = await fileOf('json', new File([], '.jpg'), readOn('.jpg'), model);
    expect(made.name).toBe('.jpg.json');
  });

  it('writes several photos as one table, or as a list', async () => {
    const reads = [readOn('a.jpg'), readOn('b.jpg')];
    const rows = ['a', 'b'].map((name) => `${name}.jpg,20,10,7,1.2346,2,3,4\r\n`);
    expect(await fileOfAll('csv', reads).text()).toBe(HEAD + rows.join(''));
    expect(JSON.parse(await fileOfAll('json', reads).text())).toEqual([
      { filename: 'a.jpg', ...written },
      { filename: 'b.jpg', ...written },
    ]);
  });
});
