import { EventEmitter } from 'node:events';
import pg from 'pg';
import { connectionOf } from './postgres.ts';
import type { PostgresAddress } from './url.ts';

/**
 * Signals between the replicas of a server: "something has changed, read it". They carry no data and may be lost, because
 * listeners also read the database every few seconds.
 */
export interface Signals {
  /** Notifies every replica, including this one, soon. Calls within a short pause are sent as one. */
  notify(topic: Topic): void;
  /** Listens for a topic. @returns a function that stops listening */
  hear(topic: Topic, listener: () => void): () => void;
  close(): Promise<void>;
}

/** What has changed. `board`: a check-in, a device or a count. `change`: the change log for kiosks. */
export type Topic = 'board' | 'change';

/** Signals within one process, for the embedded database, which only one process can open. */
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
/** At most one NOTIFY per topic within this time, ms, because NOTIFY locks the whole database at commit. */
const PAUSE_MS = 40;
const RECONNECT_MS = 1000;
const ALL: readonly Topic[] = ['board', 'change'];

/**
 * Signals through PostgreSQL's LISTEN/NOTIFY on a separate connection, which reconnects automatically. After each
 * reconnection every topic is signalled once in this process, because signals may have been missed.
 *
 * @param notify runs `select pg_notify(…)` outside the transactions that caused it, so that none waits for NOTIFY's lock
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
      // Reads the CA's certificate again, which may be missing at the moment.
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
      // This process is signalled at once, even if the database is down. The others wait for the pause.
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
      // A command may exit right after its change: send pending signals first.
      await Promise.all([...due.keys()].map((topic) => notify(CHANNEL, topic).catch(() => undefined)));
      if (retry) clearTimeout(retry);
      await local.close();
      await client?.end().catch(() => undefined);
    },
  };
}
