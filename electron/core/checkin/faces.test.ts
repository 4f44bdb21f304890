import { expect, test } from 'vitest';
import { Problem } from '../../../sync/errors/problem.ts';
import { type Base, recognise } from '../phases.ts';
import { whileFilling } from './faces.ts';
import type { Recogniser } from './recogniser.ts';

const log = () => undefined;

test('a small gallery is filled before the kiosk serves', async () => {
  expect((await whileFilling(Promise.resolve(0), log, () => expect.unreachable()))()).toBeNull();
});

test('while a large gallery is being filled no face is used; afterwards faces are', async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const then = Promise.withResolvers<void>();
  const off = await whileFilling(promise, log, then.resolve);
  expect(off()).toMatchObject({ code: 'faces-loading' });
  resolve(0);
  await then.promise;
  expect(off()).toBeNull();
});

test('a gallery that can’t be filled is never used: a running kiosk shows why, and one that is starting does not start', async () => {
  const damaged = new Problem('store-damaged', { reason: 'page 7' });
  await expect(whileFilling(Promise.reject(damaged), log, () => expect.unreachable())).rejects.toBe(damaged);
  const { promise, reject } = Promise.withResolvers<number>();
  const then = Promise.withResolvers<void>();
  const off = await whileFilling(promise, log, then.resolve);
  reject(damaged);
  await then.promise;
  expect(off()).toBe(damaged);
});

test('a gallery left half filled because the core closes is never used, and is no error', async () => {
  const { promise, reject } = Promise.withResolvers<number>();
  const then = Promise.withResolvers<void>();
  const said: unknown[] = [];
  const off = await whileFilling(promise, (...what) => said.push(what), then.resolve);
  reject(new DOMException('closing', 'AbortError'));
  await then.promise;
  expect(off()).toMatchObject({ code: 'faces-loading' });
  expect(said).toEqual([]);
});

test('the core searches for nobody in a gallery that is being filled', async () => {
  const searched = () => expect.unreachable();
  const loaded = { off: null, search: searched, verify: searched, tooManyPeople: () => false } as unknown as Recogniser;
  const { recogniser } = await recognise({
    kiosk: { openFaces: async () => ({ recogniser: loaded, filled: new Promise(() => undefined) }) },
    log,
    runtime: { faceOff: null },
    hub: { refresh: () => undefined },
  } as unknown as Base);
  expect(recogniser.off).toMatchObject({ code: 'faces-loading' });
  const loading = expect.objectContaining({ code: 'faces-loading' });
  expect(() => recogniser.search(new Float32Array(1))).toThrow(loading);
  expect(() => recogniser.verify(new Float32Array(1), 'ada')).toThrow(loading);
});
