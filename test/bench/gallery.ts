import { ExactGallery } from '../../models/node/gallery/gallery.ts';
import { type People, syntheticPeople } from './embeddings.ts';
import {
  hnswlib,
  type Peer,
  plainLoop,
  sqliteVec,
  usearchExactFloat32,
  usearchExactInt8,
  usearchHnsw,
} from './gallery-peers.ts';
import { cosines, difficultPeople, type Truth, truthOf } from './gallery-truth.ts';
import { benchLine, interleavedMedians, median, startNode } from './harness.ts';
import type { BenchContext, BenchGroup, BenchLine } from './types.ts';

const GROUP = 'gallery';
const DIMENSIONS = 512;
const SIZES = [1_000, 10_000, 100_000];
/** Probes of each kind, and therefore timed rounds. */
const PROBES = 24;
/** Ratios required at the largest size. */
const BARS: Readonly<Record<string, number>> = { 'plain Float32Array loop': 12, 'usearch exact float32': 2 };

export const group: BenchGroup = {
  name: GROUP,
  describe: `exact 1:N search of ${DIMENSIONS}-d templates, one thread, against exact and approximate peers`,
  leavesOut:
    'detection, embedding and the decision; embeddings are synthetic; ours gives the exact second person too, the peers four rows',
  async *run(ctx) {
    for (const size of SIZES) yield* searches(ctx, size);
    yield* worstCases(ctx);
    yield* memory(ctx);
  },
};

const rowOf = ({ rows }: People, n: number) => rows.subarray(n * DIMENSIONS, (n + 1) * DIMENSIONS);
const count = (n: number) => n.toLocaleString('en');

function fill(people: People): ExactGallery {
  const gallery = new ExactGallery();
  for (let n = 0; n < people.templates; n++) gallery.add(`t${n}`, `p${people.person[n]}`, rowOf(people, n));
  return gallery;
}

/** Float64 cosine of a probe and one row. */
function cosineOf(people: People, row: number, probe: Float32Array): number {
  return cosines({ ...people, templates: 1, rows: rowOf(people, row) }, probe)[0]!;
}

/** Share of probes for which our best and second score equal float64's to the last bit, and our row has that score. */
function ourRecall(
  gallery: ExactGallery,
  people: People,
  probes: readonly Float32Array[],
  truths: readonly Truth[],
): number {
  const right = probes.filter((probe, i) => {
    const { best, second } = gallery.search(probe);
    const own = cosineOf(people, Number(best!.template.slice(1)), probe);
    return best!.score === truths[i]!.score && own === truths[i]!.score && second!.score === truths[i]!.second;
  });
  return right.length / probes.length;
}

/** Share of probes for which a peer finds a row with float64's best score. Ties count as found. */
function peerRecall(peer: Peer, people: People, probes: readonly Float32Array[], truths: readonly Truth[]): number {
  const found = probes.filter((probe, i) => cosineOf(people, peer.search(probe), probe) === truths[i]!.score);
  return found.length / probes.length;
}

async function* searches(ctx: BenchContext, size: number): AsyncIterable<BenchLine> {
  ctx.note(`${count(size)} templates: filling the peers (HNSW takes the longest)`);
  const people = syntheticPeople(size, PROBES, size);
  const gallery = fill(people);
  const hnsw = usearchHnsw(people);
  const peers: Peer[] = [
    plainLoop(people),
    sqliteVec(people),
    usearchExactFloat32(people),
    usearchExactInt8(people),
    hnsw,
  ];
  const optional = hnswlib(people);
  if ('absent' in optional)
    ctx.note(
      `hnswlib-node is not built, so its lines are missing (npm rebuild hnswlib-node --ignore-scripts=false in test/bench): ${optional.absent}`,
    );
  else peers.push(optional);
  try {
    for (const [kind, probes] of [
      ['mated', people.mated],
      ['non-mated', people.nonMated],
    ] as const) {
      const tasks: Record<string, (round: number) => unknown> = { ours: (round) => gallery.search(probes[round]!) };
      for (const peer of peers) peer.prepare?.(probes);
      for (const peer of peers) tasks[peer.name] = (round) => peer.search(probes[round]!);
      const times = await interleavedMedians(tasks, { rounds: PROBES, warmUp: size > 10_000 ? 8 : 40 });
      const name = `${count(size)} templates, ${kind}`;
      for (const peer of peers) {
        yield benchLine({
          group: GROUP,
          name: `search, ${name}`,
          unit: 'searches/s',
          ours: 1000 / times.ours!,
          reference: peer.name,
          referenceValue: 1000 / times[peer.name]!,
          better: 'higher',
          ...(size === SIZES.at(-1) && BARS[peer.name] ? { bar: BARS[peer.name]! } : {}),
        });
      }
      const truths = probes.map((probe) => truthOf(people, probe));
      const ours = ourRecall(gallery, people, probes, truths);
      yield recall(`recall of best and second, ${name}`, ours, 'float64 truth', 1, 1);
      for (const peer of peers) {
        const theirs = peerRecall(peer, people, probes, truths);
        const setting = peer.settings ? ` (${peer.settings})` : '';
        // A ratio to zero is not a number.
        if (theirs === 0) ctx.note(`${peer.name} found none of ${name}`);
        else yield recall(`recall@1, ${name}`, ours, peer.name + setting, theirs);
      }
    }
    yield* changes(gallery, hnsw, people);
  } finally {
    for (const peer of peers) peer.close();
  }
}

function recall(name: string, ours: number, reference: string, referenceValue: number, bar?: number): BenchLine {
  const line = { group: GROUP, name, unit: 'share', ours, reference, referenceValue, better: 'higher' } as const;
  return benchLine(bar === undefined ? line : { ...line, bar });
}

/** Adds and removes one by one in a full gallery. The reference is usearch's HNSW index, which supports both too. */
async function* changes(
  gallery: ExactGallery,
  hnsw: ReturnType<typeof usearchHnsw>,
  people: People,
): AsyncIterable<BenchLine> {
  const rounds = 200;
  const size = people.templates;
  const timed = (task: (n: number) => unknown) => {
    const times: number[] = [];
    for (let n = 0; n < rounds; n++) {
      const began = performance.now();
      task(n);
      times.push((performance.now() - began) * 1000);
    }
    return median(times);
  };
  const row = (n: number) => rowOf(people, n % size);
  // Untimed first, so that both are compiled.
  for (let n = 0; n < 2000; n++) gallery.add(`warm${n}`, `w${n % 7}`, row(n));
  for (let n = 0; n < 2000; n++) gallery.remove(`warm${n}`);
  const added = timed((n) => gallery.add(`new${n}`, `q${n % 50}`, row(n)));
  const removed = timed((n) => gallery.remove(`t${(n * 37) % size}`));
  const theirsAdded = timed((n) => hnsw.add(size + n, row(n)));
  const theirsRemoved = timed((n) => hnsw.remove((n * 37) % size));
  const line = (name: string, ours: number, referenceValue: number) =>
    benchLine({
      group: GROUP,
      name: `${name} a template at ${count(size)}`,
      unit: 'µs',
      ours,
      reference: 'usearch HNSW',
      referenceValue,
      better: 'lower',
    });
  yield line('add', added, theirsAdded);
  yield line('remove', removed, theirsRemoved);
}

/** Cases in which the bound doesn't help. They are still correct, at the speed of scoring every row. */
async function* worstCases(ctx: BenchContext): AsyncIterable<BenchLine> {
  const size = 10_000;
  ctx.note('worst cases');
  const difficult = difficultPeople(size, PROBES, 5);
  const gallery = fill(difficult);
  const probes = [...difficult.mated, ...difficult.nonMated];
  yield recall(
    `recall of best and second, ${count(size)} difficult rows`,
    ourRecall(
      gallery,
      difficult,
      probes,
      probes.map((probe) => truthOf(difficult, probe)),
    ),
    'float64 truth',
    1,
    1,
  );
  const same: People = {
    ...difficult,
    rows: Float32Array.from(difficult.rows, (_, i) => difficult.rows[i % DIMENSIONS]!),
  };
  const cases = [
    ['difficult rows', difficult, gallery],
    ['identical rows', same, fill(same)],
  ] as const;
  for (const [name, people, ours] of cases) {
    const loop = plainLoop(people);
    const times = await interleavedMedians(
      { ours: (round) => ours.search(probes[round]!), loop: (round) => loop.search(probes[round]!) },
      { rounds: PROBES, warmUp: 10 },
    );
    yield benchLine({
      group: GROUP,
      name: `search, ${count(size)} ${name}`,
      unit: 'searches/s',
      ours: 1000 / times.ours,
      reference: loop.name,
      referenceValue: 1000 / times.loop,
      better: 'higher',
    });
  }
}

async function* memory(ctx: BenchContext): AsyncIterable<BenchLine> {
  yield benchLine({
    group: GROUP,
    name: 'bytes a template, numbers',
    unit: 'bytes',
    ours: new ExactGallery().stats().bytesPerTemplate,
    reference: 'the float32 embedding alone',
    referenceValue: DIMENSIONS * 4,
    better: 'lower',
  });
  const templates = 30_000;
  ctx.note(`memory of a process with ${count(templates)} templates`);
  const child = startNode(new URL('./gallery-memory.ts', import.meta.url), [String(templates)]);
  try {
    await child.line((line) => line === 'empty', 30_000);
    const before = child.memory().resident;
    child.write('fill\n');
    await child.line((line) => line === 'full', 60_000);
    yield benchLine({
      group: GROUP,
      name: `resident bytes a template at ${count(templates)}, ids included`,
      unit: 'bytes',
      ours: (child.memory().resident - before) / templates,
      reference: 'the float32 embedding alone',
      referenceValue: DIMENSIONS * 4,
      better: 'lower',
    });
  } finally {
    await child.stop();
  }
}
