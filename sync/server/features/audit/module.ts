import type { Reading } from '../../platform/my-data.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import { auditRoutes } from './routes.ts';
import { everyMatch } from './search.ts';

/** Who has seen or changed what of them, and when. Who it was by name is someone else’s data: their role is shown. */
async function* accesses({ tx, keys, person, names }: Reading) {
  for await (const row of everyMatch(tx, keys, { person })) {
    const own = row.hidden || (row.actor !== null && names.includes(row.actor));
    const { position, at, action, role, route, data, outcome, ip, userAgent } = row;
    yield { position, at, action, role, route, data, outcome, ...(own && { ip, userAgent }) };
  }
}

export const audit: ServerModule = {
  endpoints: auditRoutes,
  myData: { accesses },
};
