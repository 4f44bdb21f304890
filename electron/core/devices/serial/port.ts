import type { Line, PortChoice } from '../config.ts';

export interface FoundPort {
  readonly path: string;
  /** Names the device whichever port it is plugged into, if the system provides it (`/dev/serial/by-id/…`). */
  readonly byId: string | null;
  readonly vendorId: string | null;
  readonly productId: string | null;
  readonly serialNumber: string | null;
  readonly manufacturer: string | null;
}

export interface OpenPort {
  /** Resolves when the bytes have left this machine. @throws if they could not be written */
  write(bytes: Uint8Array): Promise<void>;
  /** Sets the port's own outputs. @throws if it has none, or has disappeared */
  lines(state: { rts?: boolean; dtr?: boolean }): Promise<void>;
  /** Closes the port. Never throws: it may have disappeared already. */
  close(): Promise<void>;
}

export interface PortEvents {
  readonly onData: (bytes: Uint8Array) => void;
  /** The port disconnected: unplugged, or the driver gave up. Called at most once, never after `close`. */
  readonly onDisconnect: (error: Error | null) => void;
}

/** The machine's serial ports: the only interface between the drivers and what is plugged in. */
export interface SerialPorts {
  list(): Promise<FoundPort[]>;
  /** @param rest state of the port's outputs from the moment it opens, if its outputs switch something */
  open(path: string, line: Line, events: PortEvents, rest?: { rts: boolean; dtr: boolean }): Promise<OpenPort>;
  /**
   * Identifies the device that is at a path now; null for none. A device that was unplugged and plugged in again within a moment
   * has another identity: the driver may not notice, and would read for ever from a line that has been hung up.
   */
  identity(path: string): Promise<string | null>;
}

const same = (a: string | null, b: string | undefined): boolean =>
  b === undefined || a?.toLowerCase() === b.toLowerCase();

/** Returns the path of the chosen port among those found; null if it is missing. A path is returned unchanged. */
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

/** Resolves with the work's result. Rejects with an error with message `late` after `ms`, without stopping the work. */
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
