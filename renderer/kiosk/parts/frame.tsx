import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Status } from '../../../electron/contract/methods.ts';
import { isLanguage } from '../../../sync/protocol/api/languages.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage, dayOf, ownName, setLanguage, shortName, timeOfDay } from '../../shared/i18n.ts';
import * as icons from '../../shared/icons.tsx';
import { t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { noticeText } from './error-text.ts';

/** Site, clock and notices for guests, the same on every screen. Nothing here is to be touched, since not everyone reaches it. */
export function TopBar() {
  const { link } = useKiosk();
  return (
    <header class="top">
      <div class="top-site">
        <p class="site">
          <bdi>{link.status.value?.settings.site}</bdi>
        </p>
        <LivenessBadge />
      </div>
      <Notes />
      <Clock />
    </header>
  );
}

/** The current time, updated once a minute rather than every second. */
export function useMinute(): Date {
  const now = useSignal(new Date());
  useEffect(() => {
    const timer = setInterval(() => {
      if (timeOfDay(new Date()) !== timeOfDay(now.peek())) now.value = new Date();
    }, 1_000);
    return () => clearInterval(timer);
  }, [now]);
  return now.value;
}

function Clock() {
  const now = useMinute();
  return (
    <p class="clock">
      <time class="tabular" dateTime={now.toISOString()}>
        {timeOfDay(now)}
      </time>
      <span class="clock-day">{dayOf(now)}</span>
    </p>
  );
}

function Languages() {
  const languages = (useKiosk().link.hello.value?.languages ?? []).filter(isLanguage);
  return languages.length < 2 ? null : (
    <LanguageSwitch legend={t('languageSwitch')} languages={languages} short={languages.length > 4} />
  );
}

interface LanguageSwitchProps {
  legend: string;
  languages: readonly string[];
  /** Show codes instead of names, which don't all fit beside the rest of the footer. */
  short?: boolean;
  class?: string;
}

/** Languages to choose from, each in its own name, all styled alike. */
export function LanguageSwitch({ legend, languages, short = false, class: name = '' }: LanguageSwitchProps) {
  return (
    <fieldset class={`languages ${name}`}>
      <legend class="sr-only">{legend}</legend>
      {languages.map((l) => (
        <button
          key={l}
          type="button"
          lang={l}
          aria-pressed={currentLanguage() === l}
          aria-label={short ? [...new Set([shortName(l), ownName(l)])].join(' ') : undefined}
          onClick={() => setLanguage(l)}
        >
          {short ? shortName(l) : ownName(l)}
        </button>
      ))}
    </fieldset>
  );
}

/** Shown on all screens while liveness is off. */
function LivenessBadge() {
  const { hello, status } = useKiosk().link;
  if (status.value?.liveness !== 'off') return null;
  return (
    <p class="badge tone-warn" title={t('status.livenessOffLong')}>
      <icons.IconShield />
      <span>{t(hello.value?.demo ? 'status.livenessOffDemo' : 'status.livenessOff')}</span>
    </p>
  );
}

/** Guests' controls, within reach: languages, display and sound, privacy, staff. Before set-up: only display. */
export function Footer({ guests = true }: { guests?: boolean }) {
  const { go, route } = useKiosk();
  const at = route.value.at;
  const open = useSignal(false);
  return (
    <footer class="foot">
      {open.value && <DisplayPanel close={() => (open.value = false)} />}
      {guests && <Languages />}
      <div class="foot-actions">
        <Button
          label={t('display.open')}
          icon={<icons.IconDisplay />}
          kind="bare"
          id="display-switch"
          aria-expanded={open.value}
          aria-controls="display-panel"
          onClick={() => (open.value = !open.value)}
        />
        {guests && at !== 'privacy' && at !== 'staff' && (
          <Button
            label={t('privacy.open')}
            icon={<icons.IconShield />}
            kind="bare"
            onClick={() => go({ at: 'privacy' })}
          />
        )}
        {guests && at !== 'staff' && (
          <Button label={t('staff.open')} icon={<icons.IconStaff />} kind="bare" onClick={() => go({ at: 'staff' })} />
        )}
      </div>
    </footer>
  );
}

/** A restart's time is shown if it is at least this far ahead, ms. */
const SOON_MS = 60_000;

/** A passing mention: the update concerns no one here, and check-ins go on. */
function updateText(update: NonNullable<Status['update']>, now: number): string {
  switch (update.kind) {
    case 'preparing':
      return update.progress === null
        ? t('status.updatePreparing')
        : t('status.updatePercent', { percent: Math.round(update.progress * 100) });
    case 'waiting': {
      if (update.heldSince !== null) return t('status.updateHeld');
      const at = new Date(update.at);
      return at.getTime() - now > SOON_MS ? t('status.updateAt', { time: timeOfDay(at) }) : t('status.updateSoon');
    }
    case 'restarting':
      return t('status.updateNow');
  }
}

function UpdateNote() {
  const now = useMinute();
  const update = useKiosk().link.status.value?.update;
  if (!update) return null;
  return (
    <li class="note note-update" data-kind={update.kind} aria-live="off">
      <icons.IconUpdate />
      <span class="tabular">{updateText(update, now.getTime())}</span>
    </li>
  );
}

/** The core's notices that matter to guests. All others are shown to staff, with what to do. */
const GUESTS: readonly string[] = ['liveness-trial', 'light-drowned'];

function Notes() {
  const status = useKiosk().link.status.value;
  if (!status) return null;
  return (
    <ul class="notes" aria-live="polite">
      {status.notices
        .filter((code) => GUESTS.includes(code))
        .map((code) => (
          <li key={code} class="note">
            <icons.IconAlert />
            <span>{noticeText(code)}</span>
          </li>
        ))}
      <UpdateNote />
    </ul>
  );
}

/** Four switches above the footer: larger text, contrast, controls lower down, sound. Each shows whether it is on. */
function DisplayPanel({ close }: { close: () => void }) {
  const { display, sounds } = useKiosk();
  const root = useRef<HTMLFieldSetElement>(null);
  useLayoutEffect(() => root.current?.querySelector('button')?.focus(), []);
  const { muted } = sounds;
  const switches = [
    { name: 'large', icon: <icons.IconText />, set: display.large },
    { name: 'contrast', icon: <icons.IconContrast />, set: display.contrast },
    { name: 'low', icon: <icons.IconLow />, set: display.low },
    { name: 'sound', icon: muted.value ? <icons.IconMute /> : <icons.IconSound />, set: muted },
  ] as const;
  return (
    <fieldset
      ref={root}
      class="display-panel"
      id="display-panel"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        close();
        document.getElementById('display-switch')?.focus();
      }}
    >
      <legend class="sr-only">{t('display.title')}</legend>
      {switches.map(({ name, icon, set }) => {
        const on = set.value !== (set === muted);
        const flip = () => (set.value = !set.value);
        return (
          <button
            key={name}
            type="button"
            role="switch"
            class="switch"
            aria-checked={on}
            data-name={name}
            onClick={flip}
          >
            <span class="switch-icon">{icon}</span>
            <span class="switch-name">{t(`display.${name}`)}</span>
            <span class="switch-state" aria-hidden="true">
              {t(on ? 'display.on' : 'display.off')}
            </span>
          </button>
        );
      })}
    </fieldset>
  );
}
