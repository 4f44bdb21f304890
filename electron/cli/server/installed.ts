import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../../sync/errors/problem.ts';
import { CREDENTIAL, SECRETS } from '../../../sync/server/platform/secrets/files.ts';
import { readEnvironmentFile } from './env-file.ts';

/**
 * A server installed as a service of this machine. Its unit gets variables from `server.env`, and secrets from credentials
 * that systemd-creds sealed to this machine. Commands read both as the unit does (build/systemd).
 */

export type Places = ReturnType<typeof placesOf>;

const HOME = '/var/lib/smartpresence';

/** Returns the paths of the service. `SMARTPRESENCE_CONFIG` replaces /etc/smartpresence. */
export function placesOf(env: NodeJS.ProcessEnv) {
  const folder = env.SMARTPRESENCE_CONFIG || '/etc/smartpresence';
  return {
    variables: join(folder, 'server.env'),
    credentials: join(folder, 'credentials'),
    /** Home of the server if server.env sets none. */
    home: HOME,
  };
}

export const isInstalled = ({ variables, credentials }: Places): boolean =>
  existsSync(variables) || existsSync(join(credentials, 'ENCRYPTION_KEY'));

/**
 * Returns the environment that the unit gives its server.
 *
 * @throws Problem `not-permitted`, `credential-not-opened`
 */
export function installedEnvironment(places: Places): Record<string, string> {
  try {
    const variables = existsSync(places.variables) ? readEnvironmentFile(readFileSync(places.variables, 'utf8')) : {};
    const sealed = existsSync(places.credentials) ? readdirSync(places.credentials) : [];
    const secrets = SECRETS.filter((name) => sealed.includes(name)).map((name) => [
      name,
      openCredential(join(places.credentials, name), name),
    ]);
    return { SMARTPRESENCE_SERVER_HOME: places.home, ...variables, ...Object.fromEntries(secrets) };
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code !== 'EACCES' && code !== 'EPERM') throw cause;
    throw notPermitted(places, cause);
  }
}

const notPermitted = (places: Places, cause?: unknown) =>
  new Problem('not-permitted', { variables: places.variables, cause });

function openCredential(path: string, name: string): string {
  const done = spawnSync('systemd-creds', ['decrypt', `--name=${CREDENTIAL}${name}`, path, '-'], { encoding: 'utf8' });
  if (done.status === 0) return done.stdout.trim();
  if (process.getuid?.() !== 0) throw Object.assign(new Error(`${path} could not be opened`), { code: 'EACCES' });
  throw new Problem('credential-not-opened', { path, reason: (done.error?.message ?? done.stderr).trim() });
}

/** Seals a secret for the unit. @throws Problem `credential-not-sealed` */
export function sealCredential(path: string, name: string, value: string): void {
  const done = spawnSync('systemd-creds', ['encrypt', `--name=${CREDENTIAL}${name}`, '-', path], {
    input: value,
    encoding: 'utf8',
  });
  if (done.status === 0) return;
  throw new Problem('credential-not-sealed', { name, reason: (done.error?.message ?? done.stderr).trim() });
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The owner of the server's files if root runs the command. Null: we are that user, or there is none. */
function ownerOf(home: string): Owner | null {
  if (process.getuid?.() !== 0) return null;
  const owner = statSync(home, { throwIfNoEntry: false }) ?? (home === HOME ? serviceUser() : null);
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : null;
}

/** The unit's user, for use before its home exists. */
export function serviceUser(): Owner | null {
  const line = /^smartpresence:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return line ? { uid: Number(line[1]), gid: Number(line[2]) } : null;
}

/** Switches to the owner of the home, when root starts a server by hand. */
export function becomeOwner(home: string): void {
  const owner = ownerOf(home);
  if (!owner) return;
  process.setgroups!([]);
  process.setgid!(owner.gid);
  process.setuid!(owner.uid);
}

/** Runs work as the server's user, so that files in its home keep their owner. Afterwards the process is root again. */
export async function asOwner<T>(home: string, work: () => Promise<T>): Promise<T> {
  const owner = ownerOf(home);
  if (!owner) return work();
  process.setegid!(owner.gid);
  process.seteuid!(owner.uid);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
    process.setegid!(0);
  }
}
