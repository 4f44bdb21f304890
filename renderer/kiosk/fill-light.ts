import type { Detection } from './vision/messages.ts';

/** The screen lights a face with a luma below this. */
const DARK = 70;
/** How long the face must be dark before the screen lights up, ms. Someone passing through a shadow sees no change. */
const PATIENCE_MS = 700;
/** Time without a face before the light goes off, ms: much longer than detection loses a face for a moment. */
const GONE_MS = 5_000;

/**
 * Uses the screen as a lamp: it turns white while a dark face is in front of it, and stays white until the face has left,
 * however bright the face is by then. So it can't flicker.
 *
 * @param light called with true to light the screen, false to stop
 * @param judged whether liveness is being judged by movement or reflected light; nothing changes meanwhile
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

/** Switches the page's light on or off slowly (style/display.css). It must not flash, least of all with reduced motion. */
export function lightScreen(on: boolean): void {
  const apply = (): void => {
    document.documentElement.dataset.fill = on ? 'on' : 'off';
  };
  // If the transition is skipped, as on a hidden page, the change is immediate.
  if (document.startViewTransition) document.startViewTransition(apply).ready.catch(() => undefined);
  else apply();
}
