import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { prepareModels } from '../../../build/models/prepare.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import { initServer } from '../../../sync/server/local.ts';
import { kioskHome, serverHome } from '../../core/paths.ts';
import { ensureKioskFolder } from '../../core/provision.ts';
import { VERSION } from '../../core/version.ts';
import { EXIT } from '../exit-codes.ts';
import { ensureScreens } from './build-screens.ts';
import { hasCamera, hasDisplay } from './camera.ts';
import { ensureChromium } from './chromium.ts';
import { electronFor, openKioskHost } from './kiosk-host.ts';
import { localPorts } from './ports.ts';
import { prepareKiosk } from './prepare-kiosk.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { logLine, say } from './terminal.ts';

export interface ApplianceOptions {
  readonly camera: 'auto' | 'demo' | 'real';
  readonly host: 'auto' | 'electron' | 'browser';
  readonly port: number | null;
}

/**
 * `npm start`: server and kiosk on this machine, from nothing to ready, until Ctrl-C. Whatever was started is stopped
 * again, whichever way it ends.
 * @returns the exit code
 */
export async function runAppliance(options: ApplianceOptions): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());
  const started: { close(): Promise<void> }[] = [];
  try {
    await bringUp(options, started, interrupted.signal);
    return EXIT.ok;
  } catch (cause) {
    if (interrupted.signal.aborted) return EXIT.ok;
    const problem = cause as Partial<Problem>;
    say(`✗ ${problem.code ?? 'internal'}: ${problem.message ?? String(cause)}`);
    if (problem.nextStep) say(`  ${problem.nextStep}`);
    if (!problem.code && cause instanceof Error) say(cause.stack ?? '');
    return EXIT.attention;
  } finally {
    if (started.length > 0) say('Stopping …');
    for (const part of started.reverse()) {
      // One part that can't be stopped must not keep the others running.
      await part.close().catch((cause: unknown) => say(`✗ could not be stopped cleanly: ${String(cause)}`));
    }
    if (started.length > 0) say('Stopped.');
  }
}

async function bringUp(
  options: ApplianceOptions,
  started: { close(): Promise<void> }[],
  signal: AbortSignal,
): Promise<void> {
  const demo = options.camera === 'demo' || (options.camera === 'auto' && !hasDisplay() && !hasCamera());
  if (!demo && !hasDisplay())
    throw new Problem(
      'no-display',
      'there is no display to open the kiosk on',
      'Start it in a graphical session, or use: npm start -- --camera demo',
    );
  const [kiosk, server] = [kioskHome(), serverHome()];
  say(
    `SmartPresence ${VERSION}: a kiosk and its server on this machine${demo ? ', with recorded footage as the camera (liveness: off)' : ''}.`,
  );
  if (!electronFor(options.host)) await ensureChromium(say);
  const since = Date.now();
  await prepareModels(); // enrolment needs them; the screens are wanted only by the host
  const screens = ensureScreens(say);
  screens.catch(() => undefined); // reported where it is awaited; until then it must not end the process
  mkdirSync(server, { recursive: true, mode: 0o700 });
  ensureKioskFolder(kiosk, demo);
  const ports = await localPorts(server);
  const serverEnv = {
    ...initServer(server, process.env),
    SMARTPRESENCE_PEOPLE_PORT: String(ports.people),
    SMARTPRESENCE_DEVICE_PORT: String(ports.devices),
  };
  const prepared = await prepareKiosk({
    kiosk,
    server,
    serverEnv,
    demo,
    staffPin: String(randomInt(100_000, 1_000_000)),
  });
  if (prepared.staffPin) say(`Staff PIN set: ${prepared.staffPin}`);
  signal.throwIfAborted();

  const running = await startServerProcess(serverEnv, (line) => serverLog(line));
  started.push({ close: () => running.stop() });
  signal.throwIfAborted();
  await screens;
  const host = await openKioskHost({
    host: options.host,
    home: kiosk,
    demo,
    footage: prepared.footage,
    port: options.port,
    log(level, message, fields) {
      const line = logLine(level, message, fields ?? {});
      if (line) say(line);
    },
  });
  started.push(host);
  signal.throwIfAborted();
  say(`\nready (${((Date.now() - since) / 1000).toFixed(1)} s)`);
  say(`  kiosk    ${host.where}${demo ? ', with the demo clip as its camera' : ''}`);
  say(`  server   ${running.peopleUrl}   certificate SHA-256 ${running.certificateSha256}`);
  say(`  sign in  ${running.adminLink}   (once, within the hour)`);
  if (prepared.staffPin)
    say(`  staff PIN ${prepared.staffPin}   shown this once; npm run -s sp -- staff set-pin sets another`);
  say(`  data     ${kiosk.replace(/\/kiosk$/, '')}\n`);
  await untilEnd(running, signal);
}

function serverLog(line: string): void {
  // pino's levels: 40 and above are for somebody to read
  try {
    const { level, msg, code } = JSON.parse(line) as { level?: number; msg?: string; code?: string };
    if ((level ?? 0) >= 40) say(`server: ${code ? `${code}: ` : ''}${msg}`);
  } catch {
    say(`server: ${line}`); // not JSON: a line of the runtime itself, shown as it is
  }
}

async function untilEnd(server: ServerProcess, signal: AbortSignal): Promise<void> {
  const asked = new Promise<'asked'>((resolve) =>
    signal.addEventListener('abort', () => resolve('asked'), { once: true }),
  );
  const end = await Promise.race([asked, server.ended]);
  if (end !== 'asked')
    throw new Problem(
      'server-ended',
      `the server ended by itself (${end})`,
      'Start again; if it ends again, its last lines above say why.',
    );
}
