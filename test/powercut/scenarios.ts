import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Thoroughness } from './cuts.ts';
import type { Recorded, Tally } from './harness.ts';
import { faces, firstStart, storeWork } from './kiosk-scenarios.ts';
import { electronSecret, leaving } from './secrets-scenarios.ts';
import { updates } from './updater-scenario.ts';

/** The recorded scenarios, each in its own empty folder. */
export const SCENARIOS: Readonly<Record<string, (root: string) => Promise<Recorded>>> = {
  'first start and staff': firstStart,
  'faces and photos': faces,
  'joining, sync and a new key': storeWork,
  updates,
  'destroying everything': leaving,
  'the secret of an Electron host': electronSecret,
};

/** Records a scenario and tries every state that a cut may leave of it. */
export async function cutPower(name: string, how: Thoroughness): Promise<Tally> {
  // In memory if there is such a folder: this machine's disk doesn't matter.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sp-powercut-'));
  try {
    const root = join(folder, 'root');
    mkdirSync(root);
    const recorded = await SCENARIOS[name]!(root);
    return await recorded(how);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
