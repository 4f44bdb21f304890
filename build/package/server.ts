import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BuildPlatform, MANIFEST_FILE } from '../../sync/protocol/wire/release.ts';
import { replicaUnit } from '../systemd/replica.ts';
import { nodeRuntime } from './components.ts';
import { copy, ROOT } from './files.ts';
import { placeLauncher, placeNode } from './launcher.ts';
import { SBOM_FILE } from './sbom.ts';
import { type BuildIdentity, stageProgram } from './stage.ts';
import { packFolder } from './tar.ts';

const SERVER = 'smartpresence-server';

/** Entry points: the command line, and the server's process. */
const ENTRIES = ['electron/cli/sp.ts', 'sync/server/main.ts'];
const NODE = 'bin/node';

/** Files placed beside the program: path in the sources to folder in the archive. */
const BESIDE: Readonly<Record<string, string>> = {
  'build/systemd/*.{service,timer,sh,example}': 'systemd',
  'build/compose/{Containerfile,compose.yaml,pg_hba.conf,prepare.sh,settings.env.example}': 'compose',
  'build/iam/*.json': 'iam',
  'build/server/install.sh': '.',
  'docs/README.md': 'docs',
  'docs/install/*.md': 'docs/install',
  'docs/enrol/*.md': 'docs/enrol',
  'docs/operate/*.md': 'docs/operate',
  'docs/prove/*.md': 'docs/prove',
  'docs/develop/*.md': 'docs/develop',
  'docs/develop/decisions/*.md': 'docs/develop/decisions',
};

interface ServerBuildOptions extends BuildIdentity {
  /** Folder for the archive and its bill of materials. */
  readonly out: string;
}

interface ServerBuild {
  readonly archive: string;
  readonly sbom: string;
}

/**
 * Packages the server for this machine's platform as one self-contained archive. The same commit, version and packages give
 * the same bytes.
 */
export async function packageServer(options: ServerBuildOptions): Promise<ServerBuild> {
  const { version, commit, out } = options;
  const platform = BuildPlatform.parse(`${process.platform}-${process.arch}`);
  const archive = join(out, `${SERVER}-${version}-${platform}.tar.gz`);
  const sbom = join(out, `${SERVER}-${version}-${platform}.cdx.json`);
  const work = `${archive}.${process.pid}.tmp`;
  const folder = join(work, `${SERVER}-${version}`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    await stageProgram({
      ...options,
      folder,
      within: 'app/',
      product: SERVER,
      platform,
      entries: ENTRIES,
      runtime: nodeRuntime(ROOT, NODE),
      screens: ['console', 'portal'],
      models: 'node',
      own: ['bin/smartpresence', 'app/build/', 'systemd/', 'compose/', 'iam/', 'docs/', 'install.sh'],
    });
    placeNode(join(folder, NODE));
    placeLauncher(folder, 'bin/smartpresence', NODE, 'app/electron/cli/sp.js');
    for (const [pattern, to] of Object.entries(BESIDE)) placeBeside(pattern, join(folder, to));
    const unit = join(folder, 'systemd/smartpresence-server');
    writeFileSync(`${unit}@.service`, replicaUnit(readFileSync(`${unit}.service`, 'utf8')));
    const manifest = { product: SERVER, version, commit, platform, node: process.versions.node };
    writeFileSync(join(folder, 'app', MANIFEST_FILE), `${JSON.stringify(manifest, null, 1)}\n`);
    copy(join(folder, SBOM_FILE), sbom);
    await packFolder(work, `${archive}.packing`, options.at);
    renameSync(`${archive}.packing`, archive);
    return { archive, sbom };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Copies files by a pattern, and keeps whether they are executable. */
function placeBeside(pattern: string, folder: string): void {
  const found = globSync(pattern, { cwd: ROOT }).sort();
  if (found.length === 0) throw new Error(`there is no ${pattern}`);
  for (const file of found)
    copy(
      join(ROOT, file),
      join(folder, file.slice(dirname(file).length + 1)),
      readFileSync(join(ROOT, file)).subarray(0, 2).toString() === '#!' ? 0o755 : 0o644,
    );
}
