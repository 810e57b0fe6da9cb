import type { Recognition } from '@digitlens/recognizer';
import { describe, expect, it } from 'vitest';
import { csvOf, jsonOf } from '../src/app/exports';

const box = { xmin: 1.23456, ymin: 2, xmax: 3, ymax: 4 };
const findings = {
  detections: [{ class: '7', score: 0.5, box }],
  numbers: [{ text: '7', score: 0.5, box }],
};
const photo = { width: 20, height: 10 } as Recognition;

describe('exports', () => {
  it('writes the columns that training reads, and the score', () => {
    expect(csvOf('a.jpg', photo, findings)).toBe(
      'filename,width,height,class,xmin,ymin,xmax,ymax,score\r\na.jpg,20,10,7,1.2346,2,3,4,0.5\r\n',
    );
  });

  it.each([
    ['a,"b".jpg', '"a,""b"".jpg"'],
    ['=1+1.jpg', "'=1+1.jpg"],
  ])('writes the file name %s as %s', (name, cell) => {
    expect(csvOf(name, photo, findings).split('\r\n')[1].startsWith(`${cell},20`)).toBe(true);
  });

  it('writes JSON with lines, numbers and detections', () => {
    expect(JSON.parse(jsonOf('a.jpg', photo, findings))).toEqual({
      filename: 'a.jpg',
      width: 20,
      height: 10,
      lines: ['7'],
      ...findings,
    });
  });
});
