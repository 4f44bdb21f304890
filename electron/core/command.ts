import type { z } from 'zod';
import type { FacePipeline } from '../../models/node/interface.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { isUnreadableName } from '../../sync/protocol/wire/name.ts';
import type { Recogniser } from './checkin/recogniser.ts';
import type { LivenessTrial } from './checkin/trial.ts';
import type { CoreOptions } from './interface.ts';
import type { KioskKeys } from './keys/index.ts';
import type { PinHasher } from './pin/pin-hash.ts';
import type { SiteConfig } from './site/config.ts';
import type { Store } from './store/interface.ts';
import type { SyncReport } from './sync/report.ts';
import type { UpdateKeeper } from './update/keeper.ts';

/** What a command works on: the same whether it runs inside the core or, with no core running, in the command line. */
export interface CommandContext {
  readonly home: string;
  readonly store: Store;
  readonly site: SiteConfig;
  /** Loads the models and the gallery when first asked for: `checkins list` needs neither. */
  faces(): Promise<{ pipeline: FacePipeline; recogniser: Recogniser }>;
  pins(): Promise<PinHasher>;
  /** Of the store's keys, what joining a server needs. */
  readonly keys: Pick<KioskKeys, 'bindProvisioning'>;
  /** In a running core: has the host start it again; null: no host can. */
  readonly restart?: (() => void) | null;
  /** In a running core: as in its options. */
  readonly busy?: CoreOptions['busy'];
  /** In a running core: stops the sync, does `change` to what it goes by, and restarts it. */
  relink?(change: () => void): Promise<void>;
  /** Updates of an installed kiosk, in a running core; null where nothing installs builds. */
  updates?(): UpdateKeeper | null;
  /** Trials of the liveness check at the camera, in a running core. */
  readonly trial?: LivenessTrial;
  /** How the sync stands, in a running core. */
  sync?(): SyncReport;
  changed(): void;
}

/** Where a command's output goes: one JSON value a line, and progress for a bar. */
export interface CommandOutput {
  line(value: unknown): void;
  progress(done: number, total: number, what: string): void;
  /** Aborted when no one is reading any more: a long command then stops after its current step. */
  readonly signal?: AbortSignal;
}

/** A command that touches a kiosk's store. Its body never prints: it emits lines, and gives the exit code. */
export interface StoreCommand<Args extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly args: Args;
  /** A new kiosk may start with it: with no core running, it creates folder and store if they are missing. */
  readonly beginsKiosk?: true;
  run(context: CommandContext, args: z.output<Args>, output: CommandOutput): Promise<number>;
}

/**
 * Arguments as the command's schema wants them.
 * @throws Problem `name-unreadable`, `arguments-wrong` that names every wrong one in a sentence, never its value
 */
export function parseArguments(command: StoreCommand, args: unknown): unknown {
  const parsed = command.args.safeParse(args);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  if (issues.every(isUnreadableName))
    throw new Problem('name-unreadable', { fields: issues.map(({ path }) => path.join('.')).join(', ') });
  const wrong = issues.map(({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`);
  throw new Problem('arguments-wrong', { reason: wrong.join('; '), cause: parsed.error });
}

export function storeCommand<Args extends z.ZodType>(command: StoreCommand<Args>): StoreCommand {
  return command as unknown as StoreCommand;
}
