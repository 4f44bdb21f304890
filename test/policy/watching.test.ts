import { describe, expect, test } from 'vitest';
import type { FleetDetail, ScreenPicture } from '../../sync/protocol/api/fleet.ts';
import type { Actor } from '../../sync/server/platform/audit/actor.ts';
import { ABSENT_MS, LONGEST_WATCH_MS } from '../../sync/server/platform/watched-screens.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { SITE } from '../kit/services.ts';
import { OTHER_SITE, withApi } from '../kit/suite.ts';

/** Who may watch a kiosk's screen live, what is recorded about it, and how it ends. every-route.test.ts covers every role. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
/** The header of a JPEG of 640 × 400, the only part that the server checks. */
const JPEG = Buffer.from('ffd8ffc0001108019002800301220002110103110100', 'hex');

describe.each(DATABASES)('watching a screen on $name', (kind) => {
  let api: Api;
  withApi(kind, { now: NOW, other: true }, (made) => {
    api = made.api;
  });

  const allow = (site: string, watchScreens: 'on' | 'off') =>
    api.ask('PUT', `/api/sites/${site}/policy`, { body: { leaseDays: 30, watchScreens } });
  const watch = async (box: MemoryOutbox, as?: Actor) =>
    (await api.ask<{ command: string }>('POST', `/api/fleet/${box.device}/screen`, as && { as })).command;
  const look = (box: MemoryOutbox, command: string, as: Actor, after = 0) =>
    api.ask<ScreenPicture>('GET', `/api/fleet/${box.device}/screen/${command}?after=${after}`, { as });
  const send = (box: MemoryOutbox) => api.services.screens.take(box.device, JPEG, api.now);
  const isWatched = (box: MemoryOutbox, command: string) =>
    api.services.screens.isWatched(box.device, command, api.now);
  const refused = (work: Promise<unknown>, code: string) => expect(work).rejects.toMatchObject({ code });

  test('is refused unless the kiosk’s site policy allows it, and nothing is sent to the kiosk otherwise', async () => {
    const [here, there] = [await api.kiosk(), await api.kiosk(OTHER_SITE)];
    await refused(watch(here), 'screen-not-shared');
    await allow(OTHER_SITE, 'on');
    await refused(watch(here), 'screen-not-shared');
    expect((await api.ask<FleetDetail>('GET', `/api/fleet/${here.device}`)).commands).toEqual([]);
    const command = await watch(there);
    const { changes } = await api.changesFor(there.device);
    expect(changes).toContainEqual({ kind: 'command', id: command, what: 'watch', expires: expect.any(String) });
    await allow(OTHER_SITE, 'off');
    await refused(watch(there), 'screen-not-shared');
  });

  test('writes one audit row naming the kiosk, however many pictures follow', async () => {
    await allow(SITE.id, 'on');
    const box = await api.kiosk();
    const admin = api.actorOf('admin');
    const command = await watch(box, admin);
    const row = await api.lastAudit();
    expect(row).toMatchObject({ action: 'read', outcome: 'ok', route: 'POST /api/fleet/:device/screen' });
    for (let i = 0; i < 3; i++) {
      api.later(500);
      send(box);
      await look(box, command, admin);
    }
    expect((await api.lastAudit()).position).toBe(row.position);
  });

  test('shows each newest picture once, only to the account that asked', async () => {
    await allow(SITE.id, 'on');
    const [box, other] = [await api.kiosk(), await api.kiosk()];
    const [admin, second] = [api.actorOf('admin'), api.actorOf('admin')];
    const command = await watch(box, admin);
    expect(await look(box, command, admin)).toEqual({ sequence: 0, at: null, picture: null });
    send(box);
    expect(await look(box, command, admin)).toEqual({
      sequence: 1,
      at: NOW.toISOString(),
      picture: JPEG.toString('base64'),
    });
    expect(await look(box, command, admin, 1)).toMatchObject({ sequence: 1, picture: null });
    await refused(look(box, command, second), 'command-unknown');
    await refused(look(other, command, admin), 'command-unknown');
    expect(isWatched(other, command)).toBe(false);
    expect(() => send(box)).toThrow(expect.objectContaining({ code: 'too-many-requests' }));
    // A later request takes it over.
    const again = await watch(box, second);
    await refused(look(box, command, admin), 'command-unknown');
    expect(await look(box, again, second)).toMatchObject({ picture: null });
  });

  test('ends when its watcher stops or disappears, and after 15 minutes; its picture is then deleted', async () => {
    await allow(SITE.id, 'on');
    const box = await api.kiosk();
    const admin = api.actorOf('admin');
    const over = async (command: string) => {
      expect(isWatched(box, command)).toBe(false);
      await refused(look(box, command, admin), 'command-unknown');
    };
    const gone = await watch(box, admin);
    send(box);
    api.later(ABSENT_MS - 1);
    expect(isWatched(box, gone)).toBe(true);
    api.later(1);
    await over(gone);

    const stopped = await watch(box, admin);
    send(box);
    await refused(
      api.ask('DELETE', `/api/fleet/${box.device}/screen/${stopped}`, { as: api.actorOf('admin') }),
      'command-unknown',
    );
    await api.ask('DELETE', `/api/fleet/${box.device}/screen/${stopped}`, { as: admin });
    await over(stopped);

    const long = await watch(box, admin);
    for (let past = 0; past < LONGEST_WATCH_MS; past += 20_000) {
      await look(box, long, admin);
      api.later(20_000);
    }
    await over(long);
  });
});
