import { z } from 'zod';
import type { LastAck, OutboxSource } from '../../../sync/edge/outbox.ts';
import { keptJson } from '../kept-json.ts';
import type { Store } from '../store/interface.ts';

/** Setting with the newest accepted ack: detects a replayed one. */
const LAST_ACK = 'last-ack';
const Kept = z.strictObject({ logEpoch: z.string(), serverTime: z.string() });

export function outboxOf(store: Store): OutboxSource {
  const { outbox } = store;
  return {
    device: store.device,
    get epoch() {
      return store.epoch;
    },
    get removals() {
      return outbox.removals;
    },
    pending: (limit, bytes, after) => outbox.pending(limit, bytes, after),
    pendingCount: () => outbox.count(),
    acknowledge: (epoch, marks) => outbox.acknowledge(epoch, marks),
    rewind: (epoch, marks) => void outbox.rewind(epoch, marks),
    rolledBack: (epoch, committed) => outbox.rolledBack(epoch, committed),
    marks: () => outbox.marks(),
    lastAck: () => readLastAck(store),
    keepAck: (ack) => store.settings.set(LAST_ACK, JSON.stringify(ack)),
  };
}

/** Returns null if there is none. An unreadable one counts as none: the next ack that verifies is then the first. */
export const readLastAck = (store: Pick<Store, 'settings'>): LastAck | null =>
  keptJson(Kept, store.settings.get(LAST_ACK));
