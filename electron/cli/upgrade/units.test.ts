import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { switchUnits } from './units.ts';

const SERVER = 'smartpresence-server.service';
const TIMER = 'smartpresence-new.timer';
let folder: string;
let asked: string[];
const at = (...path: string[]): string => join(folder, ...path);
const systemctl = async (...args: string[]): Promise<void> => void asked.push(args.join(' '));
const put = (path: string, text: string): void => {
  mkdirSync(join(at(path), '..'), { recursive: true });
  writeFileSync(at(path), text);
};
const back = () => switchUnits(at('0.2.0'), at('0.1.0'), at('etc'), systemctl);

beforeEach(() => {
  const made = temporaryFolder();
  folder = made.path;
  asked = [];
  mkdirSync(at('etc'));
  put(`0.1.0/systemd/${SERVER}`, 'old');
  put('0.1.0/systemd/server.env.example', 'no unit');
  put(`0.2.0/systemd/${SERVER}`, 'new');
  put(`0.2.0/systemd/${TIMER}`, 'new timer');
  return () => made.remove();
});

test('going back installs that build’s units, removes those that only the newer one has, and reloads systemd', async () => {
  put(`etc/${SERVER}`, 'new');
  put(`etc/${TIMER}`, 'new timer');
  put('etc/other.service', 'of someone else');
  expect(await back()).toEqual({ written: [SERVER], removed: [TIMER] });
  expect(readFileSync(at('etc', SERVER), 'utf8')).toBe('old');
  expect(statSync(at('etc', SERVER)).mode & 0o777).toBe(0o644);
  expect(readdirSync(at('etc')).sort()).toEqual(['other.service', SERVER]);
  expect(asked).toEqual([`disable --quiet --now ${TIMER}`, 'daemon-reload']);
  asked = [];
  expect(await back()).toEqual({ written: [], removed: [] });
  expect(asked).toEqual([]);
});

test('installs no units where none are installed', async () => {
  expect(await back()).toEqual({ written: [], removed: [] });
  expect([readdirSync(at('etc')), asked]).toEqual([[], []]);
});

test('an unwritable folder is reported, with what to do', async () => {
  put(`etc/${SERVER}`, 'new');
  mkdirSync(at('etc', `.${SERVER}.tmp`));
  await expect(back()).rejects.toMatchObject({
    code: 'upgrade-not-writable',
    message: expect.stringContaining(at('etc')),
  });
  expect(asked).toEqual([]);
});
