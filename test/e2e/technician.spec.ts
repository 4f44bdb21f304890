import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { addTechnicianCommand } from '../../electron/core/technician/commands.ts';
import { codeAt } from '../../electron/core/technician/totp.ts';
import { en } from '../../renderer/kiosk/locales/en.ts';
import { looked, makeKiosk, openStaff, PATIENT, type TestKiosk } from './kiosk-page.ts';

/* The technician's menu on a whole kiosk: real host, core, store and screen; the machine's half is a folder that is looked after. */

test.describe.configure({ mode: 'serial' });
test.setTimeout(240_000);
let kiosk: TestKiosk;
let root: string;
let secret: Buffer;
let machine: NodeJS.Timeout;
const taken: string[] = [];

/** RFC 4648 §6, back. */
function bytesOf(base32: string): Buffer {
  const bits = [...base32].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'));
  return Buffer.from(
    bits
      .join('')
      .match(/.{8}/g)!
      .map((b) => Number.parseInt(b, 2)),
  );
}
const code = (): string => codeAt(secret, Math.floor(Date.now() / 30_000));

test.beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'sp-machine-'));
  const spool = join(root, 'machine');
  mkdirSync(spool, { recursive: true });
  machine = setInterval(() => {
    for (const name of readdirSync(spool)) {
      rmSync(join(spool, name));
      taken.push(name);
    }
  }, 50);
  kiosk = await makeKiosk('technician');
  await kiosk.withStore((opened) =>
    addTechnicianCommand.run(
      { ...opened, changed: () => undefined },
      { name: 'Jo Meier' },
      {
        line(value) {
          secret = bytesOf((value as { secret: string }).secret);
        },
        progress: () => undefined,
      },
    ),
  );
});
test.afterAll(async () => {
  clearInterval(machine);
  await kiosk?.remove();
  rmSync(root, { recursive: true, force: true });
});

async function toGate(page: Page): Promise<void> {
  await openStaff(page);
  await page.getByRole('button', { name: en.technician.open, exact: true }).click();
  await page.locator('input[name=technician-code]').waitFor();
}
async function typed(page: Page, digits: string): Promise<void> {
  await page.locator('input[name=technician-code]').fill(digits);
  await page.getByRole('button', { name: en.technician.enter, exact: true }).click();
}
const told = () =>
  kiosk.withStore(({ store }) =>
    store.pending(500).flatMap(({ header, personal }) => {
      if (header.type !== 'technician') return [];
      const { what, outcome, code: why } = header.open as { what: string; outcome: string; code?: string };
      return [[what, outcome, why, personal.name?.value].filter(Boolean).join(' ')];
    }),
  );

test('a wrong code, the right one, a login that reaches the machine, and what is left of it in the outbox', async () => {
  const { page } = await kiosk.enter({ slots: { root, insteadOf: null } });
  await toGate(page);
  await typed(page, code() === '000000' ? '111111' : '000000');
  await expect(page.locator('.form-error p')).toContainText(en.technician.wrong, { timeout: PATIENT });
  await typed(page, code());
  await page.locator('.technician-tasks').waitFor({ timeout: PATIENT });
  await looked(page, 'technician');
  // Nothing installs builds in this folder: said, and no button.
  await expect(page.locator('[data-task=update] button')).toHaveCount(0);
  await page.locator('[data-task=login] button').click();
  await page.getByRole('button', { name: en.technician.yes.login }).click();
  await expect(page.getByText(en.technician.done.login)).toBeVisible({ timeout: PATIENT });
  expect(taken).toEqual(['login']);
  await page.getByRole('button', { name: en.technician.leave }).click();
  await page.locator('.checkin').waitFor({ timeout: PATIENT });
  // The core has heard of it once it answers what comes after it.
  await openStaff(page);
  await kiosk.leave();
  expect(await told()).toEqual([
    'enrolled done Jo Meier',
    'enter refused code-wrong',
    'enter done Jo Meier',
    'login begun Jo Meier',
    'login done Jo Meier',
    'leave done Jo Meier',
  ]);
});

test('five wrong codes lock it, and a restart of the kiosk ends no lock', async () => {
  const { page } = await kiosk.enter();
  await toGate(page);
  const wrong = code() === '000000' ? '111111' : '000000';
  for (let i = 0; i < 4; i++) {
    await typed(page, wrong);
    await expect(page.locator('.form-error p')).toContainText(en.technician.wrong, { timeout: PATIENT });
    await expect(page.locator('input[name=technician-code]')).toHaveValue('');
  }
  await typed(page, wrong);
  await expect(page.locator('.form-error p')).toContainText(/\d+ s/, { timeout: PATIENT });
  await kiosk.leave();
  // However long the restart took: the next lock is the longer one, so the count has outlived it.
  const again = await kiosk.enter();
  await toGate(again.page);
  await expect(async () => {
    await typed(again.page, wrong);
    await expect(again.page.locator('.form-error p')).toContainText('1:', { timeout: 3_000 });
  }).toPass({ timeout: 120_000 });
});
