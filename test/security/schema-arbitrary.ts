import fc from 'fast-check';

/** The part of JSON Schema (2020-12) that the OpenAPI document uses. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly propertyNames?: Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** Values that are known to break programs. */
export const NASTY: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  -0,
  0.1,
  1e308,
  2 ** 31,
  2 ** 53 + 2,
  2 ** 63,
  '',
  ' ',
  '0',
  'null',
  'undefined',
  'NaN',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udfff\ud800',
  '\u202eevil',
  '\ufeff',
  'İıſK',
  '𝕬'.repeat(50),
  'e\u0301'.repeat(100),
  '👩‍👩‍👧‍👦',
  "'; drop table person; --",
  '" or 1=1 --',
  '$1',
  `\${jndi:ldap://x}`,
  '{{7*7}}',
  '<script>alert(1)</script>',
  '=cmd|"/c calc"!A1',
  '../../etc/passwd',
  '%00%2e%2e%2f',
  '\r\nset-cookie: a=b',
  '__proto__',
  'constructor',
  '9999-12-31T23:59:59.999Z',
  '0000-01-01T00:00:00.000Z',
  '-271821-04-20T00:00:00.000Z',
  '2026-02-30',
  '2026-07-20T24:00:00Z',
  '2026-07-20T08:00:00+99:99',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '\\u0000',
  [],
  {},
  [[[[[]]]]],
  { length: -1 },
  { __proto__: null, toString: 1 },
  { $ne: null },
  'x'.repeat(10_000),
  Array(1000).fill(0),
];
const nasty = fc.constantFrom(...NASTY);

/**
 * Generates values of a schema, mostly valid ones.
 *
 * @param ids existing ids; half of the generated references are among them
 * @param spoil probability, 0 to 1, that a nasty value replaces any one value
 */
export function valuesOf(schema: Schema, ids: readonly string[], spoil: number): fc.Arbitrary<unknown> {
  const good = goodValue(schema, ids, spoil);
  if (spoil === 0) return good;
  return fc.oneof(
    { weight: Math.round(100 * (1 - spoil)), arbitrary: good },
    { weight: Math.round(100 * spoil), arbitrary: nasty },
  );
}

function goodValue(schema: Schema, ids: readonly string[], spoil: number): fc.Arbitrary<unknown> {
  const sub = (s: Schema) => valuesOf(s, ids, spoil);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map(sub));
  if (schema.type === 'string') return text(schema, ids);
  if (schema.allOf) return fc.tuple(...schema.allOf.map(sub)).map((parts) => Object.assign({}, ...parts));
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0];
  switch (type) {
    case 'integer':
    case 'number':
      return numberOf(schema, type);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(schema.items ? sub(schema.items) : fc.jsonValue(), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 4, 4),
      });
    case 'object':
      return objectOf(schema, sub, spoil);
    default:
      return fc.jsonValue();
  }
}

/** Generators by field name, for what a schema can't express, such as that a text is a time zone. */
const HINTS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  timeZone: fc.constantFrom('Europe/Berlin', 'America/New_York'),
  email: fc.emailAddress(),
  phone: fc.constant('+49301234567'),
  language: fc.constantFrom('en', 'de'),
};

function objectOf(schema: Schema, sub: (s: Schema) => fc.Arbitrary<unknown>, spoil: number): fc.Arbitrary<unknown> {
  const properties = Object.entries(schema.properties ?? {}).map(([name, s]) => {
    const hinted = HINTS[name];
    return [name, hinted && s.type === 'string' ? fc.oneof(hinted, sub(s)) : sub(s)] as const;
  });
  const required = spoil > 0 ? [] : (schema.required ?? []);
  const declared = fc.record(Object.fromEntries(properties), { requiredKeys: required as never[] });
  const whole = fc.record(Object.fromEntries(properties));
  const usual = fc.oneof({ weight: 3, arbitrary: whole }, { weight: 1, arbitrary: declared });
  if (typeof schema.additionalProperties === 'object')
    return fc
      .tuple(usual, fc.dictionary(fc.string({ maxLength: 12 }), sub(schema.additionalProperties), { maxKeys: 3 }))
      .map(([a, b]) => ({ ...b, ...(a as object) }));
  if (spoil === 0) return usual;
  const extra = fc.tuple(fc.constantFrom('__proto__', 'constructor', 'id', 'role', 'x', ''), nasty);
  return fc.oneof(
    { weight: 9, arbitrary: usual },
    {
      weight: 1,
      arbitrary: fc
        .tuple(usual, extra)
        .map(([o, [k, v]]) =>
          JSON.parse(`{${JSON.stringify(k)}:${JSON.stringify(v)},${JSON.stringify(o).slice(1)}`.replace(/,\}$/, '}')),
        ),
    },
  );
}

function numberOf({ minimum, maximum }: Schema, type: 'integer' | 'number'): fc.Arbitrary<unknown> {
  const [min, max] = [Math.max(minimum ?? -1000, -(2 ** 53) + 1), Math.min(maximum ?? 1000, 2 ** 53 - 1)];
  if (type === 'integer') return fc.integer({ min: Math.ceil(min), max: Math.max(Math.ceil(min), Math.floor(max)) });
  return fc.double({ min, max: Math.max(min, max), noNaN: true });
}

const UUID = '[0-9a-fA-F]{8}-';

function text(schema: Schema, ids: readonly string[]): fc.Arbitrary<string> {
  const { format, pattern, allOf = [], minLength = 0, maxLength = 60 } = schema;
  const someId = ids.length > 0 ? [fc.constantFrom(...ids)] : [];
  if (format === 'uuid' || [schema, ...allOf].some((part) => part.pattern?.includes(UUID)))
    return fc.oneof(...someId, fc.uuid());
  switch (format) {
    case 'email':
      return fc.emailAddress();
    case 'date-time':
      return instant;
    case 'date':
      return instant.map((at) => at.slice(0, 10));
    case 'uri':
      return fc.webUrl();
  }
  if (pattern && /^[\x20-\x7e]+$/.test(pattern)) {
    try {
      return fc.oneof(...someId, fc.stringMatching(new RegExp(pattern)));
    } catch {
      // The pattern uses a construct that fast-check doesn't support.
    }
  }
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 60) });
}

const instant = fc
  .date({ min: new Date('2020-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
