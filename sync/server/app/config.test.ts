import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../errors/problem.ts';
import { readKey } from '../platform/keys/strength.ts';
import { readConfig } from './config.ts';

const key = (encoding: BufferEncoding = 'base64') => randomBytes(32).toString(encoding);
const good = () => ({ SMARTPRESENCE_SERVER_HOME: '/var/lib/sp', ENCRYPTION_KEY: key(), SECRET_KEY: key('hex') });
const problemOf = (env: Record<string, string>): Problem => {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('taken');
};

describe('configuration', () => {
  test('listens only on loopback by default', () => {
    expect(readConfig(good())).toMatchObject({
      bind: '127.0.0.1',
      peoplePort: 8443,
      devicePort: 8444,
      hostnames: ['127.0.0.1', 'localhost'],
      peopleCertificate: null,
    });
  });

  test('trusts only the proxies that are named, and never everyone', () => {
    expect(readConfig(good()).trustedProxies).toEqual([]);
    const trusted = readConfig({ ...good(), SMARTPRESENCE_TRUSTED_PROXIES: ' 192.0.2.7, 10.0.0.0/24,2001:db8::/32, ' });
    expect(trusted.trustedProxies).toEqual(['192.0.2.7', '10.0.0.0/24', '2001:db8::/32']);
    for (const wrong of [
      'proxy.example.org',
      '10.0.0.0/33',
      '0.0.0.0/0',
      '::/0',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      'loopback',
      '*',
      'fe80::1%eth0',
    ]) {
      const { message } = problemOf({ ...good(), SMARTPRESENCE_TRUSTED_PROXIES: `192.0.2.7,${wrong}` });
      expect(message).toMatch(/^SMARTPRESENCE_TRUSTED_PROXIES must be IP addresses and networks/);
    }
  });

  test('lists every wrong variable at once and shows no value', () => {
    const problem = problemOf({
      ENCRYPTION_KEY: 'hunter2hunter2',
      SECRET_KEY: 'a'.repeat(64),
      SMARTPRESENCE_BIND: 'everywhere',
      SMARTPRESENCE_PEOPLE_PORT: '99999',
      SMARTPRESENCE_TIMEZONE: 'Mars/Olympus',
      SMARTPRESENCE_LEASE_DAYS: '400',
      SMARTPRESENCE_LOG_LEVEL: 'loud',
    });
    expect(problem.code).toBe('bad-configuration');
    const lines = problem.message.split('\n');
    for (const name of [
      'SMARTPRESENCE_SERVER_HOME',
      'ENCRYPTION_KEY',
      'SECRET_KEY',
      'SMARTPRESENCE_BIND',
      'SMARTPRESENCE_PEOPLE_PORT',
      'SMARTPRESENCE_TIMEZONE',
      'SMARTPRESENCE_LEASE_DAYS',
      'SMARTPRESENCE_LOG_LEVEL',
    ]) {
      expect(
        lines.filter((l) => l.startsWith(`${name} `)),
        name,
      ).toHaveLength(1);
    }
    expect(problem.message).not.toMatch(/hunter2|aaaa/);
  });

  test('refuses two equal keys, half a certificate, and two listeners on one port', () => {
    const same = key();
    expect(problemOf({ ...good(), ENCRYPTION_KEY: same, SECRET_KEY: same }).message).toContain(
      'SECRET_KEY must differ',
    );
    const both = problemOf({
      ...good(),
      ENCRYPTION_KEY: same,
      SECRET_KEY: same,
      SMARTPRESENCE_BIND: 'nowhere',
    }).message;
    expect(both).toContain('SECRET_KEY must differ');
    expect(both).toContain('SMARTPRESENCE_BIND must be');
    expect(problemOf({ ...good(), SMARTPRESENCE_PEOPLE_CERT: '/x.pem' }).message).toContain(
      'needs SMARTPRESENCE_PEOPLE_KEY',
    );
    expect(problemOf({ ...good(), SMARTPRESENCE_PEOPLE_PORT: '8444' }).message).toContain(
      'SMARTPRESENCE_DEVICE_PORT must differ',
    );
  });

  test('never prints a key', () => {
    const env = good();
    const config = readConfig(env);
    for (const text of [
      inspect(config, { depth: 9, showHidden: true }),
      JSON.stringify(config),
      `${config.encryptionKey}`,
    ]) {
      expect(text).toContain('[redacted]');
      for (const form of [
        env.ENCRYPTION_KEY,
        Buffer.from(env.ENCRYPTION_KEY, 'base64').toString('hex'),
        env.SECRET_KEY,
      ])
        expect(text).not.toContain(form);
    }
  });
});

describe('a key', () => {
  test('of 32 random bytes is taken in each encoding', () => {
    fc.assert(
      fc.property(fc.constantFrom<BufferEncoding>('hex', 'base64', 'base64url'), (encoding) => {
        const bytes = randomBytes(32);
        const read = readKey(bytes.toString(encoding));
        expect(typeof read === 'string' ? read : Buffer.from(read).equals(bytes)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['empty', ''],
    ['short', randomBytes(16).toString('base64')],
    ['long', randomBytes(48).toString('base64')],
    ['no encoding', 'correct horse battery staple'],
    ['all zero', '0'.repeat(64)],
    ['one byte repeated', 'ab'.repeat(32)],
    ['a pattern repeated', 'deadbeefcafe0102'.repeat(4)],
    ['counting', Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('hex')],
    ['typed text', Buffer.from('correct horse battery staple 12!').toString('base64')],
    // The Thue–Morse sequence: two values, but no repeating pattern.
    [
      'few different bytes',
      Buffer.from(Array.from({ length: 32 }, (_, i) => (i.toString(2).split('1').length % 2 ? 200 : 7))).toString(
        'hex',
      ),
    ],
  ])('P19 that is %s is refused with what to do', (_what, text) => {
    expect(readKey(text)).toMatch(/ -- setup; an existing one needs those it was made with/);
  });
});
