import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { enrolDemoPeople } from '../../electron/cli/demo/enrol.ts';
import { readPicture } from '../../electron/cli/demo/footage.ts';
import { demoPeople } from '../../electron/cli/demo/people.ts';
import type { FaceFrame } from '../../electron/contract/frames.ts';
import type { CoreClient, Receipt } from '../../electron/contract/methods.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { readSiteConfig, writeSiteConfig } from '../../electron/core/site/config.ts';
import { Recording } from './disk.ts';
import { type Fact, type Recorded, tryScenario } from './harness.ts';
import { env, type FoundKiosk, homeIn, openAfterCut, recordKiosk } from './kiosk.ts';
import { readTrace, recordRun } from './trace.ts';

const CHECKINS = 3;
const CHILD = join(import.meta.dirname, 'children/store.ts');

type KioskFact = Fact<FoundKiosk>;

const has = (id: string) => (found: FoundKiosk) => found.checkins.some((one) => one.id === id);
const pinIs = (number: string, pin: string) => (found: FoundKiosk) =>
  found.people.some((one) => one.number === number && one.pin === pin);

/** A kiosk's first start without any folder; a staff PIN, people with PINs, check-ins by PIN and by staff, a deletion. */
export async function firstStart(root: string): Promise<Recorded> {
  const recording = new Recording(root);
  const facts: KioskFact[] = [];
  const promise = (from: string, what: string, holds: KioskFact['holds'], until?: string) =>
    facts.push({ from, what, holds, ...(until !== undefined && { until }) });
  await recordKiosk(recording, {
    file: `${root}.strace`,
    demo: false,
    async drive(say) {
      const hello = await say((core) => core.hello({}));
      promise(hello.at, 'its device id', ({ device }) => device === hello.answer.device);
      const alone = await say((core) => core.setupAlone({ pin: '864208' }));
      promise(alone.at, 'the staff PIN', ({ staffPin }) => staffPin === '864208');
      promise(alone.at, 'that it works alone', ({ setting }) => setting('works-alone') === 'yes');
      const { token } = (await say((core) => core.staffUnlock({ pin: '864208' }))).answer;
      const people: { id: string; at: string }[] = [];
      for (const [number, name] of [
        ['7', 'Ada'],
        ['8', 'Grace'],
      ] as const) {
        const { answer, at } = await say((core) =>
          core.enrolByNumber({ token, name, number, pin: '2468', language: 'en' }),
        );
        people.push({ id: answer.person.id, at });
        promise(at, `${name}, enrolled`, (found) => found.people.some(({ id }) => id === answer.person.id));
      }
      let last = '';
      for (const person of people) {
        const number = person === people[0] ? '7' : '8';
        const { answer, at } = await say((core) => core.checkinByPin({ number, pin: '2468' }));
        promise(at, 'a check-in by PIN', has(answer.receipt.checkin));
        last = at;
      }
      const [ada, grace] = people as [{ id: string; at: string }, { id: string; at: string }];
      promise(ada.at, 'the PIN that was set at the enrolment', pinIs('7', '2468'), last);
      const pin = await say((core) => core.personSetPin({ token, person: ada.id, pin: '97531' }));
      promise(pin.at, 'a PIN that staff set', pinIs('7', '97531'));
      const byHand = await say((core) =>
        core.staffCheckin({ token, person: ada.id, direction: 'out', reason: 'forgot' }),
      );
      promise(byHand.at, 'a check-in by staff', has(byHand.answer.receipt.checkin));
      // Holds up to the last answer before the deletion is requested.
      for (const [i, fact] of facts.entries())
        if (fact.what.startsWith('Grace')) facts[i] = { ...fact, until: byHand.at };
      const deleted = await say((core) => core.personDelete({ token, person: grace.id }));
      promise(deleted.at, 'that a person was deleted', (found) => !found.people.some(({ id }) => id === grace.id));
    },
  });
  return (how) => tryScenario({ recording, facts, start: (folder) => openAfterCut(folder) }, how, `${root}-cuts`);
}

/** Faces in front of the camera, each with a verification photo, and one that is withdrawn. */
export async function faces(root: string): Promise<Recorded> {
  const home = homeIn(root);
  ensureKioskFolder(home, true);
  writeSiteConfig(home, { ...readSiteConfig(home), repeatWindowSeconds: 0 });
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  await enrolDemoPeople(kiosk);
  const frames: FaceFrame[] = [];
  const { pipeline } = await kiosk.faces();
  for (const person of demoPeople()) {
    const picture = await readPicture(person.pictures[0]!);
    const [face] = await pipeline.detect(picture);
    frames.push({
      picture: { ...picture, data: new Uint8Array(picture.data) },
      box: [...face!.box],
      others: 0,
      takenAt: 0,
    });
  }
  const enrolled = kiosk.store.people.count();
  await kiosk.close();

  const recording = new Recording(root);
  const facts: KioskFact[] = [
    { from: null, what: 'a person who was enrolled', holds: ({ people }) => people.length === enrolled },
  ];
  await recordKiosk(recording, {
    file: `${root}.strace`,
    demo: true,
    async drive(say) {
      let receipt: Receipt | null = null;
      for (let i = 0; i < CHECKINS; i++) {
        const { answer, at } = await say((core) => checkIn(core, frames[i % frames.length]!));
        receipt = answer;
        const { checkin } = answer;
        facts.push({ from: at, what: 'a check-in by face', holds: has(checkin) });
        facts.push({
          from: at,
          what: 'the photo of a check-in',
          holds: (found) => found.checkins.some(({ id, photo }) => id === checkin && photo),
        });
      }
      const { checkin, undo } = receipt!;
      const { at } = await say((core) => core.voidCheckin({ checkin, undo, reason: 'not-me' }));
      facts.push({
        from: at,
        what: 'that a check-in was taken back',
        holds: (found) => found.checkins.some(({ id, voided }) => id === checkin && voided),
      });
    },
  });
  return (how) => tryScenario({ recording, facts, start: (folder) => openAfterCut(folder, true) }, how, `${root}-cuts`);
}

async function checkIn(core: CoreClient, frame: FaceFrame): Promise<Receipt> {
  const { visit } = await core.visitBegin({});
  for (let i = 0; i < 20; i++) {
    const result = await core.probe({ visit, frame });
    if (result.kind === 'welcome') return result.receipt;
    if (result.kind !== 'more') throw new Error(`unexpected: ${JSON.stringify(result)}`);
  }
  throw new Error('never recognised');
}

const SERVER = '01890a5d-ac96-774b-bcce-b302099a8057';
const SITE_NAME = 'South gate';

/** What a server grants, as far as it affects a kiosk's disk. */
const grant = () => ({
  device: SERVER,
  provisioningSecret: randomBytes(32).toString('base64url'),
  bundle: {
    serverId: SERVER,
    serverUrl: 'https://check.example:8444',
    mqttUrls: [],
    keys: {
      serial: 1,
      signing: [{ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }],
      sealing: { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) },
      caPem: ['-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----'],
    },
    tlsCertPem: '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----',
    site: { id: SERVER, name: SITE_NAME, timeZone: 'UTC' },
  },
});

/** Joining a server, pages of its log, pictures of an import, photos that are purged, a new store key. */
export async function storeWork(root: string): Promise<Recorded> {
  const home = homeIn(root);
  ensureKioskFolder(home, false);
  await (await openKiosk({ home, deviceSecret: null, allowSecretFile: true })).close();
  const recording = new Recording(root);
  const file = `${root}.strace`;
  await recordRun(file, [process.execPath, CHILD, home, JSON.stringify(grant())], env());
  recording.add(await readTrace(file));
  const waits = (label: string) => (found: FoundKiosk) => found.waiting.includes(label);
  const facts: KioskFact[] = [
    { from: '<joined>', what: 'that it belongs to a server', holds: ({ server }) => server === SERVER },
    { from: '<joined>', until: '<page 2>', what: 'the name of its site', holds: ({ site }) => site === SITE_NAME },
    { from: '<renamed>', what: 'another name of its site', holds: ({ site }) => site === 'North gate' },
    { from: '<page 1>', what: 'the first page of the log', holds: ({ cursor }) => Number(cursor) >= 1 },
    { from: '<page 2>', what: 'the second page of the log', holds: ({ cursor }) => cursor === '2' },
    {
      from: null,
      what: 'that a page and its cursor are of one transaction',
      holds: ({ cursor, people }) => people.length === 2 * Number(cursor),
    },
    { from: '<kept first>', until: '<kept second>', what: 'a picture of an import', holds: waits('first') },
    { from: '<kept second>', what: 'another picture of an import', holds: waits('second') },
    { from: '<settled first>', what: 'that a picture was refused', holds: (found) => !waits('first')(found) },
    { from: '<checkin>', what: 'a check-in', holds: ({ checkins }) => checkins.length === 1 },
    { from: '<checkin>', until: '<id ', what: 'its photo', holds: ({ checkins }) => checkins[0]?.photo === true },
    { from: '<photos purged>', what: 'that photos went', holds: ({ checkins }) => checkins[0]?.photo === false },
    { from: '<rekeyed>', what: 'the new key of the store', holds: ({ generation }) => generation === 2 },
  ];
  return (how) => tryScenario({ recording, facts, start: (folder) => openAfterCut(folder) }, how, `${root}-cuts`);
}
