import { expect, test } from 'vitest';
import { confirm } from './confirm.tsx';

test('a question replaced by another is answered with no, so that its caller continues', async () => {
  const saving = confirm({ title: 'Save?', text: '' });
  // The user pressed Back meanwhile.
  void confirm({ title: 'Leave?', text: '' });
  expect(await Promise.race([saving, new Promise((resolve) => setTimeout(resolve, 50, 'waits for ever'))])).toBe(false);
});
