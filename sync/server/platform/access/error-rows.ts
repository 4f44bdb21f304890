import type { AuditEntry } from '../audit/entry.ts';
import { writeAudit } from '../audit/write.ts';
import { inTransaction } from '../database/retry.ts';
import type { Services } from './route.ts';
import type { Session } from './session.ts';

/** How long equal rejections are only counted, ms. */
const ALIKE_MS = 60_000;

interface Counted {
  readonly entry: AuditEntry;
  /** Rejections after the first, which has its own row. */
  more: number;
  readonly timer: NodeJS.Timeout;
}

/**
 * Records rejections of signed-in users in the audit log. The first one per session, route and code gets a row at once; those
 * that follow within a minute share a second row, which says how many they were. Otherwise a page that keeps retrying would
 * fill the log, and everyone would wait for the lock of its chain.
 */
export class ErrorRows {
  readonly #services: Services;
  readonly #counted = new Map<string, Counted>();

  constructor(services: Services) {
    this.#services = services;
  }

  /** Resolves once the rejection has a row or is counted. */
  async add(session: Session, entry: AuditEntry): Promise<void> {
    const key = `${session.hash.toString('hex')} ${entry.route} ${entry.outcome}`;
    const counted = this.#counted.get(key);
    if (counted) {
      counted.more += 1;
      return;
    }
    const timer = setTimeout(() => void this.#end(key), ALIKE_MS).unref();
    this.#counted.set(key, { entry, more: 0, timer });
    await this.#write(entry);
  }

  /** Writes the rows of all counted rejections. */
  async close(): Promise<void> {
    for (const key of [...this.#counted.keys()]) await this.#end(key);
  }

  async #end(key: string): Promise<void> {
    const counted = this.#counted.get(key);
    if (!counted) return; // its timer and `close` can both get here
    const { entry, more, timer } = counted;
    clearTimeout(timer);
    this.#counted.delete(key);
    if (more === 0) return;
    try {
      await this.#write({ ...entry, resource: `${more} more within a minute` });
    } catch (err) {
      this.#services.log.error(
        { code: 'errors-not-recorded', route: entry.route, count: more, err },
        'rejections left no row',
      );
    }
  }

  /** Writes a row in its own transaction, because a rejected request changed nothing. */
  async #write(entry: AuditEntry): Promise<void> {
    const { db, keys, now } = this.#services;
    await inTransaction(db, (tx) => writeAudit(tx, keys, entry, now()));
  }
}
