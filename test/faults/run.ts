import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../bench/harness.ts';
import { isWhole, readOptions } from '../options.ts';
import { kioskSide, serverSide } from './both-ends.ts';
import { check, isClean } from './checker.ts';
import { INJECT, type Scene, SETTLE_MS } from './injectors.ts';
import { KIND_NAMES, type Kind } from './kinds.ts';
import { minimumOf, planFaults } from './plan.ts';
import { startSystem, systemMissing, type WholeSystem } from './whole-system.ts';

/**
 *     npm run test:faults [-- --faults N] [--seed S] [--only KIND,…]
 * Real kiosks, servers, Mosquitto and PostgreSQL under N seeded faults, each of which counts only if it hit work in flight. Then
 * both ends are read and compared. Exit: 0 nothing lost, duplicated or out of order and every kind met its minimum; 1 otherwise;
 * 2 wrong usage; 69 the machine lacks a service.
 */
const values = readOptions(
  'npm run test:faults -- [--faults N] [--seed S] [--only KIND,…]',
  {
    faults: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
  ({ faults, seed }) => (isWhole(faults) && isWhole(seed, 0) ? null : '--faults and --seed take whole numbers'),
);
const count = Number(values.faults);
const seed = Number(values.seed);

/** How often a fault that hit nothing is retried before it is postponed to the end. */
const TRIES = 6;

const note = (line: string) => console.log(`[${new Date().toISOString().slice(11, 19)}] ${line}`);

process.exitCode = await main();

async function main(): Promise<number> {
  const missing = systemMissing();
  if (missing) {
    console.error(missing);
    return 69;
  }
  const world = await startSystem(seed, note);
  // Ctrl-C or the end of a test run must leave no database and no disk behind.
  const stop = () => void world.close().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await run(world);
  } finally {
    await world.close();
  }
}

async function run(world: WholeSystem): Promise<number> {
  const random = seededRandom(seed);
  const kinds = kindsOf(world);
  const plan = values.only
    ? Array.from({ length: count }, (_, i) => kinds[i % kinds.length]!)
    : planFaults(count, seed, kinds);
  const planned = plan.length;
  const hits = new Map<Kind, number>(kinds.map((kind) => [kind, 0]));
  const excused = new Set<string>();
  let missed = 0;
  const began = performance.now();
  await world.settle(SETTLE_MS);
  for (const [i, kind] of plan.entries()) {
    let hit = 0;
    for (let attempt = 0; hit === 0 && attempt < TRIES; attempt++) {
      const scene: Scene = {
        world,
        kiosk: world.kiosks[Math.floor(random() * world.kiosks.length)]!,
        server: world.servers[Math.floor(random() * world.servers.length)]!,
        random,
        excused,
        workInFlight: (of) => workInFlight(scene, of),
      };
      hit = await INJECT[kind](scene);
      await world.settle(SETTLE_MS);
      if (hit === 0) missed += 1;
    }
    if (hit === 0) {
      note(`${kind} hit no work in ${TRIES} tries`);
      // Once only: on a machine that is too busy even then, the run continues, reads both ends, and fails.
      if (i < planned) plan.push(kind);
      continue;
    }
    hits.set(kind, hits.get(kind)! + 1);
    note(`${String(i + 1).padStart(4)}/${plan.length} ${kind} (${hit} events in flight)`);
  }
  note('settling');
  for (const kiosk of world.kiosks) kiosk.order({ do: 'rate', perSecond: 0 });
  await world.settle(SETTLE_MS, { all: true });
  for (const kiosk of world.kiosks) await kiosk.end('SIGTERM');
  return report(world, hits, excused, missed, (performance.now() - began) / 1000);
}

/**
 * Creates a burst of check-ins on all kiosks and returns while they are being sent. The kiosk to be hit then has unacknowledged
 * events and bytes on one of its transports; the server to be hit is talking to its database. The broker chooses the server for a
 * message, so the scene's server is set to the one that has it.
 */
async function workInFlight(scene: Scene, of?: 'kiosk' | 'server'): Promise<number> {
  const { world, kiosk, random } = scene;
  for (const one of world.kiosks) one.order({ do: 'burst', events: 20 + Math.floor(random() * 60) });
  const sent = () => kiosk.broker.carried + kiosk.https.carried;
  const carried = () => world.servers.map((server) => server.database.carried);
  const end = performance.now() + 2000;
  await sleep(random() * 60);
  while (performance.now() < end) {
    const [sentBefore, carriedBefore] = [sent(), carried()];
    await sleep(5 + random() * 10);
    const flying = (of === 'kiosk' ? [kiosk] : world.kiosks).reduce((sum, one) => sum + one.inFlight, 0);
    const busy = world.servers.filter((_, i) => carried()[i]! > carriedBefore[i]!);
    if (flying === 0 || (of === 'kiosk' && sent() === sentBefore) || (of === 'server' && busy.length === 0)) continue;
    if (of === 'server' && !busy.includes(scene.server)) scene.server = busy[0]!;
    return flying;
  }
  return 0;
}

function kindsOf(world: WholeSystem): Kind[] {
  const wanted = values.only?.split(',') ?? KIND_NAMES;
  const unknown = wanted.filter((kind) => !(KIND_NAMES as string[]).includes(kind));
  if (unknown.length > 0) throw new Error(`unknown kind ${unknown.join(', ')}; the kinds are ${KIND_NAMES.join(', ')}`);
  const fillable = world.databaseDisk.fillable && world.kiosks.every((k) => k.disk.fillable);
  if (!fillable) console.log('SKIPPED: full disks: this user can’t mount a tmpfs');
  return (wanted as Kind[]).filter((kind) => fillable || !kind.startsWith('disk-full'));
}

async function report(
  world: WholeSystem,
  hits: ReadonlyMap<Kind, number>,
  excused: ReadonlySet<string>,
  missed: number,
  seconds: number,
): Promise<number> {
  const server = await serverSide(world);
  const kiosks = [];
  for (const kiosk of world.kiosks) kiosks.push(await kioskSide(kiosk));
  const verdict = check({
    confirmed: world.kiosks.flatMap((k) => k.confirmed.map((id) => ({ device: k.device, id }))),
    server: server.events,
    kiosks: kiosks.flatMap((k) => k.events),
    projected: server.projected,
    quarantined: server.quarantined,
    photos: server.photos,
    excused,
  });
  const problems = kiosks.flatMap((k) => k.problems);
  const stripped = kiosks.filter((k) => k.templates === 0).length;
  if (server.bare > 0) console.log(`${server.bare} events came without the values that their headers commit to`);
  const there = new Set(server.events.map((e) => e.header.id));
  const destroyed = [...excused].filter((id) => !there.has(id)).length;
  for (const [name, list] of Object.entries({ ...verdict, store: problems })) {
    if (Array.isArray(list) && list.length > 0) console.log(`${name}:\n  ${list.slice(0, 10).join('\n  ')}`);
  }
  const total = [...hits.values()].reduce((a, b) => a + b, 0);
  console.log(
    `seed ${seed}, ${Math.round(seconds)} s, ${verdict.events} events at the server, ${missed} faults that hit nothing and were repeated`,
  );
  for (const [kind, n] of [...hits].sort()) console.log(`${String(n).padStart(5)} ${kind}`);
  console.log(`      rolled back with the kiosk’s own folder, never handed over: ${destroyed}`);
  console.log(
    `faults ${total}, confirmed ${verdict.confirmed}, lost ${verdict.lost.length}, doubled ${verdict.doubled.length}, ` +
      `out of order ${verdict.disordered.length}, chain broken ${verdict.broken.length}, quarantined ${verdict.quarantined}`,
  );
  const least = values.only ? 1 : minimumOf(count);
  const enough = total >= count && [...hits.values()].every((n) => n >= least);
  const alive = verdict.confirmed > 0 && verdict.events >= verdict.confirmed - destroyed;
  const whole = problems.length === 0 && stripped === 0 && server.bare === 0;
  return isClean(verdict) && whole && enough && alive ? 0 : 1;
}
