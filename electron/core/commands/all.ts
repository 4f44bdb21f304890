import type { StoreCommand } from './command.ts';
import { identifyFaces } from './identify.ts';
import { importPeople } from './import.ts';

/** Every command that a running core takes over its control socket. */
export const STORE_COMMANDS: readonly StoreCommand[] = [identifyFaces, importPeople];
