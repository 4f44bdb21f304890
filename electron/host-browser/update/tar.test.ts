import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Problem } from '../../../sync/errors/problem.ts';
import { pax, type RawEntry, tar } from '../../../test/update/archives.ts';
import { readTar, type TarLimits } from './tar.ts';

const LIMITS: TarLimits = { entries: 100, bytes: 1_000_000 };

async function* inPieces(bytes: Buffer, size: number): AsyncIterable<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Returns an archive's content, or the code of its error. */
async function read(bytes: Buffer, limits = LIMITS, piece = 700): Promise<Record<string, string> | string> {
  const found: Record<string, string> = {};
  try {
    for await (const entry of readTar(inPieces(bytes, piece), limits)) {
      if (entry.kind === 'folder') found[entry.path] = '/';
      else if (entry.kind === 'link') found[entry.path] = `-> ${entry.to}`;
      else {
        let content = entry.executable ? '*' : '';
        for await (const part of entry.content) content += part.toString();
        found[entry.path] = content;
      }
    }
    return found;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
}

describe('an archive', () => {
  test('is read: folders, files, links, long names by ustar, pax and GNU', async () => {
    const long = `${'a'.repeat(90)}/${'b'.repeat(90)}`;
    const longer = `${'c/'.repeat(100)}${'d'.repeat(150)}`;
    const archive = tar([
      { path: './', type: '5' },
      { path: './bin/', type: '5' },
      { path: 'bin/kiosk', content: 'run', mode: 0o755 },
      { path: 'lib/x', content: 'x'.repeat(1300) },
      { path: 'bin/x', type: '2', to: '../lib/x' },
      { path: long, content: 'l' },
      { path: 'ignored', type: 'x', content: pax('path', longer) + pax('mtime', '1.5') },
      { path: 'short', content: 'p' },
      { path: '././@LongLink', type: 'L', content: `${longer}.gnu\0` },
      { path: 'short', content: 'g' },
    ]);
    for (const piece of [1, 511, 512, 700, 100_000])
      expect(await read(archive, LIMITS, piece)).toEqual({
        bin: '/',
        'bin/kiosk': '*run',
        'lib/x': 'x'.repeat(1300),
        'bin/x': '-> ../lib/x',
        [long]: 'l',
        [longer]: 'p',
        [`${longer}.gnu`]: 'g',
      });
  });

  test('of GNU tar is read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sp-tar-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const deep = `${'long-folder-name/'.repeat(10)}file`;
    mkdirSync(join(folder, 'in', deep, '..'), { recursive: true });
    writeFileSync(join(folder, 'in', deep), 'deep');
    for (const format of ['gnu', 'pax', 'ustar']) {
      const made = spawnSync('tar', [
        '-C',
        join(folder, 'in'),
        `--format=${format}`,
        '-cf',
        join(folder, 'x.tar'),
        '.',
      ]);
      expect(made.status).toBe(0);
      expect(await read(readFileSync(join(folder, 'x.tar')))).toMatchObject({ [deep]: 'deep' });
    }
  });

  const bad: [string, RawEntry[]][] = [
    ['a path that leads upwards', [{ path: '../x', content: 'x' }]],
    ['a path upwards in the middle', [{ path: 'a/../../x', content: 'x' }]],
    ['an absolute path', [{ path: '/etc/passwd', content: 'x' }]],
    ['a path upwards by pax', [{ path: 'p', type: 'x', content: pax('path', '../x') }, { path: 'x' }]],
    ['an absolute path by GNU', [{ path: 'p', type: 'L', content: '/x\0' }, { path: 'x' }]],
    ['a folder that leads upwards', [{ path: '../d/', type: '5' }]],
    ['a link out of it', [{ path: 'x', type: '2', to: '../../etc' }]],
    ['an absolute link', [{ path: 'x', type: '2', to: '/etc' }]],
    ['a link to nothing', [{ path: 'x', type: '2', to: '' }]],
    [
      'a long link out of it',
      [
        { path: 'p', type: 'x', content: pax('linkpath', '/etc') },
        { path: 'x', type: '2', to: 'y' },
      ],
    ],
    [
      'a file through a link',
      [
        { path: 'x', type: '2', to: 'y' },
        { path: 'x/z', content: 'z' },
      ],
    ],
    [
      'a link where a folder is',
      [
        { path: 'x/z', content: 'z' },
        { path: 'x', type: '2', to: 'y' },
      ],
    ],
    [
      'a file twice',
      [
        { path: 'x', content: '1' },
        { path: 'x', content: '2' },
      ],
    ],
    [
      'a file over a link',
      [
        { path: 'x', type: '2', to: 'y' },
        { path: './x', content: '2' },
      ],
    ],
    ['a hard link', [{ path: 'x', type: '1', to: 'y' }]],
    ['a character device', [{ path: 'x', type: '3' }]],
    ['a block device', [{ path: 'x', type: '4' }]],
    ['a pipe', [{ path: 'x', type: '6' }]],
    ['a sparse file', [{ path: 'x', type: 'S' }]],
    [
      'an absolute path by global pax settings',
      [
        { path: 'g', type: 'g', content: pax('path', '/etc/passwd') },
        { path: 'p', type: 'x', content: pax('mtime', '1') },
        { path: 'x', content: 'x' },
      ],
    ],
    ['a folder with content', [{ path: 'x/', type: '5', content: 'x' }]],
    ['a header without an end', [{ path: 'x', type: 'x', content: 'x', claims: 5 * 1024 * 1024 }]],
    ['a pax record with a wrong length', [{ path: 'x', type: 'x', content: '99 path=y\n' }, { path: 'x' }]],
    ['a file shorter than its header says', [{ path: 'x', content: 'x', claims: 100_000 }]],
    ['a name with a line break', [{ path: 'x\ny', content: 'x' }]],
    ['a name that is not UTF-8', [{ path: Buffer.from([0x78, 0xff]), content: 'x' }]],
    ['a backslash', [{ path: '..\\x', content: 'x' }]],
  ];
  test.each(bad)('with %s is refused', async (_what, entries) => {
    expect(await read(tar(entries))).toBe('update-archive-bad');
  });

  test('that unpacks to more than allowed is refused before it does', async () => {
    const many = Array.from({ length: 101 }, (_, i) => ({ path: `f${i}`, content: 'x' }));
    expect(await read(tar(many))).toBe('update-archive-too-large');
    expect(await read(tar([{ path: 'x', content: 'x', claims: 0o77777777 }]))).toBe('update-archive-too-large');
  });

  test('cut off or damaged anywhere is refused, or gives the same content', async () => {
    const whole = tar([
      { path: 'a/b', content: 'hello' },
      { path: 'c', type: '2', to: 'a/b' },
    ]);
    const good = await read(whole);
    for (let at = 0; at < whole.length - 1024; at += 13)
      expect(await read(whole.subarray(0, at)), `cut at ${at}`).toBe('update-archive-bad');
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1025), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= by;
        const got = await read(damaged);
        const inContent = at >= 512 && at < 1024;
        if (!inContent && typeof got !== 'string') expect(got).toEqual(good);
      }),
      { numRuns: 300 },
    );
  });
});
