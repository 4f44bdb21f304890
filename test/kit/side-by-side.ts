import { expect, type Locator } from '@playwright/test';

/** Two pictures are beside each other in one row, each whole on the screen, so that they can be compared at a glance. */
export async function expectSideBySide(one: Locator, other: Locator): Promise<void> {
  await one.scrollIntoViewIfNeeded();
  for (const picture of [one, other]) await expect(picture).toBeInViewport({ ratio: 1 });
  const [a, b] = [(await one.boundingBox())!, (await other.boundingBox())!];
  expect(Math.min(a.width, a.height, b.width, b.height)).toBeGreaterThan(100);
  expect(Math.abs(a.y + a.height / 2 - (b.y + b.height / 2)), 'the same row').toBeLessThan(a.height / 4);
  expect(Math.abs(a.x + a.width / 2 - (b.x + b.width / 2)), 'none above the other').toBeGreaterThan(
    (a.width + b.width) / 2,
  );
}
