import { sql } from 'kysely';
import type { Logger } from 'pino';
import { inTransaction } from '../../platform/database/retry.ts';
import { findAll, remove } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import { INSTALLATION } from './attention.ts';
import { type Check, examine, type Finding, SECOND_MS, type Subject, within } from './check.ts';
import { databaseCheck } from './process.ts';

export interface State {
  readonly ready: boolean;
  /** Codes of findings that prevent it from being ready. */
  readonly reasons: readonly string[];
  /** Codes of findings that don't stop service. */
  readonly degraded: readonly string[];
  /** Codes of findings that are only worth knowing. */
  readonly notes: readonly string[];
}

/** Time limits after which a check has failed, ms: of a live check (`everyMs` 0), and of any other. */
const LIVE_MS = 3 * SECOND_MS;
const LIMIT_MS = 30 * SECOND_MS;
/** How long an answer is reused, ms, so that frequent requests cause no more work. */
const FRESH_MS = SECOND_MS;
const TICK_MS = 5 * SECOND_MS;
/** A failed check is repeated within this time, ms, so that its finding clears soon after a fix. */
const RETRY_MS = 15 * SECOND_MS;

interface Inspected {
  readonly at: number;
  readonly found: readonly Finding[];
}

export interface WatchOptions {
  readonly checks: readonly Check[];
  readonly subject: Subject;
  readonly replica: string;
  readonly log: Logger;
  /** Called when the findings in the database have changed. */
  readonly onChange: () => void;
}

/** Runs a server's checks, each at its own interval, for `/readyz`. Findings are stored in the database, for Attention. */
export class Watch {
  readonly #o: WatchOptions;
  readonly #inspected = new Map<string, Inspected>();
  #stopping = false;
  #last: { at: number; state: Promise<State> } | null = null;
  #said = '';
  #timer: NodeJS.Timeout | null = null;
  #round: Promise<void> | null = null;
  readonly #first = Promise.withResolvers<void>();

  constructor(options: WatchOptions) {
    this.#o = options;
  }

  /** Starts running the checks regularly. @returns a function that stops it */
  start(): () => Promise<void> {
    const tick = () => {
      this.#round ??= this.#inspectDue().finally(() => {
        this.#round = null;
        this.#first.resolve();
      });
    };
    tick();
    this.#timer = setInterval(tick, TICK_MS).unref();
    return async () => {
      this.#stopping = true;
      if (this.#timer) clearInterval(this.#timer);
      await within(this.#round ?? Promise.resolve(), LIVE_MS);
      const { open } = this.#o.subject;
      if (open) await forget(open.db, this.#o.replica).catch(() => undefined);
    };
  }

  /** Reports the server as not ready from now on. */
  stop(): void {
    this.#stopping = true;
  }

  async state(): Promise<State> {
    if (this.#stopping) return { ready: false, reasons: ['stopping'], degraded: [], notes: [] };
    const at = performance.now();
    if (!this.#last || at - this.#last.at > FRESH_MS) this.#last = { at, state: this.#now() };
    const state = await this.#last.state;
    return this.#stopping ? this.state() : state;
  }

  /** Runs the live checks now, and takes the last result of the others. After the start, waits for their first run. */
  async #now(): Promise<State> {
    const { checks } = this.#o;
    if (this.#timer) await within(this.#first.promise, LIVE_MS);
    await this.#inspect(checks.filter(({ everyMs }) => everyMs === 0));
    const found = this.#found();
    const codes = (level: Finding['level']) => found.filter((f) => f.level === level).map(({ code }) => code);
    const reasons = codes('stops');
    const state = { ready: reasons.length === 0, reasons, degraded: codes('degrades'), notes: codes('note') };
    this.#say(state);
    return state;
  }

  /** Returns what was found. While the database is unavailable, checks that need it are left out: one cause, one code. */
  #found(): Finding[] {
    const away = this.#away();
    return this.#o.checks
      .filter(({ name, withoutDatabase }) => !away || withoutDatabase || name === databaseCheck.name)
      .flatMap(({ name }) => this.#inspected.get(name)?.found ?? []);
  }

  #away(): boolean {
    const found = this.#inspected.get(databaseCheck.name)?.found ?? [];
    return found.some(({ code }) => code !== 'database-read-only');
  }

  /** Runs checks, the database's first. If the database is unavailable, checks that need it are skipped. */
  async #inspect(checks: readonly Check[]): Promise<void> {
    const [database, ...others] = checks;
    if (!database) return;
    const one = async (each: Check) => {
      const { findings: found } = await examine(each, this.#o.subject, each.everyMs === 0 ? LIVE_MS : LIMIT_MS);
      for (const { code, level } of found)
        if (code === 'check-failed' || level === 'stops') this.#o.log.debug({ code }, 'a check found something');
      this.#inspected.set(each.name, { at: performance.now(), found });
    };
    await one(database);
    const away = this.#away();
    await Promise.all(others.filter(({ withoutDatabase }) => !away || withoutDatabase).map(one));
  }

  async #inspectDue(): Promise<void> {
    const { checks, subject, replica, log, onChange } = this.#o;
    const due = checks.filter((one) => {
      const last = this.#inspected.get(one.name);
      if (!last || one.everyMs === 0) return true;
      const wrong = last.found.some(({ level }) => level !== 'note');
      return performance.now() - last.at >= (wrong ? Math.min(RETRY_MS, one.everyMs) : one.everyMs);
    });
    await this.#inspect(due);
    if (this.#stopping || !subject.open || this.#away()) return;
    try {
      const found = this.#found().filter(({ level }) => level !== 'note');
      const rows = found.map(({ check, code, detail }) => ({
        replica: checks.find(({ name }) => name === check)!.of === 'process' ? replica : INSTALLATION,
        code,
        detail: detail ?? null,
      }));
      if (await keep(subject.open.db, replica, rows)) onChange();
    } catch (err) {
      log.warn({ code: 'findings-not-kept', err }, 'the results of the checks could not be stored');
    }
  }

  #say(state: State): void {
    const { ready, reasons, degraded } = state;
    const said = JSON.stringify({ reasons, degraded });
    if (said !== this.#said && (this.#said !== '' || reasons.length + degraded.length > 0))
      this.#o.log[ready ? 'info' : 'warn'](
        { ready, reasons, degraded },
        ready ? 'ready for traffic' : 'not ready for traffic',
      );
    this.#said = said;
  }
}

interface Row {
  readonly replica: string;
  readonly code: string;
  readonly detail: string | null;
}

/** Stores the current findings, by the database's clock, which all replicas share. @returns whether any code is new or over */
function keep(db: Db, replica: string, found: readonly Row[]): Promise<boolean> {
  const rows = [...new Map(found.map((row) => [`${row.replica} ${row.code}`, row])).values()];
  return inTransaction(db, async (tx) => {
    const before = await findAll(tx, 'server_finding', { replica: [replica, INSTALLATION] }, ['replica', 'code']);
    const isFound = (row: { replica: string; code: string }) =>
      rows.some((r) => r.replica === row.replica && r.code === row.code);
    const over = before.filter((row) => !isFound(row));
    for (const row of over) await remove(tx, 'server_finding', { replica: row.replica, code: row.code });
    for (const { replica, code, detail } of rows)
      await sql`insert into server_finding (replica, code, detail, since, seen_at)
                values (${replica}, ${code}, ${detail}, now(), now())
                on conflict (replica, code) do update set detail = excluded.detail, seen_at = now()`.execute(tx);
    await sql`delete from server_finding where seen_at < now() - interval '1 day'`.execute(tx);
    return over.length > 0 || rows.length > before.length;
  });
}

/** Deletes a replica's own findings when it stops. */
const forget = (db: Db, replica: string) => remove(db, 'server_finding', { replica });
