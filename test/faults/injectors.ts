import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { realNow } from './clock.ts';
import { copyFolder } from './disks.ts';
import type { Kind } from './kinds.ts';
import { type KioskEnd, replaceCertificate } from './kiosk-end.ts';
import type { ServerEnd, WholeSystem } from './whole-system.ts';

const DAY = 86_400_000;
/** Time in which the system must recover from a fault, ms. */
export const SETTLE_MS = 120_000;

export interface Scene {
  readonly world: WholeSystem;
  /** The kiosk that is hit, or whose work is hit. */
  readonly kiosk: KioskEnd;
  /** The server that is hit; `workInFlight('server')` may change it. */
  server: ServerEnd;
  /** 0 ≤ x < 1, from the run's seed. */
  readonly random: () => number;
  /**
   * Creates work and returns while it is in flight.
   * @param of the end that must have the work; either if absent
   * @returns events in flight and not acknowledged; 0 if there were none
   */
  readonly workInFlight: (of?: 'kiosk' | 'server') => Promise<number>;
  /** Ids that were destroyed with a kiosk's folder, and may be missing. */
  readonly excused: Set<string>;
}

/** Causes a fault while work is in flight, and repairs what an operator would repair. @returns events in flight when it hit */
type Injector = (scene: Scene) => Promise<number>;

/** Waits a random time within a fault, ms. */
const moment = (random: () => number, least: number, most: number) => sleep(least + random() * (most - least));

/** Waits for a condition, at most `ms`. @returns whether it became true */
async function cameAbout(what: () => boolean, ms: number): Promise<boolean> {
  const end = performance.now() + ms;
  while (!what()) {
    if (performance.now() > end) return false;
    await sleep(5);
  }
  return true;
}

/** Cuts or half closes the connections of a kiosk. */
async function lineLost({ kiosk, workInFlight }: Scene, harm: (proxy: KioskEnd['broker']) => void): Promise<number> {
  const hit = await workInFlight('kiosk');
  // The transport in use is the one with open connections, usually the broker.
  const links = [kiosk.broker, kiosk.https].filter((proxy) => proxy.open > 0);
  for (const proxy of links) harm(proxy);
  return links.length > 0 ? hit : 0;
}

/** Disturbs a kiosk's traffic for a while. It counts only if something was carried meanwhile. */
async function lineBad(
  { kiosk, random, workInFlight }: Scene,
  harm: (proxy: KioskEnd['broker']) => void,
  lasts: [number, number],
): Promise<number> {
  const hit = await workInFlight('kiosk');
  const links = [kiosk.broker, kiosk.https];
  const harmed = () => kiosk.broker.harmed + kiosk.https.harmed;
  const before = harmed();
  for (const proxy of links) harm(proxy);
  const done = await cameAbout(() => harmed() > before, 1000);
  await moment(random, ...lasts);
  for (const proxy of links) proxy.heal();
  return done ? hit : 0;
}

async function serverNetwork(scene: Scene, linkOf: (server: ServerEnd) => ServerEnd['database']): Promise<number> {
  const { random } = scene;
  const hit = await scene.workInFlight('server');
  const link = linkOf(scene.server);
  const open = link.open;
  const before = link.harmed;
  const harm = [() => link.cut(), () => link.blackhole(), () => link.halfClose(random() < 0.5 ? 'client' : 'server')];
  const chosen = Math.floor(random() * harm.length);
  harm[chosen]!();
  await moment(random, 100, 1000);
  link.heal();
  return open > 0 && (chosen !== 1 || link.harmed > before) ? hit : 0;
}

/** Waits, at most a few seconds, until the database accepts no events for a while although some are pending. */
async function nothingTaken(world: WholeSystem): Promise<boolean> {
  for (let tries = 0; tries < 12; tries++) {
    const before = world.eventCountIfUp();
    await sleep(500);
    const waiting = world.kiosks.some((kiosk) => kiosk.inFlight > 0);
    if (waiting && world.eventCountIfUp() === before) return true;
  }
  return false;
}

export const INJECT: Readonly<Record<Kind, Injector>> = {
  async 'kill-kiosk'({ kiosk, workInFlight }) {
    const hit = await workInFlight('kiosk');
    await kiosk.end('SIGKILL');
    await kiosk.start();
    return hit;
  },
  async 'kill-server'(scene) {
    const hit = await scene.workInFlight('server');
    const { process } = scene.server;
    await process.end('SIGKILL');
    await moment(scene.random, 0, 300);
    await process.start();
    return hit;
  },
  async 'kill-broker'({ world, random, workInFlight }) {
    const hit = await workInFlight();
    await world.mosquitto.kill('SIGKILL');
    await moment(random, 0, 800);
    await world.mosquitto.start();
    return hit;
  },
  async 'kill-postgres'({ world, random, workInFlight }) {
    const hit = await workInFlight();
    await world.postgres.kill();
    await moment(random, 0, 500);
    await world.postgres.start();
    return hit;
  },
  async 'broker-amnesia'({ world, workInFlight }) {
    // The broker accepts and acknowledges what kiosks publish from here on, but no server receives it.
    for (const { broker } of world.servers) broker.blackhole();
    const before = world.operator.heard;
    const hit = await workInFlight();
    const acknowledged = await cameAbout(() => world.operator.heard > before, 2000);
    await world.mosquitto.kill('SIGKILL');
    world.mosquitto.forget();
    await world.mosquitto.start();
    for (const { broker } of world.servers) broker.heal();
    return acknowledged ? hit : 0;
  },
  'net-cut': (scene) => lineLost(scene, (proxy) => proxy.cut()),
  'net-blackhole': (scene) => lineBad(scene, (proxy) => proxy.blackhole(), [500, 2000]),
  'net-delay': (scene) => lineBad(scene, (proxy) => proxy.delay(50 + scene.random() * 200), [500, 1500]),
  'net-half-close': (scene) => lineLost(scene, (proxy) => proxy.halfClose(scene.random() < 0.5 ? 'client' : 'server')),
  'net-server-database': (scene) => serverNetwork(scene, (server) => server.database),
  'net-server-broker': (scene) => serverNetwork(scene, (server) => server.broker),
  'net-duplicate': (scene) => lineBad(scene, (proxy) => proxy.garble('duplicate'), [100, 300]),
  'net-reorder': (scene) => lineBad(scene, (proxy) => proxy.garble('reorder'), [100, 300]),
  async 'message-replay'({ world, random, workInFlight }) {
    const hit = await workInFlight();
    const sent = await world.operator.repeat(1 + Math.floor(random() * 20), 'same');
    return sent > 0 ? hit : 0;
  },
  async 'message-reorder'({ world, random, workInFlight }) {
    const hit = await workInFlight();
    const sent = await world.operator.repeat(5 + Math.floor(random() * 40), 'shuffled');
    return sent > 1 ? hit : 0;
  },
  async 'clock-forward'({ kiosk, random, workInFlight }) {
    const hit = await workInFlight('kiosk');
    kiosk.order({ do: 'skew', ms: random() < 0.5 ? 40 * DAY : 3 * 3_600_000 });
    await moment(random, 500, 1500);
    kiosk.order({ do: 'skew', ms: 0 });
    return hit;
  },
  async 'clock-back'({ kiosk, random, workInFlight }) {
    const hit = await workInFlight('kiosk');
    kiosk.order({ do: 'skew', ms: random() < 0.5 ? -400 * DAY : -2 * 3_600_000 });
    await moment(random, 500, 1500);
    kiosk.order({ do: 'skew', ms: 0 });
    return hit;
  },
  async 'clock-dead-boot'({ kiosk, random, workInFlight }) {
    const hit = await workInFlight('kiosk');
    await kiosk.end('SIGKILL');
    kiosk.skewMs = -realNow();
    await kiosk.start();
    kiosk.skewMs = 0;
    await moment(random, 500, 1500);
    kiosk.order({ do: 'skew', ms: 0 });
    return hit;
  },
  async 'clock-server'(scene) {
    const hit = await scene.workInFlight('server');
    const { process } = scene.server;
    const jumps = [40 * DAY, 3 * 3_600_000, -2 * 3_600_000, -400 * DAY];
    process.send({ do: 'skew', ms: jumps[Math.floor(scene.random() * jumps.length)]! });
    await moment(scene.random, 500, 1500);
    process.send({ do: 'skew', ms: 0 });
    return hit;
  },
  async 'disk-full-kiosk'({ kiosk, random, workInFlight }) {
    const hit = await workInFlight('kiosk');
    const reserve = join(kiosk.home, 'reserve.bin');
    const [kept, before] = [existsSync(reserve), kiosk.refused('storage-full')];
    kiosk.disk.fill();
    // It counts once it had an effect: the space reserved for attendance was given up, or a person or photo was rejected.
    const given = () => kept && !existsSync(reserve);
    const felt = await cameAbout(() => given() || kiosk.refused('storage-full') > before, 5000);
    await moment(random, 500, 1500);
    kiosk.disk.free();
    return felt ? hit : 0;
  },
  async 'disk-full-server'({ world, random, workInFlight }) {
    const hit = await workInFlight();
    world.databaseDisk.fill();
    // It counts once it had an effect: nothing more is accepted although kiosks have something to send.
    const felt = await nothingTaken(world);
    await moment(random, 500, 1500);
    world.databaseDisk.free();
    // A database that couldn't write its log has ended. Its operator restarts it.
    await world.postgres.start().catch(() => undefined);
    return felt ? hit : 0;
  },
  async 'certificate-expiry'({ world, kiosk, workInFlight }) {
    const hit = await workInFlight('kiosk');
    await kiosk.end('SIGKILL');
    await replaceCertificate(kiosk, (csr) => world.expiredCertificate(kiosk.device, csr));
    await kiosk.start();
    return hit;
  },
  async 'server-restore'({ world, random, workInFlight }) {
    const backup = await world.databaseBackup();
    // This cut the servers' connections. What they accept from here on is what the restore will undo.
    await world.settle(SETTLE_MS);
    await moment(random, 500, 1500);
    const hit = await workInFlight('server');
    const before = world.eventCount();
    await world.restoreDatabase(backup);
    rmSync(backup, { recursive: true, force: true });
    return world.eventCountAtRestore < before ? hit : 0;
  },
  async 'kiosk-rollback'({ world, kiosk, random, workInFlight, excused }) {
    await kiosk.end('SIGKILL');
    const copy = join(world.folder, 'kiosk-copy');
    copyFolder(kiosk.home, copy);
    const before = kiosk.confirmed.length;
    await kiosk.start();
    await moment(random, 1000, 2500);
    const hit = await workInFlight('kiosk');
    await kiosk.end('SIGKILL');
    // What it confirmed after the copy and had not sent is now on no disk of this world. A message may still be on its way to the
    // database; its contents then arrive although they are excused.
    const there = world.presentIds(kiosk.confirmed.slice(before));
    for (const id of kiosk.confirmed.slice(before)) if (!there.has(id)) excused.add(id);
    rmSync(kiosk.home, { recursive: true });
    copyFolder(copy, kiosk.home);
    rmSync(copy, { recursive: true });
    await kiosk.start();
    return hit;
  },
};
