import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from '@commander-js/extra-typings';
import { InvalidArgumentError } from 'commander';
import { Problem } from '../../../sync/errors/problem.ts';
import { getBrokerAccess, issueBrokerCertificate } from '../../../sync/protocol/api/broker.ts';
import {
  BROKER_DATA,
  brokerNames,
  type Owner,
  writeMosquitto,
  writeMosquittoAccess,
} from '../../../sync/server/app/mqtt/mosquitto.ts';
import type { Call } from '../../../sync/server/app/operator-socket.ts';
import { EXIT } from '../exit-codes.ts';
import { wholeNumber } from '../options.ts';
import { print } from '../output.ts';
import { asOperator, call } from './environment.ts';

interface Args {
  readonly out: string;
  readonly hostname?: string[];
  readonly access?: boolean;
  readonly watch?: number;
  readonly port: number;
  readonly wssPort?: number;
  readonly bind?: string;
  readonly data: string;
  readonly replica?: string[];
  readonly user?: string;
  readonly json?: boolean;
}

/** The archive's service, and the folder that it reads (build/systemd). */
const UNIT = 'smartpresence-mosquitto';
const UNIT_FOLDER = '/etc/smartpresence/mosquitto';
/** The broker's user on Debian and in its image. */
const BROKER_USER = 'mosquitto';

export function registerMosquitto(server: Command, environment: string): void {
  server
    .command('mosquitto')
    .description('Write the configuration, access rules and certificates of a Mosquitto broker for this server.')
    .requiredOption('--out <folder>', 'folder for the files; readable only by the broker’s user')
    .option('--hostname <names>', 'names or addresses of the broker, comma-separated', list)
    .option('--access', 'write only the access rules, after servers were added or kiosks revoked')
    .option('--watch <seconds>', 'with --access: repeat at this interval until stopped', wholeNumber(5, 3600))
    .option('--port <n>', 'MQTT port', wholeNumber(1, 65_535), 8883)
    .option('--wss-port <n>', 'port for MQTT over WebSocket (default: none)', wholeNumber(1, 65_535))
    .option('--bind <address>', 'address to listen on (default: all)')
    .option('--data <folder>', 'folder where the broker keeps its sessions', BROKER_DATA)
    .option('--replica <names>', 'names of replicas that haven’t started yet, comma-separated', list)
    .option('--user <name>', `user that the broker runs as and that owns the files (default: ${BROKER_USER})`)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `${environment}
The rules name every server that has connected to the broker within 30 days, and those given by --replica. When run as root,
the files are given to the broker's user. Run it again after \`server keys succeed ca\`, and once a year: the certificate is
valid for 397 days. Run it with --access every few minutes, and reload the broker when it reports new rules.`,
    )
    .action(async (o, command) => {
      if (o.watch !== undefined && !o.access) command.error('error: --watch needs --access', { exitCode: EXIT.usage });
      if (o.watch !== undefined) return watch(o, o.watch);
      if (o.access) {
        const { changed, names } = await writeAccess(o);
        const said = changed
          ? 'The access rules have changed: reload the broker (SIGHUP).'
          : 'The access rules have not changed.';
        print(o.json, { changed }, `${said} Servers that may use the broker: ${names}.`);
        return;
      }
      if (!o.hostname) return command.error('error: --hostname is needed, or --access', { exitCode: EXIT.usage });
      const { hostname: hostnames } = o;
      // A broker gets its certificate before the server's first start (build/compose).
      const issue = (ask: Call) => ask(issueBrokerCertificate, { body: { hostnames } });
      const { replicas, ...made } = await asOperator(issue, { makes: true });
      const owner = ownerOf(o);
      const named = together(replicas, o.replica);
      const files = writeMosquitto({
        folder: o.out,
        dataFolder: o.data,
        port: o.port,
        wssPort: o.wssPort ?? null,
        ...made,
        replicas: named,
        ...(owner && { owner }),
        ...(o.bind && { bind: o.bind }),
        ...(o.user && { user: o.user }),
      });
      const lines = [
        resolve(o.out) === UNIT_FOLDER && systemctl('cat')
          ? `Start the broker: systemctl ${systemctl('is-active') ? 'restart' : 'enable --now'} ${UNIT}`
          : `Start the broker: OPENSSL_CONF=${files.openssl} mosquitto -c ${files.config}`,
        `Servers that may use it: ${brokerNames(named)}.`,
      ];
      if (owner?.uid === 0)
        lines.push(
          `The files belong to root, because there is no user ${BROKER_USER} here. Give the broker's user with --user.`,
        );
      print(o.json, files, lines.join('\n'));
    });
}

async function writeAccess(o: Args): Promise<{ changed: boolean; names: string }> {
  const { replicas, ...access } = await call(getBrokerAccess);
  const named = together(replicas, o.replica);
  return {
    changed: writeMosquittoAccess(o.out, { ...access, replicas: named }, ownerOf(o)),
    names: brokerNames(named),
  };
}

/** Writes the rules at this interval, until SIGTERM or SIGINT. Failures are reported and retried. */
async function watch(o: Args, seconds: number): Promise<void> {
  const ended = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ended.abort());
  while (!ended.signal.aborted) {
    try {
      const { changed, names } = await writeAccess(o);
      if (changed)
        print(o.json, { changed }, `The access rules have changed. Servers that may use the broker: ${names}.`);
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      process.stderr.write(`${code ?? 'failed'}: ${message}\nTrying again in ${seconds} s.\n`);
    }
    await pause(seconds * 1000, undefined, { signal: ended.signal }).catch(() => undefined); // aborted by a signal
  }
}

/**
 * Returns the owner for the files. Root gives them to the user of `--user`; else to the folder's owner; else to the broker's
 * usual user; else keeps them. Null if not root, who can't give files away.
 *
 * @throws Problem `user-unknown`
 */
function ownerOf({ out, user }: Args): Owner | null {
  if (process.getuid?.() !== 0) return null;
  if (user !== undefined) {
    const named = idsOf(user);
    if (named) return named;
    throw new Problem('user-unknown', { user });
  }
  const folder = existsSync(out) ? statSync(out) : null;
  if (folder && folder.uid !== 0) return folder;
  return idsOf(BROKER_USER) ?? { uid: 0, gid: 0 };
}

/** Looks the user up with the system's name service, since it may be in no file here. */
function idsOf(user: string): Owner | null {
  const ask = (what: '-u' | '-g') => spawnSync('id', [what, '--', user], { encoding: 'utf8' });
  const [uid, gid] = [ask('-u'), ask('-g')];
  return uid.status === 0 && gid.status === 0 ? { uid: Number(uid.stdout), gid: Number(gid.stdout) } : null;
}

const systemctl = (what: string): boolean => spawnSync('systemctl', [what, UNIT]).status === 0;

const together = (known: readonly string[], given: readonly string[] = []): string[] => [
  ...new Set([...known, ...given]),
];

function list(text: string): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  if (names.length === 0) throw new InvalidArgumentError('at least one name');
  return names;
}
