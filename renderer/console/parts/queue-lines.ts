import type { KioskStats } from '../../../sync/protocol/api/stats.ts';

/** Distinguishable line styles for the queue's chart, solid ones first. */
const LINES = [undefined, [8, 4]].flatMap((dash) =>
  ['--color-accent', '--color-good', '--color-warn', '--color-bad'].map((color) => ({ color, ...(dash && { dash }) })),
);

type Queue = Pick<KioskStats, 'queue' | 'kiosks'>;

/** How many events wait at each kiosk: a line for each if there are enough styles, else the fullest, and one for the rest. */
export function queueLines({ queue, kiosks }: Queue, others: (count: number) => string) {
  const x = [...new Set(queue.map((q) => Date.parse(q.at)))].sort((a, b) => a - b);
  const of = new Map(kiosks.map((k) => [k.id, new Map<number, number>()]));
  for (const { kiosk, at, depth } of queue) of.get(kiosk)?.set(Date.parse(at), depth);
  const fullest = (id: string) => Math.max(0, ...of.get(id)!.values());
  const own =
    kiosks.length <= LINES.length
      ? kiosks
      : kiosks.toSorted((a, b) => fullest(b.id) - fullest(a.id)).slice(0, LINES.length - 1);
  const rest = kiosks.filter((k) => !own.includes(k)).map((k) => of.get(k.id)!);
  const sum = (at: number) => {
    const known = rest.flatMap((depths) => depths.get(at) ?? []);
    return known.length > 0 ? known.reduce((n, depth) => n + depth) : null;
  };
  const lines = own.map((k) => ({ label: k.name, values: x.map((at) => of.get(k.id)!.get(at) ?? null) }));
  if (rest.length > 0) lines.push({ label: others(rest.length), values: x.map(sum) });
  return { x, series: lines.map((line, i) => ({ ...line, ...LINES[i]! })) };
}
