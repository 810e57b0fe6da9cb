import { describe, expect, it } from 'vitest';
import { named } from '../src/app/files';
import { kindOf } from '../src/app/refusals';

describe('kindOf', () => {
  it.each([
    ['film', 'a.mp4', '\0\0\0\x18ftypmp42'],
    ['film', 'a.mov', '\0\0\0\x14ftypqt  '],
    ['film', 'a.webm', '\x1a\x45\xdf\xa3\x9f'],
    ['film', 'a.avi', 'RIFF\0\0\0\0AVI LIST'],
    ['film', 'a.mpg', '\0\0\x01\xba'],
    ['pdf', 'a.jpg', '%PDF-1.7'],
    ['drawing', 'a.svg', '\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns="x">'],
    ['drawing', 'a.svg', '<svg>'],
    ['webpage', 'a.jpg', '<!DOCTYPE html><html>'],
    ['document', 'a.docx', 'PK\x03\x04'],
    ['raw', 'a.NEF', 'II*\0'],
    [undefined, 'a.heic', '\0\0\0\x18ftypheic'],
    [undefined, 'a.avif', '\0\0\0\x18ftypavif'],
    [undefined, 'a.tiff', 'II*\0'],
    [undefined, 'a.jpg', 'words'],
    [undefined, 'a.xml', '<?xml version="1.0"?><html>'],
  ])('finds %s in %s', async (kind, name, head) => {
    const bytes = Uint8Array.from(head, (letter) => letter.charCodeAt(0));
    expect(await kindOf(new File([bytes], name))).toBe(kind);
  });

  it('knows a file that is gone', async () => {
    const file = new File(['x'], 'a.jpg');
    file.slice = () => {
      throw new DOMException('gone', 'NotFoundError');
    };
    expect(await kindOf(file)).toBe('gone');
  });
});

describe('named', () => {
  it.each([
    ['camera.jpg', [], 'camera.jpg'],
    ['camera.jpg', ['camera.jpg'], 'camera-2.jpg'],
    ['camera.jpg', ['camera.jpg', 'camera-2.jpg'], 'camera-3.jpg'],
    ['noending', ['noending'], 'noending-2'],
    ['.jpg', ['.jpg'], '.jpg-2'],
    ['a.b.png', ['a.b.png'], 'a.b-2.png'],
  ])('gives %s, where there are %j, the name %s', (name, taken, own) => {
    expect(named(new File([], name), new Set(taken)).name).toBe(own);
  });
});
