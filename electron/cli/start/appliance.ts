import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { prepareModels } from '../../../build/models/prepare.ts';
import { command } from '../../../sync/disk/program.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { countDemo } from '../../../sync/protocol/api/demo.ts';
import { initServer } from '../../../sync/server/app/local.ts';
import { type Call, throughSocket } from '../../../sync/server/app/operator-socket.ts';
import { readDeviceSecret } from '../../core/keys/credential.ts';
import { slotsFile } from '../../core/keys/slots.ts';
import { isLeaving } from '../../core/leaving/journal.ts';
import { lockFile } from '../../core/lock-file.ts';
import { makeOwnFolder } from '../../core/own-folder.ts';
import { dataHome, kioskHome, serverHome } from '../../core/paths.ts';
import { defaultSite, ensureKioskFolder } from '../../core/provision.ts';
import { BUILD_NAME } from '../../core/version.ts';
import { sandboxFor } from '../../host-browser/chromium.ts';
import { aborted, killDescendants, orAsked, watchForEnd } from '../../host-browser/ending.ts';
import { EXIT } from '../exit-codes.ts';
import { ensureScreens } from './build-screens.ts';
import { hasCamera, hasDisplay } from './camera.ts';
import { ensureChromium } from './chromium.ts';
import { layEmptyDatabase } from './empty-database.ts';
import { electronFor, type KioskHost, openKioskHost } from './kiosk-host.ts';
import { localPorts } from './ports.ts';
import type { PreparedKiosk } from './prepare-kiosk.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

type SecretPlace = 'file' | 'systemd';

interface DeviceSecret {
  /** 32 bytes from systemd's credential; null: the 0600 file in the kiosk's folder is used. */
  readonly bytes: Uint8Array | null;
  readonly notice: string;
}

/** @throws Problem `device-secret-missing` or `device-secret-bad` if systemd's credential was requested and is missing or bad */
function deviceSecretOf(place: SecretPlace, env: NodeJS.ProcessEnv): DeviceSecret {
  const secret = readDeviceSecret(env, place === 'file');
  return secret === null
    ? {
        bytes: null,
        notice: 'Device secret: in a 0600 file, for evaluation (--device-secret file; the alternative is systemd).',
      }
    : { bytes: Buffer.from(secret, 'base64'), notice: 'Device secret: from systemd’s credential.' };
}

export interface ApplianceOptions {
  readonly camera: 'auto' | 'demo' | 'real';
  readonly host: 'auto' | 'electron' | 'browser';
  readonly port: number | null;
  readonly deviceSecret: SecretPlace;
  /** False: the screens are used as they are. */
  readonly build: boolean;
}

/** Something that was started. Parts are closed in reverse order. */
interface Part {
  close(): Promise<void>;
}

/** How long a running step may take to finish after a stop was requested. All steps can be interrupted. */
const FINISH_STEP_MS = 4_000;
/** Time after the request by which everything has stopped, or is killed. */
const END_WITHIN_MS = 12_000;

/**
 * `npm start`: brings up server and kiosk on this machine from nothing, until Ctrl-C. Whatever was started is always stopped
 * again: on request first, by force after END_WITHIN_MS or on a second request.
 * @returns the exit code
 */
export async function runAppliance(options: ApplianceOptions): Promise<number> {
  const { signal } = watchForEnd({
    withinMs: END_WITHIN_MS,
    force(why) {
      say(`✗ Stopped immediately: ${why}.`);
      killDescendants();
      process.exit(EXIT.attention);
    },
  });
  signal.addEventListener('abort', () => say('Stopping …'), { once: true });
  const parts: Part[] = [];
  const work = bringUp(options, parts, signal);
  try {
    await orAsked(work, signal, FINISH_STEP_MS);
    return EXIT.ok;
  } catch (cause) {
    if (signal.aborted) return EXIT.ok;
    report(cause);
    return EXIT.attention;
  } finally {
    work.catch(() => undefined); // an interrupted step may still fail, and nobody awaits it
    for (let part = parts.pop(); part; part = parts.pop()) {
      // A part that can't be stopped must not keep the others running.
      await part.close().catch((cause: unknown) => say(`✗ could not be stopped cleanly: ${String(cause)}`));
    }
    killDescendants(); // left by an interrupted step; none after a clean stop
    say('Stopped.');
  }
}

function report(cause: unknown): void {
  const problem = cause as Partial<Problem>;
  say(`✗ ${problem.code ?? 'internal'}: ${problem.message ?? String(cause)}`);
  if (problem.nextStep) say(`  ${problem.nextStep}`);
  if (!problem.code && cause instanceof Error) say(cause.stack ?? '');
}

/**
 * Reserves the data folder for this start. Otherwise a second start would choose its own ports and keys before it encounters
 * the store's lock.
 */
function takeFolder(home: string): Part {
  makeOwnFolder(home);
  try {
    const letGo = lockFile(home, 'start.lock');
    return { close: async () => letGo() };
  } catch (cause) {
    if (!(cause instanceof Problem) || cause.code !== 'store-in-use') throw cause;
    throw new Problem('already-started', { home, cause });
  }
}

async function bringUp(options: ApplianceOptions, parts: Part[], signal: AbortSignal): Promise<void> {
  const demo = options.camera === 'demo' || (options.camera === 'auto' && !hasDisplay() && !hasCamera());
  if (!demo && !hasDisplay()) throw new Problem('no-display');
  const [kiosk, server] = [kioskHome(), serverHome()];
  say(
    `SmartPresence ${BUILD_NAME}: a kiosk and its server on this machine${demo ? ', with recorded footage as the camera (liveness: off)' : ''}.`,
  );
  const secret = deviceSecretOf(options.deviceSecret, process.env);
  say(secret.notice);
  const electron = electronFor(options.host);
  if (!electron) sandboxFor(process.getuid?.(), demo); // refuses root before anything is created
  parts.push(takeFolder(dataHome()));
  if (!electron) await ensureChromium({ say, signal });
  const since = Date.now();
  await prepareModels(); // needed for enrolment; the screens are only needed by the host
  signal.throwIfAborted();
  const screens = options.build ? ensureScreens(say) : Promise.resolve();
  screens.catch(() => undefined); // reported when awaited; until then it must not end the process
  makeOwnFolder(server);
  const isNew = !existsSync(join(server, 'pglite'));
  if (isNew) await layEmptyDatabase(server, signal);
  ensureKioskFolder(kiosk, demo);
  const ports = await localPorts(server);
  if (process.env.SMARTPRESENCE_DATABASE_URL || process.env.SMARTPRESENCE_DATABASE_URL_FILE)
    say(`SMARTPRESENCE_DATABASE_URL is not used: npm start keeps everything in ${dataHome()}.`);
  const serverEnv = {
    ...initServer(server, process.env),
    // Another database must not be filled with a demo.
    SMARTPRESENCE_DATABASE_URL: undefined,
    SMARTPRESENCE_DATABASE_URL_FILE: undefined,
    SMARTPRESENCE_PEOPLE_PORT: String(ports.people),
    SMARTPRESENCE_DEVICE_PORT: String(ports.devices),
    // The same as on the kiosk. Otherwise the server's board would merge a demo's quick in and out into one presence.
    ...(demo && { SMARTPRESENCE_REPEAT_SECONDS: String(defaultSite(demo).repeatWindowSeconds) }),
  };
  const ready = startServerProcess(serverEnv, (line) => serverLog(line), signal);
  ready.catch(() => undefined); // reported when awaited
  parts.push({ close: async () => (await ready.catch(() => null))?.stop() });
  const call = throughSocket(server);
  const preparing = {
    ...{ home: kiosk, call, ready, isNew, demo, deviceSecret: secret.bytes },
    staffPin: String(randomInt(100_000, 1_000_000)),
  };
  // Loaded while the server starts in its own process, which takes about as long.
  const { prepareKiosk } = await import('./prepare-kiosk.ts');
  const prepared = await prepareKiosk(preparing);
  if (prepared.staffPin) say(`Staff PIN set: ${prepared.staffPin}`);
  const running = await ready;
  signal.throwIfAborted();
  await screens;
  signal.throwIfAborted();
  const openHost = (footage: string) =>
    openKioskHost({
      electron,
      home: kiosk,
      demo,
      secretInFile: secret.bytes === null,
      footage,
      port: options.port,
      log(level, message, fields) {
        const line = logLine(level, message, fields ?? {});
        if (line) say(line);
      },
    });
  let host = await openHost(prepared.footage);
  parts.push({ close: () => host.close() });
  signal.throwIfAborted();
  say(`\nready (${((Date.now() - since) / 1000).toFixed(1)} s)`);
  const how = running.adminLink.includes('#')
    ? '(once, within the hour)'
    : `(with your account, or: ${command('accounts link ID')})`;
  say(`  sign in  ${running.adminLink}   open this first ${how}`);
  say(`           certificate SHA-256 ${running.certificateSha256}`);
  say(whereIs(host, demo));
  sayStaffPin(prepared);
  if (prepared.second) {
    say('  demo     a dozen made-up people with a month of records, and a second kiosk; Home empties it');
    const { startSecondKiosk } = await import('../demo/second-kiosk.ts');
    parts.push(startSecondKiosk(prepared.second));
  }
  say(`  data     ${kiosk.replace(/\/kiosk$/, '')}\n`);
  /** Sets up this machine's kiosk again with the running server. Without a display, no one could type a code. */
  const begin = async () => {
    await host.close();
    ensureKioskFolder(kiosk, demo);
    const next = await prepareKiosk({ ...preparing, isNew: false });
    signal.throwIfAborted();
    host = await openHost(next.footage);
    say('The demo is empty. The kiosk of this machine is set up again, with no people on it.');
    say(whereIs(host, demo));
    sayStaffPin(next);
  };
  // Also for a demo whose emptying was interrupted.
  if (demo && (await isDemo(call)))
    void untilEmptied(kiosk, call, signal)
      .then((emptied) => (emptied ? begin() : undefined))
      .catch((cause: unknown) => signal.aborted || report(cause));
  await untilEnd(running, signal);
}

const whereIs = (host: KioskHost, demo: boolean): string =>
  `  kiosk    ${host.where}${demo ? ', with the demo clip as its camera' : ''}`;

function sayStaffPin({ staffPin }: PreparedKiosk): void {
  if (staffPin === null) return;
  say(
    `  staff PIN ${staffPin}   the emergency PIN, shown only this once: seal it once you have added staff (Staff, on the kiosk)`,
  );
}

/** Whether there is a demo to empty, or one being emptied. */
const isDemo = (call: Call): Promise<boolean> =>
  call(countDemo).then(
    () => true,
    (cause: unknown) => {
      if (cause instanceof Problem && cause.code === 'not-a-demo') return false;
      throw cause;
    },
  );

/** How often to check whether the demo was emptied, ms. */
const EMPTIED_MS = 1_000;

/**
 * Waits until the demo's kiosk has destroyed itself and its server is no longer a demo.
 *
 * @returns false if everything ends before that
 */
async function untilEmptied(kiosk: string, call: Call, signal: AbortSignal): Promise<boolean> {
  const hasLeft = () => !existsSync(slotsFile(kiosk)) && !isLeaving(kiosk);
  while (!signal.aborted) {
    if (hasLeft() && !(await isDemo(call))) return true;
    await sleep(EMPTIED_MS, null, { ref: false, signal }).catch(() => undefined);
  }
  return false;
}

function serverLog(line: string): void {
  // Pino's levels from 40 on are meant to be read.
  try {
    const { level, msg, code } = JSON.parse(line) as { level?: number; msg?: string; code?: string };
    if ((level ?? 0) >= 40) say(`server: ${code ? `${code}: ` : ''}${msg}`);
  } catch {
    say(`server: ${line}`); // not JSON: a line of the runtime itself
  }
}

async function untilEnd(server: ServerProcess, signal: AbortSignal): Promise<void> {
  const end = await Promise.race([aborted(signal).then(() => 'asked' as const), server.ended]);
  if (end !== 'asked') throw new Problem('server-ended', { end: String(end) });
}

/** Output of `npm start`: short lines with the time, and a sentence for each check-in. */
function say(line: string): void {
  watchTerminal();
  process.stdout.write(`${line}\n`);
}

let watched = false;
/** Closing the terminal may be the reason to stop. Then no one reads, but stopping must continue. */
function watchTerminal(): void {
  if (watched) return;
  watched = true;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

type Fields = Readonly<Record<string, unknown>>;

/** Formats a log line of the core or a host for the terminal; null if it is of no use to a newcomer. */
function logLine(level: string, message: string, fields: Fields): string | null {
  const time = new Date().toLocaleTimeString('en-GB');
  if (message === 'check-in') {
    const who = typeof fields.name === 'string' ? fields.name : 'someone';
    const score = typeof fields.score === 'number' ? `, score ${fields.score.toFixed(2)}` : '';
    return `${time}  ✓ ${who} checked ${fields.direction} (${fields.method}${score}, liveness: ${fields.liveness})`;
  }
  if (level === 'debug' || level === 'info') return null;
  const error = fields.error as { code?: string; message?: string } | undefined;
  return `${time}  ${level === 'error' ? '✗' : '!'} ${message}${error?.message ? `: ${error.code ? `${error.code}: ` : ''}${error.message}` : ''}`;
}
