import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const MAX_BYTES = 1024 * 1024 * 1024;
/** Bytes. Larger files are data written by tools, not files in which someone types a key. */
const MAX_TEXT = 4 * 1024 * 1024;

export interface Text {
  readonly path: string;
  readonly text: string;
}

const git = (root: string, args: readonly string[], input?: string): Buffer =>
  execFileSync('git', args, { cwd: root, maxBuffer: MAX_BYTES, ...(input === undefined ? {} : { input }) });

/** Files of the working tree that git tracks or would add. */
export function* treeTexts(root: string): Generator<Text> {
  const listed = git(root, ['ls-files', '-z', '--cached', '--others', '--exclude-standard']).toString('utf8');
  for (const path of new Set(listed.split('\0').filter(Boolean))) {
    const text = asText(readOrNull(join(root, path)));
    if (text !== null) yield { path, text };
  }
}

/** Every version of every file reachable from any commit, tag or branch of this clone. */
export function* historyTexts(root: string): Generator<Text> {
  const paths = new Map<string, string>();
  for (const line of git(root, ['rev-list', '--objects', '--all']).toString('utf8').split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0 && space + 1 < line.length) paths.set(line.slice(0, space), line.slice(space + 1));
  }
  const out = git(root, ['cat-file', '--batch', '--buffer'], `${[...paths.keys()].join('\n')}\n`);
  for (let at = 0; at < out.length; ) {
    const end = out.indexOf(0x0a, at);
    const [id = '', type, size] = out.toString('latin1', at, end).split(' ');
    const length = Number(size);
    if (!Number.isSafeInteger(length)) throw new Error(`git can't show ${id}: ${type}`);
    const text = type === 'blob' ? asText(out.subarray(end + 1, end + 1 + length)) : null;
    if (text !== null) yield { path: paths.get(id)!, text };
    at = end + 1 + length + 1;
  }
}

function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    // Deleted but not committed yet, or the folder of a nested repository.
    if (['ENOENT', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

const asText = (bytes: Buffer | null): string | null =>
  bytes === null || bytes.length > MAX_TEXT || bytes.includes(0) ? null : bytes.toString('utf8');
