import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { addStaffCommand } from '../../electron/core/staff/commands.ts';
import { codeAt } from '../../electron/core/staff/totp.ts';
import en from '../../renderer/kiosk/locales/en.json' with { type: 'json' };
import { checkScreen, makeKiosk, type TestKiosk } from './kiosk-page.ts';

/* The technician's menu on a whole kiosk (real host, core, store, screen). A timer takes the requests, as the machine would. */

test.describe.configure({ mode: 'serial' });
let kiosk: TestKiosk;
let root: string;
let secret: Buffer;
let pin: string;
const OWN = '930471';
let machine: NodeJS.Timeout;
const taken: string[] = [];

/** Decodes base32 (RFC 4648 §6). */
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
    addStaffCommand.run(
      { ...opened, changed: () => undefined } as never,
      { name: 'Jo Meier', role: 'technician', badge: null },
      {
        line(value) {
          const made = value as { secret: string; pin: string };
          secret = bytesOf(made.secret);
          pin = made.pin;
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

async function toGate(page: Page, typed: string): Promise<void> {
  const mine = page.locator('[data-member]');
  // The person before the camera may be greeted just then; the greeting fills the screen for two seconds.
  await expect(async () => {
    await page.locator('.foot-actions button').last().click({ timeout: 2_000 });
    await mine.click({ timeout: 2_000 });
  }).toPass();
  await page.locator('input[name=staff-pin]').fill(typed);
  await page.keyboard.press('Enter');
  await page.locator('input[name=technician-code]').waitFor();
}
async function typed(page: Page, digits: string): Promise<void> {
  await page.locator('input[name=technician-code]').fill(digits);
  await page.getByRole('button', { name: en.staff.unlock, exact: true }).click();
}
const notified = () =>
  kiosk.withStore(({ store }) =>
    store.outbox.pending(500).flatMap(({ header, personal }) => {
      if (header.type !== 'staff') return [];
      const { what, outcome, code: why } = header.open as { what: string; outcome: string; code?: string };
      return [[what, outcome, why, personal.name?.value].filter(Boolean).join(' ')];
    }),
  );

test('a wrong code is refused, the right one opens the menu, a login change reaches the machine, and the outbox records it', async () => {
  const { page } = await kiosk.enter({ slots: { root, insteadOf: null } });
  await toGate(page, pin);
  await typed(page, code() === '000000' ? '111111' : '000000');
  await expect(page.locator('.form-error p')).toContainText(en.technician.wrong);
  // PIN and code are right. They now choose their own PIN, in place of the one that was made for them.
  await typed(page, code());
  await page.locator('input[name=own-pin]').fill(OWN);
  await page.locator('input[name=own-pin-again]').fill(OWN);
  await page.keyboard.press('Enter');
  await page.locator('.technician-tasks').waitFor();
  await checkScreen(page, 'technician');
  // Nothing installs builds in this folder: the screen says so and shows no button.
  await expect(page.locator('[data-task=update] button')).toHaveCount(0);
  await page.locator('[data-task=login] button').click();
  await page.getByRole('button', { name: en.technician.yes.login }).click();
  await expect(page.getByText(en.technician.done.login)).toBeVisible();
  expect(taken).toEqual(['login']);
  await page.getByRole('button', { name: en.technician.leave }).click();
  await page.locator('.checkin').waitFor();
  await kiosk.leave();
  expect(await notified()).toEqual([
    'added done Jo Meier',
    'enter refused code-wrong Jo Meier',
    'enter done Jo Meier',
    'pin done Jo Meier',
    'login started',
    'login done',
    'leave done',
  ]);
});

test('five wrong codes lock it, also across a restart of the kiosk', async () => {
  const { page } = await kiosk.enter();
  await toGate(page, OWN);
  const wrong = code() === '000000' ? '111111' : '000000';
  for (let i = 0; i < 4; i++) {
    await typed(page, wrong);
    await expect(page.locator('.form-error p')).toContainText(en.technician.wrong);
    await expect(page.locator('input[name=technician-code]')).toHaveValue('');
  }
  await typed(page, wrong);
  await expect(page.locator('.form-error p')).toContainText(/\d+ s/);
  await kiosk.leave();
  // However long the restart took, the next lock is the longer one. So the count survived it.
  const again = await kiosk.enter();
  await toGate(again.page, OWN);
  await expect(async () => {
    await typed(again.page, wrong);
    await expect(again.page.locator('.form-error p')).toContainText('1:', { timeout: 3_000 });
  }).toPass({ timeout: 120_000 });
});
