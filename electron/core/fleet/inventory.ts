import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { FACE_BOX_BROWSER } from '../../../models/rules/manifest.ts';
import type { Inventory } from '../../../sync/protocol/wire/fleet.ts';

/** Where Linux shows the temperatures of a machine, in thousandths of a degree. */
const THERMAL = '/sys/class/thermal';
/** What a sensor that is not there, or not read yet, is known to say. */
const PLAUSIBLE = { least: -40_000, most: 150_000 } as const;

/** The machine under the kiosk, as it is asked for each report. */
export interface Machine {
  /** °C of the hottest sensor; null where there is none. */
  temperature(): number | null;
  /** Bytes of the disk with this folder; null where the system does not say. */
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
      return { free: null, total: null }; // an unmounted or broken disk shows nothing
    }
  },
});

function hottest(thermal: string): number | null {
  let zones: string[];
  try {
    zones = readdirSync(thermal).filter((name) => name.startsWith('thermal_zone'));
  } catch {
    return null; // no Linux, or a container without sensors
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

export interface InventoryDeps {
  readonly home: string;
  readonly machine: Machine;
  readonly build: { readonly version: string; readonly commit: string | null };
  readonly host: Inventory['host'];
  /** Id of the embedder in use; null: none is loaded. */
  readonly embedder: string | null;
  readonly camera: string;
  /** Trusted minus this machine's time, ms. */
  readonly clockOffset: number;
  readonly queued: number;
  readonly photosWaiting: number;
  readonly storeSchema: number;
  readonly config: { readonly revision: number | null; readonly problem: string | null };
  readonly slots: Inventory['slots'];
  /** Members of staff of the server, by id; null: it never sent any. */
  readonly staff: readonly string[] | null;
  /** When the emergency PIN was last used, while no new one is sealed; null otherwise. */
  readonly emergencyPinUsedAt: string | null;
  /** Why the camera's pictures may be made up; undefined: nothing says so. */
  readonly cameraDoubt: Inventory['cameraDoubt'];
  /** Why the screen may go dark; undefined: it stays on. */
  readonly screenMayGoDark: Inventory['screenMayGoDark'];
  /** An update that people keep waiting; undefined: none. */
  readonly updateHeld: Inventory['updateHeld'];
  /** Since this core was started, seconds. */
  readonly uptime: number;
}

/** How this kiosk is. Names nobody: counts, versions and states. */
export function collectInventory(deps: InventoryDeps): Inventory {
  const { config, slots, staff, emergencyPinUsedAt, cameraDoubt, screenMayGoDark, updateHeld } = deps;
  const disk = deps.machine.disk(deps.home);
  return {
    version: deps.build.version,
    commit: deps.build.commit ?? '',
    host: deps.host,
    models: { detector: FACE_BOX_BROWSER.sha256, embedder: deps.embedder },
    uptimeSeconds: Math.max(0, Math.round(deps.uptime)),
    diskFree: disk.free,
    diskTotal: disk.total,
    camera: deps.camera,
    clockOffsetMs: Math.round(deps.clockOffset),
    queued: deps.queued,
    photosWaiting: deps.photosWaiting,
    temperature: deps.machine.temperature(),
    storeSchema: deps.storeSchema,
    configRevision: config.revision,
    configProblem: config.problem,
    ...(staff && { staff: [...staff] }),
    ...(emergencyPinUsedAt && { emergencyPinUsedAt }),
    ...(cameraDoubt && { cameraDoubt }),
    ...(screenMayGoDark && { screenMayGoDark }),
    ...(updateHeld && { updateHeld }),
    ...(slots && { slots }),
  };
}
