import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { FaceUse } from '../../electron/contract/methods.ts';
import { currentLanguage, setLanguage, setTimeZone } from '../shared/i18n.ts';
import { createArrivals } from './arrivals.ts';
import type { MayGoDark } from './awake.ts';
import { openCamera, picturesOf } from './camera.ts';
import { type Carrier, linkCore } from './core-link.ts';
import { createDisplay } from './display.ts';
import { followFace } from './exposure.ts';
import { createFillLight, lightScreen } from './fill-light.ts';
import { fingerprintOf, watchForInjection } from './injection.ts';
import { createResults } from './results.ts';
import type { Route } from './route.ts';
import { startScreenReports } from './screen-report.ts';
import { createSounds } from './sounds.ts';
import { openFaceDetector } from './vision/face-detector.ts';
import { PASSER_BY } from './vision/guide.ts';
import type { Detection } from './vision/messages.ts';
import { type Claim, createVisits } from './visits.ts';
import { listenToWedge } from './wedge.ts';

export type Kiosk = ReturnType<typeof createKiosk>;

/** A typed number or shown code is valid for so long without a face; it is not left for the next person. */
const CLAIM_MS = 20_000;
/** So long without a face, and the camera's exposure may be tried, ms. */
const NOBODY_MS = 20_000;

export interface KioskOptions {
  readonly carrier: Carrier;
  readonly devices: MediaDevices | undefined;
  /** Why the screen may go dark; it stays on without it. */
  readonly mayGoDark?: ReadonlySignal<MayGoDark>;
  /** Another detection worker than the product's, for the bench. */
  readonly worker?: () => Worker;
}

/** Puts link, camera, eyes and visits together. */
export function createKiosk({ carrier, devices, worker, mayGoDark = signal<MayGoDark>(null) }: KioskOptions) {
  const link = linkCore(carrier);
  const sounds = createSounds();
  const display = createDisplay(document.documentElement);
  let lastFaceAt = 0;
  const injection = watchForInjection(() => performance.now() - lastFaceAt > NOBODY_MS);
  const camera = openCamera(
    devices,
    computed(() => link.status.value?.camera ?? null),
    (track) => picturesOf(track, async (picture) => injection.see(await fingerprintOf(picture, performance.now()))),
  );
  const exposure = signal<ReturnType<typeof followFace> | null>(null);
  /** Staff is checking how the camera is mounted. */
  const checking = signal(false);
  const route = signal<Route>({ at: 'checkin' });
  const detectorTrouble = signal<string | null>(null);
  const listeners = new Set<(s: Detection) => void>();
  const claim = signal<Claim | null>(null);
  const resting = signal(false);
  /** Also off if the core could recognise faces but detection here can't. */
  const usable = computed<FaceUse['use']>(() =>
    detectorTrouble.value === null ? (link.status.value?.face.use ?? 'off') : 'off',
  );
  const recognises = computed(() => usable.value !== 'off');
  const face = computed<FaceUse['use']>(() =>
    link.status.value?.checkinMethods.includes('face') ? usable.value : 'off',
  );
  /** No camera is requested that is not used. */
  const wanted = computed(() => {
    const { at } = route.value;
    const setup = link.status.value?.setup;
    if (setup) return setup.at === 'code';
    if (checking.value) return true;
    if (face.value !== 'off' || at === 'qr' || at === 'badge') return true;
    return recognises.value && (claim.value !== null || at === 'staff');
  });
  let claimTimer: ReturnType<typeof setTimeout> | undefined;

  const detector = openFaceDetector(
    (s) => {
      for (const listener of listeners) listener(s);
    },
    (message) => (detectorTrouble.value = message),
    worker,
  );
  const visits = createVisits({
    core: link.core,
    sample: (crop) => detector.sample(crop),
    allowed: () =>
      link.state.peek().kind === 'up' &&
      !link.status.peek()?.setup &&
      (route.peek().at === 'checkin' || route.peek().at === 'result') &&
      (face.peek() === 'alone' || (recognises.peek() && claim.peek() !== null)),
    claim: () => claim.peek(),
    answer: (answer) => {
      if (answer.kind === 'welcome') return results.welcomed(answer.receipt);
      sounds.play('other');
      go({ at: 'other-method', reason: answer.reason, code: answer.code });
    },
    begun: () => results.forget(),
    probed: () => {
      detector.metrics.probes++;
    },
  });
  const results = createResults({
    core: link.core,
    sounds,
    undoMs: () => link.hello.peek()?.undoMs ?? 0,
    go,
    home,
    settle: () => visits.settle('recorded'),
  });
  const arrivals = createArrivals({
    core: link.core,
    welcomed: (receipt) => {
      // Staff's work is not swept away by someone at the reader: their record is made, and they hear it.
      if (route.peek().at === 'staff') sounds.play(receipt.repeated ? 'again' : receipt.direction);
      else results.welcomed(receipt);
    },
    faceOf: (token) => {
      if (route.peek().at === 'staff') return sounds.play('refused');
      if (!recognises.peek()) return refuse('face-needed');
      sounds.play('next');
      faceOf({ claim: token });
    },
    refuse: ({ code, seconds }) => refuse(code, seconds),
  });
  link.onArrival((arrival) => arrivals.pushed(arrival));
  listenToWedge(
    document,
    () => link.state.peek().kind === 'up' && route.peek().at !== 'staff',
    (text) => {
      // A hand scanner reads the console's code as well as the camera does.
      const setup = link.status.peek()?.setup;
      if (!setup) void arrivals.typed(text);
      else if (setup.at === 'code')
        link.core.setupJoin({ code: text, language: currentLanguage() }).catch(() => undefined);
    },
  );

  const judged = (): boolean => visits.stage.peek().challenge !== null || visits.light.peek() !== null;
  const fill = createFillLight(lightScreen, judged);
  listeners.add((s) => {
    if (s.faces.length > 0) lastFaceAt = s.at;
    // Someone comes: who only walks past in the distance wakes nothing.
    if (resting.peek() && s.faces.some(({ box }) => box[3] > s.height * PASSER_BY)) resting.value = false;
    detector.pace(paceOf(route.peek().at, s.at - lastFaceAt));
    exposure.peek()?.seen(s);
    fill.seen(s);
    visits.seen(s);
  });

  const reports = startScreenReports({
    core: link.core,
    generation: link.generation,
    camera: camera.state,
    detectorTrouble,
    covered: computed(() => visits.stage.value.reason === 'covered'),
    mayGoDark,
    doubt: injection.doubt,
    frames: () => detector.metrics.frames,
  });
  effect(() => {
    if (wanted.value) camera.start();
    else camera.stop();
  });
  effect(() => {
    const state = camera.state.value;
    visits.restart();
    exposure.value = state.kind === 'live' ? followFace(state.track, judged) : null;
    injection.follow(state.kind === 'live' ? state.track : null);
    if (state.kind === 'live') detector.watch(state.track);
  });
  effect(() => {
    const zone = link.status.value?.settings.timeZone;
    if (zone) setTimeZone(zone);
  });
  let language: string | null = null;
  effect(() => {
    const usual = link.status.value?.settings.language;
    if (!usual || usual === language) return;
    // A person who has chosen another one keeps it until they leave.
    if (language === null || route.peek().at === 'checkin') void setLanguage(usual);
    language = usual;
  });
  effect(() => {
    const { volume, low } = link.status.value?.settings ?? { volume: 100, low: false };
    sounds.volume.value = volume;
    display.usuallyLow.value = low;
  });
  const watched = computed(() => link.state.value.kind === 'up' && link.status.value?.watched === true);
  effect(() => {
    if (!watched.value) return;
    let on = true;
    void import('./mirror.ts').then(({ mirrorScreen }) => mirrorScreen(link.core, () => on, document));
    return () => {
      on = false;
    };
  });
  // Whatever was under way belonged to the core that is gone.
  effect(() => {
    if (link.generation.value > 1) {
      visits.restart();
      results.forget();
      go({ at: 'checkin' });
    }
  });
  // Back by the keyboard, from wherever a guest is; staff's room has its own ways out.
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    const { at } = route.peek();
    if (at !== 'checkin' && at !== 'result' && at !== 'staff') home();
  });
  // Any sign of life.
  for (const sign of ['pointerdown', 'keydown', 'focusin'] as const)
    document.addEventListener(sign, () => (resting.value = false), { capture: true, passive: true });
  for (const touch of ['pointerdown', 'keydown', 'input', 'wheel'] as const)
    document.addEventListener(touch, reports.touched, { capture: true, passive: true });

  /** Says why a code or badge did not do: on its own screen, or with the other methods. */
  function refuse(code: string, seconds: number | null = null): void {
    sounds.play('refused');
    const { at } = route.peek();
    if (at !== 'qr' && at !== 'badge' && at !== 'staff') go({ at: 'other-method', reason: 'refused', code, seconds });
  }

  function go(next: Route): void {
    results.hold();
    // The person who uses a check-in method now may not be the one who was just checked in.
    if (BEGIN_A_VISIT.includes(next.at)) results.forget();
    unclaim();
    arrivals.clear();
    resting.value = false;
    route.value = next;
  }

  /** Back to the camera. `leave`: the face that is there now has been dealt with, without a record; or it counts again. */
  function home(leave?: 'settled' | 'again'): void {
    if (leave === 'settled') visits.settle('unrecorded');
    // After staff's work the face that is there counts again, answered or not: they may have just been enrolled, or deleted.
    if (leave === 'again' || route.peek().at === 'staff') visits.restart();
    // A guest's language goes with the guest.
    if (route.peek().at !== 'checkin') usualLanguage();
    go({ at: 'checkin' });
  }

  function usualLanguage(): void {
    const usual = link.status.peek()?.settings.language;
    if (usual) void setLanguage(usual);
  }

  /** Looks for the face of this person, for a short while. */
  function faceOf(who: Claim): void {
    visits.restart();
    go({ at: 'checkin' });
    claim.value = who;
    const expire = (): void => {
      // A visit under way is not interrupted.
      if (visits.stage.peek().present) claimTimer = setTimeout(expire, CLAIM_MS / 4);
      else unclaim();
    };
    claimTimer = setTimeout(expire, CLAIM_MS);
  }

  function unclaim(): void {
    clearTimeout(claimTimer);
    claim.value = null;
  }

  return {
    link,
    core: link.core,
    camera,
    /** What the camera lets be done about its exposure; null while there is none. */
    exposure: computed(() => exposure.value?.state.value ?? null),
    checking,
    visits,
    sounds,
    display,
    arrivals,
    detector,
    /** What this kiosk was set to show: by hour and system where it is `auto`. */
    theme: computed(() => link.status.value?.settings.theme ?? 'auto'),
    route: route as ReadonlySignal<Route>,
    /** Why detection can't run; null while it can. */
    detectorTrouble: detectorTrouble as ReadonlySignal<string | null>,
    /** How the face is used to check in: not at all, after a number, or by itself. */
    face,
    /** Whether faces can be compared here at all, if only after a code, or for an enrolment. */
    recognises,
    /** What was typed or shown a moment ago, whose face is awaited. */
    claim: claim as ReadonlySignal<Claim | null>,
    /** Counts how often the face was chosen while the camera was there already: the screen answers each time. */
    called: signal(0),
    watched: watched as ReadonlySignal<boolean>,
    /** No one is here: the first screen shows clock and site. */
    resting: resting as ReadonlySignal<boolean>,
    /** Nobody is here any more: what a guest had changed goes back to what it was. */
    rest(): void {
      usualLanguage();
      display.reset();
      sounds.muted.value = false;
      resting.value = true;
    },
    /** Where enrolment, which asks for pixels itself, listens to frames. @returns how to stop */
    onDetection(listener: (s: Detection) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    go,
    home,
    faceOf,
    recent: results.recent,
    welcomed: results.welcomed,
    notMe: results.notMe,
    takeBack: results.takeBack,
  };
}

/** Screens on which someone begins to check in, or staff to work. */
const BEGIN_A_VISIT: readonly Route['at'][] = ['pin', 'number', 'qr', 'badge', 'staff'];

/** Milliseconds between detections: all that the camera has while someone is there, and a cool machine otherwise. */
function paceOf(at: Route['at'], withoutFace: number): number {
  if (at !== 'checkin' && at !== 'result' && at !== 'staff') return 250;
  return withoutFace > 5_000 ? 90 : 0;
}

export const KioskContext = createContext<Kiosk | null>(null);

export function useKiosk(): Kiosk {
  const kiosk = useContext(KioskContext);
  if (!kiosk) throw new Error('a screen was drawn outside of its kiosk');
  return kiosk;
}
