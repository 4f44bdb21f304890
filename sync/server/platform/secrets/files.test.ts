import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readConfig } from '../../app/config.ts';
import { withSecretFiles } from './files.ts';

const folder = mkdtempSync(join(tmpdir(), 'sp-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
};
const [one, two] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];

test('keys come from the environment or from files that it names, such as container secrets and systemd credentials', () => {
  const byFile = withSecretFiles({
    ENCRYPTION_KEY_FILE: file('a', `${one}\n`),
    SECRET_KEY: two,
    SMARTPRESENCE_SERVER_HOME: '/srv',
  });
  expect([byFile.ENCRYPTION_KEY, byFile.SECRET_KEY]).toEqual([one, two]);
  file('ENCRYPTION_KEY', one);
  file('SECRET_KEY', two);
  const config = readConfig({ CREDENTIALS_DIRECTORY: folder, SMARTPRESENCE_SERVER_HOME: '/srv' });
  expect(Buffer.from(config.encryptionKey.reveal()).toString('base64')).toBe(one);
  // A unit that loads a whole folder: the unit's name for the folder is a prefix of each.
  file('smartpresence_SMTP_URL', 'smtps://localhost');
  expect(withSecretFiles({ CREDENTIALS_DIRECTORY: folder }).SMTP_URL).toBe('smtps://localhost');
  // The environment's own value takes precedence.
  expect(withSecretFiles({ CREDENTIALS_DIRECTORY: folder, SECRET_KEY: one }).SECRET_KEY).toBe(one);
});

test('all wrong files are reported at once, without their contents', () => {
  const attempt = () =>
    withSecretFiles({
      ENCRYPTION_KEY: one,
      ENCRYPTION_KEY_FILE: file('b', two),
      SECRET_KEY_FILE: '/nowhere/key',
      SMTP_URL_FILE: 'relative',
      AWS_SECRET_ACCESS_KEY_FILE: file('empty', '\n'),
      SMARTPRESENCE_DATABASE_URL_FILE: file('long', 'hunter2'.repeat(1000)),
    });
  expect(attempt).toThrow(
    expect.objectContaining({
      code: 'bad-configuration',
      message: [
        'ENCRYPTION_KEY and ENCRYPTION_KEY_FILE are both set: leave one out',
        "SECRET_KEY_FILE can't be read (ENOENT)",
        'SMARTPRESENCE_DATABASE_URL_FILE is not a secret: it has more than 4096 characters',
        'SMTP_URL_FILE must be an absolute path',
        'AWS_SECRET_ACCESS_KEY_FILE is empty',
      ].join('\n'),
    }),
  );
});
