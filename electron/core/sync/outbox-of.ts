import { z } from 'zod';
import type { LastAck, OutboxSource } from '../../../sync/edge/outbox.ts';
import type { Store } from '../store/interface.ts';

/** The newest ack that was taken: what shows a replayed one. */
const LAST_ACK = 'last-ack';
const Kept = z.strictObject({ logEpoch: z.string(), serverTime: z.string() });

/** The store as the engine sees it. */
export function outboxOf(store: Store): OutboxSource {
  const { sync } = store;
  return {
    device: store.device,
    get epoch() {
      return store.epoch;
    },
    get removals() {
      return sync.removals;
    },
    pending: (limit, bytes = Number.POSITIVE_INFINITY, after) => sync.pending(limit, bytes, after),
    pendingCount: () => store.pendingCount(),
    acknowledge: (epoch, marks) => store.acknowledge(epoch, marks),
    rewind: (epoch, marks) => void sync.rewind(epoch, marks),
    rolledBack: (epoch, committed) => sync.rolledBack(epoch, committed),
    marks: () => sync.marks(),
    lastAck: () => readLastAck(store),
    keepAck: (ack) => store.setSetting(LAST_ACK, JSON.stringify(ack)),
  };
}

/** null where there is none; one that can't be read counts as none: then the next ack that verifies is the first. */
export function readLastAck(store: Pick<Store, 'setting'>): LastAck | null {
  const text = store.setting(LAST_ACK);
  if (text === null) return null;
  try {
    return Kept.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
