import { createHash } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import { headerHash } from '../../../protocol/seal/chain.ts';
import { checkEvent } from '../../../protocol/seal/event.ts';
import { Uuid, type WireEvent } from '../../../protocol/wire/event.ts';

/** An event that may be stored in the log. */
export interface Taken {
  readonly kind: 'taken';
  readonly seq: number;
  readonly event: WireEvent;
  /** The event as received: input of the digest, so that a replay has the same digest. */
  readonly raw: unknown;
  readonly headerHash: string;
}

/** An event that may not be stored in the log, and why. */
export interface Refused {
  readonly kind: 'refused';
  readonly seq: number;
  readonly reason: string;
  readonly content: string;
  readonly digest: string;
  /** The person it names, by which erasures find it. Null: none, or several. */
  readonly person: string | null;
}

/**
 * Checks the events of a verified batch one by one. Each is in the slot that the signed header gives it. Pure.
 *
 * @param header `first` is the slot of the first of `events`
 */
export function triage(
  header: { readonly iss: string; readonly epoch: string; readonly first: number },
  events: readonly unknown[],
): (Taken | Refused)[] {
  return events.map((raw, i) => {
    const seq = header.first + i;
    try {
      const event = checkEvent(raw, { device: header.iss, epoch: header.epoch, seq });
      return { kind: 'taken', seq, event, raw, headerHash: hashOf(event) };
    } catch (cause) {
      // An event must not hold up the others, whatever error it causes in a check.
      return refused(seq, cause instanceof Problem ? cause.code : 'event-malformed', raw);
    }
  });
}

export function refused(seq: number, reason: string, raw: unknown): Refused {
  const content = textOf(raw);
  const digest = createHash('sha256').update(content).digest('base64url');
  return { kind: 'refused', seq, reason, content, digest, person: personIn(raw) };
}

/** Returns the person an event names. Null if none or several: then no person's key encrypts it (app/ingest/unattributed.ts). */
function personIn(raw: unknown): string | null {
  const { personal } = (raw ?? {}) as { personal?: Record<string, { value?: unknown } | null> | null };
  if (typeof personal !== 'object' || personal === null) return null;
  // Also finds ids in capital letters, which are not valid in an event.
  const named = Object.values(personal).flatMap((field) =>
    typeof field?.value === 'string' ? (Uuid.safeParse(field.value.toLowerCase()).data ?? []) : [],
  );
  const [one, ...others] = new Set(named);
  return others.length === 0 ? (one ?? null) : null;
}

/** Serialises an event, or replaces it if it is nested too deeply: JSON is parsed at any depth, but not serialised. */
function textOf(raw: unknown): string {
  try {
    return JSON.stringify(raw) ?? 'null';
  } catch (cause) {
    if (cause instanceof RangeError) return '"(nested too deeply to be kept)"';
    throw cause;
  }
}

/** @throws Problem `event-malformed` if the header holds a string that is not valid Unicode, which has no canonical form */
function hashOf({ header }: WireEvent): string {
  try {
    return headerHash(header);
  } catch (cause) {
    throw new Problem('event-malformed', { cause });
  }
}
