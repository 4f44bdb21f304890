import { pino } from 'pino';
import { Problem } from '../protocol/wire/problem.ts';
import { readConfig } from './config.ts';
import { startServer } from './server.ts';

/**
 * The server process. Human lines go to stderr; stdout gets one line of JSON, when it is ready:
 * `{"ready":true,"peopleUrl","deviceUrl","adminLink","certificateSha256"}`. SIGTERM and SIGINT close it cleanly.
 * Exit codes: 0 stopped, 2 bad configuration, 3 could not start, 70 internal.
 */
async function main(): Promise<number> {
  const stop = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
    // A launcher that started us with a channel and is gone: nobody else would ever stop us.
    process.once('disconnect', () => resolve('launcher gone'));
  });
  const config = readConfig(process.env);
  const log = pino(
    { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
  const server = await startServer(config, log);
  log.info({ people: server.peopleUrl, devices: server.deviceUrl }, 'ready');
  const { peopleUrl, deviceUrl, adminLink, certificateSha256 } = server;
  process.stdout.write(`${JSON.stringify({ ready: true, peopleUrl, deviceUrl, adminLink, certificateSha256 })}\n`);
  log.info({ signal: await stop }, 'stopping');
  await server.close();
  return 0;
}

function report(cause: unknown): number {
  if (!(cause instanceof Problem)) {
    process.stderr.write(`internal-error: ${cause instanceof Error ? cause.stack : String(cause)}\n`);
    return 70;
  }
  process.stderr.write(`${cause.code}: ${cause.message}\n${cause.nextStep ? `  → ${cause.nextStep}\n` : ''}`);
  return cause.code === 'bad-configuration' ? 2 : 3;
}

process.exitCode = await main().catch(report);
// A channel that the launcher still holds would keep the process alive.
if (process.connected) process.disconnect();
