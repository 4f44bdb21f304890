import { hash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BuildVersion } from '../../sync/protocol/wire/release.ts';
import { packageDebian } from './deb.ts';
import { projectVersion, ROOT } from './files.ts';
import { packageImage } from './image.ts';
import { packageKiosk } from './kiosk.ts';
import { packageServer } from './server.ts';
import { sourceFor } from './source.ts';

/*
 * npm run package [-- [server|kiosk] --out DIR --version V --dirty]
 *
 * Makes the server's archive with its bill of materials and Debian package, the kiosk's folder and archive, and the installer
 * that turns a Debian machine into a kiosk. Writes to dist/packages by default. See docs/develop/packages.md.
 * Exit codes: 0 made, 1 failed or refused, 2 wrong usage.
 */

const USAGE = `npm run package [-- [server|kiosk] OPTIONS]

Makes what is installed on a server, what is installed on a kiosk, or both when neither is named.

  --out DIR       where it goes. Default: dist/packages
  --version V     semantic version of the build. Default: that of package.json
  --dirty         package although the working tree differs from its commit: for trying out, never for a release`;

const PARTS = ['server', 'kiosk'] as const;
type Part = (typeof PARTS)[number];

function readOptions(): { parts: readonly Part[]; out: string; version: string; dirty: boolean } | null {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({
    options: { out: text, version: text, dirty: flag, help: { ...flag, short: 'h' } },
    allowPositionals: true,
  });
  if (values.help) return null;
  const parts = PARTS.filter((part) => positionals.length === 0 || positionals.includes(part));
  const unknown = positionals.filter((name) => !PARTS.some((part) => part === name));
  if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')} to package: ${PARTS.join(' or ')}`);
  const version = BuildVersion.safeParse(values.version ?? projectVersion());
  if (!version.success) throw new Error(`--version takes a semantic version like 1.2.3, without build metadata`);
  const out = resolve(values.out ?? join(ROOT, 'dist/packages'));
  return { parts, out, version: version.data, dirty: values.dirty ?? false };
}

async function main(): Promise<number> {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions();
  } catch (error) {
    process.stderr.write(`package: ${(error as Error).message}\n\n${USAGE}\n`);
    return 2;
  }
  if (options === null) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const source = sourceFor(options);
  if (source === null) return 1;
  const { commit, at } = source;
  const identity = { out: options.out, version: options.version, commit, at };
  mkdirSync(options.out, { recursive: true });
  for (const part of options.parts) for (const made of await PACKAGE[part](identity)) say(made);
  process.stderr.write(`${options.version} of ${commit.slice(0, 12)}\n`);
  return 0;
}

/** Prints a path to standard output, for programs, and its size and hash to standard error, for people. */
function say(path: string): void {
  process.stdout.write(`${path}\n`);
  if (!statSync(path).isFile()) return;
  const bytes = readFileSync(path);
  process.stderr.write(`  ${(bytes.length / 1e6).toFixed(1)} MB, SHA-256 ${hash('sha256', bytes)}\n`);
}

type Identity = Parameters<typeof packageServer>[0];

const PACKAGE: Readonly<Record<Part, (identity: Identity) => Promise<string[]>>> = {
  async server(identity) {
    const { archive, sbom } = await packageServer(identity);
    const debian = packageDebian({ ...identity, archive });
    if (debian === null) process.stderr.write('package: no Debian package, because dpkg-deb is missing\n');
    return [archive, sbom, ...(debian === null ? [] : [debian])];
  },
  async kiosk(identity) {
    const { folder, archive } = await packageKiosk(identity);
    return [folder, archive, await packageImage(identity.out, identity.version, identity.at)];
  },
};

process.exitCode = await main();
