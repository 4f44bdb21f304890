/** What the server takes as a name, for a screen that says so before anything is made. */
export { givenName, isReadableName } from '../../sync/protocol/wire/name.ts';
