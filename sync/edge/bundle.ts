/** What provisioning gives a kiosk; the schema is the server's too. */
export { ServerBundle } from '../protocol/wire/provisioning.ts';
