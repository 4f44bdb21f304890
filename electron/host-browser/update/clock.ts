import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, replaceFile } from '../../../sync/disk/replace.ts';
import type { UpdateLayout } from '../../core/update/layout.ts';
import { BUILD_DATE } from '../../core/version.ts';

const Kept = z.object({ verified: z.number().int().nonnegative() });

/**
 * The updater's own floor of time: it believes the kiosk when that says what time it is, and never that it is earlier than
 * when metadata were last found valid. So a kiosk that someone took over can't make it accept expired ones again.
 */
export interface UpdaterClock {
  /** @param said the kiosk's trusted time, ms since 1970 */
  at(said: number): number;
  /** Metadata were valid at that time. They expire, so a time that lies far ahead is never verified. */
  verified(at: number): void;
}

export function updaterClock(layout: UpdateLayout): UpdaterClock {
  const file = join(layout.work, 'clock.json');
  const kept = (): number => {
    const bytes = readIfThere(file);
    try {
      return bytes ? (Kept.safeParse(JSON.parse(bytes.toString('utf8'))).data?.verified ?? 0) : 0;
    } catch {
      return 0; // cut off by hand: the build's own date is left
    }
  };
  return {
    at: (said) => Math.max(said, kept(), BUILD_DATE),
    verified(at) {
      if (at > kept()) replaceFile(file, `${JSON.stringify({ verified: Math.floor(at) })}\n`);
    },
  };
}
