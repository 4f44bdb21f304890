import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Output, PersonRow } from '../../../../electron/contract/methods.ts';
import { RpcError } from '../../../../electron/contract/rpc-error.ts';
import { Button } from '../../../shared/button.tsx';
import { currentLanguage } from '../../../shared/i18n.ts';
import { IconAlert, IconCheck } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { FormError } from '../../parts/keypad-form.tsx';
import { Title } from '../../parts/title.tsx';
import { type Card, CardScreen } from './cards.tsx';
import { DuplicateScreen, isDuplicate } from './duplicate.tsx';
import { EnrolCapture } from './enrol-capture.tsx';
import { EnrolConsent } from './enrol-consent.tsx';
import { type Details, EnrolDetails, EnrolKnown, missingForPin, NO_DETAILS } from './enrol-details.tsx';
import { EnrolGuardian } from './enrol-guardian.tsx';
import { bornOn, NO_GUARDIAN } from './guardian.ts';
import { SessionOver, staffErrorText, useAction, useStaff } from './session.ts';

type Step =
  | { at: 'details' }
  | { at: 'guardian' }
  | { at: 'consent' }
  | { at: 'capture'; enrolment: Output<'enrolBegin'> }
  | { at: 'card'; person: PersonRow; card: Card }
  | { at: 'done'; person: PersonRow; onCard: boolean }
  | { at: 'duplicate'; enrolment: string }
  | { at: 'refused'; message: string };

/** Errors that are corrected in the guardian step. */
const OF_GUARDIAN: readonly string[] = ['not-a-minor', 'birth-in-future'];

/**
 * Details, consent, face, confirmation. For people who decline, and without face recognition, number and PIN replace
 * consent and face. For someone below the age of consent a guardian is recorded and agrees. Nothing is stored before the
 * last step.
 *
 * @param known someone already on record: only their face is enrolled, or enrolled again
 * @param name suggested name of someone new
 * @param stepBack set to the function that leads to the previous step; null if there is none
 * @param enrolled called once someone was enrolled, whatever screen follows
 */
export function EnrolScreen({
  known = null,
  name = '',
  stepBack,
  enrolled = () => undefined,
  close,
}: {
  known?: PersonRow | null;
  name?: string;
  stepBack?: RefObject<(() => void) | null>;
  enrolled?: (person: PersonRow) => void;
  close: () => void;
}) {
  const { link, sounds, recognises } = useKiosk();
  const { core } = useStaff();
  const step = useSignal<Step>({ at: 'details' });
  /** The person has declined face recognition. */
  const declined = useSignal(false);
  const byNumber = known === null && (declined.value || !recognises.value);
  const beginning = (): Details => ({ ...NO_DETAILS, language: currentLanguage(), name: known?.name ?? name });
  const details = useSignal<Details>(beginning());
  const guardian = useSignal(NO_GUARDIAN);
  const { busy, error, run } = useAction();
  /** The enrolment under way in the core, cancelled when this screen closes. */
  const open = useRef<string | null>(null);
  const age = link.status.value?.consentAge ?? 0;

  const drop = (): void => {
    const enrolment = open.current;
    open.current = null;
    if (enrolment) core.enrolCancel({ enrolment }).catch(() => undefined); // the core drops it with the session anyway
  };
  useEffect(() => drop, []);

  function begin(consent: { version: string; language: string }): void {
    const { name, number, pin, language, minor } = details.value;
    const { name: speaker, relation } = guardian.value;
    const ask = async (): Promise<void> => {
      const enrolment = await core.enrolBegin({
        name: name.trim(),
        number: number.trim() || null,
        pin: pin || null,
        language,
        consent,
        ...(minor && { minor: { bornOn: bornOn(guardian.value) ?? '', guardian: speaker.trim(), relation } }),
        ...(known && { person: known.id }),
      });
      open.current = enrolment.enrolment;
      step.value = { at: 'capture', enrolment };
    };
    void run(ask, (cause) => {
      const code = cause instanceof RpcError ? cause.code : '';
      // Errors are corrected in the step where they were typed. A changed text is read again in this step.
      if (OF_GUARDIAN.includes(code)) step.value = { at: 'guardian' };
      else if (code !== 'consent-outdated') step.value = { at: 'details' };
    });
  }

  async function finish(enrolment: string): Promise<void> {
    try {
      const { person, card } = await core.enrolFinish({ enrolment });
      open.current = null;
      if (card) {
        enrolled(person);
        sounds.play('in');
        fresh();
        step.value = { at: 'card', person, card };
      } else end(person);
    } catch (cause) {
      // The details are right. Only the changed text has to be read again.
      if (cause instanceof RpcError && cause.code === 'consent-outdated') {
        goTo('consent')();
        error.value = staffErrorText(cause);
      } else if (isDuplicate(cause)) {
        sounds.play('other');
        step.value = { at: 'duplicate', enrolment };
      } else refuse(cause);
    }
  }

  /** Finishes without the face. Asks for missing details in the step where they are typed. */
  function finishByNumber(): void {
    const typeIt = (): void => {
      step.value = { at: 'details' };
    };
    const missing = missingForPin(details.value);
    error.value = missing ? t(missing) : '';
    if (missing) {
      typeIt();
      return;
    }
    const { name, number, pin, language } = details.value;
    void run(async () => {
      const { person } = await core.enrolByNumber({ name: name.trim(), number: number.trim(), pin, language });
      end(person);
    }, typeIt);
  }

  function end(person: PersonRow): void {
    enrolled(person);
    sounds.play('in');
    fresh();
    step.value = { at: 'done', person, onCard: false };
  }

  function fresh(): void {
    declined.value = false;
    details.value = beginning();
    guardian.value = NO_GUARDIAN;
  }

  function refuse(cause: unknown): void {
    drop();
    if (cause instanceof SessionOver) return;
    sounds.play('other');
    step.value = { at: 'refused', message: staffErrorText(cause) };
  }

  const restart = (): void => {
    drop();
    error.value = '';
    fresh();
    step.value = { at: 'details' };
  };

  const order = ['details', ...(details.value.minor ? ['guardian' as const] : []), 'consent', 'capture'] as const;
  /** Properties for every step, with its position. */
  const stepAt = (at: (typeof order)[number]) => ({
    steps: t('enrol.step', { index: order.indexOf(at) + 1, of: order.length, name: t(`enrol.${at}`) }),
    details,
    guardian,
    error,
    busy: busy.value,
    age,
  });
  const now = step.value;
  /** What was typed is kept; a capture starts over. */
  const goTo = (to: 'details' | 'guardian' | 'consent') => (): void => {
    drop();
    error.value = '';
    step.value = { at: to };
  };
  const onwards = goTo(details.value.minor ? 'guardian' : 'consent');
  const before = {
    guardian: goTo('details'),
    consent: goTo(details.value.minor ? 'guardian' : 'details'),
    capture: goTo('consent'),
  };
  useEffect(() => {
    if (stepBack) stepBack.current = now.at in before ? before[now.at as keyof typeof before] : null;
  });
  useEffect(
    () => () => {
      if (stepBack) stepBack.current = null;
    },
    [],
  );
  switch (now.at) {
    case 'details':
      if (known) return <EnrolKnown {...stepAt('details')} person={known} next={onwards} />;
      return <EnrolDetails {...stepAt('details')} byNumber={byNumber} next={byNumber ? finishByNumber : onwards} />;
    case 'guardian':
      return <EnrolGuardian {...stepAt('guardian')} next={goTo('consent')} />;
    case 'consent':
      return (
        <EnrolConsent
          {...stepAt('consent')}
          agreed={begin}
          refuseText={t(known ? 'enrol.refuseKnown' : 'enrol.refuse')}
          refused={() => {
            if (known) return close();
            declined.value = true;
            finishByNumber();
          }}
        />
      );
    case 'capture':
      return (
        <EnrolCapture
          steps={stepAt('capture').steps}
          enrolment={now.enrolment}
          done={() => void finish(now.enrolment.enrolment)}
          failed={refuse}
          cancel={known ? close : restart}
        />
      );
    case 'card':
      return (
        <CardScreen
          card={now.card}
          message={t('card.templates')}
          done={() => {
            step.value = { at: 'done', person: now.person, onCard: true };
          }}
        />
      );
    case 'done':
      return <Enrolled person={now.person} onCard={now.onCard} another={known ? null : restart} close={close} />;
    case 'duplicate':
      return (
        <DuplicateScreen
          name={details.value.name.trim()}
          ask={() => core.enrolDuplicate({ enrolment: now.enrolment })}
          overrule={async (overrule) => {
            const { person } = await core.enrolFinish({ enrolment: now.enrolment, overrule });
            open.current = null;
            end(person);
          }}
          byNumber={
            known
              ? null
              : () => {
                  drop();
                  declined.value = true;
                  finishByNumber();
                }
          }
          close={known ? close : restart}
        />
      );
    case 'refused':
      return <NotEnrolled message={now.message} again={restart} close={close} />;
  }
}

interface EnrolledProps {
  person: PersonRow;
  onCard: boolean;
  another: (() => void) | null;
  close: () => void;
}

/**
 * Reports success, and offers to undo it.
 *
 * @param onCard the person got a card, without which their face can't be used here
 * @param another null for someone who was already on record, who can't be deleted again here either
 */
function Enrolled({ person, onCard, another, close }: EnrolledProps) {
  const { core } = useStaff();
  const undone = useSignal(false);
  const { error, run } = useAction();
  const undo = () =>
    run(async () => {
      await core.personDelete({ person: person.id });
      undone.value = true;
    });
  const more = onCard ? 'enrol.enrolledOnCard' : person.templates > 0 ? 'enrol.enrolledMore' : 'enrol.enrolledByNumber';
  return (
    <section class="confirm" data-end="enrolled">
      <span class={`confirm-icon tone-${undone.value ? 'warn' : 'good'}`}>
        <IconCheck />
      </span>
      <div role="status">
        <Title at={undone.value}>{undone.value ? t('enrol.undone') : t('enrol.enrolled', { name: person.name })}</Title>
        {!undone.value && <p class="lead">{t(more)}</p>}
      </div>
      <FormError message={error.value} />
      <div class="actions">
        {!undone.value && another && (
          <Button label={t('enrol.undo')} kind="danger" size="big" onClick={() => void undo()} />
        )}
        {another && <Button label={t('enrol.another')} size="big" onClick={another} />}
        <Button label={t('enrol.finish')} kind="primary" size="big" onClick={close} />
      </div>
    </section>
  );
}

/** The other ending: nothing was stored. */
function NotEnrolled({ message, again, close }: { message: string; again: () => void; close: () => void }) {
  return (
    <section class="confirm" data-end="refused">
      <span class="confirm-icon tone-warn">
        <IconAlert />
      </span>
      <p class="title" role="alert">
        {message}
      </p>
      <div class="actions">
        <Button label={t('enrol.beginAgain')} size="big" onClick={again} />
        <Button label={t('close')} kind="primary" size="big" onClick={close} />
      </div>
    </section>
  );
}
