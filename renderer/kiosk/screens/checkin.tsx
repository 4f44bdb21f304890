import { currentLanguage, directionOf, hasSentence, setLanguage, t, tIn, timeOfDay } from '../../shared/i18n.ts';
import { IconInfo } from '../../shared/icons.tsx';
import { useKiosk } from '../kiosk.ts';
import { greetingLanguage } from '../locales/index.ts';
import { CameraTroubleCard, troubleOf } from '../parts/camera-trouble.tsx';
import { useIdle } from '../parts/idle.tsx';
import { Stage } from '../parts/stage.tsx';
import { OtherWays } from '../parts/ways.tsx';
import type { StageView } from '../visits.ts';

/** The first screen: look at the camera, or take another way in. */
export function CheckinScreen() {
  const { camera, visits, link, face, claim } = useKiosk();
  const stage = visits.stage.value;
  const trouble = troubleOf(camera.state.value, stage.reason);
  useIdle(30_000, () => {
    const usual = link.hello.peek()?.defaultLanguage;
    if (usual && usual !== currentLanguage()) setLanguage(usual);
  });
  if (face.value === 'off') return <WithoutFace />;
  const state = camera.state.value.kind;
  const says = { starting: state === 'starting' || state === 'off', numberFirst: face.value === 'with-number' };
  return (
    <main class="checkin">
      <h1 class="sr-only">{t('stage.title')}</h1>
      <section class="face" aria-label={t('stage.label')}>
        {trouble ? (
          <CameraTroubleCard {...trouble} otherWays />
        ) : (
          <>
            <Stage progress={stage.progress} tone={stage.reason === null ? 'good' : 'calm'}>
              {!stage.present && <span class="stage-silhouette" aria-hidden="true" />}
            </Stage>
            <Sentence words={sentenceOf(stage, says.starting, says.numberFirst, claim.value !== null)} />
          </>
        )}
        <RecentCheckin />
      </section>
      <OtherWays />
    </main>
  );
}

/** There is no face recognition today: the other ways are the screen. Staff reads why in the state of the kiosk. */
function WithoutFace() {
  return (
    <main class="checkin checkin-plain">
      <h1 class="checkin-title">{t('stage.title')}</h1>
      <OtherWays />
      <p class="checkin-off" role="status">
        <IconInfo />
        <span>{t('stage.off')}</span>
      </p>
      <RecentCheckin />
    </main>
  );
}

/** The one sentence under the picture: the one thing to change, or what is going on. */
function Sentence({ words: [main, more] }: { words: readonly [main: string, more: string] }) {
  return (
    <div class="sentence" role="status">
      <p class="sentence-main">{main}</p>
      <p class="sentence-more">{more}</p>
    </div>
  );
}

function sentenceOf(
  stage: StageView,
  starting: boolean,
  numberFirst: boolean,
  typed: boolean,
): [main: string, more: string] {
  if (starting) return [t('stage.starting'), ''];
  if (numberFirst && !typed) return [t('stage.numberFirst'), t('stage.numberFirstMore')];
  if (stage.answered) return [t('stage.answered'), ''];
  if (stage.challenge) {
    const { step, index, of } = stage.challenge;
    return [say('challenge', step), t('challenge.step', { index: index + 1, of })];
  }
  if (!stage.present || stage.reason === 'no-face') return [t('stage.ready'), t('stage.readyMore')];
  if (stage.reason === null) return [t('stage.looking'), ''];
  return [say('guide', stage.reason), ''];
}

/** The sentence of a code, or the group's general one for a code that this build does not know. */
export const say = (group: string, code: string): string =>
  t(hasSentence(`${group}.${code}`) ? `${group}.${code}` : `${group}.other`);

/** After the result has gone: who was checked in, and "not me" for as long as the core takes it. */
function RecentCheckin() {
  const { recent, notMe } = useKiosk();
  const last = recent.value;
  if (!last) return null;
  const { receipt } = last;
  const lng = greetingLanguage(receipt);
  return (
    <section class="recent" aria-label={t('result.recentLabel')} lang={lng} dir={directionOf(lng)}>
      <p class="tabular">
        {tIn(lng, 'result.recent', {
          name: receipt.name,
          what: tIn(lng, `result.${receipt.direction}More`),
          time: timeOfDay(new Date(receipt.at), lng),
        })}
      </p>
      <button type="button" class="button" onClick={() => void notMe(receipt)}>
        {tIn(lng, 'result.notMe')}
      </button>
    </section>
  );
}
