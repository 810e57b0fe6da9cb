/** The part of JSON Schema that schemas/manifest.schema.json uses, checked without generating code. */
export interface Schema {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  pattern?: string;
  minItems?: number;
  uniqueItems?: boolean;
  items?: Schema;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
}

type Rule = (value: unknown, schema: Schema, path: string) => string | undefined;

const RULES: Rule[] = [type, constant, range, text, list, object];

/** The first thing about `value` that `schema` doesn't allow, as a sentence that begins with `path`. */
export function violation(value: unknown, schema: Schema, path: string): string | undefined {
  for (const rule of RULES) {
    const found = rule(value, schema, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

function type(value: unknown, schema: Schema, path: string): string | undefined {
  if (schema.type === undefined) return undefined;
  const allowed = [schema.type].flat();
  const actual = typeName(value);
  if (allowed.includes(actual) || (actual === 'integer' && allowed.includes('number'))) {
    return undefined;
  }
  return `${path} is ${shown(value)}, not ${allowed.join(' or ')}`;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function constant(value: unknown, schema: Schema, path: string): string | undefined {
  const allowed = 'const' in schema ? [schema.const] : schema.enum;
  if (allowed === undefined || allowed.includes(value)) return undefined;
  return `${path} is ${shown(value)}, not ${allowed.map(shown).join(' or ')}`;
}

function range(value: unknown, schema: Schema, path: string): string | undefined {
  if (typeof value !== 'number') return undefined;
  const { minimum = -Infinity, maximum = Infinity } = schema;
  if (value < minimum) return `${path} is ${shown(value)}, below ${shown(minimum)}`;
  if (value > maximum) return `${path} is ${shown(value)}, above ${shown(maximum)}`;
  return undefined;
}

function text(value: unknown, schema: Schema, path: string): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (value.length < (schema.minLength ?? 0)) return `${path} is empty`;
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
    return `${path} is ${shown(value)}, which doesn't match ${schema.pattern}`;
  }
  return undefined;
}

function list(value: unknown, schema: Schema, path: string): string | undefined {
  if (!Array.isArray(value)) return undefined;
  if (value.length < (schema.minItems ?? 0)) return `${path} has too few entries`;
  if (schema.uniqueItems === true && new Set(value).size < value.length) {
    return `${path} has an entry twice`;
  }
  if (schema.items === undefined) return undefined;
  for (const [index, item] of value.entries()) {
    const found = violation(item, schema.items, `${path}[${String(index)}]`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function object(value: unknown, schema: Schema, path: string): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const properties = schema.properties ?? {};
  const missing = schema.required?.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) return `${path}.${missing} is missing`;
  for (const [key, item] of Object.entries(value)) {
    const own = Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties;
    if (own === false) return `${path}.${key} is unknown`;
    const found = typeof own === 'object' ? violation(item, own, `${path}.${key}`) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return JSON.stringify(value);
}
