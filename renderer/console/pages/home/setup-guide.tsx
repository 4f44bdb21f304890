import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { z } from 'zod';
import { listDevices } from '../../../../sync/protocol/api/devices.ts';
import { getSetup, SETUP_STEPS, type SetupStep } from '../../../../sync/protocol/api/setup.ts';
import { Button } from '../../../shared/button.tsx';
import { IconCheck, IconClose } from '../../../shared/icons.tsx';
import { Dialog, DialogButton } from '../../../shared/web/pieces.tsx';
import { keep, kept } from '../../../shared/web/preferences.ts';
import { type Resource, useRead } from '../../../shared/web/resource.tsx';
import { go } from '../../../shared/web/router.ts';
import { toast } from '../../../shared/web/toast.tsx';
import { t } from '../../i18n.ts';
import { kioskPath } from '../../parts/place-links.tsx';
import { OwnEnrolment } from '../../shell/enrol.tsx';
import { kiosks, loadPlaces } from '../../state/places.ts';
import { session } from '../../state/session.ts';
import { AdoptTexts } from '../consents.tsx';
import { ApproveKiosk, NewKiosk } from '../devices.tsx';
import { AddPerson } from '../people.tsx';
import { AddContacts } from './contacts.tsx';

type Setup = z.infer<typeof getSetup.answer>;

/** How often the steps are checked, ms. */
const POLL_MS = 5_000;
const DISMISSED = 'setup-dismissed';

/** Whether the guide is hidden in this browser. */
export const guideHidden = signal(kept(DISMISSED) !== null);

export function hideGuide(hidden: boolean): void {
  keep(DISMISSED, hidden ? 'yes' : null);
  guideHidden.value = hidden;
}

/** The steps that a new installation needs. Shown until all are done, or it is dismissed. */
export function SetupGuide() {
  const setup = useRead(getSetup, {}, POLL_MS);
  const [enrols, setEnrols] = useState(false);
  const leave = () => {
    setEnrols(false);
    setup.reload();
    void session.loadSession();
  };
  return (
    <>
      <Guide {...setup} onEnrol={() => setEnrols(true)} />
      {/* Outside the guide, since the step counts as done, and its button disappears, before the recovery codes are saved. */}
      {enrols && (
        <Dialog title={t('home.setup.account.title')} onClose={leave}>
          <div class="stack">
            <OwnEnrolment onDone={leave} />
          </div>
        </Dialog>
      )}
    </>
  );
}

function Guide({ value, reload, onEnrol }: Resource<Setup> & { onEnrol: () => void }) {
  if (!value || guideHidden.value || value.done.length === SETUP_STEPS.length) return null;
  const dismiss = () => {
    hideGuide(true);
    toast(
      () => t('home.setup.dismissed'),
      async () => {
        hideGuide(false);
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
              {!done && ACTIONS[step](reload, onEnrol)}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** The action for each step, here or on its own page. */
const ACTIONS: Readonly<Record<SetupStep, (reload: () => void, onEnrol: () => void) => ComponentChildren>> = {
  account: (_, onEnrol) => <Button label={t('home.setup.account.go')} aria-haspopup="dialog" onClick={onEnrol} />,
  contacts: (reload) => <AddContacts onDone={reload} />,
  texts: (reload) => <AdoptTexts onDone={reload} />,
  kiosk: (reload) => <Kiosk onDone={reload} />,
  person: () => (
    <div class="actions">
      <DialogButton label={t('people.add')}>
        <AddPerson />
      </DialogButton>
      {/* Lists people who were added earlier and are not enrolled. */}
      <Button label={t('people.nav')} onClick={() => go('people', { enrolled: 'false' })} />
    </div>
  ),
  checkin: () => {
    const kiosk = kiosks.value.find(({ status }) => status === 'approved');
    return kiosk && <Button label={t('attention.go.kiosk')} onClick={() => go(kioskPath(kiosk.id))} />;
  },
};

/** A code for the first kiosk. Once it was used, the kiosk's approval. */
function Kiosk({ onDone }: { onDone: () => void }) {
  const { value, reload } = useRead(listDevices, { query: { status: 'pending', limit: 1 } }, POLL_MS);
  const waiting = value?.items[0];
  const approved = () => {
    onDone();
    void loadPlaces();
  };
  return (
    <div class="actions">
      {waiting && (
        <DialogButton label={t('devices.approve')} of={waiting.name} kind="primary" title={t('devices.approve')}>
          <ApproveKiosk device={waiting} onDone={approved} />
        </DialogButton>
      )}
      <DialogButton
        label={t('devices.add')}
        onClosed={() => {
          reload();
          onDone();
        }}
      >
        <NewKiosk />
      </DialogButton>
    </div>
  );
}
