import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fuseFaults } from './fuses.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sp-fuses-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Assembled at run time, so that no test file is mistaken for an Electron program. */
const SENTINEL = ['dL7pKGdnNz796Pbb', 'jQWNKmHXBZaB9tsX'].join('');
const ALL = {
  runAsNode: false,
  enableCookieEncryption: true,
  enableNodeOptionsEnvironmentVariable: false,
  enableNodeCliInspectArguments: false,
  enableEmbeddedAsarIntegrityValidation: true,
  onlyLoadAppFromAsar: true,
  loadBrowserProcessSpecificV8Snapshot: false,
  grantFileProtocolExtraPrivileges: false,
};

function program(wire: string, version = 1, length = wire.length): string {
  const file = join(folder, 'program');
  const head = Buffer.from(`\x7fELF ${SENTINEL}`, 'latin1');
  writeFileSync(file, Buffer.concat([head, Buffer.from([version, length]), Buffer.from(wire, 'latin1')]));
  return file;
}

test('accepts fuses with the required states and either state of WebAssembly’s trap handlers', () => {
  expect(fuseFaults(program('01001100'), ALL)).toEqual([]);
  expect(fuseFaults(program('010011001'), ALL)).toEqual([]);
});

test.each([
  ['a fuse that is on', '11001100', ['runAsNode is on, and should be off']],
  ['a fuse that is off', '01001000', ['onlyLoadAppFromAsar is off, and should be on']],
  ['a fuse that Electron removed', '0100r100', ['enableEmbeddedAsarIntegrityValidation is removed, and should be on']],
  ['a shorter wire', '0100110', ['grantFileProtocolExtraPrivileges is not there, and should be off']],
  ['an unknown fuse', '0100110011', ['fuse 9 is new, and fuses.ts does not set it']],
])('%s is found', (_case, wire, faults) => {
  expect(fuseFaults(program(wire), ALL)).toEqual(faults);
});

test('a known fuse that is not configured is reported', () => {
  const { onlyLoadAppFromAsar: _, ...rest } = ALL;
  expect(fuseFaults(program('01001100'), rest)).toEqual(['fuses.ts does not set onlyLoadAppFromAsar']);
});

test('a program that is not Electron, or has another version of the fuse wire, is reported', () => {
  const file = join(folder, 'other');
  writeFileSync(file, 'x');
  expect(fuseFaults(file, ALL)).toEqual([expect.stringContaining('no fuse wire')]);
  expect(fuseFaults(program('01001100', 2), ALL)).toEqual([expect.stringContaining('version 2')]);
  expect(fuseFaults(program('0100', 1, 9), ALL)).toEqual([expect.stringContaining('cut off')]);
  writeFileSync(file, `${SENTINEL}\x01\x010${SENTINEL}`);
  expect(fuseFaults(file, ALL)).toEqual([expect.stringContaining('more than one')]);
});
