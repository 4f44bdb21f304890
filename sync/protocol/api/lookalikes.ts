import { z } from 'zod';
import { Instant, LookalikeReason, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './page.ts';

/** `/api/lookalikes`: pairs of people who can't be distinguished by face alone. */

export const Lookalikes = z.strictObject({
  id: Uuid,
  people: z.array(z.strictObject({ id: Uuid, name: z.string().nullable(), number: z.string().nullable() })).length(2),
  reason: LookalikeReason,
  at: Instant,
  /** The kiosk where it was marked; null: the console. */
  device: Uuid.nullable(),
  /** Account or member of kiosk staff; null: marked automatically by the kiosk. */
  by: z.string().nullable(),
  /** Name of that member of staff, if the server knows them. */
  byName: z.string().nullable(),
});
export type Lookalikes = z.infer<typeof Lookalikes>;

export const listLookalikes = endpoint('GET /api/lookalikes', {
  summary: 'List lookalikes: pairs of people that face alone can’t distinguish, newest first',
  roles: ['admin', 'staff'],
  data: ['person.name'],
  query: z.strictObject(pageQuery),
  answer: pageOf(Lookalikes),
});

export const removeLookalike = endpoint('POST /api/lookalikes/:pair/remove', {
  summary: 'Unmark two lookalikes; both are recognised by face alone again',
  roles: ['admin'],
  data: ['person'],
});
