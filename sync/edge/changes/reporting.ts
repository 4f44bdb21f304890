import { Inventory, reportAlerts } from '../../protocol/wire/fleet.ts';

/** A report is sent at least this often, ms. */
export const REPORT_EVERY_MS = 15 * 60_000;

/** Fields that change all the time. They trigger a report only if they raise or end an alert. */
const RESTLESS: ReadonlySet<string> = new Set([
  'uptimeSeconds',
  'diskFree',
  'clockOffsetMs',
  'queued',
  'photosWaiting',
  'temperature',
]);

/** Decides when this kiosk reports its state to the server: soon after it starts, after changes, and at intervals. */
export class Reporting {
  readonly #read: () => Inventory | null;
  readonly #now: () => number;
  #reported: { readonly news: string; readonly at: number } | null = null;

  /** @param read returns the kiosk's state; null: not known (yet) */
  constructor(read: () => Inventory | null, now: () => number) {
    this.#read = read;
    this.#now = now;
  }

  /** Returns the report to send with an ask, or null. One that doesn't match its schema is omitted, so the ask is still sent. */
  due(): Inventory | null {
    const report = Inventory.safeParse(this.#read()).data;
    if (!report) return null;
    const since = this.#reported ? this.#now() - this.#reported.at : REPORT_EVERY_MS;
    // A clock that was set back must not suppress reports.
    return since < 0 || since >= REPORT_EVERY_MS || newsOf(report) !== this.#reported?.news ? report : null;
  }

  /** Records that the server has answered an ask that included this report. */
  reported(report: Inventory): void {
    this.#reported = { news: newsOf(report), at: this.#now() };
  }
}

function newsOf(report: Inventory): string {
  const codes = reportAlerts(report).map(({ code }) => code);
  return JSON.stringify({ codes, report }, (key, value) => (RESTLESS.has(key) ? undefined : value));
}
