import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { WEIGHTS } from '../../../models/rules/manifest.ts';
import { Inventory } from '../../../sync/protocol/wire/fleet.ts';
import { collectInventory, type Known, thisMachine } from './inventory.ts';

const folder = mkdtempSync(join(tmpdir(), 'sp-inventory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const machine = thisMachine(join(folder, 'nowhere'));
const collect = (change: Partial<Known> = {}, home = folder) =>
  collectInventory(
    {
      version: '0.2.0',
      commit: 'a'.repeat(40),
      host: 'browser',
      embedder: 'fr_feature@87aacdfe5751',
      camera: 'ok',
      clockOffsetMs: -12.4,
      queued: 3,
      photosWaiting: 1,
      storeSchema: 6,
      configRevision: null,
      configProblem: null,
      uptimeSeconds: 61.7,
      ...change,
    },
    machine,
    home,
  );

function thermal(name: string, zones: Record<string, string>): string {
  const at = join(folder, name);
  for (const [zone, text] of Object.entries(zones)) {
    mkdirSync(join(at, zone), { recursive: true });
    writeFileSync(join(at, zone, 'temp'), text);
  }
  return at;
}

describe('the inventory', () => {
  test('has the wire’s form, the disk of the folder, and the detector’s hash from the manifest', () => {
    const report = Inventory.parse(collect());
    expect(report.diskTotal).toBeGreaterThan(report.diskFree!);
    expect(report.diskFree).toBeGreaterThan(0);
    expect(WEIGHTS.map(({ sha256 }) => sha256)).toContain(report.models.detector);
    expect(report).toMatchObject({ clockOffsetMs: -12, uptimeSeconds: 62, temperature: null, commit: 'a'.repeat(40) });
  });

  test('reports why the screen may turn dark, and nothing while it stays on', () => {
    expect(Inventory.parse(collect({ screenMayGoDark: undefined }))).not.toHaveProperty('screenMayGoDark');
    const refused = collect({ screenMayGoDark: 'refused' });
    expect(Inventory.parse(refused).screenMayGoDark).toBe('refused');
    expect(Inventory.parse(collect({ cameraDoubt: 'repeats' })).cameraDoubt).toBe('repeats');
  });

  test('reports since when people have delayed an update', () => {
    const updateHeld = { version: '0.3.0', since: '2026-01-10T12:00:00.000Z' };
    expect(Inventory.parse(collect({ updateHeld })).updateHeld).toEqual(updateHeld);
    expect(Inventory.parse(collect({ updateHeld: undefined }))).not.toHaveProperty('updateHeld');
  });

  test('reports the hottest sensor and ignores sensors that are off or report impossible values', () => {
    const at = thermal('warm', { thermal_zone0: '41500\n', thermal_zone1: '63750', cooling_device0: '99999' });
    expect(thisMachine(at).temperature()).toBe(63.8);
    expect(thisMachine(thermal('odd', { thermal_zone0: '-274000', thermal_zone1: '' })).temperature()).toBeNull();
  });

  test('of an unpackaged kiosk on a disk that can’t be queried says so, and still has its form', () => {
    const report = collect({ commit: '' }, join(folder, 'gone'));
    expect(Inventory.parse(report)).toMatchObject({ commit: '', diskFree: null, diskTotal: null });
  });
});
