import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../errors/problem.ts';
import { type CheckReport, runChecks } from '../../protocol/api/checks.ts';
import { readSchema } from '../platform/database/migrations.ts';
import { openBare } from '../platform/database/open.ts';
import { openKeyring } from '../platform/keys/keyring.ts';
import { keysOf } from '../platform/keys/settings.ts';
import { type Finding, findingOf, problemDetail } from './checks/check.ts';
import { databaseCheck, databaseSettingsCheck, databaseVerdict, keysCheck } from './checks/process.ts';
import { examineAll, withoutDatabase } from './checks/report.ts';
import { readConfig } from './config.ts';
import { call } from './open.ts';

/**
 * Checks the server of this environment, whether or not it is running. Creates and migrates nothing.
 *
 * @throws Problem `bad-configuration`
 */
export async function doctor(
  env: Readonly<Record<string, string | undefined>>,
  now: () => Date = () => new Date(),
): Promise<CheckReport> {
  const config = readConfig(env);
  if (!config.database) {
    if (!existsSync(join(config.home, 'pglite')))
      return withoutDatabase(config, [
        findingOf(databaseCheck, { code: 'database-failed', detail: `${config.home} has no database yet` }),
      ]);
    try {
      // Only the running server can open the embedded database, so it runs the checks.
      return await call(env, runChecks);
    } catch (cause) {
      return withoutDatabase(config, [whatIsWrong(cause)]);
    }
  }
  let database: Awaited<ReturnType<typeof openBare>>;
  try {
    database = await openBare(config.home, { postgres: config.database, size: 4 });
  } catch (cause) {
    return withoutDatabase(config, [whatIsWrong(cause)]);
  }
  const { db } = database;
  try {
    const { waiting } = await readSchema(db);
    if (waiting.length > 0) {
      const detail = `${waiting.length} of its steps are missing`;
      return await withoutDatabase(config, [findingOf(databaseSettingsCheck, { code: 'schema-waits', detail })]);
    }
    const keys = keysOf(config);
    const { hostnames } = config;
    const keyring = await openKeyring(db, keys, { hostnames, now: () => now().getTime() });
    return await examineAll({ config, now, open: { db, keys, keyring } });
  } catch (cause) {
    return await withoutDatabase(config, [whatIsWrong(cause)]);
  } finally {
    await database.close();
  }
}

/** Returns an error as a finding of the check that has a code for it. */
function whatIsWrong(cause: unknown): Finding {
  if (!(cause instanceof Problem)) throw cause;
  if (/^(wrong-encryption-key|key-retired|rotation-|keyring-)/.test(cause.code))
    return findingOf(keysCheck, { code: 'keyring-failed', detail: problemDetail(cause) });
  if (cause.code === 'database-newer')
    return findingOf(databaseSettingsCheck, { code: 'database-newer', detail: problemDetail(cause) });
  return findingOf(databaseCheck, databaseVerdict(cause));
}
