/** The two sentences that are used, parsed and checked; degrees (WGS 84), km/h, metres. */
export type Sentence =
  | {
      readonly kind: 'rmc';
      /** Ms since 1970; null if date or time are missing or invalid. */
      readonly at: number | null;
      /** Second of the day, used to find the matching GGA. */
      readonly second: number | null;
      readonly active: boolean;
      readonly latitude: number | null;
      readonly longitude: number | null;
      readonly speedKmh: number | null;
    }
  | {
      readonly kind: 'gga';
      readonly second: number | null;
      /** True if the fix comes from satellites: neither estimated, nor typed in, nor simulated. */
      readonly measured: boolean;
      readonly satellites: number | null;
      readonly hdop: number | null;
      readonly altitude: number | null;
    };

/** NMEA's own limit is 82; some receivers write more digits. */
const MAX_LINE = 120;

const MEASURED = ['fix', 'dgps-fix', 'pps-fix', 'rtk', 'rtk-float'];
const GUESSED = ['estimated', 'manual input', 'simulated', 'not valid'];

type Parse = typeof import('gps').GPS.Parse;
let parser: Promise<Parse> | null = null;

/** Returns the parser, which is loaded only if a receiver is configured. */
export function loadParser(): Promise<Parse> {
  parser ??= import('gps').then(({ GPS }) => GPS.Parse);
  return parser;
}

/** Cuts a stream into lines. Anything too long to be a line is dropped up to the next line end. */
export function createLineCutter(): { push(bytes: Uint8Array): string[]; reset(): void } {
  let held = '';
  let skipping = false;
  return {
    push(bytes) {
      const parts = (held + Buffer.from(bytes).toString('latin1')).split('\n');
      held = parts.pop()!;
      const lines = skipping ? parts.slice(1) : parts;
      if (parts.length > 0) skipping = false;
      if (held.length > MAX_LINE) {
        held = '';
        skipping = true;
      }
      return lines.filter((line) => line.length <= MAX_LINE).map((line) => line.trim());
    },
    reset() {
      held = '';
      skipping = false;
    },
  };
}

const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);

function secondOf(time: Date | null): number | null {
  const ms = time?.getTime() ?? Number.NaN;
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000) % 86_400;
}

/**
 * @returns `null` for a sentence that is not needed here; `damaged` for one with a wrong checksum or invalid fields. The parser
 * also returns coordinates for a wrong checksum, and today for a missing date: neither is accepted.
 */
export function readSentence(parse: Parse, line: string): Sentence | 'damaged' | null {
  if (line === '') return null;
  const type = /^\$[A-Z]{2}(RMC|GGA),/.exec(line)?.[1];
  if (!type) return /^[$!][A-Z]{5,}[,*]/.test(line) ? null : 'damaged';
  let read: ReturnType<Parse>;
  try {
    read = parse(line);
  } catch {
    return 'damaged'; // the parser throws on units that it does not know
  }
  if (read === false || !read.valid) return 'damaged';
  if (read.type === 'RMC') {
    const dated = /^[0-9]{6}$/.test(line.split(',')[9] ?? '');
    const ms = read.time?.getTime() ?? Number.NaN;
    return {
      kind: 'rmc',
      at: dated && !Number.isNaN(ms) ? ms : null,
      second: secondOf(read.time),
      active: read.status === 'active' && !GUESSED.includes(read.faa ?? ''),
      latitude: finite(read.lat),
      longitude: finite(read.lon),
      speedKmh: finite(read.speed),
    };
  }
  if (read.type === 'GGA')
    return {
      kind: 'gga',
      second: secondOf(read.time),
      measured: MEASURED.includes(read.quality ?? ''),
      satellites: finite(read.satellites),
      hdop: finite(read.hdop),
      altitude: finite(read.alt),
    };
  return null;
}
