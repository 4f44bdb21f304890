import type { Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule } from '../../platform/server-module.ts';
import { lookalikeRoutes } from './routes.ts';
import { movePairs, readPairs } from './store.ts';

/** That their face is like someone else's, so that they are asked for a number, code or badge first. */
async function* pairs({ tx, names }: Reading) {
  // Who the other is, is someone else’s data.
  for (const { reason, at, device } of await readPairs(tx, { people: names }))
    yield { reason, at: at.toISOString(), device };
}

export const lookalikes: ServerModule = {
  endpoints: lookalikeRoutes,
  tables: {
    lookalike: {
      exported: 'lookalikes',
      merged: async ({ tx, kept, merged, publish }) => publish(await movePairs(tx, kept, merged)),
      erased: deleteBy('first', 'second'),
    },
  },
  myData: { lookalikes: pairs },
};
