import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Output } from '../../../../electron/contract/methods.ts';
import { Button } from '../../../shared/button.tsx';
import { currentLanguage, directionOf } from '../../../shared/i18n.ts';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { FormError } from '../../parts/keypad-form.tsx';
import type { EnrolStep } from './enrol-details.tsx';
import { staffErrorText } from './session.ts';

interface EnrolConsentProps extends Omit<EnrolStep, 'next'> {
  agreed: (consent: { version: string; language: string }) => void;
  refuseText: string;
  refused: () => void;
}

/** The person or their guardian reads the text and agrees or not. The answer is stored with the text's version and language. */
export function EnrolConsent({ agreed, refuseText, refused, ...step }: EnrolConsentProps) {
  const { steps, age, busy } = step;
  const { name, minor } = step.details.value;
  const guardian = minor ? step.guardian.value.name.trim() : null;
  const error = step.error.value;
  const { core } = useKiosk();
  const text = useSignal<Output<'consentText'> | null>(null);
  const yes = useSignal(false);
  const missing = useSignal('');
  const language = currentLanguage();
  // `error` changes when the core reports that the text is outdated. It is then fetched again.
  useEffect(() => {
    let stale = false;
    yes.value = false; // agreement is only to the text and language that were shown
    core
      .consentText({ language })
      .then((next) => {
        if (!stale) text.value = next;
      })
      .catch((cause: unknown) => {
        if (!stale) missing.value = staffErrorText(cause);
      });
    return () => {
      stale = true;
    };
  }, [core, language, error]);

  function submit(event: Event): void {
    event.preventDefault();
    if (!text.value) return;
    missing.value = yes.value ? '' : t('enrol.agreeMissing');
    if (yes.value) agreed({ version: text.value.version, language: text.value.language });
  }

  const shown = text.value;
  return (
    <form class="enrol-consent" onSubmit={submit} noValidate>
      <p class="steps">
        {steps} · <bdi>{name}</bdi>
      </p>
      <p class="lead">{guardian === null ? t('enrol.handOver') : t('enrol.handOverGuardian', { guardian, name })}</p>
      {/* It scrolls when the text is long, so it must be reachable by keyboard. */}
      <section
        class="card scrolls consent-text"
        lang={shown?.language}
        dir={shown ? directionOf(shown.language) : undefined}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region has to take the focus
        tabIndex={0}
        aria-label={shown?.title ?? ''}
      >
        <h2>{shown?.title}</h2>
        {shown?.paragraphs.map((paragraph) => (
          <p key={paragraph}>{paragraph}</p>
        ))}
        <p class="consent-version tabular">{shown && t('enrol.version', { version: shown.version })}</p>
      </section>
      <label class="agree">
        <input
          type="checkbox"
          name="agree"
          checked={yes.value}
          onChange={(e) => {
            yes.value = e.currentTarget.checked;
            missing.value = '';
          }}
        />
        <span>{guardian === null ? t('enrol.agree', { age }) : t('enrol.agreeFor', { name })}</span>
      </label>
      <FormError message={missing.value || error} />
      <div class="actions">
        <Button size="big" onClick={refused}>
          {refuseText}
        </Button>
        <Button label={t('enrol.begin')} submit kind="primary" size="big" disabled={busy || !shown} />
      </div>
    </form>
  );
}
