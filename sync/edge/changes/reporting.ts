import { Inventory, reportAlerts } from '../../protocol/wire/fleet.ts';

/** A report is sent at least so often, ms. */
export const REPORT_EVERY_MS = 15 * 60_000;

/** What changes all the time, and is no news but where it raises or ends an alert. */
const RESTLESS: ReadonlySet<string> = new Set([
  'uptimeSeconds',
  'diskFree',
  'clockOffsetMs',
  'queued',
  'photosWaiting',
  'temperature',
]);

/** When this kiosk reports its state to the server: with the first ask, after changes, and now and then. */
export class Reporting {
  readonly #read: () => Inventory | null;
  readonly #now: () => number;
  #reported: { readonly news: string; readonly at: number } | null = null;

  /** @param read how the kiosk is; null: not known (yet) */
  constructor(read: () => Inventory | null, now: () => number) {
    this.#read = read;
    this.#now = now;
  }

  /** What to send along with an ask. One that does not have its form is left out: an ask is worth more than its report. */
  due(): Inventory | null {
    const report = Inventory.safeParse(this.#read()).data;
    if (!report) return null;
    const since = this.#reported ? this.#now() - this.#reported.at : REPORT_EVERY_MS;
    // A clock that was set back must not keep it silent.
    return since < 0 || since >= REPORT_EVERY_MS || newsOf(report) !== this.#reported?.news ? report : null;
  }

  /** The server has answered an ask that included it. */
  reported(report: Inventory): void {
    this.#reported = { news: newsOf(report), at: this.#now() };
  }
}

function newsOf(report: Inventory): string {
  const codes = reportAlerts(report).map(({ code }) => code);
  return JSON.stringify({ codes, report }, (key, value) => (RESTLESS.has(key) ? undefined : value));
}
