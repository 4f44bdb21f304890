import { useEffect } from 'preact/hooks';
import type { Receipt } from '../../../electron/contract/methods.ts';
import { Button } from '../../shared/button.tsx';
import { directionOf, timeOfDay } from '../../shared/i18n.ts';
import { IconAlert, IconCheck, IconIn, IconInfo, IconOut, IconRepeat } from '../../shared/icons.tsx';
import { greetingLanguage, t, tIn } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { CheckinMethods } from '../parts/check-in-methods.tsx';
import { MethodButton } from '../parts/method-button.tsx';
import { Title } from '../parts/title.tsx';
import type { Recent } from '../route.ts';

/** Fills the screen for two seconds. Colour, icon, words and sound say the same thing. */
export function ResultScreen({ receipt }: { receipt: Receipt }) {
  const { notMe, go, recent } = useKiosk();
  // The person is greeted in their own language.
  const lng = greetingLanguage(receipt);
  const kind = receipt.repeated ? 'again' : receipt.direction;
  const time = timeOfDay(new Date(receipt.at), lng);
  const more = receipt.repeated
    ? tIn(lng, receipt.direction === 'in' ? 'result.againInMore' : 'result.againOutMore', { time })
    : tIn(lng, `result.${receipt.direction}More`);
  const undo = recent.value;
  return (
    <main class="result" data-kind={kind} lang={lng} dir={directionOf(lng)}>
      <div class="result-icon">{kind === 'again' ? <IconRepeat /> : kind === 'in' ? <IconIn /> : <IconOut />}</div>
      <div class="result-words" role="status">
        <Title level="h1" class="result-title">
          <Greeting lng={lng} kind={kind} name={receipt.name} />
        </Title>
        <p class="result-more">
          {!receipt.repeated && <IconCheck />}
          <span>{more}</span>
        </p>
        {!receipt.repeated && <p class="result-time tabular">{time}</p>}
      </div>
      <div class="result-actions">
        {(undo || receipt.repeated) && (
          <button type="button" class="result-button" onClick={() => void notMe(receipt)}>
            {tIn(lng, 'result.notMe')}
          </button>
        )}
        {undo && (
          <button type="button" class="result-button" onClick={() => go({ at: 'wrong', recent: undo })}>
            {tIn(lng, 'result.wrong')}
          </button>
        )}
      </div>
    </main>
  );
}

/** Keeps the name in one piece, in its own direction, wherever the language puts it. */
function Greeting({ lng, kind, name }: { lng: string; kind: 'again' | Receipt['direction']; name: string }) {
  const hole = '\u0000';
  const [before, after] = tIn(lng, `result.${kind}`, { name: hole }).split(hole);
  return (
    <>
      {before}
      <bdi class="result-name">{name}</bdi>
      {after}
    </>
  );
}

const VOIDED = {
  done: 'result.voided',
  wrong: 'result.voided',
  late: 'result.voidLate',
  failed: 'result.voidFailed',
} as const;

/** The outcome of "not me" or "that was wrong". */
export function VoidedScreen({ outcome }: { outcome: keyof typeof VOIDED }) {
  const { home, sounds } = useKiosk();
  useEffect(() => {
    sounds.play('tick');
    const timer = setTimeout(() => home('settled'), 8_000);
    return () => clearTimeout(timer);
  }, [home, sounds]);
  const done = outcome === 'done' || outcome === 'wrong';
  return (
    <main class="voided" data-outcome={outcome}>
      <div class={`voided-icon tone-${done ? 'good' : 'warn'}`}>{done ? <IconCheck /> : <IconAlert />}</div>
      <div role="status">
        <Title level="h1">{t(VOIDED[outcome])}</Title>
        {done && <p class="voided-more">{t(outcome === 'done' ? 'result.voidedMore' : 'result.voidedWrong')}</p>}
      </div>
      {/* The record was someone else's: the person here has none yet. */}
      {outcome !== 'wrong' && <CheckinMethods again />}
      <Button onClick={() => home('settled')}>{t('close')}</Button>
    </main>
  );
}

/** How long before its deadline the core must receive the answer. */
const SAFETY_MS = 1_200;

/**
 * "That was wrong": asks in which way. If the person walks off, the record is taken back as not right just before the
 * deadline.
 */
export function WrongScreen({ recent: { receipt, until } }: { recent: Recent }) {
  const { takeBack, home } = useKiosk();
  useEffect(() => {
    const rest = Math.max(0, until - SAFETY_MS - performance.now());
    const timer = setTimeout(() => void takeBack(receipt, 'not-right'), rest);
    return () => clearTimeout(timer);
  }, [receipt, until, takeBack]);
  const lng = greetingLanguage(receipt);
  const came = receipt.direction === 'in';
  return (
    <main class="wrong" lang={lng} dir={directionOf(lng)}>
      <div class="other-method-words">
        <Title level="h1">{tIn(lng, 'result.wrongTitle')}</Title>
        <p class="lead">{tIn(lng, 'result.wrongMore')}</p>
      </div>
      <div class="methods" data-count="2">
        <MethodButton
          icon={came ? <IconOut /> : <IconIn />}
          name={tIn(lng, came ? 'result.wrongIn' : 'result.wrongOut')}
          onClick={() => void takeBack(receipt, 'wrong-direction')}
        />
        <MethodButton
          icon={<IconInfo />}
          name={tIn(lng, 'result.wrongElse')}
          onClick={() => void takeBack(receipt, 'not-right')}
        />
      </div>
      {/* Touched by mistake: the record is kept unchanged. */}
      <Button onClick={() => home()}>{tIn(lng, 'back')}</Button>
    </main>
  );
}
