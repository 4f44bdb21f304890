import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { filesBelow, ROOT } from './files.ts';

const DPKG_DEB = '/usr/bin/dpkg-deb';
const PACKAGE = 'smartpresence-server';
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
/** Source folder of the scripts that dpkg runs. */
const SCRIPTS = join(ROOT, 'build/server/debian');
/** Folder to which Debian packages install systemd units. */
const UNITS = 'usr/lib/systemd/system';
const FOLDERS = ['.', 'opt', 'opt/smartpresence', 'usr', 'usr/bin', 'usr/lib', 'usr/lib/systemd', UNITS, 'DEBIAN'];

interface DebianOptions {
  /** Path of the server's archive (server.ts). */
  readonly archive: string;
  readonly version: string;
  /** Time of the commit, in seconds since 1970. */
  readonly at: number;
}

/**
 * Makes the Debian package from the server's archive, and writes it beside the archive. It installs the same program to the
 * same place, with its units and the link for the command. The same archive gives the same bytes.
 *
 * @returns its path; null if this machine has no dpkg-deb
 */
export function packageDebian({ archive, version, at }: DebianOptions): string | null {
  if (!existsSync(DPKG_DEB)) return null;
  const architecture = ARCHITECTURES[process.arch];
  if (!architecture) throw new Error(`Debian's name for ${process.arch} is not known here`);
  const name = `${PACKAGE}_${debianVersion(version)}_${architecture}.deb`;
  const work = mkdtempSync(join(tmpdir(), 'sp-deb-'));
  const root = join(work, 'root');
  try {
    const opt = join(root, 'opt/smartpresence');
    for (const folder of [opt, join(root, 'usr/bin'), join(root, UNITS), join(root, 'DEBIAN')])
      mkdirSync(folder, { recursive: true });
    execFileSync('tar', ['--extract', '--gzip', '--preserve-permissions', '--no-same-owner', '--file', archive], {
      cwd: opt,
    });
    const program = join(opt, version);
    renameSync(join(opt, `${PACKAGE}-${version}`), program);
    for (const unit of globSync('*.{service,timer}', { cwd: join(program, 'systemd') }))
      cpSync(join(program, 'systemd', unit), join(root, UNITS, unit));
    symlinkSync('/opt/smartpresence/current/bin/smartpresence', join(root, 'usr/bin/smartpresence'));
    const files = filesBelow(root);
    const put = (file: string, text: string, mode = 0o644) => {
      writeFileSync(join(root, 'DEBIAN', file), text);
      chmodSync(join(root, 'DEBIAN', file), mode);
    };
    const bytes = files.reduce((sum, file) => sum + readFileSync(join(root, file)).length, 0);
    put('control', control(version, architecture, bytes));
    put('md5sums', files.map((file) => `${md5(join(root, file))}  ${file}\n`).join(''));
    for (const script of readdirSync(SCRIPTS).sort())
      put(script, readFileSync(join(SCRIPTS, script), 'utf8').replaceAll('@VERSION@', version), 0o755);
    // Independent of the packager's umask.
    for (const folder of FOLDERS) chmodSync(join(root, folder), 0o755);
    for (const unit of readdirSync(join(root, UNITS))) chmodSync(join(root, UNITS, unit), 0o644);
    const made = join(work, name);
    execFileSync(DPKG_DEB, ['--root-owner-group', '-Zgzip', '-z6', '--build', root, made], {
      env: { PATH: process.env.PATH, SOURCE_DATE_EPOCH: String(at) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const to = join(dirname(archive), name);
    cpSync(made, to);
    return to;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A semantic version in Debian's order: `1.2.0-rc.1` comes before `1.2.0`. */
export const debianVersion = (version: string): string => {
  const [core, ...pre] = version.split('-');
  return pre.length === 0 ? core! : `${core}~${pre.join('.')}`;
};

const md5 = (file: string): string => hash('md5', readFileSync(file), 'hex');

const control = (version: string, architecture: string, bytes: number): string => `Package: ${PACKAGE}
Version: ${debianVersion(version)}
Architecture: ${architecture}
Maintainer: SmartPresence maintainers
Installed-Size: ${Math.ceil(bytes / 1024)}
Depends: libc6 (>= 2.28), libstdc++6, libgcc-s1, passwd
Recommends: systemd
Section: admin
Priority: optional
Description: Face check-in for building entrances: the central server
 The server with its own Node.js, its screens and its face models. Start with: smartpresence --help
`;
