import { beforeEach, describe, expect, test } from 'vitest';
import { keyId, newSigningKey, publicHalf } from '../../sync/protocol/seal/keys.ts';
import { openPage } from '../../sync/protocol/seal/page.ts';
import type { Ask } from '../../sync/protocol/wire/changes.ts';
import { type Inventory, MAX_REPORT_BYTES } from '../../sync/protocol/wire/fleet.ts';
import { type MessageContext, takeMessage } from '../../sync/server/app/devices/messages.ts';
import { findDevice } from '../../sync/server/core/devices/registry.ts';
import { codeOf } from '../kit/client.ts';
import { ONE_DATABASE } from '../kit/databases.ts';
import { INVENTORY } from '../kit/engine.ts';
import { withDatabase } from '../kit/suite.ts';
import { json, rawJws } from './raw-messages.ts';
import { type Kiosk, Target } from './target.ts';

/**
 * An attacker who replays what a kiosk sent, when that kiosk is long dead or stolen: this must not make it look alive, nor
 * restore its earlier state. Also reports that are forged, too large, or another kiosk's.
 */

type Changes = Partial<Extract<Ask, { what: 'changes' }>>;

describe.each(ONE_DATABASE)('on $name', (kind) => {
  let target: Target;
  let context: MessageContext;
  let now: number;
  let kiosk: Kiosk;
  withDatabase(kind, async (database) => {
    target = await Target.open(database);
    context = { ...target.context, now: () => new Date(now) };
  });
  beforeEach(async () => {
    now = Date.parse('2026-03-02T08:00:00.000Z');
    kiosk = await target.kiosk();
  });

  const take = (sealed: string, of = kiosk, kind: 'ask' | 'batch' = 'ask') =>
    takeMessage(context, { kind, sealed, device: of.box.device });
  /** Asks as a kiosk does, naming the last answer that it received. @returns what was sent, and the time of the answer */
  async function ask(more: Changes = {}, of = kiosk): Promise<{ sealed: string; answered: string }> {
    const jti = crypto.randomUUID();
    const sealed = await target.ask(of, jti, more);
    const page = await openPage(
      await take(sealed, of),
      { sealing: of.secret.sealing, trusted: target.keyring.publicKeys.signing },
      { device: of.box.device, jti },
    );
    if (page.what !== 'changes') throw new Error('another page');
    return { sealed, answered: (await target.openAck(of, page.ack)).serverTime };
  }
  const heard = async () => (await findDevice(target.database.db, kiosk.box.device))!.lastHeardAt?.toISOString();
  const reported = async (of = kiosk) =>
    (
      await target.database.db
        .selectFrom('device_report')
        .select('report')
        .where('device', '=', of.box.device)
        .executeTakeFirst()
    )?.report as Inventory | undefined;
  const pass = (ms: number) => {
    now += ms;
  };

  test('a replayed ask makes no kiosk look alive, or as it was before', async () => {
    const sent: string[] = [];
    let last: string | null = null;
    for (const camera of ['ok', 'covered', 'ok', 'broken'] as const) {
      const { sealed, answered } = await ask({ heard: last, report: { ...INVENTORY, camera } });
      sent.push(sealed);
      last = answered;
      pass(20_000);
    }
    const trusts = (await findDevice(target.database.db, kiosk.box.device))!.trusts;
    const at = await heard();
    expect(at).toBe(new Date(now - 20_000).toISOString());
    expect((await reported())!.camera).toBe('broken');
    pass(86_400_000);
    // Replays in any order, the newest included, only get an answer that the kiosk alone can open.
    for (const sealed of [...sent, ...sent.toReversed()]) await take(sealed);
    expect(await heard()).toBe(at);
    expect((await reported())!.camera).toBe('broken');
    expect((await findDevice(target.database.db, kiosk.box.device))!.trusts).toEqual(trusts);
    // The kiosk itself keeps working.
    await ask({ heard: last, report: { ...INVENTORY, camera: 'denied' } });
    expect(await heard()).toBe(new Date(now).toISOString());
    expect((await reported())!.camera).toBe('denied');
  });

  test('neither does a replayed batch', async () => {
    kiosk.box.checkin(kiosk.box.person('Ada'));
    const batch = await target.batch(kiosk, kiosk.box.events);
    await take(batch, kiosk, 'batch');
    const at = await heard();
    pass(3_600_000);
    await take(batch, kiosk, 'batch');
    expect(await heard()).toBe(at);
  });

  test('a kiosk that lost its state, or whose server’s clock went back, counts again from the second ask', async () => {
    const { answered } = await ask({ heard: (await ask()).answered });
    pass(20_000);
    const at = await heard();
    // The kiosk was restored to before its first answer, which can't be distinguished from an old ask.
    const next = await ask({ heard: null });
    expect(await heard()).toBe(at);
    pass(20_000);
    const { answered: newest } = await ask({ heard: next.answered });
    expect(await heard()).toBe(new Date(now).toISOString());
    expect(newest > answered).toBe(true);
    // The server's clock was a day fast and has been corrected.
    pass(-86_400_000);
    const right = await ask({ heard: newest });
    pass(20_000);
    await ask({ heard: right.answered });
    expect(await heard()).toBe(new Date(now).toISOString());
  });

  test('a kiosk with a build that names no answer counts as before', async () => {
    await ask();
    pass(20_000);
    await ask();
    expect(await heard()).toBe(new Date(now).toISOString());
  });

  test('a forged, foreign, malformed or oversized report is refused with a code, and the last one is kept', async () => {
    await ask({ report: INVENTORY });
    const other = await target.kiosk();
    const header = {
      alg: 'EdDSA',
      typ: 'sp-ask+jws',
      iss: kiosk.box.device,
      aud: target.keyring.serverId,
      spv: 1,
      jti: crypto.randomUUID(),
    };
    const trusts = [await keyId(publicHalf(target.keyring.signing))];
    const body = { what: 'changes', epoch: kiosk.box.epoch, cursor: '', limit: 1, trusts, presenceAfter: null };
    const sent = (report: unknown, key = kiosk.secret.signing, of = kiosk) =>
      target
        .seal(rawJws(header, json({ ...body, report }), key), { typ: 'sp-ask+jwe', cty: 'sp-ask+jws' })
        .then((sealed) => codeOf(take(sealed, of)));
    const spoilt = { ...INVENTORY, camera: 'covered' };
    expect(await sent(spoilt, newSigningKey())).toBe('bad-signature');
    expect(await sent(spoilt, other.secret.signing)).toBe('bad-signature');
    expect(await sent(spoilt, kiosk.secret.signing, other)).toBe('wrong-issuer');
    for (const wrong of [
      { ...spoilt, more: 1 },
      { ...spoilt, queued: -1 },
      { ...spoilt, camera: 'x'.repeat(31) },
      { ...spoilt, host: 'phone' },
      { ...spoilt, configProblem: 'x'.repeat(MAX_REPORT_BYTES) },
      { ...spoilt, slots: { current: 'x'.repeat(MAX_REPORT_BYTES), previous: null, trial: false } },
      { ...spoilt, models: '['.repeat(500) },
      [spoilt],
    ])
      expect(await sent(wrong), JSON.stringify(wrong).slice(0, 60)).toBe('ask-malformed');
    expect(await reported()).toEqual(INVENTORY);
    expect(await reported(other)).toBeUndefined();
    // Larger than any ask, so it isn't even opened.
    expect(await codeOf(take('A'.repeat(30_000)))).toBe('ask-too-large');
  });
});
