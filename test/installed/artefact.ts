import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageDebian } from '../../build/package/deb.ts';
import { projectVersion, ROOT } from '../../build/package/files.ts';
import type { KioskBuild } from '../../build/package/seal.ts';
import { BuildManifest, MANIFEST_FILE } from '../../sync/protocol/wire/release.ts';
import { run } from '../kiosk-image/machine.ts';

/* The artefacts that ship, packed once from these sources. Every suite of this folder starts from the same files. */

const CACHE = join(tmpdir(), 'smartpresence-artefacts');

/** The output of `npm run package -- server`. */
export interface ServerArtefact {
  readonly archive: string;
  readonly debian: string;
  readonly sbom: string;
}

export function serverArtefact(): ServerArtefact {
  const folder = kept('', packageServer);
  return { archive: find(folder, '.tar.gz'), debian: find(folder, '.deb'), sbom: find(folder, '.cdx.json') };
}

/**
 * A server of a future version. Its schema has one more step, which adds something that earlier builds don't need, and its unit
 * has one more line.
 */
export function nextServer(version: string): Omit<ServerArtefact, 'sbom'> {
  const folder = kept(`${version}-next`, (into) => {
    run('tar', '-xzf', serverArtefact().archive, '-C', into);
    const top = `smartpresence-server-${version}`;
    renameSync(join(into, `smartpresence-server-${projectVersion()}`), join(into, top));
    for (const name of ['package.json', 'build.json']) {
      const file = join(into, top, 'app', name);
      writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), version }, null, 1));
    }
    appendFileSync(join(into, top, 'systemd/smartpresence-server.service'), '# Of the next version.\n');
    appendFileSync(join(into, top, 'app/sync/server/platform/database/migrations.js'), NEXT_STEP);
    const archive = join(into, `${top}-linux-x64.tar.gz`);
    run('tar', '--use-compress-program=gzip -1', '-cf', archive, '-C', into, top);
    rmSync(join(into, top), { recursive: true });
    packageDebian({ archive, version, at: 0 });
  });
  return { archive: find(folder, '.tar.gz'), debian: find(folder, '.deb') };
}

const NEXT_STEP = `
import { sql as sqlOfNextStep } from 'kysely';
MIGRATIONS['9998-next'] = {
  expands: true,
  async up(db) {
    await sqlOfNextStep\`alter table site add column next_colour text not null default 'blue'\`.execute(db);
  },
};
`;

/** The output of `npm run package -- kiosk`: the build and the kiosk installer. */
export interface KioskArtefact {
  readonly build: KioskBuild;
  readonly installer: string;
}

export function kioskArtefact(): KioskArtefact {
  const out = kept('kiosk', (into) => packagePart('kiosk', into));
  const archive = find(out, 'x64.tar.gz');
  const folder = archive.slice(0, -'.tar.gz'.length);
  const manifest = BuildManifest.parse(JSON.parse(readFileSync(join(folder, MANIFEST_FILE), 'utf8')));
  return { build: { folder, archive, manifest }, installer: find(out, `image-${manifest.version}.tar.gz`) };
}

/** A folder made once for these sources. @param name among those; empty for the server itself */
function kept(name: string, make: (into: string) => void): string {
  const folder = join(CACHE, `${stateOfSources()}${name && `-${name}`}`);
  if (!existsSync(folder)) {
    mkdirSync(CACHE, { recursive: true });
    const making = mkdtempSync(join(CACHE, 'making-'));
    try {
      make(making);
      renameSync(making, folder);
      forgetOld();
    } catch (cause) {
      // Another process of this run has packed the same meanwhile.
      if (!existsSync(folder)) throw cause;
    } finally {
      rmSync(making, { recursive: true, force: true });
    }
  }
  utimesSync(folder, new Date(), new Date());
  return folder;
}

function find(folder: string, end: string): string {
  const name = readdirSync(folder).find((file) => file.endsWith(end));
  if (!name) throw new Error(`npm run package made no ${end}`);
  return join(folder, name);
}

/** Packs it as an operator does. */
export const packageServer = (out: string): void => packagePart('server', out);

function packagePart(part: 'server' | 'kiosk', out: string): void {
  execFileSync(process.execPath, [join(ROOT, 'build/package/package.ts'), part, '--dirty', '--out', out], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
}

/** The commit and the differences from it. */
function stateOfSources(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 });
  const hash = createHash('sha256').update(git('diff', 'HEAD', '--', '.', ':!test'));
  const untracked = git('ls-files', '-z', '--others', '--exclude-standard', '--', '.', ':!test');
  for (const file of untracked.split('\0').filter(Boolean)) hash.update(file).update(readFileSync(join(ROOT, file)));
  return `${git('rev-parse', 'HEAD').slice(0, 12)}-${hash.digest('hex').slice(0, 12)}`;
}

const IN_USE_MS = 3 * 3_600_000;

/** Deletes builds of earlier states, 200 MB each, except recently requested ones: another run may use them. */
function forgetOld(): void {
  for (const name of readdirSync(CACHE))
    if (Date.now() - statSync(join(CACHE, name)).mtimeMs > IN_USE_MS)
      rmSync(join(CACHE, name), { recursive: true, force: true });
}
