import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { listConsentTexts } from '../../../../sync/protocol/api/consents.ts';
import { getSetup, SETUP_STEPS, type SetupStep } from '../../../../sync/protocol/api/setup.ts';
import { changeSitePolicy } from '../../../../sync/protocol/api/sites.ts';
import { Button } from '../../../shared/button.tsx';
import { IconCheck, IconClose } from '../../../shared/icons.tsx';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote, TextField, useFields } from '../../../shared/web/form.tsx';
import { DialogButton } from '../../../shared/web/pieces.tsx';
import { keep, kept } from '../../../shared/web/preferences.ts';
import { useRead, WriteForm } from '../../../shared/web/resource.tsx';
import { go } from '../../../shared/web/router.ts';
import { toast } from '../../../shared/web/toast.tsx';
import { t } from '../../i18n.ts';
import { siteOf } from '../../state/places.ts';
import { FoldedText } from '../consents.tsx';
import { NewKiosk } from '../devices.tsx';
import { AddPerson } from '../people.tsx';
import { CONTACTS } from '../settings/declared.ts';

/** How often it is looked whether a step was taken, ms. */
const POLL_MS = 5_000;
const DISMISSED = 'setup-dismissed';

/** What a new installation has to have before it works for people. It stays until all of it is done, or it is dismissed. */
export function SetupGuide() {
  const { value, reload } = useRead(getSetup, {}, POLL_MS);
  const [dismissed, setDismissed] = useState(kept(DISMISSED) !== null);
  if (!value || dismissed || value.done.length === SETUP_STEPS.length) return null;
  const dismiss = () => {
    keep(DISMISSED, 'yes');
    setDismissed(true);
    toast(
      () => t('home.setup.dismissed'),
      async () => {
        keep(DISMISSED, null);
        setDismissed(false);
        return null;
      },
    );
  };
  const next = SETUP_STEPS.find((step) => !value.done.includes(step));
  return (
    <section class="card setup" aria-labelledby="setup-title">
      <header class="panel-head">
        <h2 id="setup-title">{t('home.setup.title')}</h2>
        <p class="muted tabular">{t('home.setup.progress', { done: value.done.length, of: SETUP_STEPS.length })}</p>
        <Button kind="icon" aria-label={t('home.setup.dismiss')} onClick={dismiss}>
          <IconClose />
        </Button>
      </header>
      <ol>
        {SETUP_STEPS.map((step) => {
          const done = value.done.includes(step);
          return (
            <li key={step} data-done={done} aria-current={step === next ? 'step' : undefined}>
              <span class="setup-mark" aria-hidden="true">
                {done ? <IconCheck /> : SETUP_STEPS.indexOf(step) + 1}
              </span>
              <div class="setup-text">
                <h3>
                  {t(`home.setup.${step}.title`)}
                  {done && <span class="sr-only"> {t('home.setup.done')}</span>}
                </h3>
                {!done && <p class="muted">{t(`home.setup.${step}.text`)}</p>}
              </div>
              {!done && ACTIONS[step](reload)}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** How each step is taken, here or where it belongs. */
const ACTIONS: Readonly<Record<SetupStep, (reload: () => void) => ComponentChildren>> = {
  account: () => <Button label={t('home.setup.account.go')} onClick={() => go('account')} />,
  contacts: (reload) => (
    <DialogButton label={t('home.setup.contacts.go')} wide>
      <Contacts onDone={reload} />
    </DialogButton>
  ),
  kiosk: (reload) => (
    <DialogButton label={t('devices.add')} onClosed={reload}>
      <NewKiosk />
    </DialogButton>
  ),
  person: () => (
    <DialogButton label={t('people.add')}>
      <AddPerson />
    </DialogButton>
  ),
  checkin: () => null,
};

/** The three contacts, and the consent text that they are filled into, in each language. */
function Contacts({ onDone }: { onDone: () => void }) {
  const { values, field } = useFields({ controller: '', contact: '', dpo: '' });
  const texts = useRead(listConsentTexts);
  const site = siteOf(null);
  const typed = Object.fromEntries(CONTACTS.map((name) => [name, values[name].trim()]));
  const filledIn = {
    ...texts.value?.filledIn,
    ...Object.fromEntries(Object.entries(typed).filter(([, value]) => value !== '')),
  };
  return (
    <WriteForm
      write={() =>
        api(changeSitePolicy, { params: { site: site!.id }, body: { was: { privacy: {} }, is: { privacy: typed } } })
      }
      say={() => t('settings.saved')}
      done={onDone}
      ready={site !== null && Object.values(typed).every((value) => value !== '')}
      action={t('home.setup.contacts.save')}
    >
      {CONTACTS.map((name) => (
        <TextField key={name} label={t(`settings.${name}`)} required maxLength={200} dir="auto" {...field(name)} />
      ))}
      <ErrorNote error={texts.error} onRetry={texts.reload} />
      <p class="muted">{t('home.setup.contacts.textLead')}</p>
      {texts.value?.shipped.map((text) => (
        <FoldedText key={text.language} of={text} filledIn={filledIn} />
      ))}
    </WriteForm>
  );
}
