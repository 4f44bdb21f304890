import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { z } from 'zod';
import type { StaffRole } from '../../../sync/protocol/wire/event.ts';
import { withKiosk as withKioskAt } from '../../../test/kit/opened-kiosk.ts';
import { messagePortChannel } from '../../contract/channel-port.ts';
import { type CoreClient, METHODS, type MethodName } from '../../contract/methods.ts';
import { connectClient, serveCore } from '../../contract/rpc.ts';
import { startCore } from '../core.ts';
import type { Core } from '../interface.ts';
import type { OpenKiosk } from '../open-kiosk.ts';
import { ensureKioskFolder } from '../provision.ts';
import { EventRecords } from '../store/event-records.ts';
import type { Store } from '../store/interface.ts';
import { addStaffCommand, removeStaffCommand } from './commands.ts';
import { EMERGENCY_PIN, EMERGENCY_USED } from './emergency.ts';
import { mayDo, RIGHTS } from './rights.ts';
import { LIMITS } from './service.ts';
import { codeAt } from './totp.ts';

/* Named staff on a complete core, over its RPC: who can sign in how, what a role may do, and what is recorded with whose name. */

const EMERGENCY = '582046';
const NOBODY = '01890a5d-ac96-774b-bcce-b302099a8057';
let folder: string;
let home: string;
let core: Core | null = null;
let closing: (() => void)[] = [];

interface Made {
  readonly member: { readonly id: string };
  readonly pin: string;
  readonly secret?: string;
  readonly paper?: readonly string[];
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sp-staff-'));
  home = join(folder, 'kiosk');
  mkdirSync(join(folder, 'none'));
  ensureKioskFolder(home, false);
  await withKiosk(async ({ store, pins }) => store.settings.set(EMERGENCY_PIN, await (await pins()).hash(EMERGENCY)));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

const withKiosk = <T>(work: (kiosk: OpenKiosk) => Promise<T> | T): Promise<T> => withKioskAt(home, work);

/** Adds a member as the command line does, with no core running. */
const add = (name: string, role: StaffRole, badge: string | null = null): Promise<Made> =>
  withKiosk(async (kiosk) => {
    const lines: Made[] = [];
    const output = { line: (value: unknown) => void lines.push(value as Made), progress: () => undefined };
    await addStaffCommand.run({ ...kiosk, changed: () => undefined } as never, { name, role, badge }, output);
    return lines[0]!;
  });

async function start(slots: string | null = null, restart?: () => void): Promise<CoreClient> {
  core = await startCore({
    home,
    deviceSecret: null,
    demo: false,
    weights: join(folder, 'none'),
    ...(restart && { restart }),
    ...(slots && { slots: { root: slots, insteadOf: null } }),
    log: () => undefined,
  });
  const { port1, port2 } = new MessageChannel();
  const [ours, theirs] = [messagePortChannel(port1 as never), messagePortChannel(port2 as never)];
  serveCore(ours, core.methods, { log: () => undefined });
  closing = [() => ours.close(), () => theirs.close()];
  return connectClient(theirs).client;
}
async function stop(): Promise<void> {
  for (const close of closing.splice(0)) close();
  await core?.close();
  core = null;
}

const events = (store: Store) =>
  store.outbox.pending(1000).map(({ header: { type, open }, personal }) => ({
    type,
    ...(open as { by?: string; what?: string; outcome?: string; code?: string; member?: string }),
    name: personal.name?.value,
  }));
const recorded = () => withKiosk(({ store }) => events(store));
const staffEvents = async () =>
  (await recorded())
    .filter((e) => e.type === 'staff')
    .map((e) => [e.what, e.outcome, e.code, e.name].filter(Boolean).join(' '));

/** Decodes RFC 4648 §6 (base32). */
function bytesOf(base32: string): Buffer {
  const bits = [...base32].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'));
  return Buffer.from(
    bits
      .join('')
      .match(/.{8}/g)!
      .map((b) => Number.parseInt(b, 2)),
  );
}
async function codeNow(client: CoreClient, secret: string, off = 0): Promise<string> {
  const { now } = await client.staffMembers({});
  return codeAt(bytesOf(secret), Math.floor(Date.parse(now) / 30_000) + off);
}

const OWN = { desk: '604815', supervisor: '716204', technician: '930471' } as const;
interface People {
  readonly client: CoreClient;
  readonly made: Record<StaffRole, Made>;
  enter(role: StaffRole): Promise<string>;
}
/** Adds one of each role; the first unlock of each chooses their own PIN. */
async function oneOfEach(): Promise<People> {
  const made = {
    desk: await add('Dora Desk', 'desk'),
    supervisor: await add('Sam Super', 'supervisor'),
    technician: await add('Tim Tech', 'technician'),
  };
  const client = await start();
  const first = new Set<StaffRole>(['desk', 'supervisor', 'technician']);
  return {
    client,
    made,
    async enter(role) {
      const fresh = first.delete(role);
      const { token } = await client.staffUnlock({
        member: made[role].member.id,
        pin: fresh ? made[role].pin : OWN[role],
        ...(fresh && { newPin: OWN[role] }),
        ...(role === 'technician' && { code: fresh ? made.technician.paper![0]! : made.technician.paper![1]! }),
      });
      return token;
    },
  };
}
const code = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'answered',
    (error: { code: string }) => error.code,
  );

const wantsToken = (name: MethodName): boolean =>
  'token' in ((METHODS[name].input as z.ZodObject).shape as Record<string, unknown>);
/** A valid input for each method's schema. */
const INPUTS: Partial<Record<MethodName, object>> = {
  enrolBegin: {
    name: 'Ada',
    number: null,
    pin: null,
    language: 'en',
    consent: { version: '1', language: 'en' },
  },
  enrolCapture: {
    enrolment: NOBODY,
    frame: { picture: { width: 16, height: 16, data: new Uint8Array(768) }, box: [1, 1, 5, 5], others: 0, takenAt: 1 },
  },
  enrolFinish: { enrolment: NOBODY },
  enrolDuplicate: { enrolment: NOBODY },
  enrolCancel: { enrolment: NOBODY },
  enrolByNumber: { name: 'Ada', number: '7', pin: '4938', language: 'en' },
  peopleFind: { query: 'x' },
  reviewShow: { photo: NOBODY },
  reviewAccept: { photo: NOBODY, person: null },
  reviewDuplicate: { photo: NOBODY, person: null },
  reviewRefuse: { photo: NOBODY, enrolled: null },
  cardIssue: { person: NOBODY, replace: false },
  cardRevoke: { person: NOBODY },
  personSetPin: { person: NOBODY, pin: '4938' },
  personDelete: { person: NOBODY },
  lookalikeRemove: { ids: [NOBODY, NOBODY] },
  staffCheckin: { person: NOBODY, direction: 'in', reason: 'x' },
  evacuationAccount: { person: NOBODY, accounted: true },
  printing: { after: null },
  staffAdd: { name: 'Ned New', role: 'desk', pin: '604815', badge: null },
  staffReset: { member: NOBODY, pin: '604815' },
  staffRemove: { member: NOBODY },
  cameraChoose: { camera: null },
  technicianState: { active: true },
  technicianDo: { what: 'reboot' },
};

describe('rights', () => {
  test('every method that requires a session has an entry in the table, and no other method has', () => {
    const wanting = (Object.keys(METHODS) as MethodName[]).filter(wantsToken).sort();
    expect(wanting.length).toBeGreaterThan(25);
    expect(
      Object.keys(RIGHTS)
        .filter((name) => name in METHODS)
        .sort(),
    ).toEqual(wanting);
  });

  test.each(['desk', 'supervisor', 'technician', null] as const)(
    'as %s each method answers or refuses as the table says, over the RPC',
    async (role) => {
      const { client, enter } = await oneOfEach();
      const token = role === null ? (await client.staffUnlock({ pin: EMERGENCY })).token : await enter(role);
      const wrong: string[] = [];
      for (const name of (Object.keys(METHODS) as MethodName[]).filter(wantsToken)) {
        if (name === 'staffLock') continue;
        const call = client[name] as (input: object) => Promise<unknown>;
        const came = await code(call({ token, ...INPUTS[name] }));
        expect([name, came]).not.toEqual([name, 'rpc-bad-request']); // the call got as far as the table
        if ((came !== 'staff-not-allowed') !== mayDo(role, name as never)) wrong.push(`${name}: ${came}`);
      }
      expect(wrong).toEqual([]);
    },
    60_000,
  );

  test('a technician sees nobody’s data; the emergency PIN does not open the technician’s menu', () => {
    for (const right of [
      'peopleFind',
      'evacuationOpen',
      'staffCheckin',
      'reviewShow',
      'enrolBegin',
      'staffList',
    ] as const)
      expect([right, mayDo('technician', right)]).toEqual([right, false]);
    expect([mayDo(null, 'technicianDo'), mayDo('supervisor', 'technicianDo')]).toEqual([false, false]);
    expect([mayDo('desk', 'overruleDuplicate'), mayDo('supervisor', 'overruleDuplicate')]).toEqual([false, true]);
    expect([mayDo('desk', 'personDelete'), mayDo('desk', 'staffAdd'), mayDo('desk', 'staffLog')]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('unlocking', () => {
  test('by name and PIN: the one they were given is replaced at first use, and opens nothing after', async () => {
    const { member, pin } = await add('Dora Desk', 'desk');
    const client = await start();
    const { members } = await client.staffMembers({});
    expect(members).toEqual([{ id: member.id, name: 'Dora Desk', role: 'desk', pin: true }]);
    await expect(client.staffUnlock({ member: member.id, pin })).rejects.toMatchObject({
      code: 'staff-pin-choose',
      params: { member: member.id, name: 'Dora Desk' },
    });
    for (const [newPin, why] of [
      ['123456', 'pin-weak'],
      [pin, 'pin-same'],
    ] as const)
      expect(await code(client.staffUnlock({ member: member.id, pin, newPin }))).toBe(why);
    const own = await client.staffUnlock({ member: member.id, pin, newPin: OWN.desk });
    expect(own).toMatchObject({ member: { name: 'Dora Desk', role: 'desk' }, alerted: false });
    expect(own.may).toContain('enrolBegin');
    expect(own.may).not.toContain('personDelete');
    expect(await code(client.staffUnlock({ member: member.id, pin, newPin: '815604' }))).toBe('pin-wrong');
    await stop();
    const again = await start();
    await again.staffUnlock({ member: member.id, pin: OWN.desk });
    // Only the PIN that was generated for them is replaced like this.
    await again.staffUnlock({ member: member.id, pin: OWN.desk, newPin: '815604' });
    expect(await code(again.staffUnlock({ member: member.id, pin: '815604' }))).toBe('pin-wrong');
  });

  test('two members may have the same PIN: the name identifies them', async () => {
    const client = await start();
    const { token } = await client.staffUnlock({ pin: EMERGENCY });
    const ids: string[] = [];
    for (const name of ['Dora', 'Emil'])
      ids.push((await client.staffAdd({ token, name, role: 'desk', pin: OWN.desk, badge: null })).member.id);
    for (const [i, name] of ['Dora', 'Emil'].entries())
      expect((await client.staffUnlock({ member: ids[i]!, pin: OWN.desk })).member?.name).toBe(name);
  });

  test('by badge; another member’s can’t be assigned, and unknown ones count against a budget', async () => {
    const { member } = await add('Dora Desk', 'desk', 'B-77');
    const client = await start();
    expect((await client.staffUnlock({ badge: 'B-77' })).member?.id).toBe(member.id);
    // Another reader sends the same badge in lower case.
    expect((await client.staffUnlock({ badge: 'b-77' })).member?.id).toBe(member.id);
    const { token } = await client.staffUnlock({ pin: EMERGENCY });
    const taken = { token, name: 'Emil', role: 'desk', pin: null } as const;
    for (const badge of ['B-77', 'b-77'])
      expect(await code(client.staffAdd({ ...taken, badge }))).toBe('staff-badge-taken');
    expect(await code(client.staffAdd({ ...taken, badge: null }))).toBe('staff-without-key');
    const answers: string[] = [];
    for (let i = 0; i < 22; i++) answers.push(await code(client.staffUnlock({ badge: `X-${i}` })));
    expect(answers[0]).toBe('badge-unknown');
    expect(answers.at(-1)).toBe('pin-locked');
  });

  test('wrong PINs lock one member, longer each time, across a restart; others can still sign in', async () => {
    const { client, made, enter } = await oneOfEach();
    await enter('desk');
    const guess = () => code(client.staffUnlock({ member: made.desk.member.id, pin: '999990' }));
    for (let i = 0; i < 4; i++) expect(await guess()).toBe('pin-wrong');
    expect(await guess()).toBe('pin-locked');
    expect(await code(client.staffUnlock({ member: made.desk.member.id, pin: OWN.desk }))).toBe('pin-locked');
    for (let i = 0; i < 5; i++) await guess();
    await enter('supervisor');
    await stop();
    const again = await start();
    expect(await code(again.staffUnlock({ member: made.desk.member.id, pin: OWN.desk }))).toBe('pin-locked');
    await stop();
    // Each wrong PIN is recorded with the member it was tried on; attempts during a lock once per lock and start.
    const refused = (await staffEvents()).filter((e) => e.startsWith('enter refused'));
    expect(refused.filter((e) => e === 'enter refused wrong Dora Desk')).toHaveLength(5);
    expect(refused.filter((e) => e === 'enter refused locked Dora Desk')).toHaveLength(2);
  });

  test('an attempt is counted before it is checked', async () => {
    const { client, made } = await oneOfEach();
    await client.staffLock({ token: (await client.staffUnlock({ pin: EMERGENCY })).token });
    const member = made.desk.member.id;
    // Simultaneously: each sees the count of those before it.
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => code(client.staffUnlock({ member, pin: '999990' }))),
    );
    expect(answers.filter((one) => one === 'pin-wrong')).toHaveLength(4);
  });

  test('a technician also needs a code, which works once; nobody else does, and nothing skips it', async () => {
    const { client, made, enter } = await oneOfEach();
    await enter('technician');
    const member = made.technician.member.id;
    const pin = OWN.technician;
    expect(await code(client.staffUnlock({ member, pin }))).toBe('staff-code-needed');
    const app = await codeNow(client, made.technician.secret!);
    expect(await code(client.staffUnlock({ member, pin: '999990', code: app }))).toBe('pin-wrong');
    const { token } = await client.staffUnlock({ member, pin, code: app });
    await client.technicianState({ token, active: true });
    expect(await code(client.staffUnlock({ member, pin, code: app }))).toBe('pin-wrong');
    expect(await code(client.staffUnlock({ member, pin, code: made.technician.paper![0]! }))).toBe('pin-wrong');
    await client.staffUnlock({ member, pin, code: made.technician.paper![3]! });
    await stop();
    const again = await start();
    expect(await code(again.staffUnlock({ member, pin, code: made.technician.paper![3]! }))).toBe('pin-wrong');
    await stop();
    const refused = (await staffEvents()).filter((e) => e.startsWith('enter refused'));
    expect(refused.filter((e) => e.includes('code-used'))).toHaveLength(1);
  });

  test('a technician’s badge replaces the PIN, never the code', async () => {
    const { paper } = await add('Tim Tech', 'technician', 'B-1');
    const client = await start();
    await expect(client.staffUnlock({ badge: 'B-1' })).rejects.toMatchObject({
      code: 'staff-code-needed',
      params: { name: 'Tim Tech' },
    });
    expect(await code(client.staffUnlock({ badge: 'B-1', code: '0000000000' }))).toBe('pin-wrong');
    expect((await client.staffUnlock({ badge: 'B-1', code: paper![0]! })).member?.role).toBe('technician');
  });

  test('a technician without a second factor is refused with that reason, whatever code is sent with PIN or badge', async () => {
    const { member, pin } = await add('Tim Tech', 'technician', 'B-1');
    await withKiosk(({ store }) => {
      const all = JSON.parse(store.settings.get('staff-members')!) as { factor: unknown }[];
      store.settings.set('staff-members', JSON.stringify(all.map((one) => ({ ...one, factor: null }))));
    });
    const client = await start();
    for (const typed of ['123456', '0000000000'])
      for (const by of [{ member: member.id, pin }, { badge: 'B-1' }])
        expect(await code(client.staffUnlock({ ...by, code: typed }))).toBe('staff-factor-missing');
    expect(await code(client.staffUnlock({ member: member.id, pin: '999990', code: '123456' }))).toBe('pin-wrong');
    await stop();
    expect(await staffEvents()).toContain('enter refused staff-factor-missing Tim Tech');
    expect((await staffEvents()).filter((e) => e.startsWith('enter done'))).toEqual([]);
  });

  test('a removed member opens nothing, and is signed out of an open session', async () => {
    const { client, made, enter } = await oneOfEach();
    const desk = await enter('desk');
    await core!.methods.staffLock({ token: desk });
    const open = await client.staffUnlock({ member: made.desk.member.id, pin: OWN.desk });
    await stop();
    await withKiosk((kiosk) =>
      removeStaffCommand.run(
        { ...kiosk, changed: () => undefined } as never,
        { member: 'dora desk' },
        { line: () => undefined, progress: () => undefined },
      ),
    );
    const again = await start();
    expect(await code(again.staffUnlock({ member: made.desk.member.id, pin: OWN.desk }))).toBe('staff-unknown');
    expect(await code(again.peopleFind({ token: open.token, query: 'x' }))).toBe('staff-locked');
    const supervisor = await again.staffUnlock({
      member: made.supervisor.member.id,
      pin: made.supervisor.pin,
      newPin: OWN.supervisor,
    });
    await again.staffRemove({ token: supervisor.token, member: made.supervisor.member.id });
    expect(await code(again.staffList({ token: supervisor.token }))).toBe('staff-locked');
  });

  test('stays locked if the entry can’t be recorded', async () => {
    const { client, made, enter } = await oneOfEach();
    await enter('desk');
    const full = vi.spyOn(EventRecords.prototype, 'append');
    full.mockImplementation(() => {
      throw Object.assign(new Error('no room'), { code: 'storage-full' });
    });
    expect(await code(client.staffUnlock({ member: made.desk.member.id, pin: OWN.desk }))).not.toBe('answered');
    full.mockRestore();
    await client.staffUnlock({ member: made.desk.member.id, pin: OWN.desk });
  });

  test('if the staff can’t be read, only the emergency PIN admits, which is reported', async () => {
    await withKiosk(({ store }) => store.settings.set('staff-members', 'not JSON'));
    const client = await start();
    expect((await client.staffMembers({})).members).toEqual([]);
    expect(await code(client.staffUnlock({ member: NOBODY, pin: OWN.desk }))).toBe('staff-unreadable');
    expect(await client.staffUnlock({ pin: EMERGENCY })).toMatchObject({ member: null, alerted: true });
  });
});

describe('the emergency PIN', () => {
  test('sets up a kiosk without an alert, and is reported at each use once there is staff', async () => {
    const client = await start();
    const first = await client.staffUnlock({ pin: EMERGENCY });
    expect(first).toMatchObject({ member: null, alerted: false });
    const { token } = first;
    await client.staffAdd({ token, name: 'Sam', role: 'supervisor', pin: OWN.supervisor, badge: null });
    expect((await client.status({})).notices).not.toContain('emergency-pin-used');
    const next = await client.staffUnlock({ pin: EMERGENCY });
    expect(next).toMatchObject({ member: null, alerted: true });
    expect((await client.status({})).notices).toContain('emergency-pin-used');
    await stop();
    const entered = (await recorded()).filter((e) => e.type === 'staff' && e.what === 'enter');
    expect(entered).toEqual([expect.objectContaining({ by: 'emergency', outcome: 'done' })]);
    expect(await withKiosk(({ store }) => store.settings.get(EMERGENCY_USED))).toMatch(/^20/);
  });

  test('a new one is shown once and settles the alert, and the previous one opens nothing', async () => {
    await add('Sam', 'supervisor');
    const client = await start();
    const { token } = await client.staffUnlock({ pin: EMERGENCY });
    const { pin } = await client.staffSealPin({ token });
    expect(pin).toMatch(/^[0-9]{8}$/);
    expect((await client.status({})).notices).not.toContain('emergency-pin-used');
    expect(await code(client.staffUnlock({ pin: EMERGENCY }))).toBe('pin-wrong');
    expect(await client.staffUnlock({ pin })).toMatchObject({ alerted: true });
  });
});

describe('names', () => {
  test('actions of staff are recorded with their name, and nothing afterwards is', async () => {
    const { client, made, enter } = await oneOfEach();
    const token = await enter('desk');
    const { person } = await client.enrolByNumber({ token, name: 'Ada', number: '7', pin: '4938', language: 'en' });
    await client.personSetPin({ token, person: person.id, pin: '4939' });
    await client.staffCheckin({ token, person: person.id, direction: 'in', reason: 'forgot the number' });
    await client.enrolByNumber({ token, name: 'Bob', number: '8', pin: '4940', language: 'en' });
    await client.staffLock({ token });
    await client.checkinByPin({ number: '8', pin: '4940' });
    const boss = await enter('supervisor');
    await client.personDelete({ token: boss, person: person.id });
    const sealed = await client.staffUnlock({ pin: EMERGENCY });
    await client.evacuationOpen({ token: sealed.token });
    await stop();
    const { desk, supervisor } = made;
    const acts = (await recorded())
      .filter((e) => e.type !== 'staff')
      .map(({ type, by }) => `${type} ${by === desk.member.id ? 'desk' : by === supervisor.member.id ? 'boss' : by}`);
    expect(acts.filter((one) => one.startsWith('person'))).toEqual(['person desk', 'person desk', 'person boss']);
    expect(acts.filter((one) => one.startsWith('pin'))).toContain('pin desk');
    expect(acts.filter((one) => one.startsWith('checkin'))).toEqual(['checkin desk', 'checkin undefined']);
    expect(acts.at(-1)).toBe('health emergency');
  });

  test('a supervisor sees who did what here, newest first: members by name, the emergency PIN as such, but not the people affected', async () => {
    const { client, made, enter } = await oneOfEach();
    const desk = await enter('desk');
    const { person } = await client.enrolByNumber({
      token: desk,
      name: 'Ada Lovelace',
      number: '7',
      pin: '4938',
      language: 'en',
    });
    await client.staffCheckin({ token: desk, person: person.id, direction: 'in', reason: 'forgot the number' });
    await client.staffLock({ token: desk });
    await client.checkinByPin({ number: '7', pin: '4938' }); // not an action of staff
    await client.staffUnlock({ pin: EMERGENCY });
    const boss = await enter('supervisor');
    await client.evacuationOpen({ token: boss });
    await client.evacuationBegin({ token: boss });
    await client.personDelete({ token: boss, person: person.id });
    const { deeds } = await client.staffLog({ token: boss });
    const said = deeds.map(({ what, by }) => [what, by && (by.emergency ? 'EMERGENCY' : by.name)].join(' '));
    expect(said[0]).toBe('person-deleted Sam Super');
    expect(said.filter((one) => one.includes('evacuation'))).toEqual([
      'evacuation-started Sam Super',
      'health-evacuation-opened Sam Super',
    ]);
    expect(said.filter((one) => one.startsWith('checkin'))).toEqual(['checkin Dora Desk']);
    expect(said.filter((one) => /^staff-(enter|leave)/.test(one)).reverse()).toEqual([
      'staff-enter Dora Desk',
      'staff-leave Dora Desk',
      'staff-enter EMERGENCY',
      'staff-enter Sam Super',
    ]);
    expect(said).toEqual(
      expect.arrayContaining(['person-added Dora Desk', 'pin-set Dora Desk', 'staff-pin Dora Desk']),
    );
    expect(said.at(-1)).toMatch(/^staff-added/);
    expect(JSON.stringify(deeds)).not.toMatch(/Ada|Lovelace/);
    // The name of a removed member is only on the server.
    await client.staffRemove({ token: boss, member: made.desk.member.id });
    const [removed, ...rest] = (await client.staffLog({ token: boss })).deeds;
    expect(removed).toMatchObject({ what: 'staff-removed', by: { name: 'Sam Super' }, member: null });
    const former = rest.find(({ what }) => what === 'checkin');
    expect(former!.by).toEqual({ emergency: false, name: null });
  });
});

describe('sessions of a technician', () => {
  test('are shorter, whatever the screen calls on its own', async () => {
    expect(LIMITS.technician).toEqual({ idle: 120_000, longest: 1_800_000 });
    const { client, enter } = await oneOfEach();
    const token = await enter('technician');
    const now = performance.now();
    const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 119_000);
    await client.technicianState({ token, active: false });
    await client.diagnostics({ token });
    clock.mockReturnValue(now + 121_000);
    expect(await code(client.technicianState({ token, active: false }))).toBe('staff-locked');
  });

  test('reloading the page ends it', async () => {
    const { client, enter } = await oneOfEach();
    const token = await enter('technician');
    await client.hello({});
    expect(await code(client.technicianState({ token, active: true }))).toBe('staff-locked');
  });

  test('on a machine with the kiosk image a reboot is a file in its spool; restarting the kiosk is up to its host', async () => {
    const made = await add('Tim Tech', 'technician', 'B-1');
    const spool = join(folder, 'machine');
    mkdirSync(spool, { recursive: true });
    const again = vi.fn();
    const client = await start(folder, again);
    // What /opt/smartpresence/technician does with a file.
    const taken: string[] = [];
    const machine = setInterval(() => {
      for (const name of readdirSync(spool)) {
        rmSync(join(spool, name));
        taken.push(name);
      }
    }, 20);
    try {
      const { token } = await client.staffUnlock({ badge: 'B-1', code: made.paper![0]! });
      expect((await client.technicianState({ token, active: false })).offers).toMatchObject({
        restart: null,
        reboot: null,
        login: null,
      });
      await client.technicianDo({ token, what: 'reboot' });
      expect(taken).toEqual(['restart']);
      expect(existsSync(join(spool, 'restart'))).toBe(false);
      await client.technicianDo({ token, what: 'restart' });
      await vi.waitFor(() => expect(again).toHaveBeenCalledOnce(), { timeout: 60_000 });
    } finally {
      clearInterval(machine);
      await stop();
    }
    expect(await staffEvents()).toEqual([
      'added done Tim Tech',
      'enter done paper Tim Tech',
      'reboot started',
      'reboot failed interrupted', // this machine accepted the file and never went down
      'restart started',
      'leave done screen',
    ]);
  });
});
