import { Problem } from '../../errors/problem.ts';
import { getUpgradeFacts, type UpgradeFacts } from '../../protocol/api/checks.ts';
import { openBare } from '../platform/database/open.ts';
import { factsOf } from './checks/upgrade.ts';
import { readConfig } from './config.ts';
import { throughSocket } from './operator-socket.ts';

/**
 * Returns what an update needs to know about an installation. Migrates nothing.
 *
 * @throws Problem `bad-configuration`, and those of openBare if the database can't be reached
 */
export async function upgradeFacts(env: Readonly<Record<string, string | undefined>>): Promise<UpgradeFacts> {
  const config = readConfig(env);
  let database: Awaited<ReturnType<typeof openBare>>;
  try {
    database = await openBare(config.home, { postgres: config.database, size: 2 });
  } catch (cause) {
    if (!(cause instanceof Problem && cause.code === 'database-in-use')) throw cause;
    return throughSocket(config.home)(getUpgradeFacts);
  }
  try {
    return await factsOf(database.db);
  } finally {
    await database.close();
  }
}
