import { allowedTypos, differsAtMost, FIT, isHan, partsOf } from '../../../protocol/api/matching.ts';

/** What finding and sorting one person needs, without the name itself. */
interface Entry {
  readonly id: string;
  readonly version: number;
  /** Folded words of the name, joined by spaces. Empty if the person has no name. */
  readonly key: string;
  /** Place in the order of names. */
  rank: number;
}

interface Word {
  /** Set of its letters (`lettersOf`). */
  readonly letters: number;
  having: Entry[];
}

/** Returns the set of a word's letters as 32 bits. Several letters can share a bit. */
function lettersOf(word: string): number {
  let bits = 0;
  for (let i = 0; i < word.length; i++) bits |= 1 << (word.charCodeAt(i) & 31);
  return bits;
}

/** Counts the bits that are set (Hacker's Delight, 5-1). */
function bitsOf(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** Index of folded names, to find people by words and sort them by name. Doesn't hold names as written. Pure. */
export class NameIndex {
  readonly #people = new Map<string, Entry>();
  readonly #parts = new Map<string, Word>();
  /** Entries sorted by name. Null: all must be sorted again. */
  #order: Entry[] | null = null;
  /** Changes since ranks were last assigned. */
  #changes = 0;

  get size(): number {
    return this.#people.size;
  }

  /** Returns whether the index has the person in this version. */
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

  /** @returns place in the order of names; undefined if not in the index */
  rank(id: string): number | undefined {
    this.#sort();
    return this.#people.get(id)?.rank;
  }

  /**
   * @param among null: everybody
   * @returns ids of the people whose names match best, at most `limit`. Equally good matches are sorted by name.
   */
  find(text: string, limit: number, among: ReadonlySet<string> | null = null): string[] {
    const typed = [...new Set(partsOf(text))];
    if (typed.length === 0) return [];
    this.#sort();
    // The longest word first, which fewest people have.
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

  /** Returns people with a matching word, and how well it matches (FIT). */
  #having(typed: string): Map<Entry, number> {
    const having = new Map<Entry, number>();
    const add = (entries: readonly Entry[], fit: number) => {
      for (const entry of entries) if ((having.get(entry) ?? 0) < fit) having.set(entry, fit);
    };
    const typos = allowedTypos(typed);
    const within = isHan(typed);
    // The same as `fitOf`, without a call for each of many thousands of words.
    const letters = lettersOf(typed);
    for (const [word, { letters: others, having: entries }] of this.#parts) {
      if (word.startsWith(typed)) add(entries, word.length === typed.length ? FIT.exact : FIT.prefix);
      else if (within && word.includes(typed)) add(entries, FIT.within);
      else if (
        typos > 0 &&
        Math.abs(word.length - typed.length) <= typos &&
        // A typo replaces at most one letter by another, which changes at most two bits.
        bitsOf(letters ^ others) <= 2 * typos &&
        differsAtMost(word, typed, typos)
      )
        add(entries, FIT.typo);
    }
    return having;
  }

  /**
   * Returns people in the order of their names, those without a name last.
   *
   * @param o `after`: the last person of the page before, with their rank then, in case they were removed since; `among`
   *   null: everybody; `down`: descending
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

  /** Adds or removes one entry in the sorted list. After many changes, sorting all entries again is faster. */
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

/** Compares by name, those without one last, then by id. */
function compare(a: Entry, b: Entry): number {
  if (a.key === b.key) return a.id < b.id ? -1 : 1;
  if (a.key === '' || b.key === '') return a.key === '' ? 1 : -1;
  return a.key < b.key ? -1 : 1;
}

/** Returns the index of an entry in a sorted list, or where it would be inserted. */
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
