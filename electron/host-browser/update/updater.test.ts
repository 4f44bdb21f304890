import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../../sync/errors/problem.ts';
import { type BuildParts, buildArchive, ENTRY, manifestOf, type RawEntry, tar } from '../../../test/update/archives.ts';
import { answered, ask, install, installFirst, kioskFolders, trusted } from '../../../test/update/updater.ts';
import { decide, readState, readStatus, type SlotState } from '../../core/update/files.ts';
import type { UpdateLayout } from '../../core/update/layout.ts';
import { settle } from './slots.ts';
import { unpackBuild, verifyBuild } from './unpack.ts';
import { runUpdater } from './updater.ts';

const STORE = { schema: 9, minReader: 8 };
const A: BuildParts = {
  ...STORE,
  version: '0.2.0',
  program: '#!/bin/sh\necho a\n',
  files: { 'app/main.js': 'a'.repeat(5000) },
};
const B: BuildParts = {
  ...STORE,
  version: '0.3.0',
  program: '#!/bin/sh\necho b\n',
  files: { 'app/main.js': 'b'.repeat(9000), 'app/data': Buffer.from([0, 1, 2]) },
  links: { 'app/link': 'main.js' },
};

/** Data that doesn't compress, so that an archive can be cut off in the middle of it. */
const NOISE = createHash('shake256', { outputLength: 30_000 }).digest();

const trial = { attempt: '11111111-1111-4111-8111-111111111111', trialMinutes: 10 };
const builds = (layout: UpdateLayout) =>
  readdirSync(layout.builds, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

/** A kiosk with build A, and the published builds. */
async function kiosk(...published: BuildParts[]) {
  const { root, layout, archives } = kioskFolders();
  const first = await installFirst(layout, archives, A);
  const made = published.map((parts) => buildArchive(archives, parts));
  return { root, layout, archives, first, made, options: { layout, open: trusted(made) } };
}

async function staged(options: Parameters<typeof answered>[0], version: string | null = B.version) {
  const status = await answered(options, 'stage', install(version));
  expect(status).toMatchObject({ state: 'done', problem: null });
  return status.build!;
}

describe('an update', () => {
  test('is staged beside the running build, and becomes current on trial when requested', async () => {
    const { layout, first, options, made } = await kiosk(B);
    const status = await answered(options, 'stage', install('0.3.0'));
    expect(status).toMatchObject({ state: 'done', facts: { version: '0.3.0' }, moved: made[0]!.bytes });
    const id = status.build!;
    expect(readState(layout)).toMatchObject({ current: first, attempt: '' });
    expect(readlinkSync(join(layout.builds, 'current'))).toBe(first);
    await verifyBuild(join(layout.builds, id));
    expect(statSync(join(layout.builds, id, ENTRY)).mode & 0o777).toBe(0o755);
    expect(statSync(join(layout.builds, id, 'app/main.js')).mode & 0o777).toBe(0o644);
    expect(existsSync(join(layout.work, 'downloads'))).toBe(false);

    expect(await answered(options, 'switch', { build: id, ...trial })).toMatchObject({ state: 'done' });
    expect(readState(layout)).toMatchObject({ current: id, previous: first, ...trial });
    expect(readlinkSync(join(layout.builds, 'current'))).toBe(id);
    expect(readlinkSync(join(layout.builds, 'previous'))).toBe(first);

    decide(layout, { attempt: trial.attempt, outcome: 'healthy', code: '', starts: 1, seconds: 5 });
    expect(await answered(options, 'check', {})).toMatchObject({ state: 'done', updater: 'test' });
    expect(readState(layout)).toMatchObject({ current: id, previous: first, attempt: '' });
    expect(builds(layout)).toEqual([first, id]);
  });

  test('that failed is reverted, and the failed build is removed', async () => {
    const { layout, first, options } = await kiosk(B);
    const id = await staged(options);
    await answered(options, 'switch', { build: id, ...trial });
    expect(
      decide(layout, { attempt: trial.attempt, outcome: 'failed', code: 'trial-starts', starts: 3, seconds: 4 }),
    ).toBe(true);
    // The first verdict counts.
    expect(decide(layout, { attempt: trial.attempt, outcome: 'healthy', code: '', starts: 3, seconds: 5 })).toBe(false);
    await settle(layout);
    expect(readState(layout)).toMatchObject({ current: first, previous: '', attempt: '' });
    expect(readlinkSync(join(layout.builds, 'current'))).toBe(first);
    expect(existsSync(join(layout.builds, 'previous'))).toBe(false);
    expect(builds(layout)).toEqual([first]);
  });

  test('that failed is kept if the previous build can no longer be started', async () => {
    const { layout, first, options } = await kiosk(B);
    const id = await staged(options);
    await answered(options, 'switch', { build: id, ...trial });
    decide(layout, { attempt: trial.attempt, outcome: 'failed', code: 'trial-deadline', starts: 1, seconds: 600 });
    rmSync(join(layout.builds, first, 'build.json'));
    await settle(layout);
    expect(readState(layout)).toMatchObject({ current: id, previous: first, attempt: '' });
    expect(builds(layout)).toEqual([first, id]);
  });

  test.each(['build.json', ENTRY])(
    'that later lost its %s is left for the previous build, and can be installed again',
    async (file) => {
      const { layout, first, options } = await kiosk(B);
      const id = await staged(options);
      await answered(options, 'switch', { build: id, ...trial });
      decide(layout, { attempt: trial.attempt, outcome: 'healthy', code: '', starts: 1, seconds: 5 });
      await settle(layout);
      rmSync(join(layout.builds, id, file));
      expect(await staged(options)).toBe(id);
      expect(readState(layout)).toMatchObject({ current: first, previous: '', attempt: '' });
      await verifyBuild(join(layout.builds, id));
    },
  );

  test('with a slow download does not block the next request', async () => {
    const C = { ...B, version: '0.4.0' };
    const { layout, options } = await kiosk(B, C);
    const slow: typeof options.open = async (...args) => {
      const opened = await options.open(...args);
      const download: typeof opened.client.download = (target, to, o = {}) =>
        target.build.version === C.version
          ? opened.client.download(target, to, o)
          : new Promise((_, reject) => {
              o.signal?.addEventListener('abort', () => reject(new Problem('update-given-up')));
              ask(layout, 'stage', install(C.version));
            });
      return { ...opened, client: { ...opened.client, download } };
    };
    const updater = { ...options, open: slow, self: 'test', log: () => undefined };
    ask(layout, 'stage', install(B.version));
    expect(await runUpdater(updater)).toBe(true);
    expect(await runUpdater(updater)).toBe(true);
    expect(readStatus(layout)).toMatchObject({ state: 'done', facts: { version: C.version } });
  });

  test('keeps the current and the previous build, and no other', async () => {
    const C = { ...B, version: '0.4.0' };
    const { layout, first, options } = await kiosk(B, C);
    const b = await staged(options);
    await answered(options, 'switch', { build: b, ...trial });
    decide(layout, { attempt: trial.attempt, outcome: 'healthy', code: '', starts: 1, seconds: 5 });
    const c = await staged(options, '0.4.0');
    expect(builds(layout)).toEqual([first, b, c]);
    await answered(options, 'switch', { build: c, attempt: randomUUID(), trialMinutes: 10 });
    expect(builds(layout)).toEqual([b, c]);
    expect(
      readdirSync(layout.builds)
        .filter((name) => name.endsWith('.sums'))
        .sort(),
    ).toEqual([`${b}.sums`, `${c}.sums`]);
  });

  test('goes back to the previous build when requested, and forward again without a download', async () => {
    const { layout, first, options } = await kiosk(B);
    const b = await staged(options);
    await answered(options, 'switch', { build: b, ...trial });
    decide(layout, { attempt: trial.attempt, outcome: 'healthy', code: '', starts: 1, seconds: 5 });
    const back = { ...install('0.3.0'), action: 'rollback' as const };
    expect(await answered(options, 'stage', back)).toMatchObject({ state: 'done', build: first, moved: 0 });
    const second = { attempt: randomUUID(), trialMinutes: 10 };
    await answered(options, 'switch', { build: first, ...second });
    expect(readState(layout)).toMatchObject({ current: first, previous: b });
    decide(layout, { attempt: second.attempt, outcome: 'healthy', code: '', starts: 1, seconds: 5 });
    expect(await answered(options, 'stage', install('0.3.0'))).toMatchObject({ state: 'done', build: b, moved: 0 });
    expect(await answered(options, 'stage', { ...back, version: '0.3.0' })).toMatchObject({
      problem: { code: 'update-not-running' },
    });
  });

  test('without a version installs the source’s newest build for this platform', async () => {
    const { options } = await kiosk(
      B,
      { ...B, version: '0.10.0' },
      { ...B, version: '0.11.0', platform: 'linux-arm64' },
    );
    expect(await answered(options, 'stage', install(null))).toMatchObject({ facts: { version: '0.10.0' } });
  });

  test('without a version skips builds that were withdrawn', async () => {
    const { options } = await kiosk(B, { ...B, version: '0.10.0' });
    const but = (...except: string[]) => ({ ...install(null), except });
    expect(await answered(options, 'stage', but('0.10.0'))).toMatchObject({ facts: { version: '0.3.0' } });
    expect(await answered(options, 'stage', but('0.10.0', '0.3.0'))).toMatchObject({
      state: 'refused',
      problem: { code: 'update-taken-back' },
    });
  });

  test('is answered once: a pass that finds nothing new does nothing', async () => {
    const { layout, options } = await kiosk(B);
    const { runUpdater } = await import('./updater.ts');
    const pass = { ...options, self: 'test', log: () => undefined };
    expect(await runUpdater(pass)).toBe(false);
    const id = await staged(options);
    expect(await runUpdater(pass)).toBe(false);
    // If the request is repeated (because the answer was lost), it has no further effect.
    await answered(options, 'switch', { build: id, ...trial });
    expect(await answered(options, 'switch', { build: id, ...trial })).toMatchObject({ state: 'done' });
    expect(readState(layout)).toMatchObject({ current: id });
  });
});

describe('what is refused, leaving the kiosk unchanged', () => {
  async function refused(change: Partial<BuildParts>, how: Partial<Parameters<typeof answered>[0]> = {}) {
    const { layout, first, options } = await kiosk({ ...B, ...change });
    const { problem, state } = await answered({ ...options, ...how }, 'stage', install(change.version ?? B.version));
    expect(state).toBe('refused');
    expect(builds(layout)).toEqual([first]);
    expect(readState(layout)).toMatchObject({ current: first, attempt: '' } satisfies Partial<SlotState>);
    return problem!.code;
  }

  test.each<[string, Partial<BuildParts>]>([
    ['update-installed', { version: '0.2.0' }],
    ['update-backwards', { version: '0.1.9' }],
    ['update-backwards', { version: '0.2.0-rc.1' }],
    ['update-wrong-platform', { platform: 'linux-arm64' }],
    ['update-cannot-roll-back', { schema: 100, minReader: 100 }],
    ['update-store-too-new', { schema: 5, minReader: 5 }],
  ])('%s: %j', async (code, change) => expect(await refused(change)).toBe(code));

  test('an update too large for the disk', async () => {
    expect(await refused({}, { free: async () => 10_000 })).toBe('update-disk-full');
  });

  test('the previous build is removed if there would be no space otherwise', async () => {
    const C = { ...B, version: '0.4.0' };
    const { layout, first, options } = await kiosk(B, C);
    const b = await staged(options);
    await answered(options, 'switch', { build: b, ...trial });
    decide(layout, { attempt: trial.attempt, outcome: 'healthy', code: '', starts: 1, seconds: 5 });
    const free = async () => (builds(layout).includes(first) ? 0 : 10 ** 12);
    await staged({ ...options, free }, '0.4.0');
    expect(readState(layout)).toMatchObject({ current: b, previous: '' });
    expect(builds(layout)).not.toContain(first);
  });

  test('going back without a previous build', async () => {
    const { options } = await kiosk(B);
    const back = { ...install(null), action: 'rollback' as const };
    expect(await answered(options, 'stage', back)).toMatchObject({ problem: { code: 'update-no-previous' } });
  });

  test('an archive with the running build, signed as a newer one', async () => {
    const { layout, first, made, options } = await kiosk(B);
    writeFileSync(made[0]!.archive, readFileSync(buildArchive(join(layout.work, 'a'), A).archive));
    expect(await answered(options, 'stage', install('0.3.0'))).toMatchObject({
      problem: { code: 'update-build-damaged' },
    });
    await verifyBuild(join(layout.builds, first));
  });

  test('a different build than the one signed under the name', async () => {
    const { layout, first, archives, options } = await kiosk(B);
    const other = buildArchive(archives, { ...B, commit: 'e'.repeat(40) });
    expect(other.archive).toContain('0.3.0');
    expect(await answered(options, 'stage', install('0.3.0'))).toMatchObject({
      problem: { code: 'update-build-damaged' },
    });
    expect(builds(layout)).toEqual([first]);
  });

  test('a staged build that was altered before the switch', async () => {
    const { layout, first, options } = await kiosk(B);
    const id = await staged(options);
    writeFileSync(join(layout.builds, id, 'app/main.js'), 'altered');
    expect(await answered(options, 'switch', { build: id, ...trial })).toMatchObject({
      problem: { code: 'update-build-damaged' },
    });
    expect(readState(layout)).toMatchObject({ current: first });
  });

  test('anything, while another update is on trial', async () => {
    const { options } = await kiosk(B, { ...B, version: '0.4.0' });
    await answered(options, 'switch', { build: await staged(options), ...trial });
    expect(await answered(options, 'stage', install('0.4.0'))).toMatchObject({ problem: { code: 'update-on-trial' } });
  });

  test('everything, on a kiosk without a state file', async () => {
    const { layout, options } = await kiosk(B);
    rmSync(join(layout.builds, 'state.json'));
    await expect(answered(options, 'check', {})).rejects.toMatchObject({ code: 'update-state-missing' });
  });
});

describe('an archive whose content differs from its manifest', () => {
  const manifest = manifestOf(B);
  const good: RawEntry[] = [
    { path: 'build.json', content: JSON.stringify(manifest) },
    { path: ENTRY, content: B.program, mode: 0o755 },
    ...Object.entries(B.files!).map(([path, content]) => ({ path, content })),
    { path: 'app/link', type: '2', to: 'main.js' },
  ];
  const without = (path: string) => good.filter((entry) => entry.path !== path);

  async function unpacked(entries: readonly RawEntry[], packed = gzipSync(tar(entries))): Promise<string> {
    const { archives, layout } = kioskFolders();
    const archive = join(archives, 'x.tar.gz');
    writeFileSync(archive, packed);
    try {
      await unpackBuild(archive, join(layout.builds, 'x'));
      return 'taken';
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  test('is unpacked if it is', async () => expect(await unpacked(good)).toBe('taken'));

  test.each<[string, RawEntry[], string]>([
    ['no manifest', without('build.json'), 'update-build-damaged'],
    ['an invalid manifest', [...without('build.json'), { path: 'build.json', content: '{}' }], 'update-build-damaged'],
    ['a missing file', without('app/data'), 'update-build-damaged'],
    ['an extra file', [...good, { path: 'app/more', content: 'x' }], 'update-build-damaged'],
    ['an altered file', [...without('app/data'), { path: 'app/data', content: 'x' }], 'update-build-damaged'],
    ['a missing link', without('app/link'), 'update-build-damaged'],
    [
      'a link with another target',
      [...without('app/link'), { path: 'app/link', type: '2', to: 'data' }],
      'update-build-damaged',
    ],
    ['an extra link', [...good, { path: 'app/other', type: '2', to: 'data' }], 'update-build-damaged'],
    ['a device', [...good, { path: 'app/null', type: '3' }], 'update-archive-bad'],
    ['a path that leads outside', [...good, { path: '../out', content: 'x' }], 'update-archive-bad'],
  ])('%s', async (_what, entries, code) => expect(await unpacked(entries)).toBe(code));

  test('not gzip, or cut off', async () => {
    expect(await unpacked([], Buffer.from('no gzip'))).toBe('update-archive-bad');
    const packed = gzipSync(tar([...good, { path: 'app/noise', content: NOISE }]));
    for (let end = 100; end < packed.length; end += 500)
      expect(await unpacked([], packed.subarray(0, end)), `cut off at ${end}`).toBe('update-archive-bad');
  });

  test('a disk that can’t be written to reports its own error', async () => {
    const { archives, layout } = kioskFolders();
    const { archive } = buildArchive(archives, B);
    chmodSync(layout.builds, 0o555);
    if (process.getuid?.() === 0) expect(readFileSync(archive).length).toBeGreaterThan(0);
    else await expect(unpackBuild(archive, join(layout.builds, 'x'))).rejects.toMatchObject({ code: 'EACCES' });
    chmodSync(layout.builds, 0o755);
  });
});
