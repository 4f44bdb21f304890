import { allowedTypos, differsAtMost, FIT, isHan, wordsOf } from '../../../protocol/api/matching.ts';

/** Of one person: what it takes to find and sort them, and nothing that is shown. */
interface Entry {
  readonly id: string;
  readonly version: number;
  /** Folded words of the name, joined by spaces; empty: they have none. */
  readonly key: string;
  /** Place in the order of names. */
  rank: number;
}

/** Folded names of people: found by words, sorted by name. Holds no name as it is written. Pure. */
export class NameIndex {
  readonly #people = new Map<string, Entry>();
  /** Who has a word. */
  readonly #words = new Map<string, Entry[]>();
  #order: Entry[] | null = [];

  get size(): number {
    return this.#people.size;
  }

  /** Whether the person is known in this version. */
  has(id: string, version: number): boolean {
    return this.#people.get(id)?.version === version;
  }

  set(id: string, version: number, name: string): void {
    this.delete(id);
    const words = wordsOf(name);
    const entry = { id, version, key: words.join(' '), rank: 0 };
    this.#people.set(id, entry);
    for (const word of new Set(words)) {
      const having = this.#words.get(word);
      if (having) having.push(entry);
      else this.#words.set(word, [entry]);
    }
    this.#order = null;
  }

  delete(id: string): void {
    const entry = this.#people.get(id);
    if (!entry) return;
    this.#people.delete(id);
    this.#order = null;
    for (const word of new Set(entry.key.split(' '))) {
      const left = this.#words.get(word)?.filter((other) => other !== entry) ?? [];
      if (left.length > 0) this.#words.set(word, left);
      else this.#words.delete(word);
    }
  }

  /** @returns ids of the people whose names fit best, at most `limit`; of equals, in the order of names */
  find(text: string, limit: number): string[] {
    const typed = [...new Set(wordsOf(text))];
    if (typed.length === 0) return [];
    this.#sort();
    // The longest first: fewest people have it.
    const [first, ...rest] = typed.sort((a, b) => b.length - a.length).map((word) => this.#having(word));
    const byFit: Entry[][] = [];
    for (const [entry, fit] of first!) {
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
    for (const [word, entries] of this.#words) {
      if (word.startsWith(typed)) add(entries, word.length === typed.length ? FIT.exact : FIT.prefix);
      else if (within && word.includes(typed)) add(entries, FIT.within);
      else if (typos > 0 && Math.abs(word.length - typed.length) <= typos && differsAtMost(word, typed, typos))
        add(entries, FIT.typo);
    }
    return having;
  }

  /**
   * People in the order of their names; those without one are last.
   *
   * @param after the last one before, and where they were: they may be gone since
   * @param among null: everybody
   */
  sorted(after: SortedPlace | null, limit: number, among: ReadonlySet<string> | null): SortedPlace[] {
    const order = this.#sort();
    let at = 0;
    if (after) {
      const there = this.#people.get(after.id);
      at = there ? there.rank + 1 : after.rank;
    }
    const page: SortedPlace[] = [];
    for (; at < order.length && page.length < limit; at++) {
      const { id, rank } = order[at]!;
      if (!among || among.has(id)) page.push({ id, rank });
    }
    return page;
  }

  #sort(): readonly Entry[] {
    if (this.#order) return this.#order;
    this.#order = [...this.#people.values()].sort(
      (a, b) => compare(a.key || '\u{10FFFF}', b.key || '\u{10FFFF}') || compare(a.id, b.id),
    );
    for (const [rank, entry] of this.#order.entries()) entry.rank = rank;
    return this.#order;
  }
}

/** A person in the order of names. */
export interface SortedPlace {
  readonly rank: number;
  readonly id: string;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
