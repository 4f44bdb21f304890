import type { ComponentChildren } from 'preact';
import type { Setup } from '../../../../electron/contract/setup.ts';
import { Button } from '../../../shared/button.tsx';
import { IconShield } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { Title } from '../../parts/title.tsx';

interface PlainSetupProps {
  /** The icon of what is over; without one a spinner turns. */
  done?: ComponentChildren;
  title: ComponentChildren;
  lead: string;
  class?: string;
  children?: ComponentChildren;
}

/** A step at which there is nothing to do but wait, or which is over. */
export function PlainSetup({ done, title, lead, class: name = '', children }: PlainSetupProps) {
  return (
    <main class={`setup setup-plain ${name}`}>
      <span class={done ? 'setup-done' : 'spinner'} aria-hidden="true">
        {done}
      </span>
      <div role="status">
        {title}
        <p class="lead tabular">{lead}</p>
      </div>
      {children}
    </main>
  );
}

/** The server has this kiosk leave: nobody checks in here any more. */
export function LeavingScreen({ setup }: { setup: Extract<Setup, { at: 'leaving' }> }) {
  const { waiting } = setup;
  return (
    <PlainSetup
      title={<h1 class="title">{t(setup.what === 'wipe' ? 'setup.leavingWipe' : 'setup.leavingDecommission')}</h1>}
      lead={
        waiting === null
          ? t('setup.leavingNow')
          : t(waiting.for === 'server' ? 'setup.leavingWaiting' : 'setup.leavingBackup', { count: waiting.count })
      }
    />
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
    <PlainSetup
      class="setup-removed"
      done={over && <IconShield />}
      title={<Title level="h1">{t(over ? was : is)}</Title>}
      lead={t(NEXT[setup.step])}
    >
      {setup.step === 'done' && (
        <div class="setup-actions">
          <Button onClick={() => core.setupStartOver({}).catch(() => undefined)}>{t('setup.setUpAgain')}</Button>
        </div>
      )}
    </PlainSetup>
  );
}
