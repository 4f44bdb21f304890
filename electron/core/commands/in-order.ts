/**
 * Pictures worked on at once: one in the models, the next two decoded meanwhile. More would only hold memory, since the
 * models take one at a time (1,500 small pictures: 46 a second, as many as `faces embed`).
 */
export const PICTURES_AT_ONCE = 3;

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
