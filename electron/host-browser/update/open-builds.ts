import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, replaceFile } from '../../../sync/disk/replace.ts';
import { openUpdateClient, type UpdateClient } from '../../../sync/edge/update/client.ts';
import type { Pace } from '../../../sync/edge/update/paced.ts';
import type { UpdateSource } from '../../../sync/edge/update/source.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { CoreOptions } from '../../core/interface.ts';
import { keptJson } from '../../core/kept-json.ts';
import type { UpdateLayout } from '../../core/update/layout.ts';
import { BUILD_DATE } from '../../core/version.ts';
import { counted } from './sources.ts';
import type { UpdaterOptions } from './updater.ts';

export interface SignedBuildsOptions {
  readonly layout: UpdateLayout;
  /** The `root.json` put in place by the installer: who this kiosk trusts. */
  readonly trustedRoot: string;
  readonly sources: (from: 'network' | 'usb') => Promise<readonly UpdateSource[]>;
  readonly log: CoreOptions['log'];
  readonly pace?: Pace;
}

/** Opens the updater's builds through TUF, the only way to get them. */
export function signedBuilds(options: SignedBuildsOptions): UpdaterOptions['open'] {
  const { layout, log, pace } = options;
  const clock = updaterClock(layout);
  return async (from, running, said) => {
    let bytes = 0;
    const now = clock.at(said);
    const sources = await options.sources(from);
    const client = await openUpdateClient({
      trustedRoot: await rootOf(options.trustedRoot),
      folder: join(layout.work, 'metadata'),
      sources: sources.map((source) =>
        counted(source, (more) => {
          bytes += more;
        }),
      ),
      now: () => now,
      running,
      log: ({ what, ...fields }) => log(what === 'refreshed' ? 'info' : 'warn', `update: ${what}`, fields),
      ...(pace && { pace }),
    });
    const noting = async <T>(work: Promise<T>): Promise<T> => {
      const found = await work;
      clock.verified(now);
      return found;
    };
    const noted: Pick<UpdateClient, 'find' | 'newest' | 'download'> = {
      find: (version) => noting(client.find(version)),
      newest: (except) => noting(client.newest(except)),
      download: (target, to, o) => client.download(target, to, o),
    };
    return { client: noted, moved: () => bytes };
  };
}

async function rootOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new Problem('update-no-trust', { reason: path, cause });
  }
}

const Kept = z.object({ verified: z.number().int().nonnegative() });

/**
 * The updater's own lower limit for the time. It accepts the kiosk's time, but never one earlier than when metadata was last
 * valid. So a compromised kiosk can't make it accept expired metadata again.
 */
interface UpdaterClock {
  /** Returns the time to use. @param said the kiosk's trusted time, ms since 1970 */
  at(said: number): number;
  /** Records that metadata was valid at that time. Since metadata expires, a time far in the future is never accepted. */
  verified(at: number): void;
}

function updaterClock(layout: UpdateLayout): UpdaterClock {
  const file = join(layout.work, 'clock.json');
  // If the file is damaged, the build's own date remains.
  const kept = (): number => keptJson(Kept, readIfThere(file)?.toString('utf8') ?? null)?.verified ?? 0;
  return {
    at: (said) => Math.max(said, kept(), BUILD_DATE),
    verified(at) {
      if (at > kept()) replaceFile(file, `${JSON.stringify({ verified: Math.floor(at) })}\n`);
    },
  };
}
