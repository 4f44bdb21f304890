import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { countDemo, emptyDemo, getDemo } from '../../../sync/protocol/api/demo.ts';
import { Button } from '../button.tsx';
import { IconInfo } from '../icons.tsx';
import { api } from './api.ts';
import { ErrorNote } from './form.tsx';
import { t } from './i18n.ts';
import { useRead, useWrite } from './resource.tsx';

/** Whether people and records here belong to a demo; null until the server has answered. */
export const demo = signal<'none' | 'filled' | 'emptying' | null>(null);

/** How often to check whether the demo has been emptied, ms. */
const POLL_MS = 2_000;

/** The bar above all pages of a demo. @param admin may empty the demo */
export function DemoBar({ admin }: { admin: boolean }) {
  const emptying = demo.value === 'emptying';
  const { value } = useRead(getDemo, {}, emptying ? POLL_MS : undefined);
  useEffect(() => {
    if (!value) return;
    if (emptying && value.state === 'none') {
      // The reload discards demo data held by pages.
      location.hash = '';
      location.reload();
    }
    demo.value = value.state;
  }, [value]);
  if (demo.value === null || demo.value === 'none') return null;
  return (
    <aside class="demo-bar" aria-label={t('demo.title')}>
      <IconInfo />
      <p>
        <strong>{t('demo.title')}</strong> <span role="status">{t(emptying ? 'demo.emptying' : 'demo.text')}</span>
      </p>
      {admin && !emptying && <EmptyDemo />}
    </aside>
  );
}

function EmptyDemo() {
  const { busy, error, run } = useWrite();
  const empty = async () => {
    const counted = await api(countDemo);
    if (!counted.ok) return run(async () => counted);
    const ask = {
      title: t('demo.empty'),
      text: t('demo.ask', counted.value),
      word: t('demo.word'),
      danger: true,
    };
    return run(() => api(emptyDemo), { ask, done: () => (demo.value = 'emptying') });
  };
  return (
    <>
      <Button size="small" label={t('demo.empty')} onClick={() => void empty()} disabled={busy} />
      <ErrorNote error={error} />
    </>
  );
}
