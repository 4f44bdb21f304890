import { z } from 'zod';
import { endpoint } from './endpoint.ts';

/** `/api/setup`: how far a new installation has come. */

/** In the order in which they are taken. Each is done once its result exists, however it came about. */
export const SETUP_STEPS = ['account', 'contacts', 'texts', 'kiosk', 'person', 'checkin'] as const;
export type SetupStep = (typeof SETUP_STEPS)[number];

export const getSetup = endpoint('GET /api/setup', {
  summary: 'Show which steps of setting up this installation are done',
  roles: ['admin'],
  data: [],
  answer: z.strictObject({ done: z.array(z.enum(SETUP_STEPS)) }),
  // The guide polls: that does not count as use of the session.
  idle: true,
});
