import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Button } from '../../shared/button.tsx';
import { dayOf, directionOf, isPresent, timeOfDay } from '../../shared/i18n.ts';
import { IconInfo, IconLeft } from '../../shared/icons.tsx';
import { greetingLanguage, keyOr, t, tIn } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { CameraTroubleCard, troubleOf } from '../parts/camera-trouble.tsx';
import { CheckinMethods } from '../parts/check-in-methods.tsx';
import { useMinute } from '../parts/frame.tsx';
import { useIdle } from '../parts/idle.tsx';
import { Stage } from '../parts/stage.tsx';
import type { StageView } from '../visits.ts';

/** Time without a touch or a face after which the guest counts as gone. */
const GONE_MS = 30_000;
/** How long the sentence is emphasised after the face was chosen. */
const CALLED_MS = 4_000;

/** The first screen: look at the camera, or use another check-in method. At rest it shows clock and site instead. */
export function CheckinScreen() {
  const { camera, visits, face, recognises, claim, rest, resting, recent, called } = useKiosk();
  const stage = visits.stage.value;
  const claimed = claim.value !== null;
  const trouble = troubleOf(camera.state.value, stage.reason);
  useIdle(
    GONE_MS,
    () => {
      if (!stage.present && !claimed) rest();
    },
    // Someone came, left, or was greeted: activity that restarts the timer.
    `${stage.present}${claimed}${recent.value === null}`,
  );
  if (face.value === 'off' && !(claimed && recognises.value)) return <WithoutFace />;
  const state = camera.state.value.kind;
  const says: Says = {
    starting: state === 'starting' || state === 'off',
    numberFirst: face.value === 'with-number' && !claimed,
    shown: claim.value !== null && 'claim' in claim.value,
  };
  return (
    <main class="checkin">
      <h1 class="sr-only">{t('stage.title')}</h1>
      <section class="face" aria-label={t('stage.label')}>
        {trouble ? (
          <CameraTroubleCard {...trouble} otherMethods />
        ) : resting.value ? (
          <Attract />
        ) : (
          <>
            <Stage progress={stage.progress} tone={stage.reason === null ? 'good' : 'calm'}>
              {!stage.present && <span class="stage-silhouette" aria-hidden="true" />}
              {stage.challenge && stage.challenge.step !== 'middle' && !stage.challenge.hold && (
                <span class="stage-arrow" data-step={stage.challenge.step} aria-hidden="true">
                  <IconLeft />
                </span>
              )}
            </Stage>
            <Sentence key={called.value} called={called.value > 0} message={sentenceOf(stage, says)} />
          </>
        )}
        <RecentCheckin />
        {visits.light.value === 'follow' && (
          <section class="recent" aria-label={t('light.follow')}>
            <p>{t('light.follow')}</p>
            <Button onClick={visits.withoutLight}>{t('light.without')}</Button>
          </section>
        )}
      </section>
      <CheckinMethods />
    </main>
  );
}

/** Shown without face recognition: only the other methods. Staff can read the reason in the kiosk's state. */
function WithoutFace() {
  const { resting, link } = useKiosk();
  // At a site that has chosen other methods there is nothing to explain.
  const face = link.status.value?.face;
  const loading = face?.use === 'off' && face.code === 'faces-loading';
  const chosen = face?.use !== 'off' && !link.status.value?.checkinMethods.includes('face');
  return (
    <main class="checkin checkin-plain">
      {resting.value ? <Attract /> : <h1 class="checkin-title">{t('stage.title')}</h1>}
      {resting.value && <h1 class="sr-only">{t('stage.title')}</h1>}
      <CheckinMethods />
      {!chosen && (
        <p class="checkin-off" role="status">
          <IconInfo />
          <span>{t(loading ? 'stage.loading' : 'stage.off')}</span>
        </p>
      )}
      <RecentCheckin />
    </main>
  );
}

/** The one sentence under the picture: what to change, or what is happening. */
export function Sentence({
  message: [main, more],
  called = false,
}: {
  message: readonly [main: string, more: string];
  /** The face was just chosen: the sentence is emphasised for some seconds. */
  called?: boolean;
}) {
  const stands = useSignal(called);
  useEffect(() => {
    const timer = setTimeout(() => (stands.value = false), CALLED_MS);
    return () => clearTimeout(timer);
  }, [stands]);
  return (
    <div class="sentence" role="status" data-called={stands.value}>
      <p class="sentence-main">{main}</p>
      <p class="sentence-more">{more}</p>
    </div>
  );
}

interface Says {
  readonly starting: boolean;
  /** A number is needed first, and none was entered. */
  readonly numberFirst: boolean;
  /** A code or badge was shown, and its owner's face comes next. */
  readonly shown: boolean;
}

function sentenceOf(stage: StageView, { starting, numberFirst, shown }: Says): [main: string, more: string] {
  if (starting) return [t('stage.starting'), ''];
  if (numberFirst) return [t('stage.numberFirst'), t('stage.numberFirstMore')];
  if (stage.answered) return [t(stage.answered === 'recorded' ? 'stage.answered' : 'stage.unrecorded'), ''];
  if (stage.challenge) {
    const { step, index, of, hold } = stage.challenge;
    return [say('challenge', hold ? 'hold' : step), t('challenge.step', { index: index + 1, of })];
  }
  if (!stage.present || stage.reason === 'no-face')
    return shown ? [t('claim.sample'), t('claim.lookMore')] : [t('stage.ready'), t('stage.readyMore')];
  if (stage.reason === null) return [t('stage.looking'), ''];
  return [say('guide', stage.reason), ''];
}

/** The sentence for a code, or the group's general one for a code that this build does not know. */
export const say = (group: 'challenge' | 'enrol.pose' | 'enrol.poseName' | 'guide', code: string): string =>
  t(keyOr(`${group}.${code}`, `${group}.other`));

/**
 * Shown after the result has closed: someone was checked in, and the two ways to undo it, while the core still accepts
 * them. Without the name, because the next person can read this too.
 */
function RecentCheckin() {
  const { recent, notMe, go } = useKiosk();
  const last = recent.value;
  if (!last) return null;
  const { receipt } = last;
  const lng = greetingLanguage(receipt);
  return (
    <section class="recent" aria-label={t('result.recentLabel')} lang={lng} dir={directionOf(lng)}>
      <p class="tabular">
        {tIn(lng, 'result.recent', {
          what: tIn(lng, `result.${receipt.direction}More`),
          time: timeOfDay(new Date(receipt.at), lng),
        })}
      </p>
      <div class="recent-actions">
        <Button onClick={() => void notMe(receipt)}>{tIn(lng, 'result.notMe')}</Button>
        <Button onClick={() => go({ at: 'wrong', recent: last })}>{tIn(lng, 'result.wrong')}</Button>
      </div>
    </section>
  );
}

/** Shown while no one is here, instead of the camera's picture: time, site, and a welcome in each of the kiosk's languages. */
function Attract() {
  const { link, face } = useKiosk();
  const hello = link.hello.value;
  const now = useMinute();
  return (
    <section class="attract">
      <p class="attract-clock">
        <time class="tabular" dateTime={now.toISOString()}>
          {timeOfDay(now)}
        </time>
      </p>
      <p class="attract-day">{dayOf(now)}</p>
      <p class="attract-site">
        <bdi>{link.status.value?.settings.site}</bdi>
      </p>
      <ul class="attract-welcome">
        {(hello?.languages ?? []).filter(isPresent).map((l) => (
          <li key={l} lang={l} dir={directionOf(l)}>
            {tIn(l, 'attract.welcome')}
          </li>
        ))}
      </ul>
      <p class="attract-come">{t(face.value === 'alone' ? 'attract.come' : 'attract.touch')}</p>
    </section>
  );
}
