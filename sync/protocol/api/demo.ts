import { z } from 'zod';
import { Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';

/** `/api/demo`: whether this is the demo of `npm start`, and emptying it. */

export const getDemo = endpoint('GET /api/demo', {
  summary: 'Show whether this server is a demo',
  roles: 'anybody',
  data: [],
  /** `none`: this isn't a demo, or it has been emptied. */
  answer: z.strictObject({ state: z.enum(['none', 'filled', 'emptying']) }),
  limit: { max: 600, perMs: 60_000 },
  idle: true,
});

export const beginDemo = endpoint('POST /api/demo', {
  summary: 'Turn an unused server into a demo',
  roles: ['operator'],
  action: 'operate',
  data: [],
  /** The demo's kiosk that isn't a real machine. */
  body: z.strictObject({ kiosk: Uuid }),
  /** Whether it is now, or already was, the demo of this kiosk; always false once it has been emptied. */
  answer: z.strictObject({ begun: z.boolean() }),
});

export const countDemo = endpoint('GET /api/demo/contents', {
  summary: 'Count what is removed when the demo is emptied',
  roles: ['admin', 'operator'],
  data: [],
  answer: z.strictObject({ people: z.number().int(), kiosks: z.number().int(), records: z.number().int() }),
  errors: ['not-a-demo'],
});

export const emptyDemo = endpoint('POST /api/demo/empty', {
  summary:
    'Erase everyone in a demo, and remove its kiosks and their records; continues in the background until nothing is left',
  roles: ['admin'],
  action: 'delete',
  data: ['person', 'template', 'photo', 'attendance', 'consent'],
  errors: ['not-a-demo'],
});
