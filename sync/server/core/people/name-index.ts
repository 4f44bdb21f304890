import { allowedTypos, differsAtMost, FIT, isHan, partsOf } from '../../../protocol/api/matching.ts';

/** What it takes to find and sort one person, and nothing that is shown. */
interface Entry {
  readonly id: string;
  readonly version: number;
  /** Folded words of the name, joined by spaces; empty: they have none. */
  readonly key: string;
  /** Place in the order of names. */
  rank: number;
}

interface Word {
  /** Which letters are in it (`lettersOf`). */
  readonly letters: number;
  having: Entry[];
}

/** A bit for each letter of a word, of 32 that letters share. */
function lettersOf(word: string): number {
  let bits = 0;
  for (let i = 0; i < word.length; i++) bits |= 1 << (word.charCodeAt(i) & 31);
  return bits;
}

/** How many bits are set (Hacker's Delight, 5-1). */
function bitsOf(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** Folded names of people: found by words, sorted by name. Holds no name as it is written. Pure. */
export class NameIndex {
  readonly #people = new Map<string, Entry>();
  readonly #parts = new Map<string, Word>();
  /** By name; null: to be sorted as a whole. */
  #order: Entry[] | null = null;
  /** Changes since ranks were counted. */
  #changes = 0;

  get size(): number {
    return this.#people.size;
  }

  /** Whether the person is known in this version. */
  has(id: string, version: number): boolean {
    return this.#people.get(id)?.version === version;
  }

  set(id: string, version: number, name: string): void {
    this.delete(id);
    const parts = partsOf(name);
    const entry = { id, version, key: parts.join(' '), rank: 0 };
    this.#people.set(id, entry);
    for (const word of new Set(parts)) {
      const known = this.#parts.get(word);
      if (known) known.having.push(entry);
      else this.#parts.set(word, { letters: lettersOf(word), having: [entry] });
    }
    this.#reorder((order) => order.splice(placeIn(order, entry), 0, entry));
  }

  delete(id: string): void {
    const entry = this.#people.get(id);
    if (!entry) return;
    this.#people.delete(id);
    this.#reorder((order) => order.splice(placeIn(order, entry), 1));
    for (const word of new Set(entry.key.split(' '))) {
      const known = this.#parts.get(word);
      const left = known?.having.filter((other) => other !== entry) ?? [];
      if (known && left.length > 0) known.having = left;
      else this.#parts.delete(word);
    }
  }

  /** @returns place in the order of names; undefined: not known here */
  rank(id: string): number | undefined {
    this.#sort();
    return this.#people.get(id)?.rank;
  }

  /**
   * @param among null: everybody
   * @returns ids of the people whose names fit best, at most `limit`; of equals, in the order of names
   */
  find(text: string, limit: number, among: ReadonlySet<string> | null = null): string[] {
    const typed = [...new Set(partsOf(text))];
    if (typed.length === 0) return [];
    this.#sort();
    // The longest first: fewest people have it.
    const [first, ...rest] = typed.sort((a, b) => b.length - a.length).map((word) => this.#having(word));
    const byFit: Entry[][] = [];
    for (const [entry, fit] of first!) {
      if (among && !among.has(entry.id)) continue;
      const fits = rest.map((having) => having.get(entry));
      if (fits.includes(undefined)) continue;
      const sum = fits.reduce((total: number, one) => total + one!, fit);
      byFit[sum] ??= [];
      byFit[sum].push(entry);
    }
    const found: Entry[] = [];
    for (const equals of byFit.reverse()) {
      if (found.length >= limit) break;
      if (equals) found.push(...equals.sort((a, b) => a.rank - b.rank).slice(0, limit - found.length));
    }
    return found.map(({ id }) => id);
  }

  /** People with a word that fits, and how well (FIT). */
  #having(typed: string): Map<Entry, number> {
    const having = new Map<Entry, number>();
    const add = (entries: readonly Entry[], fit: number) => {
      for (const entry of entries) if ((having.get(entry) ?? 0) < fit) having.set(entry, fit);
    };
    const typos = allowedTypos(typed);
    const within = isHan(typed);
    // As `fitOf`, without a call for each of many thousands of words.
    const letters = lettersOf(typed);
    for (const [word, { letters: others, having: entries }] of this.#parts) {
      if (word.startsWith(typed)) add(entries, word.length === typed.length ? FIT.exact : FIT.prefix);
      else if (within && word.includes(typed)) add(entries, FIT.within);
      else if (
        typos > 0 &&
        Math.abs(word.length - typed.length) <= typos &&
        // A typo takes one letter and brings one.
        bitsOf(letters ^ others) <= 2 * typos &&
        differsAtMost(word, typed, typos)
      )
        add(entries, FIT.typo);
    }
    return having;
  }

  /**
   * People in the order of their names; those without one are last.
   *
   * @param o `after`: the last one before, and where they were, who may be gone since; `among`: null: everybody; `down`: from the last one
   */
  sorted(o: {
    after: SortedPlace | null;
    limit: number;
    among: ReadonlySet<string> | null;
    down: boolean;
  }): SortedPlace[] {
    const { after, limit, among, down } = o;
    const order = this.#sort();
    let at = down ? order.length - 1 : 0;
    if (after) {
      const there = this.#people.get(after.id);
      at = down ? (there?.rank ?? after.rank) - 1 : there ? there.rank + 1 : after.rank;
    }
    const page: SortedPlace[] = [];
    for (; at >= 0 && at < order.length && page.length < limit; at += down ? -1 : 1) {
      const { id, rank } = order[at]!;
      if (!among || among.has(id)) page.push({ id, rank });
    }
    return page;
  }

  /** One that comes or goes is put in its place; after many, sorting all of them is quicker. */
  #reorder(change: (order: Entry[]) => void): void {
    this.#changes += 1;
    if (this.#changes > FEW) this.#order = null;
    else if (this.#order) change(this.#order);
  }

  #sort(): readonly Entry[] {
    this.#order ??= [...this.#people.values()].sort(compare);
    if (this.#changes > 0) for (const [rank, entry] of this.#order.entries()) entry.rank = rank;
    this.#changes = 0;
    return this.#order;
  }
}

const FEW = 100;

export interface SortedPlace {
  readonly rank: number;
  readonly id: string;
}

/** By name, those without one last; of one name by id. */
function compare(a: Entry, b: Entry): number {
  if (a.key === b.key) return a.id < b.id ? -1 : 1;
  if (a.key === '' || b.key === '') return a.key === '' ? 1 : -1;
  return a.key < b.key ? -1 : 1;
}

/** Where an entry is in sorted ones, or would be. */
function placeIn(order: readonly Entry[], entry: Entry): number {
  let [from, to] = [0, order.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    const other = order[middle]!;
    if (other !== entry && compare(other, entry) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}
