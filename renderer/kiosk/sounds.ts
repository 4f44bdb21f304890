import { signal } from '@preact/signals';

/** A short sound that says the same as colour, icon and text. Synthesised: no file to load, nothing to license. */
export type Sound = 'in' | 'out' | 'again' | 'other' | 'refused' | 'next' | 'tick';

/** Notes in Hz, with start and length in s. In rises, out falls, refused falls lower, the rest stays level. */
const TUNES: Record<Sound, readonly (readonly [hz: number, at: number, length: number])[]> = {
  in: [
    [523.25, 0, 0.16],
    [783.99, 0.12, 0.34],
  ],
  out: [
    [783.99, 0, 0.16],
    [523.25, 0.12, 0.34],
  ],
  again: [
    [587.33, 0, 0.14],
    [587.33, 0.18, 0.2],
  ],
  other: [[329.63, 0, 0.3]],
  refused: [
    [233.08, 0, 0.18],
    [174.61, 0.2, 0.34],
  ],
  next: [[698.46, 0, 0.14]],
  tick: [[880, 0, 0.08]],
};
const LOUDNESS = 0.16;
/** A sound that would come later than this no longer matches what happened, ms. */
const LATE_MS = 500;

export type Sounds = ReturnType<typeof createSounds>;

/** Plays sounds. Does nothing if the browser has no audio or does not allow it yet. */
export function createSounds() {
  const muted = signal(false);
  /** Percent of the usual volume. */
  const volume = signal(100);
  let context: AudioContext | null = null;
  return {
    muted,
    volume,
    play(sound: Sound): void {
      const loudness = (LOUDNESS * volume.peek()) / 100;
      if (muted.peek() || loudness === 0 || typeof AudioContext === 'undefined') return;
      context ??= new AudioContext();
      const on = context;
      if (on.state === 'running') {
        playNotes(on, TUNES[sound], loudness);
        return;
      }
      // Some browsers wait for the first touch. Sounds from before it are dropped rather than played all at once.
      const asked = performance.now();
      const soon = (): void => {
        if (performance.now() - asked < LATE_MS) playNotes(on, TUNES[sound], loudness);
      };
      on.resume().then(soon, () => undefined);
    },
  };
}

function playNotes(context: AudioContext, notes: (typeof TUNES)[Sound], loudness: number): void {
  const from = context.currentTime;
  for (const [hz, at, length] of notes) {
    const tone = new OscillatorNode(context, { type: 'sine', frequency: hz });
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0, from + at);
    gain.gain.linearRampToValueAtTime(loudness, from + at + 0.015);
    gain.gain.exponentialRampToValueAtTime(0.0001, from + at + length);
    tone.connect(gain).connect(context.destination);
    tone.start(from + at);
    tone.stop(from + at + length + 0.02);
  }
}
