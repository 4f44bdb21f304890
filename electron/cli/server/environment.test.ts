import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { howToStart } from './environment.ts';

const home = temporaryFolder();
afterAll(() => home.remove());

test('a restored server is started in the way it runs on this machine', () => {
  const at = (name: string) => join(home.path, name);
  const none = { SMARTPRESENCE_CONFIG: at('none') };
  expect(howToStart(none, [at('none')])).toBe('Start the server: npm run -s sp -- server start');
  mkdirSync(at('units'));
  writeFileSync(at('units/smartpresence-server.service'), '');
  // Restored into a separate database, with keys from a copy, on a machine that was not set up yet.
  const beside = /^Set it up on this machine, .*: npm run -s sp -- setup$/;
  expect(howToStart(none, [at('units')])).toMatch(beside);
  mkdirSync(at('etc'));
  writeFileSync(at('etc/server.env'), '');
  const installed = { SMARTPRESENCE_CONFIG: at('etc') };
  expect(howToStart(installed, [at('units')])).toBe('Start the server: systemctl start smartpresence-server');
  expect(howToStart({ ...installed, SMARTPRESENCE_SERVER_HOME: at('drill') }, [at('units')])).toMatch(beside);
  expect(howToStart({ ...installed, ENCRYPTION_KEY_FILE: at('key') }, [at('units')])).toMatch(beside);
});
