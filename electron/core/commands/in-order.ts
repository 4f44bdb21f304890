import { availableParallelism } from 'node:os';

/** Pictures worked on at once: a session of the models uses one thread each, and more than a few only hold memory. */
export const PICTURES_AT_ONCE = Math.min(4, Math.max(2, availableParallelism()));

/**
 * Gives `work(item)` of every item in the order of the items, while up to `width` of them are under way. So while one
 * picture is in the models the next is decoded, and no more than `width` are ever in memory.
 * @param work must not throw: what is wrong with an item belongs into its result
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, void> {
  const underWay: Promise<R>[] = [];
  for await (const item of items) {
    underWay.push(work(item));
    if (underWay.length >= width) yield await underWay.shift()!;
  }
  while (underWay.length > 0) yield await underWay.shift()!;
}
