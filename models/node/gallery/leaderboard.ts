import type { GalleryMatch } from '../interface.ts';

/** Tracks the best template and the best of any other person, independent of the order of scores. */
export class Leaderboard {
  #best: GalleryMatch['best'] = null;
  #second: GalleryMatch['second'] = null;

  get best(): GalleryMatch['best'] {
    return this.#best;
  }

  get second(): GalleryMatch['second'] {
    return this.#second;
  }

  /** Takes a score into account. For equal scores, the smaller person id wins, then the smaller template id. */
  take(score: number, person: string, template: string): void {
    const best = this.#best;
    if (best === null) {
      this.#best = { person, template, score };
    } else if (person === best.person) {
      if (score > best.score || (score === best.score && template < best.template)) {
        this.#best = { person, template, score };
      }
    } else if (comesFirst(score, person, best)) {
      this.#second = { person: best.person, score: best.score };
      this.#best = { person, template, score };
    } else if (this.#second === null || comesFirst(score, person, this.#second)) {
      this.#second = { person, score };
    }
  }
}

function comesFirst(
  score: number,
  person: string,
  other: { readonly person: string; readonly score: number },
): boolean {
  return score > other.score || (score === other.score && person < other.person);
}
