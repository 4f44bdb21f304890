import type { Setup } from '../../../../electron/contract/setup.ts';
import { Button } from '../../../shared/button.tsx';
import { IconShield } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { Title } from '../../parts/title.tsx';

/** The server has this kiosk leave: nobody checks in here any more. */
export function LeavingScreen({ setup }: { setup: Extract<Setup, { at: 'leaving' }> }) {
  const { waiting } = setup;
  return (
    <main class="setup setup-plain">
      <span class="spinner" aria-hidden="true" />
      <div role="status">
        <h1 class="title">{t(setup.what === 'wipe' ? 'setup.leavingWipe' : 'setup.leavingDecommission')}</h1>
        <p class="lead tabular">
          {waiting === null
            ? t('setup.leavingNow')
            : t(waiting.for === 'server' ? 'setup.leavingWaiting' : 'setup.leavingBackup', { count: waiting.count })}
        </p>
      </div>
    </main>
  );
}

/** Nothing is left of it, or is about to be; people who find it see that, and may start again. */
const NEXT = { destroying: 'setup.leavingNow', notifying: 'setup.notifying', done: 'setup.removedMore' } as const;

export function Removed({ setup }: { setup: Extract<Setup, { at: 'removed' }> }) {
  const { core } = useKiosk();
  const over = setup.step !== 'destroying';
  const was = setup.what === 'wipe' ? 'setup.removedWipe' : 'setup.removedDecommission';
  const is = setup.what === 'wipe' ? 'setup.leavingWipe' : 'setup.leavingDecommission';
  return (
    <main class="setup setup-plain setup-removed">
      {over ? (
        <span class="setup-done" aria-hidden="true">
          <IconShield />
        </span>
      ) : (
        <span class="spinner" aria-hidden="true" />
      )}
      <div role="status">
        <Title level="h1">{t(over ? was : is)}</Title>
        <p class="lead">{t(NEXT[setup.step])}</p>
      </div>
      {setup.step === 'done' && (
        <div class="setup-actions">
          <Button onClick={() => core.setupStartOver({}).catch(() => undefined)}>{t('setup.setUpAgain')}</Button>
        </div>
      )}
    </main>
  );
}
