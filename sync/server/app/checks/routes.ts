import * as api from '../../../protocol/api/checks.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { examineAll } from './report.ts';
import { factsOf } from './upgrade.ts';

export const checkRoutes: readonly Route[] = [
  implement(api.runChecks, {
    // Outside the transaction, since each check queries the database itself.
    before: ({ services: { db, keys, keyring, config, now } }) =>
      examineAll({ config, now, open: { db, keys, keyring } }),
    handle: async ({ prepared }) => prepared,
  }),
  implement(api.getUpgradeFacts, ({ tx }) => factsOf(tx)),
];
