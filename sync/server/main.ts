import { execFile } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type ErrorCode, Problem } from '../errors/problem.ts';
import { readConfig } from './app/config.ts';
import { startServer } from './app/server.ts';
import { processLimits, takeEnvironment, withoutDumps } from './platform/keys/hygiene.ts';
import { logError } from './platform/logs/errors.ts';
import { createLogger } from './platform/logs/logger.ts';

/** Signals within this time count as one, ms: Ctrl-C reaches this process from the terminal and from its launcher. */
const SAME_WISH_MS = 2000;

/**
 * The server process. Logs and messages for people go to stderr. stdout gets one line of JSON, when the server is ready:
 * `{"ready":true,"peopleUrl","deviceUrl","adminLink","certificateSha256","operationsPort"}`. SIGTERM and SIGINT stop it
 * cleanly: it reports that it is not ready (SMARTPRESENCE_DRAIN_SECONDS), answers the requests it has accepted, and exits. A
 * second signal ends it at once (128 + the signal's number). No acknowledged event is lost.
 * Exit codes: 0 stopped, 2 wrong configuration, which a restart can't fix, 3 could not start, 70 internal.
 */
async function main(): Promise<number> {
  let asked: number | null = null;
  const stop = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        if (asked !== null && performance.now() - asked > SAME_WISH_MS) process.exit(128 + constants.signals[signal]);
        asked ??= performance.now();
        resolve(signal);
      });
    // The launcher that started us with an IPC channel has exited, and nothing else would ever stop us.
    process.once('disconnect', () => resolve('launcher gone'));
  });
  const config = readConfig(takeEnvironment(process.env));
  const log = createLogger(config.logLevel);
  const dumps = withoutDumps(processLimits());
  if (dumps) log.warn({ code: dumps.code }, dumps.message);
  process.on('uncaughtException', (err) => {
    log.fatal({ code: 'internal-error', err }, 'uncaught error: the server is stopping');
    process.exit(70);
  });
  const server = await startServer(config, log);
  log.info({ people: server.peopleUrl, devices: server.deviceUrl }, 'ready');
  const { peopleUrl, deviceUrl, adminLink, certificateSha256, operationsPort } = server;
  const ready = { ready: true, peopleUrl, deviceUrl, adminLink, certificateSha256, operationsPort };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  notifySystemd(log);
  log.info({ signal: await stop }, 'stopping');
  server.stopping();
  if (config.drainMs > 0) await sleep(config.drainMs);
  await server.close();
  return 0;
}

/** Notifies systemd that the server is ready (sd_notify(3)), by systemd-notify: Node.js has no Unix datagram sockets. */
function notifySystemd(log: Logger): void {
  if (!process.env.NOTIFY_SOCKET) return;
  execFile('/usr/bin/systemd-notify', ['--ready'], (cause) => {
    if (cause) log.error({ err: cause }, 'systemd could not be notified that the server is ready, and will stop it');
  });
}

/** Errors that a restart can't fix, so the unit doesn't try again (RestartPreventExitStatus=2). */
const WRONG_CONFIGURATION = new Set<ErrorCode>([
  'bad-configuration',
  'bad-people-certificate',
  'core-dumps-asked-for',
  'database-ca-unreadable',
  'database-newer',
  'database-too-old',
  'key-retired',
  'rotation-unfinished',
  'wrong-encryption-key',
]);

function report(cause: unknown): number {
  if (!(cause instanceof Problem)) {
    process.stderr.write(`internal-error: ${JSON.stringify(logError(cause))}\n`);
    return 70;
  }
  process.stderr.write(`${cause.code}: ${cause.message}\n${cause.nextStep ? `  → ${cause.nextStep}\n` : ''}`);
  return WRONG_CONFIGURATION.has(cause.code) ? 2 : 3;
}

process.exitCode = await main().catch(report);
// The launcher's IPC channel, if still open, would keep the process alive.
if (process.connected) process.disconnect();
