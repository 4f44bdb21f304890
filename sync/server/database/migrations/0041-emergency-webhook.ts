import { statements } from './statements.ts';

/** Webhooks are sent each use of a kiosk's emergency PIN. */
export const emergencyWebhook = statements([
  `alter table webhook_delivery drop constraint webhook_delivery_kind_check`,
  `alter table webhook_delivery add constraint webhook_delivery_kind_check
     check (kind in ('attendance.record', 'person.erased', 'lookalikes.marked', 'emergency-pin.used', 'webhook.test'))`,
]);
