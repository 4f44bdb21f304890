import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Output, PersonRow } from '../../../../electron/contract/methods.ts';
import { RpcError } from '../../../../electron/contract/rpc-error.ts';
import { currentLanguage, t } from '../../../shared/i18n.ts';
import { IconAlert, IconCheck } from '../../../shared/icons.tsx';
import { useKiosk } from '../../kiosk.ts';
import { FormError } from '../../parts/keypad-form.tsx';
import { EnrolCapture } from './enrol-capture.tsx';
import { EnrolConsent } from './enrol-consent.tsx';
import { type Details, EnrolDetails, missingForPin, NO_DETAILS } from './enrol-details.tsx';
import { SessionOver, type StaffSession, staffWords } from './session.ts';

type Step =
  | { at: 'details' }
  | { at: 'consent' }
  | { at: 'capture'; enrolment: Output<'enrolBegin'> }
  | { at: 'done'; person: PersonRow }
  | { at: 'refused'; words: string };

/**
 * Details, consent, face, confirmation; or, for whoever does not agree and where there is no face recognition, number and
 * PIN in place of consent and face. Nothing is stored before the end.
 */
export function EnrolScreen({
  session,
  close,
  alive,
}: {
  session: StaffSession;
  close: () => void;
  alive: () => void;
}) {
  const { core, sounds, recognises } = useKiosk();
  const step = useSignal<Step>({ at: 'details' });
  /** The person has said no to the face. */
  const declined = useSignal(false);
  const byNumber = declined.value || !recognises.value;
  const details = useSignal<Details>({ ...NO_DETAILS, language: currentLanguage() });
  const error = useSignal('');
  const busy = useSignal(false);
  /** The enrolment under way in the core, to be dropped when this screen goes. */
  const open = useRef<string | null>(null);

  const drop = (): void => {
    const enrolment = open.current;
    open.current = null;
    if (enrolment) session.run((token) => core.enrolCancel({ token, enrolment })).catch(() => undefined); // over with the session anyway
  };
  useEffect(() => drop, []);

  const fail = (cause: unknown): void => {
    if (!(cause instanceof SessionOver)) error.value = staffWords(cause);
  };

  async function begin(consent: { version: string; language: string }): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    error.value = '';
    const { name, number, pin, language } = details.value;
    try {
      const enrolment = await session.run((token) =>
        core.enrolBegin({
          token,
          name: name.trim(),
          number: number.trim() || null,
          pin: pin || null,
          language,
          consent,
        }),
      );
      open.current = enrolment.enrolment;
      step.value = { at: 'capture', enrolment };
    } catch (cause) {
      fail(cause);
      // What is wrong with the details is mended there; a text that has changed is read again here.
      if (!(cause instanceof RpcError && cause.code === 'consent-outdated')) step.value = { at: 'details' };
    } finally {
      busy.value = false;
    }
  }

  async function finish(enrolment: string): Promise<void> {
    try {
      const { person } = await session.run((token) => core.enrolFinish({ token, enrolment }));
      open.current = null;
      end(person);
    } catch (cause) {
      refuse(cause);
    }
  }

  /** Without the face: what is missing for that is asked for where it is typed. */
  async function finishByNumber(): Promise<void> {
    const missing = missingForPin(details.value);
    error.value = missing ? t(missing) : '';
    if (missing) step.value = { at: 'details' };
    if (missing || busy.value) return;
    busy.value = true;
    const { name, number, pin, language } = details.value;
    try {
      const { person } = await session.run((token) =>
        core.enrolByNumber({ token, name: name.trim(), number: number.trim(), pin, language }),
      );
      end(person);
    } catch (cause) {
      fail(cause);
      step.value = { at: 'details' };
    } finally {
      busy.value = false;
    }
  }

  function end(person: PersonRow): void {
    sounds.play('in');
    fresh();
    step.value = { at: 'done', person };
  }

  function fresh(): void {
    declined.value = false;
    details.value = { ...NO_DETAILS, language: currentLanguage() };
  }

  function refuse(cause: unknown): void {
    drop();
    if (cause instanceof SessionOver) return;
    sounds.play('other');
    step.value = { at: 'refused', words: staffWords(cause) };
  }

  const restart = (): void => {
    drop();
    error.value = '';
    fresh();
    step.value = { at: 'details' };
  };

  const now = step.value;
  switch (now.at) {
    case 'details':
      return (
        <EnrolDetails
          details={details}
          error={error}
          byNumber={byNumber}
          next={() => {
            error.value = '';
            if (byNumber) void finishByNumber();
            else step.value = { at: 'consent' };
          }}
        />
      );
    case 'consent':
      return (
        <EnrolConsent
          name={details.value.name}
          busy={busy.value}
          error={error.value}
          agreed={(consent) => void begin(consent)}
          refused={() => {
            declined.value = true;
            void finishByNumber();
          }}
        />
      );
    case 'capture':
      return (
        <EnrolCapture
          session={session}
          enrolment={now.enrolment}
          done={() => void finish(now.enrolment.enrolment)}
          failed={refuse}
          alive={alive}
          cancel={restart}
        />
      );
    case 'done':
      return <Enrolled session={session} person={now.person} another={restart} close={close} />;
    case 'refused':
      return (
        <section class="confirm" data-end="refused">
          <span class="confirm-icon" data-tone="warn">
            <IconAlert />
          </span>
          <p class="title" role="alert">
            {now.words}
          </p>
          <div class="actions">
            <button type="button" class="button button-big" onClick={restart}>
              {t('enrol.another')}
            </button>
            <button type="button" class="button button-big button-main" onClick={close}>
              {t('close')}
            </button>
          </div>
        </section>
      );
  }
}

/** The good end, and the way back from it. */
function Enrolled({
  session,
  person,
  another,
  close,
}: {
  session: StaffSession;
  person: PersonRow;
  another: () => void;
  close: () => void;
}) {
  const { core } = useKiosk();
  const undone = useSignal(false);
  const error = useSignal('');
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  async function undo(): Promise<void> {
    try {
      await session.run((token) => core.personDelete({ token, person: person.id }));
      undone.value = true;
      title.current?.focus();
    } catch (cause) {
      error.value = staffWords(cause);
    }
  }
  return (
    <section class="confirm" data-end="enrolled">
      <span class="confirm-icon" data-tone={undone.value ? 'warn' : 'good'}>
        <IconCheck />
      </span>
      <div role="status">
        <h2 class="title" ref={title} tabIndex={-1}>
          {undone.value ? t('enrol.undone') : t('enrol.enrolled', { name: person.name })}
        </h2>
        {!undone.value && (
          <p class="lead">{t(person.templates > 0 ? 'enrol.enrolledMore' : 'enrol.enrolledByNumber')}</p>
        )}
      </div>
      <FormError words={error.value} />
      <div class="actions">
        {!undone.value && (
          <button type="button" class="button button-big button-bad" onClick={() => void undo()}>
            {t('enrol.undo')}
          </button>
        )}
        <button type="button" class="button button-big" onClick={another}>
          {t('enrol.another')}
        </button>
        <button type="button" class="button button-big button-main" onClick={close}>
          {t('enrol.finish')}
        </button>
      </div>
    </section>
  );
}
