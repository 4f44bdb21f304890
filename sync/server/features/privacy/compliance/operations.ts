import { z } from 'zod';
import { operation } from '../../../core/operator/operation.ts';
import { type Facts, readFacts } from './facts.ts';

/** What the report is made of; results of tests are with those who ran them. */
export const complianceOperations = {
  'compliance facts': operation({
    args: z.strictObject({}),
    run: ({ db, keys, config, now }): Promise<Facts> => readFacts(db, keys, config, now()),
  }),
} as const;
