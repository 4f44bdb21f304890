import { expect, test } from 'vitest';
import { notListening } from './not-listening.ts';

test.each([
  ['EADDRINUSE', 443, 'port-in-use'],
  ['EACCES', 443, 'port-is-roots'],
  ['EACCES', 8443, 'can-not-listen'],
  ['EADDRNOTAVAIL', 8443, 'can-not-listen'],
])('%s on port %i is %s', (code, port, expected) => {
  const cause = Object.assign(new Error('listen'), { code });
  expect(notListening(cause, '0.0.0.0', port, 'SMARTPRESENCE_PEOPLE_PORT')).toMatchObject({ code: expected, cause });
});
