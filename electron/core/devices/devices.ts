import { Problem } from '../../../sync/errors/problem.ts';
import type { Position } from '../../../sync/protocol/seal/position.ts';
import type { CoreOptions } from '../interface.ts';
import type { Devices as DevicesConfig, Door } from './config.ts';
import { createDoorRelay, type DoorRelay } from './door/relay.ts';
import { type Admission, opensDoor } from './door/rule.ts';
import { createGpsReceiver, type GpsReceiver } from './gps/receiver.ts';
import { createDeviceReporter, type DeviceHealth, deviceNotices } from './health.ts';
import { PAUSE_MS } from './readers/framing.ts';
import { type BadgeStream, createBadgeStream, masked } from './readers/reader.ts';
import { type KeptPort, keepPort } from './serial/kept-port.ts';
import type { FoundPort, SerialPorts } from './serial/port.ts';

/** How often health is checked without an event, ms. */
const HEALTH_MS = 1_000;

/** State of one device: where its port was found, and why it could not be opened. */
type PortReport = Pick<KeptPort, 'path' | 'trouble'> & Pick<DeviceHealth, 'state'>;

/** What the diagnostics show of the devices. Never a complete badge number. */
export interface DeviceReport {
  readonly readers: readonly (PortReport & {
    readonly name: string;
    readonly lastRead: { readonly masked: string; readonly ageMs: number } | null;
    readonly faults: ReturnType<BadgeStream['faults']>;
  })[];
  readonly gps: (PortReport & { readonly fix: ReturnType<GpsReceiver['fix']> }) | null;
  readonly door: (PortReport & Pick<Door, 'mode'> & { readonly open: boolean; readonly sinceMs: number | null }) | null;
  readonly ports: readonly FoundPort[];
}

export interface Devices {
  notices(): string[];
  reads(): boolean;
  /** Whether check-ins get a place. */
  readonly positions: boolean;
  position(): Position | null;
  /**
   * Called after someone was durably admitted: opens the door if the site's rule allows it. Never throws, never waits for the
   * door.
   */
  admitted(admission: Admission): void;
  /** Opens the door for one pulse, as staff requested. @throws Problem `door-unset`, `door-absent`, `door-failed` */
  testDoor(): Promise<void>;
  report(): Promise<DeviceReport>;
  stop(): Promise<void>;
}

export interface DevicesOptions {
  readonly config: DevicesConfig;
  readonly ports: SerialPorts;
  readonly store: Parameters<typeof createDeviceReporter>[0];
  readonly monotonic: () => number;
  readonly log: CoreOptions['log'];
  readonly pollMs?: number;
  readonly onBadge: (badge: string) => void;
  /** Called with the satellites' time when it can be trusted; ms since 1970. */
  readonly onTime: (gpsMs: number) => void;
  readonly onStatus: () => void;
}

interface RunningReader {
  readonly name: string;
  readonly port: KeptPort;
  readonly stream: BadgeStream;
  lastRead: { masked: string; at: number } | null;
}

/** The devices of a kiosk without serial devices: opens nothing, loads no driver. */
export const NO_DEVICES: Devices = {
  notices: () => [],
  reads: () => false,
  positions: false,
  position: () => null,
  admitted: () => undefined,
  testDoor: async () => {
    throw new Problem('door-unset');
  },
  report: async () => ({ readers: [], gps: null, door: null, ports: [] }),
  stop: async () => undefined,
};

/** Starts every configured device. A missing or broken device does not affect the others. */
export async function startDevices(options: DevicesOptions): Promise<Devices> {
  const { config, ports, monotonic, log } = options;
  // Awaited before any port opens: a port's state may change immediately and is reported together with all others.
  const receiver = config.gps ? await createGpsReceiver(config.gps, monotonic, options.onTime) : null;
  const refresh = (): void => {
    report(health());
    options.onStatus();
  };
  const shared = { ports, monotonic, log, pollMs: options.pollMs, onState: () => queueMicrotask(refresh) };
  const portOf = ({ path, trouble }: Pick<KeptPort, 'path' | 'trouble'>) => ({ path, trouble });
  const report = createDeviceReporter(options.store, monotonic);

  const readers = config.readers.map((reader): RunningReader => {
    let pause: NodeJS.Timeout | undefined;
    const stream = createBadgeStream(reader, monotonic, (badge) => {
      running.lastRead = { masked: masked(badge), at: monotonic() };
      options.onBadge(badge);
    });
    const port = keepPort({
      ...shared,
      name: `reader ${reader.name}`,
      line: reader,
      ...(reader.silenceSeconds !== undefined && { silenceMs: reader.silenceSeconds * 1000 }),
      onData(bytes) {
        clearTimeout(pause);
        stream.push(bytes);
        pause = setTimeout(() => stream.pause(), PAUSE_MS);
        pause.unref();
      },
      onDisconnect() {
        clearTimeout(pause);
        stream.reset();
      },
    });
    const running: RunningReader = { name: reader.name, port, stream, lastRead: null };
    return running;
  });

  const gps =
    config.gps && receiver
      ? keepPort({
          ...shared,
          name: 'the GPS receiver',
          line: config.gps,
          silenceMs: config.gps.silenceSeconds * 1000,
          onData: (bytes) => receiver.push(bytes),
          onDisconnect: () => receiver.reset(),
        })
      : null;

  const door: (DoorRelay & { readonly config: Door }) | null = config.door
    ? { ...createDoorRelay({ ...shared, config: config.door }), config: config.door }
    : null;

  function health(): DeviceHealth[] {
    return [
      ...readers.map(({ name, port }): DeviceHealth => ({ kind: 'reader', name, state: port.state })),
      ...(gps ? [{ kind: 'gps', name: 'gps', state: gps.state } as const] : []),
      ...(door ? [{ kind: 'door', name: 'door', state: door.state() } as const] : []),
    ];
  }

  const ticker = setInterval(() => report(health()), HEALTH_MS);
  ticker.unref();

  return {
    notices: () => deviceNotices(health()),
    reads: () => readers.some(({ port }) => port.state === 'ok'),
    positions: config.gps?.positions === 'record',
    position: () => receiver?.position() ?? null,
    admitted(admission) {
      if (!door || !opensDoor(admission, door.config)) return;
      door.pulse().catch((error: unknown) => log('error', 'door: it did not open after a check-in', { error }));
    },
    async testDoor() {
      if (!door) throw new Problem('door-unset');
      await door.pulse();
    },
    async report() {
      const now = monotonic();
      return {
        readers: readers.map(({ name, port, stream, lastRead }) => ({
          name,
          state: port.state,
          ...portOf(port),
          lastRead: lastRead && { masked: lastRead.masked, ageMs: now - lastRead.at },
          faults: stream.faults(),
        })),
        gps: gps && receiver && { state: gps.state, ...portOf(gps), fix: receiver.fix() },
        door: door && {
          state: door.state(),
          ...portOf(door.port),
          mode: door.config.mode,
          open: door.open(),
          sinceMs: door.sinceMs(),
        },
        ports: await ports.list().catch(() => []), // a failed listing doesn't affect the open ports
      };
    },
    async stop() {
      clearInterval(ticker);
      await Promise.all([...readers.map(({ port }) => port.stop()), gps?.stop(), door?.stop()]);
    },
  };
}
