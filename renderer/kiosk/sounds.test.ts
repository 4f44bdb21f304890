import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { createSounds } from './sounds.ts';

/* Sounds on an audio context that the test holds: one that the browser has not let begin has a clock that stands still. */

let state: AudioContextState;
let begun: number[];
/** Lets the context begin, as a touch does. */
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

test('what may not be heard yet is not heard later: a morning’s check-ins do not all sound at the first touch', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const sounds = createSounds();
  state = 'suspended';
  for (let i = 0; i < 50; i++) sounds.play('in');
  vi.advanceTimersByTime(3_600_000);
  sounds.play('next');
  touched.resolve();
  await touched.promise;
  // Of what was asked for just now, as the first sound of a context that begins.
  await vi.waitFor(() => expect(begun).toHaveLength(1), 60_000);
});
