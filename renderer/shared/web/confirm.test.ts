import { expect, test } from 'vitest';
import { confirm } from './confirm.tsx';

test('a question that another takes the place of is answered with no: who asked goes on', async () => {
  const saving = confirm({ title: 'Save?', text: '' });
  // Back was pressed meanwhile.
  void confirm({ title: 'Leave?', text: '' });
  expect(await Promise.race([saving, new Promise((resolve) => setTimeout(resolve, 50, 'waits for ever'))])).toBe(false);
});
