import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Setup } from '../../../electron/contract/setup.ts';
import { LANGUAGES } from '../../../sync/protocol/api/languages.ts';
import { Button } from '../../shared/button.tsx';
import { useFocus } from '../../shared/focus.ts';
import { currentLanguage, durationOf, labelled } from '../../shared/i18n.ts';
import { IconAlert, IconCheck, IconInfo, IconShield } from '../../shared/icons.tsx';
import { hasSentence, type Key, t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { CameraTroubleCard, troubleOf } from '../parts/camera-trouble.tsx';
import { useCodes } from '../parts/codes.ts';
import { errorTextOf } from '../parts/error-text.ts';
import { bound, PIN_SHAPE, PinField, TextField } from '../parts/fields.tsx';
import { LanguageSwitch } from '../parts/frame.tsx';
import { FormError, KeypadScreen } from '../parts/keypad-form.tsx';
import { Keyboard, TypedForm } from '../parts/keys.tsx';
import { usePinEntry } from '../parts/pin-trouble.ts';
import { Stage } from '../parts/stage.tsx';
import { ScreenHead, Title } from '../parts/title.tsx';

/** The first start: language, the console's code, the fingerprint. Then the kiosk continues automatically. */
export function SetupScreen({ setup }: { setup: Setup }) {
  const by = useSignal<'camera' | 'typed' | 'alone'>('camera');
  // The outcome of a code is shown with the camera step.
  useEffect(() => {
    if (setup.at !== 'code') by.value = 'camera';
  }, [setup.at, by]);
  const back = () => (by.value = 'camera');
  switch (setup.at) {
    case 'code':
      if (by.value === 'typed') return <SetupTyped onDone={back} />;
      if (by.value === 'alone') return <SetupPin alone onDone={back} />;
      return <ShowCode setup={setup} onTyped={() => (by.value = 'typed')} onAlone={() => (by.value = 'alone')} />;
    case 'asking':
      return <Asking setup={setup} />;
    case 'approval':
      return <Approval setup={setup} />;
    case 'leaving':
      return <LeavingScreen setup={setup} />;
    case 'removed':
      return <Removed setup={setup} />;
    case 'joined':
      return (
        <PlainSetup
          done={<IconCheck />}
          title={<ServerTitle text="setup.joined" server={setup.server} />}
          lead={t('setup.joinedMore')}
        />
      );
  }
}

interface ShowCodeProps {
  setup: Extract<Setup, { at: 'code' }>;
  onTyped: () => void;
  onAlone: () => void;
}

function ShowCode({ setup, onTyped, onAlone }: ShowCodeProps) {
  const { camera, core } = useKiosk();
  const broken = useCodes((code) => {
    // The outcome arrives with the status. A lost connection is shown by its own screen.
    core.setupJoin({ code, language: currentLanguage() }).catch(() => undefined);
  });
  const trouble = troubleOf(camera.state.value, null);
  return (
    <main class="setup">
      <div class="setup-head">
        <Title level="h1">{t('setup.title')}</Title>
        <LanguageSwitch class="setup-languages" legend={t('setup.language')} languages={LANGUAGES} />
      </div>
      <section class="face" aria-label={t('setup.show')}>
        {trouble ? (
          <CameraTroubleCard {...trouble} />
        ) : (
          <Stage progress={0} tone="calm">
            <span class="stage-square" aria-hidden="true" />
          </Stage>
        )}
      </section>
      <div class="setup-side">
        {setup.trouble ? (
          <TroubleNote trouble={setup.trouble} />
        ) : (
          <div class="setup-say" role="status">
            <p class="sentence-main">{t(broken ? 'setup.reading' : 'setup.show')}</p>
            <p class="sentence-more">{t('setup.showMore')}</p>
          </div>
        )}
        <div class="setup-actions">
          <Button onClick={onTyped}>{t('setup.type')}</Button>
          <Button label={t('setup.alone')} kind="bare" onClick={onAlone} />
        </div>
      </div>
    </main>
  );
}

function Asking({ setup }: { setup: Extract<Setup, { at: 'asking' }> }) {
  const { core } = useKiosk();
  return (
    <PlainSetup
      title={<ServerTitle text="setup.asking" server={setup.server} />}
      lead={t(setup.trouble ? 'setup.againByItself' : 'setup.askingMore')}
    >
      {setup.trouble && <TroubleNote trouble={setup.trouble} />}
      <div class="setup-actions">
        <Button onClick={() => core.setupRetry({}).catch(() => undefined)}>{t('setup.another')}</Button>
      </div>
    </PlainSetup>
  );
}

function Approval({ setup }: { setup: Extract<Setup, { at: 'approval' }> }) {
  const { core } = useKiosk();
  const pin = useSignal(false);
  if (pin.value && !setup.staffPin) return <SetupPin onDone={() => (pin.value = false)} />;
  return (
    <main class="setup setup-plain">
      <Title level="h1">{t('setup.approval')}</Title>
      <p class="setup-fingerprint tabular" dir="ltr">
        {setup.fingerprint.split(' ').map((group) => (
          <span key={group}>{group}</span>
        ))}
      </p>
      <div class="setup-approve">
        <p class="lead">
          <Server text="setup.approvalMore" server={setup.server} />
        </p>
        <p class="hint" role="status">
          {t('setup.waiting')}
        </p>
      </div>
      {setup.clockOff !== null && (
        <p class="setup-note tone-warn">
          <IconAlert />
          <span>
            {t(setup.clockOff > 0 ? 'setup.clockAhead' : 'setup.clockBehind', { time: lengthOf(setup.clockOff) })}
          </span>
        </p>
      )}
      {setup.trouble && <TroubleNote trouble={setup.trouble} again />}
      <div class="setup-actions">
        {setup.staffPin ? (
          <p class="setup-note tone-good">
            <IconCheck />
            <span>{t('setup.pinSet')}</span>
          </p>
        ) : (
          <Button onClick={() => (pin.value = true)}>{t('setup.pin')}</Button>
        )}
        <Button label={t('setup.startOver')} kind="bare" onClick={() => core.setupRetry({}).catch(() => undefined)} />
      </div>
    </main>
  );
}

type Trouble = NonNullable<Extract<Setup, { at: 'code' }>['trouble']>;

/** What went wrong and what to do, in the screen's language if it has a text for it. The code is for support. */
function TroubleNote({ trouble, again = false }: { trouble: Trouble; again?: boolean }) {
  const [why, next] = [`setup.trouble.${trouble.code}.why`, `setup.trouble.${trouble.code}.next`];
  return (
    <div class="setup-trouble" role="alert" data-code={trouble.code}>
      <IconAlert />
      <div>
        <p class="setup-why">{hasSentence(why) ? t(why) : trouble.message}</p>
        <p>
          {hasSentence(next) ? t(next) : trouble.nextStep}
          {again && ` ${t('setup.againByItself')}`}
        </p>
        <p class="hint">
          <IconInfo /> {labelled(t('setup.codeIs'), '')}
          <code>{trouble.code}</code>
        </p>
      </div>
    </div>
  );
}

function ServerTitle(sentence: { text: Key; server: string }) {
  return (
    <h1 class="title">
      <Server {...sentence} />
    </h1>
  );
}

/** A sentence with the server's address in it, which is written from left to right in every language. */
function Server({ text, server }: { text: Key; server: string }) {
  const hole = '\u0000';
  const [before, after] = t(text, { server: hole }).split(hole);
  return (
    <>
      {before}
      <bdi dir="ltr">{server.replace(/^https:\/\//, '')}</bdi>
      {after}
    </>
  );
}

function lengthOf(seconds: number): string {
  const minutes = Math.round(Math.abs(seconds) / 60);
  if (minutes < 120) return durationOf(minutes, 'minute');
  const hours = Math.round(minutes / 60);
  return hours < 48 ? durationOf(hours, 'hour') : durationOf(Math.round(hours / 24), 'day');
}

/** Asks for the staff PIN: while the kiosk waits for its approval, or to use the kiosk without a server. */
function SetupPin({ alone = false, onDone }: { alone?: boolean; onDone: () => void }) {
  const { core } = useKiosk();
  const save = (pin: string): Promise<unknown> => (alone ? core.setupAlone({ pin }) : core.setupStaffPin({ pin }));
  const entry = usePinEntry('staff', PIN_SHAPE, (pin) => save(pin).then(onDone), 'weak');
  return (
    <KeypadScreen
      title={t(alone ? 'setup.aloneTitle' : 'setup.pinTitle')}
      idleMs={120_000}
      submit={t(alone ? 'setup.aloneDo' : 'setup.pinSave')}
      {...entry.screen}
      note={t(alone ? 'setup.aloneMore' : 'setup.pinMore')}
      onBack={onDone}
    >
      <PinField label={t('staff.pin')} name="setup-pin" {...entry.field} />
    </KeypadScreen>
  );
}

function SetupTyped({ onDone }: { onDone: () => void }) {
  const { core } = useKiosk();
  const input = useFocus<HTMLInputElement>();
  const code = useSignal('');
  const error = useSignal('');
  async function submit(): Promise<void> {
    if (code.value.trim() === '') return input.current?.focus();
    try {
      await core.setupJoin({ code: code.value, language: currentLanguage() });
      onDone();
    } catch (cause) {
      error.value = errorTextOf(cause);
    }
  }
  return (
    <main class="setup setup-form">
      <ScreenHead title={t('setup.typeTitle')} back={onDone} />
      <TypedForm class="setup-typed" onSubmit={() => void submit()}>
        <TextField
          label={t('setup.code')}
          class="tabular"
          name="setup-code"
          dir="ltr"
          autocapitalize="characters"
          maxLength={400}
          {...bound(code)}
          input={input}
        />
        <FormError message={error.value} note={t('setup.typeMore')} />
        <Keyboard capitals />
        <Button label={t('setup.send')} submit kind="primary" />
      </TypedForm>
    </main>
  );
}

interface PlainSetupProps {
  /** Icon for a step that is over. Without it, a spinner is shown. */
  done?: ComponentChildren;
  title: ComponentChildren;
  lead: string;
  class?: string;
  children?: ComponentChildren;
}

/** A step that is over, or in which there is nothing to do but wait. */
function PlainSetup({ done, title, lead, class: name = '', children }: PlainSetupProps) {
  return (
    <main class={`setup setup-plain ${name}`}>
      <span class={done ? 'setup-done tone-good' : 'spinner'} aria-hidden="true">
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

/** The server is removing this kiosk: no one checks in here any more. */
function LeavingScreen({ setup }: { setup: Extract<Setup, { at: 'leaving' }> }) {
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

/** The kiosk was wiped, or is about to be. Anyone who finds it sees that, and can set it up again. */
const NEXT = { destroying: 'setup.leavingNow', notifying: 'setup.notifying', done: 'setup.removedMore' } as const;

function Removed({ setup }: { setup: Extract<Setup, { at: 'removed' }> }) {
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
