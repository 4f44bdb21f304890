import { z } from 'zod';
import type { Change } from '../../../sync/protocol/wire/changes.ts';
import type { CommandWhat, Open } from '../../../sync/protocol/wire/event.ts';
import { type Command, DeviceConfig, UpdateDirective } from '../../../sync/protocol/wire/fleet.ts';
import { keptJson } from '../kept-json.ts';
import { uuidBytes, uuidText } from './header.ts';
import type { Session } from './session.ts';
import type { Settings } from './settings.ts';

/** The build the server wants here, as JSON; `null` for the current one. */
const UPDATE = 'update-directive';
/** This device's own settings and their revision, as JSON. */
const CONFIG = 'device-config';

/** The server's members of staff, as JSON, from the newest change (staff/members.ts). */
export const STAFF_OF_SERVER = 'staff-of-server';

/**
 * How long a row is kept after its command has expired or was answered, ms: a server restored to before the answer may ask
 * again.
 */
const KEPT_MS = 90 * 86_400_000;

type Outcome = Open<'command'>['outcome'];

/** A command whose final result has not been reported. */
export interface OpenCommand extends Command {
  /** True if it was started, before this kiosk last started or since. */
  readonly started: boolean;
}

/** This device's own settings, as stored. */
export const KeptConfig = z.object({ revision: z.number(), config: DeviceConfig });
export type KeptConfig = Readonly<z.infer<typeof KeptConfig>>;

interface CommandRow {
  readonly id: Buffer;
  readonly what: CommandWhat;
  readonly expires: number;
  readonly outcome: Outcome | null;
  readonly n: number | null;
}

/** What the server sent to this device only: the build to run, its own settings, commands. */
export class DeviceState {
  readonly #s: Session;
  readonly #settings: Settings;

  constructor(session: Session, settings: Settings) {
    this.#s = session;
    this.#settings = settings;
  }

  noteUpdate({ update }: Extract<Change, { kind: 'update' }>): void {
    this.#settings.set(UPDATE, JSON.stringify(update));
  }

  noteConfig({ revision, config }: Extract<Change, { kind: 'config' }>): void {
    this.#settings.set(CONFIG, JSON.stringify({ revision, config }));
  }

  /** @param now trusted time, ms since 1970 */
  noteCommand({ id, what, expires }: Extract<Change, { kind: 'command' }>, now: number): void {
    const { sql, log } = this.#s;
    sql.run('DELETE FROM command WHERE outcome IS NOT NULL AND expires < ?', Math.floor(now - KEPT_MS));
    sql.run(
      `INSERT INTO command(id, what, expires) VALUES (?, ?, ?)
       ON CONFLICT(id) DO UPDATE SET expires = excluded.expires WHERE outcome IS NULL`,
      uuidBytes(id),
      what,
      Date.parse(expires),
    );
    const row = this.#row(id)!;
    // Requested again although answered: the server's database is older than the answer, which is then resent automatically. Only
    // an answer that was already trimmed has to be given again.
    if (row.outcome !== null && row.outcome !== 'started' && !log.row(row.n!))
      this.#say(row, { command: id, what: row.what, outcome: row.outcome });
  }

  /**
   * Reports the outcome of a command to the server. After a final outcome the command is no longer open.
   * @throws Error for a command that the server never sent
   */
  answer(id: string, outcome: Outcome, code?: string): void {
    this.#s.write(() => {
      const row = this.#row(id);
      if (!row) throw new Error(`there is no command ${id}`);
      this.#say(row, { command: id, what: row.what, outcome, ...(code !== undefined && { code }) });
    });
  }

  #say({ id }: CommandRow, open: Open<'command'>): void {
    const { n } = this.#s.log.insert('command', open);
    // The server states the expiry of a cancelled command as 1970.
    const update = 'UPDATE command SET outcome = ?, n = ?, expires = max(expires, ?) WHERE id = ?';
    this.#s.sql.run(update, open.outcome, n, Math.floor(this.#s.trustedNow()), id);
  }

  #row(id: string): CommandRow | undefined {
    return this.#s.sql.row<CommandRow>('SELECT * FROM command WHERE id = ?', uuidBytes(id));
  }

  /** The build the server wants here. Null: the current one, none was sent, or this build can't read the directive. */
  get update(): UpdateDirective | null {
    return keptJson(UpdateDirective, this.#settings.get(UPDATE));
  }

  /** This device's own settings as last sent by the server. Null if none were sent, or if this build can't read them. */
  get config(): KeptConfig | null {
    return keptJson(KeptConfig, this.#settings.get(CONFIG));
  }

  /** Returns commands without a reported final result, including expired ones, in order of expiry. */
  commands(): OpenCommand[] {
    const open = "SELECT * FROM command WHERE outcome IS NULL OR outcome = 'started' ORDER BY expires, id";
    return this.#s.sql.rows<CommandRow>(open).map(({ id, what, expires, outcome }) => ({
      id: uuidText(id),
      what,
      expires: new Date(expires).toISOString(),
      started: outcome === 'started',
    }));
  }
}
