import { describe, expect, it } from 'vitest';
import { numbers } from '../src/detector/reading';
import { recognitionCases } from './vectors';

describe('numbers', () => {
  it.each(recognitionCases.numbers)('reads "$name" as Python does', (vector) => {
    expect(numbers(Float64Array.from(vector.boxes.flat()))).toEqual(vector.numbers);
  });
});
