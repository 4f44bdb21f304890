import canonicalize from 'canonicalize';

/** Printable ASCII without quote and backslash: most strings, which JSON writes unescaped. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/**
 * Returns RFC 8785 canonical JSON. Values that JSON.parse can produce are written here, in a third of the time. Others (a Date,
 * undefined, a symbol, a bigint) go to `canonicalize`, which serialises or rejects them as the RFC requires. A property test
 * checks that both give the same result.
 *
 * @returns undefined for a value without any JSON
 * @throws Error for a value without a canonical form (NaN, a lone surrogate, a cycle, nesting too deep)
 */
export function canonicalText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return text(value);
    case 'number':
      if (!Number.isFinite(value)) break;
      return value === 0 ? '0' : String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return array(value);
      if (isPlain(value)) return object(value as Record<string, unknown>);
  }
  return canonicalize(value);
}

function text(value: string): string {
  if (PLAIN.test(value)) return `"${value}"`;
  if (!value.isWellFormed()) throw new Error('a lone surrogate has no canonical form');
  return JSON.stringify(value);
}

function array(values: readonly unknown[]): string {
  let out = '[';
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    // As JSON.stringify does.
    const written = value === undefined || typeof value === 'symbol' ? 'null' : inside(value);
    out += i === 0 ? written : `,${written}`;
  }
  return `${out}]`;
}

function object(value: Record<string, unknown>): string {
  // Sorted by UTF-16 code units, as the RFC requires.
  let out = '';
  for (const key of Object.keys(value).sort()) {
    const one = value[key];
    if (one === undefined || typeof one === 'symbol') continue;
    out += `${out === '' ? '' : ','}${text(key)}:${inside(one)}`;
  }
  return `{${out}}`;
}

function inside(value: unknown): string {
  const written = canonicalText(value);
  if (written === undefined) throw new Error(`a ${typeof value} has no JSON`);
  return written;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return (
    (prototype === Object.prototype || prototype === null) &&
    typeof (value as { toJSON?: unknown }).toJSON !== 'function'
  );
}
