import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { CoreClient, FaceUse, Receipt } from '../../electron/contract/methods.ts';
import { currentLanguage, setLanguage } from '../shared/i18n.ts';
import { type Camera, openCamera } from './camera.ts';
import { type Carrier, type CoreLink, linkCore } from './core-link.ts';
import { createDisplay, type Display } from './display.ts';
import { createSounds, type Sounds } from './sounds.ts';
import { type Eyes, openEyes } from './vision/eyes.ts';
import type { Sighting } from './vision/messages.ts';
import { createVisits, type OtherWayReason, type Visits } from './visits.ts';

export type Route =
  | { at: 'checkin' }
  | { at: 'result'; receipt: Receipt }
  | { at: 'voided'; outcome: 'done' | 'late' | 'failed' }
  | { at: 'other-way'; reason: OtherWayReason; code: string | null }
  | { at: 'pin' }
  | { at: 'number' }
  | { at: 'privacy' }
  | { at: 'staff' };

/** A check-in that can still be taken back. */
export interface Recent {
  readonly receipt: Receipt;
  /** `performance.now()` until which the core takes the undo. */
  readonly until: number;
}

/** Everything the screens share. */
export interface Kiosk {
  readonly link: CoreLink;
  readonly core: CoreClient;
  readonly camera: Camera;
  readonly visits: Visits;
  readonly sounds: Sounds;
  readonly display: Display;
  readonly route: ReadonlySignal<Route>;
  readonly recent: ReadonlySignal<Recent | null>;
  /** Why detection can't run; null while it can. */
  readonly detectorTrouble: ReadonlySignal<string | null>;
  /** How the face is used: not at all, after a number, or by itself. */
  readonly face: ReadonlySignal<FaceUse['use']>;
  /** The number whose face is looked for, typed a moment ago. */
  readonly claim: ReadonlySignal<string | null>;
  /** Asks the eyes for pixels; enrolment drives them itself. */
  readonly look: (crop: boolean) => void;
  /** Where enrolment listens to frames. */
  readonly onSighting: (listener: (s: Sighting) => void) => () => void;
  go(next: Route): void;
  /** Back to the camera. `leave`: the face that is there now has been dealt with. */
  home(leave?: 'settled' | 'anew'): void;
  welcomed(receipt: Receipt): void;
  /** Looks for the face of this number, for a short while. */
  faceOf(number: string): void;
  notMe(receipt: Receipt): Promise<void>;
}

/** A number that was typed counts for so long without a face; it is not left for the next one who comes by. */
export const CLAIM_MS = 20_000;
/** How long a result has the whole screen. */
export const RESULT_MS = 2_000;

export interface KioskOptions {
  readonly carrier: Carrier;
  readonly devices: MediaDevices | undefined;
  /** Another detection worker than the product's, for the bench. */
  readonly worker?: () => Worker;
}

/** Puts link, camera, eyes and visits together. */
export function createKiosk({ carrier, devices, worker }: KioskOptions): Kiosk & { eyes: Eyes } {
  const link = linkCore(carrier);
  const sounds = createSounds();
  const display = createDisplay(document.documentElement);
  const camera = openCamera(devices);
  const route = signal<Route>({ at: 'checkin' });
  const recent = signal<Recent | null>(null);
  const detectorTrouble = signal<string | null>(null);
  const listeners = new Set<(s: Sighting) => void>();
  const claim = signal<string | null>(null);
  /** Off as well when the core could, and detection here can't. */
  const face = computed<FaceUse['use']>(() => {
    const use = link.status.value?.face.use ?? 'off';
    return detectorTrouble.value === null ? use : 'off';
  });
  let claimTimer: ReturnType<typeof setTimeout> | undefined;
  let recentTimer: ReturnType<typeof setTimeout> | undefined;
  let resultTimer: ReturnType<typeof setTimeout> | undefined;

  const eyes = openEyes(
    (s) => {
      for (const listener of listeners) listener(s);
    },
    (message) => {
      detectorTrouble.value = message;
    },
    worker,
  );
  const visits = createVisits({
    core: link.core,
    look: (crop) => eyes.look(crop),
    allowed: () =>
      link.state.peek().kind === 'up' &&
      (route.peek().at === 'checkin' || route.peek().at === 'result') &&
      (face.peek() === 'alone' || (face.peek() === 'with-number' && claim.peek() !== null)),
    number: () => claim.peek(),
    answer: (answer) => {
      if (answer.kind === 'welcome') return welcomed(answer.receipt);
      sounds.play('other');
      go({ at: 'other-way', reason: answer.reason, code: answer.code });
    },
    probed: () => {
      eyes.metrics.probes++;
    },
  });
  let lastFaceAt = 0;
  listeners.add((s) => {
    if (s.faces.length > 0) lastFaceAt = s.at;
    eyes.pace(paceOf(route.peek().at, s.at - lastFaceAt));
    visits.seen(s);
  });

  effect(() => {
    // Not before the core has said that it takes faces: nobody is asked for a camera that is not used.
    if (face.value === 'off') camera.stop();
    else camera.start();
  });
  effect(() => {
    const state = camera.state.value;
    visits.restart();
    if (state.kind === 'live') eyes.watch(state.track);
  });
  let language: string | null = null;
  effect(() => {
    const hello = link.hello.value;
    if (hello && language === null) {
      language = hello.defaultLanguage;
      setLanguage(language);
    }
  });
  // Whatever was under way belonged to the core that is gone.
  effect(() => {
    if (link.generation.value > 1) {
      visits.restart();
      clearRecent();
      go({ at: 'checkin' });
    }
  });

  function go(next: Route): void {
    clearTimeout(resultTimer);
    unclaim();
    route.value = next;
  }

  function home(leave?: 'settled' | 'anew'): void {
    if (leave === 'settled') visits.settle();
    if (leave === 'anew') visits.restart();
    // A guest's language goes with the guest.
    const usual = link.hello.peek()?.defaultLanguage;
    if (usual && usual !== currentLanguage() && route.peek().at !== 'checkin') setLanguage(usual);
    go({ at: 'checkin' });
  }

  function faceOf(number: string): void {
    visits.restart();
    go({ at: 'checkin' });
    claim.value = number;
    const expire = (): void => {
      // Whoever is being looked at is not interrupted.
      if (visits.stage.peek().present) claimTimer = setTimeout(expire, CLAIM_MS / 4);
      else unclaim();
    };
    claimTimer = setTimeout(expire, CLAIM_MS);
  }

  function unclaim(): void {
    clearTimeout(claimTimer);
    claim.value = null;
  }

  function clearRecent(): void {
    clearTimeout(recentTimer);
    recent.value = null;
  }

  function welcomed(receipt: Receipt): void {
    clearRecent();
    const undoMs = link.hello.peek()?.undoMs ?? 0;
    if (!receipt.repeated && undoMs > 0) {
      recent.value = { receipt, until: performance.now() + undoMs };
      recentTimer = setTimeout(clearRecent, undoMs);
    }
    sounds.play(receipt.repeated ? 'again' : receipt.direction);
    go({ at: 'result', receipt });
    // After a face the visit has its answer already; after a PIN the face that is still there must be left alone.
    const leave = receipt.method === 'number+pin' ? 'settled' : undefined;
    resultTimer = setTimeout(() => home(leave), RESULT_MS);
  }

  async function notMe(receipt: Receipt): Promise<void> {
    clearRecent();
    // A repeated look made no record, and the one before it was another's: there is nothing to take back.
    if (receipt.repeated) return go({ at: 'other-way', reason: 'not-me', code: null });
    clearTimeout(resultTimer);
    try {
      await link.core.voidCheckin({ checkin: receipt.checkin, undo: receipt.undo, reason: 'not-me' });
      go({ at: 'voided', outcome: 'done' });
    } catch (error) {
      const code = (error as { code?: string }).code;
      go({ at: 'voided', outcome: code === 'undo-expired' ? 'late' : 'failed' });
    }
  }

  return {
    link,
    core: link.core,
    camera,
    visits,
    sounds,
    display,
    route,
    recent,
    detectorTrouble,
    face,
    claim,
    look: (crop) => eyes.look(crop),
    onSighting: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    eyes,
    go,
    home,
    welcomed,
    faceOf,
    notMe,
  };
}

/** Milliseconds between detections: all that the camera has while somebody is there, and a cool machine otherwise. */
function paceOf(at: Route['at'], withoutFace: number): number {
  if (at !== 'checkin' && at !== 'result' && at !== 'staff') return 250;
  return withoutFace > 5_000 ? 90 : 0;
}

export const KioskContext = createContext<Kiosk | null>(null);

/** The kiosk of the screen that asks. */
export function useKiosk(): Kiosk {
  const kiosk = useContext(KioskContext);
  if (!kiosk) throw new Error('a screen was drawn outside of its kiosk');
  return kiosk;
}
