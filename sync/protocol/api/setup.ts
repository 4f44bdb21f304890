import { z } from 'zod';
import { endpoint } from './endpoint.ts';

/** `/api/setup`: progress of setting up a new installation. */

/** Steps in order. A step is done once its result exists, regardless of how it was achieved. */
export const SETUP_STEPS = ['account', 'contacts', 'texts', 'kiosk', 'person', 'checkin'] as const;
export type SetupStep = (typeof SETUP_STEPS)[number];

export const getSetup = endpoint('GET /api/setup', {
  summary: 'Show which steps of setting up this installation are done',
  roles: ['admin'],
  data: [],
  answer: z.strictObject({ done: z.array(z.enum(SETUP_STEPS)) }),
  // The setup guide polls, which does not count as use of the session.
  idle: true,
});
