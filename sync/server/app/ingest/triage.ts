import { createHash } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import { headerHash } from '../../../protocol/seal/chain.ts';
import { checkEvent } from '../../../protocol/seal/event.ts';
import { Uuid, type WireEvent } from '../../../protocol/wire/event.ts';

/** An event that may go into the log. */
export interface Taken {
  readonly kind: 'taken';
  readonly seq: number;
  readonly event: WireEvent;
  /** As received: input of the digest, so that a replay has the same one. */
  readonly raw: unknown;
  readonly headerHash: string;
}

/** An event that can't, and why. */
export interface Refused {
  readonly kind: 'refused';
  readonly seq: number;
  readonly reason: string;
  readonly content: string;
  readonly digest: string;
  /** Who it names, if it says so: erasures search for it. */
  readonly person: string | null;
}

/**
 * Sorts the events of a verified batch. Pure: each is in the slot that the signed header gives it.
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
      // Whatever an event makes a check do, it does not hold up the others.
      return refused(seq, cause instanceof Problem ? cause.code : 'event-malformed', raw);
    }
  });
}

export function refused(seq: number, reason: string, raw: unknown): Refused {
  const content = textOf(raw);
  const digest = createHash('sha256').update(content).digest('base64url');
  return { kind: 'refused', seq, reason, content, digest, person: personIn(raw) };
}

/** Null where it names nobody, or more than one: then it is sealed under no person's key (app/ingest/unattributed.ts). */
function personIn(raw: unknown): string | null {
  const { personal } = (raw ?? {}) as { personal?: Record<string, { value?: unknown } | null> | null };
  if (typeof personal !== 'object' || personal === null) return null;
  // Also one in capital letters, which no event may have.
  const named = Object.values(personal).flatMap((field) =>
    typeof field?.value === 'string' ? (Uuid.safeParse(field.value.toLowerCase()).data ?? []) : [],
  );
  const [one, ...others] = new Set(named);
  return others.length === 0 ? (one ?? null) : null;
}

/** JSON can be parsed at any depth, but serialised only to some thousands of levels: anything deeper is replaced by a word. */
function textOf(raw: unknown): string {
  try {
    return JSON.stringify(raw) ?? 'null';
  } catch (cause) {
    if (cause instanceof RangeError) return '"(nested too deeply to be kept)"';
    throw cause;
  }
}

/** @throws Problem `event-malformed`: a text in the header that is no Unicode has no canonical form */
function hashOf({ header }: WireEvent): string {
  try {
    return headerHash(header);
  } catch (cause) {
    throw new Problem('event-malformed', { cause });
  }
}
