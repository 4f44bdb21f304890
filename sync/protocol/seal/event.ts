import { Problem } from '../../errors/problem.ts';
import { EVENT_VERSION, type EventType, OpenBody, PersonalBody, WireEvent } from '../wire/event.ts';
import { commit } from './chain.ts';

/**
 * Checks one event from a verified batch against its slot in the batch. Pure. A rejection concerns this event only, and its code
 * gives the reason.
 *
 * @throws Problem `event-newer-schema` (wait for an update), `event-malformed`, `event-foreign` (another device or epoch),
 * `event-wrong-sequence`, `event-commitment-mismatch` (a personal value is not the one that the header commits to)
 */
export function checkEvent(raw: unknown, slot: { device: string; epoch: string; seq: number }): WireEvent {
  const version = (raw as { header?: { v?: unknown } } | null)?.header?.v;
  if (typeof version === 'number' && version > EVENT_VERSION) {
    throw new Problem('event-newer-schema', { version, known: EVENT_VERSION });
  }
  const parsed = WireEvent.safeParse(raw);
  if (!parsed.success) throw new Problem('event-malformed', { cause: parsed.error });
  const event = parsed.data;
  const { header, personal } = event;
  if (hidesField(raw as WireEvent))
    throw new Problem('event-malformed', { cause: new Error('a field is called __proto__') });
  if (header.device !== slot.device || header.epoch !== slot.epoch) throw new Problem('event-foreign');
  if (header.seq !== slot.seq) throw new Problem('event-wrong-sequence', { stated: header.seq, at: slot.seq });
  checkBody(header.type, header.open, personal);
  for (const [field, { salt, value }] of Object.entries(personal)) {
    if (!Object.hasOwn(header.commitments, field) || commitmentOf(salt, value) !== header.commitments[field]) {
      throw new Problem('event-commitment-mismatch', { field });
    }
  }
  return event;
}

/** Zod silently drops this key from a record, but what is hashed here must be everything that was sent. */
function hidesField({ header, personal }: WireEvent): boolean {
  return [header.open, header.commitments, personal].some((record) => Object.hasOwn(record, '__proto__'));
}

function checkBody(type: EventType, open: unknown, personal: WireEvent['personal']): void {
  const values = Object.fromEntries(Object.entries(personal).map(([field, { value }]) => [field, value]));
  const bad = OpenBody[type].safeParse(open).error ?? PersonalBody[type].safeParse(values).error;
  if (bad) throw new Problem('event-malformed', { cause: bad });
}

function commitmentOf(salt: string, value: unknown): string | null {
  try {
    return commit(salt, value);
  } catch {
    // No canonical form, or no valid salt: it can't be what the header commits to.
    return null;
  }
}
