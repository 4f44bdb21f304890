import { statements } from './statements.ts';

/** What technicians did at a kiosk is read from its events: few among many. */
export const technicians = statements([
  `create index event_technician on event (device, at desc) where type = 'technician'`,
]);
