import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type KeyAndCertificate, selfSignedServerCertificate } from './certificates.ts';
import { followCertificate } from './people-certificate.ts';

let folder: string;
const files = () => ({ certFile: join(folder, 'people.pem'), keyFile: join(folder, 'people.key') });
const write = ({ certPem, keyPem }: Partial<KeyAndCertificate>): void => {
  if (certPem) writeFileSync(files().certFile, certPem);
  if (keyPem) writeFileSync(files().keyFile, keyPem);
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sp-certificate-'));
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

test('a renewed certificate is used once its key is there too, and a broken one never', async () => {
  const [first, second] = await Promise.all([1, 2].map(() => selfSignedServerCertificate(['localhost'], Date.now())));
  write(first!);
  const said: string[] = [];
  const log = pino({}, { write: (line: string) => void said.push((JSON.parse(line) as { code: string }).code) });
  const followed = followCertificate(files(), log, 10);
  const renewed: KeyAndCertificate[] = [];
  followed.onChange((pair) => void renewed.push(pair));
  const later = () => vi.advanceTimersByTime(25);

  later();
  expect([renewed, said]).toEqual([[], []]);
  write({ certPem: second!.certPem });
  later();
  expect([followed.now, renewed]).toEqual([first, []]);
  write({ keyPem: second!.keyPem });
  later();
  expect([followed.now, renewed]).toEqual([second, [second]]);
  write({ certPem: 'broken' });
  later();
  expect([followed.now, renewed.length]).toEqual([second, 1]);
  // Logged once per problem, not on every read.
  expect(said).toEqual(['bad-people-certificate', 'people-certificate-renewed', 'bad-people-certificate']);
  followed.close();
});

test('an unusable first certificate is an error', async () => {
  write(await selfSignedServerCertificate(['localhost'], Date.now()));
  write({ keyPem: 'no key' });
  expect(() => followCertificate(files(), pino({ level: 'silent' }))).toThrow(
    expect.objectContaining({ code: 'bad-people-certificate' }),
  );
});
