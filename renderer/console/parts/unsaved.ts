import { useEffect } from 'preact/hooks';
import { confirm } from '../../shared/web/confirm.tsx';
import { holdRoute } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';

/** Asks before unsaved edits are left: for another page, another view of this one, or by closing the tab. */
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
