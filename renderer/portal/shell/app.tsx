import { Confirmation } from '../../shared/web/confirm.tsx';
import { LinkCard, OpeningCard } from '../../shared/web/door.tsx';
import { Toasts } from '../../shared/web/toast.tsx';
import { enter, stage } from '../core/session.ts';
import { OutCard } from './door.tsx';
import { Frame } from './frame.tsx';

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
      return <OutCard at={at} />;
    case 'in':
      return <Frame />;
    default:
      return at satisfies never;
  }
}
