import { Confirmation } from '../../shared/web/confirm.tsx';
import { LinkCard, OpeningCard } from '../../shared/web/entry.tsx';
import { Toasts } from '../../shared/web/toast.tsx';
import { enter, stage } from '../core/session.ts';
import { t } from '../i18n.ts';
import { EnrolCard } from './enrol.tsx';
import { Shell } from './shell.tsx';
import { SignInCard } from './sign-in.tsx';

export function App() {
  return (
    <>
      <Stage />
      <Confirmation />
      <Toasts />
    </>
  );
}

function Stage() {
  const at = stage.value;
  switch (at.kind) {
    case 'opening':
      return <OpeningCard />;
    case 'link':
      return (
        <LinkCard
          labels={{ title: t('link.title'), text: t('link.text'), button: t(at.busy ? 'link.busy' : 'link.button') }}
          busy={at.busy}
          error={at.error}
          onEnter={() => void enter()}
        />
      );
    case 'out':
      return <SignInCard at={at} />;
    case 'enrol':
      return <EnrolCard />;
    case 'in':
      return <Shell session={at.session} />;
    default:
      return at satisfies never;
  }
}
