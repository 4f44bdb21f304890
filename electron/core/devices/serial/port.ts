import type { Line, PortChoice } from '../config.ts';

export interface FoundPort {
  readonly path: string;
  /** Names the device whatever port it is in, where the system says so (`/dev/serial/by-id/…`). */
  readonly byId: string | null;
  readonly vendorId: string | null;
  readonly productId: string | null;
  readonly serialNumber: string | null;
  readonly manufacturer: string | null;
}

export interface OpenPort {
  /** Resolves when the bytes have left this machine. @throws when they could not be written */
  write(bytes: Uint8Array): Promise<void>;
  /** Sets the port's own outputs. @throws when the port has none, or is gone */
  lines(state: { rts?: boolean; dtr?: boolean }): Promise<void>;
  /** Ends it; never throws: what is closed may be gone already. */
  close(): Promise<void>;
}

export interface PortEvents {
  readonly onData: (bytes: Uint8Array) => void;
  /** The port disconnected by itself: unplugged, or the driver gave up. Called at most once, never after `close`. */
  readonly onDisconnect: (error: Error | null) => void;
}

/** The machine's serial ports. The one seam between the drivers and what is plugged in. */
export interface SerialPorts {
  list(): Promise<FoundPort[]>;
  /** @param rest state of the port's outputs from the first moment on, where its outputs switch something */
  open(path: string, line: Line, events: PortEvents, rest?: { rts: boolean; dtr: boolean }): Promise<OpenPort>;
  /**
   * Which device is at a path now; null for none. A device that was pulled out and put in again within a moment has another
   * identity: the driver may see nothing of it, and reads for ever from a line that has been hung up.
   */
  identity(path: string): Promise<string | null>;
}

const same = (a: string | null, b: string | undefined): boolean =>
  b === undefined || a?.toLowerCase() === b.toLowerCase();

/** The path of the chosen port among those found; null when it is not there. A path is taken as it is. */
export function findPort(choice: PortChoice, found: readonly FoundPort[]): string | null {
  if (typeof choice === 'string') return choice;
  const match = found.find(
    (port) =>
      same(port.vendorId, choice.vendorId) &&
      same(port.productId, choice.productId) &&
      same(port.serialNumber, choice.serialNumber),
  );
  return match?.path ?? null;
}

/** What the work gives; rejects with an error that says `late` when it takes longer than `ms`, and leaves it to itself. */
export async function within<T>(ms: number, late: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(late)), ms);
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}
