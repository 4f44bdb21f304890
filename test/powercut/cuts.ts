import type { Disk, Ino, Operation, Recording } from './disk.ts';

/** One operation that reached the disk before the cut. Of a write perhaps only a part, or only the file's new length. */
type Arrived = readonly [operation: Operation, part?: readonly [from: number, to: number] | null];

/** A state in which a cut may leave the disk. */
export interface DiskState {
  readonly disk: Disk;
  /** Which of the operations arrived, as text. */
  readonly how: string;
}

/** A moment at which the power may fail. */
export interface Cut {
  /** The last operation requested; null before the first. */
  readonly last: Operation | null;
  /** Everything that the programs had output by then. */
  readonly said: readonly string[];
  readonly states: Iterable<DiskState>;
}

export interface Thoroughness {
  /** Between two flushes, cuts after every `every` operations. */
  readonly every: number;
  /** For such a cut, number of operations that are omitted or kept alone, evenly chosen. */
  readonly single: number;
  /** The same right before a flush, where the most may be missing, and right after an answer, when nothing of it may. */
  readonly atFlush: number;
  /** Random subsets per cut. */
  readonly subsets: number;
  readonly random: () => number;
}

/** Takes minutes, and still includes every flush and every answer. */
export const BOUNDED = { every: 10, single: 1, atFlush: 2, subsets: 1 };
/** Every operation. */
export const THOROUGH = { every: 1, single: 5, atFlush: 24, subsets: 3 };

/** Yields every moment of a recording, in order. */
export function* cutsOf(recording: Recording, how: Thoroughness): Iterable<Cut> {
  const durable = recording.before.copy();
  let pending: Operation[] = [];
  let last: Operation | null = null;
  const said: string[] = [];
  let moment = 0;
  for (const step of recording.steps) {
    if (step.step === 'operation') {
      last = step.operation;
      pending.push(last);
      moment += 1;
      if (moment % how.every === 0) yield { last, said, states: statesOf(durable, pending, how, how.single) };
      continue;
    }
    if (step.step === 'said') said.push(step.text);
    const folder = step.step === 'flush' ? step.ino : null;
    yield { last, said, states: statesOf(durable, pending, how, how.atFlush, folder) };
    if (step.step === 'said') continue;
    const { ino, starts } = step;
    const covered = (one: Operation) =>
      one.ends < starts && (one.kind === 'names' ? one.names.some(({ folder }) => folder === ino) : one.ino === ino);
    for (const operation of pending.filter(covered)) durable.apply(operation);
    pending = pending.filter((one) => !covered(one));
  }
}

function* statesOf(
  durable: Disk,
  pending: readonly Operation[],
  { subsets, random }: Thoroughness,
  single: number,
  flushed: Ino | null = null,
): Iterable<DiskState> {
  const state = (how: string, arrived: readonly Arrived[]): DiskState => {
    const disk = durable.copy();
    for (const [operation, part] of arrived) disk.apply(operation, part);
    return { how, disk };
  };
  const all = pending.map((one): Arrived => [one]);
  yield state('everything arrived', all);
  yield state('only what was flushed', []);
  const last = pending.at(-1);
  if (last?.kind === 'write') {
    for (const [what, part] of tears(last)) {
      yield state(`everything, and of the last write ${what}`, [...all.slice(0, -1), [last, part]]);
      yield state(`only what was flushed, and of the last write ${what}`, [[last, part]]);
    }
  }
  for (const i of spread(pending.length, single)) {
    const { what } = pending[i]!;
    yield state(`everything but ${what}`, all.toSpliced(i, 1));
    yield state(`only what was flushed, and ${what}`, [all[i]!]);
    yield state(`everything up to ${what}`, all.slice(0, i + 1));
  }
  // Of the names that one flush makes durable, an earlier one may be missing while a later one exists.
  for (const [i, one] of pending.entries())
    if (one.kind === 'names' && one.names.some(({ folder }) => folder === flushed))
      yield state(`everything but ${one.what}`, all.toSpliced(i, 1));
  for (let n = 0; n < (pending.length > 1 ? subsets : 0); n++) {
    const arrived = pending.flatMap((one): Arrived[] => {
      const dice = random();
      if (dice < 0.45) return [];
      if (one.kind !== 'write' || dice < 0.85) return [[one]];
      const torn = tears(one);
      return [torn.length === 0 ? [one] : [one, torn[Math.floor(random() * torn.length)]![1]]];
    });
    const names = arrived.map(([{ what }, part]) => what + (part === undefined ? '' : ' in part'));
    yield state(`a subset: ${names.slice(0, 8).join('; ')}${names.length > 8 ? '; …' : ''}`, arrived);
  }
}

const SECTOR = 512;
const BLOCK = 4096;

/** Ways in which a write may be incomplete. */
function tears({ at, bytes }: Extract<Operation, { kind: 'write' }>): [string, readonly [number, number] | null][] {
  const found: [string, readonly [number, number] | null][] = [['only the length', null]];
  // Sectors and blocks of the disk, not of the write.
  for (const size of [SECTOR, BLOCK]) {
    const first = size - (at % size);
    const lastOne = bytes.length - ((at + bytes.length) % size || size);
    if (first < bytes.length)
      found.push([`the first ${size}`, [0, first]], [`all but the first ${size}`, [first, bytes.length]]);
    if (lastOne > first)
      found.push([`all but the last ${size}`, [0, lastOne]], [`the last ${size}`, [lastOne, bytes.length]]);
  }
  return found;
}

/** At most `most` of the numbers below `count`, evenly spaced. */
function spread(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round(((i + 0.5) * count) / most - 0.5));
}
