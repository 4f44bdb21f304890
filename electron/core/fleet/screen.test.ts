import { expect, test } from 'vitest';
import { createScreenBook, NO_SCREEN_MS } from './screen.ts';

test('a screen that never opened, or was closed, is missing after a while; one that is loading is not', async () => {
  let now = 0;
  const nothing = () => undefined;
  const book = createScreenBook(
    nothing,
    nothing,
    () => undefined,
    () => now,
  );
  const opens = () => book.methods.screenState({ camera: 'ok', frames: 1 });
  now = NO_SCREEN_MS - 1;
  expect(book.missing(), 'the kiosk is starting').toBe(false);
  now += 1;
  expect(book.missing()).toBe(true);
  await opens();
  now += 10 * NO_SCREEN_MS;
  expect(book.missing()).toBe(false);
  book.disconnected();
  expect(book.missing(), 'it loads again').toBe(false);
  now += NO_SCREEN_MS - 1;
  // A second page that connects and leaves without a report is no screen.
  book.disconnected();
  now += 1;
  expect(book.missing()).toBe(true);
  await opens();
  expect(book.missing()).toBe(false);
});
