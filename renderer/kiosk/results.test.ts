import { expect, test } from 'vitest';
import type { Receipt } from '../../electron/contract/methods.ts';
import { createResults } from './results.ts';
import type { Route } from './route.ts';
import type { Sounds } from './sounds.ts';

test('a check-in taken back twice in quick succession is voided once, and the screen does not say that it was too late', async () => {
  const open = new Set(['the-token', 'the-next']);
  const shown: Route[] = [];
  const { takeBack } = createResults({
    core: {
      async voidCheckin({ undo }) {
        if (!open.delete(undo)) throw Object.assign(new Error(), { code: 'undo-expired' });
        return {};
      },
    },
    sounds: {} as Sounds,
    undoMs: () => 8_000,
    go: (next) => void shown.push(next),
    home: () => undefined,
    settle: () => undefined,
  });
  const receipt = { checkin: 'a', undo: 'the-token' } as Receipt;
  await Promise.all([takeBack(receipt, 'wrong-direction'), takeBack(receipt, 'not-right')]);
  expect(shown).toEqual([{ at: 'voided', outcome: 'wrong' }]);
  await takeBack({ checkin: 'b', undo: 'the-next' } as Receipt, 'not-me');
  expect(shown.at(-1)).toEqual({ at: 'voided', outcome: 'done' });
});
