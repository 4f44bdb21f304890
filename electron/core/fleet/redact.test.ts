import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../../sync/errors/problem.ts';
import { plainFields } from '../serving/core-process.ts';
import { redactLine } from './redact.ts';

const AT = new Date('2026-11-26T08:00:00.000Z');
const line = (message: string, fields: Record<string, unknown> = {}) =>
  JSON.stringify(redactLine(AT, 'warn', message, plainFields(fields)));

const SECRETS = {
  name: 'Wilhelmine Überall-Sonntag',
  number: '730412',
  pin: '58204617',
  shortPin: '5820',
  qr: 'SP1:Zq7Yv0nB2mXkR4tWc9PdLs6HfGa1JuEo',
  latitude: '52.520817',
  longitude: '-13.409419',
  mail: 'wilhelmine@example.org',
  phone: '+49 30 1234 567',
  proxy: 'http://user:geheim@proxy.example:3128',
  path: '/home/wilhelmine/kiosk/storage/faces/ab12.bin',
  id: '0192f5a0-0000-7000-8000-000000000001',
};
const found = (text: string) =>
  Object.entries(SECRETS)
    .filter(([, secret]) => text.includes(secret))
    .map(([k]) => k);

describe('a line of the log that leaves the kiosk', () => {
  test('contains nothing about anyone, whichever field, error or cause it was in', () => {
    for (const [kind, secret] of Object.entries(SECRETS)) {
      for (const field of [
        'name',
        'code',
        'reason',
        'person',
        'badge',
        'path',
        'what',
        'method',
        'problem',
        'nextStep',
        'x',
      ])
        expect(found(line('check-in', { [field]: secret })), `${kind} in ${field}`).toEqual([]);
      const inner = new TypeError(`Unexpected token in "${secret}" ${secret}`);
      expect(found(line('core: failed', { error: new Error(`no such ${secret}`, { cause: inner }) })), kind).toEqual(
        [],
      );
      expect(found(line('core: failed', { error: Object.assign(new Error('x'), { code: secret }) })), kind).toEqual([]);
      expect(found(line('core: failed', { cause: secret, list: [secret], deep: { a: { b: secret } } })), kind).toEqual(
        [],
      );
      expect(found(line(`core stderr: ${secret}`)), kind).toEqual([]);
      expect(found(line(`browser: [1:1] ${secret} console`)), kind).toEqual([]);
    }
  });

  test('contains no e-mail address, wherever in a sentence of ours it was inserted', () => {
    for (const text of [
      'mail to ada@example.org was refused',
      'no account ada@example.org',
      '(ada@example.org) is new',
    ])
      expect(line(text)).not.toMatch(/ada|example\.org/);
  });

  test('has the code of a Problem, but not its message, which may repeat what someone typed', () => {
    for (const [kind, secret] of Object.entries(SECRETS))
      expect(
        found(
          line('x', {
            error: Problem.from({
              code: 'a-code',
              message: `it is ${secret}, says it`,
              nextStep: `Ask ${secret}.`,
              params: { secret },
            }),
          }),
        ),
        kind,
      ).toEqual([]);
  });

  test('contains what people who fix a kiosk need', () => {
    const error = new Problem('server-unreachable', { reason: 'ECONNREFUSED' });
    const notified = JSON.parse(
      line('sync: the server can’t be reached', { error, code: 'storage-full', count: 3, pid: 4711 }),
    );
    expect(notified).toMatchObject({
      at: AT.toISOString(),
      message: 'sync: the server can’t be reached',
      fields: {
        code: 'storage-full',
        count: 3,
        pid: 4711,
        error: { name: 'Problem', code: 'server-unreachable', system: 'ECONNREFUSED' },
      },
    });
    expect(notified.fields.error.at[0]).toMatch(/fleet\/redact\.test\.ts:\d+$/);
    expect(line('core stderr:     at open (/opt/smartpresence/electron/core/store/open.ts:12:7)')).toContain(
      'open store/open.ts:12',
    );
    expect(line('host: starts', { version: '0.2.0', commit: 'a'.repeat(40) })).toContain('a'.repeat(40));
  });

  test('never contains a typed value, whatever it is', () => {
    const value = fc
      .string({ minLength: 6, maxLength: 40 })
      .filter((s) => /[^a-z.+() -]/i.test(s.trim()) && s.trim().length > 5);
    fc.assert(
      fc.property(value, fc.constantFrom('name', 'code', 'reason', 'method', 'zzz'), (secret, field) => {
        const text = line('check-in', { [field]: secret });
        expect(JSON.parse(text)).toSatisfy(
          (l: object) => !JSON.stringify(l).includes(JSON.stringify(secret).slice(1, -1)),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('has messages that are sentences of the source: only our own terms are inserted', () => {
    /** What may be inserted by `${…}` into a message: terms of the source, or text that redactMessage removes. */
    const OURS = new Set(['notice', 'PAUSED[budget]', 'name', 'line.slice(0, 2_000)', 'line.slice(0, 500)']);
    const root = join(import.meta.dirname, '../..');
    const strange: string[] = [];
    for (const folder of ['core', 'host-browser', 'host-electron'])
      for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
        if (!file.endsWith('.ts') || file.includes('.test.')) continue;
        const text = readFileSync(join(root, folder, file), 'utf8');
        for (const [, message = ''] of text.matchAll(/\blog\(\s*'(?:info|warn|error)',\s*`([^`]*)`/g))
          for (const [, inside = ''] of message.matchAll(/\$\{([^}]*)\}/g))
            if (!OURS.has(inside)) strange.push(`${folder}/${file}: ${inside}`);
      }
    expect(strange).toEqual([]);
  });
});
