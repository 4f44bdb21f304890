import pg from 'pg';
import { readConfig } from '../../../sync/server/app/config.ts';
import { MODULES } from '../../../sync/server/app/modules.ts';
import { openDatabase } from '../../../sync/server/platform/database/open.ts';
import { readDatabaseUrl } from '../../../sync/server/platform/database/url.ts';
import { Keys } from '../../../sync/server/platform/keys/envelope.ts';
import { openKeyring } from '../../../sync/server/platform/keys/keyring.ts';
import { jobsOf } from '../../../sync/server/platform/server-module.ts';
import { unheard } from '../../kit/services.ts';

/**
 * Runs a job and kills itself with SIGKILL before it sends the last of `statements` statements to the database; with `naming`,
 * only statements that contain it count.
 * argv[2]: JSON {url, keys: [base64, base64], job, statements, naming?, weights?}
 */
const o = JSON.parse(process.argv[2]!) as {
  url: string;
  keys: [string, string];
  job: string;
  statements: number;
  naming?: string;
  weights?: string;
};
const address = readDatabaseUrl(o.url);
if (typeof address === 'string') throw new Error(address);
const config = readConfig({
  ENCRYPTION_KEY: o.keys[0],
  SECRET_KEY: o.keys[1],
  SMARTPRESENCE_SERVER_HOME: '/nonexistent',
});
const keys = new Keys(config.encryptionKey, config.secretKey);
const { db } = await openDatabase('', { postgres: address });
const now = () => new Date('2026-07-20T10:00:00.000Z');
const keyring = await openKeyring(db, keys, { hostnames: ['localhost'], now: () => now().getTime() });

let left = o.statements;
const send = pg.Client.prototype.query as (...args: unknown[]) => unknown;
pg.Client.prototype.query = function counted(this: unknown, ...args: unknown[]) {
  const [statement] = args as [string | { text?: string }];
  const text = typeof statement === 'string' ? statement : (statement?.text ?? '');
  if (o.naming === undefined || text.includes(o.naming)) left -= 1;
  if (left <= 0) process.kill(process.pid, 'SIGKILL');
  return send.apply(this, args);
} as never;

const job = jobsOf(MODULES).find(({ name }) => name === o.job)!;
await job.run({
  ...{ db, keys, keyring, config: o.weights ? { ...config, weights: o.weights } : config, now },
  ...unheard(),
  signal: AbortSignal.timeout(100_000),
});
process.exit(1);
