import { LinkCard, OpeningCard } from '../../shared/web/door.tsx';
import { enter, stage } from '../core/session.ts';
import { Confirmation } from '../parts/confirm.tsx';
import { Toasts } from '../parts/toast.tsx';
import { SignInCard } from './door.tsx';
import { EnrolCard } from './enrol.tsx';
import { Shell } from './shell.tsx';

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
      return <LinkCard busy={at.busy} refusal={at.refusal} onEnter={() => void enter()} />;
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
