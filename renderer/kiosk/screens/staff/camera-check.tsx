import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { numberOf, ONE_DIGIT } from '../../../shared/i18n.ts';
import { IconAlert, IconCheck } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { CameraTroubleCard, troubleOf } from '../../parts/camera-trouble.tsx';
import { Fact, FactCard } from '../../parts/fact-card.tsx';
import { LiveVideo } from '../../parts/stage.tsx';
import type { FoundFace } from '../../vision/messages.ts';
import {
  MOUNTED,
  type Mounting,
  type MountingNumbers,
  middleOf,
  mountingOf,
  numbersOf,
} from '../../vision/mounting.ts';
import { usePolled } from './polled.ts';
import { useAction, useStaff } from './session.ts';

/** Time between two measurements of light, ms. Only the last few are kept, in this component. */
const SAMPLE_MS = 250;
/** Number of frames that findings are based on. */
const FRAMES = 7;
/** Time between two checks of which cameras are connected, ms. */
const NAMES_MS = 2_000;

interface Seen {
  readonly width: number;
  readonly height: number;
  readonly faces: readonly FoundFace[];
  /** Null unless exactly one person is in view. */
  readonly numbers: MountingNumbers | null;
}

/** The camera's name, mounting and light: a live picture with the problems drawn over it. */
export function CameraCheck() {
  const { camera, detector, onDetection, checking } = useKiosk();
  const seen = useSignal<Seen | null>(null);
  useEffect(() => {
    checking.value = true;
    let last: MountingNumbers[] = [];
    let askedAt = -Infinity;
    const off = onDetection((s) => {
      if (s.at - askedAt >= SAMPLE_MS) {
        askedAt = s.at;
        detector.sample(false);
      }
      if (!s.sample) return;
      const now = numbersOf(s, s.sample);
      last = now ? [...last, now].slice(-FRAMES) : [];
      seen.value = { width: s.width, height: s.height, faces: s.faces, numbers: middleOf(last) };
    });
    return () => {
      off();
      checking.value = false;
    };
  }, [checking, detector, onDetection]);
  const now = seen.value;
  const mounting = now?.numbers ? mountingOf(now.numbers) : null;
  const trouble = troubleOf(camera.state.value, null);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section class="scrolls camera-check" tabIndex={0} aria-label={t('mounting.title')}>
      {trouble ? <CameraTroubleCard {...trouble} /> : <Picture seen={now} mounting={mounting} />}
      <div class="camera-check-side">
        <Findings seen={now} mounting={mounting} />
        <Choice />
        <FactCard title={t('mounting.light')}>
          <ExposureFacts />
          {now?.numbers && <Fact name="mounting.faceLight">{Math.round(now.numbers.face)}</Fact>}
          {now?.numbers && now.numbers.behind !== null && (
            <Fact name="mounting.behindLight">{Math.round(now.numbers.behind)}</Fact>
          )}
        </FactCard>
        <p class="hint">{t('mounting.kept')}</p>
      </div>
    </section>
  );
}

const part = (share: number): string => `${(share * 100).toFixed(2)}%`;

/** The camera's whole picture, mirrored. */
function Picture({ seen, mounting }: { seen: Seen | null; mounting: Mounting | null }) {
  const { width, height } = seen ?? { width: 16, height: 9 };
  const face = seen?.faces.length === 1 ? seen.faces[0] : undefined;
  return (
    <div
      class="mounting-picture"
      style={{ aspectRatio: `${width} / ${height}` }}
      data-light={mounting?.light}
      dir="ltr"
    >
      <LiveVideo />
      <div class="mounting-overlay" aria-hidden="true">
        <span
          class="mounting-eyes"
          data-wrong={mounting?.height ?? undefined}
          style={{ top: part(MOUNTED.eyes.from), height: part(MOUNTED.eyes.to - MOUNTED.eyes.from) }}
        />
        {face && (
          <span
            class="mounting-face"
            data-wrong={mounting?.distance ?? mounting?.light ?? undefined}
            style={{
              left: part(face.box[0] / width),
              top: part(face.box[1] / height),
              width: part(face.box[2] / width),
              height: part(face.box[3] / height),
            }}
          />
        )}
      </div>
    </div>
  );
}

/** One sentence each about light, height and distance. */
function Findings({ seen, mounting }: { seen: Seen | null; mounting: Mounting | null }) {
  if (!mounting)
    return (
      <p class="lead" role="status">
        {t(seen && seen.faces.length > 1 ? 'guide.several-faces' : 'mounting.stand')}
      </p>
    );
  const findings = [
    { of: 'light', wrong: mounting.light, says: t(`mounting.says.light.${mounting.light ?? 'good'}`) },
    { of: 'height', wrong: mounting.height, says: t(`mounting.says.height.${mounting.height ?? 'good'}`) },
    { of: 'distance', wrong: mounting.distance, says: t(`mounting.says.distance.${mounting.distance ?? 'good'}`) },
  ];
  return (
    <div role="status">
      <ul class="mounting-findings">
        {findings.map(({ of, wrong, says }) => (
          <li key={of} class={wrong ? 'tone-warn' : 'tone-good'} data-finding={of} data-wrong={wrong ?? undefined}>
            {wrong ? <IconAlert /> : <IconCheck />}
            <p>{says}</p>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Choice() {
  const { camera, link } = useKiosk();
  const { core, unlocked } = useStaff();
  const { value: names } = usePolled(() => camera.names(), NAMES_MS);
  const { busy, error, run } = useAction();
  const chosen = link.status.value?.camera ?? null;
  const state = camera.state.value;
  const missing = chosen !== null && names !== null && !names.includes(chosen);
  if (!unlocked.value?.may.includes('cameraChoose') || !names || (names.length < 2 && chosen === null)) return null;
  const options: (string | null)[] = [null, ...names, ...(missing ? [chosen] : [])];
  return (
    <fieldset class="card camera-choice">
      <legend>{t('mounting.choose')}</legend>
      {options.map((name) => (
        <label key={name ?? ''}>
          <input
            type="radio"
            name="camera"
            checked={name === chosen}
            disabled={busy.value}
            onChange={() => void run(() => core.cameraChoose({ camera: name }))}
          />
          <span>
            {name === null ? t('mounting.any') : <bdi>{name}</bdi>}
            {missing && name === chosen && <span class="camera-choice-missing">{t('mounting.missing')}</span>}
          </span>
        </label>
      ))}
      {state.kind === 'live' && (
        <p class="hint" role="status">
          {t(state.instead ? 'mounting.usesInstead' : 'mounting.uses', { name: `\u2068${state.track.label}\u2069` })}
        </p>
      )}
      {error.value && (
        <p class="form-error" role="alert">
          {error.value}
        </p>
      )}
    </fieldset>
  );
}

/** The camera's exposure controls and their current settings. */
export function ExposureFacts() {
  const exposure = useKiosk().exposure.value;
  if (!exposure) return null;
  const { offers, mode, compensation, atFace, refused } = exposure;
  const taken =
    offers.length === 0
      ? t('mounting.fixed')
      : refused !== null
        ? refused === 'ignored'
          ? t('mounting.ignored')
          : t('mounting.refused', { why: refused })
        : t(atFace ? 'mounting.atFace' : mode === 'continuous' ? 'mounting.auto' : 'mounting.waits');
  return (
    <>
      <Fact name="mounting.exposure" mark={refused !== null ? 'warn' : undefined}>
        {taken}
      </Fact>
      {offers.includes('compensation') && compensation !== null && (
        <Fact name="mounting.compensation">
          <bdi dir="ltr">{`${compensation > 0 ? '+' : compensation < 0 ? '−' : ''}${numberOf(Math.abs(compensation), ONE_DIGIT)} EV`}</bdi>
        </Fact>
      )}
    </>
  );
}
