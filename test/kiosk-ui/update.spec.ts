import { expect, test } from './fixtures.ts';
import { receiptOf } from './scripted-core.ts';

const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();

test('an update is announced briefly, and keeps nobody from checking in', async ({ kiosk }) => {
  const page = await kiosk.open({ clip: 'man' });
  const note = page.locator('.note-update');
  await expect(note).toHaveCount(0);

  kiosk.core.setStatus({ update: { kind: 'preparing', version: '0.3.0', progress: null } });
  await expect(note).toHaveText('Preparing an update');
  kiosk.core.setStatus({ update: { kind: 'preparing', version: '0.3.0', progress: 0.35 } });
  await expect(note).toHaveText('Preparing an update: 35%');
  kiosk.core.setStatus({ update: { kind: 'waiting', version: '0.3.0', at: at(90), heldSince: null } });
  await expect(note).toHaveText(/^Updating at \d\d:\d\d$/);
  kiosk.core.setStatus({ update: { kind: 'waiting', version: '0.3.0', at: at(0), heldSince: null } });
  await expect(note).toHaveText('Updating when no one is here');
  kiosk.core.setStatus({ update: { kind: 'waiting', version: '0.3.0', at: at(0), heldSince: at(-240) } });
  await expect(note).toHaveText('Update waiting: someone is always in view');
  // A face alone does not delay an update forever; someone who types does delay it.
  const touched = () => kiosk.core.callsOf('screenState').some((state) => (state as { touched?: boolean }).touched);
  expect(touched()).toBe(false);
  await page.keyboard.press('Shift');
  await expect.poll(touched).toBe(true);

  kiosk.core.methods.probe = async () => ({ kind: 'welcome', receipt: receiptOf('Max Mustermann') });
  await expect(page.locator('.result[data-kind=in]')).toBeVisible();
  kiosk.core.setStatus({ update: null });
  await expect(note).toHaveCount(0);
});
