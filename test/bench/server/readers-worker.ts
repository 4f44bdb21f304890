/** Readers who ask a server in a thread of their own, as they do not share its processor either: the same few pages each. */
import { parentPort, workerData } from 'node:worker_threads';
import { asBrowser, none, readersAtOnce } from './readers.ts';

const { origin, cookie, pages, each } = workerData as {
  readonly origin: string;
  readonly cookie: string;
  /** Of each reader, the queries that are asked in turn. */
  readonly pages: readonly (readonly Record<string, string>[])[];
  readonly each: number;
};
const browser = asBrowser(origin, cookie);
const listed = (reader: number, i: number) => browser.get('/api/people', pages[reader]![i % pages[reader]!.length]!);
await readersAtOnce(none(), listed, pages[0]!.length);
const load = none();
await readersAtOnce(load, listed, each);
browser.close();
parentPort!.postMessage(load);
