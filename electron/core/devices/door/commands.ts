import type { RelayProtocol } from '../config.ts';
import type { OpenPort } from '../serial/port.ts';

/** A command to an LCUS board: start byte, channel, state, sum of the three. */
function lcus(channel: number, on: boolean): Uint8Array {
  const state = on ? 1 : 0;
  return Uint8Array.of(0xa0, channel, state, (0xa0 + channel + state) & 0xff);
}

/** Puts current on the relay's coil, or takes it away. @throws when the port can't take it */
export function switchRelay(port: OpenPort, protocol: RelayProtocol, on: boolean): Promise<void> {
  switch (protocol.kind) {
    case 'lcus':
      return port.write(lcus(protocol.channel, on));
    case 'line':
      return port.lines({ [protocol.line]: on !== protocol.inverted });
    case 'bytes':
      return port.write(Uint8Array.from(Buffer.from(on ? protocol.on : protocol.off, 'hex')));
  }
}

/** State of the port's outputs from opening on; undefined where they switch nothing. */
export function restLines(protocol: RelayProtocol, on: boolean): { rts: boolean; dtr: boolean } | undefined {
  if (protocol.kind !== 'line') return undefined;
  const level = on !== protocol.inverted;
  // The other line is left low: some boards take their power from it, and then it is theirs to name it.
  return { rts: false, dtr: false, [protocol.line]: level };
}
