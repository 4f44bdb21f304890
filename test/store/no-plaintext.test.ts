import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MARKS } from './marks.ts';

/** Everything that the kiosk's own store passes to the kernel to write, to any file, recorded by strace. */

const missing = existsSync('/usr/bin/strace') ? null : 'SKIPPED: /usr/bin/strace is missing (Debian package strace)';
if (missing) console.warn(missing);

interface Call {
  readonly name: string;
  /** Path of the file written, synced or renamed. */
  readonly path: string;
  readonly bytes: Buffer;
}

const unescaped = (text: string) =>
  Buffer.from([...text.matchAll(/\\x([0-9a-f]{2})/g)].map((m) => m[1]).join(''), 'hex');

/** Parses calls of a trace made with `-y -xx`, in which every text is written as `\xNN`. */
function callsOf(trace: string): Call[] {
  return trace.split('\n').flatMap((line) => {
    // A call interrupted by another thread's has its arguments in its first line.
    const found = /^\d+ +(\w+)\((.*?)(?:\) += .*| <unfinished \.\.\.>)$/.exec(line);
    if (!found) return [];
    const [, name, args] = found as unknown as [string, string, string];
    const texts = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map((m) => unescaped(m[1]!));
    const file = /^\d+<([^>]*)>/.exec(args)?.[1];
    const path =
      file === undefined
        ? (texts.at(-1)?.toString('utf8') ?? '')
        : file.includes('\\x')
          ? unescaped(file).toString('utf8')
          : file;
    return [{ name, path, bytes: file === undefined ? Buffer.alloc(0) : Buffer.concat(texts) }];
  });
}

test.skipIf(missing)('no face, name or PIN is ever written in the clear to any file, including temporary ones', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sp-plain-')));
  const [home, control, trace] = ['home', 'control', 'trace'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  try {
    const calls = ['write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'fsync', 'fdatasync', 'rename', 'renameat2'];
    const child = join(import.meta.dirname, 'children/plaintext.ts');
    const { status, stderr } = spawnSync(
      'strace',
      [
        '-f',
        '-y',
        '-xx',
        '-s',
        '10000000',
        '-o',
        trace,
        '-e',
        `trace=${calls.join(',')}`,
        process.execPath,
        child,
        home,
        control,
      ],
      { encoding: 'utf8', env: { ...process.env, UV_USE_IO_URING: '0', NODE_DISABLE_COMPILE_CACHE: '1' } },
    );
    expect(status, stderr).toBe(0);
    const made = callsOf(readFileSync(trace, 'utf8'));
    const written = made.filter((c) => /write/.test(c.name) && c.path.startsWith('/') && !c.path.startsWith('/dev/'));
    const wholeOf = (path: string) => Buffer.concat(written.filter((c) => c.path === path).map((c) => c.bytes));
    const files = [...new Set(written.map((c) => c.path))];
    const holding = (needle: Buffer | string) => files.filter((path) => wholeOf(path).includes(needle));
    // The recording sees what is written in the clear.
    expect(holding(MARKS.photo)).toEqual([control]);
    expect(files.some((path) => path.endsWith('store.db-wal'))).toBe(true);
    for (const needle of [MARKS.name, MARKS.number, MARKS.pin, MARKS.vector]) expect(holding(needle)).toEqual([]);
    expect(files.filter((path) => path !== control && !path.startsWith(`${home}/`))).toEqual([]);
    // Each photo: to a temporary file beside it, flushed, renamed, and the folder flushed.
    const photos = made.filter((c) => c.name.startsWith('rename') && c.path.endsWith('.photo'));
    expect(photos.length).toBe(21);
    for (const photo of photos) {
      const at = made.indexOf(photo);
      const before = made.slice(0, at).findLast((c) => c.path === `${photo.path}.tmp`);
      expect(before?.name).toMatch(/sync$/);
      expect(made.slice(at).some((c) => /sync$/.test(c.name) && c.path === join(home, 'storage/faces'))).toBe(true);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
