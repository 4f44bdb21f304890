import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryOutbox } from '../../../test/kit/outbox.ts';
import { GENESIS } from '../wire/event.ts';
import { canonicalBytes, commit, headerHash } from './chain.ts';
import { checkEvent } from './event.ts';

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code ?? `UNCODED ${String(error)}`;
  }
  return 'TAKEN';
};

describe('canonical JSON', () => {
  test('matches the example of RFC 8785, section 3.2.4', () => {
    const value = {
      // biome-ignore lint/correctness/noPrecisionLoss: the RFC's own example
      numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalBytes(value).toString('utf8')).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test('equals that of another implementation', () => {
    const value = fc.anything({
      withDate: true,
      withNullPrototype: true,
      withBigInt: true,
      withObjectString: true,
      values: [
        fc.string({ unit: 'binary' }),
        fc.double(),
        fc.integer(),
        fc.boolean(),
        fc.constantFrom(null, undefined),
      ],
      key: fc.string({ unit: 'binary' }),
    });
    const outcome = (run: () => unknown) => {
      try {
        return run();
      } catch {
        return 'REFUSED';
      }
    };
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), value), (v) => {
        const theirs = outcome(() => canonicalize(v));
        expect(outcome(() => canonicalBytes(v).toString('utf8'))).toEqual(theirs ?? 'REFUSED');
      }),
      { numRuns: 500 },
    );
  });

  test('rejects values that have no canonical form', () => {
    for (const value of [
      undefined,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '\ud800',
      () => 1,
      { deep: [Number.NaN] },
      { f: () => 1 },
    ]) {
      expect(codeOf(() => canonicalBytes(value))).toBe('not-canonical');
    }
  });
});

describe('commitment', () => {
  test('is SHA-256 over the salt’s bytes and the canonical value', () => {
    const salt = Buffer.alloc(16, 7);
    const expected = createHash('sha256')
      .update(Buffer.concat([salt, Buffer.from('"Ada"')]))
      .digest('base64url');
    expect(commit(salt.toString('base64url'), 'Ada')).toBe(expected);
  });

  test('differs for different values and different salts', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.jsonValue(),
        fc.jsonValue(),
        (s1, s2, v1, v2) => {
          const [a, b] = [Buffer.from(s1).toString('base64url'), Buffer.from(s2).toString('base64url')];
          fc.pre(a !== b && canonicalBytes(v1).compare(canonicalBytes(v2)) !== 0);
          expect(commit(a, v1)).not.toBe(commit(b, v1));
          expect(commit(a, v1)).not.toBe(commit(a, v2));
        },
      ),
      { numRuns: 100 },
    );
  });

  test('rejects a salt that is not 16 bytes', () => {
    for (const salt of ['', 'AAAA', 'A'.repeat(43)]) expect(codeOf(() => commit(salt, 1))).toBe('bad-salt');
  });
});

describe('an event', () => {
  const made = () => {
    const outbox = new MemoryOutbox();
    const person = outbox.person('Ada Lovelace');
    outbox.checkin(person);
    const [first, second] = outbox.events as [ReturnType<typeof outbox.checkin>, ReturnType<typeof outbox.checkin>];
    const slot = (seq: number) => ({ device: outbox.device, epoch: outbox.epoch, seq });
    return { first: structuredClone(first), second: structuredClone(second), slot };
  };

  test('chains to the previous one, even after its personal values are changed or removed', () => {
    const { first, second, slot } = made();
    expect(first.header.prev).toBe(GENESIS);
    expect(second.header.prev).toBe(headerHash(first.header));
    first.personal = {};
    expect(second.header.prev).toBe(headerHash(first.header));
    expect(codeOf(() => checkEvent(first, slot(1)))).toBe('TAKEN');
  });

  test('is rejected if a personal value, its salt or its name was changed', () => {
    const changes: ((e: ReturnType<typeof made>['first']) => unknown)[] = [
      (e) => Object.assign(e.personal.name!, { value: 'Mallory' }),
      (e) => Object.assign(e.personal.name!, { salt: 'A'.repeat(22) }),
      (e) => Object.assign(e.personal, { number: e.personal.name }),
      (e) => Reflect.deleteProperty(e.header.commitments, 'name'),
    ];
    for (const change of changes) {
      const { first, slot } = made();
      change(first);
      expect(codeOf(() => checkEvent(first, slot(1)))).toBe('event-commitment-mismatch');
    }
  });

  test('is rejected with a reason if its device, epoch or sequence number is wrong', () => {
    const { first, slot } = made();
    expect(codeOf(() => checkEvent(first, slot(2)))).toBe('event-wrong-sequence');
    expect(codeOf(() => checkEvent(first, { ...slot(1), device: slot(1).epoch }))).toBe('event-foreign');
    expect(codeOf(() => checkEvent(first, { ...slot(1), epoch: slot(1).device }))).toBe('event-foreign');
  });

  test('of a newer schema is distinguished from a malformed one', () => {
    const { first, slot } = made();
    expect(codeOf(() => checkEvent({ ...first, header: { ...first.header, v: 2 } }, slot(1)))).toBe(
      'event-newer-schema',
    );
    expect(codeOf(() => checkEvent({ ...first, header: { ...first.header, v: 0 } }, slot(1)))).toBe('event-malformed');
    expect(
      codeOf(() => checkEvent({ ...first, header: { ...first.header, open: { change: 'melted' } } }, slot(1))),
    ).toBe('event-malformed');
    expect(codeOf(() => checkEvent({ ...first, extra: 1 }, slot(1)))).toBe('event-malformed');
  });

  test('of any shape is either accepted or rejected with a code', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (raw) => {
        expect(codeOf(() => checkEvent(raw, made().slot(1)))).toMatch(/^event-/);
      }),
      { numRuns: 200 },
    );
  });
});
