import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { prepareModels } from '../../build/models/prepare.ts';
import { enrolDemoPeople } from '../../electron/cli/demo/enrol.ts';
import type { TrialReport } from '../../electron/cli/liveness/report.ts';
import type { FaceFrame } from '../../electron/contract/frames.ts';
import { startCore } from '../../electron/core/core.ts';
import type { Core } from '../../electron/core/interface.ts';
import { kioskHome } from '../../electron/core/paths.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { VERSION } from '../../electron/core/version.ts';
import type { FacePipeline } from '../../models/node/interface.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import { EMBEDDER_ID } from '../../models/rules/manifest.ts';
import { sp } from '../cli/run-sp.ts';
import { readPicture, takesOf } from '../footage/index.ts';
import { withKiosk } from '../kit/opened-kiosk.ts';
import { frameOf, manB, type Seen, visit } from './at-kiosk.ts';
import { printOf } from './attacks.ts';
import { seeded } from './heads.ts';
import { attack } from './watch.ts';
import { willing } from './willing.ts';

/*
 * A trial of the liveness check as an operator runs it. The command is a separate process; the core with its models, rules and
 * store is real. Footage and a simulated print replace the camera.
 */

let base: string;
let home: string;
let pipeline: FacePipeline;
let core: Core;
/** Number of events of his enrolment. */
let enrolled: number;
let person: () => Seen;
let print: () => Seen;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'sp-trial-'));
  home = kioskHome({ SMARTPRESENCE_HOME: base });
  ensureKioskFolder(home, false);
  // Man B is enrolled, so outside a trial he would be checked in.
  await withKiosk(home, enrolDemoPeople);
  enrolled = await withKiosk(home, ({ store }) => store.outbox.pending(500).length);
  pipeline = await openPipeline((await prepareModels()).weights);
  person = await manB(pipeline);
  print = await printOfB();
  core = await startCore({ home, deviceSecret: null, demo: false, log: () => undefined });
});
afterAll(async () => {
  await core?.close();
  await pipeline?.close();
  rmSync(base, { recursive: true, force: true });
});

let folder: string;
let folders = 0;
beforeEach(() => {
  folder = join(base, `trial-${folders++}`);
});

/** His photograph, flat, turned as the prompt asks. */
async function printOfB(): Promise<() => Seen> {
  const picture = await readPicture(takesOf('B', 'straight')[0]!);
  const [face] = await pipeline.detect(picture);
  const paper = printOf(picture, (await pipeline.shape(picture, face!.box)).landmarks);
  const turned = async (direction: 1 | -1): Promise<FaceFrame[]> => {
    const frames: FaceFrame[] = [];
    for await (const { image } of attack(paper, 'flat, turned 0° → 45°', direction, seeded(3)))
      frames.push(await frameOf(pipeline, image));
    return frames;
  };
  const [left, right] = [await turned(1), await turned(-1)];
  const moves = { 'turn-left': left, 'turn-right': right, 'look-up': left, 'look-down': right };
  return () => willing({ ...moves, straight: left.slice(0, 4) });
}

/** Runs `liveness trial` with these input lines, while each presentation shows the next of `shown`. */
async function trial(lines: readonly string[], shown: readonly (() => Seen)[], ...options: string[]) {
  const input = lines.map((line) => `${line}\n`).join('');
  const running = sp(base, ['liveness', 'trial', folder, ...options], { input });
  // Without the trial, the kiosk would check him in.
  if (shown.length > 0) await expect.poll(notices, { timeout: 120_000 }).toContain('liveness-trial');
  for (const each of shown) await visit(core.methods, each());
  return running;
}
const report = (): TrialReport => JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'));
const kept = () => JSON.parse(readFileSync(join(folder, 'trial.json'), 'utf8')).presentations;
const notices = async () => (await core.methods.status({})).notices;

const SMALL = ['--place', 'Hall 3', '--participants', '1', '--each', '2', '--attacks', 'print-flat', '--attempts', '2'];

test('people and prints are judged by the kiosk’s own check, and the report has rates with counts and intervals', async () => {
  const lines = ['yes', '', '', 'yes', '', '', ''];
  const { code, stdout, stderr } = await trial(lines, [person, person, print, print], ...SMALL);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('Everything planned has been done.');
  const { bonaFide, attacks, worst, ...rest } = report();
  const none = { count: 0, of: 2, value: 0, interval: [0, expect.closeTo(0.8419, 4)] };
  expect(bonaFide).toEqual({ participants: 1, presentations: 2, reasons: {}, bpcer: none, bpnrr: none });
  expect(attacks).toMatchObject([{ instrument: 'print-flat', level: 'A', presentations: 2, apcer: none, apnrr: none }]);
  expect(Object.values(attacks[0]!.reasons).reduce((a, b) => a + b)).toBe(2);
  expect(worst).toMatchObject({ instrument: 'print-flat', apcer: none });
  expect(rest).toMatchObject({
    certified: false,
    place: 'Hall 3',
    from: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    system: { version: VERSION, embedder: EMBEDDER_ID, passiveLiveness: null, light: false, strength: 'standard' },
  });
  const text = readFileSync(join(folder, 'report.md'), 'utf8');
  expect(text).toContain('not a certified laboratory’s report');
  expect(text).toContain('| BPCER: turned away | 0.0 % | 0.0 % to 84.2 % | 0 of 2 |');
  expect(await sp(base, ['liveness', 'report', folder])).toMatchObject({ code: 0, stdout: text });
});

test('only statistics are kept, nobody is recognised or recorded, and the screen says what is happening', async () => {
  expect((await trial(['yes', '', 'e'], [person], ...SMALL)).code).toBe(0);
  expect(await notices()).not.toContain('liveness-trial');
  expect(kept()).toEqual([{ series: 'participant-1', outcome: 'passed', reason: null, seconds: expect.any(Number) }]);
  expect(readdirSync(folder).sort()).toEqual(['report.json', 'report.md', 'trial.json']);
  await core.close();
  await withKiosk(home, ({ store }) => {
    expect(store.checkins.list({ limit: 5 })).toEqual([]);
    const since = store.outbox.pending(500).slice(enrolled);
    expect(since.map(({ header }) => header.type).filter((type) => type !== 'health' && type !== 'purge')).toEqual([]);
  });
  core = await startCore({ home, deviceSecret: null, demo: false, log: () => undefined });
  // After the trial the same face checks in.
  expect((await visit(core.methods, person())).at(-1)).toMatchObject({ kind: 'welcome' });
});

test('a trial can be interrupted and resumed, and the last presentation undone', async () => {
  await trial(['yes', ''], [person], ...SMALL); // the input ends
  expect(kept()).toHaveLength(1);
  const second = await trial(['', 'yes', '', 'u', 'e'], [person, print]);
  expect(second.stdout).toContain('Participant 1: 2 of 2');
  expect(second.stdout).toContain('Undone: photo print, flat, failed.');
  expect(kept().map(({ series }: { series: string }) => series)).toEqual(['participant-1', 'participant-1']);
  // Nobody can pick results unnoticed.
  expect(report().undone).toBe(1);
  expect(readFileSync(join(folder, 'report.md'), 'utf8')).toContain('| undone presentations, not counted below | 1 |');
  // Consent was given before, so it is not asked again.
  const third = await trial(['', 'e'], [print]);
  expect(third.stdout).not.toContain('yes/no');
  expect(report().attacks).toMatchObject([{ presentations: 1, apcer: { count: 0, of: 1 } }]);
});

test('an accepted attack counts against the kiosk, and the worst attack type is reported', async () => {
  const options = ['--place', 'Hall', '--participants', '1', '--attacks', 'print-flat,my-video', '--attempts', '1'];
  await trial(['no', 'yes', '', 'yes', ''], [print, person], ...options);
  const { bonaFide, worst, attacks } = report();
  expect(bonaFide).toMatchObject({ participants: 0, presentations: 0, bpcer: { value: null, interval: null } });
  expect(attacks).toMatchObject([
    { apcer: { count: 0 } },
    { instrument: 'my-video', level: null, apcer: { count: 1 } },
  ]);
  expect(worst).toMatchObject({ instrument: 'my-video', apcer: { value: 1, interval: [expect.closeTo(0.025), 1] } });
});

test('a presentation without a result is a non-response, outside APCER and BPCER', async () => {
  await trial(['yes', '', 'e'], [], ...SMALL, '--seconds', '1');
  expect(kept()).toMatchObject([{ outcome: 'no-response', reason: 'no-face' }]);
  const { bonaFide } = report();
  expect(bonaFide).toMatchObject({ bpcer: { of: 0, value: null }, bpnrr: { count: 1, of: 1, value: 1 } });
});

test('without consent nothing is presented, and an unclear answer is asked again', async () => {
  const { stdout } = await trial(['', 'perhaps', 'no', 'no'], [], ...SMALL);
  expect(stdout.match(/Participant 1: have they/g)).toHaveLength(3);
  expect(stdout).toContain('Everything planned has been done.');
  expect(kept()).toEqual([]);
});

test('refuses statistics of another strength, and a trial without a place, without a kiosk, or unreadable', async () => {
  await trial(['e'], [], ...SMALL);
  const other = await trial(['e'], [], '--strength', 'light');
  expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('strength was standard and is light')]);
  folder = join(base, 'new');
  const nowhere = await trial(['e'], []);
  expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('--place')]);
  const named = await trial(['e'], [], '--place', 'Hall', '--attacks', 'participant-1');
  expect([named.code, named.stderr]).toEqual([2, expect.stringContaining('participant-1')]);
  await core.close();
  const alone = await trial(['e'], [], '--place', 'Hall').finally(async () => {
    core = await startCore({ home, deviceSecret: null, demo: false, log: () => undefined });
  });
  expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining('kiosk-not-running')]);
});
