import { expect, test } from 'vitest';
import { Problem } from '../../errors/problem.ts';
import { PhotoUploader } from './uploader.ts';

/** Photos by name, a server that rejects some with a code, and pauses that end on request. */
function rig(photos: string[], errors: Record<string, string>, unreadable: Record<string, string> = {}) {
  const tried: string[] = [];
  const done: [string, boolean][] = [];
  const pauses: (() => void)[] = [];
  const left = new Set(photos);
  const uploader = new PhotoUploader({
    source: {
      next: (except) => [...left].find((address) => !except.has(address)) ?? null,
      isWaiting: (address) => left.has(address),
      async read(address) {
        if (unreadable[address]) throw Problem.from({ code: unreadable[address], message: address, nextStep: '' });
        return new Uint8Array(3);
      },
      done(address, taken) {
        left.delete(address);
        done.push([address, taken]);
      },
    },
    carrier: {
      async state(address) {
        tried.push(address);
        if (errors[address]) throw Problem.from({ code: errors[address], message: address, nextStep: '' });
        return { received: 3, complete: true };
      },
      put: () => Promise.reject(new Error('not needed')),
      close: () => undefined,
    },
    random: () => 0,
    after(_ms, wake) {
      pauses.push(wake);
      return () => undefined;
    },
  });
  const untilPause = async () => {
    for (let i = 0; i < 50 && pauses.length === 0; i++) await new Promise((resolve) => setImmediate(resolve));
    return pauses.shift();
  };
  return { uploader, tried, done, errors, untilPause };
}

test.each(['photo-quota', 'photo-not-taken', 'photo-altered'])(
  'a photo that the server repeatedly rejects (%s) is set aside until the others are sent, then retried',
  async (code) => {
    const r = rig(['bad', 'b', 'c'], { bad: code });
    r.uploader.nudge();
    for (let i = 0; i < 3; i++) (await r.untilPause())!();
    const rest = await r.untilPause();
    expect(r.tried).toEqual(['bad', 'bad', 'bad', 'b', 'c']);
    expect(r.done).toEqual([
      ['b', true],
      ['c', true],
    ]);
    delete r.errors.bad;
    rest!();
    expect(await r.untilPause()).toBeUndefined();
    expect(r.done.at(-1)).toEqual(['bad', true]);
    await r.uploader.stop();
  },
);

test('a failed connection is not blamed on the photo; a locally altered file is given up', async () => {
  const r = rig(['a', 'b'], { a: 'server-unreachable' }, { b: 'photo-altered' });
  r.uploader.nudge();
  for (let i = 0; i < 5; i++) (await r.untilPause())!();
  expect(new Set(r.tried)).toEqual(new Set(['a']));
  await r.untilPause();
  delete r.errors.a;
  await r.uploader.stop();
  const other = rig(['b'], {}, { b: 'photo-altered' });
  other.uploader.nudge();
  await other.untilPause();
  expect(other.done).toEqual([['b', false]]);
  await other.uploader.stop();
});
