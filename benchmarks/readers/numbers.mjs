/**
 * The numbers of labelled photos, in the order in which the page reads.
 *
 *     node numbers.mjs LIBRARY < [[{ "name", "box": [ymin, xmin, ymax, xmax] }, …], …]
 *
 * Prints a string for each photo.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { lines } = await import(pathToFileURL(process.argv[2]).href);
const photos = JSON.parse(readFileSync(0, 'utf8'));
const text = (objects) =>
  lines(Float64Array.from(objects.flatMap(({ box }) => box)))
    .flat(2)
    .map((index) => objects[index].name)
    .join('');
process.stdout.write(JSON.stringify(photos.map(text)));
