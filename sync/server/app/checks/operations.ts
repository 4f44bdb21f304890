import { z } from 'zod';
import { operation } from '../../core/operator/operation.ts';
import { examineAll } from './report.ts';
import { factsOf } from './upgrade.ts';

export const checkOperations = {
  doctor: operation({
    args: z.strictObject({}),
    run: ({ db, keys, keyring, config, now }) => examineAll({ config, now, open: { db, keys, keyring } }),
  }),
  'upgrade facts': operation({ args: z.strictObject({}), run: ({ db }) => factsOf(db) }),
} as const;
