import { expect, test } from '@playwright/test';
import { readChanges } from '../../sync/server/app/downstream/read.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { DATABASES } from '../kit/databases.ts';
import { registerKiosk } from '../kit/known-kiosk.ts';
import { newListener } from '../kit/listener.ts';
import { makeKiosk, type TestKiosk } from './kiosk-page.ts';

/* The contacts end to end: set over the server's API, sent to a kiosk, stored there, and shown on its screen. */

let kiosk: TestKiosk;
test.beforeAll(async () => {
  kiosk = await makeKiosk('privacy');
});
test.afterEach(() => kiosk.leave());
test.afterAll(() => kiosk.remove());

test('contacts set by an administrator are on the kiosk’s privacy screen', async () => {
  const home = await DATABASES[0]!.start();
  const database = await home.open();
  const server = await newListener(database);
  const privacy = { controller: 'Werk Süd GmbH', contact: 'datenschutz@werk.example', dpo: 'Dr. Friederike Amt' };
  try {
    const admin = await server.signIn('admin');
    const [site] = await server.db.selectFrom('site').select('id').where('is_default', '=', true).execute();
    const url = `/api/sites/${site!.id}/policy`;
    const before = (await server.ask(admin, 'GET', url)).json() as unknown as { policy: object };
    const set = await server.ask(admin, 'PUT', url, { ...before.policy, privacy });
    expect([set.status, set.text]).toEqual([200, set.text]);
    const { device } = await registerKiosk(server.db, { at: server.now });
    const { db, keys, services } = server;
    const source = {
      db,
      keys,
      logEpoch: database.logEpoch,
      modules: MODULES,
      publicKeys: async () => services.keyring.publicKeys,
    };
    const ask = { cursor: '', limit: 200, presenceAfter: null, newestKey: true };
    const page = await readChanges(source, device, ask, server.now);
    await kiosk.withStore(({ store }) => store.roster.apply({ ...page, whole: false }));
  } finally {
    await server.close();
    await database.close();
    await home.remove();
  }
  const { page } = await kiosk.enter();
  await page.getByRole('button', { name: 'Privacy' }).click();
  for (const text of Object.values(privacy)) await expect(page.locator('.privacy-grid')).toContainText(text);
});
