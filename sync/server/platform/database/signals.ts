import { EventEmitter } from 'node:events';
import pg from 'pg';
import { connectionOf } from './postgres.ts';
import type { PostgresAddress } from './url.ts';

/**
 * Short words between the replicas of a server: "something has changed, look". They carry no data, may be lost (the
 * listener asks the database anyway every few seconds) and never stand for a fact.
 */
export interface Signals {
  /** Notifies every replica, this one included, soon. Calls within the pause go out as one. */
  notify(topic: Topic): void;
  /** @returns how to stop hearing */
  hear(topic: Topic, listener: () => void): () => void;
  close(): Promise<void>;
}

/** What may be signalled. `board`: a check-in, a device or a count. `change`: the change log for kiosks. */
export type Topic = 'board' | 'change';

/** Of one process alone: the embedded database has no other. */
export function localSignals(): Signals {
  const emitter = new EventEmitter().setMaxListeners(100);
  return {
    notify: (topic) => void emitter.emit(topic),
    hear: (topic, listener) => {
      emitter.on(topic, listener);
      return () => emitter.off(topic, listener);
    },
    close: async () => void emitter.removeAllListeners(),
  };
}

const CHANNEL = 'smartpresence';
/** NOTIFY takes a lock of the whole database at commit: at most one a topic in this time, ms. */
const PAUSE_MS = 40;
const RECONNECT_MS = 1000;
const ALL: readonly Topic[] = ['board', 'change'];

/**
 * Over PostgreSQL's LISTEN/NOTIFY on a connection of its own, which comes back by itself; after each coming back every
 * topic is signalled here once, since anything may have been missed.
 *
 * @param notify runs `select pg_notify(…)`; outside the transactions that caused it, so that none waits for NOTIFY's lock
 */
export function postgresSignals(
  address: PostgresAddress,
  notify: (channel: string, payload: string) => Promise<unknown>,
  onLost: (cause: Error) => void,
): Signals {
  const local = localSignals();
  const due = new Map<Topic, NodeJS.Timeout>();
  let client: pg.Client | null = null;
  let retry: NodeJS.Timeout | null = null;
  let closed = false;

  const connect = async (): Promise<void> => {
    let next: pg.Client;
    try {
      // Reads the CA's certificate again, which may be missing just now.
      next = new pg.Client(connectionOf(address));
    } catch (cause) {
      onLost(cause as Error);
      again();
      return;
    }
    const lost = (cause: Error): void => {
      if (client !== next || closed) return;
      client = null;
      onLost(cause);
      void next.end().catch(() => undefined);
      again();
    };
    client = next;
    next.on('error', lost);
    next.on('end', () => lost(new Error('the listening connection ended')));
    next.on('notification', ({ payload }) => {
      if (ALL.includes(payload as Topic)) local.notify(payload as Topic);
    });
    try {
      await next.connect();
      await next.query(`listen ${CHANNEL}`);
      for (const topic of ALL) local.notify(topic);
    } catch (cause) {
      lost(cause as Error);
    }
  };
  const again = (): void => {
    if (!closed) retry = setTimeout(() => void connect(), RECONNECT_MS).unref();
  };
  void connect();

  return {
    notify(topic) {
      if (closed) return;
      // This process needs no round trip, and hears it with the database gone; the others may wait for the pause.
      local.notify(topic);
      if (due.has(topic)) return;
      due.set(
        topic,
        setTimeout(() => {
          due.delete(topic);
          notify(CHANNEL, topic).catch((cause: Error) => onLost(cause));
        }, PAUSE_MS),
      );
    },
    hear: local.hear,
    async close() {
      closed = true;
      for (const timer of due.values()) clearTimeout(timer);
      // A command that ends right after its change: the word still goes out.
      await Promise.all([...due.keys()].map((topic) => notify(CHANNEL, topic).catch(() => undefined)));
      if (retry) clearTimeout(retry);
      await local.close();
      await client?.end().catch(() => undefined);
    },
  };
}
