/** Runs work one at a time, in the order of the calls. Failed work holds up nothing. */
export type Mutex = <T>(work: () => Promise<T>) => Promise<T>;

/** Creates an independent queue: each call of the returned function waits for the earlier ones. */
export function createMutex(): Mutex {
  let queue: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const answer = queue.then(work);
    queue = answer.catch(() => undefined);
    return answer;
  };
}
