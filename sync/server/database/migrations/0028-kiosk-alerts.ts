import { statements } from './statements.ts';

/** Since when something is wrong with a kiosk: kept so that the attention queue can name it, and that a note about it holds. */
export const kioskAlerts = statements([
  `create table kiosk_alert (
     device uuid not null references device (id),
     code text not null,
     since timestamptz not null,
     primary key (device, code))`,
]);
