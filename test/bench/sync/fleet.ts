import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDeviceIdentity, type DeviceSecret, deviceRequest } from '../../../sync/edge/identity.ts';
import type { ServerBundle } from '../../../sync/protocol/wire/provisioning.ts';
import { type Child, quantile, startNode } from '../harness.ts';
import type { Transport } from './kiosk-end.ts';
import { nodeOptions, type Registration, type ServerAndBroker } from './server-and-broker.ts';

/** What one simulated kiosk is given. */
export interface Member {
  readonly secret: DeviceSecret;
  readonly bundle: ServerBundle;
}

const PROCESSES = 2;
const CONNECT_MS = 600_000;
const SETTLE_MS = 120_000;

/** Milliseconds from the kiosk's commit to the server's. */
export interface Peak {
  readonly kiosks: number;
  readonly events: number;
  readonly p50: number;
  readonly p99: number;
  /** Exchanges that failed and were retried, including those of connecting. */
  readonly failures: number;
}

/** Registered kiosks that run in a few processes. */
export class Fleet {
  readonly #secrets: readonly DeviceSecret[];
  readonly #bundles: ServerBundle[] = [];
  readonly registrations: readonly Registration[];

  private constructor(secrets: readonly DeviceSecret[], requests: readonly Registration['request'][]) {
    this.#secrets = secrets;
    this.registrations = requests.map((request, i) => ({
      request,
      registered: (bundle: ServerBundle) => {
        this.#bundles[i] = bundle;
      },
    }));
  }

  static async make(size: number): Promise<Fleet> {
    const secrets = await Promise.all(Array.from({ length: size }, () => createDeviceIdentity(randomUUID())));
    return new Fleet(secrets, await Promise.all(secrets.map((secret, i) => deviceRequest(secret, `Kiosk ${i}`))));
  }

  member(i: number): Member {
    return { secret: this.#secrets[i]!, bundle: this.#bundles[i]! };
  }

  /**
   * Runs a morning peak at the first `size` kiosks: check-ins of people of the roster, `rate` per second in all.
   * @throws Error unless every event arrived exactly once
   */
  async peak(world: ServerAndBroker, transport: Transport, size: number, rate: number, seconds: number): Promise<Peak> {
    const { postgres } = world;
    const file = join(world.folder, 'fleet.json');
    const members = Array.from({ length: size }, (_, i) => this.member(i));
    writeFileSync(file, JSON.stringify(members), { mode: 0o600 });
    const children: Child[] = [];
    const each = async (order: string, answer: string, ms: number) => {
      for (const child of children) child.write(`${order}\n`);
      return Promise.all(children.map((child) => child.line((line) => line.startsWith(answer), ms)));
    };
    try {
      const child = join(import.meta.dirname, 'fleet-child.ts');
      const env = { ...process.env, ...nodeOptions('FLEET') };
      for (let i = 0; i < PROCESSES; i++) {
        const [from, to] = [i, i + 1].map((n) => Math.round((n * size) / PROCESSES));
        children.push(startNode(child, [file, String(from), String(to), transport, join(world.folder, 'fleet')], env));
      }
      await Promise.all(children.map((one) => one.line((line) => line === 'ready', CONNECT_MS)));
      await each('connect', 'connected', CONNECT_MS);
      const before = Number(postgres.sql('select count(*) from event', 'sp'));
      const ran = await each(`run ${rate / PROCESSES} ${seconds}`, 'ran ', seconds * 1000 + SETTLE_MS);
      const sum = (word: number) => ran.reduce((all, line) => all + Number(line.split(' ')[word]), 0);
      const [made, failures] = [sum(1), sum(2)];
      const delays = latencies(world, made);
      const arrived = Number(postgres.sql('select count(*) from event', 'sp')) - before;
      if (arrived !== made) throw new Error(`${made} check-ins were made and ${arrived} arrived`);
      for (const one of children) one.write('end\n');
      await Promise.all(children.map((one) => one.ended()));
      return { kiosks: size, events: made, p50: quantile(delays, 0.5), p99: quantile(delays, 0.99), failures };
    } finally {
      for (const one of children) await one.stop();
    }
  }
}

/** Latencies of the newest `count` events: from the time that the kiosk wrote into each to the commit that stored it. */
function latencies({ postgres }: ServerAndBroker, count: number): number[] {
  const sql = `select extract(epoch from pg_xact_commit_timestamp(xmin) - at) * 1000 from event
               order by received_at desc, seq desc limit ${count}`;
  return postgres.sql(sql, 'sp').split('\n').map(Number);
}
