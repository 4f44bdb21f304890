import { useEffect } from 'preact/hooks';
import { holdRoute } from '../core/router.ts';
import { t } from '../i18n.ts';
import { confirm } from './confirm.tsx';

/** Asks before edits that nobody saved are left: for another page, another view of this one, or by closing the tab. */
export function useUnsaved(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) return;
    const letGo = holdRoute(() =>
      confirm({ title: t('unsaved.title'), text: t('unsaved.text'), action: t('unsaved.leave'), danger: true }),
    );
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', onUnload);
    return () => {
      letGo();
      removeEventListener('beforeunload', onUnload);
    };
  }, [unsaved]);
}
