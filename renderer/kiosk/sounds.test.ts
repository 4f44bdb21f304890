import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { createSounds } from './sounds.ts';

/* Sounds on a fake audio context. While the browser has not allowed it to start, its clock stands still. */

let state: AudioContextState;
let begun: number[];
/** Resolves to start the context, as a touch does. */
let touched: PromiseWithResolvers<void>;

beforeEach(() => {
  state = 'running';
  begun = [];
  touched = Promise.withResolvers();
  const connects = { connect: () => connects };
  vi.stubGlobal(
    'AudioContext',
    class {
      currentTime = 0;
      destination = connects;
      get state() {
        return state;
      }
      resume = () => touched.promise;
    },
  );
  vi.stubGlobal(
    'OscillatorNode',
    class {
      connect = () => connects;
      start = (at: number) => void begun.push(at);
      stop = () => undefined;
    },
  );
  const nothing = () => undefined;
  const gain = { setValueAtTime: nothing, linearRampToValueAtTime: nothing, exponentialRampToValueAtTime: nothing };
  vi.stubGlobal(
    'GainNode',
    class {
      gain = gain;
      connect = () => connects;
    },
  );
});
afterEach(() => vi.unstubAllGlobals());

test('a sound is its notes, one after the other', () => {
  createSounds().play('in');
  expect(begun).toEqual([0, 0.12]);
});

test('sounds that could not be played yet are dropped: a morning’s check-ins do not all sound at the first touch', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const sounds = createSounds();
  state = 'suspended';
  for (let i = 0; i < 50; i++) sounds.play('in');
  vi.advanceTimersByTime(3_600_000);
  sounds.play('next');
  touched.resolve();
  await touched.promise;
  // Only the sound requested just now is played once the context starts.
  await vi.waitFor(() => expect(begun).toHaveLength(1), 60_000);
});
