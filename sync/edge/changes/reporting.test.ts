import { expect, test } from 'vitest';
import { INVENTORY as REPORT } from '../../../test/kit/engine.ts';
import { Inventory } from '../../protocol/wire/fleet.ts';
import { REPORT_EVERY_MS, Reporting } from './reporting.ts';

function held() {
  const kiosk = { report: REPORT as Inventory | null, now: 1_000_000 };
  const reporting = new Reporting(
    () => kiosk.report,
    () => kiosk.now,
  );
  return { kiosk, reporting };
}

test('sends a report with the first ask, and again until an ask that includes it is answered', () => {
  const { kiosk, reporting } = held();
  expect(reporting.due()).toEqual(REPORT);
  expect(reporting.due()).toEqual(REPORT);
  reporting.reported(REPORT);
  expect(reporting.due()).toBeNull();
  kiosk.now += REPORT_EVERY_MS - 1;
  expect(reporting.due()).toBeNull();
  kiosk.now += 1;
  expect(reporting.due()).toEqual(REPORT);
});

test('constantly changing fields trigger no report; any other change does', () => {
  const { kiosk, reporting } = held();
  reporting.reported(REPORT);
  kiosk.report = {
    ...REPORT,
    uptimeSeconds: 9,
    diskFree: 8e9,
    clockOffsetMs: 5,
    queued: 3,
    photosWaiting: 1,
    temperature: 60,
  };
  expect(reporting.due()).toBeNull();
  kiosk.report = { ...REPORT, camera: 'covered' };
  expect(reporting.due()).toEqual(kiosk.report);
  reporting.reported(kiosk.report);
  kiosk.report = { ...kiosk.report, slots: { current: '1.0.1', previous: '1.0.0', trial: true } };
  expect(reporting.due()).toEqual(kiosk.report);
});

test.each<[string, Partial<Inventory>]>([
  ['a disk that fills', { diskFree: 400e6 }],
  ['a clock that is wrong', { clockOffsetMs: -121_000 }],
  ['heat', { temperature: 80 }],
  ['a long queue', { queued: 501 }],
])('%s is reported at once, as is its end, since both change an alert', (_what, change) => {
  const { kiosk, reporting } = held();
  reporting.reported(REPORT);
  kiosk.report = { ...REPORT, ...change };
  expect(reporting.due()).toEqual(kiosk.report);
  reporting.reported(kiosk.report);
  expect(reporting.due()).toBeNull();
  kiosk.report = REPORT;
  expect(reporting.due()).toEqual(REPORT);
});

test('a clock that was set back doesn’t suppress reports', () => {
  const { kiosk, reporting } = held();
  reporting.reported(REPORT);
  kiosk.now -= 1;
  expect(reporting.due()).toEqual(REPORT);
});

test('omits a malformed or oversized report, so that the ask is still sent', () => {
  const { kiosk, reporting } = held();
  kiosk.report = null;
  expect(reporting.due()).toBeNull();
  kiosk.report = { ...REPORT, queued: -1 };
  expect(reporting.due()).toBeNull();
  expect(Inventory.safeParse({ ...REPORT, configProblem: '€'.repeat(300) }).success).toBe(true);
  expect(Inventory.safeParse({ ...REPORT, more: 1 }).success).toBe(false);
});
