import { useLayoutEffect, useRef } from 'preact/hooks';
import { IconContrast, IconLow, IconMute, IconSound, IconText } from '../../shared/icons.tsx';
import { t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';

/** Four switches above the foot: larger text, contrast, controls lower down, sound. Each says whether it is on. */
export function DisplayPanel({ close }: { close: () => void }) {
  const { display, sounds } = useKiosk();
  const root = useRef<HTMLFieldSetElement>(null);
  useLayoutEffect(() => root.current?.querySelector('button')?.focus(), []);
  const { large, contrast, low } = display;
  const switches = [
    { name: 'large', icon: <IconText />, on: large.value, flip: () => (large.value = !large.value) },
    { name: 'contrast', icon: <IconContrast />, on: contrast.value, flip: () => (contrast.value = !contrast.value) },
    { name: 'low', icon: <IconLow />, on: low.value, flip: () => (low.value = !low.value) },
    {
      name: 'sound',
      icon: sounds.muted.value ? <IconMute /> : <IconSound />,
      on: !sounds.muted.value,
      flip: () => (sounds.muted.value = !sounds.muted.value),
    },
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
      {switches.map(({ name, icon, on, flip }) => (
        <button key={name} type="button" role="switch" class="switch" aria-checked={on} data-name={name} onClick={flip}>
          <span class="switch-icon">{icon}</span>
          <span class="switch-name">{t(`display.${name}`)}</span>
          <span class="switch-state" aria-hidden="true">
            {t(on ? 'display.on' : 'display.off')}
          </span>
        </button>
      ))}
    </fieldset>
  );
}
