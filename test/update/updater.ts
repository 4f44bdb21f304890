import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  readStatus,
  requestFile,
  type UpdateRequest,
  type UpdaterStatus,
  writeShared,
} from '../../electron/core/update/files.ts';
import { type UpdateLayout, updateLayout } from '../../electron/core/update/layout.ts';
import { firstBuild, unpackInto } from '../../electron/host-browser/update/slots.ts';
import { runUpdater, type UpdaterOptions } from '../../electron/host-browser/update/updater.ts';
import { isInstallable, requireInstallable, type UpdateTarget } from '../../sync/edge/update/choice.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { type BuildFacts, targetPath } from '../../sync/protocol/wire/release.ts';
import { type BuildParts, buildArchive } from './archives.ts';

/** In memory where available, because a kill, unlike a power cut, loses no written data. */
const PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Creates the empty folders of an installed kiosk, which are deleted when the test ends. */
export function kioskFolders(): { root: string; layout: UpdateLayout; archives: string } {
  const root = mkdtempSync(join(PARENT, 'sp-update-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));
  const layout = updateLayout(root);
  const archives = join(root, 'archives');
  for (const folder of [...Object.values(layout), archives]) mkdirSync(folder, { recursive: true });
  return { root, layout, archives };
}

/** Installs a build as a kiosk's first one. */
export async function installFirst(layout: UpdateLayout, archives: string, parts: BuildParts): Promise<string> {
  const { archive } = buildArchive(archives, parts);
  const { id } = await unpackInto(layout, archive);
  await firstBuild(layout, id);
  return id;
}

/** Offers builds without authenticating them, for tests of the steps after authentication. */
export function trusted(
  published: readonly { archive: string; facts: BuildFacts; bytes: number }[],
): UpdaterOptions['open'] {
  return async (_from, running) => {
    let moved = 0;
    const targets = published.map(
      ({ facts, bytes }): UpdateTarget => ({
        path: targetPath(facts),
        length: bytes,
        sha256: '',
        build: facts,
        format: 'tar.gz',
      }),
    );
    return {
      moved: () => moved,
      client: {
        async find(version) {
          const target = targets.find(({ build }) => build.version === version);
          if (!target) throw new Problem('update-unknown-version', { version: '1.4.0' });
          requireInstallable(running, target.build);
          return target;
        },
        newest: async (except = []) =>
          targets.findLast(({ build }) => !except.includes(build.version) && isInstallable(running, build)) ?? null,
        async download(target, to, { progress } = {}) {
          cpSync(published.find(({ facts }) => facts.version === target.build.version)!.archive, to);
          moved = target.length;
          progress?.(target.length, target.length);
        },
      },
    };
  };
}

/** The fields of a request with this `want`, without its id and `want`. */
export type Wanted<W extends UpdateRequest['want']> = Omit<Extract<UpdateRequest, { want: W }>, 'id' | 'want'>;

export function ask<W extends UpdateRequest['want']>(layout: UpdateLayout, want: W, fields: Wanted<W>): string {
  const id = randomUUID();
  writeShared(requestFile(layout), { id, want, ...fields });
  return id;
}

/** Writes a request, runs the updater once, and returns its answer. */
export async function answered<W extends UpdateRequest['want']>(
  options: Omit<UpdaterOptions, 'self' | 'log'>,
  want: W,
  fields: Wanted<W>,
): Promise<UpdaterStatus> {
  const id = ask(options.layout, want, fields);
  await runUpdater({ self: 'test', log: () => undefined, ...options });
  const status = readStatus(options.layout);
  if (status?.request !== id) throw new Error('the updater did not answer');
  return status;
}

export const install = (version: string | null): Wanted<'stage'> => ({
  version,
  action: 'install',
  source: 'network',
  now: new Date().toISOString(),
});
