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

/** How long a typed number or shown code waits for a face, ms. After that it is dropped, so the next person can't use it. */
const CLAIM_MS = 20_000;
/** Time without a face before the camera's exposure may be tried, ms. */
const NOBODY_MS = 20_000;

export interface KioskOptions {
  readonly carrier: Carrier;
  readonly devices: MediaDevices | undefined;
  /** Why the screen may go dark. Without this option it is kept on. */
  readonly mayGoDark?: ReadonlySignal<MayGoDark>;
  /** A detection worker to use instead of the product's, for the bench. */
  readonly worker?: () => Worker;
}

/** Connects the link to the core, the camera, face detection and visits. */
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
  /** Whether staff is checking how the camera is mounted. */
  const checking = signal(false);
  const route = signal<Route>({ at: 'checkin' });
  const detectorTrouble = signal<string | null>(null);
  const listeners = new Set<(s: Detection) => void>();
  const claim = signal<Claim | null>(null);
  const resting = signal(false);
  /** `off` also if the core could recognise faces but detection here can't run. */
  const usable = computed<FaceUse['use']>(() =>
    detectorTrouble.value === null ? (link.status.value?.face.use ?? 'off') : 'off',
  );
  const recognises = computed(() => usable.value !== 'off');
  const face = computed<FaceUse['use']>(() =>
    link.status.value?.checkinMethods.includes('face') ? usable.value : 'off',
  );
  /** Whether any screen uses the camera. It is not requested otherwise. */
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
      // A check-in at the reader doesn't interrupt staff: it is recorded and a sound is played.
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
      // A hand scanner can read the console's set-up code too, like the camera.
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
    // Someone is coming. A face too small to be near, of someone walking past, doesn't wake the screen.
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
    // Someone who has chosen another language keeps it until they leave.
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
  // Visits and results belonged to the previous connection to the core.
  effect(() => {
    if (link.generation.value > 1) {
      visits.restart();
      results.forget();
      go({ at: 'checkin' });
    }
  });
  // Escape leads back to the camera from any screen for guests. Staff's screens handle it themselves.
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    const { at } = route.peek();
    if (at !== 'checkin' && at !== 'result' && at !== 'staff') home();
  });
  // Any input wakes the screen.
  for (const sign of ['pointerdown', 'keydown', 'focusin'] as const)
    document.addEventListener(sign, () => (resting.value = false), { capture: true, passive: true });
  for (const touch of ['pointerdown', 'keydown', 'input', 'wheel'] as const)
    document.addEventListener(touch, reports.touched, { capture: true, passive: true });

  /** Reports why a code or badge was refused: on its own screen, or else with the other methods. */
  function refuse(code: string, seconds: number | null = null): void {
    sounds.play('refused');
    const { at } = route.peek();
    if (at !== 'qr' && at !== 'badge' && at !== 'staff') go({ at: 'other-method', reason: 'refused', code, seconds });
  }

  function go(next: Route): void {
    results.hold();
    // The person who now uses a check-in method may not be the one who was just checked in.
    if (BEGIN_A_VISIT.includes(next.at)) results.forget();
    unclaim();
    arrivals.clear();
    resting.value = false;
    route.value = next;
  }

  /** Returns to the camera. `settled`: ignore the face in view, without a record. `again`: treat it as a new face. */
  function home(leave?: 'settled' | 'again'): void {
    if (leave === 'settled') visits.settle('unrecorded');
    // After staff's work the face in view is looked at again even if answered: the person may just have been enrolled or deleted.
    if (leave === 'again' || route.peek().at === 'staff') visits.restart();
    // A guest's language is reset when they leave.
    if (route.peek().at !== 'checkin') usualLanguage();
    go({ at: 'checkin' });
  }

  function usualLanguage(): void {
    const usual = link.status.peek()?.settings.language;
    if (usual) void setLanguage(usual);
  }

  /** Waits for this person's face for a short while. */
  function faceOf(who: Claim): void {
    visits.restart();
    go({ at: 'checkin' });
    claim.value = who;
    const expire = (): void => {
      // Don't interrupt a visit under way.
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
    /** Exposure controls of the camera and their state; null while there is no camera. */
    exposure: computed(() => exposure.value?.state.value ?? null),
    checking,
    visits,
    sounds,
    display,
    arrivals,
    detector,
    /** The theme set for this kiosk. `auto` follows the hour and the system. */
    theme: computed(() => link.status.value?.settings.theme ?? 'auto'),
    route: route as ReadonlySignal<Route>,
    /** Why detection can't run; null while it can. */
    detectorTrouble: detectorTrouble as ReadonlySignal<string | null>,
    /** How the face is used to check in: not at all, after a number, or on its own. */
    face,
    /** Whether faces can be compared here at all, even if only after a code or for an enrolment. */
    recognises,
    /** The number or code that was just given, while we wait for that person's face. */
    claim: claim as ReadonlySignal<Claim | null>,
    /** Counts how often the face was chosen while the camera was already shown, so that the screen responds each time. */
    called: signal(0),
    watched: watched as ReadonlySignal<boolean>,
    /** Nobody is here: the first screen shows clock and site. */
    resting: resting as ReadonlySignal<boolean>,
    /** Called when nobody is here any more: resets what a guest had changed. */
    rest(): void {
      usualLanguage();
      display.reset();
      sounds.muted.value = false;
      resting.value = true;
    },
    /** Subscribes to detections. For enrolment, which requests pixels itself. @returns a function that unsubscribes */
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

/** Screens on which someone starts a check-in, or staff their work. */
const BEGIN_A_VISIT: readonly Route['at'][] = ['pin', 'number', 'qr', 'badge', 'staff'];

/** Milliseconds between detections: as fast as the camera while someone is here, slower otherwise to keep the machine cool. */
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
