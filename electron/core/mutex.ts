/** Runs work one after the other, in the order in which it was asked for; work that failed holds up nothing. */
export type Mutex = <T>(work: () => Promise<T>) => Promise<T>;

/** A queue of its own: each call of the function it returns waits for the ones before it. */
export function createMutex(): Mutex {
  let queue: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const answer = queue.then(work);
    queue = answer.catch(() => undefined);
    return answer;
  };
}
