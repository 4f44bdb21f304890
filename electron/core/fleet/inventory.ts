import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { FACE_BOX_BROWSER } from '../../../models/rules/manifest.ts';
import type { Inventory } from '../../../sync/protocol/wire/fleet.ts';

/** Where Linux shows the machine's temperatures, in thousandths of a degree. */
const THERMAL = '/sys/class/thermal';
/** Range of real temperatures. A missing or uninitialised sensor may report values outside it. */
const PLAUSIBLE = { least: -40_000, most: 150_000 } as const;

/** The machine under the kiosk, as queried for each report. */
export interface Machine {
  /** °C of the hottest sensor; null if there is none. */
  temperature(): number | null;
  /** Bytes on the disk with this folder; null if the system does not say. */
  disk(folder: string): { readonly free: number | null; readonly total: number | null };
}

/** @param thermal folder of the thermal zones, for tests */
export const thisMachine = (thermal = THERMAL): Machine => ({
  temperature: () => hottest(thermal),
  disk(folder) {
    try {
      const { bavail, blocks, bsize } = statfsSync(folder);
      return { free: bavail * bsize, total: blocks * bsize };
    } catch {
      return { free: null, total: null }; // an unmounted or broken disk reports nothing
    }
  },
});

function hottest(thermal: string): number | null {
  let zones: string[];
  try {
    zones = readdirSync(thermal).filter((name) => name.startsWith('thermal_zone'));
  } catch {
    return null; // not Linux, or a container without sensors
  }
  const read = zones
    .map((zone) => milliDegrees(join(thermal, zone, 'temp')))
    .filter((t) => t !== null && t > PLAUSIBLE.least && t < PLAUSIBLE.most && t !== 0) as number[];
  return read.length === 0 ? null : Math.round(Math.max(...read) / 100) / 10;
}

function milliDegrees(file: string): number | null {
  try {
    const value = Number(readFileSync(file, 'utf8').trim());
    return Number.isFinite(value) ? value : null;
  } catch {
    return null; // a zone whose sensor is switched off answers with an error
  }
}

/** The core's own part of the report, by the report's field names. */
export type Known = Omit<Inventory, 'models' | 'diskFree' | 'diskTotal' | 'temperature'> & {
  /** Id of the embedder in use; null if none is loaded. */
  readonly embedder: string | null;
};

/** Returns the health of this kiosk and of the machine with the folder `home`. Names nobody: counts, versions and states. */
export function collectInventory({ embedder, ...known }: Known, machine: Machine, home: string): Inventory {
  const { free, total } = machine.disk(home);
  const report: Inventory = {
    ...known,
    models: { detector: FACE_BOX_BROWSER.sha256, embedder },
    uptimeSeconds: Math.max(0, Math.round(known.uptimeSeconds)),
    clockOffsetMs: Math.round(known.clockOffsetMs),
    diskFree: free,
    diskTotal: total,
    temperature: machine.temperature(),
  };
  // On the wire, an unknown value is absent, not empty.
  return Object.fromEntries(Object.entries(report).filter(([, value]) => value !== undefined)) as Inventory;
}
