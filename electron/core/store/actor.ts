import { AsyncLocalStorage } from 'node:async_hooks';
import { type EventType, OpenBody, type StaffActor } from '../../../sync/protocol/wire/event.ts';

/** Event types that name the member of staff who caused them. All other events are always the kiosk's own. */
const isNamed = (type: EventType): boolean => 'by' in OpenBody[type].shape;

const acting = new AsyncLocalStorage<{ readonly by: StaffActor; over: boolean }>();

/**
 * Runs work requested by a member of staff. Every event that it writes carries their id, so no service has to remember it.
 * Anything it started and left running (a timer, a sync) no longer counts as theirs once the work has ended.
 */
export async function actingAs<T>(by: StaffActor, work: () => Promise<T>): Promise<T> {
  const act = { by, over: false };
  try {
    return await acting.run(act, work);
  } finally {
    act.over = true;
  }
}

/** Returns the member of staff who causes an event of this type; null if there is none. */
export function actor(type: EventType): StaffActor | null {
  const act = acting.getStore();
  return act && !act.over && isNamed(type) ? act.by : null;
}
