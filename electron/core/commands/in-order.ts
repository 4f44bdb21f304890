/**
 * Pictures processed at once: one in the models, the next two being decoded. More would only use memory, since the models take
 * one at a time (1,500 small pictures: 46 per second, as many as `faces embed`).
 */
export const PICTURES_AT_ONCE = 3;

/**
 * Yields `work(item)` for every item in the order of the items, while up to `width` are in progress. So the next picture is
 * decoded while one is in the models, and never more than `width` are in memory.
 * @param work must not throw: an error with an item belongs in its result
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
