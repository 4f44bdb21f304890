import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RoleName } from '../../build/release/documents.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { type Mirror, makeRepository, type Repository, startMirror, T0 } from './repository.ts';

/** kill -9 at every step of a kiosk's writing of metadata. */

const CHILD = join(import.meta.dirname, 'children/refresh.ts');

const home = temporaryFolder();
const trusted = join(home.path, 'kiosk', 'trusted');
let repository: Repository;
let server: Mirror;

beforeAll(async () => {
  repository = makeRepository(join(home.path, 'repository'));
  repository.add('1.1.0', Buffer.from('archive'));
  server = await startMirror(repository.workspace.folder);
  writeFileSync(join(home.path, 'root.json'), repository.trustedRoot);
});
afterAll(async () => {
  await server?.close();
  home.remove();
});

/** Runs an update check in a process that is killed at a step. Resolves to the versions it reached, or null if it was killed. */
async function tryStep(dieAt: number): Promise<Record<RoleName, number> | null> {
  const args = [CHILD, join(home.path, 'root.json'), trusted, server.url, String(T0)];
  const env = { ...process.env, DIE_AT: String(dieAt) };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let notified = '';
  child.stdout.on('data', (text) => {
    notified += text;
  });
  const [code, signal] = await once(child, 'close');
  if (signal === 'SIGKILL') return null;
  expect(code).toBe(0);
  return JSON.parse(notified);
}

/** Returns the versions on the disk; an incomplete file has none. */
function onDisk(): Partial<Record<RoleName, number>> {
  const versions: Partial<Record<RoleName, number>> = {};
  if (!existsSync(trusted)) return versions;
  for (const name of readdirSync(trusted).filter((file) => !file.endsWith('.tmp'))) {
    const { signed } = JSON.parse(readFileSync(join(trusted, name), 'utf8'));
    expect(name, name).toBe(signed._type === 'root' ? `${signed.version}.root.json` : `${signed._type}.json`);
    const role = signed._type as RoleName;
    versions[role] = Math.max(versions[role] ?? 0, signed.version);
  }
  return versions;
}

test('after a kill at any step all trusted metadata is intact and no older than before, and the next check continues', async () => {
  let killed = 0;
  let before = onDisk();
  for (let step = 1; ; step++) {
    // Every role gets a new version, so every file is written.
    repository.rotate('timestamp');
    repository.add('1.1.0', Buffer.from(`archive ${step}`));
    const seen = await tryStep(step);
    const after = onDisk();
    for (const role of Object.keys(before) as RoleName[])
      expect(after[role], `${role} at step ${step}`).toBeGreaterThanOrEqual(before[role]!);
    before = after;
    if (seen) {
      expect(seen).toEqual(after);
      break;
    }
    killed += 1;
  }
  // Six steps (opened, half, whole, flushed, renamed, folder flushed) for root, timestamp, snapshot and targets.
  expect(killed).toBeGreaterThanOrEqual(4 * 6);
  expect(readdirSync(trusted).filter((name) => name.endsWith('.tmp'))).toEqual([]);
}, 300_000);
