import { stat } from 'node:fs/promises';
import type { SerialPort } from 'serialport';
import { type FoundPort, type SerialPorts, within } from './port.ts';

/** Opening a port that hangs (a driver problem) is given up after this, ms. */
const OPEN_MS = 5_000;

type Driver = typeof SerialPort;
let driver: Promise<Driver> | null = null;

/** Loads the native module with the first port: a kiosk without serial devices never loads it. */
function load(): Promise<Driver> {
  driver ??= import('serialport').then((module) => module.SerialPort);
  return driver;
}

const called = (act: (done: (error?: Error | null) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => act((error) => (error ? reject(error) : resolve())));

/** The ports of this machine, through `serialport`. */
export const systemPorts: SerialPorts = {
  async list() {
    const found = await (await load()).list();
    return found.map(
      (port): FoundPort => ({
        path: port.path,
        byId: port.pnpId ? `/dev/serial/by-id/${port.pnpId}` : null,
        vendorId: port.vendorId ?? null,
        productId: port.productId ?? null,
        serialNumber: port.serialNumber ?? null,
        manufacturer: port.manufacturer ?? null,
      }),
    );
  },

  async identity(path) {
    if (process.platform === 'win32') return (await this.list()).some((port) => port.path === path) ? path : null;
    // A device's numbers are reused immediately; the time its node was created is not.
    return stat(path).then(
      ({ dev, ino, rdev, ctimeMs }) => [dev, ino, rdev, ctimeMs].join(':'),
      () => null,
    );
  },

  async open(path, line, events, rest) {
    const Port = await load();
    const port = new Port({
      path,
      baudRate: line.baud,
      dataBits: line.dataBits,
      parity: line.parity,
      stopBits: line.stopBits,
      autoOpen: false,
      lock: true,
    });
    let over = false;
    const end = (error: Error | null): void => {
      if (over) return;
      over = true;
      events.onDisconnect(error);
    };
    // An unplug emits `close` only if there is a listener for data.
    port.on('data', (bytes: Buffer) => {
      if (!over) events.onData(bytes);
    });
    port.on('error', (error) => end(error));
    port.on('close', (error: Error | null) => end(error ?? null));
    await within(
      OPEN_MS,
      'the port does not answer',
      called((done) => port.open(done)),
    ).catch((error: unknown) => {
      over = true;
      // A hanging port may still open later, and would then stay open for ever.
      port.once('open', () => port.close());
      throw error;
    });
    const open = {
      async write(bytes: Uint8Array) {
        await called((done) => port.write(Buffer.from(bytes), done));
        await called((done) => port.drain(done));
      },
      lines: (state: { rts?: boolean; dtr?: boolean }) => called((done) => port.set(state, done)),
      async close() {
        over = true;
        if (port.isOpen) await called((done) => port.close(done)).catch(() => undefined);
      },
    };
    if (rest) {
      try {
        await open.lines(rest);
      } catch (error) {
        await open.close();
        throw error;
      }
    }
    return open;
  },
};
