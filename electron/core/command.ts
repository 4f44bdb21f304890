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

/** What a command works on: the same whether it runs inside the core or, if no core is running, in the command line. */
export interface CommandContext {
  readonly home: string;
  readonly store: Store;
  readonly site: SiteConfig;
  /** Loads the models and the gallery on first use: `checkins list` needs neither. */
  faces(): Promise<{ pipeline: FacePipeline; recogniser: Recogniser }>;
  pins(): Promise<PinHasher>;
  /** The part of the store's keys that joining a server needs. */
  readonly keys: Pick<KioskKeys, 'bindProvisioning'>;
  /** In a running core: has the host restart it; null if no host can. */
  readonly restart?: (() => void) | null;
  /** In a running core: tells the host about long work, as in its options. */
  readonly busy?: CoreOptions['busy'];
  /** In a running core: stops the sync, applies `change` to its settings, and restarts it. */
  relink?(change: () => void): Promise<void>;
  /** Updates of an installed kiosk, in a running core; null if nothing installs builds. */
  updates?(): UpdateKeeper | null;
  /** Trials of the liveness check at the camera, in a running core. */
  readonly trial?: LivenessTrial;
  /** State of the sync, in a running core. */
  sync?(): SyncReport;
  changed(): void;
}

/** Where a command's output is sent: one JSON value per line, and progress for a progress bar. */
export interface CommandOutput {
  line(value: unknown): void;
  progress(done: number, total: number, what: string): void;
  /** Aborted when nobody is reading any more: a long command then stops after its current step. */
  readonly signal?: AbortSignal;
}

/** A command that uses a kiosk's store. Its body never prints: it emits lines and returns the exit code. */
export interface StoreCommand<Args extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly args: Args;
  /** True if a new kiosk may start with it: if no core is running, it creates folder and store if they are missing. */
  readonly beginsKiosk?: true;
  run(context: CommandContext, args: z.output<Args>, output: CommandOutput): Promise<number>;
}

/**
 * Parses arguments by the command's schema.
 * @throws Problem `name-unreadable`, `arguments-wrong` whose message names every wrong argument, never its value
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
