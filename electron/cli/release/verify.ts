import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Offered } from '../../../sync/edge/update/client.ts';
import { openUpdateClient } from '../../../sync/edge/update/client.ts';
import { folderSource } from '../../../sync/edge/update/folder-source.ts';
import { httpSource } from '../../../sync/edge/update/http-source.ts';
import { Problem } from '../../../sync/errors/problem.ts';

/** Metadata that expires in less time needs attention, days. */
const SOON = { root: 30, targets: 30, snapshot: 7, timestamp: 2 } as const;
const MAX_ROOT = 64 * 1024;

export interface VerifyOptions {
  readonly root: string;
  /** A folder or a URL. */
  readonly from: string;
  readonly ca?: string;
  /** False: only metadata is verified. */
  readonly archives: boolean;
  readonly now: number;
  readonly progress: (done: number, total: number, what: string) => void;
}

export interface Verified extends Omit<Offered, 'builds' | 'wrong'> {
  readonly builds: readonly { readonly path: string; readonly version: string; readonly bytes: number }[];
  /** Findings that need attention. */
  readonly notes: readonly string[];
}

/**
 * Verifies a repository with the kiosk's own client, as a new kiosk with nothing but its root would.
 *
 * @throws Problem `update-…`
 */
export async function verifyRepository(options: VerifyOptions): Promise<Verified> {
  const { root, from, ca, archives, now, progress } = options;
  const folder = mkdtempSync(join(tmpdir(), 'sp-verify-'));
  try {
    const source = /^https?:\/\//.test(from)
      ? httpSource({ name: 'repository', url: from, ...(ca && { ca: readFileSync(ca, 'utf8') }) })
      : folderSource(from, 'repository');
    const client = await openUpdateClient({
      trustedRoot: readRoot(root),
      folder: join(folder, 'trusted'),
      sources: [source],
      now: () => now,
      log: () => undefined,
      running: null,
    });
    const { builds, wrong, versions, expires } = await client.view();
    if (archives)
      for (const [i, target] of builds.entries()) {
        const to = join(folder, 'archive');
        await client.download(target, to, {
          progress: (done, total) => progress(done, total, `bytes of ${target.build.version}`),
        });
        progress(i + 1, builds.length, 'archives');
        rmSync(to);
      }
    return {
      versions,
      expires,
      builds: builds.map(({ path, length, build }) => ({ path, version: build.version, bytes: length })),
      notes: [...wrong.map((problem) => problem.message), ...soon(expires, now)],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns a sentence for each metadata file that expires soon. */
export function soon(expires: Readonly<Record<keyof typeof SOON, string>>, now: number): string[] {
  return (Object.keys(SOON) as (keyof typeof SOON)[])
    .map((role) => ({ role, days: (Date.parse(expires[role]) - now) / 86_400_000 }))
    .filter(({ role, days }) => days < SOON[role])
    .map(({ role, days }) => {
      const how =
        role === 'root' || role === 'targets'
          ? `release sign --renew ${role}, with the offline keys`
          : 'release refresh';
      return `The ${role} metadata expire in ${Math.max(0, Math.floor(days))} days: renew them with ${how}.`;
    });
}

function readRoot(file: string): Buffer {
  try {
    if (statSync(file).size > MAX_ROOT) throw new Error('it is too large');
    return readFileSync(file);
  } catch (cause) {
    throw new Problem('release-root-missing', { file, cause });
  }
}
