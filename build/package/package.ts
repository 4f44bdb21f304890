import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BuildVersion } from '../../sync/protocol/wire/release.ts';
import { packageImage } from './image.ts';
import { packageKiosk } from './kiosk.ts';
import { readSource } from './source.ts';
import { projectVersion, ROOT } from './stage.ts';

/*
 * npm run package [-- --out DIR --version V --dirty]
 *
 * Makes `smartpresence-kiosk-<version>-<platform>/` and its `.tar.gz` in dist/packages, and what makes a kiosk of a Debian
 * machine, `smartpresence-kiosk-image-<version>.tar.gz`. See docs/packaging.md.
 * Exit: 0 made, 1 failed or refused, 2 wrong usage.
 */

const USAGE = `npm run package [-- OPTIONS]

  --out DIR       where the build and its archive go. Default: dist/packages
  --version V     semantic version of the build. Default: that of package.json
  --dirty         package although the working tree differs from its commit: for trying out, never for a release`;

function readOptions(): { out: string; version: string; dirty: boolean } | null {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({ options: { out: text, version: text, dirty: flag, help: { ...flag, short: 'h' } } });
  if (values.help) return null;
  const version = BuildVersion.safeParse(values.version ?? projectVersion());
  if (!version.success) throw new Error(`--version takes a semantic version like 1.2.3, without build metadata`);
  const out = resolve(values.out ?? join(ROOT, 'dist/packages'));
  return { out, version: version.data, dirty: values.dirty ?? false };
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
  const { commit, at, changed } = readSource(ROOT);
  if (changed.length > 0) {
    const what = `the working tree differs from commit ${commit.slice(0, 12)}: ${changed.slice(0, 5).join(', ')}${changed.length > 5 ? ' …' : ''}`;
    if (!options.dirty) {
      process.stderr.write(
        `package: ${what}\n  Commit first: a build says of which commit it is. Or try it out with --dirty.\n`,
      );
      return 1;
    }
    process.stderr.write(`package: ${what}. This build is NOT that commit, although it says so.\n`);
  }
  const { folder, archive, manifest } = await packageKiosk({ out: options.out, version: options.version, commit, at });
  const size = Object.keys(manifest.files).length;
  const image = await packageImage(options.out, options.version, at);
  process.stdout.write(`${folder}\n${archive}\n${image}\n`);
  process.stderr.write(
    `${manifest.version} of ${commit.slice(0, 12)} for ${manifest.platform}: ${size} files, ${(statSync(archive).size / 1e6).toFixed(1)} MB packed\n`,
  );
  return 0;
}

process.exitCode = await main();
