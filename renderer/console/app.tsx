import type { Model } from './model.ts';
import { BoardPage } from './parts/board-page.tsx';
import { EnterCard, OpeningCard, SignedOutCard } from './parts/door.tsx';

export function App({ model }: { model: Model }) {
  const stage = model.stage.value;
  switch (stage.kind) {
    case 'opening':
      return <OpeningCard />;
    case 'enter':
      return <EnterCard busy={stage.busy} code={stage.code} onEnter={() => void model.enter()} />;
    case 'signed-out':
      return <SignedOutCard code={stage.code} />;
    case 'live':
      return <BoardPage model={model} />;
    default:
      return stage satisfies never;
  }
}
