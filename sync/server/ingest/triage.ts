import { createHash } from 'node:crypto';
import { headerHash } from '../../protocol/seal/chain.ts';
import { checkEvent } from '../../protocol/seal/event.ts';
import type { WireEvent } from '../../protocol/wire/event.ts';
import { Problem } from '../../protocol/wire/problem.ts';

/** An event that may go into the log. */
export interface Taken {
  readonly kind: 'taken';
  readonly seq: number;
  readonly event: WireEvent;
  readonly headerHash: string;
}

/** An event that can't, and why. */
export interface Refused {
  readonly kind: 'refused';
  readonly seq: number;
  readonly reason: string;
  /** What came, as JSON. */
  readonly content: string;
  readonly digest: string;
}

/**
 * Sorts the events of a verified batch. Pure: each stands in the slot that the signed header gives it.
 *
 * @param header `first` is the slot of the first of `events`
 */
export function triage(
  header: { readonly iss: string; readonly epoch: string; readonly first: number },
  events: readonly unknown[],
): (Taken | Refused)[] {
  const ids = new Set<string>();
  return events.map((raw, i) => {
    const seq = header.first + i;
    try {
      const event = checkEvent(raw, { device: header.iss, epoch: header.epoch, seq });
      if (ids.has(event.header.id)) return refused(seq, 'event-id-reused', raw);
      ids.add(event.header.id);
      return { kind: 'taken', seq, event, headerHash: headerHash(event.header) };
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      return refused(seq, cause.code, raw);
    }
  });
}

export function refused(seq: number, reason: string, raw: unknown): Refused {
  const content = JSON.stringify(raw) ?? 'null';
  return { kind: 'refused', seq, reason, content, digest: createHash('sha256').update(content).digest('base64url') };
}
