import type { Detection } from './vision/messages.ts';

/** A face's luma below which the screen helps out. */
const DARK = 70;
/** Dark for so long, and the screen lights up: who walks past a shadow sees no change. ms */
const PATIENCE_MS = 700;
/** Without a face for so long, and it is as it was: far longer than a face is missed for a moment. ms */
const GONE_MS = 5_000;

/**
 * The screen as a lamp: while a dark face is in front of it, it is white. It stays so until the face has gone, however bright
 * the face is by then, so that it can't flicker.
 *
 * @param light called with whether the screen is to be a lamp
 * @param judged a face is judged by how it moves or by the light that it throws back: nothing changes meanwhile
 */
export function createFillLight(light: (on: boolean) => void, judged: () => boolean) {
  let on = false;
  let darkSince: number | null = null;
  let faceAt = -Infinity;
  const set = (next: boolean): void => {
    on = next;
    light(next);
  };
  return {
    seen({ at, faces, sample }: Pick<Detection, 'at' | 'faces' | 'sample'>): void {
      if (judged()) return;
      if (faces.length > 0) faceAt = at;
      else if (at - faceAt >= GONE_MS) {
        darkSince = null;
        if (on) set(false);
      }
      if (!sample?.face) return;
      if (sample.face.brightness >= DARK) darkSince = null;
      else darkSince ??= at;
      if (!on && darkSince !== null && at - darkSince >= PATIENCE_MS) set(true);
    },
  };
}

/** Lights the page, or puts it out, slowly (style/display.css): it must not be a flash, least of all to people who asked for calm. */
export function lightScreen(on: boolean): void {
  const apply = (): void => {
    document.documentElement.dataset.fill = on ? 'on' : 'off';
  };
  // Skipped, as on a hidden page, it is only not slow.
  if (document.startViewTransition) document.startViewTransition(apply).ready.catch(() => undefined);
  else apply();
}
