import { randomUUID } from 'node:crypto';
import { MAX_PRESENCE, type Presence, type SiteKiosk } from '../../../sync/protocol/wire/changes.ts';
import type { Open, WireEvent } from '../../../sync/protocol/wire/event.ts';
import type { UpdateDirective } from '../../../sync/protocol/wire/fleet.ts';
import type { Vault } from '../vault/vault.ts';
import { guarded, storageFull } from './database.ts';
import type { DeviceState, KeptConfig, OpenCommand } from './device-state.ts';
import type { EventPlace, Outbox } from './outbox.ts';
import type { Purge } from './purge.ts';
import type { Reserve } from './reserve.ts';
import { isStorageProblem } from './reserve.ts';
import type { Roster, RosterOutcome, RosterPage } from './roster.ts';
import type { Rows } from './rows.ts';
import type { Session } from './session.ts';
import type { WhereaboutsRows } from './whereabouts.ts';

export interface LiveSync {
  readonly session: Session;
  readonly outbox: Outbox;
  readonly purge: Purge;
  readonly roster: Roster;
  readonly rows: Rows;
  readonly whereabouts: WhereaboutsRows;
  readonly deviceState: DeviceState;
}

/** A photo that the server has the event of, and not the file. */
export interface PhotoToSend {
  readonly address: string;
}

/** Events deleted in one transaction: secure_delete writes each of their pages. */
const TRIM = 500;

/** What the sync needs of the store beyond the outbox: marks, roster, lease, photos, trimming. One transaction each. */
export class SyncSide {
  readonly #live: () => LiveSync;
  readonly #vault: Vault;
  readonly #reserve: Reserve;
  #removals = 0;

  constructor(live: () => LiveSync, vault: Vault, reserve: Reserve) {
    this.#live = live;
    this.#vault = vault;
    this.#reserve = reserve;
  }

  #write<T>(work: (live: LiveSync) => T): T {
    const live = this.#live();
    return this.#reserve.durably(() => live.session.log.transaction(() => work(live)));
  }

  /** Removes old versions from the write-ahead log, then the files. */
  async #wipe(photos: readonly string[]): Promise<void> {
    this.#removals++;
    guarded(() => this.#live().session.db.pragma('wal_checkpoint(TRUNCATE)'));
    await this.#vault.remove(photos);
  }

  /** Grows whenever personal values were removed: what was read before may hold some of them. */
  get removals(): number {
    return this.#removals;
  }

  noteRemoval(): void {
    this.#removals++;
  }

  // The outbox

  /** Events to send, oldest first: at most `limit`, and about `bytes` of JSON; only those behind `after`. */
  pending(limit: number, bytes: number, after?: EventPlace): WireEvent[] {
    const { session, outbox } = this.#live();
    return guarded(() => session.values.wire(outbox.rows(limit, after), bytes));
  }

  marks(): ReturnType<Outbox['marks']> {
    return this.#live().outbox.marks();
  }

  /** The server has less than it said: takes its marks back, and sends again; how many events. */
  rewind(epoch: string, marks: { committed: number; safe: number }): number {
    const count = this.#write(({ outbox }) => outbox.rewind(epoch, marks));
    this.#live().session.log.refreshEpochs();
    return count;
  }

  /**
   * The server has events of `epoch` that this store never made: an older copy of the whole folder was put back, which
   * nothing here could tell. Says so to the server, once an epoch; where that epoch is still the one in use (a machine
   * whose memory was put back too), begins another, so that no number is used for two events from now on.
   */
  rolledBack(epoch: string, committed: number): void {
    const setting = `rolled-back/${epoch}`;
    if (this.#live().rows.setting(setting) !== null) return;
    const made = this.marks().find((mark) => mark.epoch === epoch)?.made ?? 0;
    this.#write(({ session: { log }, rows }) => {
      if (log.own && log.epoch.id === epoch) log.beginNext(randomUUID(), 'rolled-back');
      log.insert('health', { code: 'store-rolled-back', detail: { committed, made } });
      rows.setSetting(setting, String(committed));
    });
  }

  // The roster

  get cursor(): string {
    return guarded(() => this.#live().roster.cursor);
  }

  /** The server's policy as JSON, or null. */
  get policy(): string | null {
    return guarded(() => this.#live().roster.policy);
  }

  /** Public keys that people's own codes may be signed by, as JSON; null while the server has sent none. */
  get issuers(): string | null {
    return guarded(() => this.#live().roster.issuers);
  }

  /** Peppers that kiosks of this server share for PINs, base64url, as JSON; null while it has sent none. */
  get pinPeppers(): string | null {
    return guarded(() => this.#live().roster.pinPeppers);
  }

  // What was sent to this one device

  /** Which build the server wants here; null: the one that is. */
  get update(): UpdateDirective | null {
    return guarded(() => this.#live().deviceState.update);
  }

  /** This device's own settings as the server last sent them; null: it never did. */
  get config(): KeptConfig | null {
    return guarded(() => this.#live().deviceState.config);
  }

  /** Commands whose last word was not said, also those that have expired. */
  commands(): OpenCommand[] {
    return guarded(() => this.#live().deviceState.commands());
  }

  /** Reports to the server what became of a command; after a last word it is not open any more. */
  answerCommand(id: string, outcome: Open<'command'>['outcome'], code?: string): void {
    this.#write(({ deviceState }) => deviceState.answer(id, outcome, code));
  }

  /** The server's log is another one than before: begins with a snapshot, and asks for each photo whether it is there. */
  restart(): void {
    this.#write(({ roster, outbox }) => {
      roster.restart();
      outbox.resendPhotos();
    });
  }

  /**
   * Applies a page of the server's log, cursor included, in one transaction; memory follows the commit.
   * @param settings what else belongs into that transaction, by setting
   */
  async applyRoster(
    page: RosterPage,
    settings: (outcome: RosterOutcome) => Readonly<Record<string, string>> = () => ({}),
  ): Promise<RosterOutcome> {
    const { result, committed } = this.#write(({ roster, rows, whereabouts }) => {
      const applied = roster.apply(page);
      whereabouts.note(page.presence ?? [], page.kiosks, MAX_PRESENCE);
      for (const [key, value] of Object.entries(settings(applied.result))) rows.setSetting(key, value);
      return applied;
    });
    committed();
    if (result.gone.length > 0 || result.removed.length > 0 || result.photos.length > 0)
      await this.#wipe(result.photos);
    return result;
  }

  /** Destroys the keys of people who left and whose events the server has; how many photos went with them. */
  async sweepRoster(): Promise<number> {
    const { result, committed } = this.#write(({ roster }) => roster.sweep());
    committed();
    if (result.length > 0) await this.#wipe(result);
    return result.length;
  }

  /** What the server sent of the records at the site's other kiosks, newest of each person. */
  presence(): Presence[] {
    return guarded(() => this.#live().whereabouts.presence());
  }

  /** The site's kiosks as the server last named them. */
  get kiosks(): readonly SiteKiosk[] {
    return guarded(() => this.#live().whereabouts.kiosks());
  }

  /** RFC 3339: of the time before this someone may be missing among the presences; null for never. */
  get presenceCut(): string | null {
    return guarded(() => this.#live().whereabouts.cut());
  }

  hasTemplates(): boolean {
    const { db } = this.#live().session;
    return guarded(
      () => db.prepare('SELECT 1 FROM template UNION ALL SELECT 1 FROM card_template LIMIT 1').get() !== undefined,
    );
  }

  /** Drops every template, of unsent events too, and begins with a snapshot next; `settings` with it. How many. */
  async dropTemplates(settings: Readonly<Record<string, string>> = {}): Promise<number> {
    const { result, committed } = this.#write(({ roster, rows }) => {
      for (const [key, value] of Object.entries(settings)) rows.setSetting(key, value);
      return roster.dropTemplates();
    });
    committed();
    if (result > 0) await this.#wipe([]);
    return result;
  }

  // Photos

  /** Photos whose events the server has, oldest first. */
  photosToSend(limit: number): PhotoToSend[] {
    const { session } = this.#live();
    return guarded(() => {
      const select = session.db
        .prepare('SELECT address FROM photo WHERE sent = 0 AND n > ? AND n <= ? ORDER BY n LIMIT ?')
        .pluck();
      const found: PhotoToSend[] = [];
      // One whose event is not committed must not hold back those of later epochs.
      for (const { base, committed } of session.log.epochs) {
        if (found.length >= limit) break;
        const addresses = select.all(base, base + committed, limit - found.length) as Buffer[];
        found.push(...addresses.map((address) => ({ address: address.toString('base64url') })));
      }
      return found;
    });
  }

  photosWaiting(): number {
    return guarded(
      () => this.#live().session.db.prepare('SELECT count(*) FROM photo WHERE sent = 0').pluck().get() as number,
    );
  }

  /** The ciphertext, its address checked. @throws Problem `photo-missing`, `photo-altered` */
  sealedPhoto(address: string): Promise<Buffer> {
    return this.#vault.readSealed(address);
  }

  /** Whether a photo still is one to send: it may have been purged since it was listed. */
  isWaiting(address: string): boolean {
    const { db } = this.#live().session;
    return guarded(
      () =>
        db.prepare('SELECT 1 FROM photo WHERE address = ? AND sent = 0').get(Buffer.from(address, 'base64url')) !==
        undefined,
    );
  }

  /**
   * Notes what the server said of a photo (outbox.ts has what follows); nothing where its event is no longer committed: then it was said before the
   * server was restored, and the photo is asked for again after its event.
   *
   * @param taken false: the server will never want it
   */
  photoSent(address: string, taken: boolean): void {
    this.#write(({ session: { db, log }, outbox }) => {
      const bytes = Buffer.from(address, 'base64url');
      const n = db.prepare('SELECT n FROM photo WHERE address = ?').pluck().get(bytes) as number | undefined;
      if (n === undefined || !log.epochs.some(({ base, committed }) => n > base && n <= base + committed)) return;
      outbox.photoSent(bytes, taken);
    });
  }

  /** Photos that the server did not want are offered once more: their event may have left its quarantine since. */
  reofferPhotos(): void {
    this.#write(({ session }) => session.db.prepare('UPDATE photo SET sent = 0 WHERE sent = 2 AND keyed = 1').run());
  }

  // Upkeep

  /**
   * Forgets events that are safe and older than `before`; how many. Photos that are still to be sent hold theirs back until
   * they are older than `patience`. Both RFC 3339, trusted time; without `patience` they wait for ever.
   */
  async trim(before: string, patience = '1970-01-01T00:00:00.000Z'): Promise<number> {
    let count = 0;
    for (;;) {
      const first = this.#live().session.log.epochs.map(({ base, trimmed }) => base + trimmed);
      const { photos, upTo } = this.#write(({ purge }) => purge.trim(before, patience, TRIM));
      const { log, people } = this.#live().session;
      log.refreshEpochs();
      if (upTo === 0) return count;
      count += log.epochs.reduce((sum, { base, trimmed }, i) => sum + base + trimmed - first[i]!, 0);
      people.forgetCheckins(upTo);
      await this.#wipe(photos);
    }
  }

  /** Appends a health event, and notes `settings` with it, only where that takes nothing from attendance; whether it did. */
  reportIfRoom(
    code: string,
    detail: Readonly<Record<string, string | number | boolean>>,
    settings: Readonly<Record<string, string>> = {},
  ): boolean {
    try {
      if (!this.#reserve.keep()) throw storageFull();
      const { session, rows } = this.#live();
      guarded(() =>
        session.log.transaction(() => {
          session.log.insert('health', { code, detail });
          for (const [key, value] of Object.entries(settings)) rows.setSetting(key, value);
        }),
      );
      return true;
    } catch (error) {
      if (!isStorageProblem(error)) throw error;
      return false;
    }
  }
}
