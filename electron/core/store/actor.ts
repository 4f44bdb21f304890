import { AsyncLocalStorage } from 'node:async_hooks';
import { type EventType, OpenBody, type StaffActor } from '../../../sync/protocol/wire/event.ts';

/** Events that say which member of staff caused them; the others are always the kiosk's own. */
const isNamed = (type: EventType): boolean => 'by' in OpenBody[type].shape;

const acting = new AsyncLocalStorage<{ readonly by: StaffActor; over: boolean }>();

/**
 * Runs what a member of staff asked for: every event that it writes carries their id, so that no service has to remember
 * it. What it started and left running (a timer, a sync) is no longer theirs once it has ended.
 */
export async function actingAs<T>(by: StaffActor, work: () => Promise<T>): Promise<T> {
  const act = { by, over: false };
  try {
    return await acting.run(act, work);
  } finally {
    act.over = true;
  }
}

/** Who an event of this type is by; null: no member of staff. */
export function actor(type: EventType): StaffActor | null {
  const act = acting.getStore();
  return act && !act.over && isNamed(type) ? act.by : null;
}
