import { useContext, useEffect } from 'preact/hooks';
import { confirm, type Question } from '../../shared/web/confirm.tsx';
import { HoldDialog } from '../../shared/web/pieces.tsx';
import { holdRoute } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';

const changes = (): Question => ({
  title: t('unsaved.title'),
  text: t('unsaved.text'),
  action: t('unsaved.leave'),
  danger: true,
});

/**
 * Asks before unsaved input is lost by leaving the page or view, or by closing the surrounding dialog or the tab.
 *
 * @param question says what would be lost; default: changes
 */
export function useUnsaved(unsaved: boolean, question = changes): void {
  const dialog = useContext(HoldDialog);
  useEffect(() => {
    if (!unsaved) return;
    const ask = () => confirm(question());
    const letGo = holdRoute(ask);
    dialog.current = ask;
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', onUnload);
    return () => {
      letGo();
      dialog.current = null;
      removeEventListener('beforeunload', onUnload);
    };
  }, [unsaved]);
}
