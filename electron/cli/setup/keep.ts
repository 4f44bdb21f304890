import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { SECRETS } from '../../../sync/server/platform/secrets/files.ts';
import { environmentLine, readEnvironmentFile } from '../server/env-file.ts';
import { installedEnvironment, type Owner, type Places, sealCredential, serviceUser } from '../server/installed.ts';

/** Stores the answers of a set-up, and reads those of an earlier one. */
export interface Keeper {
  /** The place, as text for the person at the terminal. */
  readonly where: string;
  readonly home: string;
  readonly owner: Owner | null;
  /** How secrets are protected, as text. */
  readonly secrecy: string;
  read(): Record<string, string>;
  /** Writes only values that differ from the stored ones. Undefined removes a variable. @returns names of changed variables */
  keep(values: Readonly<Record<string, string | undefined>>): string[];
}

const isSecret = (name: string): boolean => SECRETS.some((secret) => secret === name);

/** A service of this machine: server.env, and secrets sealed by systemd-creds or in files readable only by the service's user. */
export function serviceKeeper(places: Places): Keeper {
  const owner = serviceUser();
  if (!owner) throw new Problem('no-service-user');
  const seals = spawnSync('systemd-creds', ['--version']).status === 0;
  const folder = dirname(places.variables);
  const plain = join(folder, 'secrets');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  // The unit loads the whole folder, so it must exist even when empty.
  ownFolder(places.credentials, { uid: 0, gid: 0 });
  const read = () => {
    const found = installedEnvironment(places);
    for (const name of SECRETS) {
      const path = found[`${name}_FILE`];
      if (!path) continue;
      if (existsSync(path)) found[name] = readFileSync(path, 'utf8').trim();
      delete found[`${name}_FILE`];
    }
    return found;
  };
  return {
    where: `the service of this machine: ${places.variables}`,
    home: places.home,
    owner,
    secrecy: seals
      ? `sealed to this machine by systemd-creds, in ${places.credentials}`
      : `NOT sealed, since systemd-creds is missing: files in ${plain} that the user smartpresence and root can read`,
    read,
    keep(values) {
      const now = read();
      const changed = Object.keys(values).filter((name) => (values[name] || undefined) !== (now[name] || undefined));
      const lines: Record<string, string | undefined> = {};
      for (const name of changed) {
        const value = values[name] || undefined;
        if (!isSecret(name)) lines[name] = value;
        else if (seals) {
          const path = join(places.credentials, name);
          if (value === undefined) rmSync(path, { force: true });
          else sealCredential(path, name, value);
          // The variable may have been in a plain file or in the open before. Remove both.
          lines[`${name}_FILE`] = lines[name] = undefined;
        } else {
          ownFolder(plain, owner);
          const path = join(plain, name);
          if (value === undefined) rmSync(path, { force: true });
          else replaceFile(path, `${value}\n`, { owner });
          lines[`${name}_FILE`] = value === undefined ? undefined : path;
        }
      }
      writeVariables(places.variables, lines, { owner: { uid: 0, gid: owner.gid }, mode: 0o640 });
      return changed;
    },
  };
}

/** A folder of the current user: everything in private files, beside the keys. */
export function homeKeeper(home: string): Keeper {
  const files = ['keys.env', 'server.env'].map((name) => join(home, name));
  const [keys, variables] = files as [string, string];
  const read = () =>
    Object.assign(
      {},
      ...files.map((path) => (existsSync(path) ? readEnvironmentFile(readFileSync(path, 'utf8')) : {})),
    );
  return {
    where: `a folder of this user: ${home}`,
    home,
    owner: null,
    secrecy: `NOT sealed: files in ${home} that its user alone can read`,
    read,
    keep(values) {
      const now = read();
      const changed = Object.keys(values).filter((name) => (values[name] || undefined) !== (now[name] || undefined));
      const of = (isKey: boolean) =>
        Object.fromEntries(
          changed.filter((n) => /^(ENCRYPTION|SECRET)_KEY/.test(n) === isKey).map((n) => [n, values[n] || undefined]),
        );
      writeVariables(keys, of(true), { mode: 0o600 });
      writeVariables(variables, of(false), { mode: 0o600 });
      return changed;
    },
  };
}

function ownFolder(path: string, { uid, gid }: Owner): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
  chownSync(path, uid, gid);
}

/** Replaces the lines of these variables and keeps all others, including comments. Writes nothing without changes. */
function writeVariables(
  path: string,
  values: Readonly<Record<string, string | undefined>>,
  how: { readonly mode: number; readonly owner?: Owner },
): void {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const left = new Map(Object.entries(values));
  const lines = text.split('\n').flatMap((line) => {
    const name = /^\s*([A-Za-z_]\w*)\s*=/.exec(line)?.[1];
    if (name === undefined || !(name in values)) return [line];
    const value = left.get(name);
    left.delete(name);
    return value === undefined ? [] : [environmentLine(name, value)];
  });
  if (lines.at(-1) === '') lines.pop();
  for (const [name, value] of left) if (value !== undefined) lines.push(environmentLine(name, value));
  const after = lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  if (after !== text) replaceFile(path, after, { ...how, pastUmask: true });
}
